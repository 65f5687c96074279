// The binary frames of the socket, 30 a second: spectra, scope, meters, keys that sound.

const HEADER_BYTES = 16;
const KIND = 1;

/** Read one frame; null when it is of a kind this page does not know. All arrays are views. */
export function decode(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < HEADER_BYTES || view.getUint8(0) !== KIND) return null;
  const flags = view.getUint8(1);
  const bins = view.getUint16(2, true);
  const scope = view.getUint16(4, true);
  const meters = view.getUint16(6, true);
  if (buffer.byteLength < HEADER_BYTES + 2 * bins + scope + meters + 16) return null;
  let at = HEADER_BYTES;
  const take = (Type, count) => {
    const part = new Type(buffer, at, count);
    at += count;
    return part;
  };
  return {
    limiting: (flags & 1) !== 0,
    recording: (flags & 2) !== 0,
    locked: (flags & 4) !== 0,
    counter: view.getUint32(8, true),
    beat: view.getFloat32(12, true), // transport beats, modulo 1024
    output: take(Uint8Array, bins), // 0..255: -96..0 dBFS, 40 Hz..18 kHz, spaced by ratio
    microphone: take(Uint8Array, bins),
    scope: take(Int8Array, scope),
    meters: take(Uint8Array, meters), // see METER
    keys: take(Uint8Array, 16), // bit n % 8 of byte n / 8: key n sounds
  };
}

/** Places in `frame.meters`; levels 0..255 are -72..0 dBFS. */
export const METER = {
  leftPeak: 0,
  rightPeak: 1,
  leftRms: 2,
  rightRms: 3,
  deckA: 4,
  deckB: 5,
  synth: 6,
  microphone: 7,
  reduction: 8, // 0..255: 0..24 dB
  load: 9, // 0..255: 0..100 % of the callback's time
};

/** Whether `note` (0..127) sounds in this frame. */
export const sounds = (frame, note) => (frame.keys[note >> 3] >> (note & 7)) & 1;
