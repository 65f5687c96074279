// A plot: lines over a drawing surface of 0..1000 by 0..1000, and handles one can drag.

import { el } from "../dom.js";
import { svg } from "./svg.js";

export const SIZE = 1000;
const STEP = 0.01;
const FINE = 0.15;

export class Plot {
  node;
  #lines = new Map();
  #drawing;

  /** `under`: what lies below the lines (a canvas); `label` tells screen readers what is drawn. */
  constructor(label, under = null) {
    this.#drawing = svg("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, preserveAspectRatio: "none", class: "plot-lines" });
    this.#drawing.setAttribute("role", "img");
    this.#drawing.setAttribute("aria-label", label);
    this.node = el("div", { class: "plot" }, under, this.#drawing);
  }

  /** Draw a line of that class; a class with "area" in it is filled. */
  draw(kind, path) {
    let line = this.#lines.get(kind);
    if (!line) {
      line = svg("path", { class: kind });
      this.#lines.set(kind, line);
      this.#drawing.append(line);
    }
    line.setAttribute("d", path);
  }

  /**
   * Add a handle: `move(dx, dy)` is told of ways in parts of the plot, right and up positive;
   * `grip(held)` as of a knob.
   */
  handle(label, { move, grip = () => {}, reset = () => {} }) {
    const node = el("div", { class: "plot-handle", role: "slider", tabindex: 0, "aria-label": label });
    node.addEventListener("pointerdown", (event) => this.#drag(node, event, move, grip));
    node.addEventListener("dblclick", reset);
    node.addEventListener("keydown", (event) => {
      const ways = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      const way = ways[event.key];
      if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      const step = event.shiftKey ? STEP * FINE : STEP;
      move(way[0] * step, way[1] * step);
    });
    this.node.append(node);
    return {
      /** Put it at a place, 0..1 from the left and from the top, and say where that is. */
      set(x, y, words, now) {
        node.style.left = `${Math.min(1, Math.max(0, x)) * 100}%`;
        node.style.top = `${Math.min(1, Math.max(0, y)) * 100}%`;
        node.setAttribute("aria-valuetext", words);
        node.setAttribute("aria-valuenow", now);
        node.setAttribute("aria-valuemin", 0);
        node.setAttribute("aria-valuemax", 100);
      },
    };
  }

  #drag(node, event, move, grip) {
    if (event.button !== 0) return;
    event.preventDefault();
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    node.classList.add("held");
    grip(true);
    let { clientX: x, clientY: y } = event;
    const drag = (next) => {
      const { width, height } = this.node.getBoundingClientRect();
      const fine = next.shiftKey ? FINE : 1;
      move(((next.clientX - x) / width) * fine, ((y - next.clientY) / height) * fine);
      ({ clientX: x, clientY: y } = next);
    };
    const end = () => {
      node.removeEventListener("pointermove", drag);
      node.removeEventListener("lostpointercapture", end);
      node.classList.remove("held");
      grip(false);
    };
    node.addEventListener("pointermove", drag);
    node.addEventListener("lostpointercapture", end);
  }
}
