// The patch as the page knows it: one value per path, told to the server, heard from it.
//
// What a hand moves goes out once per animation frame. What the server says of a value that was
// moved a moment ago is an echo from the past: it waits until the hand has rested.

const REST_MS = 600;

/** Follow a path such as "oscillators.0.wave" into plain data. */
export function at(data, path) {
  let value = data;
  for (const part of path.split(".")) value = value?.[part];
  return value;
}

function put(data, path, value) {
  const parts = path.split(".");
  const last = parts.pop();
  const owner = parts.reduce((inner, part) => inner[part], data);
  owner[last] = value;
}

export class Model {
  patch = null;
  name = "";
  changed = false;

  #link;
  #served = null; // the patch as the server said it last
  #moved = new Map(); // path -> time of the last move by hand
  #held = new Set();
  #unsent = new Map();
  #listeners = new Set();
  #frame = 0;
  #timer = 0;
  #putting = false;
  #again = false;

  constructor(link) {
    this.#link = link;
    link.on("keys", (keys) => this.#hear(keys));
  }

  /** Call `run(model)` now, if there is a patch, and whenever anything of it changes. */
  on(run) {
    this.#listeners.add(run);
    if (this.patch) run(this);
  }

  get(path) {
    return at(this.patch, path);
  }

  /** Move a value by hand. */
  set(path, value) {
    if (this.get(path) === value) return;
    put(this.patch, path, value);
    this.changed = true;
    this.#moved.set(path, performance.now());
    this.#unsent.set(path, value);
    this.#later();
    this.#tell();
  }

  /** A hand is on a value until `release`. */
  hold(path) {
    this.#held.add(path);
  }

  release(path) {
    this.#held.delete(path);
    this.#moved.set(path, performance.now());
    this.#settle();
  }

  /** Take another patch whole, whatever was moved: {patch, name, changed}. */
  take(keys) {
    this.#forget();
    this.#hear(keys);
  }

  #forget() {
    this.#moved.clear();
    this.#unsent.clear();
  }

  // A page in the background has no animation frames, but its last value counts too.
  #later() {
    if (this.#frame) return;
    const send = () => {
      this.#frame = 0;
      for (const [path, value] of this.#unsent) {
        if (path === "matrix") this.#putWhole();
        else this.#link.send({ type: "set", path, value });
      }
      this.#unsent.clear();
    };
    if (document.hidden) send();
    else this.#frame = requestAnimationFrame(send);
  }

  // The matrix has no path of its own: it goes with the whole patch, one at a time, the last wins.
  async #putWhole() {
    this.#again = this.#putting;
    if (this.#putting) return;
    this.#putting = true;
    await this.#link.act(this.#link.put("/api/keys/patch", this.patch));
    this.#putting = false;
    if (this.#again) this.#putWhole();
  }

  #hear({ patch, name, changed }) {
    if (name !== this.name) this.#forget();
    this.name = name;
    this.changed = changed;
    this.#served = patch;
    this.#merge();
    if (this.#moved.size) this.#settle();
  }

  #settle() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#merge(), REST_MS + 20);
  }

  #merge() {
    if (!this.#served) return;
    const now = performance.now();
    const next = structuredClone(this.#served);
    for (const [path, time] of this.#moved) {
      if (this.#held.has(path) || now - time < REST_MS) {
        if (at(next, path) !== undefined) put(next, path, this.get(path));
      } else this.#moved.delete(path);
    }
    this.patch = next;
    if (this.#moved.size && !this.#held.size) this.#settle();
    this.#tell();
  }

  #tell() {
    for (const run of this.#listeners) run(this);
  }
}
