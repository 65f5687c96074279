"""How soon a stream knows what plays, and how soon it notices that something else does.

    python -m evals.stream MUSIC_DIR [--index DIR] [--excerpts 40] [--json OUT]

Plays excerpts of the library's music to a stream and measures, in seconds of audio:

- until the track is named and stays so to the end of ten seconds, as it is, in a simulated room
  (`evals.degrade`: a laptop's distance, pink noise 15 dB below) and in a bar;
- after a cut from one track to another, a seek within a track (12 s of it, then 10 s from
  elsewhere) and a loop (8 s, three times), until the track and the place are told, within 0.15 s.

A place that sounds the same elsewhere counts as wrong: music that repeats itself makes the worst
of these numbers, so medians and 80th percentiles are given, and the share that is told within 3 s
once more with places that sound just like the true one since the seek. Also: the share of a core
it took, and how often another track was named.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from evals.alike import SAME, likeness
from evals.corpus import LEAST_S, begin, cut
from evals.degrade import RATE, Audio, degrade
from evals.identification import _SUFFIXES, build
from fingerprint import FingerprintIndex

NEAR_S = 0.15
SOON_S = 3.0
LEAST_HEARD_S = 0.5  # since a seek, that must sound the same at both places
BLOCK = 1024
LISTENED_S = 10.0
CONDITIONS = ("clean", "room", "bar")


@dataclass(frozen=True)
class Piece:
    """What plays from a moment of an excerpt on."""

    at_s: float
    track_id: int
    start_s: float


@dataclass
class Tally:
    """What was found in the excerpts of one kind; infinite where it never came."""

    after_s: list[float] = field(default_factory=list)
    alike_s: list[float] = field(default_factory=list)
    wrong: int = 0

    def summary(self) -> dict[str, float]:
        """Return the numbers by name."""
        low, high = np.percentile(self.after_s, [50, 80], method="lower")
        alike = np.array(self.alike_s or self.after_s)
        return {
            "excerpts": len(self.after_s),
            "median_s": round(float(low), 2),
            "80_percent_s": round(float(high), 2),
            "within_3_s_percent": round(100 * float(np.mean(np.array(self.after_s) <= SOON_S)), 1),
            "or_alike_within_3_s_percent": round(100 * float(np.mean(alike <= SOON_S)), 1),
            "never": int(np.sum(np.isinf(self.after_s))),
            "another_track_named": self.wrong,
        }


def listen(index: FingerprintIndex, audio: Audio) -> list[tuple[float, int | None, float]]:
    """Return what a stream says: second, track or None, position."""
    stream = index.stream(RATE)
    said = []
    for at in range(0, len(audio), BLOCK):
        answer = stream.feed(audio[at : at + BLOCK])
        if answer is not None:
            match, position = answer.match, answer.position_s
            known = match.track_id if match is not None else None
            said.append((answer.frame / RATE, known, math.nan if position is None else position))
    return said


def stable_after(said: list[tuple[float, int | None, float]], piece: Piece) -> float:
    """Return the second from which on the track is named to the end."""
    since = math.inf
    for at, track, _ in reversed(said):
        if track != piece.track_id:
            break
        since = at
    return since


def found_after(
    said: list[tuple[float, int | None, float]],
    piece: Piece,
    until_s: float,
    file: Path | None = None,
) -> float:
    """Return the seconds after which track and place are told.

    With the track's `file`, a place also counts where what was heard since sounds the same.
    """
    for at, track, position in said:
        heard_s = at - piece.at_s
        if track != piece.track_id or not 0 < heard_s <= until_s - piece.at_s:
            continue
        start_s = position - heard_s
        near = abs(start_s - piece.start_s) <= NEAR_S
        if near or (
            file is not None
            and heard_s > LEAST_HEARD_S
            and likeness(file, piece.start_s, start_s, heard_s) >= SAME
        ):
            return heard_s
    return math.inf


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how soon a stream knows what plays.")
    parser.add_argument("music", type=Path)
    parser.add_argument("--index", type=Path, help="of the music; made here if it is not there")
    parser.add_argument("--excerpts", type=int, default=40, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.index or Path(temporary) / "index"
        build(arguments.music, folder)
        files = sorted(p for p in arguments.music.iterdir() if p.suffix.lower() in _SUFFIXES)
        with FingerprintIndex.open(folder) as index:
            long = [k for k in range(len(files)) if index.peaks(k).seconds >= LEAST_S]
            report = measure(index, files, long, arguments.excerpts, rng)
    print(json.dumps(report, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1))


def measure(
    index: FingerprintIndex, files: list[Path], long: list[int], excerpts: int,
    rng: np.random.Generator,
) -> dict[str, Any]:  # fmt: skip
    def one() -> tuple[int, float]:
        track = int(rng.choice(long))
        return track, begin(files[track], rng)

    def change() -> list[tuple[Piece, float]]:
        (a, from_a), (b, from_b) = one(), one()
        return [(Piece(0.0, a, from_a), 12.0), (Piece(12.0, b, from_b), 10.0)]

    def seek() -> list[tuple[Piece, float]]:
        track, start = one()
        return [
            (Piece(0.0, track, start), 12.0),
            (Piece(12.0, track, begin(files[track], rng)), 10.0),
        ]

    def loop() -> list[tuple[Piece, float]]:
        track, start = one()
        return [(Piece(8.0 * k, track, start), 8.0) for k in range(3)]

    report: dict[str, Any] = {}
    cpu = seconds = 0.0
    for condition in CONDITIONS:
        tally = Tally()
        for _ in range(excerpts):
            track, start = one()
            other, beside = one()
            audio = degrade(
                cut(files[track], start, LISTENED_S), condition,
                cut(files[other], beside, LISTENED_S), rng,
            )  # fmt: skip
            before = time.process_time()
            said = listen(index, audio)
            cpu, seconds = cpu + time.process_time() - before, seconds + LISTENED_S
            tally.after_s.append(stable_after(said, Piece(0.0, track, start)))
            tally.wrong += any(t not in (None, track, other) for _, t, _ in said)
        report[f"named, {condition}"] = tally.summary()
    kinds: dict[str, Callable[[], list[tuple[Piece, float]]]] = {
        "change of track": change, "seek": seek, "loop": loop,
    }  # fmt: skip
    for name, plan in kinds.items():
        tally = Tally()
        for _ in range(excerpts):
            pieces = plan()
            audio = np.concatenate(
                [cut(files[p.track_id], p.start_s, long_s) for p, long_s in pieces]
            )
            said = listen(index, degrade(audio, "clean", audio, rng))
            for piece, long_s in pieces[1:]:
                until_s = piece.at_s + long_s
                tally.after_s.append(found_after(said, piece, until_s))
                late = tally.after_s[-1] > SOON_S
                file = files[piece.track_id] if late else None
                tally.alike_s.append(found_after(said, piece, until_s, file))
            tally.wrong += any(
                t not in (None, *(p.track_id for p, _ in pieces)) for _, t, _ in said
            )
        report[f"noticed, {name}"] = tally.summary()
    report["share_of_a_core"] = round(cpu / seconds, 4)
    return report


if __name__ == "__main__":
    main()
