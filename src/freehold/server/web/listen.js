// Runs beside the page, where sound arrives: passes the first channel on.

registerProcessor("listen", class extends AudioWorkletProcessor {
  process([input]) {
    if (input[0]) this.port.postMessage(input[0].slice());
    return true;
  }
});
