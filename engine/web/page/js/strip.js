// How things stand: tempo and key with their source, the recording, the callback's figures.

import { find, setPressed, setText } from "./dom.js";
import { still } from "./draw.js";
import { clock, fixed, signed, signs } from "./format.js";
import { mountMeters } from "./meters.js";

const NUDGE_MS = 5;
const SOURCES = {
  own: "our own",
  room: "near the room",
  deck: "from the deck",
  tap: "as tapped",
  midi: "from MIDI",
};
const STANDING = {
  connecting: "",
  open: "",
  lost: "Connection lost. The music may still be playing; trying again.",
  refused: "This page needs its key: open the address that “antiphon session” printed.",
  ended: "The session has ended. This page wakes up when it is started again.",
};

export function mountStrip(link) {
  const bpm = find("#bpm");
  let status = null;

  link.on("status", (now) => {
    status = now;
    showTempo(now, bpm);
    showFigures(now);
    showRecording(now.recording);
    setPressed(find("#follow-beat"), now.follow_beat);
    setPressed(find("#follow-tuning"), now.follow_tuning);
    const wrong = find("#standing");
    if (link.link.state === "open") stand(wrong, now.error ?? "");
  });
  link.on("link", ({ state }) => {
    document.body.dataset.link = state;
    stand(find("#standing"), STANDING[state] || (state === "open" ? (status?.error ?? "") : ""));
  });
  link.on("frame", pulse);

  const put = (call) => link.act(call);
  find("#follow-beat").onclick = () => put(link.put("/api/keys/follow", { beat: !status?.follow_beat }));
  find("#follow-tuning").onclick = () => put(link.put("/api/keys/follow", { tuning: !status?.follow_tuning }));
  find("#tap").onpointerdown = (event) => event.button === 0 && put(link.post("/api/keys/tap"));
  find("#tap").onkeydown = (event) => {
    if (event.repeat || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    put(link.post("/api/keys/tap"));
  };
  find("#earlier").onclick = () => put(link.post("/api/keys/nudge", { ms: -NUDGE_MS }));
  find("#later").onclick = () => put(link.post("/api/keys/nudge", { ms: NUDGE_MS }));
  find("#record").onclick = () => put(status?.recording ? link.delete("/api/record") : link.post("/api/record"));
  find("#panic").onclick = () => link.send({ type: "panic" }) || put(link.post("/api/keys/panic"));
  find("#theme").onclick = () => window.antiphonTheme.turn();
  wireTempo(link, bpm, () => status);
  mountMeters(link, find("#out-meters"));
}

function stand(node, text) {
  setText(node, text);
  node.hidden = !text;
}

function showTempo({ tempo, key, tuning_cents }, bpm) {
  if (document.activeElement !== bpm) bpm.value = fixed(tempo.bpm, 2);
  const locked = tempo.source === "room" && tempo.locked;
  setText(find("#tempo-words"), locked ? "locked to the room" : SOURCES[tempo.source]);
  find("#lock-lamp").dataset.source = locked ? "room" : tempo.source === "deck" ? "deck" : "own";
  setText(find("#key-name"), key ? signs(key.name) : "no key");
  setText(find("#tuning"), `${signed(tuning_cents)} cents`);
}

function showFigures({ callback_ms, budget_ms, worst_ms, late, voices, xruns, latency_ms, midi }) {
  const callback = find("#callback");
  setText(callback, `${fixed(callback_ms, 2)} / ${fixed(budget_ms, 2)} ms`);
  callback.classList.toggle("wrong", callback_ms > 0.7 * budget_ms);
  callback.parentNode.title = `the longest took ${fixed(worst_ms, 2)} ms; ${late} came late; MIDI: ${midi?.port ?? "none"}`;
  setText(find("#voices"), String(voices));
  const runs = find("#xruns");
  setText(runs, String(xruns));
  runs.classList.toggle("wrong", xruns > 0);
  setText(find("#latency"), latency_ms === null ? "–" : `${fixed(latency_ms, 1)} ms`);
}

function showRecording(recording) {
  setPressed(find("#record"), recording !== null);
  setText(find("#record-words"), recording ? clock(recording.seconds) : "Record");
  find("#record").title = recording ? `Recording ${recording.name}: stop` : "Record what goes out";
}

let shown = -1;

/** The lamp beside the name lights on each beat and fades until the next. */
function pulse(frame) {
  if (still.matches) return;
  const light = Math.round((1 - (frame.beat % 1)) ** 2 * 16) / 16;
  if (light === shown) return;
  shown = light;
  find("#beat-lamp").style.opacity = String(0.25 + 0.75 * light);
}

function wireTempo(link, bpm, status) {
  const set = (value) => {
    if (Number.isFinite(value)) link.act(link.post("/api/keys/tempo", { bpm: value }));
  };
  bpm.onfocus = () => bpm.select();
  bpm.onkeydown = (event) => {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const value = Number(bpm.value) + step * (event.shiftKey ? 0.1 : 1);
      bpm.value = value.toFixed(2);
      set(value);
    } else if (event.key === "Enter") {
      set(Number(bpm.value.replace(",", ".")));
      bpm.blur();
    } else if (event.key === "Escape") bpm.blur();
  };
  bpm.onblur = () => {
    if (status()) bpm.value = fixed(status().tempo.bpm, 2);
  };
}
