// Drawing the map: its points as light as paper, cluster names, and the session's own marks on it.

import { colour } from "./draw.js";

const TINTS = 6; // --map-0 .. --map-5: muted, so that the rooms' colours stand out
const MANY = 5000; // more points than these are drawn as dots of pixels

const GROWS = 110; // of 255: how much brighter a pixel is for each track on it

/** The colours of the clusters as 0x00bbggrr. */
function tints() {
  return Array.from({ length: TINTS }, (_, i) => {
    const value = parseInt(colour(`map-${i}`).slice(1), 16);
    return ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16);
  });
}

/** Draw all points; `context` is not scaled: its canvas has `ratio` pixels a CSS pixel. */
export function paintPoints(context, model, ratio) {
  const { width, height } = context.canvas;
  const [across, down] = [model.across * ratio, model.down * ratio];
  const { x, y, left, top, count } = model;
  const seen = new Uint32Array(count);
  let many = 0;
  for (let i = 0; i < count; i += 1) {
    const px = (x[i] - left) * across;
    const py = (y[i] - top) * down;
    if (px > -8 && py > -8 && px < width + 8 && py < height + 8) {
      seen[many] = i;
      many += 1;
    }
  }
  context.clearRect(0, 0, width, height);
  const shown = seen.subarray(0, many);
  if (many > MANY) paintMany(context, model, shown, [across, down], Math.round(1.5 * ratio));
  else paintFew(context, model, shown, [across, down], ratio * radiusOf(model.zoom, many));
}

const radiusOf = (zoom, many) => Math.min(5, 2 + 0.5 * Math.log2(zoom + 1) + (many < 400 ? 1.2 : 0));

function paintMany(context, model, seen, [across, down], side) {
  const { width, height } = context.canvas;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer); // 0xaabbggrr: every browser's machine is little-endian
  const colours = tints();
  const { x, y, left, top, cluster } = model;
  for (const i of seen) {
    const px = Math.round((x[i] - left) * across);
    const py = Math.round((y[i] - top) * down);
    if (px < 0 || py < 0 || px + side > width || py + side > height) continue;
    const tint = colours[cluster[i] % TINTS];
    for (let row = py * width + px; row < (py + side) * width + px; row += width) {
      for (let at = row; at < row + side; at += 1) {
        pixels[at] = (Math.min(255, (pixels[at] >>> 24) + GROWS) << 24) | tint;
      }
    }
  }
  context.putImageData(image, 0, 0);
}

function paintFew(context, model, seen, [across, down], radius) {
  const colours = Array.from({ length: TINTS }, (_, i) => colour(`map-${i}`));
  context.globalAlpha = 0.85;
  for (const i of seen) {
    context.fillStyle = colours[model.cluster[i] % TINTS];
    context.beginPath();
    context.arc((model.x[i] - model.left) * across, (model.y[i] - model.top) * down, radius, 0, 7);
    context.fill();
  }
  context.globalAlpha = 1;
}

/** Cluster names, largest clusters first; one that would lie on another is left out. */
export function paintLabels(context, model) {
  const taken = [];
  context.font = `600 12px ${colour("sans")}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 4;
  for (const { label, x, y } of [...model.clusters].sort((a, b) => b.count - a.count)) {
    const px = (x - model.left) * model.across;
    const py = (y - model.top) * model.down;
    const half = context.measureText(label).width / 2 + 6;
    const box = [px - half, py - 10, px + half, py + 10];
    if (taken.some((it) => box[0] < it[2] && box[2] > it[0] && box[1] < it[3] && box[3] > it[1])) continue;
    taken.push(box);
    context.strokeStyle = colour("well");
    context.strokeText(label, px, py);
    context.fillStyle = colour("ink");
    context.fillText(label, px, py);
  }
}

function ring(context, [x, y], radius, stroke, fill = null) {
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  if (fill) {
    context.fillStyle = fill;
    context.fill();
  }
  context.lineWidth = 2;
  context.strokeStyle = stroke;
  context.stroke();
}

function line(context, model, places, width, dash) {
  context.beginPath();
  places.forEach((i, n) => context[n ? "lineTo" : "moveTo"](...model.toPixel(i)));
  context.setLineDash(dash);
  context.lineWidth = width;
  context.strokeStyle = colour("coral");
  context.stroke();
  context.setLineDash([]);
}

/** `marks`: queue, path (indices in order), heard, playing, current (an index or -1), drawn (pixels). */
export function paintMarks(context, model, { queue, path, heard, playing, current, drawn }) {
  if (!path.length) {
    context.globalAlpha = 0.6;
    line(context, model, playing >= 0 ? [playing, ...queue] : queue, 1.2, [2, 4]);
    context.globalAlpha = 1;
  }
  line(context, model, path, 2, []);
  for (const i of path) ring(context, model.toPixel(i), 4, colour("coral"), colour("well"));
  if (playing >= 0) ring(context, model.toPixel(playing), 6, colour("coral"), colour("coral-ink"));
  if (heard >= 0) ring(context, model.toPixel(heard), 8, colour("amber"));
  if (current >= 0) ring(context, model.toPixel(current), 7, colour("ink"));
  if (drawn) {
    context.beginPath();
    context.moveTo(drawn[0], drawn[1]);
    context.lineTo(drawn[2], drawn[3]);
    context.lineWidth = 2;
    context.strokeStyle = colour("coral");
    context.stroke();
  }
}
