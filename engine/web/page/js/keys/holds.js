// Which keys are held, by what: a note sounds as long as any finger, key or button holds it, and
// none is left sounding when the page is left.

const SUSTAIN = 64;

export class Holds {
  sustain = false;
  #link;
  #by = new Map(); // what holds -> note
  #count = new Map(); // note -> how many hold it
  #listeners = new Set();

  constructor(link) {
    this.#link = link;
    addEventListener("blur", () => this.releaseAll());
    addEventListener("pagehide", () => this.releaseAll());
    document.addEventListener("visibilitychange", () => document.hidden && this.releaseAll());
    // The server lets go of what a lost page held; it is not to be let go again.
    link.on("link", ({ state }) => state !== "open" && this.#forget());
  }

  /** Call `run(note, held)` when a note is struck or let go; `run(null)` for the pedal. */
  on(run) {
    this.#listeners.add(run);
  }

  get size() {
    return this.#count.size;
  }

  /** What of "finger 3" or "KeyZ" holds now, if anything. */
  of(holder) {
    return this.#by.get(holder);
  }

  strike(holder, note, velocity) {
    if (note < 0 || note > 127) return;
    this.release(holder);
    this.#by.set(holder, note);
    this.#count.set(note, (this.#count.get(note) ?? 0) + 1);
    this.#link.send({ type: "note_on", note, velocity });
    this.#tell(note, true);
  }

  release(holder) {
    const note = this.#by.get(holder);
    if (note === undefined) return;
    this.#by.delete(holder);
    const left = this.#count.get(note) - 1;
    if (left > 0) {
      this.#count.set(note, left);
      return;
    }
    this.#count.delete(note);
    this.#link.send({ type: "note_off", note });
    this.#tell(note, false);
  }

  pedal(down) {
    if (down === this.sustain) return;
    this.sustain = down;
    this.#link.send({ type: "control", number: SUSTAIN, value: down ? 127 : 0 });
    this.#tell(null, down);
  }

  releaseAll() {
    for (const holder of [...this.#by.keys()]) this.release(holder);
    this.pedal(false);
  }

  #forget() {
    const notes = [...this.#count.keys()];
    this.#by.clear();
    this.#count.clear();
    for (const note of notes) this.#tell(note, false);
    this.sustain = false;
    this.#tell(null, false);
  }

  #tell(note, held) {
    for (const run of this.#listeners) run(note, held);
  }
}
