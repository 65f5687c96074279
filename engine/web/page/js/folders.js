// Choosing a folder of the machine the session runs on, and adding it.

import { el, icon, setText } from "./dom.js";
import { LinkError } from "./link.js";
import { say } from "./says.js";

export class FolderChooser {
  #link;
  #here = "";

  constructor(link, node) {
    this.#link = link;
    this.path = el("input", {
      type: "text",
      class: "field",
      "aria-label": "Folder",
      autocomplete: "off",
      spellcheck: "false",
      on: { keydown: (event) => event.key === "Enter" && this.go(this.path.value.trim()) },
    });
    this.list = el("ul", { class: "folder-list", "aria-label": "Folders" });
    this.add = el("button", { type: "button", class: "button strong", on: { click: () => this.#add() } }, icon("add"), "Add this folder");
    this.words = el("p", { class: "dim", text: "Its music, and that of all folders in it, is listened to once. Nothing is copied or changed." });
    node.append(el("div", { class: "folder-path" }, this.path), this.list, this.words, this.add);
  }

  async open() {
    if (!this.#here) await this.go("");
    this.path.focus();
  }

  /** Show the folders within `path`; empty: where the server begins. */
  async go(path) {
    let reply;
    try {
      reply = await this.#link.get(`/api/library/folders?path=${encodeURIComponent(path)}`);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      say(error.message, true);
      return;
    }
    this.#here = reply.path;
    this.path.value = reply.path;
    const rows = reply.folders.map((folder) => this.#row(folder.path, folder.name, "folder"));
    if (reply.parent) rows.unshift(this.#row(reply.parent, "one up", "up"));
    if (!rows.length) rows.push(el("li", { class: "dim", text: "No folders in here." }));
    this.list.replaceChildren(...rows);
  }

  #row(path, name, drawing) {
    const run = async () => {
      await this.go(path);
      this.list.querySelector("button")?.focus();
    };
    return el("li", {}, el("button", { type: "button", class: "folder", on: { click: run } }, icon(drawing), el("span", { class: "cut", text: name })));
  }

  async #add() {
    const folder = this.path.value.trim() || this.#here;
    setText(this.words, "");
    if ((await this.#link.act(this.#link.post("/api/library/add", { folder }))) === undefined) return;
    say(`Adding ${folder}`);
  }
}
