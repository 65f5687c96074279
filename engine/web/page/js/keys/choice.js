// One of several: a list to unfold, or a row of small drawings.

import { el } from "../dom.js";
import { svg } from "./svg.js";

/** Drawings of waves and of the shapes of LFOs, 16 by 10. */
const WAVES = {
  saw: "M1 9L8 1V9L15 1V9",
  pulse: "M1 9V1H8V9H15V1",
  square: "M1 9V1H8V9H15V1",
  triangle: "M1 5L4.5 1L11.5 9L15 5",
  sine: "M1 5C3 0 6 0 8 5S13 10 15 5",
  "sample-and-hold": "M1 6H4V2H7V8H10V4H13V1H15",
};

/** A list to unfold. `options`: [value, words] pairs; `change(value)`. */
export class List {
  node;
  #options;
  #select;

  constructor(label, options, change) {
    this.#select = el("select", { class: "k-list", "aria-label": label });
    this.node = this.#select;
    this.options = options;
    // Once chosen by hand the list gives the letters back to the notes; arrow keys go on in it.
    let byHand = false;
    this.#select.addEventListener("pointerdown", () => (byHand = true));
    this.#select.addEventListener("keydown", () => (byHand = false));
    this.#select.addEventListener("change", () => {
      change(this.#options[this.#select.selectedIndex][0]);
      if (byHand) this.#select.blur();
    });
  }

  set options(options) {
    this.#options = options;
    this.#select.replaceChildren(...options.map(([, words]) => el("option", { text: words })));
  }

  set value(value) {
    let index = this.#options.findIndex(([one]) => one === value);
    if (index < 0) {
      this.options = [...this.#options, [value, String(value)]];
      index = this.#options.length - 1;
    }
    if (this.#select.selectedIndex !== index) this.#select.selectedIndex = index;
  }
}

let groups = 0;

/** A row of buttons of which one is down: waves as drawings, anything else as words. */
export class Row {
  node;
  #buttons = new Map();

  constructor(label, options, change, { drawn = false } = {}) {
    const name = `keys-row-${groups++}`;
    this.node = el("div", { class: drawn ? "pick pick-drawn" : "pick", role: "radiogroup", "aria-label": label });
    for (const [value, words] of options) {
      const radio = el("input", { type: "radio", name, class: "sr" });
      radio.addEventListener("change", () => change(value));
      const face = drawn
        ? svg("svg", { viewBox: "0 0 16 10", class: "k-wave", "aria-hidden": "true" }, svg("path", { d: WAVES[value] }))
        : el("span", { text: words });
      if (drawn) radio.setAttribute("aria-label", words);
      this.node.append(el("label", { class: "pick-one", title: words }, radio, face));
      this.#buttons.set(value, radio);
    }
  }

  set value(value) {
    const radio = this.#buttons.get(value);
    if (radio && !radio.checked) radio.checked = true;
  }
}

/**
 * Several sheets in one place, as large as the largest; the names of the sheets are its heading.
 */
export function tabs(label, sheets, chosen = () => {}) {
  const id = `keys-tabs-${groups++}`;
  const bar = el("div", { class: "k-tabs", role: "tablist", "aria-label": label });
  const names = Object.keys(sheets);
  const buttons = names.map((name, i) =>
    el("button", {
      type: "button", class: "k-tab", role: "tab", id: `${id}-${i}`, "aria-controls": `${id}-sheet-${i}`, text: name,
    }),
  );
  const show = (index, focus) => {
    buttons.forEach((button, i) => {
      button.setAttribute("aria-selected", i === index);
      button.tabIndex = i === index ? 0 : -1;
      sheets[names[i]].classList.toggle("away", i !== index);
    });
    if (focus) buttons[index].focus();
    chosen(index);
  };
  buttons.forEach((button, i) => {
    const sheet = sheets[names[i]];
    sheet.id = `${id}-sheet-${i}`;
    sheet.setAttribute("role", "tabpanel");
    sheet.setAttribute("aria-labelledby", button.id);
    button.addEventListener("click", () => show(i, false));
    button.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      show((i + by + buttons.length) % buttons.length, true);
    });
    bar.append(button);
  });
  show(0, false);
  const stack = el("div", { class: "k-stack" }, ...Object.values(sheets));
  return { bar, buttons, stack };
}
