// Models: the catalog with filters, and one model with its openness, license and lineage.

import { get } from "./api.js";
import { lineage, memoryBar } from "./charts.js";
import { badge, bytes, el, field, link, select, show, spoken } from "./dom.js";

export async function open(place, id) {
  await (id ? one(place, id) : all(place));
}

async function all(place) {
  const models = await get("freehold/catalog");
  const choices = (pick) => [...new Set(models.flatMap(pick))].sort().map((value) => [value, value]);
  const rows = el("tbody");
  const count = el("p.quiet.small", { role: "status" });
  const form = el("form.need", { role: "search" },
    field("Search", el("input", { name: "text", type: "search", autocomplete: "off" })),
    field("Task", select("task", [["", "any"], ...choices((m) => m.tasks)])),
    field("Openness", select("level", [["", "any"], ...choices((m) => [m.level])])),
    field("Maker", select("maker", [["", "any"], ...choices((m) => [m.maker])])));
  const filter = () => {
    const said = Object.fromEntries(new FormData(form));
    const found = models.filter((m) =>
      (!said.task || m.tasks.includes(said.task)) && (!said.level || m.level === said.level)
      && (!said.maker || m.maker === said.maker) && matches(m, said.text));
    count.textContent = `${found.length} of ${models.length} families`;
    show(rows, found.map(row));
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
  show(place, el("h1", "Models"), form, count, el("div.scroll", { tabindex: 0, role: "region", "aria-label": "All models" },
    el("table", el("thead", el("tr", ["Model", "Maker", "Openness", "License", "Sizes", "Released"].map((text) => el("th", { scope: "col" }, text)))), rows)));
}

const matches = (m, text) => {
  const words = `${m.id} ${m.name} ${m.maker} ${m.summary} ${m.members.map((x) => x.id).join(" ")}`.toLowerCase();
  return (text ?? "").toLowerCase().split(/\s+/).every((part) => words.includes(part));
};

const row = (m) => el("tr",
  el("td", el("a", { href: `#models/${m.id}` }, m.name), el("div.small.quiet", m.summary)),
  el("td", m.maker), el("td", badge(m.level)), el("td", m.licenses.join(", ") || "unknown"),
  el("td", [...new Set(m.members.map((x) => spoken(x.parameters)).filter(Boolean))].join(", ")), el("td", m.released ?? ""));

async function one(place, id) {
  const report = await get(`freehold/catalog/${encodeURIComponent(id)}`);
  const single = report.members.length < 2 || report.members.some((m) => m.id === id);
  const plan = single ? await get(`freehold/plan/${encodeURIComponent(id)}`).catch((error) => ({ problem: error.message })) : null;
  show(place, el("p", el("a", { href: "#models" }, "All models")), el("h1", report.name, " ", badge(report.level)),
    el("p", `${report.because}.`), members(report), license(report.license), plan ? here(plan) : null, openness(report), ancestry(report),
    remarks("What others say that does not fit", [...report.conflicts, ...report.open_washing]), sources(report.sources));
}

const members = (report) => report.members.length > 1
  ? el("section", el("h2", "Sizes and tunings"), el("ul.permits", report.members.map((m) =>
    el("li", el("a.badge", { href: `#models/${m.id}`, "aria-current": m.id === report.id ? "page" : false }, m.id, m.parameters ? ` ${spoken(m.parameters)}` : ""))))) : null;

function license(found) {
  return el("section", el("h2", `License: ${found.name ?? found.id ?? "unknown"}`),
    el("div.scroll", { tabindex: 0, role: "region", "aria-label": "What the license permits" }, el("table", el("tbody", Object.entries(found.permits).map(([use, p]) =>
      el("tr", el("th", { scope: "row" }, use), el("td", badge(p.verdict)), el("td", p.because)))))),
    found.obligations.length ? el("div", el("h3", "What you must do"),
      el("ul", found.obligations.map((o) => el("li", `${o.do} (${o.when}; ${o.license}${o.clause ? `, ${o.clause}` : ""})`)))) : null);
}

function here(plan) {
  if (plan.problem) return el("section", el("h2", "On this machine"), el("p.quiet", `No plan: ${plan.problem}.`));
  const speed = plan.speed?.decode;
  return el("section", el("h2", "On this machine"),
    el("p", badge(plan.fits ? "yes" : "no", plan.fits ? "fits" : "does not fit"),
      ` ${bytes(plan.peak)} of ${bytes(plan.machine.memory)} on ${plan.engine} in ${plan.precision ?? "its own precision"}`,
      speed ? `; writes ${speed.low.toPrecision(2)} to ${speed.high.toPrecision(2)} tokens per second.` : "."),
    memoryBar(plan.parts, plan.machine.memory), plan.notes.length ? el("ul.small.quiet", plan.notes.map((n) => el("li", n))) : null);
}

function openness(report) {
  const osai = Object.values(report.osai.dimensions);
  return el("section", el("h2", "How open it is"),
    criteria(`Open Source AI Definition 1.0: ${report.osaid.verdict}`, report.osaid.criteria),
    criteria(`Model Openness Framework 1.0: class ${report.mof.class}`, report.mof.criteria),
    criteria(`Index of open AI: ${Math.round(report.osai.score * 100)} %, ${report.osai.unknown} unknown`, osai));
}

const criteria = (title, list) => el("details", { open: list.length < 12 }, el("summary", title),
  el("ul.criteria", list.map((c) => el(`li.${c.answer === "partial" ? "partly" : c.answer}`,
    el("b", `${c.name}: ${c.answer}`), el("span.small", c.because, c.source ? [" ", link(c.source, "source")] : null)))));

const ancestry = (report) => report.lineage.length
  ? el("section", el("h2", "Where it comes from"), lineage(report.name, report.lineage)) : null;

const remarks = (title, list) => list.length
  ? el("section", el("h2", title), el("ul", list.map((x) => el("li", x.text ?? x.because ?? JSON.stringify(x))))) : null;

const sources = (table) => el("details", el("summary", `Sources: ${Object.keys(table).length}`),
  el("ul", Object.values(table).map((s) => el("li", link(s.url, s.title), ` (${s.by}, ${s.rank}, read ${s.checked})`))));
