// One entry of the queue: what, why and by how much; its buttons; the voices behind it.

import { el, icon, iconButton, setLabel, setPressed, setText } from "./dom.js";
import { clock, facts, named, sure } from "./format.js";

let serial = 0;

export class QueueEntry {
  #entry = null;
  #open = false;

  /** `run` has: play, like, more, skip, pin, remove (each called with the entry) and grip (see drag.js). */
  constructor(run) {
    const call = (name) => () => run[name](this.#entry);
    const id = `voices-${(serial += 1)}`;
    this.bar = el("i");
    this.number = el(
      "button",
      { type: "button", class: "entry-number", on: { click: call("play") } },
      el("span", { class: "entry-place" }),
      icon("play"),
      el("span", { class: "share" }, this.bar),
    );
    this.title = el("h3", { class: "cut" });
    this.artist = el("p", { class: "entry-artist dim cut" });
    this.facts = el("p", { class: "entry-facts dim" }, el("span"), el("span"), el("span"));
    this.reason = el("span", { class: "cut" });
    this.why = el(
      "button",
      { type: "button", class: "entry-why", "aria-expanded": "false", "aria-controls": id, on: { click: () => this.unfold(!this.#open) } },
      this.reason,
      icon("down"),
    );
    this.like = iconButton("heart", "Like", call("like"), { "aria-pressed": "false" });
    this.like.firstChild.classList.add("fills");
    this.more = iconButton("more", "More like this", call("more"));
    this.pin = iconButton("pin", "Pin", call("pin"), { "aria-pressed": "false" });
    this.pin.firstChild.classList.add("fills");
    this.skip = iconButton("not", "Not this one", call("skip"));
    this.remove = iconButton("close", "Remove", call("remove"));
    this.grip = iconButton("grip", "Move", () => {}, { class: "icon-button grip" });
    this.notes = el("ul", { class: "entry-notes" });
    this.voices = el("ul", { class: "voices", id, hidden: true });
    this.node = el(
      "li",
      { class: "entry" },
      this.number,
      el("div", { class: "entry-line" }, this.title, this.facts),
      el(
        "div",
        { class: "entry-line" },
        this.artist,
        el("div", { class: "entry-buttons" }, this.like, this.more, this.skip, this.pin, this.remove, this.grip),
      ),
      this.why,
      this.notes,
      this.voices,
    );
    run.grip(this);
  }

  get entry() {
    return this.#entry;
  }

  /** Show the voices behind the suggestion, or put them away. */
  unfold(open) {
    this.#open = open;
    this.why.setAttribute("aria-expanded", String(open));
    this.voices.hidden = !open;
  }

  show(entry, index) {
    this.#entry = entry;
    const { track, by, pinned, reason, share } = entry;
    setText(this.number.firstChild, String(index + 1));
    setText(this.title, track.title);
    this.title.title = track.title;
    setText(this.artist, track.artist || " ");
    this.artist.title = [track.artist, track.album].filter(Boolean).join(" – ");
    facts(track).forEach((text, i) => setText(this.facts.children[i], text));
    this.node.classList.toggle("chosen", by === "user");
    this.bar.style.transform = `scaleX(${by === "user" ? 0 : Math.max(0.02, share)})`;
    setText(this.reason, reason);
    this.#label(named(track), index, reason);
    setPressed(this.like, track.liked);
    setPressed(this.pin, pinned);
    const marks = JSON.stringify([entry.voices, entry.notes]);
    if (marks === this.marks) return;
    this.marks = marks;
    this.notes.replaceChildren(...entry.notes.map((text) => el("li", { text })));
    this.voices.replaceChildren(...(entry.voices.length ? entry.voices.map(voice) : [el("li", { class: "dim", text: "No votes: it stands here because somebody put it here." })]));
  }

  #label(name, index, reason) {
    setLabel(this.number, `Play ${name} now`);
    setLabel(this.like, `Like ${name}`);
    setLabel(this.more, `More like ${name}`);
    setLabel(this.skip, `Not this one: ${name}`);
    setLabel(this.pin, `Pin ${name}`);
    setLabel(this.remove, `Remove ${name}`);
    setLabel(this.grip, `Move ${name}, number ${index + 1}: drag, or arrow keys up and down`);
    this.why.setAttribute("aria-label", `Why ${name}: ${reason}`);
    this.why.title = reason;
  }
}

const KINDS = { playlists: "playlists", sound: "sound", cold: "neighbours", popular: "popular" };

function voice({ kind, title, share, moment_s }) {
  const bar = el("i");
  bar.style.transform = `scaleX(${Math.min(1, Math.max(0.02, share))})`;
  const at = moment_s === null || moment_s === undefined ? "" : ` at ${clock(moment_s)}`;
  return el(
    "li",
    {},
    el("span", { class: "voice-kind dim", text: KINDS[kind] ?? kind }),
    el("span", { class: "cut", text: `${title ?? ""}${at}`, title: `${title ?? ""}${at}` }),
    el("span", { class: "share", "aria-hidden": "true" }, bar),
    el("span", { class: "voice-share", text: sure(share) }),
  );
}
