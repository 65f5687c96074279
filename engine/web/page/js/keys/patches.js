// The patch browser: the name with its neighbours on the panel, the whole list in a sheet.

import { el, setLabel, setPressed, setText } from "../dom.js";
import { glyph, glyphButton } from "./glyphs.js";
import { PatchList } from "./patch_list.js";

const KEPT = "antiphon.favourites";

/** Names that the user likes best, kept in this browser. */
class Favourites {
  #names;

  constructor() {
    try {
      this.#names = new Set(JSON.parse(localStorage.getItem(KEPT) ?? "[]"));
    } catch {
      this.#names = new Set();
    }
  }

  has(name) {
    return this.#names.has(name);
  }

  turn(name) {
    if (!this.#names.delete(name)) this.#names.add(name);
    localStorage.setItem(KEPT, JSON.stringify([...this.#names]));
  }
}

export function patches(tools, section, link, model) {
  const favourites = new Favourites();
  /** Play a patch: {name} of a stored one, or a whole one; answers whether it went well. */
  const play = async (patch) => {
    const keys = await link.act(link.put("/api/keys/patch", patch));
    if (keys) model.take(keys);
    return keys !== undefined;
  };
  const choose = (name) => play({ name });
  let before = null; // what was played when the list was opened, edits and all
  const back = () => (before.changed ? play(before.patch) : choose(before.patch.name));
  const list = new PatchList({ link, favourites, choose, back });

  const name = el("span", { class: "cut patch-name", text: "\u2013" });
  const mark = el("i", { class: "patch-changed" });
  const open = el("button", { type: "button", class: "button patch-open", "aria-haspopup": "dialog" }, mark, name, glyph("down"));
  const star = glyphButton("star", "Favourite", () => {
    favourites.turn(model.name);
    list.draw();
    show();
  });
  const step = (by) => async () => {
    const next = await list.neighbour(model.name, by);
    if (next) choose(next);
  };
  const button = (text, title) => el("button", { type: "button", class: "button", text, title });
  const compare = button("Compare", "Hear the stored patch, and yours again");
  const revert = button("Revert", "Back to the stored patch");
  const save = button("Save", "Keep the patch under a name");
  tools.append(
    glyphButton("left", "Previous patch", step(-1)),
    open,
    glyphButton("right", "Next patch", step(1)),
    star,
    compare,
    revert,
    save,
  );
  section.append(list.node, saveSheet(save, link, model, list));

  let mine = null; // the patch that was edited, while the stored one is compared with it
  compare.addEventListener("click", async () => {
    if (mine) {
      if (await play(mine)) mine = null;
    } else {
      const edited = structuredClone(model.patch);
      if (await choose(model.name)) mine = edited;
    }
    show();
  });
  revert.addEventListener("click", () => {
    mine = null;
    choose(model.name);
  });
  open.addEventListener("click", () => {
    before = { patch: structuredClone(model.patch), changed: model.changed };
    list.toggle(open, model.name);
  });

  const show = () => {
    if (mine && mine.name !== model.name) mine = null;
    setText(name, model.name);
    mark.classList.toggle("shown", model.changed);
    setLabel(open, `Patch ${model.name}${model.changed ? ", changed" : ""}: choose another`);
    setPressed(star, favourites.has(model.name));
    setPressed(compare, mine !== null);
    compare.disabled = !model.changed && !mine;
    revert.disabled = !model.changed && !mine;
    list.mark(model.name);
  };
  model.on(show);
}

function saveSheet(button, link, model, list) {
  const field = el("input", {
    class: "field", "aria-label": "Name of the patch", maxlength: 60, required: true, autocomplete: "off",
  });
  const sheet = el(
    "form",
    { class: "sheet save-sheet", popover: "", role: "dialog", "aria-label": "Save the patch" },
    field,
    el("button", { type: "submit", class: "button strong", text: "Save" }),
  );
  button.addEventListener("click", () => {
    field.value = model.name;
    sheet.showPopover();
    const { bottom, right } = button.getBoundingClientRect();
    sheet.style.top = `${bottom + 6}px`;
    sheet.style.left = `${Math.max(8, right - sheet.offsetWidth)}px`;
    field.focus();
    field.select();
  });
  sheet.addEventListener("submit", async (event) => {
    event.preventDefault();
    const done = await link.act(link.post("/api/keys/patch/save", { name: field.value.trim() }));
    if (done === undefined) return;
    sheet.hidePopover();
    button.focus();
    list.refresh();
  });
  return sheet;
}
