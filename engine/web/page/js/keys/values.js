// Values of parameters: their place on a knob, their words, and what was typed for them.
//
// A `meta` is an entry of GET /api/parameters; `as` (from layout.js) says how it is shown.

const MINUS = "\u2212";

/** Numeric choices (1, 2, 4 ...) of a parameter, or null when it goes smoothly. */
export function steps(meta) {
  if (meta.choices?.every((choice) => typeof choice === "number")) return meta.choices;
  return null;
}

const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

// Times reach from a millisecond to a minute on one knob: their way is bent more.
const exponent = (meta) => (meta.unit === "s" ? 4 : 3);

/** Where a value stands on its way from low to high, 0..1. */
export function place(meta, value) {
  const choices = steps(meta);
  if (choices) return Math.max(0, choices.indexOf(value)) / Math.max(1, choices.length - 1);
  const { low, high } = meta;
  if (meta.scale === "log" && low > 0) return clamp(Math.log(value / low) / Math.log(high / low), 0, 1);
  if (meta.scale === "power") {
    const bend = 1 / exponent(meta);
    if (low < 0) {
      const side = Math.abs(value) / (value < 0 ? -low : high);
      return 0.5 + (Math.sign(value) * Math.min(1, side) ** bend) / 2;
    }
    return clamp((value - low) / (high - low), 0, 1) ** bend;
  }
  return clamp((value - low) / (high - low), 0, 1);
}

/** The value at a place 0..1, with four digits at most. */
export function valueAt(meta, at) {
  const choices = steps(meta);
  const way = clamp(at, 0, 1);
  if (choices) return choices[Math.round(way * (choices.length - 1))];
  const { low, high } = meta;
  let value = low + way * (high - low);
  if (meta.scale === "log" && low > 0) value = low * (high / low) ** way;
  else if (meta.scale === "power" && low < 0) {
    const side = 2 * way - 1;
    value = Math.sign(side) * Math.abs(side) ** exponent(meta) * (side < 0 ? -low : high);
  } else if (meta.scale === "power") value = low + way ** exponent(meta) * (high - low);
  if (meta.whole) value = Math.round(value);
  return clamp(Number(value.toPrecision(4)), low, high);
}

/** The smallest way of an arrow key: a step, or a hundredth. */
export function nudge(meta) {
  const choices = steps(meta);
  if (choices) return 1 / Math.max(1, choices.length - 1);
  return meta.whole ? 1 / (meta.high - meta.low) : 0.01;
}

function digits(value, most = 3) {
  const size = Math.abs(value);
  const after = size >= 100 ? 0 : size >= 10 ? most - 2 : most - 1;
  return signed(Number(value.toFixed(after)).toString());
}

const signed = (text) => text.replace("-", MINUS);
const plus = (value, text) => (value > 0 ? `+${text}` : text);

const SHOW = {
  percent: (value) => `${signed(Math.round(value * 100).toString())} %`,
  shift: (value) => plus(value, `${signed(Math.round(value * 100).toString())} %`),
  degrees: (value) => `${Math.round(value * 360)}°`,
  q: (value) => `Q ${digits(value, 2)}`,
  pan: (value) => {
    const part = Math.round(Math.abs(value) * 100);
    return part === 0 ? "centre" : `${value < 0 ? "L" : "R"} ${part}`;
  },
  octave: (value) => plus(value, signed(`${value}`)),
  count: (value) => `${value}`,
  Hz: (value) => (value >= 1000 ? `${digits(value / 1000)} kHz` : `${digits(value)} Hz`),
  s: (value) => (value < 1 ? `${digits(value * 1000, value < 0.01 ? 2 : 3)} ms` : `${digits(value)} s`),
  ms: (value) => `${digits(value)} ms`,
  dB: (value) => plus(value, `${signed(value.toFixed(1))} dB`),
  cents: (value) => plus(value, `${digits(value)} ct`),
  semitones: (value) => plus(value, `${digits(value)} st`),
};

/** How a parameter is shown: what the layout says, else its unit, else per cent. */
export const manner = (meta) => meta.as ?? (meta.unit in SHOW ? meta.unit : "percent");

/** A value in words, with its unit. */
export const say = (meta, value) => SHOW[manner(meta)](value);

/** The number that was typed, in the parameter's own unit; NaN when it is none. */
export function read(meta, text) {
  const plain = text.trim().replace(MINUS, "-").replace(",", ".");
  const as = manner(meta);
  const found = /[-+]?(\d+\.?\d*|\.\d+)/.exec(plain);
  if (as === "pan" && /^c/i.test(plain)) return 0;
  if (!found) return Number.NaN;
  let value = Number(found[0]);
  if (as === "pan") value = ((/^l/i.test(plain) ? -1 : 1) * value) / 100;
  else if (as === "percent" || as === "shift") value /= 100;
  else if (as === "degrees") value /= 360;
  else if (as === "Hz" && /k/i.test(plain)) value *= 1000;
  // Without a unit a time is in that in which it is shown now.
  else if (as === "s" && /m/i.test(plain)) value /= 1000;
  const choices = steps(meta);
  if (choices) return choices.reduce((best, one) => (Math.abs(one - value) < Math.abs(best - value) ? one : best));
  if (meta.whole) value = Math.round(value);
  return clamp(value, meta.low, meta.high);
}
