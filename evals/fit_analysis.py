"""Learn the weights with which the analysis chooses beats, bars and key, and trusts the beats.

    python -m evals.fit_analysis DIR... [--workers 2]

Each DIR holds music with its truth: NAME.wav beside NAME.json ("beats", "downbeats",
"beats_per_bar", "key"; a piece without a beat has less than four "beats"). The weights go to
`engine/analysis/weights`. Those that come with the program were learnt from generated pieces and
MIDI compositions, rendered with two sound banks, and from noise, clicks and swells made here.

For the trust, each piece is judged by networks that have not seen any piece of its name; so a set
that has the same pieces with other notes is held out together.
"""

from __future__ import annotations

import argparse
import json
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from dsp.resample import resample
from engine.analysis import network
from engine.analysis.bars import MEANINGS, bar_evidence
from engine.analysis.beats import candidates
from engine.analysis.evidence import evidence, fold, streams
from engine.analysis.features import SAMPLE_RATE, Features, FeatureStream
from engine.analysis.lattice import Candidate
from engine.analysis.network import Network
from engine.analysis.refine import refine
from engine.analysis.result import MODES, PITCHES
from engine.analysis.tonality import key_rows, tuning
from engine.analysis.tones import ToneStream
from engine.analysis.trust import trust_evidence
from engine.io import audiofile
from evals.analysis import best_level, f_measure

Doubles = NDArray[np.float64]
Group = tuple[Doubles, Doubles]  # rows of evidence, and how right each is: 0 to 1

FOLDS = 4
RIGHT, WINDOW_S, BAR_WINDOW_S = 0.85, 0.030, 0.070
OTHER_LEVEL = 0.3  # what double or half the beats are worth, beside the beats themselves
WRONG_COUNTS = 4.0  # a wrong lock is worse than none
NOISES = 120


@dataclass
class Piece:
    """What is learnt from one piece; groups are empty where the truth does not say."""

    name: str
    beats: Group | None = None
    bars: Group | None = None
    key: Group | None = None
    found: list[Candidate] = field(default_factory=list)
    levels: Doubles = field(default_factory=lambda: np.zeros(0))
    fine: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    samples: int = 0

    @property
    def fold(self) -> int:
        """Which of the `FOLDS` holds this piece out."""
        return zlib.crc32(self.name.encode()) % FOLDS


def learn_from(name: str, mono: NDArray[np.float32], truth: dict[str, Any]) -> Piece:
    """Return candidates and evidence of one piece."""
    stream = FeatureStream()
    stream.feed(mono)
    features = stream.finish()
    piece = Piece(name, fine=features.fine, samples=features.samples)
    if truth.get("key"):
        tones = ToneStream()
        tones.feed(mono)
        cells = tones.finish()
        heard = cells[cells.sum(axis=1) > 0]
        rows = key_rows(heard.sum(axis=0), heard[-1], tuning(cells)[0])
        tonic, mode = truth["key"].split()
        right = np.zeros(24)
        right[PITCHES.index(tonic) + 12 * MODES.index(mode)] = 1.0
        piece.key = rows, right
    piece.found = candidates(features)
    if not piece.found:
        return piece
    told = streams(features)
    rows = np.stack([evidence(candidate, told) for candidate in piece.found]).astype(np.float64)
    true = np.array(truth.get("beats", ()))
    if len(true) < 4:
        piece.beats = rows, np.zeros(len(rows))
        piece.levels = np.zeros(len(rows))
        return piece
    exact = np.array([f_measure(true, c.beats_s, WINDOW_S) for c in piece.found])
    piece.levels = np.array([best_level(true, c.beats_s, WINDOW_S) for c in piece.found])
    worth = np.where(exact > RIGHT, 1.0, np.where(piece.levels > RIGHT, OTHER_LEVEL, 0.0))
    piece.beats = rows, worth
    if exact.max() > RIGHT and truth.get("downbeats"):
        best = piece.found[int(exact.argmax())]
        piece.bars = bars_of(best, told, truth)
    return piece


def bars_of(best: Candidate, told: NDArray[np.float32], truth: dict[str, Any]) -> Group | None:
    """Return the readings of the bars of right beats."""
    true = np.array(truth["downbeats"])
    right = np.zeros(len(MEANINGS))
    for number, (meter, phase) in enumerate(MEANINGS):
        found = best.beats_s[phase::meter]
        if meter == truth["beats_per_bar"]:
            right[number] = f_measure(true, found, BAR_WINDOW_S) > RIGHT
        elif meter == 2 * truth["beats_per_bar"]:
            halves = (f_measure(true[k::2], found, BAR_WINDOW_S) for k in (0, 1))
            right[number] = OTHER_LEVEL * (max(halves) > RIGHT)
    if not right.max():
        return None
    return bar_evidence(fold(best, told), best.bpm).astype(np.float64), right


def read_piece(path: Path) -> Piece:
    """Return what is learnt from NAME.json and the sound beside it."""
    audio, rate = audiofile.read(path.with_suffix(".wav"), mono=True)
    mono = resample(audio.reshape(-1), rate, SAMPLE_RATE)
    return learn_from(path.stem, mono, json.loads(path.read_text()))


def noise_piece(seed: int) -> Piece:
    """Return a piece of sound without a beat."""
    rng = np.random.default_rng(1000 + seed)
    n = int(rng.uniform(8, 60) * SAMPLE_RATE)
    time = np.arange(n) / SAMPLE_RATE
    sound = rng.standard_normal(n)
    kind = seed % 8
    if kind in (1, 2):  # pink, brown
        spectrum = np.fft.rfft(sound)
        sound = np.fft.irfft(spectrum / (np.arange(len(spectrum)) + 1.0) ** (kind / 2), n)
    elif kind == 3:  # clicks
        count = int(n / SAMPLE_RATE * rng.uniform(1, 8))
        sound = np.zeros(n)
        sound[rng.integers(0, n, count)] = rng.uniform(0.3, 1)
    elif kind == 4:  # gusts
        gusts = np.interp(time, np.cumsum(rng.exponential(0.4, 400)), rng.standard_normal(400))
        sound *= 0.05 + np.abs(gusts)
    elif kind == 5:  # swells
        sound *= 1e-3
        for hz in rng.uniform(80, 800, 6):
            swell = 1 + np.sin(2 * np.pi * time * rng.uniform(0.02, 0.3) + rng.uniform(0, 6))
            sound += np.sin(2 * np.pi * hz * time) * swell
    elif kind == 6:  # drops
        sound *= 1e-3
        for start in np.cumsum(rng.exponential(rng.uniform(0.15, 0.6), 300)):
            at = int(start * SAMPLE_RATE)
            drop = np.sin(2 * np.pi * rng.uniform(100, 900) * time[:9000])
            drop *= np.exp(-time[:9000] * rng.uniform(4, 20)) * rng.uniform(0.2, 1)
            sound[at : at + 9000] += drop[: max(0, n - at)]
    elif kind == 7:  # rumble
        sound = np.cumsum(sound)
        sound -= np.convolve(sound, np.ones(2001) / 2001, "same")
    loud = rng.uniform(0.01, 0.9)
    mono = (sound / np.abs(sound).max() * loud).astype(np.float32)
    return learn_from(f"noise {seed}", mono, {})


def fit(groups: list[Group], hidden: int, penalty: float, seed: int = 0) -> Network:
    """Return the network whose softmax over each group gives most to what is right."""
    groups = [(rows, right) for rows, right in groups if right.max() > 0]
    together = np.concatenate([rows for rows, _ in groups])
    mean, spread = together.mean(axis=0), together.std(axis=0) + 1e-6
    x = np.clip((together - mean) / spread, -4.0, 4.0)
    right = np.concatenate([right for _, right in groups])
    counts = np.array([len(rows) for rows, _ in groups])
    group = np.repeat(np.arange(len(groups)), counts)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    inputs = x.shape[1]
    cuts = np.cumsum([inputs * hidden, hidden, hidden])

    def parts(theta: Doubles) -> tuple[Doubles, Doubles, Doubles, Doubles]:
        flat, c, v, b = np.split(theta, cuts)
        return flat.reshape(inputs, hidden), c, v, b

    def loss(theta: Doubles) -> tuple[float, Doubles]:
        U, c, v, b = parts(theta)
        h = np.tanh(x @ U + c)
        z = h @ v + x @ b
        power = np.exp(z - np.maximum.reduceat(z, starts)[group])
        total = np.add.reduceat(power, starts)
        good = np.add.reduceat(power * right, starts) + 1e-12
        dz = power / total[group] - power * right / good[group]
        dh = dz[:, None] * v * (1.0 - h * h)
        value = np.log(total / good).sum()
        value += penalty * ((U**2).sum() + 0.3 * (v**2).sum() + (b**2).sum())
        slope = [(x.T @ dh + 2 * penalty * U).ravel(), dh.sum(axis=0)]
        slope += [h.T @ dz + 0.6 * penalty * v, x.T @ dz + 2 * penalty * b]
        return float(value), np.concatenate(slope)

    rng = np.random.default_rng(seed)
    first = [rng.normal(0, 0.05, inputs * hidden), np.zeros(hidden), rng.normal(0, 0.3, hidden)]
    best = minimize(
        loss,
        np.concatenate([*first, np.zeros(inputs)]),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 200},
    )
    return Network(mean, spread, *parts(best.x))


def mean_of(networks: list[Network]) -> Network:
    """Return one network that gives the mean of the scores of several."""
    return Network(
        networks[0].mean,
        networks[0].spread,
        np.concatenate([n.U for n in networks], axis=1),
        np.concatenate([n.c for n in networks]),
        np.concatenate([n.v for n in networks]) / len(networks),
        np.mean([n.b for n in networks], axis=0),
    )


def fit_trust(rows: Doubles, right: Doubles, penalty: float) -> Network:
    """Return the network whose logistic function is the probability of being right."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    x = np.column_stack([np.clip((rows - mean) / spread, -4.0, 4.0), np.ones(len(rows))])
    counts = np.where(right > 0, 1.0, WRONG_COUNTS)

    def loss(b: Doubles) -> tuple[float, Doubles]:
        z = x @ b
        off = 1.0 / (1.0 + np.exp(-z)) - right
        held = np.append(b[:-1], 0.0)
        value = (counts * (np.logaddexp(0.0, z) - right * z)).sum() + penalty * (held @ held)
        return float(value), x.T @ (counts * off) + 2 * penalty * held

    b = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    # A saturated hidden unit carries the constant.
    one = np.array([10.0])
    return Network(mean, spread, np.zeros((len(b) - 1, 1)), one, b[-1:] / np.tanh(one), b[:-1])


def groups_without(pieces: list[Piece], held: int) -> list[Group]:
    """Return the beats of the pieces that are not in a fold."""
    return [p.beats for p in pieces if p.beats is not None and p.fold != held]


def judged(piece: Piece, net: Network) -> tuple[NDArray[np.float32], float]:
    """Return the evidence for the beats that `net` chooses, and how right they are."""
    assert piece.beats is not None
    rows = piece.beats[0]
    scores = net(rows)
    order = np.argsort(-scores)
    best = piece.found[order[0]]
    features = Features(piece.fine, np.zeros((0, 4)), np.zeros((0, 0)), piece.samples)
    settled = Candidate(*refine(best.beats_s, piece.fine))
    ranked = [piece.found[k] for k in order]
    row = rows[order[0]].astype(np.float32)
    told = trust_evidence(settled, ranked, scores[order], row, features)
    return told, float(piece.levels[order[0]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    paths = [path for folder in options.folders for path in sorted(folder.glob("*.json"))]
    with ProcessPoolExecutor(options.workers, get_context("spawn")) as pool:
        pieces = list(pool.map(read_piece, paths, chunksize=4))
        pieces += list(pool.map(noise_piece, range(NOISES), chunksize=4))
        pieces = [piece for piece in pieces if piece.found]
        held_out = list(pool.map(fit, [groups_without(pieces, k) for k in range(FOLDS)],
                                 [12] * FOLDS, [1.5] * FOLDS))  # fmt: skip
        every = [piece.beats for piece in pieces if piece.beats is not None]
        whole = list(pool.map(fit, [every] * 3, [12] * 3, [1.5] * 3, range(3)))
        bars = [piece.bars for piece in pieces if piece.bars is not None]
        of_bars = list(pool.map(fit, [bars] * 2, [8] * 2, [3.0] * 2, range(2)))
    told = [judged(piece, held_out[piece.fold]) for piece in pieces]
    rows = np.stack([row for row, _ in told]).astype(np.float64)
    levels = np.array([level for _, level in told])
    right = (levels > RIGHT).astype(np.float64)
    beating = np.array([piece.levels.max() > 0 for piece in pieces])
    print(f"{len(pieces)} pieces, {int(beating.sum())} with a beat; held out by name:")
    print(f"  right beats, any level: {right[beating].mean():.3f}")
    folds = np.array([piece.fold for piece in pieces])
    sure = np.zeros(len(pieces))
    for k in range(FOLDS):
        scores = fit_trust(rows[folds != k], right[folds != k], 3.0)(rows[folds == k])
        sure[folds == k] = 1.0 / (1.0 + np.exp(-scores))
    wrong = (sure >= 0.5) & (right == 0)
    print(f"  trusted: {(sure[right > 0] >= 0.5).mean():.3f} of the right ones")
    print(f"  wrong and trusted: {wrong[beating].mean():.3f} of music, {wrong[~beating].mean():.3f}"
          " of what has no beat")  # fmt: skip
    keys = [piece.key for piece in pieces if piece.key is not None]
    folder = Path(network.__file__).parent / "weights"
    folder.mkdir(exist_ok=True)
    mean_of(whole).save(folder / "beats.npz")
    mean_of(of_bars).save(folder / "bars.npz")
    fit(keys, 1, 1.0).save(folder / "key.npz")
    fit_trust(rows, right, 3.0).save(folder / "trust.npz")


if __name__ == "__main__":
    main()
