// The endpoint's page: try it, see who called it, let another device in.

import { ask, pause } from "./common.js";

const byId = (id) => document.getElementById(id);
const LOOK_EVERY_MS = 3000;

byId("try").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData();
  form.append("picture", byId("file").files[0]);
  const query = new URLSearchParams({ search: byId("search").value, identify: byId("identify")?.checked ?? false });
  byId("status").textContent = "Sent…";
  const began = performance.now();
  let said;
  let body;
  try {
    body = await ask(`/v1/score?${query}`, { method: "POST", body: form });
    said = "200";
  } catch (error) {
    body = error.body;
    said = error.status ? `${error.status}: ${error.message}` : error.message;
  }
  byId("status").textContent = `${said} (${Math.round(performance.now() - began)} ms)`;
  // a box in one line
  byId("answer").textContent = JSON.stringify(body, null, 2)
    .replace(/\[\s+([-\d.,\s]+?)\s+\]/g, (_, inner) => `[${inner.replace(/\s+/g, " ")}]`);
  byId("answer").hidden = body === null;
  await look();
});

async function look() {
  const { calls, state, pending } = await ask("/calls");
  byId("health").textContent = state;
  byId("pending").textContent = pending ? `(${pending} at work)` : "";
  const rows = calls.map((call) => {
    const row = document.createElement("tr");
    const size = call.size ? `${call.size[0]} × ${call.size[1]}` : "";
    const at = new Date(call.at).toLocaleTimeString();
    for (const text of [at, call.who, call.status, size, call.faces ?? "", call.ms]) row.insertCell().textContent = text;
    return row;
  });
  byId("calls").replaceChildren(...rows);
  byId("no-calls").hidden = rows.length > 0;
}

async function follow() {
  for (;;) {
    try {
      if (!document.hidden) await look();
    } catch (error) {
      byId("health").textContent = error.message;
    }
    await pause(LOOK_EVERY_MS);
  }
}

byId("code-button").addEventListener("click", async () => {
  const { code } = await ask("/codes", { method: "POST" });
  byId("code").textContent = `${location.origin}/sign-in#${code}`;
});

follow();
