"""Which beats begin a bar, and how many make one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.analysis.evidence import STREAMS
from engine.analysis.network import Network, softmax

Floats = NDArray[np.float32]

METERS = (2, 3, 4, 5, 6, 7)
MEANINGS = tuple((meter, phase) for meter in METERS for phase in range(meter))

_LAGS = 14
_PHRASE = 4  # bars


def bar_evidence(parts: Floats, bpm: float) -> Floats:
    """Return a row of numbers for each of `MEANINGS`.

    Parameters
    ----------
    parts : ndarray, shape (beats, PARTS, STREAMS)
        As `evidence.fold` gives them.
    bpm : float
        Of the beats.
    """
    beats = len(parts)
    flat = parts.reshape(beats, -1)
    flat = flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6)
    alike = np.array(
        [
            float((flat[lag:] * flat[:-lag]).sum(axis=1).mean()) if beats > lag else 0.0
            for lag in range(1, _LAGS + 1)
        ]
    )
    on = parts[:, 0]  # (beats, STREAMS)
    speed = np.log2(bpm / 120.0)
    rows = []
    for meter, phase in MEANINGS:
        places = np.stack([_mean(on[(phase + k) % meter :: meter]) for k in range(meter)])
        places -= places.mean(axis=0)
        rest = places[1:]
        again = alike[meter - 1]
        others = [alike[lag - 1] for lag in range(2, 8) if lag % meter and meter % lag]
        rows.append(
            np.concatenate(
                [
                    places[0],
                    places[0] - rest.max(axis=0),
                    places[1],
                    places[-1],
                    places[meter // 2],
                    places[2 % meter],
                    _phrase(on, meter, phase),
                    _mean(parts[phase::meter, 6]) - _mean(parts[:, 6]),
                    [again, alike[2 * meter - 1], again - alike.mean()],
                    [again - max(others, default=0.0), float(phase == 0)],
                    [float(meter == m) for m in METERS],
                    [speed * (meter == m) for m in METERS],
                ]
            )
        )
    return np.asarray(rows, dtype=np.float32)


def choose_bars(parts: Floats, bpm: float, network: Network) -> tuple[int, int, float]:
    """Return beats per bar, the first downbeat, and the probability that both are right.

    Parameters
    ----------
    parts, bpm
        As of `bar_evidence`.
    network : Network
    """
    chance = softmax(network(bar_evidence(parts, bpm)))
    best = int(chance.argmax())
    return *MEANINGS[best], float(chance[best])


def _mean(rows: Floats) -> Floats:
    return rows.mean(axis=0) if len(rows) else np.zeros(STREAMS, dtype=np.float32)


def _phrase(on: Floats, meter: int, phase: int) -> Floats:
    """Return by how much the first bars of phrases stand out from the others."""
    starts = [_mean(on[phase + meter * k :: meter * _PHRASE]) for k in range(_PHRASE)]
    both = np.stack(starts)
    return np.asarray(both.max(axis=0) - both.mean(axis=0))
