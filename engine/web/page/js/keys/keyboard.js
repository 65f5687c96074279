// The keyboard below the rooms: its keys, strips, pedal and octaves.

import { el, setPressed, setText } from "../dom.js";
import { signs } from "../format.js";
import { sounds } from "../frames.js";
import { Bed } from "./bed.js";
import { glyphButton } from "./glyphs.js";
import { Holds } from "./holds.js";
import { strips } from "./strips.js";
import { listen } from "./typing.js";

const LEAST_WHITE_PX = 23;
const OCTAVES = [4, 3, 2]; // that are shown, as many as there is room for
const LOWEST = 0;
const HIGHEST = 120;
const HINT = "computer keys: Z X C \u2026 / Q W E \u2026, space: sustain, [ ]: octave";
const STARTS = { 4: 36, 3: 48, 2: 48 };

export function mount(section, link) {
  const holds = new Holds(link);
  const bed = new Bed(holds);
  const name = el("b", { class: "kb-name cut" });
  const count = el("span", { class: "kb-count dim" });
  const scale = el("span", { class: "kb-scale cut" });
  const pedal = el("button", { type: "button", class: "button", text: "Sustain", title: "Sustain pedal (hold the space bar)" });
  const range = el("span", { class: "kb-range" });
  const lower = glyphButton("left", "An octave lower ([)", () => shift(-1));
  const higher = glyphButton("right", "An octave higher (])", () => shift(1));
  section.append(
    el("header", { class: "kb-head" }, name, count, pedal,
      el("div", { class: "kb-octaves", role: "group", "aria-label": "Octaves" }, lower, range, higher),
      scale, el("span", { class: "kb-hint dim", text: HINT })),
    el("div", { class: "kb-body" }, strips(link), bed.node),
  );

  let octaves = 0;
  let low = null;
  const draw = () => {
    bed.range(low, low + 12 * octaves);
    setText(range, `C${low / 12 - 1}\u2013C${low / 12 - 1 + octaves}`);
    lower.disabled = low <= LOWEST;
    higher.disabled = low + 12 * octaves >= HIGHEST;
  };
  const shift = (by) => {
    const next = low + 12 * by;
    if (next < LOWEST || next + 12 * octaves > HIGHEST) return;
    low = next;
    draw();
  };
  new ResizeObserver(() => {
    const width = bed.node.clientWidth;
    const fits = OCTAVES.find((one) => width / (7 * one + 1) >= LEAST_WHITE_PX) ?? 2;
    if (fits === octaves) return;
    octaves = fits;
    low = STARTS[fits];
    draw();
  }).observe(bed.node);

  // The letters lie in the middle of what is seen.
  listen(holds, () => low + (octaves > 2 ? 12 : 0), shift);
  pedal.addEventListener("click", () => holds.pedal(!holds.sustain));
  holds.on((note) => note === null && setPressed(pedal, holds.sustain));
  setPressed(pedal, false);

  link.on("frame", (frame) => {
    bed.light(frame);
    let sounding = 0;
    let below = false;
    let above = false;
    for (let note = 0; note < 128; note++) {
      if (!sounds(frame, note)) continue;
      sounding += 1;
      below ||= note < bed.low;
      above ||= note > bed.high;
    }
    lower.classList.toggle("lit", below);
    higher.classList.toggle("lit", above);
    setText(count, `${sounding} ${sounding === 1 ? "note" : "notes"}`);
  });
  link.on("status", ({ midi, scale_notes: notes, key, tempo, snap, snapping }) => {
    setText(name, midi?.port ?? "Keyboard");
    bed.scale(notes ?? null, key?.tonic ?? null);
    const whose = tempo?.source === "deck" ? "the deck's key" : "the room's key";
    const plays = snapping ? "; every key plays one of them" : snap ? "; this patch keeps its own" : "";
    setText(scale, notes && key ? `notes of ${signs(key.name)}, ${whose}${plays}` : "");
    scale.hidden = !(notes && key);
  });
}
