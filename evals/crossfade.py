"""Whether tracks follow each other as loud as the others, without clicks, gaps or overs.

    python -m evals.crossfade [FILE ...] [--seconds 20] [--block 128] [--json OUT]

Plays files (of three sorts that it makes itself, of different loudness, if none are given) one
after the other through the decks and the compiled callback, faster than real time, with crossfades
of 0, 2 and 8 s, and measures what goes out:

- `off LU`: the loudness of each track where it plays alone, by pyloudnorm, against the target
  changed by how the loudness of that part differs from that of its track; tracks whose peaks do
  not let them be raised so far are named and left out;
- `peak`: the highest true peak, four times oversampled;
- `error`: the greatest difference to the ideal mix, computed apart from the files, in dB of full
  scale: a click or a lost frame would be a number near the music's own level;
- `silent`: the longest silence that is not in the ideal mix.

With sines, where any click shows: seeks, pauses, skips and cuts in their steepest bend against
that of the sine itself, and the longest gap. And what the limiter lets through when it has to work.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import lfilter, resample_poly

from engine.analysis.loudness import LoudnessMeter
from engine.decks import Cue, Decks
from engine.decks.loudness import crossing_law, gain_db, highest_gain
from engine.io import audiofile
from engine.io.device import HandStream
from engine.synth import Synth

RATE = 48_000
TARGET_LUFS = -16.0
EASE = RATE // 200
CROSSFADES_S = (0.0, 2.0, 8.0)

Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Piece:
    """A track: its cue, its sound as a deck gets it, and the loudness that the engine measured."""

    cue: Cue
    sound: Sound
    held_down: bool  # by its peaks

    @property
    def gain(self) -> float:
        """As a factor, without asking the decks."""
        found = gain_db(self.cue.loudness_lufs, self.cue.true_peak_db, TARGET_LUFS)
        return float(10 ** (found / 20))

    @property
    def peak(self) -> float:
        """As it is played."""
        return self.gain * float(10 ** ((self.cue.true_peak_db or 0.0) / 20))


def made(folder: Path, seconds: float) -> list[Path]:
    """Write pieces of different loudness, formats and rates."""
    paths = []
    plans = [(-9.0, "flac", 44_100), (-24.0, "wav", 48_000), (-14.0, "mp3", 44_100),
             (-30.0, "flac", 48_000), (-11.0, "ogg", 48_000)]  # fmt: skip
    for number, (lufs, suffix, rate) in enumerate(plans):
        rng = np.random.default_rng(number)
        t = np.arange(round(seconds * rate)) / rate
        sound = np.zeros((len(t), 2))
        for start in np.arange(0.0, seconds, 0.25):
            local = np.clip(t - start, 0.0, None)
            key = rng.integers(40, 76)
            swell = np.minimum(local / 0.005, 1.0) * np.exp(-4.0 * local)
            for k in range(1, 6):
                tone = np.sin(2 * np.pi * k * 440 * 2 ** ((key - 69) / 12) * local) / k
                sound += np.outer(swell * tone, rng.uniform(0.5, 1.0, 2))
        sound = np.tanh(sound / sound.std() * (0.3 + 0.25 * (lufs > -12)))
        sound *= 10 ** ((lufs - measured(sound.astype(np.float32), rate)[0]) / 20)
        paths.append(folder / f"piece-{number}.{suffix}")
        soundfile.write(paths[-1], np.clip(sound, -0.999, 0.999), rate)
    return paths


def measured(sound: NDArray[np.float32], rate: int) -> tuple[float, float]:
    """Return loudness and true peak as the library's analysis measures them."""
    meter = LoudnessMeter(rate, sound.shape[1])
    meter.feed(sound)
    return meter.integrated() or -70.0, meter.true_peak_db() or -200.0


def piece(number: int, path: Path, seconds: float) -> Piece:
    """Decode a file and say how loud it is."""
    sound, rate = audiofile.read(path)
    end_s = min(seconds, len(sound) / rate)
    part = sound[: round(end_s * rate)]
    lufs, peak_db = measured(part, rate)
    end = end_s if end_s < len(sound) / rate else None
    cue = Cue(number, path, 0.0, end, lufs, peak_db)
    decoded, _ = audiofile.read(path, RATE)
    if decoded.shape[1] == 1:
        decoded, lufs = np.repeat(decoded, 2, axis=1), lufs + 3.01
    frames = round(end_s * RATE) if end is not None else len(decoded)
    held_down = gain_db(lufs, peak_db, TARGET_LUFS) < TARGET_LUFS - lufs - 0.01
    return Piece(cue, decoded[:frames, :2].astype(np.float64), held_down)


def play(
    first: Cue,
    rest: list[Cue],
    crossfade_s: float,
    block: int,
    seconds: float | None = None,
    acts: list[tuple[float, Callable[[Decks], None]]] | None = None,
    target_lufs: float | None = TARGET_LUFS,
    chord: tuple[int, ...] = (),
) -> Sound:
    """Return all that goes out until the music ends, or for some seconds."""
    synth = Synth(sample_rate=RATE)
    stream = HandStream(synth, block)
    following = iter(rest)
    decks = Decks(synth.state, RATE, lambda: next(following, None))
    decks.crossfade_s, decks.target_lufs = crossfade_s, target_lufs
    parts = []
    todo = list(acts or [])
    try:
        for key in chord:
            synth.note_on(key, 127)
        decks.play(first)
        while not decks.wait_until_ready():
            pass
        while seconds is None or len(parts) * block < seconds * RATE:
            if todo and len(parts) * block >= todo[0][0] * RATE:
                todo.pop(0)[1](decks)
            if not decks.catch_up(60.0):
                raise RuntimeError(f"the decks hang: {decks.status}")
            if seconds is None and decks.playing is None:
                break
            parts.append(stream.step().copy())
    finally:
        decks.close()
    return np.concatenate(parts).astype(np.float64)


def ideal(pieces: list[Piece], crossfade_s: float) -> tuple[Sound, list[tuple[int, int, int]]]:
    """Return the mix as it should be, and for each piece where it begins and plays alone."""
    begins = [0]
    fades = []
    for a, b in itertools.pairwise(pieces):
        frames = round(
            min(crossfade_s, 0.5 * len(a.sound) / RATE, 0.5 * len(b.sound) / RATE) * RATE
        )
        fades.append(frames)
        begins.append(begins[-1] + len(a.sound) - frames)
    mix = np.zeros((begins[-1] + len(pieces[-1].sound), 2))
    alone = []
    for i, one in enumerate(pieces):
        sound = one.gain * one.sound
        if one.cue.end_s is not None:  # cut out of a file, it is eased
            x = np.arange(EASE, 0, -1) / EASE
            sound[-EASE:] *= (x * x * (3.0 - 2.0 * x))[:, None]
        into, out = (fades[i - 1] if i else 0), (fades[i] if i < len(fades) else 0)
        if i and not into:  # the one deck goes from the one gain to the other in 20 ms
            most = max(one.gain, highest_gain(one.cue.true_peak_db))
            ramp = np.linspace(min(pieces[i - 1].gain, most), one.gain, RATE // 50, endpoint=False)
            sound[: RATE // 50] = one.sound[: RATE // 50] * ramp[:, None]
        if into:
            sound[:into] *= curve(into, _law(pieces[i - 1], one))[:, None]
        if out:
            # the glide ends on the frame after the last
            sound[len(sound) - out :] *= curve(out, _law(one, pieces[i + 1]), away=True)[:, None]
        mix[begins[i] : begins[i] + len(sound)] += sound
        alone.append((begins[i], begins[i] + into, begins[i] + len(sound) - out))
    return mix, alone


def _law(a: Piece, b: Piece) -> float:
    return math.ceil(63 * crossing_law(a.peak, b.peak)) / 63  # as the callback is told


def curve(frames: int, law: float, away: bool = False) -> Sound:
    """Return the gain of a crossfade, frame by frame."""
    x = np.arange(frames) / frames
    if away:
        return (1 - law) * np.cos(np.pi / 2 * x) + law * (1 - x)
    return (1 - law) * np.sin(np.pi / 2 * x) + law * x


def true_peak_db(sound: Sound) -> float:
    """Return the highest level of a sound that is four times oversampled, in dB."""
    return max(
        _db(np.abs(resample_poly(sound[at : at + RATE + 512], 4, 1, axis=0)).max())
        for at in range(0, len(sound), RATE)
    )


def longest(quiet: NDArray[np.bool_]) -> int:
    """Return the length of the longest run of true ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _db(amplitude: float) -> float:
    return 20.0 * math.log10(max(float(amplitude), 1e-10))


def transitions(pieces: list[Piece], crossfade_s: float, block: int) -> dict[str, Any]:
    """Measure a whole play of the pieces."""
    from pyloudnorm import Meter

    began = time.perf_counter()
    got = play(pieces[0].cue, [one.cue for one in pieces[1:]], crossfade_s, block)
    took_s = time.perf_counter() - began
    want, alone = ideal(pieces, crossfade_s)
    padded = np.zeros((max(len(got), len(want)), 2))
    padded[: len(got)] = got
    silent = np.all(np.abs(padded[: len(want)]) < 1e-5, axis=1) & np.any(
        np.abs(want) > 1e-3, axis=1
    )
    meter = Meter(RATE)
    off = {}
    for one, (begin, first, last) in zip(pieces, alone, strict=True):
        if one.held_down or last - first < RATE:
            continue
        source = one.sound[first - begin : last - begin]
        lean = meter.integrated_loudness(source) - meter.integrated_loudness(one.sound)
        found = meter.integrated_loudness(padded[first:last]) - TARGET_LUFS - lean
        off[one.cue.path.name] = round(float(found), 2)
    error = np.abs(padded - np.pad(want, ((0, len(padded) - len(want)), (0, 0))))
    return {
        "crossfade_s": crossfade_s,
        "worst_off_lu": max((abs(v) for v in off.values()), default=None),
        "off_lu": off,
        "held_down_by_peaks": [one.cue.path.name for one in pieces if one.held_down],
        "true_peak_db": round(true_peak_db(got), 2),
        "error_db": round(_db(error.max()), 1),
        "frames_more_or_less": max(0, len(want) - len(got)),
        "silent_frames": longest(silent),
        "times_real_time": round(len(got) / RATE / took_s, 1),
    }


def handling(folder: Path, block: int) -> list[dict[str, Any]]:
    """Measure what the user does, on sines."""
    level = 0.25
    cues = []
    for number, hz in enumerate((220.0, 277.2, 329.6)):
        tone = level * np.cos(2 * np.pi * hz * np.arange(12 * RATE) / RATE)
        path = folder / f"sine-{number}.wav"
        soundfile.write(path, np.stack([tone, tone], 1), RATE, subtype="FLOAT")
        cues.append(Cue(number, path, 0.02))
    steepest = level * (2 * np.pi * 329.6 / RATE) ** 2

    plans: dict[str, list[tuple[float, Callable[[Decks], None]]]] = {
        "seek": [(1 + 0.37 * i, lambda d, i=i: d.seek(1.0 + (3.1 * i) % 9)) for i in range(9)],  # type: ignore[misc]
        "pause, resume": [
            (1 + 0.31 * i, lambda d, i=i: d.resume() if i % 2 else d.pause())  # type: ignore[misc]
            for i in range(8)
        ],
        "skip, 2 s": [(1.0, Decks.next), (4.5, Decks.next)],
        "skip within a skip": [(1.0, Decks.next), (1.8, Decks.next)],
        "cut": [(1.0, lambda d: d.crossfade(0.0)), (2.0, lambda d: d.crossfade(0.0))],
        "pause within a crossfade": [(1.0, Decks.next), (1.7, Decks.pause), (2.2, Decks.resume)],
        "stop": [(2.0, Decks.stop)],
    }
    rows = []
    for name, acts in plans.items():
        got = play(cues[0], cues[1:], 2.0, block, 6.0, acts)
        start = int(np.flatnonzero(np.abs(got[:, 0]) > 0)[0])
        got = got[start:]
        envelope = np.abs(got[: len(got) // 240 * 240, 0]).reshape(-1, 240).max(axis=1)
        heard = envelope > 0.02
        rows.append(
            {
                "what": name,
                "bend": round(float(np.abs(np.diff(got[:, 0], 2)).max()) / steepest, 2),
                "longest_gap_ms": 5 * longest(~heard[: np.flatnonzero(heard)[-1]]),
            }
        )
    return rows


def limiter(folder: Path, block: int) -> list[dict[str, Any]]:
    """Measure what comes through when the sum is too loud, by what is played and by what not."""
    rng = np.random.default_rng(5)
    noise = lfilter([1.0], [1.0, -0.9], rng.standard_normal((10 * RATE, 2)), axis=0)
    noise = np.clip(0.4 * noise / noise.std(), -0.99, 0.99)  # clipped, as loud records are
    path = folder / "loud.wav"
    soundfile.write(path, noise, RATE, subtype="FLOAT")
    lufs, peak_db = measured(noise.astype(np.float32), RATE)
    rows = []
    known, unknown = Cue(1, path, 0.0, None, lufs, peak_db), Cue(1, path)
    keys = 40, 52, 59, 64, 68, 71
    cases: list[tuple[str, Cue, float | None, tuple[int, ...]]] = [
        (f"two full tracks ({lufs:.1f} LUFS, {peak_db:.1f} dBTP), at -16", known, TARGET_LUFS, ()),
        ("the same at -5 LUFS, held by their peaks", known, -5.0, ()),
        ("the same and six keys", known, -5.0, keys),
        ("the same, of unknown loudness", unknown, TARGET_LUFS, ()),
    ]
    for name, cue, target, chord in cases:
        got = play(cue, [cue], 4.0, block, None, None, target, chord)
        sample = _db(np.abs(got).max())
        rows.append(
            {"what": name, "sample_peak_db": round(sample, 2),
             "true_peak_db": round(true_peak_db(got), 2)}
        )  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("music", nargs="*", type=Path)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each file")
    parser.add_argument("--block", type=int, default=128)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = options.music or made(folder, options.seconds)
        pieces = [piece(number, path, options.seconds) for number, path in enumerate(paths)]
        result: dict[str, Any] = {
            "what": f"{len(pieces)} tracks, {options.seconds:g} s of each at most",
            "target_lufs": TARGET_LUFS,
            "tracks_lufs": {
                one.cue.path.name: round(one.cue.loudness_lufs or 0.0, 1) for one in pieces
            },
        }
        print("crossfade   off LU    peak dBTP   error dB   silent   times real time")
        result["transitions"] = []
        for seconds in CROSSFADES_S:
            row = transitions(pieces, seconds, options.block)
            result["transitions"].append(row)
            print(
                f"{seconds:6.0f} s   {row['worst_off_lu']!s:>6}   {row['true_peak_db']:9.2f}"
                f"   {row['error_db']:8.1f}   {row['silent_frames']:6d}"
                f"   {row['times_real_time']:8.1f}"
            )
        print("\nsteepest bend against the sine's own, and the longest gap")
        result["handling"] = handling(folder, options.block)
        for row in result["handling"]:
            print(f"{row['what']:26} {row['bend']:5.2f}   {row['longest_gap_ms']:5d} ms")
        print("\nhighest sample and true peak")
        result["limiter"] = limiter(folder, options.block)
        for row in result["limiter"]:
            print(f"{row['what']:46} {row['sample_peak_db']:6.2f}   {row['true_peak_db']:6.2f}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
