// Oscillators, unison and noise, with the wave they make and what the output really does.

import { el, setText } from "../dom.js";
import { panel } from "./bench.js";
import { OSCILLATOR, UNISON } from "./layout.js";
import { Plot, SIZE } from "./plot.js";
import { through } from "./svg.js";

const WAVES = [["saw", "saw"], ["pulse", "pulse"], ["triangle", "triangle"], ["sine", "sine"]];
const HEIGHT = 0.86;

export function oscillators(bench, scope) {
  const { model, curves } = bench;
  const plot = new Plot("Wave of the oscillators over the live scope of the output", scope);
  curves.on(({ oscillators: { y } }) => {
    const x = y.map((_, i) => (i / (y.length - 1)) * SIZE);
    plot.draw("line", through(x, y.map((value) => SIZE * (0.5 - (value * HEIGHT) / 2))));
  });

  const rows = [0, 1].map((number) => {
    const owner = `oscillators.${number}`;
    const name = `oscillator ${number + 1}`;
    const waves = bench.row(`${owner}.wave`, `wave of ${name}`, WAVES, true);
    return el("div", { class: "k-line", role: "group", "aria-label": name }, waves.node,
      bench.knobs(OSCILLATOR, { owner, name }));
  });
  const word = el("span", { class: "k-word", text: "unison", "aria-hidden": "true" });
  const last = el("div", { class: "k-line", role: "group", "aria-label": "unison and noise" }, word,
    bench.knobs(UNISON));

  const { node, now } = panel("oscillators", "Oscillators", plot.node, ...rows, last);
  model.on(({ patch }) => {
    const heard = patch.oscillators.filter(({ level }) => level > 0).map(({ wave }) => wave);
    if (patch.noise > 0) heard.push("noise");
    const kit = Object.keys(patch.drums ?? {}).length > 0;
    setText(now, kit ? "each key its own sound" : heard.join(" + ") || "silent");
    rows.forEach((row, i) => row.classList.toggle("off", patch.oscillators[i].level === 0));
  });
  return node;
}
