// Shows what came out: pictures, sounds, masks, vectors, forecasts, scores; and lets it be kept.

import { map, plot } from "./charts.js";
import { el } from "./dom.js";

/** A result as its kind wants to be seen, with what was noted and how long it took. */
export function result(event, said) {
  const found = event.result, work = found.work;
  const took = work ? `${event.engine}: ${+work.count.toPrecision(4)} ${work.unit} in ${work.seconds.toFixed(2)} seconds` : event.engine;
  return el("div", (VIEWS[event.task] ?? words)(found, event, said), files(found),
    el("p.small.quiet", took), event.notes.map((note) => el("p.small.quiet", `note: ${note}`)),
    el("details", el("summary", "As JSON"), el("pre.scroll.small", { tabindex: 0 }, JSON.stringify(found, (_, value) => typeof value === "string" && value.length > 300 ? `${value.slice(0, 60)}...` : value, 2))));
}

const words = (found, event) => el("pre.scroll", { tabindex: 0 }, event.words);

const VIEWS = {
  "feature-extraction": (found, event, said) => {
    const vectors = (found.dense ?? []).map(floats);
    return vectors.length > 2 ? el("div", el("h3", "How alike they are"), map(vectors, vectors.map((_, n) => said[n] ?? `input ${n + 1}`))) : words(found, event);
  },
  "text-ranking": (found, event, said) => table(["Score", "Document"], found.ranked.map((r) => [r.score.toFixed(4), said[r.index + 1] ?? `document ${r.index + 1}`])),
  "text-classification": (found) => table(["Verdict", "Scores"], found.verdicts.map((v) => [found.harm ? (v.safe ? "safe" : "unsafe") : "", Object.entries(v.scores).map(([name, score]) => `${name} ${score.toFixed(3)}`).join(", ")])),
  "time-series-forecasting": (found) => el("div", found.series.map((s) => {
    const quantiles = Object.keys(s.quantiles).sort((a, b) => a - b);
    return el("div", el("h3", s.name), plot((found.past[s.name] ?? []).slice(-120), s.values, s.quantiles[quantiles[0]], s.quantiles[quantiles.at(-1)]));
  })),
};

const table = (heads, rows) => el("div.scroll", { tabindex: 0, role: "region", "aria-label": "Result" }, el("table",
  el("thead", el("tr", heads.map((head) => el("th", { scope: "col" }, head)))),
  el("tbody", rows.map((row) => el("tr", row.map((cell) => el("td", cell)))))));

/** Every file that was made, shown where a browser can, and to keep. */
function files(found) {
  return el("div", made(found).map((file) => el("figure",
    file.kind === "image" ? el("img", { src: file.url, alt: "What the model made" }) : file.kind === "audio" ? el("audio", { src: file.url, controls: true }) : null,
    el("figcaption", el("a", { href: file.url, download: file.name }, `Keep ${file.name}`)))));
}

function made(value) {
  if (!value || typeof value !== "object") return [];
  return value.url && value.kind ? [value] : Object.values(value).flatMap(made);
}

/** The 32-bit floats of a vector in Base64. */
function floats(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return [...new Float32Array(bytes.buffer)];
}
