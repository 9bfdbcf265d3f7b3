// Play: every task of every model that is served, from the form data of the tasks.

import { events, get } from "./api.js";
import { announce, bytes, el, field, rate, select, show } from "./dom.js";
import { result } from "./results.js";
import { recorder, stage } from "./inputs.js";

export async function open(place) {
  const [served, tasks] = await Promise.all([get("freehold/served"), get("freehold/tasks")]);
  const able = served.filter((model) => model.tasks.length);
  if (!able.length) {
    show(place, el("h1", "Play"), el("p", "No model is served here so far."),
      el("p", "Bring one with ", el("code", "freehold get NAME"), ", or start the server with one: ", el("code", "freehold serve FILE")),
      served.map((model) => el("p.problem", `${model.id}: ${model.problem}`)));
    return () => {};
  }
  const room = el("div");
  const model = select("model", able.map((m) => [m.id, m.size ? `${m.id} (${bytes(m.size)})` : m.id]));
  const task = select("task", []);
  let close = () => {};
  const begin = () => {
    close();
    const described = tasks.find((t) => t.id === task.value);
    close = task.value === "text-generation" ? chat(room, model.value, described) : work(room, model.value, described);
  };
  const tasksOf = () => {
    const found = able.find((m) => m.id === model.value);
    show(task, found.tasks.map((id) => el("option", { value: id }, id)));
    begin();
  };
  model.addEventListener("change", tasksOf);
  task.addEventListener("change", begin);
  show(place, el("h1", "Play"), el("div.row", el("div.grow", field("Model", model)), el("div.grow", field("Task", task))), room);
  tasksOf();
  return () => close();
}

/** A talk with a model; nothing of it leaves this tab but for the server. */
function chat(room, model, task) {
  const turns = [], list = el("ol.turns", { "aria-label": "Conversation" });
  const text = el("textarea", { name: "text", rows: 3, "aria-label": "Message", required: true,
    onkeydown: (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); } } });
  const send = el("button", "Send"), stop = el("button.plain", { type: "button", disabled: true }, "Stop");
  const files = el("input", { type: "file", multiple: true, accept: "image/*,audio/*,.txt,.md", "aria-label": "Attach files" });
  const options = flags(task);
  const form = el("form", text, el("p.row", send, stop, files), options.node);
  let going = null;
  stop.addEventListener("click", () => going?.abort());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = text.value.trim();
    if (!said || going) return;
    going = new AbortController();
    [send.disabled, stop.disabled] = [true, false];
    text.value = "";
    const attached = await Promise.all([...files.files].map(encoded));
    files.value = "";
    turns.push({ role: "user", content: said });
    const answer = el("li.assistant", { "aria-busy": "true" }, "...");
    list.append(el("li.user", said, attached.map((f) => el("div.small.quiet", f.name))), answer);
    try {
      const told = await spoken(answer, request(model, task, options.values(), turns, attached), going.signal);
      turns.push({ role: "assistant", content: told });
      announce(told);
    } catch (error) {
      turns.pop();
      if (error.name !== "AbortError") answer.append(el("p.problem", { role: "alert" }, error.message));
      else answer.append(el("p.quiet.small", "Stopped."));
    }
    answer.removeAttribute("aria-busy");
    going = null;
    [send.disabled, stop.disabled] = [false, true];
  });
  show(room, list, form);
  return () => going?.abort();
}

/** A talk goes as messages; what is attached goes as inputs of one turn. */
const request = (model, task, values, turns, attached) => attached.length
  ? { model, task: task.id, inputs: [turns.at(-1).content, ...attached], flags: values, stream: true }
  : { model, task: task.id, messages: turns, flags: values, stream: true };

async function spoken(answer, body, signal) {
  const thought = el("div.thought"), text = document.createTextNode("");
  show(answer, thought, text);
  for await (const event of events("freehold/ask", body, signal)) {
    if (event.piece?.thinking) thought.textContent += event.piece.text;
    else if (event.piece) text.data += event.piece.text;
    if (event.result) {
      const { spent, times } = event.result;
      const speed = times.decode > 0 ? `, ${rate(times.steps / times.decode)} per second` : "";
      answer.append(el("div.small.quiet", `${event.engine}: ${spent.prompt} + ${spent.generated} tokens${speed}`),
        ...event.notes.map((note) => el("div.small.quiet", `note: ${note}`)));
      text.data = event.result.text || text.data;
    }
  }
  return text.data;
}

/** Any other task: inputs, flags, progress, result. */
function work(room, model, task) {
  const wants = (kind) => task.takes.includes(kind);
  const text = wants("text") ? el("textarea", { name: "text", rows: 4 }) : null;
  const accept = { image: "image/*", audio: "audio/*", video: "video/*", table: ".csv,.json", notes: ".mid,.midi", array: ".npy", volume: ".nii,.nii.gz,.npy" };
  const kinds = task.takes.filter((kind) => accept[kind]);
  const file = kinds.length ? el("input", { type: "file", multiple: true, accept: kinds.map((kind) => accept[kind]).join(",") }) : null;
  const microphone = wants("audio") ? recorder() : null;
  const options = flags(task);
  const marks = task.id === "image-segmentation" ? stage(file) : null;
  const out = el("section.made", { "aria-label": "Result" });
  const go = el("button", "Run"), stop = el("button.plain", { type: "button", disabled: true }, "Stop");
  const form = el("form", el("p.quiet", task.says),
    text ? field(several(task) ? "Text (one on each line)" : "Text", text) : null,
    file ? field(`Files: ${kinds.join(", ")}`, file) : null, marks?.node, microphone?.node, options.node, el("p.row", go, stop));
  let going = null;
  stop.addEventListener("click", () => going?.abort());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (going) return;
    going = new AbortController();
    [go.disabled, stop.disabled] = [true, false];
    try {
      const given = await Promise.all([...(file?.files ?? []), ...(microphone?.take() ?? [])].map(encoded));
      const said = text?.value.trim() ? (several(task) ? text.value.trim().split("\n") : [text.value]) : [];
      const inputs = [...said, ...given];
      await run(out, { model, task: task.id, inputs, flags: { ...options.values(), ...(marks?.values() ?? {}) }, stream: true }, going.signal, said);
    } catch (error) {
      show(out, el("p.problem", { role: "alert" }, error.name === "AbortError" ? "Stopped." : error.message));
    }
    going = null;
    [go.disabled, stop.disabled] = [false, true];
  });
  show(room, form, out);
  return () => { going?.abort(); microphone?.close(); };
}

const several = (task) => ["feature-extraction", "text-ranking", "text-classification"].includes(task.id);

async function run(out, body, signal, said) {
  const bar = el("progress", { "aria-label": "Progress" }), words = el("p.quiet.small", "The model is loaded where it is not yet ...");
  show(out, bar, words);
  for await (const event of events("freehold/ask", body, signal)) {
    if (event.progress) {
      [bar.max, bar.value] = [event.progress.of, event.progress.done];
      const left = event.progress.left ? `, ${Math.ceil(event.progress.left)} seconds left` : "";
      words.textContent = `${event.progress.done} of ${event.progress.of} ${event.progress.what}${left}`;
    }
    if (event.piece) words.textContent += event.piece.text ?? "";
    if (event.result) {
      show(out, result(event, said));
      announce("The result is there.");
    }
  }
}

/** Fields for the flags of a task; only what was filled in is said. */
function flags(task) {
  const hidden = new Set(["continuing", "schema", "grammar", "point", "box"]);
  const shown = task.flags.filter((flag) => !hidden.has(flag.name));
  const inputs = shown.map((flag) => [flag, input(flag)]);
  const node = shown.length ? el("details", el("summary", "Options"),
    el("div.need", inputs.map(([flag, made]) => field(`${flag.name}: ${flag.help}`, made)))) : null;
  return { node, values: () => Object.fromEntries(inputs.map(([flag, made]) => [flag.name.replaceAll("-", "_"), value(flag, made)]).filter(([, v]) => v !== null)) };
}

function input(flag) {
  if (flag.sort === "choice") return select(flag.name, [["", "as the model does"], ...flag.choices.map((c) => [c, c])]);
  if (flag.sort === "switch") return el("input", { type: "checkbox" });
  const number = flag.sort === "whole" || flag.sort === "number";
  return el("input", number ? { type: "number", min: flag.least, max: flag.most, step: flag.sort === "whole" ? 1 : "any" } : { type: "text" });
}

function value(flag, made) {
  if (flag.sort === "switch") return made.checked || null;
  if (made.value === "") return null;
  if (flag.sort === "whole" || flag.sort === "number") return Number(made.value);
  return flag.sort === "several" ? made.value.split(";").map((part) => part.trim()) : made.value;
}

/** A file as its name and its bytes in Base64. */
export function encoded(file) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onerror = () => fail(new Error(`${file.name} cannot be read`));
    reader.onload = () => done({ name: file.name, data: reader.result.slice(reader.result.indexOf(",") + 1) });
    reader.readAsDataURL(file);
  });
}
