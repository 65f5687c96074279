// Search as you type, and what it found: play, queue, like, or a path from it.

import { el, icon, iconButton, setText } from "./dom.js";
import { count, facts, named } from "./format.js";
import { LinkError } from "./link.js";

const PAGE = 50;
const WAIT_MS = 60;

export class Results {
  #link;
  #run;
  #asked = 0; // number of the newest question: older answers are dropped
  #text = "";
  #shown = 0;
  #total = 0;
  #timer = 0;

  /** `run.path(track)` and `run.show(track)` are offered beside play, queue and like. */
  constructor(link, field, node, run) {
    this.#link = link;
    this.#run = run;
    this.field = field;
    this.words = el("p", { class: "results-words dim", role: "status" });
    this.list = el("ol", { class: "results-list", "aria-label": "Found tracks" });
    this.more = el("button", { type: "button", class: "button", hidden: true, on: { click: () => this.#next() } }, "Show more");
    node.append(this.words, this.list, this.more);
    field.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#search(field.value.trim()), WAIT_MS);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown") return;
      event.preventDefault();
      this.list.querySelector(".result-play")?.focus();
    });
    this.list.addEventListener("keydown", (event) => this.#step(event));
  }

  /** Ask again what is being asked, as after tracks were added. */
  refresh() {
    this.#search(this.field.value.trim());
  }

  async #search(text) {
    this.#text = text;
    const reply = await this.#ask(0);
    if (!reply) return;
    this.list.replaceChildren(...reply.tracks.map((track) => this.#row(track)));
    this.#show(reply, reply.tracks.length);
  }

  async #next() {
    const reply = await this.#ask(this.#shown);
    if (!reply) return;
    const rows = reply.tracks.map((track) => this.#row(track));
    this.list.append(...rows);
    this.#show(reply, this.#shown + rows.length);
    rows[0]?.querySelector(".result-play").focus();
  }

  async #ask(offset) {
    this.#asked += 1;
    const mine = this.#asked;
    try {
      const reply = await this.#link.get(`/api/library/search?q=${encodeURIComponent(this.#text)}&limit=${PAGE}&offset=${offset}`);
      return mine === this.#asked ? reply : null;
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      if (mine === this.#asked) setText(this.words, error.message);
      return null;
    }
  }

  #show({ total }, shown) {
    this.#shown = shown;
    this.#total = total;
    this.more.hidden = this.#shown >= this.#total;
    const found = total === 1 ? "1 track" : `${count(total)} tracks`;
    setText(this.words, total ? found : this.#text ? `Nothing is called “${this.#text}”` : "No tracks yet");
  }

  #row(track) {
    const name = named(track);
    const act = (call) => this.#link.act(call);
    const like = iconButton("heart", `Like ${name}`, async () => {
      const liked = like.getAttribute("aria-pressed") !== "true";
      if ((await act(this.#link.post(`/api/tracks/${track.id}/${liked ? "like" : "unlike"}`))) === undefined) return;
      like.setAttribute("aria-pressed", String(liked));
    }, { "aria-pressed": String(track.liked) });
    like.firstChild.classList.add("fills");
    return el(
      "li",
      { class: "result" },
      el(
        "button",
        { type: "button", class: "result-play", title: "Play now", "aria-label": `Play ${name} now`, on: { click: () => act(this.#link.post("/api/decks/play", { track_id: track.id })), focus: () => this.#run.show(track) } },
        icon("play"),
      ),
      el("p", { class: "result-name" }, el("b", { class: "cut", text: track.title }), el("span", { class: "dim cut", text: track.artist || " " })),
      el("p", { class: "entry-facts dim" }, ...facts(track).map((text) => el("span", { text }))),
      el(
        "div",
        { class: "entry-buttons" },
        iconButton("queue", `Queue ${name}`, () => act(this.#link.post("/api/queue", { track_id: track.id }))),
        like,
        iconButton("path", `Path from or to ${name}`, () => this.#run.path(track)),
      ),
    );
  }

  #step(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = event.target.closest(".result");
    if (!by || !row) return;
    event.preventDefault();
    const next = by > 0 ? row.nextElementSibling : row.previousElementSibling;
    const place = [...row.querySelectorAll("button")].indexOf(event.target);
    if (next) next.querySelectorAll("button")[place].focus();
    else if (by < 0) this.field.focus();
  }
}
