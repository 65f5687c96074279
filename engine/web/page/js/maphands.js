// Mouse, fingers and keys on the map.

const CLICK_PX = 5; // moved less than this it is a click

export class MapHands {
  #view;
  #down = new Map(); // pointer id -> [x, y]
  #start = null;
  #moved = false;
  #tapped = -1;

  constructor(view) {
    this.#view = view;
    const node = view.top;
    node.addEventListener("pointerdown", (event) => this.#press(event));
    node.addEventListener("pointermove", (event) => this.#move(event));
    node.addEventListener("pointerup", (event) => this.#release(event));
    node.addEventListener("pointercancel", (event) => this.#forget(event));
    node.addEventListener("pointerleave", () => this.#down.size || view.point(-1));
    node.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    node.addEventListener("keydown", (event) => this.#key(event));
  }

  #place({ clientX, clientY }) {
    const box = this.#view.top.getBoundingClientRect();
    return [clientX - box.left, clientY - box.top];
  }

  #press(event) {
    if (event.button !== 0) return;
    this.#view.top.setPointerCapture(event.pointerId);
    const place = this.#place(event);
    this.#down.set(event.pointerId, place);
    this.#start = place;
    this.#moved = this.#down.size > 1;
  }

  #move(event) {
    const place = this.#place(event);
    const before = this.#down.get(event.pointerId);
    if (!before) {
      this.#view.point(this.#view.at(...place));
      return;
    }
    if (this.#down.size === 2) this.#pinch(event.pointerId, before, place);
    else {
      this.#moved ||= Math.hypot(place[0] - this.#start[0], place[1] - this.#start[1]) > CLICK_PX;
      if (this.#moved && this.#view.choosing) this.#view.drawn([...this.#start, ...place]);
      else if (this.#moved) this.#view.pan(place[0] - before[0], place[1] - before[1]);
    }
    this.#down.set(event.pointerId, place);
  }

  #pinch(id, before, place) {
    const [, other] = [...this.#down].find(([key]) => key !== id);
    const apart = (a) => Math.max(1, Math.hypot(a[0] - other[0], a[1] - other[1]));
    this.#view.zoom(apart(place) / apart(before), (place[0] + other[0]) / 2, (place[1] + other[1]) / 2);
    this.#view.pan((place[0] - before[0]) / 2, (place[1] - before[1]) / 2);
  }

  #release(event) {
    if (!this.#down.has(event.pointerId)) return;
    const place = this.#place(event);
    const last = this.#down.size === 1;
    this.#forget(event);
    if (!last) return;
    if (!this.#moved) this.#click(this.#view.at(...place), event.pointerType);
    else if (this.#view.choosing) {
      const ends = [this.#view.at(...this.#start), this.#view.at(...place)];
      for (const i of ends) this.#view.pick(i);
    }
  }

  #forget(event) {
    this.#down.delete(event.pointerId);
    this.#view.drawn(null);
  }

  // A finger sees no name before it taps: the first tap shows it, the second plays.
  #click(i, pointer) {
    const knows = pointer === "mouse" || i === this.#tapped;
    this.#tapped = i;
    this.#view.point(i);
    if (this.#view.choosing) this.#view.pick(i);
    else if (knows) this.#view.play(i);
  }

  #wheel(event) {
    event.preventDefault();
    this.#view.zoom(Math.exp(-event.deltaY * 0.0016), ...this.#place(event));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const view = this.#view;
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const act = {
      Enter: () => view.play(view.current),
      " ": () => view.play(view.current),
      p: () => view.pick(view.current),
      "+": () => view.zoom(1.6),
      "=": () => view.zoom(1.6),
      "-": () => view.zoom(1 / 1.6),
      0: () => view.fit(),
    }[event.key];
    if (steps[event.key]) view.step(...steps[event.key]);
    else if (act) act();
    else return;
    event.preventDefault();
    event.stopPropagation(); // these letters are not notes
  }
}
