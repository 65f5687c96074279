"""How well the tracks of a whole mix are told, and from when to when.

    python -m evals.mixes MUSIC_DIR FOREIGN_DIR [--mixes 8] [--index DIR] [--json OUT]

Makes mixes of nine pieces of 50 to 110 s, every fourth of music that is not in the library, four
in ten of the others up to 4 % fast or slow, half of them from the track's start, with crossfades of
0.1, 3, 6 and 10 s in turn, and compares the list of `fingerprint.tracklist` with the truth. A
start is right within 3 s of where the fade-in begins, an end within 3 s of where the fade-out ends.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from evals.identification import _SUFFIXES, build, read
from fingerprint import FingerprintIndex
from fingerprint.tracklist import Passage, Tracklist

RATE = 22_050
PIECES = 9
FADES_S = (0.1, 3.0, 6.0, 10.0)
NEAR_S = 3.0
LEAST_S = 5.0  # of overlap with the truth, to be the same piece


@dataclass(frozen=True)
class Piece:
    """What is true of a piece of a mix; `name` None for foreign music."""

    name: str | None
    start_s: float
    end_s: float


def make(
    known: list[Path], foreign: list[Path], fade_s: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], list[Piece]]:
    """Return a mix at RATE, and what is true of it."""
    fade = round(fade_s * RATE)
    ramp = np.sqrt(np.linspace(0, 1, fade)).astype(np.float32)
    mix, truth, at = np.zeros(0, np.float32), [], 0
    order = rng.permutation(len(known))  # no track twice in a mix
    for number in range(PIECES):
        stranger = number % 4 == 3
        path = foreign[int(rng.integers(len(foreign)))] if stranger else known[order[number]]
        audio = _piece(path, rng)
        audio[:fade] *= ramp
        audio[-fade:] *= ramp[::-1]
        mix = np.concatenate([mix, np.zeros(at + len(audio) - len(mix), np.float32)])
        mix[at : at + len(audio)] += audio
        span = at / RATE, (at + len(audio)) / RATE
        truth.append(Piece(None if stranger else path.stem, *span))
        at += len(audio) - fade
    return mix, truth


def _piece(path: Path, rng: np.random.Generator) -> NDArray[np.float32]:
    audio, rate = read(path)
    mono = audio if audio.ndim == 1 else audio.mean(axis=1)
    frames = min(len(mono), round(float(rng.uniform(50, 110)) * rate))
    start = int(rng.choice([0, rng.integers(0, len(mono) - frames + 1)]))
    speed = 1.0 if rng.random() < 0.6 else float(rng.uniform(0.96, 1.04))
    out = soxr.resample(mono[start : start + frames], rate * speed, RATE).astype(np.float32)
    return np.asarray(out / max(1e-3, 8 * np.sqrt(np.mean(out**2))), np.float32)


def hear(index: FingerprintIndex, mix: NDArray[np.float32]) -> list[Passage]:
    tracklist = Tracklist(index, RATE)
    for at in range(0, len(mix), 65_536):
        tracklist.feed(mix[at : at + 65_536])
    return tracklist.finish()


def compare(truth: list[Piece], found: list[Passage], names: list[str]) -> dict[str, list[float]]:
    """Return errors of starts and ends in seconds, and how many were missed and false."""
    known = [p for p in found if p.track_id is not None]
    starts, ends, missed, right = [], [], 0, set()
    for piece in truth:
        mine = [
            p
            for p in known
            if names[p.track_id or 0] == piece.name
            and min(p.end_s, piece.end_s) - max(p.start_s, piece.start_s) > LEAST_S
        ]
        right |= {id(p) for p in mine}
        if piece.name is None:
            continue
        if not mine:
            missed += 1
            continue
        starts.append(min(p.start_s for p in mine) - piece.start_s)
        ends.append(max(p.end_s for p in mine) - piece.end_s)
    false = sum(id(p) not in right for p in known)
    return {"starts": starts, "ends": ends, "missed": [missed], "false": [false]}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure lists of mixes.")
    parser.add_argument("music", type=Path, help="folder of audio files: the library")
    parser.add_argument("foreign", type=Path, help="folder of other music")
    parser.add_argument("--mixes", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--index", type=Path, help="keep the index here, or use the one there")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    known, foreign = (
        sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES)
        for folder in (arguments.music, arguments.foreign)
    )
    result: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.index or Path(temporary) / "index"
        names, _ = build(arguments.music, folder)
        with FingerprintIndex.open(folder) as index:
            for fade_s in FADES_S[: arguments.mixes]:
                rows, cpu, seconds = [], 0.0, 0.0
                for _ in range(max(1, arguments.mixes // len(FADES_S))):
                    mix, truth = make(known, foreign, fade_s, rng)
                    before = time.process_time()
                    found = hear(index, mix)
                    cpu += time.process_time() - before
                    seconds += len(mix) / RATE
                    rows.append(compare(truth, found, names))
                starts, ends = (np.abs(np.concatenate([r[k] for r in rows])) for k in
                                ("starts", "ends"))  # fmt: skip
                result[f"{fade_s:g} s"] = {
                    "pieces": len(starts) + sum(r["missed"][0] for r in rows),
                    "missed": sum(r["missed"][0] for r in rows),
                    "false": sum(r["false"][0] for r in rows),
                    "starts within 3 s, %": round(100 * float(np.mean(starts <= NEAR_S)), 1),
                    "ends within 3 s, %": round(100 * float(np.mean(ends <= NEAR_S)), 1),
                    "median error, s": round(float(np.median([*starts, *ends])), 2),
                    "CPU s per hour": round(3600 * cpu / seconds, 1),
                }
    columns = list(next(iter(result.values())))
    print(f"| crossfade | {' | '.join(columns)} |\n|{'---|' * (1 + len(columns))}")
    for name, row in result.items():
        print(f"| {name} | {' | '.join(f'{row[c]:g}' for c in columns)} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
