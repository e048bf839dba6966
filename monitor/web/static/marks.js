// Boxes and labels over a picture: the same colours, words, lines and symbols as in the window.

const SVG = "http://www.w3.org/2000/svg";
const { states, side: SYMBOL_SIDE, pen: PEN } = JSON.parse(document.getElementById("marks").textContent);
const SYMBOL = 16;
const PLATE = 24;
const PAD = 7;
const NAME_MAX = 28;

export const word = (state) => states[state].word;

export function percent(face) {
  // no network is certain
  return face.state === "unsure" ? "" : `${Math.min(99, Math.round(100 * face.state_confidence))} %`;
}

function make(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

export function symbol(state, size = 18) {
  const svg = make("svg", { viewBox: `0 0 ${SYMBOL_SIDE} ${SYMBOL_SIDE}`, width: size, height: size,
    "aria-hidden": "true", focusable: "false", class: "symbol" });
  svg.append(...disc(state));
  return svg;
}

function disc(state) {
  const mark = states[state];
  const half = SYMBOL_SIDE / 2;
  return [
    make("circle", { cx: half, cy: half, r: half, fill: mark.colour }),
    make("path", { d: mark.symbol, fill: "none", stroke: mark.ink, "stroke-width": PEN,
      "stroke-linecap": "round", "stroke-linejoin": "round" }),
  ];
}

/** Draw the faces of an answer over a picture that is shown `width` x `height` px large. */
export function draw(svg, answer, width, height) {
  svg.replaceChildren();
  if (!answer || !width) return;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const scale = width / answer.size[0];
  const faces = answer.faces.map((face) => ({ ...face, box: face.box.map((v) => v * scale) }));
  for (const face of faces) drawBox(svg, face);
  const taken = [];
  // The nearest faces are the largest: their labels choose first.
  for (const face of [...faces].sort((a, b) => area(b.box) - area(a.box))) {
    drawLabel(svg, face, faces, taken, width, height);
  }
}

const area = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);
const meet = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

function drawBox(svg, face) {
  const [x0, y0, x1, y1] = face.box;
  const mark = states[face.state];
  const shape = { x: x0, y: y0, width: Math.max(1, x1 - x0), height: Math.max(1, y1 - y0),
    rx: Math.min(8, (x1 - x0) / 6), fill: "none" };
  // a dark edge, so that the line shows on any background
  svg.append(make("rect", { ...shape, stroke: "#101216", "stroke-opacity": 0.59, "stroke-width": mark.width + 2 }));
  const line = make("rect", { ...shape, stroke: mark.colour, "stroke-width": mark.width, "data-state": face.state });
  if (mark.dashes.length) line.setAttribute("stroke-dasharray", mark.dashes.join(" "));
  svg.append(line);
}

function drawLabel(svg, face, faces, taken, width, height) {
  const parts = [shownName(face.identity), word(face.state), percent(face)];
  const long = parts.filter(Boolean).join("  ");
  const others = faces.filter((other) => other !== face).map((other) => other.box);
  for (const text of [long, percent(face)]) {
    const group = make("g", { class: "label" });
    const plate = make("rect", { rx: 5, height: PLATE, fill: "#101216", "fill-opacity": 0.88 });
    const words = make("text", { x: SYMBOL + 2 * PAD - 2, y: PLATE / 2, fill: "#FFFFFF", "dominant-baseline": "central" });
    words.textContent = text;
    const mark = make("g", { transform: `translate(4 4) scale(${SYMBOL / SYMBOL_SIDE})` });
    mark.append(...disc(face.state));
    group.append(plate, mark, words);
    svg.append(group);
    const room = text ? words.getComputedTextLength() + SYMBOL + 3 * PAD : SYMBOL + 8;
    plate.setAttribute("width", room);
    const place = places(face.box, room, width, height).find((rect) => inside(rect, width, height) &&
      !taken.some((other) => meet(rect, other)) && !others.some((other) => meet(rect, other)));
    if (place) {
      group.setAttribute("transform", `translate(${place[0]} ${place[1]})`);
      taken.push(place);
      return;
    }
    group.remove();
  }
}

const inside = (rect, width, height) => rect[0] >= 0 && rect[1] >= 0 && rect[2] <= width && rect[3] <= height;

function places([x0, y0, x1, y1], room, width, height) {
  const at = (x, y) => {
    const left = Math.max(0, Math.min(x, width - room));
    return [left, y, left + room, y + PLATE];
  };
  const above = y0 - 4 - PLATE;
  const below = y1 + 4;
  return [at(x0, above), at(x0, below), at(x1 - room, above), at(x1 - room, below),
    at(x0 + 4, Math.max(y0, 0) + 4), at(x0 + 4, Math.min(y1, height) - PLATE - 4)];
}

/** The name of an enrolled person, cut where it is very long; nothing for everybody else. */
export function shownName(name) {
  if (!name || name === "visitor") return "";
  return name.length <= NAME_MAX ? name : `${name.slice(0, NAME_MAX - 1)}…`;
}
