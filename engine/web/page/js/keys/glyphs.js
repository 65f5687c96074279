// Drawings of the keys' own buttons.

import { el } from "../dom.js";
import { svg } from "./svg.js";

const PATHS = {
  star: "M8 2.2l1.8 3.7 4 .6-2.900 2.800.7 4L8 11.400l-3.600 1.900.7-4L2.200 6.500l4-.6z",
  left: "M9.500 4 5.500 8l4 4",
  right: "M6.500 4l4 4-4 4",
  down: "M4.500 6.500 8 10l3.500-3.500",
  close: "M4.500 4.500l7 7M11.500 4.500l-7 7",
};

export const glyph = (name) =>
  svg("svg", { viewBox: "0 0 16 16", class: `icon glyph-${name}`, "aria-hidden": "true" }, svg("path", { d: PATHS[name] }));

/** A button that is only a drawing; `label` is its name and its tooltip. */
export const glyphButton = (name, label, run, props = {}) =>
  el(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, on: { click: run }, ...props },
    glyph(name),
  );
