// Machine: what it is, what is loaded, and how right the plans were.

import { get } from "./api.js";
import { badge, bytes, el, rate, show } from "./dom.js";

const EVERY = 3000;

export async function open(place) {
  const [machine, history] = await Promise.all([get("freehold/machine"), get("freehold/history")]);
  const live = el("div", { role: "region", "aria-label": "Loaded models" });
  show(place, el("h1", "This machine"), facts(machine), el("h2", "Loaded models"), live, past(history));
  const look = async () => show(live, loaded(await get("freehold/loaded"), machine.room.memory));
  await look();
  const timer = setInterval(() => document.hidden || look().catch(() => {}), EVERY);
  return () => clearInterval(timer);
}

function facts(m) {
  const speed = m.bandwidth ? `${(m.bandwidth.bytes_per_second / 1e9).toFixed(1)} GB/s, measured ${m.bandwidth.measured}` : "not measured: freehold machine --measure";
  const cards = m.gpus.map((gpu) => `${gpu.name}, ${bytes(gpu.memory)}`).join("; ") || "none";
  const rows = [["Processor", `${m.processor}, ${m.cores} cores`], ["Memory", `${bytes(m.memory.total)}, ${bytes(m.room.memory)} for models`],
    ["Memory bandwidth", speed], ["Graphics cards", cards], ["Free disk", bytes(m.disk.free)], ["System", m.system]];
  return el("table", el("tbody", rows.map(([name, text]) => el("tr", el("th", { scope: "row" }, name), el("td", text)))));
}

function loaded(models, room) {
  if (!models.length) return el("p.quiet", "None: a model is loaded when somebody asks for it.");
  const taken = models.reduce((sum, m) => sum + m.planned * Math.max(1, m.replicas), 0);
  const bar = el("div.bar", { role: "img", "aria-label": `${bytes(taken)} of ${bytes(room)} are planned for loaded models` });
  models.forEach((m, n) => {
    const part = el(`span.b${(n % 4) + 1}`, { title: m.id });
    part.style.width = `${(100 * m.planned * Math.max(1, m.replicas)) / Math.max(room, taken)}%`;
    bar.append(part);
  });
  return el("div", bar, el("div.scroll", { tabindex: 0, role: "region", "aria-label": "Loaded models as a table" }, el("table",
    el("thead", el("tr", ["Model", "Task", "Engine", "Planned", "In truth", "Busy", "Waiting", "Answered"].map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", models.map((m, n) => el("tr", el("td", el(`span.key.b${(n % 4) + 1}`, { "aria-hidden": "true" }), m.id, m.loading ? " (loading)" : ""), el("td", m.task), el("td", m.engine ?? ""),
      el("td.number", bytes(m.planned)), el("td.number", bytes(m.resident)), el("td.number", m.busy), el("td.number", m.waiting), el("td.number", m.uses)))))));
}

function past(history) {
  if (!history.runs.length) return el("section", el("h2", "Predicted against measured"), el("p.quiet", "Nothing was run so far."));
  const percent = (value) => (value === null ? "" : `${value > 0 ? "+" : ""}${(100 * value).toFixed(1)} %`);
  const close = (error) => (error === null ? "unknown" : Math.abs(error) <= 0.1 ? "yes" : "conditional");
  const told = (value) => (value ? rate(value) : "");
  return el("section", el("h2", "Predicted against measured"), el("div.scroll", { tabindex: 0, role: "region", "aria-label": "Runs" }, el("table",
    el("thead", el("tr", ["When", "Model", "Engine", "Memory predicted", "measured", "off by", "Tokens/s predicted", "measured"].map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", history.runs.slice(-50).reverse().map((run) => el("tr", el("td", run.time.slice(0, 16).replace("T", " ")), el("td", run.model), el("td", run.engine),
      el("td.number", bytes(run.memory.predicted)), el("td.number", bytes(run.memory.measured)),
      el("td.number", run.memory.error === null ? "" : badge(close(run.memory.error), percent(run.memory.error))),
      el("td.number", told(run.decode.predicted)), el("td.number", told(run.decode.measured))))))));
}
