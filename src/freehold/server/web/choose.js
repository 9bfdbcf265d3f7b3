// Choose: a need goes in, ranked models with their reasons come out.

import { get } from "./api.js";
import { announce, badge, bytes, el, field, link, select, show } from "./dom.js";

const USES = ["commercial", "host", "modify", "redistribute", "train-on-outputs", "eu"];

export async function open(place) {
  const words = await get("freehold/words");
  const answer = el("section", { "aria-label": "Answer" });
  const form = need(words);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form, answer);
  });
  show(place, el("h1", "Choose a model"),
    el("p.quiet", "Models that you may use, that fit this machine and suit the need, best first, with the reasons."),
    form, answer);
}

function need(words) {
  const tasks = Object.entries(words.tasks).map(([id, says]) => [id, `${id}: ${says}`]);
  return el("form.need",
    field("What it is for", select("task", [["", "anything"], ...tasks])),
    field("At least this open", select("openness", [["", "any"], ...words.levels.map((l) => [l, l.replace("-", " ")])])),
    field("Language", el("input", { name: "languages", placeholder: "French, de" })),
    field("Abilities", el("input", { name: "abilities", placeholder: "tools, vision", list: "abilities" })),
    el("datalist", { id: "abilities" }, Object.keys(words.abilities).map((value) => el("option", { value }))),
    field("An alternative to", el("input", { name: "like", placeholder: "gpt-4o" })),
    field("Memory in GiB, if not this machine's", el("input", { name: "gib", type: "number", min: 0.1, step: "any" })),
    el("fieldset", el("legend", "What you want to do with it"), USES.map((use) =>
      el("label", { title: words.uses[use] ?? "" }, el("input", { type: "checkbox", name: "uses", value: use }), use))),
    el("p.row", el("button", "Choose")));
}

async function ask(form, answer) {
  const said = new FormData(form);
  const gib = Number(said.get("gib"));
  const query = {
    task: said.get("task"), openness: said.get("openness"), languages: said.get("languages"),
    abilities: said.get("abilities"), like: said.get("like"), uses: said.getAll("uses").join(","),
    memory: gib ? Math.round(gib * 2 ** 30) : "",
  };
  show(answer, el("p.quiet", "Thinking ..."));
  try {
    const found = await get("freehold/choose", query);
    announce(`${found.ranked.length} of ${found.considered} models meet the need`);
    show(answer, el("h2", `${found.ranked.length} of ${found.considered} models`),
      el("p.quiet.small", `For ${bytes(found.room.memory)} of ${found.room.name}.`),
      found.ranked.length ? el("ol.cards", found.ranked.map(card)) : el("p", "Nothing meets all of this."),
      refused(found.refused));
  } catch (error) {
    show(answer, el("p.problem", { role: "alert" }, error.message));
  }
}

function card(one) {
  const fit = one.fit;
  const speed = fit.speed ? `, writes about ${fit.speed.value.toPrecision(2)} tokens per second` : "";
  return el("li.card",
    el("header", el("h3", el("a", { href: `#models/${one.id}` }, one.id)),
      el("span.row", badge(one.openness.level), badge(fit.fits === "yes" ? "yes" : "no", fit.fits === "yes" ? "fits" : "does not fit"))),
    el("p.small", `${fit.because}${speed}.`),
    el("ul.reasons", one.reasons.map((reason) => el("li", reason))),
    el("ul.permits", { "aria-label": `What ${one.license.id ?? "its license"} permits` },
      Object.entries(one.license.permits).map(([use, row]) =>
        el("li", { title: row.because ?? "" }, badge(row.verdict, `${use}: ${row.verdict}`)))),
    el("p.small.quiet", `License: ${one.license.id ?? "unknown"}. `,
      one.evidence.slice(0, 3).map((e) => [link(e.url, `${e.name}: ${e.value}${e.unit} (${e.dated})`), " "]).flat()),
    one.hub ? el("p.small", el("code", `freehold get hf:${one.hub}`)) : null);
}

function refused(rows) {
  if (!rows.length) return null;
  return el("details", el("summary", `Close, but refused: ${rows.length}`),
    el("ul", rows.map((row) => el("li", el("a", { href: `#models/${row.id}` }, row.id), `: ${row.because.join("; ")}`))));
}
