// What stands where in the room of the keys, and how it is called there. Limits, units and
// defaults come from the server.

/** Note values that a list offers, from long to short. */
export const NOTE_VALUES = [
  "4/1", "2/1", "1/1", "1/2.", "1/2", "1/4.", "1/2t", "1/4", "1/8.", "1/4t", "1/8", "1/16.", "1/8t",
  "1/16", "1/16t", "1/32",
];

const MARKS = { ".": " D", t: " T" };

/** A note value as players write it: "1/8." is dotted, "1/8 D", and "1/8t" a triplet, "1/8 T". */
export const noteWords = (value) => value.replace(/[.t]$/, (mark) => MARKS[mark]);

/** Quarter notes of a note value. */
export function beats(value) {
  const found = /^(\d+)\/(\d+)([.t]?)$/.exec(value);
  if (!found) return 1;
  return ((4 * found[1]) / found[2]) * { "": 1, ".": 1.5, t: 2 / 3 }[found[3]];
}

export const OSCILLATOR = [
  ["level", "level"],
  ["octave", "octave", "octave"],
  ["detune", "detune"],
  ["width", "width"],
];
export const UNISON = [
  ["unison.voices", "voices", "count"],
  ["unison.detune", "detune"],
  ["unison.spread", "spread"],
  ["noise", "noise"],
];
export const FILTER = [
  ["filter.cutoff", "cutoff"],
  ["filter.resonance", "resonance", "q"],
  ["filter.drive", "drive"],
  ["filter.envelope", "envelope"],
  ["filter.key_track", "key track"],
  ["filter.velocity", "velocity"],
];
export const ENVELOPE = [
  ["attack", "attack"],
  ["decay", "decay"],
  ["sustain", "sustain"],
  ["release", "release"],
  ["curve", "curve"],
];
export const LFO_TIME = [
  ["rate", "rate"],
  ["phase", "phase", "degrees"],
  ["delay", "delay"],
  ["fade", "fade"],
];
export const LFO_DEPTH = [
  ["pitch", "pitch"],
  ["cutoff", "cutoff"],
  ["amplitude", "level"],
  ["pan", "pan"],
  ["width", "width"],
];
export const SPACE = [
  ["chorus.send", "chorus"],
  ["chorus.rate", "rate"],
  ["chorus.depth", "depth"],
  ["reverb.send", "reverb"],
  ["reverb.seconds", "length"],
  ["reverb.damping", "damping"],
  ["delay.send", "delay"],
  ["delay.time", "time"],
  ["delay.feedback", "feedback"],
  ["delay.tone", "tone"],
];
export const ARPEGGIO = [
  ["arpeggio.octaves", "octaves", "count"],
  ["arpeggio.gate", "gate"],
  ["arpeggio.swing", "swing"],
];
export const VOICE = [
  ["gain", "gain"],
  ["pan", "pan", "pan"],
  ["velocity", "velocity"],
  ["glide", "glide"],
  ["bend_range", "bend"],
];

export const FOLLOW = [
  ["beat", "in the beat"],
  ["tuning", "in the tuning"],
  ["scale", "in the scale"],
];

export const SOURCES = {
  "lfo-1": "LFO 1", "lfo-2": "LFO 2", envelope: "envelope", velocity: "velocity", key: "key",
  wheel: "wheel", pressure: "pressure", timbre: "timbre", random: "random",
};
export const TARGETS = {
  pitch: "pitch", cutoff: "cutoff", amplitude: "level", pan: "pan", width: "width",
  "lfo-1": "LFO 1", "lfo-2": "LFO 2",
};
const STILL = ["lfo-1", "lfo-2", "envelope"]; // sources that may not move an LFO's depth

/** Whether a source may move a target. */
export const fits = (source, target) => !(STILL.includes(source) && target.startsWith("lfo-"));

/** What a route's knob reaches, and in which unit. */
export function amountMeta(target) {
  const wide = target === "pitch" || target === "cutoff";
  return {
    low: wide ? -120 : -4,
    high: wide ? 120 : 4,
    default: 0,
    unit: wide ? "semitones" : "",
    scale: "power",
    as: wide ? "semitones" : "shift",
    choices: null,
    help: "how far the target moves at full source",
  };
}
