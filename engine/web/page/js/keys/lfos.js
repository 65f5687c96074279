// The two LFOs. One that is in step shows where the beat is in its swing, and takes the room's
// colour when the room gives that beat.

import { el, setText } from "../dom.js";
import { panel } from "./bench.js";
import { tabs } from "./choice.js";
import { beats, LFO_DEPTH, LFO_TIME, noteWords } from "./layout.js";
import { Plot, SIZE } from "./plot.js";
import { through } from "./svg.js";

const SHAPES = ["sine", "triangle", "saw", "square", "sample-and-hold"].map((shape) => [shape, shape]);
const SWINGS = 2;
const HEIGHT = 0.84;

function lfo(bench, number) {
  const { curves, link } = bench;
  const owner = `lfos.${number}`;
  const name = `LFO ${number + 1}`;
  const plot = new Plot(`Swing of ${name}`);
  plot.draw("grid", `M0 ${SIZE / 2}H${SIZE}`);
  curves.on(({ lfos }) => {
    const { y } = lfos[number];
    const count = y.length * SWINGS;
    const x = Array.from({ length: count + 1 }, (_, i) => (i / count) * SIZE);
    plot.draw("line", through(x, x.map((_, i) => SIZE * (0.5 - (y[i % y.length] * HEIGHT) / 2))));
  });

  const now = el("i", { class: "plot-now" });
  plot.node.append(now);
  const shape = bench.row(`${owner}.shape`, `shape of ${name}`, SHAPES, true);
  const sync = bench.noteValues(`${owner}.sync`, `${name} in step with the beat`, "free");
  const time = LFO_TIME.map((entry) => bench.knob(entry, { owner, name }));
  const [rate] = time;
  const sheet = el(
    "div",
    { class: "k-sheet" },
    plot.node,
    el("div", { class: "k-line k-picks" }, shape.node, sync.node),
    el("div", { class: "knobs" }, ...time.map(({ node }) => node)),
    bench.knobs(LFO_DEPTH, { owner, name: `${name} to` }),
  );

  let value = "";
  let driven = false;
  bench.onDriven((patch, room) => {
    value = patch.lfos[number].sync;
    driven = room && value !== "";
    rate.idle = value !== "";
    rate.words = value === "" ? null : noteWords(value);
    now.hidden = value === "";
    sheet.classList.toggle("driven", driven);
  });
  link.on("frame", ({ beat }) => {
    if (now.hidden || sheet.classList.contains("away")) return;
    const swings = beat / beats(value);
    now.style.transform = `translateX(${((((swings % SWINGS) + SWINGS) % SWINGS) / SWINGS) * 100}%)`;
  });
  const words = () => (value === "" ? "free" : driven ? "room's beat" : "on the beat");
  return { sheet, words, driven: () => driven };
}

export function lfos(bench) {
  const both = [lfo(bench, 0), lfo(bench, 1)];
  let shown = 0;
  let say = () => {};
  const { bar, stack } = tabs("LFOs", { "LFO 1": both[0].sheet, "LFO 2": both[1].sheet }, (index) => {
    shown = index;
    say();
  });
  const { node, now } = panel("lfos", bar, stack);
  say = () => {
    if (!bench.model.patch) return;
    setText(now, both[shown].words());
    now.classList.toggle("driven", both[shown].driven());
  };
  bench.onDriven(say);
  return node;
}
