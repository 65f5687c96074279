// The curves of a patch, from the engine: asked for when the patch has changed, one question at a
// time, the last one wins.

import { evenStages } from "./envelopes.js";

const PAUSE_MS = 30;

export class Curves {
  curves = null;
  #link;
  #model;
  #listeners = new Set();
  #asked = "";
  #waiting = false;
  #asking = false;

  constructor(link, model) {
    this.#link = link;
    this.#model = model;
    model.on(() => this.#soon());
    link.on("link", ({ state }) => state === "open" && this.#soon());
  }

  on(run) {
    this.#listeners.add(run);
    if (this.curves) run(this.curves);
  }

  #soon() {
    if (this.#waiting) return;
    this.#waiting = true;
    setTimeout(() => this.#ask(), PAUSE_MS);
  }

  async #ask() {
    if (this.#asking) return; // what waits is asked when the answer is there
    this.#waiting = false;
    if (!this.#model.patch) return;
    const patch = structuredClone(this.#model.patch);
    patch.amplitude = evenStages(patch.amplitude);
    patch.modulation = evenStages(patch.modulation);
    const question = JSON.stringify(patch);
    if (question === this.#asked) return;
    this.#asked = question;
    this.#asking = true;
    try {
      this.curves = await this.#link.post("/api/curves", { patch });
      for (const run of this.#listeners) run(this.curves);
    } catch (error) {
      if (error.status === undefined) throw error;
      this.#asked = ""; // the picture stays as it was; the next change asks again
    } finally {
      this.#asking = false;
      if (this.#waiting) this.#ask();
    }
  }
}
