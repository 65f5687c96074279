// The room: what is heard, how sure, where in it, how fast it was found; and what was heard before.

import { find, setPressed, setText } from "./dom.js";
import { clock, fixed, named, span, sure } from "./format.js";
import { mountHistory } from "./history.js";
import { mountListening } from "./listening.js";
import { announce } from "./says.js";
import { mountSpectrum } from "./spectrum.js";
import { Wave } from "./wave.js";

const WORDS = {
  unknown: ["Unknown music", "not in the library", "Listening on. A name appears as soon as the room plays something the library has."],
  silence: ["Silence", "the room is quiet", "Play something into the room: its name, and where in it, appear here."],
  off: ["Not listening", "no microphone is open", "Start the session with an input, and it names what the room plays."],
};

export function mountRoom(link) {
  const wave = new Wave(link, find("#heard-wave"), "amber");
  let room = null;
  let said = null;
  let came = 0; // when the room was last told, by this page's clock

  link.on("room", (now) => {
    room = now;
    came = performance.now();
    show(now);
    wave.show(now.state === "known" && now.track ? now.track.id : null);
    tick();
    const name = now.track ? named(now.track) : WORDS[now.state][0];
    if (said !== null && said !== name) announce(`In the room: ${name}`);
    said = name;
  });
  link.on("status", ({ input }) => setText(find("#input-name"), input ?? "no input"));

  function tick() {
    if (!room) return;
    const gone = link.sinceMs(room.at) / 1000;
    setText(find("#heard-for"), heardFor(room, (performance.now() - came) / 1000));
    if (room.state !== "known" || !room.track) return;
    const duration = room.track.duration_s;
    const position = Math.min(duration ?? Infinity, room.position_s + gone * room.speed);
    wave.at(duration ? position / duration : 0);
    setText(find("#heard-position"), `${clock(position)} of ${clock(duration)}`);
  }
  setInterval(tick, 200);

  const track = (run) => () => room?.track && link.act(run(room.track));
  find("#heard-like").onclick = track((it) => link.post(`/api/tracks/${it.id}/${it.liked ? "unlike" : "like"}`));
  find("#heard-more").onclick = track((it) => link.post(`/api/tracks/${it.id}/more`));
  find("#heard-queue").onclick = track((it) => link.post("/api/queue", { track_id: it.id }));
  mountSpectrum(link, find("#microphone"));
  mountListening(link, find("#listening"));
  mountHistory(link);
}

function heardFor({ state, own, heard_for_s }, gone) {
  if (state === "off") return "microphone off";
  const long = span((heard_for_s ?? 0) + gone);
  if (state === "known") return own ? `our own deck, for ${long}` : `heard for ${long}`;
  return `for ${long}`;
}

function show({ state, track, confidence, answered_after_s, speed }) {
  const known = state === "known" && track;
  find("#card").dataset.state = known ? "known" : state;
  const [title, below, words] = known
    ? [track.title, [track.artist, track.album].filter(Boolean).join(" · "), ""]
    : (WORDS[state] ?? WORDS.unknown);
  setText(find("#heard-title"), title);
  find("#heard-title").title = title;
  setText(find("#heard-artist"), below || " ");
  setText(find("#card-words"), words);
  setText(find("#confidence"), known ? `${sure(confidence, 1)} sure` : "");
  setText(find("#answered"), known && answered_after_s !== null ? `${fixed(answered_after_s, 1)} s` : "–");
  setText(find("#speed"), known ? `${fixed(speed * 100, 1)} %` : "–");
  if (known) setPressed(find("#heard-like"), track.liked);
}
