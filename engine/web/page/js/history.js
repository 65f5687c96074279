// What was heard, newest first. Unknown music and silence stand in it too.

import { el, find } from "./dom.js";
import { hour, span, sure } from "./format.js";
import { wireSaves } from "./saves.js";

const QUIET = { unknown: "unknown music", silence: "silence", off: "not listening" };

export function mountHistory(link) {
  const list = find("#history");
  let shown = "";
  link.on("room", ({ history }) => {
    const now = JSON.stringify(history.map((it) => [it.time, it.state, it.track?.id, it.seconds]));
    if (now === shown) return;
    shown = now;
    list.replaceChildren(...history.map(line));
    if (!history.length) list.append(el("li", { class: "history-none dim", text: "Nothing yet." }));
  });
  wireSaves(link, find("#history-menu"));
}

function line({ time, state, track, confidence, seconds }) {
  const known = state === "known" && track;
  const name = known ? track.title : `${QUIET[state] ?? state}${seconds >= 1 ? `, ${span(seconds)}` : ""}`;
  return el(
    "li",
    { class: known ? "heard" : "heard quiet" },
    el("time", { text: hour(time), datetime: new Date(time).toISOString() }),
    el("span", { class: "cut", text: name, title: known && track.artist ? `${track.title} – ${track.artist}` : null }),
    el("span", { class: "heard-sure", text: known ? sure(confidence) : "–" }),
  );
}
