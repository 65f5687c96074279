// The level that goes out: left and right, their peaks held a moment, and the limiter's bite.

import { canvas, colour } from "./draw.js";
import { METER } from "./frames.js";

const HOLD_FRAMES = 45; // a second and a half
const FALL = 3; // steps of 72/255 dB a frame

export function mountMeters(link, node) {
  let meters = null;
  const held = [0, 0];
  const age = [0, 0];
  const paint = canvas(node, (context, width, height) => {
    const tall = (height - 8) / 2;
    for (let side = 0; side < 2; side += 1) {
      const y = side * (tall + 3);
      context.fillStyle = colour("line");
      context.fillRect(0, y, width, tall);
      if (!meters) continue;
      const reach = (level) => (level / 255) * width;
      context.fillStyle = colour("dim");
      context.fillRect(0, y, reach(meters[METER.leftPeak + side]), tall);
      context.fillStyle = colour("ink");
      context.fillRect(0, y, reach(meters[METER.leftRms + side]), tall);
      const hot = held[side] >= 250;
      context.fillStyle = colour(hot ? "alarm" : "ink");
      context.fillRect(Math.max(0, reach(held[side]) - 1.5), y, 1.5, tall);
    }
    const bite = meters ? (meters[METER.reduction] / 255) * width : 0;
    context.fillStyle = colour("alarm");
    context.fillRect(width - bite, height - 2, bite, 2);
  });
  link.on("frame", (frame) => {
    meters = frame.meters;
    for (let side = 0; side < 2; side += 1) {
      const peak = meters[METER.leftPeak + side];
      age[side] += 1;
      if (peak >= held[side]) {
        held[side] = peak;
        age[side] = 0;
      } else if (age[side] > HOLD_FRAMES) held[side] = Math.max(peak, held[side] - FALL);
    }
    paint();
  });
  link.on("link", ({ state }) => {
    if (state === "open") return;
    meters = null;
    paint();
  });
}
