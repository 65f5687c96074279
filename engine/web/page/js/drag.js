// Moving an entry: by its grip with mouse or finger, or with the arrow keys on the grip.

/**
 * Let `item` be moved inside `list`. `move(item, place)` is called once, when it is let go or a key is
 * pressed; places count the entries without the one that moves, as the server does.
 */
export function movable(item, list, move) {
  const grip = item.grip;
  grip.addEventListener("keydown", (event) => {
    const rows = [...list.children];
    const at = rows.indexOf(item.node);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to !== at && to >= 0 && to < rows.length) move(item, to);
  });
  grip.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    grip.focus({ preventScroll: true });
    new Drag(item, list, move, event);
  });
}

const EDGE = 36; // px from the list's end where it begins to scroll
const SCROLL = 9; // px a frame

class Drag {
  constructor(item, list, move, event) {
    this.item = item;
    this.list = list;
    this.move = move;
    this.rows = [...list.children];
    this.from = this.to = this.rows.indexOf(item.node);
    this.height = item.node.offsetHeight;
    this.middles = this.rows.map((row) => row.offsetTop + row.offsetHeight / 2);
    this.start = event.clientY + list.scrollTop;
    this.y = event.clientY;
    list.classList.add("moving");
    item.node.classList.add("moved");
    const { grip } = item;
    grip.setPointerCapture(event.pointerId);
    this.over = new AbortController();
    const { signal } = this.over;
    grip.addEventListener("pointermove", (now) => this.#follow(now.clientY), { signal });
    grip.addEventListener("pointerup", () => this.#end(true), { signal });
    grip.addEventListener("pointercancel", () => this.#end(false), { signal });
    grip.addEventListener("keydown", (now) => now.key === "Escape" && this.#end(false), { signal });
    this.timer = requestAnimationFrame(() => this.#scroll());
  }

  #follow(y) {
    this.y = y;
    const shift = y + this.list.scrollTop - this.start;
    const middle = this.middles[this.from] + shift;
    this.to = this.middles.filter((other, i) => i !== this.from && other < middle).length;
    this.item.node.style.transform = `translateY(${shift}px)`;
    this.rows.forEach((row, i) => {
      if (i === this.from) return;
      const place = i < this.from ? i : i - 1; // its place without the one that moves
      const by = i > this.from && place < this.to ? -this.height : i < this.from && place >= this.to ? this.height : 0;
      row.style.transform = by ? `translateY(${by}px)` : "";
    });
  }

  #scroll() {
    const box = this.list.getBoundingClientRect();
    const by = this.y < box.top + EDGE ? -SCROLL : this.y > box.bottom - EDGE ? SCROLL : 0;
    if (by) {
      this.list.scrollTop += by;
      this.#follow(this.y);
    }
    this.timer = requestAnimationFrame(() => this.#scroll());
  }

  #end(keep) {
    this.over.abort();
    cancelAnimationFrame(this.timer);
    this.list.classList.remove("moving");
    this.item.node.classList.remove("moved");
    for (const row of this.rows) row.style.transform = "";
    if (keep && this.to !== this.from) this.move(this.item, this.to);
  }
}
