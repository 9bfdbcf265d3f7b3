// Shows the page that the address names: #choose, #models, #models/ID, #play, #machine, ....

import { Problem } from "./api.js";
import { el, show } from "./dom.js";

const PAGES = [
  ["choose", "Choose"], ["models", "Models"], ["play", "Play"],
  ["machine", "Machine"], ["ledger", "Ledger"], ["keys", "Keys"],
];
const main = document.getElementById("main");
let leave = () => {};

async function turn() {
  const [name, ...rest] = decodeURIComponent(location.hash.slice(1)).split("/");
  const found = PAGES.find(([id]) => id === name) ?? PAGES[0];
  leave();
  leave = () => {};
  show(document.getElementById("pages"), PAGES.map(([id, text]) =>
    el("a", { href: `#${id}`, "aria-current": id === found[0] ? "page" : false }, text)));
  document.title = `${found[1]} - Freehold`;
  show(main, el("p.quiet", "Loading ..."));
  try {
    const page = await import(`./${found[0]}.js`);
    leave = (await page.open(main, rest.join("/"))) ?? leave;
  } catch (error) {
    if (!(error instanceof Problem)) console.error(error);
    show(main, el("h1", found[1]), el("p.problem", { role: "alert" }, `This cannot be shown: ${error.message}.`));
  }
  if (document.activeElement !== document.body) main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

addEventListener("hashchange", turn);
turn();
