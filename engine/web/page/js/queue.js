// What comes next, and why: the entries, in the order the server has them.

import { movable } from "./drag.js";
import { find, setText } from "./dom.js";
import { QueueEntry } from "./entry.js";
import { hour } from "./format.js";
import { announce } from "./says.js";
import { wireSaves } from "./saves.js";
import { mountWishes } from "./wishes.js";

export function mountQueue(link) {
  const list = find("#entries");
  const items = new Map(); // entry id -> QueueEntry
  const post = (path, body) => link.act(link.post(path, body));
  const run = {
    play: ({ track }) => post("/api/decks/play", { track_id: track.id }),
    like: ({ track }) => post(`/api/tracks/${track.id}/${track.liked ? "unlike" : "like"}`),
    more: ({ track }) => post(`/api/tracks/${track.id}/more`),
    skip: ({ track }) => post(`/api/tracks/${track.id}/skip`),
    pin: ({ id, pinned }) => post(`/api/queue/${id}/pin`, { pinned: !pinned }),
    remove: ({ id }) => link.act(link.delete(`/api/queue/${id}`)),
    grip: (item) => movable(item, list, move),
  };

  function move(item, place) {
    const { id, track } = item.entry;
    const rows = [...list.children];
    const order = rows.filter((row) => row !== item.node);
    order.splice(place, 0, item.node);
    arrange(list, order); // at once; the server's answer confirms or corrects it
    order.forEach((row, i) => setText(row.querySelector(".entry-place"), String(i + 1)));
    item.grip.focus();
    announce(`${track.title}: number ${place + 1} of ${order.length}`);
    post(`/api/queue/${id}/move`, { place });
  }

  link.on("queue", (queue) => {
    if (list.classList.contains("moving")) return;
    const held = list.contains(document.activeElement) ? document.activeElement : null;
    const index = held ? [...list.children].indexOf(held.closest(".entry")) : -1;
    const kept = new Set(queue.entries.map(({ id }) => id));
    for (const [id, item] of items) {
      if (kept.has(id)) continue;
      item.node.remove();
      items.delete(id);
    }
    const order = queue.entries.map((entry, i) => {
      if (!items.has(entry.id)) items.set(entry.id, new QueueEntry(run));
      const item = items.get(entry.id);
      item.show(entry, i);
      return item.node;
    });
    arrange(list, order);
    if (held) keepFocus(list, held, index);
    find("#undo").disabled = !queue.can_undo;
    find("#redo").disabled = !queue.can_redo;
    find("#clear").disabled = !queue.entries.length;
    setText(find("#ends-at"), queue.ends_at ? hour(queue.ends_at + link.skewMs, true) : "–");
    showEmpty(link);
  });
  link.on("library", () => showEmpty(link));

  const undo = () => post("/api/queue/undo");
  const redo = () => post("/api/queue/redo");
  find("#undo").onclick = undo;
  find("#redo").onclick = redo;
  find("#renew").onclick = () => post("/api/queue/renew");
  find("#clear").onclick = () => post("/api/queue/clear");
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("input, textarea")) return;
    const key = event.key.toLowerCase();
    if (key === "z" || key === "y") {
      event.preventDefault();
      if (key === "y" || event.shiftKey) redo();
      else undo();
    }
  });
  wireSaves(link, find("#queue-menu"));
  mountWishes(link);
}

/** Bring `list` into `order`, touching only what stands elsewhere, so that focus stays. */
function arrange(list, order) {
  order.forEach((node, i) => {
    if (list.children[i] !== node) list.insertBefore(node, list.children[i] ?? null);
  });
}

/** When the entry under the focus has gone, the same button of the next one takes it. */
function keepFocus(list, held, index) {
  if (held.isConnected) {
    held.focus({ preventScroll: true });
    return;
  }
  const next = list.children[Math.min(index, list.children.length - 1)];
  const twin = held.className.split(" ").includes("entry-why") ? ".entry-why" : ".entry-number";
  const place = held.parentNode?.classList.contains("entry-buttons") ? [...held.parentNode.children].indexOf(held) : -1;
  const heir = place >= 0 ? next?.querySelector(".entry-buttons").children[place] : next?.querySelector(twin);
  (heir ?? document.querySelector("#open-library")).focus({ preventScroll: true });
}

function showEmpty(link) {
  const { queue, library } = link.state;
  if (!queue || !library) return;
  const none = library.tracks === 0 && !library.adding;
  find("#queue-empty").hidden = queue.entries.length > 0;
  find("#entries").hidden = queue.entries.length === 0;
  find("#empty-add").hidden = !none && library.tracks === 0;
  const words = none
    ? "No music yet. Add a folder: its tracks are listened to once, then they can be recognised, played and suggested."
    : library.tracks === 0
      ? "The first tracks are being listened to. Suggestions begin as soon as they are in."
      : "Nothing is queued. Choose from the library, or like something and suggestions come.";
  setText(find("#empty-words"), words);
  setText(find("#empty-button"), none ? "Add a folder of music" : "Open the library");
}
