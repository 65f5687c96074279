// Letters as keys: two rows of a computer's keyboard, by the place of the keys, whatever is
// printed on them.

const LOWER = [
  "KeyZ", "KeyS", "KeyX", "KeyD", "KeyC", "KeyV", "KeyG", "KeyB", "KeyH", "KeyN", "KeyJ", "KeyM",
  "Comma", "KeyL", "Period", "Semicolon", "Slash",
];
const UPPER = [
  "KeyQ", "Digit2", "KeyW", "Digit3", "KeyE", "KeyR", "Digit5", "KeyT", "Digit6", "KeyY", "Digit7",
  "KeyU", "KeyI", "Digit9", "KeyO", "Digit0", "KeyP",
];
const VELOCITY = 96;

const STEPS = new Map([
  ...LOWER.map((code, i) => [code, i]),
  ...UPPER.map((code, i) => [code, i + 12]),
]);

const TYPED = "input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [contenteditable]";
const PRESSED = "button, a, summary, [role=tab], input";

/** Whether a key pressed there is meant for what has the focus, and not for the instrument. */
const elsewhere = (target) => target.closest?.(TYPED) || document.querySelector("dialog[open]");

/** Let letters strike notes above `base()`, space hold the pedal, and brackets `shift(octaves)`. */
export function listen(holds, base, shift) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || elsewhere(event.target)) return;
    const step = STEPS.get(event.code);
    if (step !== undefined) {
      event.preventDefault(); // no quick search of the browser
      if (!event.repeat) holds.strike(event.code, base() + step, VELOCITY);
    } else if (event.code === "Space" && !event.target.closest?.(PRESSED)) {
      event.preventDefault(); // the page does not scroll
      holds.pedal(true);
    } else if (event.code === "BracketLeft" || event.code === "BracketRight") {
      event.preventDefault();
      if (!event.repeat) shift(event.code === "BracketLeft" ? -1 : 1);
    }
  });
  // A button that was clicked gives the space bar back to the pedal; keys leave it where it is.
  addEventListener("click", ({ detail, target }) => {
    const clicked = detail > 0 && target.closest?.("#keys :is(button, label), #keyboard button");
    if (clicked && clicked.contains(document.activeElement)) document.activeElement.blur();
  });
  addEventListener("keyup", (event) => {
    holds.release(event.code);
    if (event.code === "Space" && holds.sustain && !event.target.closest?.(PRESSED)) holds.pedal(false);
  });
}
