// The live scope and the live spectrum, below the curves they belong to.

import { el } from "../dom.js";
import { across } from "./filter.js";

const LOW_HZ = 40;
const HIGH_HZ = 18_000;
const FALL = 0.82; // of a peak that is left a frame later

/** A canvas as sharp as the screen, and the colours of the page as they are now. */
class Screen {
  canvas;
  #colours = {};
  #inView = false;

  constructor(label) {
    this.canvas = el("canvas", { class: "plot-live", "aria-hidden": "true", title: label });
    new ResizeObserver(() => this.#fit()).observe(this.canvas);
    new IntersectionObserver((entries) => {
      this.#inView = entries.at(-1).isIntersecting;
    }).observe(this.canvas);
    document.addEventListener("theme", () => {
      this.#colours = {};
    });
  }

  get pen() {
    return this.canvas.getContext("2d");
  }

  colour(name) {
    this.#colours[name] ??= getComputedStyle(this.canvas).getPropertyValue(name).trim();
    return this.#colours[name];
  }

  /** Whether anybody can see what is drawn. */
  get seen() {
    return this.#inView && !document.hidden;
  }

  #fit() {
    const { width, height } = this.canvas.getBoundingClientRect();
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(height * devicePixelRatio);
  }
}

export function scope(link) {
  const screen = new Screen("scope of the output");
  let quiet = false;
  link.on("frame", ({ scope: samples }) => {
    if (!screen.seen) return;
    const loudest = samples.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
    if (loudest === 0 && quiet) return;
    quiet = loudest === 0;
    const { width, height } = screen.canvas;
    const pen = screen.pen;
    pen.clearRect(0, 0, width, height);
    if (quiet) return;
    // Soft sounds are seen too: the picture is as high as the sound is loud, but not in proportion.
    const gain = (0.46 * height * (loudest / 127) ** 0.4) / loudest;
    pen.beginPath();
    for (let i = 0; i < samples.length; i++) {
      const x = (i / (samples.length - 1)) * width;
      pen.lineTo(x, height / 2 - samples[i] * gain);
    }
    pen.lineWidth = 1.2 * devicePixelRatio;
    pen.lineJoin = "round";
    pen.strokeStyle = screen.colour("--scope");
    pen.stroke();
  });
  return screen.canvas;
}

export function spectrum(link) {
  const screen = new Screen("spectrum of the output");
  const left = across(LOW_HZ);
  const span = across(HIGH_HZ) - left;
  let held = null;
  link.on("frame", ({ output }) => {
    if (!screen.seen) return;
    held ??= new Float32Array(output.length);
    let any = false;
    for (let i = 0; i < output.length; i++) {
      held[i] = Math.max(output[i], held[i] * FALL);
      any ||= held[i] > 1;
    }
    const { width, height } = screen.canvas;
    const pen = screen.pen;
    pen.clearRect(0, 0, width, height);
    if (!any) return;
    const step = (span / (output.length - 1)) * width;
    const bar = Math.max(1, step - devicePixelRatio);
    pen.fillStyle = screen.colour("--spectrum");
    for (let i = 0; i < output.length; i++) {
      const level = (held[i] / 255) * height * 0.94;
      pen.fillRect(left * width + i * step - bar / 2, height - level, bar, level);
    }
  });
  return screen.canvas;
}
