// The library: search as you type, the map of all its tracks, and adding folders.

import { el, find, icon, iconButton, setText } from "./dom.js";
import { mountAdding } from "./adding.js";
import { FolderChooser } from "./folders.js";
import { count } from "./format.js";
import { MapView } from "./mapview.js";
import { PathWish } from "./path.js";
import { Results } from "./results.js";

export function mountLibrary(link) {
  const dialog = find("#library");
  const view = build(dialog);
  const map = new MapView(link, view.map);
  const path = new PathWish(link, view.path, map);
  const results = new Results(link, view.search, view.results, { path: (track) => path.take(track), show: (track) => map.visit(track) });
  const folders = new FolderChooser(link, view.folders);
  map.onPick = (track) => path.take(track);

  const open = (part = "search") => {
    if (!dialog.open) dialog.showModal();
    show(part);
    results.refresh();
    map.open();
  };
  const show = (part) => {
    dialog.dataset.part = part;
    for (const button of view.parts) button.setAttribute("aria-pressed", String(button.dataset.part === part));
    view.folders.hidden = part !== "folders";
    if (part === "folders") folders.open();
    else if (part === "search") view.search.focus();
  };
  view.parts.forEach((button) => (button.onclick = () => show(button.dataset.part)));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => map.close());
  find("#open-library").onclick = () => open();
  find("#empty-add").onclick = () => open(link.state.library?.tracks ? "search" : "folders");
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });

  let known = null;
  link.on("library", ({ tracks, hours, playlists, waiting }) => {
    const words = [`${count(tracks)} tracks`, `${count(Math.round(hours))} hours`];
    if (playlists) words.push(`${count(playlists)} playlists`);
    if (waiting) words.push(`${count(waiting)} still to be listened to`);
    setText(view.count, words.join(" · "));
    if (known !== null && known !== tracks && dialog.open) {
      results.refresh();
      map.stale();
    }
    known = tracks;
  });
  mountAdding(link, find("#adding"));
  mountAdding(link, view.adding);
}

function build(dialog) {
  const part = (name, text, drawing) =>
    el("button", { type: "button", class: "button", data: { part: name }, "aria-pressed": "false" }, icon(drawing), text);
  const parts = [part("search", "Search", "search"), part("map", "Map", "path"), part("folders", "Add folder", "folder")];
  const view = {
    parts,
    count: el("span", { class: "library-count dim cut" }),
    search: el("input", {
      type: "search",
      class: "field",
      placeholder: "Title, artist, album",
      "aria-label": "Search the library",
      autocomplete: "off",
      spellcheck: "false",
    }),
    results: el("div", { class: "results" }),
    map: el("div", { class: "map" }),
    path: el("section", { class: "path", "aria-label": "Path between two songs" }),
    folders: el("section", { class: "folders", "aria-label": "Add a folder", hidden: true }),
    adding: el("p", { class: "adding", role: "status", hidden: true }, el("progress", { "aria-label": "Adding" }), el("span", { class: "cut" })),
  };
  dialog.append(
    el(
      "header",
      { class: "head" },
      el("h2", { id: "library-title", text: "The library" }),
      view.count,
      el("div", { class: "parts", role: "group", "aria-label": "Parts of the library" }, ...parts),
      iconButton("close", "Close the library", () => dialog.close()),
    ),
    el(
      "div",
      { class: "library-body" },
      el("div", { class: "library-list" }, view.search, view.adding, view.results, view.folders),
      el("div", { class: "library-map" }, view.map, view.path),
    ),
  );
  return view;
}
