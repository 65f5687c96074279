// Two decks, the fade between them, and what they do by themselves.

import { Deck } from "./deck.js";
import { find, icon, setLabel, setText } from "./dom.js";
import { fixed } from "./format.js";
import { METER } from "./frames.js";

export function mountDecks(link) {
  let decks = null;
  const act = (path, body) => link.act(link.post(`/api/decks/${path}`, body));
  const seek = (position_s) => act("seek", { position_s });
  const pair = [new Deck(find("#deck-0"), link, "A", seek), new Deck(find("#deck-1"), link, "B", seek)];
  const pause = find("#pause");
  const fade = new Fader(find("#fade"), () => act("crossfade"));

  link.on("decks", (now) => {
    decks = now;
    pair.forEach((deck, i) => deck.show(now.decks[i], i === now.foreground));
    fade.show(now);
    showPause(pause, plays(now));
    find("#crossfade").disabled = fade.disabled = !now.decks.some((deck) => deck.track);
    showSettings(now);
    tick();
  });
  link.on("frame", ({ meters }) => {
    pair[0].level(meters[METER.deckA]);
    pair[1].level(meters[METER.deckB]);
  });

  function tick() {
    if (!decks) return;
    fade.tick(link.sinceMs(decks.decks[0].at) / 1000);
    const front = pair[decks.foreground];
    const left = decks.auto && plays(decks) ? front.remaining : null;
    const startsIn = left === null ? null : Math.max(0, left - decks.crossfade_s);
    pair.forEach((deck) => deck.tick(startsIn));
  }
  setInterval(tick, 200);

  pause.onclick = () => {
    if (!decks) return;
    if (decks.paused) act("resume");
    else if (plays(decks)) act("pause");
    else act("next");
  };
  find("#next").onclick = () => act("next");
  find("#crossfade").onclick = () => act("crossfade");
  wireSettings(link);
}

const plays = ({ decks, paused }) => !paused && decks.some(({ state }) => state === "playing" || state === "ending");

function showPause(button, playing) {
  setLabel(button, playing ? "Pause" : "Play");
  if (button.dataset.shows === String(playing)) return;
  button.dataset.shows = String(playing);
  button.replaceChildren(icon(playing ? "pause" : "play"));
}

/** The handle shows the fade; brought over to the other side it asks for one. */
class Fader {
  #held = false;
  #share = 0; // 0: deck A, 1: deck B
  #front = 0;
  #from = 0; // the share when the server told it last
  #fading_s = 0; // how long the whole way takes; 0: nothing fades

  constructor(node, crossfade) {
    this.node = node;
    const held = (on) => () => (this.#held = on);
    node.addEventListener("pointerdown", held(true));
    node.addEventListener("pointerup", held(false));
    node.addEventListener("pointercancel", held(false));
    node.addEventListener("change", () => {
      this.#held = false;
      const wanted = Number(node.value) >= 50 ? 1 : 0;
      if (wanted !== this.#front) crossfade();
      this.#draw();
    });
    node.addEventListener("keydown", (event) => {
      const wanted = { ArrowRight: 1, ArrowUp: 1, End: 1, ArrowLeft: 0, ArrowDown: 0, Home: 0 }[event.key];
      if (wanted === undefined) return;
      event.preventDefault();
      if (wanted !== this.#front) crossfade();
    });
  }

  set disabled(on) {
    this.node.disabled = on;
  }

  // The decks' gains follow equal power: their angle goes evenly with time.
  show({ decks, foreground, crossfade_s, paused }) {
    const [a, b] = decks.map(({ fade }) => fade);
    this.#front = foreground;
    this.#from = a || b ? Math.atan2(b, a) / (Math.PI / 2) : foreground;
    const fades = !paused && decks.some(({ state }) => state === "ending");
    this.#fading_s = fades ? crossfade_s : 0;
    this.tick(0);
  }

  /** Move on: `gone` seconds have gone by since the server told. */
  tick(gone) {
    const way = this.#fading_s ? gone / this.#fading_s : 0;
    this.#share = this.#front ? Math.min(1, this.#from + way) : Math.max(0, this.#from - way);
    if (!this.#held) this.#draw();
  }

  #draw() {
    const value = String(Math.round(this.#share * 100));
    if (this.node.value === value && this.node.hasAttribute("aria-valuetext")) return;
    this.node.value = value;
    const words = this.#share < 0.01 ? "deck A" : this.#share > 0.99 ? "deck B" : `${Math.round(this.#share * 100)} % deck B`;
    this.node.setAttribute("aria-valuetext", words);
  }
}

function showSettings({ crossfade_s, target_lufs, auto }) {
  const set = (selector, value) => {
    const node = find(selector);
    if (document.activeElement !== node) node.value = value;
  };
  set("#crossfade-s", crossfade_s);
  setText(find("#crossfade-words"), crossfade_s > 0 ? `${fixed(crossfade_s, 1)} s` : "gapless");
  if (target_lufs !== null) set("#target-lufs", target_lufs);
  setText(find("#target-words"), target_lufs === null ? "as it is" : `${fixed(target_lufs, 1)} LUFS`);
  find("#target-lufs").disabled = target_lufs === null;
  find("#match-loudness").checked = target_lufs !== null;
  find("#auto").checked = auto;
}

function wireSettings(link) {
  const put = (settings) => link.act(link.put("/api/decks/settings", settings));
  const range = (selector, name) => {
    const node = find(selector);
    node.addEventListener("change", () => put({ [name]: Number(node.value) }));
  };
  range("#crossfade-s", "crossfade_s");
  range("#target-lufs", "target_lufs");
  find("#match-loudness").onchange = ({ target }) =>
    put({ target_lufs: target.checked ? Number(find("#target-lufs").value) : null });
  find("#auto").onchange = ({ target }) => put({ auto: target.checked });
}
