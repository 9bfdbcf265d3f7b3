// What people give: clicks on a picture, a voice through the microphone (as WAV).

import { el } from "./dom.js";

/** The first picture of a file field, to click on: inside with a click, outside with Shift. */
export function stage(file) {
  const image = el("img", { alt: "The picture to divide" }), canvas = el("canvas", { tabindex: 0, "aria-label": "Click inside the object; with Shift, outside" });
  const place = el("div.stage", { hidden: true }, image, canvas);
  const typed = el("input", { type: "text", placeholder: "120,80 or -10,10 for outside; several with ;" });
  let points = [];
  const paint = () => {
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const brush = canvas.getContext("2d"), size = Math.max(4, image.naturalWidth / 90);
    for (const point of points) {
      brush.beginPath();
      brush.arc(Math.abs(point.x), Math.abs(point.y), size, 0, 7);
      brush.fillStyle = point.inside ? "#1f9d6b" : "#c23a2b";
      brush.fill();
      [brush.lineWidth, brush.strokeStyle] = [size / 3, "#ffffff"];
      brush.stroke();
    }
    typed.value = points.map((p) => `${p.inside ? "" : "-"}${p.x},${p.y}`).join("; ");
  };
  file.addEventListener("change", () => {
    const picture = [...file.files].find((one) => one.type.startsWith("image/"));
    place.hidden = !picture;
    points = [];
    if (picture) image.src = URL.createObjectURL(picture);
  });
  image.addEventListener("load", paint);
  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    const x = Math.round(((event.clientX - box.left) / box.width) * image.naturalWidth);
    const y = Math.round(((event.clientY - box.top) / box.height) * image.naturalHeight);
    points.push({ x, y, inside: !event.shiftKey });
    paint();
  });
  const node = el("div", place, el("label", el("span", "Points (also by clicks on the picture)"), typed));
  const values = () => (typed.value.trim() ? { point: typed.value.split(";").map((part) => part.trim()).filter(Boolean) } : {});
  return { node, values };
}

/** A microphone whose recording becomes a WAV file of 16 bits. */
export function recorder() {
  const says = el("span.small.quiet", { role: "status" }), button = el("button.plain", { type: "button" }, "Record");
  let heard = [], rate = 16000, live = null, made = null;
  const close = () => {
    live?.tracks.forEach((track) => track.stop());
    live?.context.close();
    live = null;
    button.textContent = "Record";
  };
  button.addEventListener("click", async () => {
    if (live) {
      close();
      made = new File([wav(heard, rate)], "recording.wav", { type: "audio/wav" });
      says.textContent = `${(heard.reduce((sum, part) => sum + part.length, 0) / rate).toFixed(1)} seconds are recorded`;
      return;
    }
    try {
      const sound = await navigator.mediaDevices.getUserMedia({ audio: true });
      const context = new AudioContext();
      rate = context.sampleRate;
      heard = [];
      await context.audioWorklet.addModule(new URL("./listen.js", import.meta.url));
      const node = new AudioWorkletNode(context, "listen");
      node.port.onmessage = (event) => heard.push(event.data);
      context.createMediaStreamSource(sound).connect(node);
      live = { context, tracks: sound.getTracks() };
      button.textContent = "Stop recording";
      says.textContent = "Recording ...";
    } catch (error) {
      says.textContent = `The microphone cannot be used: ${error.message}`;
    }
  });
  return { node: el("p.row", button, says), close, take: () => (made ? [made] : []) };
}

function wav(parts, rate) {
  const count = parts.reduce((sum, part) => sum + part.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * count));
  const text = (at, word) => [...word].forEach((sign, n) => view.setUint8(at + n, sign.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + 2 * count, true); text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, 2 * count, true);
  let at = 44;
  for (const part of parts) for (const value of part) {
    view.setInt16(at, Math.max(-1, Math.min(1, value)) * 32767, true);
    at += 2;
  }
  return view;
}
