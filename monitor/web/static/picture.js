// A picture from a file or the camera, and the camera live.

import { ask, pause, show } from "./common.js";
import * as camera from "./camera.js";
import { draw, percent, shownName, symbol, word } from "./marks.js";

const byId = (id) => document.getElementById(id);
const [stage, frame, picture, video, boxes] = ["stage", "frame", "picture", "video", "boxes"].map(byId);
const identify = byId("ways").dataset.identify === "true";
const LIVE_EVERY_MS = 80; // between two frames at least
const SAID_EVERY_MS = 2000; // a screen reader is not talked over
let answer = null; // that is drawn now
let liveRun = 0; // counts live runs; the present one ends when it changes
let saidAt = 0;
let shownUrl = "";

function redraw() {
  const shown = picture.hidden ? video : picture;
  draw(boxes, answer, shown.clientWidth, shown.clientHeight);
}

function display(element) {
  picture.hidden = element !== picture;
  video.hidden = element !== video;
  frame.hidden = false;
  byId("hint").hidden = true;
}

function summary(count) {
  const number = Object.values(count).reduce((sum, one) => sum + one, 0);
  if (number === 0) return "No face was found.";
  const states = Object.entries(count).filter(([, one]) => one > 0)
    .map(([state, one]) => `${one} ${word(state).toLowerCase()}`);
  return `${number} ${number === 1 ? "face" : "faces"}: ${states.join(", ")}.`;
}

function countOf(faces) {
  const count = { masked: 0, unmasked: 0, incorrect: 0, unsure: 0 };
  for (const face of faces) count[face.state] += 1;
  return count;
}

function listFaces(faces) {
  const rows = [...faces].sort((a, b) => a.box[0] - b.box[0]).map((face, number) => {
    const row = document.createElement("tr");
    const state = document.createElement("td");
    state.append(symbol(face.state), ` ${word(face.state)}`);
    const cells = [String(number + 1), state, percent(face)];
    if (identify) cells.push(face.identity === "visitor" ? "visitor" : shownName(face.identity));
    for (const cell of cells) {
      if (cell instanceof Node) row.append(cell);
      else row.insertCell().textContent = cell;
    }
    return row;
  });
  byId("faces").tBodies[0].replaceChildren(...rows);
  byId("faces").hidden = rows.length === 0;
}

async function judge(blob) {
  show(byId("problem"), "");
  byId("status").textContent = "Looking…";
  answer = null;
  listFaces([]);
  if (shownUrl) URL.revokeObjectURL(shownUrl);
  shownUrl = URL.createObjectURL(blob);
  picture.src = shownUrl;
  display(picture);
  const readable = await picture.decode().then(() => true, () => false); // a TIFF is not shown everywhere
  if (!readable) frame.hidden = true;
  redraw();
  try {
    const form = new FormData();
    form.append("picture", blob);
    answer = await ask(`/v1/score?identify=${identify}`, { method: "POST", body: form });
    const text = summary(answer.count);
    byId("status").textContent = readable ? text : `${text} This browser cannot show the picture.`;
    picture.alt = `The picture. ${text}`;
    listFaces(answer.faces);
    redraw();
  } catch (error) {
    byId("status").textContent = "";
    show(byId("problem"), error.message);
  }
}

async function startCamera() {
  show(byId("problem"), "");
  try {
    await camera.start(video);
  } catch (error) {
    show(byId("problem"), error.message);
    return;
  }
  answer = null;
  listFaces([]);
  byId("status").textContent = "The camera is on.";
  display(video);
  redraw();
  setCamera(true);
}

function stopCamera() {
  stopLive();
  camera.stop(video);
  setCamera(false);
  if (picture.hidden) {
    frame.hidden = true;
    byId("hint").hidden = false;
    byId("status").textContent = "The camera is off.";
    listFaces([]);
  }
}

function setCamera(on) {
  byId("camera").textContent = on ? "Stop the camera" : "Start the camera";
  byId("take").hidden = byId("live").hidden = !on;
}

async function takePicture() {
  const blob = await camera.shot(video);
  stopCamera();
  await judge(blob);
}

// Live

function stopLive() {
  liveRun += 1;
  byId("live").setAttribute("aria-pressed", "false");
}

async function live() {
  if (byId("live").getAttribute("aria-pressed") === "true") {
    stopLive();
    byId("status").textContent = "Live has stopped.";
    return;
  }
  const run = (liveRun += 1);
  byId("live").setAttribute("aria-pressed", "true");
  show(byId("problem"), "");
  display(video);
  let id = "";
  try {
    ({ id } = await ask("/live", { method: "POST" }));
    while (run === liveRun) {
      const began = performance.now();
      if (!document.hidden) await liveFrame(id, run);
      await pause(Math.max(0, LIVE_EVERY_MS - (performance.now() - began)));
    }
  } catch (error) {
    if (run === liveRun) {
      stopLive();
      show(byId("problem"), error.message);
    }
  } finally {
    if (id) ask(`/live/${id}/end`, { method: "POST", keepalive: true }).catch(() => {});
    if (run + 1 === liveRun || run === liveRun) {
      answer = null;
      redraw();
    }
  }
}

async function liveFrame(id, run) {
  const blob = await camera.shot(video);
  const next = await ask(`/live/${id}`, { method: "POST", body: blob, headers: { "Content-Type": "image/jpeg" } });
  if (run !== liveRun) return;
  answer = next;
  redraw();
  listFaces(answer.faces);
  if (performance.now() - saidAt > SAID_EVERY_MS) {
    saidAt = performance.now();
    const visits = Object.values(answer.count).reduce((sum, one) => sum + one, 0);
    const text = `Live. ${summary(countOf(answer.faces))} ${visits} ${visits === 1 ? "visit" : "visits"} so far.`;
    if (byId("status").textContent !== text) byId("status").textContent = text;
  }
}

// What the user does

byId("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = ""; // the same file can be chosen again
  if (file) {
    stopCamera();
    judge(file);
  }
});
byId("camera").addEventListener("click", () => (video.srcObject ? stopCamera() : startCamera()));
byId("take").addEventListener("click", takePicture);
byId("live").addEventListener("click", live);
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    stage.classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) {
  document.addEventListener(name, () => stage.classList.remove("over"));
}
document.addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer?.files ?? [];
  if (file) {
    stopCamera();
    judge(file);
  }
});
document.addEventListener("paste", (event) => {
  const [file] = event.clipboardData?.files ?? [];
  if (file) judge(file);
});
addEventListener("pagehide", () => video.srcObject && stopCamera());
new ResizeObserver(redraw).observe(frame);
