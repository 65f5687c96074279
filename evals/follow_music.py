"""How rightly the synthesizer's beat follows real music through a noisy room, known and unknown.

    python -m evals.follow_music LIBRARY FILE_OR_DIR... [--pieces 40] [--seed 0] [--json OUT]

Of each piece, some seconds from a random place are played in a room with pink noise 10 dB below,
while the synthesizer plays an arpeggio of one click a beat. Files of the library are known and are
played 4 % slow, as they are, or 4 % fast; all others are unknown and played as they are. Nobody
has written down the beats of real music: a piece is judged by the analysis of its clean file, and
left out where that is not sure of the beats. A click that is farther than 30 ms from a beat, at the
level of the clicks, is off; a run most of whose clicks are off was locked wrongly.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from engine.analysis import Analysis, OnsetEnvelope, analyse_with_onsets
from engine.library import Library
from evals.follow import LEAD_S, RATE, SPEEDS, UNKNOWN_S, after_silence, judge, play

KNOWN_S = 20.0
OFF_S = 0.03
ELSEWHERE_S = 0.1  # a place of the track this far from the true one is another


@dataclass(frozen=True)
class Run:
    """One piece; times in seconds.

    Attributes
    ----------
    led_s : float or None
        After its beginning, when the music was first followed.
    level : float
        Tempo of the clicks over that of the analysis.
    errors : tuple of float
        Of the clicks while the music was followed, late is positive.
    place_errors : tuple of float
        At each look that says where in the track it is, whatever the track.
    elsewhere : tuple of bool
        At each such look, whether that is another track or place.
    """

    piece: str
    known: bool
    speed: float
    start_s: float
    led_s: float | None
    level: float
    errors: tuple[float, ...]
    place_errors: tuple[float, ...]
    elsewhere: tuple[bool, ...]

    @property
    def off(self) -> float:
        """Share of the clicks that are off."""
        return float(np.mean(np.abs(self.errors) > OFF_S)) if self.errors else 0.0


def run(path: Path, library: Library, speed: float, rng: np.random.Generator) -> Run | None:
    """Play one piece and judge it; None where its analysis is not sure of the beats."""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = audio.mean(axis=1)
    track = library.find(path)
    analysis = library.analysis(track.id) if track else analyse_with_onsets(mono, rate)[0]
    if analysis is None or analysis.grid is None or not analysis.follows:
        return None
    played_s = (KNOWN_S if track else UNKNOWN_S) * speed
    start_s = float(rng.uniform(0.0, max(0.1, len(mono) / rate - played_s)))
    part = mono[round(start_s * rate) : round((start_s + played_s) * rate)]
    if np.abs(part).max() < 1e-3:
        return None
    music = after_silence(soxr.resample(part, rate * speed, RATE))

    def known(number: int) -> tuple[Analysis, OnsetEnvelope | None] | None:
        found = library.analysis(number)
        return (found, library.onsets(number)) if found is not None else None

    clicks, looks = play(music, known, library.index, int(rng.integers(1 << 30)), 0.0)
    beats_s = LEAD_S + (analysis.grid.beats() - start_s) / speed
    level, errors = judge(clicks, beats_s, len(music) / RATE)
    heard = (clicks > beats_s[0] - OFF_S) & (clicks < beats_s[-1] + OFF_S)
    at_s = np.array([one.at_s for one in looks])
    leads = np.array([one.leads for one in looks])
    last = np.searchsorted(at_s, clicks) - 1  # look before each click
    led = heard & (last >= 0) & leads[np.maximum(last, 0)]
    named = [one for one in looks if one.state == "locked" and one.position_s is not None]
    true_s = [start_s + (one.at_s - LEAD_S) * speed for one in named]
    off_s = [float(one.position_s or 0.0) - true for one, true in zip(named, true_s, strict=True)]
    return Run(
        path.stem,
        track is not None,
        speed,
        start_s,
        float(at_s[leads].min() - LEAD_S) if leads.any() else None,
        level,
        tuple(errors[led].tolist()),
        tuple(off_s),
        tuple(
            track is None or one.track_id != track.id or abs(off) > ELSEWHERE_S
            for one, off in zip(named, off_s, strict=True)
        ),
    )


def summarize(runs: Sequence[Run]) -> dict[str, float]:
    """Return the figures of one table."""
    led = [one for one in runs if one.led_s is not None and one.errors]
    errors = 1000.0 * np.abs(np.concatenate([one.errors for one in led] or [np.zeros(0)]))
    near = errors[errors <= 1000.0 * OFF_S]
    elsewhere = np.concatenate([one.elsewhere for one in runs] or [np.zeros(0)]).astype(bool)
    places = 1000.0 * np.abs(np.concatenate([one.place_errors for one in runs] or [np.zeros(0)]))
    there = places[~elsewhere]
    return {
        "runs": len(runs),
        "followed": len(led),
        "followed_after_median_s": _quantile([one.led_s or 0.0 for one in led], 0.5),
        "followed_within_3_s": sum((one.led_s or 0.0) <= 3.0 for one in led),
        "locked_wrongly": sum(one.off > 0.5 for one in led),
        "clicks": len(errors),
        "clicks_off": _share(errors > 1000.0 * OFF_S),
        "error_of_the_others_median_ms": _quantile(near, 0.5),
        "error_of_the_others_95_ms": _quantile(near, 0.95),
        "looks_at_another_place": _share(elsewhere),
        "place_median_ms": _quantile(there, 0.5),
        "place_95_ms": _quantile(there, 0.95),
    }


def _quantile(values: Sequence[float] | np.ndarray, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")


def _share(true: np.ndarray) -> float:
    return float(np.mean(true)) if len(true) else 0.0


def main() -> None:
    """Run the evaluation."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("library", type=Path)
    parser.add_argument("music", type=Path, nargs="+")
    parser.add_argument("--pieces", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    paths = sorted(
        one
        for given in options.music
        for one in (given.rglob("*") if given.is_dir() else [given])
        if one.suffix[1:].upper() in (*soundfile.available_formats(), "MP3", "OGG")
    )
    chosen = [paths[k] for k in sorted(rng.permutation(len(paths))[: options.pieces])]
    runs: list[Run] = []
    with Library.open(options.library) as library:
        for number, path in enumerate(chosen):
            known = library.find(path) is not None
            one = run(path, library, SPEEDS[number % len(SPEEDS)] if known else 1.0, rng)
            if one is None:
                print(f"{path.stem}: its beats are not known", flush=True)
                continue
            runs.append(one)
            after = "not followed" if one.led_s is None else f"followed after {one.led_s:.1f} s"
            print(
                f"{path.stem} x{one.speed:g} from {one.start_s:.1f} s: {after}, "
                f"level {one.level:g}, {len(one.errors)} clicks, {one.off:.0%} off",
                flush=True,
            )
    figures = {
        name: summarize([one for one in runs if one.known == known])
        for name, known in (("known", True), ("unknown", False))
    }
    print(json.dumps(figures, indent=1))
    if options.json is not None:
        data = {"figures": figures, "runs": [asdict(one) for one in runs]}
        options.json.write_text(json.dumps(data, indent=1))


if __name__ == "__main__":
    main()
