// The two envelopes. Their shapes come from the engine; each stage is as wide as its knob is
// turned, so that a millisecond and a minute are both seen, and the whole fills the plot.

import { el } from "../dom.js";
import { panel } from "./bench.js";
import { tabs } from "./choice.js";
import { ENVELOPE } from "./layout.js";
import { Plot, SIZE } from "./plot.js";
import { through } from "./svg.js";
import { place, say, valueAt } from "./values.js";

const HELD = 0.16; // as wide as a knob at this part of its way
const ROOM = 0.97; // of the plot's width that is filled
const TOP = 0.06;

/** What the curves are asked for: stages of a second each, seen at their full width. */
export function evenStages(envelope) {
  return { ...envelope, attack: 1, decay: 1, release: 1.48 };
}

/** Where the stages of an envelope end, in the units of knobs. */
function ends(bench, name) {
  const envelope = bench.model.patch[name];
  const width = (stage) => place(bench.meta(`${name}.${stage}`), envelope[stage]);
  const attack = width("attack");
  const decay = attack + width("decay");
  const held = decay + HELD;
  return { attack, decay, held, release: held + width("release") };
}

/** The scale of one plot: it stands still while a handle is dragged, or the hand would lose it. */
class Scale {
  #bench;
  #name;
  #held = false;
  #scale = 1;

  constructor(bench, name) {
    this.#bench = bench;
    this.#name = name;
  }

  hold(held) {
    this.#held = held;
  }

  /** Parts of the plot's width for a whole turn of a knob. */
  get scale() {
    if (!this.#held) this.#scale = ROOM / ends(this.#bench, this.#name).release;
    return this.#scale;
  }

  /** Where the stages end, 0..1 from the left. */
  get ends() {
    const { scale } = this;
    return Object.fromEntries(Object.entries(ends(this.#bench, this.#name)).map(([stage, at]) => [stage, at * scale]));
  }
}

const height = (level) => TOP + (1 - TOP) * (1 - level);

function draw(plot, at, curve) {
  const asked = evenStages({});
  const held_s = curve.gate_s - asked.attack - asked.decay;
  const x = curve.t.map((t) => {
    if (t < asked.attack) return at.attack * (t / asked.attack);
    const since = t - asked.attack;
    if (since < asked.decay) return at.attack + (at.decay - at.attack) * (since / asked.decay);
    if (t < curve.gate_s) return at.decay + (at.held - at.decay) * ((since - asked.decay) / held_s);
    return at.held + (at.release - at.held) * Math.min(1, (t - curve.gate_s) / asked.release);
  });
  const xs = [...x.map((one) => one * SIZE), at.release * SIZE];
  const ys = [...curve.y.map((level) => height(level) * SIZE), SIZE];
  const path = through(xs, ys);
  plot.draw("area", `${path}Z`);
  plot.draw("line", path);
}

function handles(bench, plot, name, words, scale, redraw) {
  const { model } = bench;
  const metas = Object.fromEntries(ENVELOPE.map(([stage]) => [stage, bench.meta(`${name}.${stage}`)]));
  const stretch = (stage, way) => {
    const meta = metas[stage];
    const path = `${name}.${stage}`;
    const turn = place(meta, model.get(path)) + way;
    model.set(path, valueAt(meta, Math.min(1, Math.max(0, turn))));
  };
  const lift = (dy) => stretch("sustain", dy / (1 - TOP));
  const grip = (...stages) => (held) => {
    scale.hold(held);
    if (!held) redraw();
    for (const stage of stages) held ? model.hold(`${name}.${stage}`) : model.release(`${name}.${stage}`);
  };
  const back = (...stages) => () => {
    for (const stage of stages) model.set(`${name}.${stage}`, metas[stage].default);
  };
  const attack = plot.handle(`${words} attack`, {
    move: (dx) => dx && stretch("attack", dx / scale.scale), grip: grip("attack"), reset: back("attack"),
  });
  const decay = plot.handle(`${words} decay and sustain`, {
    move: (dx, dy) => {
      if (dx) stretch("decay", dx / scale.scale);
      if (dy) lift(dy);
    },
    grip: grip("decay", "sustain"),
    reset: back("decay", "sustain"),
  });
  const release = plot.handle(`${words} release`, {
    move: (dx) => dx && stretch("release", dx / scale.scale), grip: grip("release"), reset: back("release"),
  });
  return () => {
    const envelope = model.patch[name];
    const at = scale.ends;
    const said = (stage) => say(metas[stage], envelope[stage]);
    attack.set(at.attack, TOP, said("attack"), Math.round(at.attack * 100));
    decay.set(at.decay, height(envelope.sustain), `${said("decay")}, ${said("sustain")}`, Math.round(at.decay * 100));
    release.set(at.release, 1, said("release"), Math.round(at.release * 100));
  };
}

export function envelopes(bench) {
  const { model, curves } = bench;
  const sheets = {};
  for (const [name, words, title] of [
    ["amplitude", "amplitude envelope", "Amplitude"],
    ["modulation", "modulation envelope", "Modulation"],
  ]) {
    const plot = new Plot(`Shape of the ${words}`);
    const scale = new Scale(bench, name);
    let showHandles = () => {};
    const redraw = () => {
      if (!model.patch) return;
      showHandles();
      if (curves.curves) draw(plot, scale.ends, curves.curves[name]);
    };
    showHandles = handles(bench, plot, name, words, scale, redraw);
    curves.on(redraw);
    model.on(redraw);
    sheets[title] = el("div", { class: "k-sheet" }, plot.node, bench.knobs(ENVELOPE, { owner: name, name: words }));
  }
  const { bar, stack } = tabs("Envelopes", sheets);
  const { node } = panel("envelopes", bar, stack);
  return node;
}
