// One line at the foot of the page for what went wrong, and one that only screen readers hear.

import { find } from "./dom.js";

const SHOWN_MS = 6000;
let timer = 0;

/** Show a line for some seconds; `wrong`: something failed. */
export function say(text, wrong = false) {
  const node = find("#says");
  node.classList.toggle("wrong", wrong);
  node.textContent = text;
  const dialog = find("dialog[open]");
  (dialog ?? document.body).append(node); // over an open dialog, which is above all else
  clearTimeout(timer);
  timer = setTimeout(() => (node.textContent = ""), SHOWN_MS);
}

/** Tell screen readers, without showing anything. */
export function announce(text) {
  const node = find("#announce");
  const dialog = find("dialog[open]");
  (dialog ?? document.body).append(node); // the rest of the page is silent behind a dialog
  node.textContent = text;
}
