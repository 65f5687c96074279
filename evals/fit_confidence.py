"""Fit the two numbers that turn a score into a confidence, and the decision's threshold.

    python -m evals.fit_confidence LIBRARY_DIR QUERIES_DIR [QUERIES_DIR ...] --index DIR

Each QUERIES_DIR holds clips with `queries.lst` and `truth.jsonl` (see docs/numbers.md). Foreign
clips are those of music that is not in the library, and every known clip once more with all tracks
of its own package hidden. Packages are split into folds; each fold's false accepts are counted at
the threshold fitted on the others. Prints the constants for `fingerprint/confidence.py`.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

import fingerprint
from dsp.spectrum import log_power
from evals.identification import build, read
from fingerprint import settings as s
from fingerprint.confidence import strength
from fingerprint.identify import Ear
from fingerprint.peaks import look, prepare

WANTED = 0.003  # share of foreign clips answered: leaves room for music unlike any seen here
FOLDS = 5


def package(name: str | None) -> str:
    return (name or "noise").partition("__")[0]


def collect(index: fingerprint.FingerprintIndex, names: list[str], folder: Path) -> list[Any]:
    """Return (score, right, package of the clip, length) of every clip and of hidden ones."""
    ear = index._the_ear()
    of_package = np.array([package(names[int(t)]) for t in ear.runs[0].track_id])
    rows = []
    for line in (folder / "truth.jsonl").read_text().splitlines():
        truth = json.loads(line)
        audio, rate = read(folder / truth["query"])
        mono = prepare(audio, rate)
        picture = look(log_power(mono, s.N_FFT, s.HOP, s.FIRST_BIN, s.LAST_BIN))
        source = package(truth["source"])
        found = ear.candidates(picture)
        right = bool(found) and names[int(ear.runs[0].track_id[found[0].row])] == truth["match"]
        score = strength(found) if found else 0.0
        rows.append((score, right, truth["match"] is not None, source, truth["length_s"]))
        if truth["match"] is not None:
            hidden = Ear(ear.runs, [of_package != source]).candidates(picture)
            score = strength(hidden) if hidden else 0.0
            rows.append((score, False, False, source, truth["length_s"]))
    return rows


def logistic(score: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and middle of P(right | score) by maximum likelihood."""

    def loss(x: NDArray[np.float64]) -> float:
        logit = x[0] * (score - x[1])
        return float(np.logaddexp(0, np.where(right, -logit, logit)).sum())

    best = minimize(loss, np.array([1.0, 6.0]), method="Nelder-Mead")
    return float(best.x[0]), float(best.x[1])


def threshold(foreign: NDArray[np.float64], share: float) -> float:
    """Return the score that this share of foreign clips passes, by an exponential upper tail."""
    start = float(np.quantile(foreign, 0.9))
    excess = foreign[foreign > start] - start
    return start + float(excess.mean()) * math.log(0.1 / share)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit the confidence.")
    parser.add_argument("library", type=Path)
    parser.add_argument("queries", type=Path, nargs="+")
    parser.add_argument("--index", type=Path, required=True)
    arguments = parser.parse_args()
    names, _ = build(arguments.library, arguments.index)
    with fingerprint.FingerprintIndex.open(arguments.index) as index:
        rows = [row for folder in arguments.queries for row in collect(index, names, folder)]
    score = np.array([r[0] for r in rows])
    right = np.array([r[1] for r in rows])
    known = np.array([r[2] for r in rows])
    source = np.array([r[3] for r in rows])
    length = np.array([r[4] for r in rows])
    foreign = ~known
    held = []
    packages = np.random.default_rng(0).permutation(sorted(set(source)))
    for fold in range(FOLDS):
        out = np.isin(source, packages[fold::FOLDS])
        cut = threshold(score[foreign & ~out], WANTED)
        held.append((score[foreign & out] > cut).sum())
        print(
            f"fold {fold}: threshold {cut:.2f}, false accepts {held[-1]} of {(foreign & out).sum()}"
        )
    print(f"held out: {100 * sum(held) / foreign.sum():.2f} % of {foreign.sum()} foreign clips")
    cut = threshold(score[foreign], WANTED)
    for seconds in sorted(set(length)):
        at = length == seconds
        far = (score[foreign & at] > cut).mean()
        hit = (right & (score > cut))[known & at].mean()
        print(f"{seconds:g} s: right {100 * hit:.1f} %, false accepts {100 * far:.2f} %")
    for at in (cut, cut + 0.5, cut + 1, cut + 1.5, cut + 2, cut + 3):
        hit = [(right & (score > at))[known & (length == v)].mean() for v in sorted(set(length))]
        far = (score[foreign] > at).mean()
        print(
            f"threshold {at:.2f}: false {100 * far:.2f} %, right", *(f"{100 * h:.1f}" for h in hit)
        )
    slope, middle = logistic(score, right)
    known_from = 1 / (1 + math.exp(-slope * (cut - middle)))
    print(f"SLOPE = {slope:.3f}\nMIDDLE = {middle:.3f}\nKNOWN_FROM = {known_from:.3f}")


if __name__ == "__main__":
    main()
