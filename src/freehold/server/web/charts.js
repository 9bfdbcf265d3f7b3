// Drawings: memory as a bar, lineage as a graph, series as lines, vectors as points.

import { bytes, draw, el } from "./dom.js";

const PARTS = ["weights", "state", "compute", "overhead"];

/** The parts of a plan within the memory that there is. */
export function memoryBar(parts, room) {
  const whole = Math.max(room, PARTS.reduce((sum, name) => sum + parts[name], 0));
  const shown = PARTS.filter((name) => parts[name] > 0);
  const says = shown.map((name) => `${name} ${bytes(parts[name])}`).join(", ");
  const bar = el("div.bar", { role: "img", "aria-label": `${says}, of ${bytes(room)}` });
  for (const name of shown) {
    const part = el(`span.b${PARTS.indexOf(name) + 1}`);
    part.style.width = `${(100 * parts[name]) / whole}%`;
    bar.append(part);
  }
  return el("div", bar, el("div.legend", { "aria-hidden": "true" }, shown.map((name) =>
    el("span", el(`span.key.b${PARTS.indexOf(name) + 1}`), `${name} ${bytes(parts[name])}`))));
}

/** What a model was made from, oldest on the left. */
export function lineage(name, links) {
  const names = links.map((step) => step.name ?? step.id ?? step.of ?? String(step));
  const boxes = [...names.reverse(), name];
  const width = 190, gap = 50, height = 60;
  const picture = draw("svg", { viewBox: `0 0 ${boxes.length * (width + gap)} ${height}`, role: "img",
    "aria-label": `${name} comes from ${names.join(", ")}`, width: "100%" });
  boxes.forEach((text, at) => {
    const x = at * (width + gap) + 5;
    picture.append(draw("rect.node", { x, y: 10, width, height: 40, rx: 8 }),
      draw("text", { x: x + width / 2, y: 35, "text-anchor": "middle" }, text.length > 26 ? `${text.slice(0, 25)}...` : text));
    if (at) picture.append(draw("path.edge", { d: `M${x - gap} 30H${x - 6}m-6 -5l6 5l-6 5` }));
  });
  return el("div.scroll", { tabindex: 0, role: "region", "aria-label": "Lineage" }, picture);
}

/** Series as lines: the past, then what is foretold with its quantiles as a band. */
export function plot(past, future, low, high) {
  const width = 640, height = 220, pad = 36;
  const every = [...past, ...future, ...(low ?? []), ...(high ?? [])];
  const [least, most] = [Math.min(...every), Math.max(...every)];
  const count = past.length + future.length;
  const x = (n) => pad + (n * (width - 2 * pad)) / Math.max(1, count - 1);
  const y = (v) => height - pad - ((v - least) * (height - 2 * pad)) / (most - least || 1);
  const line = (values, start) => values.map((v, n) => `${n ? "L" : "M"}${x(start + n).toFixed(1)} ${y(v).toFixed(1)}`).join("");
  const from = past.length;
  const band = low && high ? `${line(high, from)}${[...low].reverse().map((v, n) => `L${x(count - 1 - n).toFixed(1)} ${y(v).toFixed(1)}`).join("")}Z` : null;
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", width: "100%",
    "aria-label": `${past.length} values, then ${future.length} foretold, from ${future[0]?.toPrecision(4)} to ${future.at(-1)?.toPrecision(4)}` },
  draw("path.axis", { d: `M${pad} ${pad}V${height - pad}H${width - pad}`, fill: "none" }),
  draw("text", { x: 2, y: pad }, most.toPrecision(4)), draw("text", { x: 2, y: height - pad }, least.toPrecision(4)),
  band ? draw("path", { d: band, fill: "var(--tint)" }) : "",
  draw("path", { d: line(past, 0), fill: "none", stroke: "var(--quiet)", "stroke-width": 2 }),
  draw("path", { d: line([past.at(-1) ?? future[0], ...future], Math.max(0, from - 1)), fill: "none", stroke: "var(--mark)", "stroke-width": 2.5 }));
}

/** Vectors as points, by their two main directions. */
export function map(vectors, names) {
  const points = flattened(vectors);
  const [width, height, pad] = [640, 360, 40];
  const scaled = (at, size) => {
    const values = points.map((p) => p[at]);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return (v) => pad + ((v - least) * (size - 2 * pad)) / (most - least || 1);
  };
  const [x, y] = [scaled(0, width), scaled(1, height)];
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img", "aria-label": `${names.length} inputs by how alike they are` },
    points.flatMap((p, n) => [draw("circle", { cx: x(p[0]), cy: y(p[1]), r: 5, fill: "var(--mark)" }),
      draw("text", { x: x(p[0]) + 8, y: y(p[1]) + 4 }, names[n].slice(0, 40))]));
}

/** The two main directions of vectors, by power iteration on what is left of them. */
function flattened(vectors) {
  const size = vectors[0].length;
  const mean = Array.from({ length: size }, (_, k) => vectors.reduce((s, v) => s + v[k], 0) / vectors.length);
  const left = vectors.map((v) => v.map((value, k) => value - mean[k]));
  const found = vectors.map(() => [0, 0]);
  for (const at of [0, 1]) {
    let way = Array.from({ length: size }, (_, k) => Math.sin(k * (at + 1) + 1));
    for (let round = 0; round < 30; round++) {
      const next = new Array(size).fill(0);
      for (const row of left) {
        const dot = row.reduce((s, v, k) => s + v * way[k], 0);
        row.forEach((v, k) => { next[k] += dot * v; });
      }
      const length = Math.hypot(...next) || 1;
      way = next.map((v) => v / length);
    }
    left.forEach((row, n) => {
      const dot = row.reduce((s, v, k) => s + v * way[k], 0);
      found[n][at] = dot;
      row.forEach((v, k) => { row[k] = v - dot * way[k]; });
    });
  }
  return found;
}
