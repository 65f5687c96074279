// What lies around the voice: space, arpeggiator, the way it is played, the matrix.

import { el } from "../dom.js";
import { panel } from "./bench.js";
import { tabs } from "./choice.js";
import { ARPEGGIO, noteWords, SPACE, VOICE } from "./layout.js";
import { matrix } from "./matrix.js";

const ARP_MODES = ["off", "up", "down", "up-down", "random", "order", "chord"].map((mode) => [mode, mode]);
const PLAYING = [["poly", "poly"], ["mono", "mono"], ["legato", "legato"]];

const field = (words, control) => el("label", { class: "k-field" }, el("span", { text: words }), control.node);

function space(bench) {
  const knobs = SPACE.map((entry) => bench.knob(entry, { name: entry[0].split(".")[0] }));
  const time = knobs[SPACE.findIndex(([path]) => path === "delay.time")];
  const sync = bench.noteValues("delay.sync", "echoes in step with the beat", "free");
  bench.onDriven((patch, room) => {
    const value = patch.delay.sync;
    time.idle = value !== "";
    time.words = value === "" ? null : noteWords(value);
    time.driven = room && value !== "";
    sync.node.classList.toggle("driven", room && value !== "");
  });
  const nodes = knobs.map(({ node }) => node);
  return el(
    "div",
    { class: "k-sheet k-space" },
    el("div", { class: "knobs", role: "group", "aria-label": "chorus" }, ...nodes.slice(0, 3)),
    el("div", { class: "knobs", role: "group", "aria-label": "reverb" }, ...nodes.slice(3, 6)),
    el("div", { class: "knobs", role: "group", "aria-label": "delay" }, ...nodes.slice(6)),
    field("echoes", sync),
  );
}

function arpeggio(bench) {
  const { model } = bench;
  const mode = bench.list("arpeggio.mode", "arpeggiator", ARP_MODES);
  const rate = bench.noteValues("arpeggio.rate", "length of a step");
  const hold = el("input", { type: "checkbox", role: "switch", class: "switch", "aria-label": "arpeggiator holds" });
  hold.addEventListener("change", () => model.set("arpeggio.hold", hold.checked));
  model.on(({ patch }) => {
    hold.checked = patch.arpeggio.hold;
  });
  bench.onDriven((patch, room) => rate.node.classList.toggle("driven", room && patch.arpeggio.mode !== "off"));
  return el(
    "div",
    { class: "k-sheet k-fields" },
    field("goes", mode),
    field("step", rate),
    el("div", { class: "knobs" }, ...ARPEGGIO.map((entry) => bench.knob(entry, { name: "arpeggio" }).node)),
    el("label", { class: "k-field" }, el("span", { text: "hold" }), hold),
  );
}

function voice(bench) {
  const playing = bench.row("playing", "several notes or one", PLAYING);
  return el("div", { class: "k-sheet k-fields" }, playing.node, bench.knobs(VOICE));
}

export function more(bench) {
  const routes = matrix(bench);
  const sheets = { Space: space(bench), Arp: arpeggio(bench), Voice: voice(bench), Matrix: routes.node };
  const { bar, buttons, stack } = tabs("Space, arpeggiator, voice, matrix", sheets);
  bench.model.on(({ patch }) => {
    buttons[1].classList.toggle("lit", patch.arpeggio.mode !== "off");
    const count = patch.matrix.length;
    buttons[3].textContent = count ? `Matrix ${count}` : "Matrix";
  });
  return panel("more", bar, stack).node;
}
