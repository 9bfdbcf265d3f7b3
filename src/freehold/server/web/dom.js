// Makes elements. Text always goes in as text, so nothing that a model says becomes markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `el("p.quiet", {title: "..."}, "text", child, ...)`; null children are left out. */
export function el(what, ...rest) {
  const [name, ...classes] = what.split(".");
  return filled(document.createElement(name), classes, rest);
}

/** The same inside an SVG. */
export function draw(what, ...rest) {
  const [name, ...classes] = what.split(".");
  return filled(document.createElementNS(SVG, name), classes, rest);
}

function filled(node, classes, rest) {
  if (classes.length) node.setAttribute("class", classes.join(" "));
  const given = rest[0];
  const isTable = given && typeof given === "object" && !(given instanceof Node) && !Array.isArray(given);
  for (const [name, value] of Object.entries(isTable ? rest.shift() : {})) put(node, name, value);
  node.append(...rest.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function put(node, name, value) {
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (value === true) node.setAttribute(name, "");
  else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
}

/** A label with its field below. */
export const field = (says, input) => el("label", el("span", says), input);

/** A choice of words: pairs of value and text. */
export const select = (name, pairs, more = {}) =>
  el("select", { name, ...more }, pairs.map(([value, text]) => el("option", { value }, text)));

/** Put children in place of all that is there. */
export function show(place, ...children) {
  place.replaceChildren(...children.flat().filter(Boolean));
}

/** Say something to those who do not see the page change. */
export function announce(text) {
  document.getElementById("live").textContent = text;
}

/** A badge whose color tells the verdict; the word says it, too. */
export const badge = (word, text = word) => el(`span.badge.${KIND[word] ?? "unknown"}`, text);

const KIND = {
  yes: "yes", meets: "yes", "fully open": "yes", fits: "yes", allowed: "yes",
  conditional: "conditional", partial: "conditional", partly: "conditional", "open weights": "conditional",
  "restricted weights": "conditional", "advised against": "conditional",
  no: "no", fails: "no", refused: "no", proprietary: "no", "open API": "no",
};

/** Bytes as people say them. */
export function bytes(count) {
  if (count === null || count === undefined) return "unknown";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  for (; count >= 1024 && at < units.length - 1; at++) count /= 1024;
  return `${count >= 100 || at === 0 ? Math.round(count) : count.toFixed(1)} ${units[at]}`;
}

/** Parameters as people say them: 7.3B. */
export function spoken(count) {
  if (!count) return "";
  const [scale, letter] = count >= 1e9 ? [1e9, "B"] : [1e6, "M"];
  return `${+(count / scale).toPrecision(3)}${letter}`;
}

/** A rate as people read it. */
export const rate = (value) => (value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3));

/** A link that opens elsewhere and tells nobody where from; other schemes stay text. */
export function link(url, text = url) {
  const safe = /^https?:\/\//.test(url ?? "");
  return safe ? el("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, text) : el("span", text);
}
