// The map of the library: zoom, pan, names under the pointer, click to hear, draw to choose a path.

import { el, iconButton, setText } from "./dom.js";
import { count, named } from "./format.js";
import { LinkError } from "./link.js";
import { MapHands } from "./maphands.js";
import { MapModel } from "./mapmodel.js";
import { paintLabels, paintMarks, paintPoints } from "./mappaint.js";
import { announce } from "./says.js";

const REACH = 14; // px from a point that still mean it
const KEPT = 2000; // names remembered

export class MapView {
  onPick = () => {}; // a track was chosen as an end of a path
  #link;
  #model = null;
  #old = true; // what is shown is not what the library holds
  #names = new Map(); // track id -> promise of its brief
  #marks = { queue: [], path: [], heard: -1, playing: -1, current: -1, drawn: null };
  #due = 0;
  #wholeDue = false;
  #pathIds = [];

  constructor(link, node) {
    this.#link = link;
    this.base = el("canvas", { class: "map-points", "aria-hidden": "true" });
    this.top = el("canvas", {
      class: "map-marks",
      tabindex: "0",
      role: "application",
      "aria-label": "Map of the library. Arrow keys go from track to track, Enter plays, P chooses an end of a path, plus and minus zoom, 0 shows all.",
    });
    this.tip = el("p", { class: "map-tip", hidden: true });
    this.words = el("p", { class: "map-words dim", role: "status" });
    this.clusters = el("select", { class: "field", "aria-label": "Go to a group of tracks", on: { change: () => this.#toCluster() } });
    this.drawing = el("button", { type: "button", class: "button", "aria-pressed": "false", title: "Click two songs, or draw from one to the other", on: { click: () => this.#turnDrawing() } }, "Draw a path");
    const zoom = (factor) => () => this.zoom(factor);
    node.append(
      this.base,
      this.top,
      this.tip,
      this.words,
      el(
        "div",
        { class: "map-tools" },
        this.clusters,
        this.drawing,
        iconButton("plus", "Zoom in", zoom(1.6)),
        iconButton("minus", "Zoom out", zoom(1 / 1.6)),
        iconButton("fit", "Show all", () => this.fit()),
      ),
    );
    new ResizeObserver(([{ contentRect }]) => this.#resize(contentRect)).observe(this.top);
    document.addEventListener("theme", () => this.draw(true));
    new MapHands(this);
    for (const part of ["queue", "room", "decks"]) link.on(part, () => this.#mark());
  }

  get model() {
    return this.#model;
  }

  get choosing() {
    return this.drawing.getAttribute("aria-pressed") === "true";
  }

  /** Called when the dialog opens: fetch what is not there yet. */
  async open() {
    if (!this.#old) return;
    this.#old = false;
    setText(this.words, "Drawing the map…");
    try {
      const reply = await this.#link.get("/api/map");
      this.#model = reply.ids.length ? new MapModel(reply) : null;
      setText(this.words, this.#model ? "" : "The map appears when tracks have been listened to.");
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.#old = true;
      setText(this.words, error.message);
      return;
    }
    this.#fillClusters();
    this.#resize(this.top.getBoundingClientRect());
    this.#mark();
  }

  close() {
    this.tip.hidden = true;
  }

  /** Tracks have come or gone: fetch again when it is next opened. */
  stale() {
    this.#old = true;
  }

  /** Put the mark on a track without moving the focus, if it is on the map. */
  visit({ id }) {
    const i = this.#model?.place.get(id) ?? -1;
    if (i < 0 || i === this.#marks.current) return;
    this.#marks.current = i;
    this.draw();
  }

  /** Show a path by its tracks' ids; an empty list removes it. */
  showPath(ids) {
    this.#pathIds = ids;
    this.#mark();
  }

  zoom(factor, px = this.#model?.width / 2, py = this.#model?.height / 2) {
    this.#model?.zoomAt(factor, px, py);
    this.draw(true);
  }

  pan(dx, dy) {
    this.#model?.pan(dx, dy);
    this.draw(true);
  }

  fit() {
    this.#model?.fit();
    this.draw(true);
  }

  /** The track's index at a pixel, or -1. */
  at(px, py) {
    return this.#model ? this.#model.nearest(px, py, REACH) : -1;
  }

  /** A line being drawn, in pixels, or null. */
  drawn(line) {
    this.#marks.drawn = line;
    this.draw();
  }

  /** Make a track the current one and show its name; -1: none. */
  async point(i, aloud = false) {
    if (i === this.#marks.current && !aloud) return;
    this.#marks.current = i;
    this.draw();
    this.tip.hidden = true;
    if (i < 0) return;
    const track = await this.track(i);
    if (!track || this.#marks.current !== i) return;
    const [x, y] = this.#model.toPixel(i);
    setText(this.tip, named(track));
    this.tip.hidden = false;
    const { offsetWidth: wide } = this.tip;
    this.tip.style.transform = `translate(${Math.max(4, Math.min(this.#model.width - wide - 4, x - wide / 2))}px, ${y > 46 ? y - 38 : y + 14}px)`;
    if (aloud) announce(named(track));
  }

  get current() {
    return this.#marks.current;
  }

  /** Go from the current track towards (dx, dy), bringing it into view. */
  step(dx, dy) {
    const model = this.#model;
    if (!model) return;
    const from = this.#marks.current;
    const i = from < 0 ? model.nearest(model.width / 2, model.height / 2, Infinity) : model.towards(from, dx, dy);
    const [x, y] = model.toPixel(i);
    if (x < 20 || y < 20 || x > model.width - 20 || y > model.height - 20) {
      model.center(model.x[i], model.y[i]);
      this.draw(true);
    }
    this.point(i, true);
  }

  play(i) {
    if (i >= 0) this.#link.act(this.#link.post("/api/decks/play", { track_id: this.#model.ids[i] }));
  }

  async pick(i) {
    const track = i >= 0 ? await this.track(i) : null;
    if (track) this.onPick(track);
  }

  /** The brief of a track by its index; undefined when it cannot be had. */
  track(i) {
    const id = this.#model.ids[i];
    if (!this.#names.has(id)) {
      const brief = this.#link.get(`/api/tracks/${id}`).catch(() => void this.#names.delete(id));
      this.#names.set(id, brief);
      if (this.#names.size > KEPT) this.#names.delete(this.#names.keys().next().value);
    }
    return this.#names.get(id);
  }

  /** Draw at the next frame; `whole`: the points too, not only the marks. */
  draw(whole = false) {
    this.#wholeDue ||= whole;
    if (this.#due) return;
    this.#due = requestAnimationFrame(() => {
      this.#due = 0;
      this.#paint();
    });
  }

  #paint() {
    const model = this.#model;
    const ratio = devicePixelRatio || 1;
    const marks = this.top.getContext("2d");
    marks.setTransform(ratio, 0, 0, ratio, 0, 0);
    marks.clearRect(0, 0, this.top.width, this.top.height);
    if (!model) return;
    if (this.#wholeDue) {
      this.#wholeDue = false;
      this.tip.hidden = true;
      paintPoints(this.base.getContext("2d"), model, ratio);
    }
    paintLabels(marks, model);
    paintMarks(marks, model, this.#marks);
  }

  #mark() {
    const model = this.#model;
    if (!model) return;
    const places = (ids) => ids.map((id) => model.place.get(id)).filter((i) => i !== undefined);
    const { queue, room, decks } = this.#link.state;
    const one = (track) => model.place.get(track?.id) ?? -1;
    this.#marks.queue = places((queue?.entries ?? []).map(({ track }) => track.id));
    this.#marks.path = places(this.#pathIds);
    this.#marks.heard = one(room?.track);
    this.#marks.playing = one(decks?.decks[decks.foreground].track);
    this.draw();
  }

  #resize({ width, height }) {
    if (!width || !height) return;
    const ratio = devicePixelRatio || 1;
    for (const node of [this.base, this.top]) {
      node.width = Math.round(width * ratio);
      node.height = Math.round(height * ratio);
    }
    this.#model?.resize(width, height);
    this.draw(true);
  }

  #fillClusters() {
    const clusters = [...(this.#model?.clusters ?? [])].sort((a, b) => b.count - a.count);
    this.clusters.replaceChildren(
      el("option", { value: "", text: "All of it" }),
      ...clusters.map(({ label, count: many, x, y }) => el("option", { value: `${x} ${y}`, text: `${label} (${count(many)})` })),
    );
  }

  #toCluster() {
    if (!this.#model) return;
    if (!this.clusters.value) return void this.fit();
    const [x, y] = this.clusters.value.split(" ").map(Number);
    this.#model.zoom = 4;
    this.#model.center(x, y);
    this.draw(true);
  }

  #turnDrawing() {
    this.drawing.setAttribute("aria-pressed", String(!this.choosing));
    this.top.classList.toggle("choosing", this.choosing);
  }
}
