// While nothing is known: the microphone's level of the last seconds, so that one sees it listens.

import { canvas, colour } from "./draw.js";
import { METER } from "./frames.js";

const BARS = 80;
const FRAMES = 3; // a bar: a tenth of a second
const FLOOR = 36; // of 255: -62 dBFS is the ground

export function mountListening(link, node) {
  const level = new Float32Array(BARS); // oldest first
  let most = 0;
  let frames = 0;
  const paint = canvas(node, (context, width, height) => {
    const step = width / BARS;
    for (let i = 0; i < BARS; i += 1) {
      const tall = Math.max(1, level[i] * height);
      context.fillStyle = colour(level[i] > 0 ? "dim" : "wave");
      context.fillRect(i * step, (height - tall) / 2, Math.max(1, step - 1.3), tall);
    }
  });
  link.on("frame", ({ meters }) => {
    most = Math.max(most, meters[METER.microphone]);
    frames += 1;
    if (frames < FRAMES) return;
    level.copyWithin(0, 1);
    level[BARS - 1] = Math.max(0, most - FLOOR) / (255 - FLOOR);
    most = frames = 0;
    if (node.offsetParent) paint();
  });
}
