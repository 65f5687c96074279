// A path between two songs: what leads from one to the other, and into the queue with it.

import { el, icon, iconButton, setText } from "./dom.js";
import { facts } from "./format.js";
import { announce, say } from "./says.js";

export class PathWish {
  #link;
  #map;
  #from = null;
  #to = null;
  #tracks = [];
  #asked = 0;

  constructor(link, node, map) {
    this.#link = link;
    this.#map = map;
    this.node = node;
    this.ends = el("p", { class: "path-ends" });
    this.count = el("input", { type: "range", class: "range", min: "3", max: "24", value: "8", "aria-label": "Songs on the path", on: { input: () => this.#sayCount(), change: () => this.#ask() } });
    this.countWords = el("output", { class: "dim" });
    this.queue = el("button", { type: "button", class: "button strong", disabled: true, on: { click: () => this.#queue() } }, icon("queue"), "Queue this path");
    this.list = el("ol", { class: "path-list" });
    this.forget = iconButton("close", "Forget the path", () => this.#forget());
    node.append(
      el("div", { class: "path-head" }, this.ends, this.forget),
      this.list,
      el("div", { class: "path-foot" }, this.count, this.countWords, this.queue),
    );
    this.#sayCount();
    this.#show();
  }

  /** The next end of the path: first its beginning, then its end; a third begins anew. */
  take(track) {
    if (!this.#from || this.#to) {
      this.#from = track;
      this.#to = null;
      this.#tracks = [];
      announce(`Path from ${track.title}; choose where to`);
    } else if (track.id !== this.#from.id) this.#to = track;
    this.#show();
    this.#ask();
  }

  #forget() {
    this.#from = this.#to = null;
    this.#tracks = [];
    this.#show();
  }

  #sayCount() {
    setText(this.countWords, `${this.count.value} songs`);
    this.count.setAttribute("aria-valuetext", this.countWords.textContent);
  }

  async #ask() {
    if (!this.#from || !this.#to) return;
    this.#asked += 1;
    const mine = this.#asked;
    const body = { from: this.#from.id, to: this.#to.id, n: Number(this.count.value) };
    const reply = await this.#link.act(this.#link.post("/api/map/path", body));
    if (!reply || mine !== this.#asked || !this.#to) return;
    this.#tracks = reply.tracks;
    this.#show();
    announce(`Path of ${reply.tracks.length} songs to ${this.#to.title}`);
  }

  #show() {
    const words = !this.#from
      ? "A path between two songs: choose the first on the map or in the list."
      : !this.#to
        ? `From ${this.#from.title} to …`
        : `From ${this.#from.title} to ${this.#to.title}`;
    setText(this.ends, words);
    this.ends.classList.toggle("dim", !this.#from);
    this.forget.hidden = !this.#from;
    this.node.classList.toggle("found", this.#tracks.length > 0);
    this.queue.disabled = !this.#tracks.length;
    this.#map.showPath(this.#tracks.length ? this.#tracks.map(({ id }) => id) : this.#from ? [this.#from.id] : []);
    this.list.replaceChildren(
      ...this.#tracks.map((track) =>
        el(
          "li",
          {},
          el("span", { class: "cut", text: track.title }),
          el("span", { class: "dim cut", text: track.artist || "" }),
          el("span", { class: "entry-facts dim" }, ...facts(track).map((text) => el("span", { text }))),
        ),
      ),
    );
  }

  async #queue() {
    this.queue.disabled = true;
    const ids = this.#tracks.map(({ id }) => id);
    const done = await this.#link.act(this.#link.post("/api/queue/all", { track_ids: ids }));
    this.queue.disabled = false;
    if (done) say(`${ids.length} songs queued`);
  }
}
