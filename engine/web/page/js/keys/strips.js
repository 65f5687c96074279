// Pitch bend, which springs back, and modulation wheel, which stays.

import { el } from "../dom.js";

const MODULATION = 1;
const KEY_STEP = 0.08;
const THUMB_PX = 16;

/** An upright strip from `low` to 1. `change(value)`; `springs`: back to 0 when let go. */
function strip(label, { low, springs, change, say }) {
  const thumb = el("i", { class: "strip-thumb" });
  const node = el("div", { class: springs ? "upright springs" : "upright", role: "slider", tabindex: 0, title: label }, thumb);
  node.setAttribute("aria-label", label);
  node.setAttribute("aria-orientation", "vertical");
  node.setAttribute("aria-valuemin", low);
  node.setAttribute("aria-valuemax", 1);
  let now = null;
  const set = (next) => {
    const value = Math.min(1, Math.max(low, next));
    if (value === now) return;
    const first = now === null;
    now = value;
    thumb.style.bottom = `calc(${THUMB_PX / 2 + 1}px + (100% - ${THUMB_PX + 2}px) * ${(value - low) / (1 - low)})`;
    node.setAttribute("aria-valuenow", value.toFixed(2));
    node.setAttribute("aria-valuetext", say(value));
    if (!first) change(value);
  };
  set(0);
  const follow = ({ clientY }) => {
    const box = node.getBoundingClientRect();
    const value = low + (1 - low) * (1 - (clientY - box.top - THUMB_PX / 2) / (box.height - THUMB_PX));
    set(springs && Math.abs(value) < 0.06 ? 0 : value);
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    node.classList.add("held");
    follow(event);
  });
  node.addEventListener("pointermove", (event) => node.hasPointerCapture(event.pointerId) && follow(event));
  node.addEventListener("lostpointercapture", () => {
    node.classList.remove("held");
    if (springs) set(0);
  });
  node.addEventListener("keydown", (event) => {
    const by = { ArrowUp: KEY_STEP, ArrowRight: KEY_STEP, ArrowDown: -KEY_STEP, ArrowLeft: -KEY_STEP }[event.key];
    if (by) set(now + by);
    else if (event.key === "Home") set(low);
    else if (event.key === "End") set(1);
    else return;
    event.preventDefault();
  });
  if (springs) {
    node.addEventListener("keyup", ({ key }) => /^(Arrow|Home|End)/.test(key) && set(0));
    addEventListener("blur", () => set(0));
  }
  return { node, set };
}

export function strips(link) {
  const percent = (value) => `${Math.round(value * 100)} %`;
  let waiting = null;
  // A hand moves more often than the engine needs to hear of it.
  const soon = (message) => {
    if (document.hidden) {
      link.send(message); // there are no frames to wait for
      return;
    }
    const first = waiting === null;
    waiting ??= new Map();
    waiting.set(message.type, message);
    if (!first) return;
    requestAnimationFrame(() => {
      for (const one of waiting.values()) link.send(one);
      waiting = null;
    });
  };
  const bend = strip("Pitch bend", {
    low: -1, springs: true, say: percent, change: (amount) => soon({ type: "bend", amount: Number(amount.toFixed(4)) }),
  });
  const wheel = strip("Modulation", {
    low: 0, springs: false, say: percent,
    change: (value) => soon({ type: "control", number: MODULATION, value: Math.round(value * 127) }),
  });
  const named = (name, { node }) => el("div", { class: "strip-named" }, node, el("span", { text: name, "aria-hidden": "true" }));
  return el("div", { class: "strips" }, named("bend", bend), named("mod", wheel));
}
