// Waveforms of tracks: fetched once, drawn as bars, coloured as far as the music has come.

import { canvas, colour } from "./draw.js";

const BARS = 400;
const KEEP = 48;
const known = new Map(); // track id -> promise of {peak, rms, duration_s}, oldest first

function waveform(link, id) {
  const wave = known.get(id) ?? link.get(`/api/tracks/${id}/waveform?bars=${BARS}`);
  known.delete(id);
  known.set(id, wave);
  wave.catch(() => known.delete(id));
  if (known.size > KEEP) known.delete(known.keys().next().value);
  return wave;
}

/** The largest of `values` between two places of 0..1. */
function largest(values, from, to) {
  const end = Math.max(Math.floor(from * values.length) + 1, Math.ceil(to * values.length));
  let most = 0;
  for (let i = Math.floor(from * values.length); i < end && i < values.length; i += 1) {
    most = Math.max(most, values[i]);
  }
  return most;
}

export class Wave {
  #link;
  #hue;
  #id = null;
  #data = null;
  #place = 0; // 0..1 of the track
  #drawn = -1;
  #paint;
  #node;

  /** `hue`: the custom property that colours what has been played. */
  constructor(link, node, hue) {
    this.#link = link;
    this.#hue = hue;
    this.#node = node;
    this.#paint = canvas(node, (context, width, height) => this.#draw(context, width, height));
  }

  /** Show the waveform of a track; null shows none. */
  async show(id) {
    if (id === this.#id) return;
    this.#id = id;
    this.#data = null;
    this.#place = 0;
    this.#paint();
    if (id === null) return;
    try {
      const data = await waveform(this.#link, id);
      if (id !== this.#id) return;
      this.#data = data;
    } catch {
      // A track whose file is away has no waveform; its line stays flat.
    }
    this.#paint();
  }

  /** Colour it up to `place`, 0..1; drawn only when that moves by a pixel. */
  at(place) {
    this.#place = Math.min(1, Math.max(0, place || 0));
    const pixel = Math.round(this.#place * this.#node.clientWidth * 2);
    if (pixel === this.#drawn) return;
    this.#drawn = pixel;
    this.#paint();
  }

  #draw(context, width, height) {
    const step = 3;
    const bars = Math.floor((width + 1) / step);
    const middle = height / 2;
    const reached = this.#place * width;
    const played = colour(this.#hue);
    const coming = colour("wave");
    for (let i = 0; i < bars; i += 1) {
      const peak = this.#data ? largest(this.#data.peak, i / bars, (i + 1) / bars) / 255 : 0;
      const rms = this.#data ? largest(this.#data.rms, i / bars, (i + 1) / bars) / 255 : 0;
      const x = i * step;
      context.fillStyle = x + 1 <= reached ? played : coming;
      context.globalAlpha = 0.5;
      const tall = Math.max(0.5, peak * (middle - 1));
      context.fillRect(x, middle - tall, 2, 2 * tall);
      context.globalAlpha = 1;
      const body = Math.max(0.5, rms * (middle - 1));
      context.fillRect(x, middle - body, 2, 2 * body);
    }
    if (this.#id !== null && reached > 0) {
      context.fillStyle = colour("ink");
      context.fillRect(Math.min(width - 1.5, Math.max(0, reached - 0.75)), 0, 1.5, height);
    }
  }
}
