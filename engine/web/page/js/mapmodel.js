// The map's points and the window onto them: from track to pixel and back, and who is near.

const CELLS = 64; // the grid that finds neighbours has CELLS x CELLS cells
const UNIT = 10_000; // the server's coordinates are 0..UNIT
const STRETCH = 1.6; // how much longer one side may be drawn than the other
const FILL = 0.94; // of the frame
const MOST = 80; // how far one can zoom in

export class MapModel {
  /** `reply`: what /api/map answers. */
  constructor({ ids, x, y, cluster, clusters }) {
    this.ids = ids;
    this.count = ids.length;
    this.x = Float32Array.from(x, (value) => value / UNIT);
    this.y = Float32Array.from(y, (value) => value / UNIT);
    this.cluster = cluster;
    this.clusters = clusters.map((it) => ({ ...it, x: it.x / UNIT, y: it.y / UNIT }));
    this.place = new Map(ids.map((id, i) => [id, i]));
    this.#sort();
    this.zoom = 1;
    this.left = 0; // of the window, in the map's units
    this.top = 0;
    this.width = 1; // of the window, in pixels
    this.height = 1;
  }

  // Counting sort by cell: the points of cell c are order[start[c]..start[c + 1]].
  #sort() {
    const cell = (i) => {
      const column = Math.min(CELLS - 1, Math.floor(this.x[i] * CELLS));
      return Math.min(CELLS - 1, Math.floor(this.y[i] * CELLS)) * CELLS + column;
    };
    this.start = new Uint32Array(CELLS * CELLS + 1);
    for (let i = 0; i < this.count; i += 1) this.start[cell(i) + 1] += 1;
    for (let c = 0; c < CELLS * CELLS; c += 1) this.start[c + 1] += this.start[c];
    const next = this.start.slice();
    this.order = new Uint32Array(this.count);
    for (let i = 0; i < this.count; i += 1) {
      const c = cell(i);
      this.order[next[c]] = i;
      next[c] += 1;
    }
  }

  /** Pixels per unit of the map across; the map is stretched to its frame, within reason. */
  get across() {
    return Math.min(this.width, STRETCH * this.height) * FILL * this.zoom;
  }

  /** Pixels per unit of the map down. */
  get down() {
    return Math.min(this.height, STRETCH * this.width) * FILL * this.zoom;
  }

  resize(width, height) {
    const [x, y] = this.toMap(this.width / 2, this.height / 2);
    const first = this.width === 1;
    this.width = width;
    this.height = height;
    if (first) this.fit();
    else this.center(x, y);
  }

  /** Show all of it. */
  fit() {
    this.zoom = 1;
    this.center(0.5, 0.5);
  }

  center(x, y) {
    this.left = x - this.width / 2 / this.across;
    this.top = y - this.height / 2 / this.down;
  }

  toPixel(i) {
    return [(this.x[i] - this.left) * this.across, (this.y[i] - this.top) * this.down];
  }

  toMap(px, py) {
    return [this.left + px / this.across, this.top + py / this.down];
  }

  pan(dx, dy) {
    this.left = Math.min(1, Math.max(-this.width / this.across, this.left - dx / this.across));
    this.top = Math.min(1, Math.max(-this.height / this.down, this.top - dy / this.down));
  }

  /** Zoom by a factor; what is at the pixel stays there. */
  zoomAt(factor, px, py) {
    const [x, y] = this.toMap(px, py);
    this.zoom = Math.min(MOST, Math.max(0.8, this.zoom * factor));
    this.left = x - px / this.across;
    this.top = y - py / this.down;
  }

  /** The track's index nearest to a pixel within `reach` pixels; -1 when there is none. */
  nearest(px, py, reach) {
    const [x, y] = this.toMap(px, py);
    let best = -1;
    let least = reach;
    const [wide, tall] = [reach / this.across, reach / this.down];
    const clip = (value) => Math.min(CELLS - 1, Math.max(0, Math.floor(value * CELLS)));
    for (let row = clip(y - tall); row <= clip(y + tall); row += 1) {
      for (let column = clip(x - wide); column <= clip(x + wide); column += 1) {
        const c = row * CELLS + column;
        for (let k = this.start[c]; k < this.start[c + 1]; k += 1) {
          const i = this.order[k];
          const far = Math.hypot((this.x[i] - x) * this.across, (this.y[i] - y) * this.down);
          if (far < least) {
            least = far;
            best = i;
          }
        }
      }
    }
    return best;
  }

  /** The nearest track from `from` towards (dx, dy), within 45 degrees; `from` itself when none is. */
  towards(from, dx, dy) {
    let best = from;
    let least = Infinity;
    for (let i = 0; i < this.count; i += 1) {
      const right = (this.x[i] - this.x[from]) * this.across;
      const down = (this.y[i] - this.y[from]) * this.down;
      const along = right * dx + down * dy;
      const across = Math.abs(right * dy) + Math.abs(down * dx);
      if (along <= 0 || across > along || i === from) continue;
      const far = along + 2 * across;
      if (far < least) {
        least = far;
        best = i;
      }
    }
    return best;
  }
}
