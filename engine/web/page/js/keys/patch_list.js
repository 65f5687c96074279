// The list of patches in a sheet: search, tags, favourites; going through it one hears each.

import { el, setPressed } from "../dom.js";
import { glyph, glyphButton } from "./glyphs.js";

const AUDITION_MS = 120;
const FAVOURITES = "favourites";

export class PatchList {
  node;
  #link;
  #favourites;
  #choose;
  #back;
  #patches = null;
  #loading = null;
  #shown = [];
  #tag = null;
  #current = "";
  #before = "";
  #timer = 0;
  #opener = null;
  #search;
  #tags;
  #list;
  #count;

  constructor({ link, favourites, choose, back }) {
    this.#link = link;
    this.#favourites = favourites;
    this.#choose = choose;
    this.#back = back;
    this.#search = el("input", {
      class: "field", type: "search", placeholder: "Search", "aria-label": "Search the patches", autocomplete: "off",
      role: "combobox", "aria-expanded": "true", "aria-controls": "patch-list", "aria-autocomplete": "list",
    });
    this.#tags = el("div", { class: "patch-tags", role: "group", "aria-label": "Tags" });
    this.#list = el("ul", { class: "patch-list", id: "patch-list", role: "listbox", tabindex: 0, "aria-label": "Patches" });
    this.#count = el("p", { class: "dim patch-count", role: "status" });
    this.node = el("div", { class: "sheet patch-sheet", popover: "manual", role: "dialog", "aria-label": "Patches" },
      this.#search, this.#tags, this.#list, this.#count);
    this.#search.addEventListener("input", () => this.draw());
    this.node.addEventListener("keydown", (event) => this.#key(event));
    // The keyboard may be played while the list is open; a click anywhere else closes it.
    document.addEventListener("pointerdown", ({ target }) => {
      const inside = this.node.contains(target) || target.closest("#keyboard, .patch-open");
      if (!inside && this.node.matches(":popover-open")) this.node.hidePopover();
    });
  }

  /** Open it below a button, or close it; `name`: the patch that is played. */
  async toggle(button, name) {
    if (this.node.matches(":popover-open")) {
      this.node.hidePopover();
      return;
    }
    await this.#load();
    this.#opener = button;
    this.#current = name;
    this.#before = name;
    this.#search.value = "";
    this.draw();
    this.node.showPopover();
    const { bottom, left } = button.getBoundingClientRect();
    this.node.style.top = `${bottom + 6}px`;
    this.node.style.left = `${Math.max(8, Math.min(left, innerWidth - this.node.offsetWidth - 8))}px`;
    // On a phone the letters of the screen would cover the list.
    (matchMedia("(pointer: coarse)").matches ? this.#list : this.#search).focus();
    this.#reveal();
  }

  /** The name before or after one in the list as it is shown now, round the ends. */
  async neighbour(name, by) {
    await this.#load();
    const names = (this.#shown.length ? this.#shown : this.#patches).map((patch) => patch.name);
    const index = names.indexOf(name);
    return names[(Math.max(index, by > 0 ? -1 : 0) + by + names.length) % names.length];
  }

  /** Say which patch is played. */
  mark(name) {
    if (name === this.#current) return;
    this.#current = name;
    this.#select();
  }

  refresh() {
    this.#patches = null;
    this.#shown = [];
    this.#loading = null;
  }

  async #load() {
    if (this.#patches) return;
    this.#loading ??= this.#link.act(this.#link.get("/api/patches"));
    this.#patches = (await this.#loading) ?? [];
    this.#loading = null;
    const counts = new Map();
    for (const { tags } of this.#patches) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    const common = [...counts].filter(([, count]) => count > 1).sort((a, b) => b[1] - a[1]);
    const chips = [FAVOURITES, ...common.map(([tag]) => tag)].map((tag) => {
      const chip = el("button", { type: "button", class: "chip", "aria-pressed": "false", data: { tag } },
        tag === FAVOURITES ? glyph("star") : null, tag);
      chip.addEventListener("click", () => {
        this.#tag = this.#tag === tag ? null : tag;
        for (const one of chips) setPressed(one, one.dataset.tag === this.#tag);
        this.draw();
      });
      return chip;
    });
    this.#tags.replaceChildren(...chips);
  }

  #fits({ name, tags }) {
    if (this.#tag === FAVOURITES ? !this.#favourites.has(name) : this.#tag && !tags.includes(this.#tag)) return false;
    const words = this.#search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = `${name} ${tags.join(" ")}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }

  draw() {
    if (!this.#patches) return;
    this.#shown = this.#patches.filter((patch) => this.#fits(patch));
    this.#list.replaceChildren(...this.#shown.map((patch, i) => this.#row(patch, i)));
    this.#count.textContent = this.#shown.length === this.#patches.length
      ? `${this.#patches.length} patches; arrow keys play through them`
      : `${this.#shown.length} of ${this.#patches.length}`;
    this.#select();
  }

  #row({ name, tags }, index) {
    const star = glyphButton("star", `Favourite: ${name}`, (event) => {
      event.stopPropagation();
      this.#favourites.turn(name);
      setPressed(star, this.#favourites.has(name));
      if (this.#tag === FAVOURITES) this.draw();
    }, { tabindex: -1 });
    setPressed(star, this.#favourites.has(name));
    const row = el("li", { role: "option", id: `patch-${index}`, class: "patch-row" },
      el("span", { class: "cut", text: name }), el("span", { class: "dim cut", text: tags.join(", ") }), star);
    row.addEventListener("click", () => {
      this.#list.focus(); // from where letters are notes
      this.#go(index, 0);
    });
    row.addEventListener("dblclick", () => this.node.hidePopover());
    return row;
  }

  #select() {
    const index = this.#shown.findIndex(({ name }) => name === this.#current);
    [...this.#list.children].forEach((row, i) => row.setAttribute("aria-selected", i === index));
    if (index < 0) this.#search.removeAttribute("aria-activedescendant");
    else this.#search.setAttribute("aria-activedescendant", `patch-${index}`);
  }

  #reveal() {
    this.#list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }

  // Running down the list with a key held does not ask for every patch on the way.
  #go(index, wait = AUDITION_MS) {
    if (!this.#shown.length) return;
    const { name } = this.#shown[(index + this.#shown.length) % this.#shown.length];
    this.#current = name;
    this.#select();
    this.#reveal();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#choose(name), wait);
  }

  #key(event) {
    const index = this.#shown.findIndex(({ name }) => name === this.#current);
    if (event.key === "ArrowDown") this.#go(index + 1);
    else if (event.key === "ArrowUp") this.#go(index < 0 ? -1 : index - 1);
    else if (event.key === "Enter" && !event.target.matches("button")) this.#enter(index);
    else if (event.key === "Escape") {
      clearTimeout(this.#timer);
      if (this.#before !== this.#current) this.#back();
      this.#close();
    } else return;
    event.preventDefault();
  }

  #enter(index) {
    if (index < 0) this.#go(0, 0);
    this.#close();
  }

  #close() {
    this.node.hidePopover();
    this.#opener.focus();
  }
}
