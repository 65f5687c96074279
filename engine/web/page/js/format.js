// Figures as people read them. Minus is a minus sign, not a hyphen.

/** Seconds as m:ss, or h:mm:ss from an hour on; "–" when there is nothing to say. */
export function clock(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.floor(seconds));
  const s = String(whole % 60).padStart(2, "0");
  const m = Math.floor(whole / 60) % 60;
  const h = Math.floor(whole / 3600);
  return h ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

/** Seconds in words: "41 s", "2 min", "1 h 5 min". */
export function span(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

const two = (n) => String(n).padStart(2, "0");

/** The time of day of epoch milliseconds, 24 hours. */
export function hour(epochMs, withSeconds = false) {
  const at = new Date(epochMs);
  const hm = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return withSeconds ? `${hm}:${two(at.getSeconds())}` : hm;
}

/** A number with a fixed count of decimals and a true minus sign. */
export const fixed = (x, digits = 0) => x.toFixed(digits).replace("-", "−");

/** The same, with its sign always shown; zero has none. */
export function signed(x, digits = 0) {
  const text = fixed(x, digits);
  return Number(x.toFixed(digits)) > 0 ? `+${text}` : text.replace(/^−(0(\.0+)?)$/, "$1");
}

/** 0..1 as a percentage; certainty is never complete. */
export function sure(confidence, digits = 0) {
  if (confidence === null || confidence === undefined) return "–";
  const most = 100 - 10 ** -digits;
  return `${fixed(Math.min(most, confidence * 100), digits)} %`;
}

/** A key with its own sign: "F♯ minor", "B♭m". */
export const signs = (key) => key.replace("#", "♯").replace(/^([A-G])b/, "$1♭");

export const count = (n) => n.toLocaleString("en").replaceAll(",", " ");

/** "97 Am 3:12": tempo, key and length of a track, as three texts. */
export const facts = (track) => [
  track.bpm ? fixed(track.bpm) : "–",
  signs(track.key_short ?? "–"),
  clock(track.duration_s),
];

/** Title and artist in one line, for names of buttons. */
export const named = (track) => (track.artist ? `${track.title} by ${track.artist}` : track.title);
