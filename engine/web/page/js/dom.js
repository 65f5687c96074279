// Elements without markup in strings: every text goes in as text.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. `props`: `text`, `class`, `data` (dataset), `on` (listeners by event name),
 * other names become attributes (true: empty attribute; null and false: left out).
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A drawing of the sheet of symbols in index.html, hidden from screen readers. */
export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${extra}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A button that is only a drawing; `label` is its name and its tooltip. */
export function iconButton(name, label, run, props = {}) {
  return el(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, on: { click: run }, ...props },
    icon(name),
  );
}

/** Set a node's text only when it differs, so that nothing is laid out anew for nothing. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Name a button anew, for eyes and for screen readers. */
export function setLabel(node, label) {
  if (node.getAttribute("aria-label") === label) return;
  node.setAttribute("aria-label", label);
  node.title = label;
}

/** Say whether a toggle button is on. */
export function setPressed(node, on) {
  node.setAttribute("aria-pressed", on ? "true" : "false");
}

export const find = (selector, root = document) => root.querySelector(selector);
