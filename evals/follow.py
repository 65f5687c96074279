"""How exactly the synthesizer's beat follows a known track through a noisy room.

    python -m evals.follow DIR [--pieces 12] [--seed 0] [--unknown] [--json OUT]

DIR holds pieces, NAME.wav, and what is true of them, NAME.json with "beats" in seconds. All are
analysed and put in an index. Then, for each piece and each of three speeds (4 % slow, as it is, 4 %
fast), a room plays it from a random second on, with pink noise 10 dB below it, while the
synthesizer plays an arpeggio of one click a beat in the same room; after 25 s the music stops, and
only the noise goes on. The clicks are found in the recorded output and compared with the beats that
are true; at half or double tempo with every second one or with halves, since that is the analysis'
business and not the follower's. With `--unknown` no piece is in the index, the room plays 40 s of
each, and what follows is the beat by ear. Sound goes through the native callback block by block,
without a device's pace.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from engine.analysis import Analysis, OnsetEnvelope, analyse_with_onsets
from engine.follow import Follower
from engine.follow.follower import State
from engine.io.device import HandStream
from engine.listener import Tracker, hear
from engine.parts import ADSR, Arpeggio, Filter, Oscillator
from engine.patch import Patch
from engine.room import SimulatedRoom
from engine.synth import Synth
from fingerprint import FingerprintIndex

Audio = NDArray[np.float32]
Floats = NDArray[np.float64]
Known = tuple[Analysis, OnsetEnvelope | None]

RATE = 48_000
BLOCK = 256
ROUND_TRIP_S = BLOCK / RATE + 0.006  # the simulated room has two metres of air
PLAYED_S, GAP_BEATS = 25.0, 16
UNKNOWN_S = 40.0  # played of a piece that is not in the index
LEAD_S = 1.0  # of noise alone, before the music
LEFT_S = 12.0  # of a piece, after the music was stopped
SPEEDS = (0.96, 1.0, 1.04)
NOISE_DB = -10.0
SYNTH_DB = -12.0  # of the clicks in the room
LOCKED_S = 0.015  # a click this near counts as locked
LISTEN_FRAMES = 4096

CLICK = Patch(
    name="click",
    oscillators=(Oscillator(wave="sine", octave=2), Oscillator(level=0.0)),
    filter=Filter(cutoff=20_000.0),
    amplitude=ADSR(attack=0.0, decay=0.03, sustain=0.0, release=0.01),
    arpeggio=Arpeggio(mode="up", rate="1/4", gate=0.1),
)


@dataclass(frozen=True)
class Run:
    """One piece at one speed; times in seconds, all of music-time errors."""

    piece: str
    speed: float
    start_s: float
    level: float  # tempo of the clicks over the true one
    locked_s: float | None  # after the music began
    errors: tuple[float, ...]  # of clicks once locked, late is positive
    gap_errors: tuple[float, ...]  # after the music stopped
    steps: tuple[float, ...]  # change of the error from click to click, once locked


def onsets(out: Audio) -> Floats:
    """Return the frames at which clicks begin in what the synthesizer made, shape (frames,)."""
    loud = np.flatnonzero(np.abs(out) > 1e-4)
    return loud[np.flatnonzero(np.diff(loud, prepend=-RATE) > 0.03 * RATE)].astype(np.float64)


@dataclass(frozen=True)
class Look:
    """What the follower did at a second of the stream, and at which second of which track."""

    at_s: float
    state: State
    track_id: int | None
    position_s: float | None

    @property
    def leads(self) -> bool:
        """Whether the synthesizer's beat is that of the room."""
        return self.state in ("locked", "tracking")


def play(
    music: Audio,
    known: Callable[[int], Known | None],
    index: FingerprintIndex,
    seed: int,
    gap_s: float = LEFT_S + 1.0,
) -> tuple[Floats, list[Look]]:
    """Let a synthesizer hear `music` and `gap_s` of noise alone; return its clicks and all looks.

    The clicks in seconds of the stream.
    """
    synth = Synth(CLICK, RATE, voices=8)
    level = float(np.sqrt(np.mean(np.square(music))))
    room = SimulatedRoom(RATE, BLOCK, level * 10 ** (NOISE_DB / 20), seed=seed)
    at = 0

    def answer(out: Audio) -> Audio:
        nonlocal at
        block = np.zeros((BLOCK, 2), np.float32)
        part = music[at : at + BLOCK]
        block[: len(part)] = part[:, None]
        at += BLOCK
        return room(block + out * np.float32(10 ** (SYNTH_DB / 20)))

    stream = HandStream(synth, BLOCK, answer)
    tracker = Tracker(index, RATE)
    follower = Follower(synth, known, round_trip_s=ROUND_TRIP_S, background=False)
    synth.note_on(84)
    made, looks = [], []
    samples = np.zeros(LISTEN_FRAMES, np.float32)
    while at < len(music) + round(gap_s * RATE):
        made.append(stream.step()[:, 0].copy())
        if at % LISTEN_FRAMES < BLOCK:
            hear(synth.state, tracker, samples, follower)
            now = follower.following
            looks.append(Look(synth.frame / RATE, now.state, now.track_id, now.position_s))
    return onsets(np.concatenate(made)) / RATE, looks


def after_silence(music: Audio) -> Audio:
    """Return music, at the rate of the stream, after `LEAD_S` of nothing."""
    return np.concatenate([np.zeros(round(LEAD_S * RATE), np.float32), music])


def judge(clicks_s: Floats, beats_s: Floats, end_s: float) -> tuple[float, Floats]:
    """Return the level of the clicks, and the error of each against the nearest beat, NaN outside.

    `beats_s` are true beats in the time of the stream.
    """
    there = clicks_s[(clicks_s > end_s - 12.0) & (clicks_s < end_s)]
    ratio = float(np.median(np.diff(beats_s)) / np.median(np.diff(there))) if len(there) > 2 else 1
    level = float(min((0.5, 1.0, 2.0), key=lambda one: abs(np.log(ratio / one))))
    grid = beats_s
    if level == 2.0:
        grid = np.sort(np.concatenate([beats_s, 0.5 * (beats_s[1:] + beats_s[:-1])]))
    nearest = np.abs(clicks_s[:, None] - grid[None, :]).argmin(axis=1)
    return level, clicks_s - grid[nearest]


def run(
    path: Path,
    known: Known | None,
    index: FingerprintIndex,
    speed: float,
    start_s: float,
    seed: int,
) -> Run:
    """Play one piece at one speed and judge it."""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    truth = json.loads(path.with_suffix(".json").read_text())
    played_s = speed * (UNKNOWN_S if known is None else PLAYED_S)
    part = audio[round(start_s * rate) : round((start_s + played_s) * rate)].mean(axis=1)
    music = after_silence(soxr.resample(part, rate * speed, RATE))
    end_s = len(music) / RATE
    clicks, looks = play(music, lambda _: known, index, seed)
    followed_s = min((one.at_s for one in looks if one.leads), default=np.inf)
    beats_s = LEAD_S + (np.array(truth["beats"]) - start_s) / speed
    beats_s = beats_s[beats_s > -2.0]
    level, error = judge(clicks, beats_s, end_s)
    good = np.abs(error) < LOCKED_S
    heard = (clicks >= followed_s) & (clicks < end_s)
    # locked from the first click after which nine in ten are good
    later = [k for k in np.flatnonzero(heard & good) if good[k:][heard[k:]].mean() >= 0.9]
    first = later[0] if later else None
    if first is None:
        return Run(path.stem, speed, start_s, level, None, (), (), ())
    heard &= np.arange(len(clicks)) >= first
    after = beats_s[beats_s >= end_s][: round(GAP_BEATS / max(level, 1.0))]
    gap = (clicks >= end_s) & (clicks < after[-1] + LOCKED_S)
    return Run(
        path.stem,
        speed,
        start_s,
        level,
        float(clicks[first] - LEAD_S),
        tuple(error[heard].tolist()),
        tuple(error[gap].tolist()),
        tuple(np.diff(error[heard]).tolist()),
    )


def summarize(runs: list[Run]) -> dict[str, float]:
    """Return the figures of the table."""
    errors = np.abs(np.concatenate([one.errors for one in runs] or [np.zeros(0)]))
    gaps = [abs(one.gap_errors[-1]) for one in runs if one.gap_errors]
    steps = np.abs(np.concatenate([one.steps for one in runs] or [np.zeros(0)]))
    locked = np.array([one.locked_s if one.locked_s is not None else np.inf for one in runs])
    ms = 1000.0
    return {
        "runs": len(runs),
        "locked": int(np.isfinite(locked).sum()),
        "locked_within_3_s": int((locked <= 3.0).sum()),
        "locked_median_s": float(np.median(locked)),
        "error_median_ms": ms * float(np.median(errors)),
        "error_95_ms": ms * float(np.quantile(errors, 0.95)),
        "step_95_ms": ms * float(np.quantile(steps, 0.95)),
        "step_worst_ms": ms * float(steps.max()),
        "freewheel_median_ms": ms * float(np.median(gaps)),
        "freewheel_worst_ms": ms * float(np.max(gaps)),
    }


def main() -> None:
    """Run the evaluation."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("dir", type=Path)
    parser.add_argument("--pieces", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--unknown", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    paths = sorted(p for p in options.dir.glob("*.wav") if p.with_suffix(".json").exists())
    chosen = [paths[k] for k in sorted(rng.permutation(len(paths))[: options.pieces])]
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as work:
        index = FingerprintIndex.create(Path(work) / "index")
        for number, path in enumerate([] if options.unknown else paths):
            audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
            index.add(number, audio.mean(axis=1), rate)
        index.commit()
        for path in chosen:
            audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
            known: Known | None = None
            if not options.unknown:
                known = analyse_with_onsets(audio.mean(axis=1), rate)
                if not known[0].follows:
                    print(f"{path.stem}: its beats are not trusted, so nothing follows", flush=True)
                    continue
            needed_s = ((UNKNOWN_S if options.unknown else PLAYED_S) + LEFT_S) * max(SPEEDS)
            for speed in SPEEDS:
                start_s = float(rng.uniform(0.0, len(audio) / rate - needed_s))
                one = run(path, known, index, speed, start_s, len(runs))
                runs.append(one)
                print(_line(one), flush=True)
    figures = summarize(runs)
    print(json.dumps(figures, indent=1))
    if options.json is not None:
        data = {"figures": figures, "runs": [asdict(one) for one in runs]}
        options.json.write_text(json.dumps(data, indent=1))


def _line(one: Run) -> str:
    if one.locked_s is None:
        return f"{one.piece} x{one.speed:g} from {one.start_s:.1f} s: no lock (level {one.level:g})"
    return (
        f"{one.piece} x{one.speed:g} from {one.start_s:.1f} s: locked after {one.locked_s:.1f} s, "
        f"level {one.level:g}, "
        f"median {1000 * np.median(np.abs(one.errors)):.1f} ms, "
        f"after the gap {1000 * abs(one.gap_errors[-1]) if one.gap_errors else np.nan:.1f} ms"
    )


if __name__ == "__main__":
    main()
