"""Exact sweeps of WRMF over made playlists of the shape of the Million Playlist Dataset.

    OPENBLAS_NUM_THREADS=1 python -m bench.million [--scale 1] [--factors 64] [--sweeps 2] [--out F]

1,000,000 playlists of 66 tracks out of 2,262,292 in the mean, 5 to 250 each; the most popular track
stands in some 46,000 playlists, and each in at least one. Only these numbers are taken from that
dataset. Prints CPU seconds of one thread and the peak of the process's memory. With a scale below 1
there are fewer playlists and tracks.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommend import WRMF, Interactions
from recommend.wrmf import Sweep

PLAYLISTS, TRACKS = 1_000_000, 2_262_292
LENGTH, SHORTEST, LONGEST = 66.3, 5, 250
# The popularity of the track of rank r falls as (r + SHIFT) ** -FALL: Zipf-Mandelbrot.
SHIFT, FALL = 543.0, 1.35
_AT_ONCE = 50_000  # playlists


def make(playlists: int, tracks: int, seed: int = 0) -> Interactions:
    """Draw each playlist's tracks by popularity; put tracks that nobody drew into one each."""
    random = np.random.default_rng(seed)
    number = random.permutation(tracks).astype(np.int32)
    lengths = np.exp(random.normal(np.log(LENGTH) - 0.28, 0.85, playlists))
    lengths = np.clip(lengths, SHORTEST, LONGEST).astype(np.int64)
    part = []
    for start in range(0, playlists, _AT_ONCE):
        own = lengths[start : start + _AT_ONCE]
        rows = np.repeat(np.arange(len(own)), own)
        keys = np.unique(rows * tracks + number[_ranks(len(rows), tracks, random)])
        columns = (keys % tracks).astype(np.int32)
        part.append((np.bincount(keys // tracks, minlength=len(own)), columns))
    counts = np.concatenate([count for count, _ in part])
    columns = np.concatenate([columns for _, columns in part])
    del part
    lacking = np.flatnonzero(np.bincount(columns, minlength=tracks) == 0).astype(np.int32)
    # in place of some that were drawn; a track that stands in many is not missed
    columns[random.choice(len(columns), len(lacking), replace=False)] = lacking
    ends = np.concatenate([[0], np.cumsum(counts)])
    entries: Any = (np.ones(len(columns), dtype=np.float32), columns, ends)
    return Interactions(sparse.csr_array(entries, shape=(playlists, tracks)), np.arange(tracks))


def _ranks(count: int, tracks: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Draw ranks by inverting the (continuous) distribution of popularity."""
    last = (1.0 + tracks / SHIFT) ** (1.0 - FALL)
    u = 1.0 - random.random(count) * (1.0 - last)
    ranks = SHIFT * (u ** (1.0 / (1.0 - FALL)) - 1.0)
    return np.minimum(ranks.astype(np.int64), tracks - 1)


def peak_gb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--sweeps", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    # compiled before anything is measured
    Sweep(make(50, 200), WRMF(options.factors))()
    began = time.process_time()
    interactions = make(int(options.scale * PLAYLISTS), int(options.scale * TRACKS))
    popularity = interactions.popularity()
    result: dict[str, Any] = {
        "what": "CPU seconds of exact sweeps, one thread; peak memory of the process, GB",
        "playlists": interactions.matrix.shape[0],
        "tracks": interactions.matrix.shape[1],
        "interactions": int(interactions.matrix.nnz),
        "most_popular": int(popularity.max()),
        "in_one_playlist": round(float((popularity == 1).mean()), 3),
        "factors": options.factors,
        "make_s": round(time.process_time() - began, 1),
        "peak_after_make_gb": peak_gb(),
    }
    print(json.dumps(result), flush=True)
    began = time.process_time()
    sweep = Sweep(interactions, WRMF(options.factors))
    result["prepare_s"] = round(time.process_time() - began, 1)
    result["sweep_s"] = []
    for _ in range(options.sweeps):
        began = time.process_time()
        sweep()
        result["sweep_s"].append(round(time.process_time() - began, 1))
        print(f"sweep: {result['sweep_s'][-1]} CPU s, peak {peak_gb()} GB", flush=True)
    result["peak_gb"] = peak_gb()
    print(json.dumps(result, indent=2))
    if options.out:
        options.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
