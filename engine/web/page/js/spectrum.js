// What the microphone hears: 48 bars from 40 Hz to 18 kHz, and where each stood a moment ago.

import { canvas, colour, still } from "./draw.js";

const BARS = 48;
const FALL = 2.5; // of 255 a frame: the mark above a bar sinks 28 dB a second
const FLOOR = 40; // of 255: -81 dBFS is the ground

export function mountSpectrum(link, node) {
  const level = new Float32Array(BARS);
  const mark = new Float32Array(BARS);
  const paint = canvas(node, (context, width, height) => {
    const step = width / BARS;
    const wide = Math.max(1, step - 2);
    for (let i = 0; i < BARS; i += 1) {
      const tall = Math.max(1, level[i] * height);
      context.fillStyle = colour("amber");
      context.globalAlpha = 0.72;
      context.fillRect(i * step, height - tall, wide, tall);
      if (mark[i] * height > tall + 2) {
        context.globalAlpha = 0.35;
        context.fillRect(i * step, height - mark[i] * height, wide, 1);
      }
    }
    context.globalAlpha = 1;
  });
  link.on("frame", ({ microphone }) => {
    const each = microphone.length / BARS;
    for (let i = 0; i < BARS; i += 1) {
      let most = 0;
      for (let bin = Math.floor(i * each); bin < Math.floor((i + 1) * each); bin += 1) {
        most = Math.max(most, microphone[bin]);
      }
      level[i] = Math.max(0, most - FLOOR) / (255 - FLOOR);
      mark[i] = still.matches ? level[i] : Math.max(level[i], mark[i] - FALL / 255);
    }
    paint();
  });
  const rest = () => {
    level.fill(0);
    mark.fill(0);
    paint();
  };
  link.on("link", ({ state }) => state !== "open" && rest());
}
