// Who is enrolled; enrolling with guidance, forgetting with a receipt.

import { ask, pause, show } from "./common.js";
import * as camera from "./camera.js";

const byId = (id) => document.getElementById(id);
const video = byId("video");
const FRAME_EVERY_MS = 150; // two shots of the same instant teach nothing
let enrolment = ""; // the guided one that runs

function say(text, failed) {
  show(byId("problem"), failed ? text : "");
  show(byId("result"), failed ? "" : text);
}

async function list() {
  const { people } = await ask("/people/list");
  const rows = people.map((person) => {
    const row = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = person.name;
    row.append(name);
    for (const text of [person.shots, person.given, person.until ?? "without end", person.by, person.consent]) {
      row.insertCell().textContent = text;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "forget";
    button.dataset.name = person.name;
    button.textContent = "Forget…";
    button.setAttribute("aria-label", `Forget ${person.name}…`);
    row.insertCell().append(button);
    return row;
  });
  byId("people").tBodies[0].replaceChildren(...rows);
  byId("people").hidden = rows.length === 0;
  byId("nobody").hidden = rows.length > 0;
}

// Forgetting

byId("people").addEventListener("click", (event) => {
  const name = event.target.closest("button.forget")?.dataset.name;
  if (!name) return;
  byId("ask-name").textContent = name;
  byId("ask").showModal();
});
byId("ask-cancel").addEventListener("click", () => byId("ask").close());
byId("ask-forget").addEventListener("click", async () => {
  const name = byId("ask-name").textContent;
  byId("ask").close();
  say("Forgetting…", false);
  try {
    const { receipt } = await ask("/people/forget", { method: "POST", body: new URLSearchParams({ name }) });
    await list();
    say(receipt.join("\n"), false);
  } catch (error) {
    say(error.message, true);
  }
});

// Enrolling

for (const way of document.querySelectorAll('input[name="way"]')) {
  way.addEventListener("change", () => {
    const pictures = document.querySelector('input[name="way"]:checked').value === "pictures";
    byId("files-field").hidden = !pictures;
    byId("pictures").required = pictures;
  });
}

byId("enrol").addEventListener("submit", async (event) => {
  event.preventDefault();
  say("", false);
  const form = new FormData(event.target);
  const guided = form.get("way") === "camera";
  form.delete("way");
  if (guided) form.delete("pictures");
  byId("begin").disabled = true;
  try {
    const line = guided ? await guide(form) : await fromPictures(form);
    event.target.reset();
    byId("files-field").hidden = true;
    byId("pictures").required = false;
    await list();
    say(line, false);
  } catch (error) {
    say(error.message, true);
  } finally {
    byId("begin").disabled = false;
  }
});

async function fromPictures(form) {
  show(byId("result"), "Looking at the pictures…");
  return (await ask("/people/enrol", { method: "POST", body: form })).line;
}

async function guide(form) {
  await camera.start(video);
  byId("guide").hidden = false;
  byId("enrol").hidden = true;
  byId("cancel").focus();
  try {
    let standing = await ask("/people/enrol", { method: "POST", body: form });
    enrolment = standing.id;
    while (standing.state === "running") {
      tell(standing);
      const began = performance.now();
      const body = await camera.shot(video);
      standing = await ask(`/people/enrol/${enrolment}/frame`, {
        method: "POST", body, headers: { "Content-Type": "image/jpeg" } });
      await pause(Math.max(0, FRAME_EVERY_MS - (performance.now() - began)));
    }
    return standing.line;
  } finally {
    enrolment = "";
    camera.stop(video);
    byId("guide").hidden = true;
    byId("enrol").hidden = false;
    byId("begin").focus();
  }
}

function tell(standing) {
  if (byId("step").textContent !== standing.line) byId("step").textContent = standing.line;
  byId("taken").max = standing.wanted;
  byId("taken").value = standing.taken;
  byId("taken-text").textContent = `${standing.taken} of ${standing.wanted}`;
}

byId("skip").addEventListener("click", () => ask(`/people/enrol/${enrolment}/skip`, { method: "POST" }));
byId("cancel").addEventListener("click", () => ask(`/people/enrol/${enrolment}/cancel`, { method: "POST" }));
addEventListener("pagehide", () => {
  if (enrolment) ask(`/people/enrol/${enrolment}/cancel`, { method: "POST", keepalive: true });
});
