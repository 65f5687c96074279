// The keys one sees: where each lies, what lights it, and fingers on them.

import { el } from "../dom.js";
import { sounds } from "../frames.js";

const BLACK = [1, 3, 6, 8, 10];
// Black keys stand where fingers expect them: not in the middle between their neighbours.
const LEAN = { 1: -0.11, 3: 0.11, 6: -0.14, 8: 0, 10: 0.14 };
const BLACK_WIDTH = 0.58;
const BLACK_HEIGHT = 0.62;
const SOFTEST = 28;

const black = (note) => BLACK.includes(note % 12);

export class Bed {
  node;
  low = 36;
  high = 84;
  #holds;
  #keys = new Map(); // note -> {node, left, width}: parts of the bed's width
  #lit = new Set();
  #scale = null;
  #tonic = null;

  constructor(holds) {
    this.#holds = holds;
    this.node = el("div", { class: "bed", role: "application", tabindex: 0 });
    this.node.setAttribute(
      "aria-label",
      "Piano keys. Letters play notes: Z X C and on for the lower row, Q W E for the upper one.",
    );
    holds.on((note, held) => this.#keys.get(note)?.node.classList.toggle("down", held));
    this.node.addEventListener("pointerdown", (event) => this.#down(event));
    this.node.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      this.node.addEventListener(end, ({ pointerId }) => holds.release(`finger ${pointerId}`));
    }
    this.node.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch
  }

  /** Show the keys from `low` to `high`, both white. */
  range(low, high) {
    this.low = low;
    this.high = high;
    const notes = Array.from({ length: high - low + 1 }, (_, i) => low + i);
    const whites = notes.filter((note) => !black(note)).length;
    this.#keys.clear();
    let next = 0;
    for (const note of notes) {
      const width = (black(note) ? BLACK_WIDTH : 1) / whites;
      const left = black(note) ? (next - BLACK_WIDTH / 2 + LEAN[note % 12]) / whites : next / whites;
      const colour = black(note) ? "key key-black" : "key key-white";
      const node = el("div", { class: colour, data: { note } }, el("i", { class: "key-dot" }));
      if (note % 12 === 0) node.append(el("span", { class: "key-name", text: `C${note / 12 - 1}` }));
      node.style.left = `${left * 100}%`;
      node.style.width = `${width * 100}%`;
      this.#keys.set(note, { node, left, width });
      if (!black(note)) next += 1;
    }
    const inOrder = [...notes.filter((note) => !black(note)), ...notes.filter(black)];
    this.node.replaceChildren(...inOrder.map((note) => this.#keys.get(note).node));
    this.#lit.clear();
    this.#dots();
  }

  /** Dot the notes of a scale (pitch classes), the root stronger; null: none. */
  scale(classes, tonic) {
    this.#scale = classes;
    this.#tonic = tonic;
    this.#dots();
  }

  #dots() {
    for (const [note, { node }] of this.#keys) {
      node.classList.toggle("in-scale", this.#scale?.includes(note % 12) ?? false);
      node.classList.toggle("root", this.#tonic === note % 12 && this.#scale !== null);
    }
  }

  /** Light the keys that sound in a frame. */
  light(frame) {
    for (const [note, { node }] of this.#keys) {
      const on = sounds(frame, note) === 1;
      if (on === this.#lit.has(note)) continue;
      node.classList.toggle("lit", on);
      if (on) this.#lit.add(note);
      else this.#lit.delete(note);
    }
  }

  // Computed, not looked up in the page: fast, and the same between two keys of a glissando.
  #under({ clientX, clientY }) {
    const box = this.node.getBoundingClientRect();
    const x = (clientX - box.left) / box.width;
    const y = (clientY - box.top) / box.height;
    if (x < 0 || x >= 1 || y < 0 || y >= 1) return null;
    let found = null;
    for (const [note, { left, width }] of this.#keys) {
      if (x < left || x >= left + width) continue;
      if (black(note) && y >= BLACK_HEIGHT) continue;
      if (found === null || black(note)) found = note;
    }
    if (found === null) return null;
    const way = black(found) ? y / BLACK_HEIGHT : y;
    return { note: found, velocity: Math.round(SOFTEST + (127 - SOFTEST) * Math.min(1, way * 1.12)) };
  }

  #down(event) {
    if (event.button !== 0) return;
    const at = this.#under(event);
    if (!at) return;
    event.preventDefault();
    this.node.focus({ preventScroll: true });
    this.node.setPointerCapture(event.pointerId);
    this.#holds.strike(`finger ${event.pointerId}`, at.note, at.velocity);
  }

  #move(event) {
    const holder = `finger ${event.pointerId}`;
    const held = this.#holds.of(holder);
    if (held === undefined) return;
    const at = this.#under(event);
    if (at && at.note !== held) this.#holds.strike(holder, at.note, at.velocity);
  }
}
