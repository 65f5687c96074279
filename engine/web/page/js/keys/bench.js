// What the panels are built with: knobs, lists and rows that belong to paths of the patch.

import { el } from "../dom.js";
import { List, Row } from "./choice.js";
import { Knob } from "./knob.js";
import { NOTE_VALUES, noteWords } from "./layout.js";

export class Bench {
  link;
  model;
  curves;
  #parameters;
  #driven = false;
  #onDriven = new Set();

  constructor(link, model, curves, parameters) {
    this.link = link;
    this.model = model;
    this.curves = curves;
    this.#parameters = new Map(parameters.map((meta) => [meta.path, meta]));
    link.on("status", ({ tempo, follow_beat }) => {
      const music = tempo?.source === "room" || tempo?.source === "deck"; // a MIDI clock is no music
      const driven = Boolean(tempo?.locked && music && follow_beat);
      if (driven === this.#driven) return;
      this.#driven = driven;
      for (const run of this.#onDriven) run();
    });
  }

  /** Call `run(patch, room)` whenever the patch changes, or the room takes the beat or leaves it. */
  onDriven(run) {
    const tell = () => this.model.patch && run(this.model.patch, this.#driven);
    this.#onDriven.add(tell);
    this.model.on(tell);
  }

  /** What the server says of a parameter; `as`: how it is shown. */
  meta(path, as) {
    const meta = { ...this.#parameters.get(path) };
    if (as) meta.as = as;
    if (as === "octave" || as === "count") meta.whole = true;
    return meta;
  }

  /** A knob for a path: [path, label, as]; `owner` goes before a short path and its label. */
  knob([path, short, as], { owner = "", name = "" } = {}) {
    const full = owner ? `${owner}.${path}` : path;
    const meta = { ...this.meta(full, as), short };
    const knob = new Knob(meta, {
      label: name ? `${name} ${short}` : short,
      change: (value) => this.model.set(full, value),
      grip: (held) => (held ? this.model.hold(full) : this.model.release(full)),
    });
    this.model.on(() => {
      const value = this.model.get(full);
      if (typeof value === "number") knob.value = value;
    });
    return knob;
  }

  /** Knobs side by side. */
  knobs(entries, options) {
    const knobs = entries.map((entry) => this.knob(entry, options));
    return el("div", { class: "knobs" }, ...knobs.map(({ node }) => node));
  }

  #bind(path, control) {
    this.model.on(() => {
      control.value = this.model.get(path);
    });
    return control;
  }

  list(path, label, options) {
    return this.#bind(path, new List(label, options, (value) => this.model.set(path, value)));
  }

  row(path, label, options, drawn = false) {
    return this.#bind(path, new Row(label, options, (value) => this.model.set(path, value), { drawn }));
  }

  /** A list of note values; `free` is what none of them is called, if there may be none. */
  noteValues(path, label, free = null) {
    const values = NOTE_VALUES.map((value) => [value, noteWords(value)]);
    return this.list(path, label, free === null ? values : [["", free], ...values]);
  }
}

/** A panel: a heading, what it is set to now, and its content. */
export function panel(name, heading, ...content) {
  const title = typeof heading === "string" ? el("h3", { text: heading }) : heading;
  const now = el("span", { class: "k-now cut" });
  const node = el("section", { class: `k-panel well k-${name}` }, el("header", { class: "k-head" }, title, now), ...content);
  node.setAttribute("aria-label", name);
  return { node, now };
}
