// Drawing the map: its points as light as paper, cluster names, and the session's own marks on it.

import { colour } from "./draw.js";

const TINTS = 6; // --map-0 .. --map-5: muted, so that the rooms' colours stand out
const MANY = 5000; // more points than these are drawn as dots of pixels

const rgb = new Map();

function tint(cluster) {
  const value = colour(`map-${cluster % TINTS}`);
  if (!rgb.has(value)) rgb.set(value, [1, 3, 5].map((at) => parseInt(value.slice(at, at + 2), 16)));
  return rgb.get(value);
}

/** Draw all points; `context` is not scaled: its canvas has `ratio` pixels a CSS pixel. */
export function paintPoints(context, model, ratio) {
  const { width, height } = context.canvas;
  context.clearRect(0, 0, width, height);
  const seen = [];
  const scales = [model.across * ratio, model.down * ratio];
  for (let i = 0; i < model.count; i += 1) {
    const x = (model.x[i] - model.left) * scales[0];
    const y = (model.y[i] - model.top) * scales[1];
    if (x > -8 && y > -8 && x < width + 8 && y < height + 8) seen.push(i);
  }
  if (seen.length > MANY) paintMany(context, model, seen, scales, Math.round(1.5 * ratio));
  else paintFew(context, model, seen, scales, ratio * Math.min(5, 2 + 0.5 * Math.log2(model.zoom + 1) + (seen.length < 400 ? 1.2 : 0)));
}

function paintMany(context, model, seen, [across, down], side) {
  const { width, height } = context.canvas;
  const image = context.createImageData(width, height);
  const { data } = image;
  for (const i of seen) {
    const left = Math.round((model.x[i] - model.left) * across);
    const top = Math.round((model.y[i] - model.top) * down);
    const [r, g, b] = tint(model.cluster[i]);
    for (let y = Math.max(0, top); y < Math.min(height, top + side); y += 1) {
      for (let x = Math.max(0, left); x < Math.min(width, left + side); x += 1) {
        const at = 4 * (y * width + x);
        data[at] = r;
        data[at + 1] = g;
        data[at + 2] = b;
        data[at + 3] = Math.min(255, data[at + 3] + 110); // where many lie it is brighter
      }
    }
  }
  context.putImageData(image, 0, 0);
}

function paintFew(context, model, seen, [across, down], radius) {
  context.globalAlpha = 0.85;
  for (const i of seen) {
    context.fillStyle = colour(`map-${model.cluster[i] % TINTS}`);
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
