// What all pages share: asking the server, and what is said of it.

const token = document.querySelector('meta[name="csrf"]')?.content ?? "";
const AGAIN_MAX = 8;

export function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

/** An answer that is no success, with the server's words. */
export class Refusal extends Error {
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/** Ask the server; who is told to come again does. Gives the JSON, or null where there is none. */
export async function ask(path, options = {}) {
  const headers = { "X-CSRF-Token": token, ...options.headers };
  for (let tries = 1; ; tries += 1) {
    let answer;
    try {
      answer = await fetch(path, { ...options, headers, credentials: "same-origin" });
    } catch (error) {
      throw new Refusal(0, "The server does not answer: is it still running?", null);
    }
    if (answer.status === 401) {
      location.assign("/sign-in");
      throw new Refusal(401, "Sign in again.", null);
    }
    if ((answer.status === 429 || answer.status === 503) && tries < AGAIN_MAX) {
      await pause(1000 * Number(answer.headers.get("Retry-After") ?? 1));
      continue;
    }
    const text = await answer.text();
    let body = null;
    try {
      body = text ? JSON.parse(text) : null;
    } catch {
      // no JSON: the status says it
    }
    if (!answer.ok) {
      const message = body?.error?.message ?? body?.line ?? `The server answered ${answer.status}.`;
      throw new Refusal(answer.status, sentence(message), body);
    }
    return body;
  }
}

export function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}

export function show(element, text) {
  element.textContent = text;
  element.hidden = !text;
}

document.getElementById("sign-out")?.addEventListener("click", async () => {
  await ask("/sign-out", { method: "POST" });
  location.assign("/sign-in");
});
