// One deck: name, state, waveform. The deck in the foreground is a slider: click or arrows seek.

import { el, setText } from "./dom.js";
import { clock, named, signed } from "./format.js";
import { Wave } from "./wave.js";

const STATES = { empty: "", loading: "loading", cued: "ready", playing: "", paused: "paused", ending: "fading out" };
const STEP_S = 5;
const PAGE_S = 30;

export class Deck {
  #status = null;
  #front = false;
  #wave;
  #seek;
  #letter;

  /** Build the deck `letter` in `node`; `seek(position_s)` is called for the foreground. */
  constructor(node, link, letter, seek) {
    this.node = node;
    this.link = link;
    this.#seek = seek;
    this.#letter = letter;
    this.title = el("span", { class: "deck-title cut" });
    this.state = el("span", { class: "deck-state dim" });
    this.time = el("span", { class: "deck-time" });
    this.canvas = el("canvas", { class: "wave", role: "slider", "aria-orientation": "horizontal" });
    this.meter = el("i", { class: "deck-meter", "aria-hidden": "true" });
    node.append(
      el("p", { class: "deck-head" }, el("b", { class: "deck-letter", text: letter }), this.title, this.state, this.time),
      el("div", { class: "deck-wave" }, this.meter, this.canvas),
    );
    this.#wave = new Wave(link, this.canvas, "coral");
    this.canvas.addEventListener("pointerdown", (event) => this.#press(event));
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Seconds; 0 when it has no track. */
  get duration() {
    return this.#status?.track ? (this.#status.duration_s ?? this.#status.track.duration_s ?? 0) : 0;
  }

  get position() {
    const { position_s, at, state } = this.#status;
    const moves = state === "playing" || state === "ending";
    const now = position_s + (moves ? this.link.sinceMs(at) / 1000 : 0);
    return Math.min(now, this.duration || now);
  }

  /** Seconds until the end of its track; null when it has none. */
  get remaining() {
    const { duration } = this;
    return duration ? Math.max(0, duration - this.position) : null;
  }

  show(status, front) {
    this.#status = status;
    this.#front = front;
    const { track, state, gain_db } = status;
    this.node.classList.toggle("front", front);
    setText(this.title, track ? track.title : "empty");
    this.title.title = track ? named(track) : "";
    this.title.classList.toggle("dim", !track);
    const gain = track && Math.abs(gain_db) >= 0.05 ? `${signed(gain_db, 1)} dB` : "";
    setText(this.state, STATES[state] || gain);
    this.canvas.setAttribute("aria-label", `Position in deck ${this.#letter}${track ? `, ${track.title}` : ", empty"}`);
    this.canvas.setAttribute("aria-disabled", String(!(front && track)));
    this.canvas.tabIndex = front && track ? 0 : -1;
    this.#wave.show(track ? track.id : null);
  }

  /** Move what moves; `startsIn`: seconds until this deck begins, or null. */
  tick(startsIn) {
    if (!this.#status) return;
    const { track, state } = this.#status;
    const { duration, position } = this;
    this.#wave.at(duration ? position / duration : 0);
    const waits = state === "cued" || state === "loading";
    if (!track) setText(this.time, "");
    else if (waits) setText(this.time, startsIn === null ? clock(duration) : `in ${clock(startsIn)}`);
    else setText(this.time, `${clock(position)} / ${clock(duration)}`);
    const whole = Math.round(position);
    if (this.canvas.ariaValueNow === String(whole)) return;
    this.canvas.setAttribute("aria-valuemin", "0");
    this.canvas.setAttribute("aria-valuemax", String(Math.round(duration)));
    this.canvas.setAttribute("aria-valuenow", String(whole));
    this.canvas.setAttribute("aria-valuetext", track ? `${clock(position)} of ${clock(duration)}` : "empty");
  }

  /** 0..255: -72..0 dBFS. */
  level(value) {
    const step = Math.round(value / 4);
    if (step === this.shownLevel) return;
    this.shownLevel = step;
    this.meter.style.transform = `scaleY(${step / 64})`;
  }

  #to(position) {
    const { duration } = this;
    if (!this.#front || !duration) return;
    this.#seek(Math.min(duration - 0.5, Math.max(0, position)));
  }

  #press(event) {
    if (event.button !== 0) return;
    const box = this.canvas.getBoundingClientRect();
    this.#to(((event.clientX - box.left) / box.width) * this.duration);
  }

  #key(event) {
    const by = { ArrowRight: STEP_S, ArrowUp: STEP_S, ArrowLeft: -STEP_S, ArrowDown: -STEP_S, PageUp: PAGE_S, PageDown: -PAGE_S }[event.key];
    if (by) this.#to(this.position + by);
    else if (event.key === "Home") this.#to(0);
    else return;
    event.preventDefault();
  }
}
