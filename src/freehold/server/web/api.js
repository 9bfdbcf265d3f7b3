// Asks the server, with the key that this tab was given; errors arrive as one kind of Problem.

import { el } from "./dom.js";

const KEY = "freehold-key";

export class Problem extends Error {
  constructor(status, says) {
    super(says);
    this.status = status;
  }
}

const headers = () => {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
};

/** The JSON answer to a question; asks for a key where the server wants one. */
export async function get(path, said = {}, more = {}) {
  const query = new URLSearchParams(Object.entries(said).filter(([, v]) => v !== "" && v !== null));
  const address = query.size ? `${path}?${query}` : path;
  return (await asked(address, { ...more, headers: headers() })).json();
}

/** The JSON answer to a body. */
export async function post(path, body, more = {}) {
  return (await asked(path, withBody(body, more))).json();
}

/** The events of an answer that comes piece by piece. */
export async function* events(path, body, signal) {
  const answer = await asked(path, withBody(body, { signal }));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
        const event = JSON.parse(line.slice(6));
        if (event.error) throw new Problem(500, event.error.message);
        yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

const withBody = (body, more) => ({
  method: "POST", body: JSON.stringify(body), ...more,
  headers: { ...headers(), "Content-Type": "application/json" },
});

async function asked(address, how) {
  let answer;
  try {
    answer = await fetch(address, how);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "the server does not answer");
  }
  if (answer.status === 401 && (await newKey())) {
    return asked(address, { ...how, headers: { ...how.headers, ...headers() } });
  }
  if (!answer.ok) throw new Problem(answer.status, await reason(answer));
  return answer;
}

async function reason(answer) {
  try {
    const told = await answer.json();
    return told.error?.message ?? told.error ?? `status ${answer.status}`;
  } catch {
    return `status ${answer.status}`;
  }
}

/** Ask the person for a key; it is kept for this tab only. */
function newKey() {
  const input = el("input", { name: "key", type: "password", autocomplete: "off", required: true });
  const dialog = el("dialog", { "aria-label": "Key" },
    el("form", { method: "dialog" },
      el("h2", "This server asks for a key"),
      el("label", el("span", "Key (kept for this tab only)"), input),
      el("p.row", el("button", { value: "use" }, "Use it"),
        el("button.plain", { value: "", formnovalidate: true }, "Cancel"))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => {
    const key = dialog.returnValue === "use" ? input.value.trim() : "";
    if (key) sessionStorage.setItem(KEY, key);
    dialog.remove();
    done(Boolean(key));
  }));
}
