// What lies around the voice: space, arpeggiator, the way it is played, the matrix.

import { el } from "../dom.js";
import { panel } from "./bench.js";
import { tabs } from "./choice.js";
import { ARPEGGIO, FOLLOW, noteWords, SPACE, VOICE } from "./layout.js";
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

function toggle(model, part, name, words, label) {
  const box = el("input", { type: "checkbox", role: "switch", class: "switch", "aria-label": label });
  box.addEventListener("change", () => model.set(`${part}.${name}`, box.checked));
  model.on(({ patch }) => {
    box.checked = patch[part][name];
  });
  return el("label", { class: "k-field" }, el("span", { text: words }), box);
}

function arpeggio(bench) {
  const { model } = bench;
  const mode = bench.list("arpeggio.mode", "arpeggiator", ARP_MODES);
  const rate = bench.noteValues("arpeggio.rate", "length of a step");
  const hold = toggle(model, "arpeggio", "hold", "hold", "arpeggiator holds");
  bench.onDriven((patch, room) => rate.node.classList.toggle("driven", room && patch.arpeggio.mode !== "off"));
  return el(
    "div",
    { class: "k-sheet k-fields" },
    field("goes", mode),
    field("step", rate),
    el("div", { class: "knobs" }, ...ARPEGGIO.map((entry) => bench.knob(entry, { name: "arpeggio" }).node)),
    hold,
  );
}

function voice(bench) {
  const playing = bench.row("playing", "several notes or one", PLAYING);
  const room = FOLLOW.map(([name, words]) => toggle(bench.model, "follow", name, words, `${words} of the room`));
  return el("div", { class: "k-sheet k-fields" }, playing.node, bench.knobs(VOICE), ...room);
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
