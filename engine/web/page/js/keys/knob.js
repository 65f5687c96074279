// A knob: drag up and down, wheel, arrow keys, double click for the default, a click on the value
// to type one.

import { el, setText } from "../dom.js";
import { manner, nudge, place, read, say, steps, valueAt } from "./values.js";
import { svg } from "./svg.js";

const SWEEP = 135; // degrees to either side of the top
const TRAVEL_PX = 180; // of a hand, from one end to the other
const FINE = 0.12;
const WHEEL = 0.025; // of the way, for a notch
const NOTCH_PX = 100;
const NOTCH_LINES = 3;
const SAME_SCROLL_MS = 280;
const LARGE = 0.1;

const RADIUS = 16;
const CENTRE = 20;

function onCircle(turn, radius) {
  const angle = ((2 * turn - 1) * SWEEP * Math.PI) / 180;
  return [CENTRE + radius * Math.sin(angle), CENTRE - radius * Math.cos(angle)].map((x) => x.toFixed(2));
}

function arc(from, to) {
  const [low, high] = from < to ? [from, to] : [to, from];
  if (high - low < 0.002) return "";
  const large = (high - low) * 2 * SWEEP > 180 ? 1 : 0;
  return `M${onCircle(low, RADIUS).join(" ")}A${RADIUS} ${RADIUS} 0 ${large} 1 ${onCircle(high, RADIUS).join(" ")}`;
}

// Scrolling the page over a knob must not turn it: a wheel belongs to what it began on.
let scrolled = { on: null, at: 0 };
function owns(node) {
  const now = performance.now();
  const mine = scrolled.on === node || now - scrolled.at > SAME_SCROLL_MS;
  scrolled = { on: mine ? node : scrolled.on, at: now };
  return mine;
}
addEventListener("wheel", (event) => {
  if (!event.target.closest?.(".knob-dial")) scrolled = { on: null, at: performance.now() };
}, { passive: true });

export class Knob {
  node;
  #dial;
  #arc;
  #hand;
  #value;
  #meta;
  #now = null;
  #words = null;
  #scrolled = 0; // notches of the wheel that have not turned it yet
  #change;
  #grip;

  /**
   * `meta`: as in values.js; `label`; `change(value)` is told of every move; `grip(held)` when a
   * hand takes it or lets go.
   */
  constructor(meta, { label = meta.label, change, grip = () => {}, small = false, title = meta.help }) {
    this.#meta = meta;
    this.#change = change;
    this.#grip = grip;
    this.#arc = svg("path", { class: "knob-arc" });
    this.#hand = svg("line", { class: "knob-hand" });
    this.#dial = svg(
      "svg",
      { viewBox: "0 0 40 40", class: "knob-dial", role: "slider", tabindex: 0, "aria-label": label },
      svg("circle", { class: "knob-disc", cx: CENTRE, cy: CENTRE, r: 11.5 }),
      svg("path", { class: "knob-track", d: arc(0, 1) }),
      this.#arc,
      this.#hand,
    );
    this.#value = el("button", { type: "button", class: "knob-value", tabindex: -1, title: "type a value" });
    this.#value.setAttribute("aria-label", `type ${label}`);
    const name = el("span", { class: "knob-label", text: meta.short ?? label, "aria-hidden": "true" });
    this.node = el("div", { class: small ? "knob knob-small" : "knob", title }, this.#dial, this.#value, name);
    if (meta.path) this.node.dataset.path = meta.path;
    this.#listen();
    this.meta = meta;
  }

  /** Another meaning: other limits, another unit. */
  set meta(meta) {
    this.#meta = meta;
    const choices = steps(meta);
    this.#dial.setAttribute("aria-valuemin", choices ? choices[0] : meta.low);
    this.#dial.setAttribute("aria-valuemax", choices ? choices.at(-1) : meta.high);
    if (this.#now !== null) this.#draw();
  }

  get value() {
    return this.#now;
  }

  set value(value) {
    if (value === this.#now) return;
    this.#now = value;
    this.#draw();
  }

  /** Out of use: something else sets what it would. */
  set idle(idle) {
    this.node.classList.toggle("idle", idle);
    this.#dial.setAttribute("aria-disabled", idle);
  }

  /** The room sets it: it takes the room's colour. */
  set driven(driven) {
    this.node.classList.toggle("driven", driven);
  }

  /** Words in the place of the value (a note value of a synced time); null: the value. */
  set words(words) {
    if (words === this.#words) return;
    this.#words = words;
    if (this.#now !== null) this.#draw();
  }

  #draw() {
    const turn = place(this.#meta, this.#now);
    const zero = this.#meta.low < 0 && !steps(this.#meta) ? place(this.#meta, 0) : 0;
    this.#arc.setAttribute("d", arc(zero, turn));
    const [x1, y1] = onCircle(turn, 5.5);
    const [x2, y2] = onCircle(turn, 10.5);
    for (const [name, at] of Object.entries({ x1, y1, x2, y2 })) this.#hand.setAttribute(name, at);
    const words = this.#words ?? say(this.#meta, this.#now);
    setText(this.#value, words);
    this.#dial.setAttribute("aria-valuenow", this.#now);
    this.#dial.setAttribute("aria-valuetext", words);
  }

  #move(value) {
    if (value === this.#now) return;
    this.value = value;
    this.#change(value);
  }

  #listen() {
    const dial = this.#dial;
    dial.addEventListener("pointerdown", (event) => this.#drag(event));
    dial.addEventListener("dblclick", () => this.#move(this.#meta.default));
    dial.addEventListener("keydown", (event) => this.#key(event));
    dial.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#value.addEventListener("click", () => this.#type());
  }

  #drag(event) {
    if (event.button !== 0) return;
    const dial = this.#dial;
    event.preventDefault(); // no text is selected, no picture dragged
    dial.focus({ preventScroll: true });
    dial.setPointerCapture(event.pointerId);
    this.node.classList.add("held");
    this.#grip(true);
    let turn = place(this.#meta, this.#now);
    let y = event.clientY;
    const move = (next) => {
      turn += ((y - next.clientY) / TRAVEL_PX) * (next.shiftKey ? FINE : 1);
      turn = Math.min(1, Math.max(0, turn));
      y = next.clientY;
      this.#move(valueAt(this.#meta, turn));
    };
    const end = () => {
      dial.removeEventListener("pointermove", move);
      dial.removeEventListener("lostpointercapture", end);
      this.node.classList.remove("held");
      this.#grip(false);
    };
    dial.addEventListener("pointermove", move);
    dial.addEventListener("lostpointercapture", end);
  }

  #turn(by) {
    let turn = place(this.#meta, this.#now) + by;
    let value = valueAt(this.#meta, turn);
    // A fine step may vanish in rounding: then the next value that differs.
    for (let tries = 0; value === this.#now && turn > 0 && turn < 1 && tries < 20; tries++) {
      turn += by;
      value = valueAt(this.#meta, turn);
    }
    this.#move(value);
  }

  // A mouse says notches, a touch pad many small parts of one.
  #wheel(event) {
    if (!owns(this.#dial)) return;
    event.preventDefault();
    const way = event.deltaY === 0 ? event.deltaX : event.deltaY; // shift turns a wheel sideways
    const notches = -way / (event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? NOTCH_PX : NOTCH_LINES);
    this.#scrolled += Math.max(-1, Math.min(1, notches));
    const stepped = steps(this.#meta) || this.#meta.whole;
    const whole = stepped ? Math.trunc(this.#scrolled) : this.#scrolled;
    if (whole === 0) return;
    this.#scrolled -= whole;
    this.#turn(whole * (stepped ? nudge(this.#meta) : WHEEL * (event.shiftKey ? FINE : 1)));
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = nudge(this.#meta) * (event.shiftKey && !steps(this.#meta) ? FINE : 1);
    const moves = {
      ArrowUp: () => this.#turn(step),
      ArrowRight: () => this.#turn(step),
      ArrowDown: () => this.#turn(-step),
      ArrowLeft: () => this.#turn(-step),
      PageUp: () => this.#turn(Math.max(LARGE, nudge(this.#meta))),
      PageDown: () => this.#turn(-Math.max(LARGE, nudge(this.#meta))),
      Home: () => this.#move(valueAt(this.#meta, 0)),
      End: () => this.#move(valueAt(this.#meta, 1)),
      Delete: () => this.#move(this.#meta.default),
      Enter: () => this.#type(),
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    moves[event.key]();
  }

  #type() {
    const words = this.#value.textContent;
    const field = el("input", { class: "knob-field", value: words, inputmode: "text", autocomplete: "off" });
    field.setAttribute("aria-label", `${this.#dial.getAttribute("aria-label")}, ${manner(this.#meta)}`);
    let open = true;
    const close = (take, refocus) => {
      if (!open) return;
      open = false;
      const typed = this.#read(field.value, words);
      field.replaceWith(this.#value);
      if (refocus) this.#dial.focus({ preventScroll: true });
      if (take && field.value !== words && !Number.isNaN(typed)) this.#move(typed);
    };
    field.addEventListener("blur", () => close(true, false));
    field.addEventListener("keydown", (event) => {
      event.stopPropagation(); // letters are no notes here
      if (event.key === "Enter") close(true, true);
      if (event.key === "Escape") close(false, true);
    });
    this.#value.replaceWith(field);
    field.focus();
    field.select();
  }

  #read(text, words) {
    // A bare number of a time or frequency is in the unit that was shown.
    const bare = /^[-+\u2212]?[\d.,]+$/.test(text.trim());
    const unit = /[a-z%°]+$/i.exec(words)?.[0] ?? "";
    return read(this.#meta, bare && (manner(this.#meta) === "s" || manner(this.#meta) === "Hz") ? text + unit : text);
  }
}
