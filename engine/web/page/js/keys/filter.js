// The filter: its magnitude at three points of the LFO's swing over the live spectrum.

import { el } from "../dom.js";
import { panel } from "./bench.js";
import { FILTER } from "./layout.js";
import { Plot, SIZE } from "./plot.js";
import { through } from "./svg.js";
import { place, say, valueAt } from "./values.js";

const MODES = [["low", "low"], ["band", "band"], ["high", "high"], ["notch", "notch"]];
const SLOPES = [[12, "12"], [24, "24"]];
const LOWEST_HZ = 20;
const HIGHEST_HZ = 20_000;
const TOP_DB = 30;
const BOTTOM_DB = -54;

/** Where a frequency lies on the plot, 0..1. */
export const across = (hz) => Math.log(hz / LOWEST_HZ) / Math.log(HIGHEST_HZ / LOWEST_HZ);
const down = (db) => (TOP_DB - db) / (TOP_DB - BOTTOM_DB);

const GRID = [100, 1000, 10_000];

function grid() {
  let path = `M0 ${down(0) * SIZE}H${SIZE}`;
  for (const hz of GRID) path += `M${(across(hz) * SIZE).toFixed(1)} 0V${SIZE}`;
  return path;
}

export function filter(bench, spectrum) {
  const { curves } = bench;
  const plot = new Plot("Magnitude of the filter over the live spectrum of the output", spectrum);
  plot.draw("grid", grid());
  plot.node.append(
    ...["100", "1k", "10k"].map((text, i) => {
      const mark = el("span", { class: "plot-mark", text, "aria-hidden": "true" });
      mark.style.left = `${across(GRID[i]) * 100}%`;
      return mark;
    }),
  );
  curves.on(({ filter: { hz, db } }) => {
    const x = hz.map((one) => across(one) * SIZE);
    const path = (levels) => through(x, levels.map((level) => Math.min(1.02, down(level)) * SIZE));
    plot.draw("line swing", path(db[1]));
    plot.draw("line swing more", path(db[2]));
    plot.draw("area", `${path(db[0])}L${SIZE} ${SIZE}L0 ${SIZE}Z`);
    plot.draw("line", path(db[0]));
  });
  handle(bench, plot);

  const modes = bench.row("filter.mode", "kind of filter", MODES);
  const slopes = bench.row("filter.slope", "slope in dB per octave", SLOPES);
  const knobs = FILTER.map((entry) => bench.knob(entry, { name: "filter" }));
  const row = el("div", { class: "knobs" }, ...knobs.map((knob) => knob.node));
  const { node, now } = panel("filter", "Filter", plot.node, row);
  now.replaceWith(modes.node, slopes.node);
  bench.onDriven((patch, room) => {
    const swung = room && swings(patch);
    knobs[0].driven = swung;
    plot.node.classList.toggle("swung", swung);
  });
  return node;
}

/** Whether an LFO that is in step swings the cutoff. */
const swings = ({ lfos, matrix }) =>
  lfos.some(({ sync, cutoff }, i) => {
    const routed = matrix.some(({ source, target }) => source === `lfo-${i + 1}` && target === "cutoff");
    return sync !== "" && (cutoff > 0 || routed);
  });

// One handle for both: along the frequencies the cutoff, upwards the resonance.
function handle(bench, plot) {
  const { model } = bench;
  const cutoff = bench.meta("filter.cutoff");
  const resonance = bench.meta("filter.resonance", "q");
  const paths = ["filter.cutoff", "filter.resonance"];
  const octaves = Math.log(HIGHEST_HZ / LOWEST_HZ);
  let exact = null; // where the hand is: what is rounded away is not lost
  const one = plot.handle("filter cutoff and resonance", {
    move(dx, dy) {
      const hz = (exact?.hz ?? model.get(paths[0])) * Math.exp(dx * octaves);
      const turn = (exact?.turn ?? place(resonance, model.get(paths[1]))) + dy * 1.6;
      const kept = { hz: Math.min(cutoff.high, Math.max(LOWEST_HZ, hz)), turn: Math.min(1, Math.max(0, turn)) };
      if (exact) exact = kept;
      if (dx) model.set(paths[0], Number(kept.hz.toPrecision(4)));
      if (dy) model.set(paths[1], valueAt(resonance, kept.turn));
    },
    grip(held) {
      exact = held ? { hz: model.get(paths[0]), turn: place(resonance, model.get(paths[1])) } : null;
      for (const path of paths) held ? model.hold(path) : model.release(path);
    },
    reset() {
      model.set(paths[0], cutoff.default);
      model.set(paths[1], resonance.default);
    },
  });
  model.on(({ patch }) => {
    const { cutoff: hz, resonance: q, slope, mode } = patch.filter;
    const gain = mode === "band" ? 0 : mode === "notch" ? -6 : 20 * Math.log10(q) * (slope / 12);
    const words = `${say(cutoff, hz)}, ${say(resonance, q)}`;
    one.set(across(hz), Math.min(0.94, Math.max(0.06, down(gain))), words, Math.round(100 * across(hz)));
  });
}
