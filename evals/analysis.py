"""Answer a folder of music with beats, bars, key and tuning of every piece; print the cost.

    OMP_NUM_THREADS=1 python -m evals.analysis DIR ANSWERS.jsonl

DIR holds NAME.wav, .flac, .ogg or .mp3. A line of ANSWERS.jsonl is
{"name", "beats", "downbeats", "key", "cents", "bpm", "steady", "confidence", "beats_per_bar", ...}.
Processor time is without decoding (and of one thread, if the variable says so); a first piece is
analysed beforehand, so that compiling is not counted. Where NAME.json holds the truth ("beats",
"bpm", ...), the wrong locks are counted: beats off by more than 30 ms at the true, double and half
level, although the confidence is at least 0.5.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis import Analysis, analyse
from engine.io import audiofile

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
CONFIDENT = 0.5
WRONG_BELOW = 0.8  # F-measure


def answer(name: str, found: Analysis) -> dict[str, Any]:
    """Return the answer line of one piece."""
    grid, key = found.grid, found.key
    return {
        "name": name,
        "beats": [] if grid is None else np.round(grid.beats(), 5).tolist(),
        "downbeats": [] if grid is None else np.round(grid.downbeats(), 5).tolist(),
        "key": None if key is None else key.name,
        "cents": found.tuning_cents,
        "bpm": None if grid is None else grid.bpm,
        "steady": None if grid is None else grid.steady,
        "beats_per_bar": None if grid is None else grid.beats_per_bar,
        "confidence": 0.0 if grid is None else grid.confidence,
        "bar_confidence": 0.0 if grid is None else grid.bar_confidence,
        "loudness_lufs": found.loudness_lufs,
        "true_peak_db": found.true_peak_db,
    }


def f_measure(true: NDArray[np.float64], found: NDArray[np.float64], window_s: float) -> float:
    """Return the harmonic mean of precision and recall of times."""
    if not len(true) or not len(found):
        return 0.0
    after = found[np.clip(np.searchsorted(found, true), 0, len(found) - 1)]
    before = found[np.clip(np.searchsorted(found, true) - 1, 0, len(found) - 1)]
    hits = int((np.minimum(np.abs(after - true), np.abs(before - true)) <= window_s).sum())
    return 2.0 * hits / (len(true) + len(found))


def best_level(true: NDArray[np.float64], found: NDArray[np.float64], window_s: float) -> float:
    """Return the F-measure at the true, double or half level; never the offbeat."""
    found = found[(found > true[0] - 0.2) & (found < true[-1] + 0.2)]
    double = np.sort(np.concatenate([true, (true[:-1] + true[1:]) / 2]))
    return max(f_measure(level, found, window_s) for level in (true, double, true[::2], true[1::2]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("answers", type=Path)
    options = parser.parse_args()
    paths = sorted(p for p in options.folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not paths:
        parser.error(f"{options.folder} holds no music")
    analyse(*audiofile.read(paths[0]))
    spent_s = heard_s = 0.0
    confident = wrong = judged = meters = steadily = 0
    ppm = []
    with options.answers.open("w") as out:
        for path in paths:
            audio, rate = audiofile.read(path)
            before_s = time.process_time()
            found = analyse(audio, rate)
            spent_s += time.process_time() - before_s
            heard_s += found.duration_s
            line = answer(path.stem, found)
            out.write(json.dumps(line) + "\n")
            truth_file = path.with_suffix(".json")
            if not truth_file.exists():
                continue
            truth = json.loads(truth_file.read_text())
            judged += 1
            right = best_level(np.array(truth["beats"]), np.array(line["beats"]), 0.030)
            meters += line["beats_per_bar"] == truth["beats_per_bar"]
            steadily += line["steady"] == truth["steady"]
            if truth["steady"] and line["bpm"]:
                ratios = np.array([line["bpm"] / truth["bpm"] * level for level in (0.5, 1, 2)])
                ppm.append(float(np.abs(ratios - 1).min() * 1e6))
            if line["confidence"] >= CONFIDENT:
                confident += 1
                wrong += right < WRONG_BELOW
    print(f"{len(paths)} pieces, {heard_s / 60:.1f} minutes")
    print(f"processor time: {spent_s / heard_s * 60:.3f} s per minute of audio")
    if judged:
        print(f"confident (at least {CONFIDENT}): {confident} of {judged}, wrong ones {wrong}")
        print(f"beats per bar right: {meters} of {judged}; steady or not: {steadily}")
        print(
            f"tempo of constant pieces, any level: median {np.median(ppm):.0f} ppm,"
            f" within 50 ppm {np.mean(np.array(ppm) < 50):.0%}"
        )


if __name__ == "__main__":
    main()
