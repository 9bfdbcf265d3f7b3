// Ledger: what happened here, the newest first; names, numbers and digests, never what was said.

import { get } from "./api.js";
import { el, field, show } from "./dom.js";

export async function open(place) {
  const rows = await get("freehold/ledger", { most: 300 });
  const kinds = [...new Set(rows.map((row) => row.kind))].sort();
  const body = el("tbody"), count = el("p.quiet.small", { role: "status" });
  const kind = el("select", { name: "kind" }, el("option", { value: "" }, "all"), kinds.map((value) => el("option", { value }, value)));
  const filter = () => {
    const found = rows.filter((row) => !kind.value || row.kind === kind.value);
    count.textContent = `${found.length} rows; each holds the digest of the one before (freehold ledger verify)`;
    show(body, found.map(line));
  };
  kind.addEventListener("change", filter);
  filter();
  show(place, el("h1", "Ledger"), el("form.need", field("Kind", kind)), count,
    el("div.scroll", { tabindex: 0, role: "region", "aria-label": "Rows" }, el("table",
      el("thead", el("tr", ["Number", "When", "Kind", "What", "Digest"].map((h) => el("th", { scope: "col" }, h)))), body)));
}

const line = (row) => el("tr", el("td.number", row.number), el("td", row.time.slice(0, 19).replace("T", " ")), el("td", row.kind),
  el("td", el("details", el("summary", row.facts.model ?? row.facts.name ?? row.kind), el("pre.small.scroll", { tabindex: 0 }, JSON.stringify(row.facts, null, 2)))),
  el("td", el("code", row.digest.slice(0, 12))));
