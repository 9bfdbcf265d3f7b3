// Keys: who may use this server, for what and how much. A new key is shown once.

import { get, post } from "./api.js";
import { el, field, select, show } from "./dom.js";

export async function open(place) {
  const list = el("div"), told = el("div", { role: "status" });
  const look = async () => show(list, table(await get("freehold/keys"), async (id) => {
    await get(`freehold/keys/${encodeURIComponent(id)}`, {}, { method: "DELETE" });
    await look();
  }));
  const form = maker(async (said) => {
    const made = await post("freehold/keys", said);
    show(told, el("p", "The new key, shown this once: ", el("code", made.key)));
    await look();
  }, told);
  show(place, el("h1", "Keys"), el("p.quiet", "Only the hash of a key is kept. Without any key, everybody on this machine may use the server."), list, el("h2", "A new key"), form, told);
  await look();
}

function table(keys, remove) {
  if (!keys.length) return el("p", "There are no keys.");
  const words = (list) => (list?.length ? list.join(", ") : "all");
  return el("div.scroll", { tabindex: 0, role: "region", "aria-label": "All keys" }, el("table",
    el("thead", el("tr", ["Name", "Role", "Models", "Tasks", "Per minute", "Expires", ""].map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", keys.map((key) => el("tr", el("td", key.name), el("td", key.role), el("td", words(key.models)), el("td", words(key.tasks)),
      el("td", [key.requests_per_minute && `${key.requests_per_minute} requests`, key.tokens_per_minute && `${key.tokens_per_minute} tokens`].filter(Boolean).join(", ") || "no limit"),
      el("td", key.expires ?? "never"), el("td", el("button.plain", { type: "button", onclick: () => remove(key.id) }, `Remove ${key.name}`)))))));
}

function maker(make, told) {
  const form = el("form.need",
    field("Name", el("input", { name: "name", required: true, maxlength: 64 })),
    field("Role", select("role", [["user", "user: asks models"], ["operator", "operator: also loads models, reads the ledger"], ["admin", "admin: also makes keys"]])),
    field("Only these models", el("input", { name: "models", placeholder: "all" })),
    field("Requests per minute", el("input", { name: "requests_per_minute", type: "number", min: 1 })),
    field("Tokens per minute", el("input", { name: "tokens_per_minute", type: "number", min: 1 })),
    field("Days until it expires", el("input", { name: "days", type: "number", min: 1 })),
    el("p.row", el("button", "Make the key")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
    for (const name of ["requests_per_minute", "tokens_per_minute", "days"]) if (name in said) said[name] = Number(said[name]);
    if (said.models) said.models = said.models.split(",").map((part) => part.trim());
    try {
      await make(said);
      form.reset();
    } catch (error) {
      show(told, el("p.problem", { role: "alert" }, error.message));
    }
  });
  return form;
}
