"""Does the sound alone tell which tracks stand on one album? Embeddings compared, with their cost.

    python -m evals.embedding ALBUM_DIR ALBUM_DIR ... [--per-album 8] [--weights FILE] [--keep DIR]

Every folder is an album. Each track asks once: the others are ranked by the cosine of z-scored
embeddings, and those of its album are right. Mean average precision (leave-one-out), precision of
the first five and of the first, processor seconds a track (one thread, without decoding), and the
difference to the first line with its 95 % interval (paired bootstrap over tracks).

`baseline` is what the literature would do with the same network: the mean pool of every 3 s of the
middle 45 s at the level of the file. --keep stores what was heard, so that a run can be resumed.
The albums of docs/numbers.md are packages of Debian (see `evals.corpus`).
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.io import audiofile
from engine.io.audiofile import SUFFIXES
from engine.library import hearing
from recommend import EmbeddingTable, HandmadeEmbedding, MusicnnEmbedding
from recommend.logmel import HOP, SAMPLE_RATE, log_mel

LEAST_S = 20.0
MIDDLE_S = 45.0
PATCH = 187
RESAMPLES = 5000

Floats = NDArray[np.float32]
Embed = Callable[[Floats, int], Floats]


def collect(folders: list[Path], per_album: int) -> list[tuple[str, Path]]:
    """Return (album, file) of up to `per_album` files of each folder, evenly chosen by name."""
    found = []
    for folder in folders:
        files = sorted(
            p
            for p in folder.rglob("*")
            if p.suffix.lower() in SUFFIXES and p.stat().st_size > 200_000
        )
        chosen = np.unique(np.linspace(0, len(files) - 1, min(per_album, len(files))).astype(int))
        found += [(folder.name, files[i]) for i in chosen]
    return found


def baseline(network: MusicnnEmbedding, audio: Floats, sample_rate: int) -> Floats:
    """Return the mean pool of every 3 s of the middle 45 s, at the level it has."""
    import soxr

    spare = max(0, len(audio) - round(MIDDLE_S * sample_rate)) // 2
    mono = soxr.resample(audio[spare : len(audio) - spare], sample_rate, SAMPLE_RATE, quality="HQ")
    picture = log_mel(np.resize(mono, max(len(mono), PATCH * HOP)))
    count = len(picture) // PATCH
    pools = network.hear(picture[: count * PATCH].reshape(count, PATCH, -1)).mean_pool
    mean: Floats = pools.mean(axis=0)
    return mean


def hear(
    tracks: list[tuple[str, Path]], methods: dict[str, Embed], keep: Path | None
) -> tuple[list[str], dict[str, Floats], dict[str, float]]:
    """Return the albums, the vectors and the seconds a track of each method."""
    albums: list[str] = []
    vectors: dict[str, list[Floats]] = {name: [] for name in methods}
    costs: dict[str, list[float]] = {name: [] for name in methods}
    for number, (album, path) in enumerate(tracks, 1):
        stored = keep / f"{hashlib.sha1(bytes(path)).hexdigest()}.npz" if keep else None
        found: dict[str, Any] = dict(np.load(stored)) if stored and stored.exists() else {}
        if not found:
            audio, rate = audiofile.read(path, mono=True)
            if len(audio) < LEAST_S * rate:
                continue
            for name, embed in methods.items():
                before = time.process_time()
                found[name] = embed(audio, rate)
                found[f"{name} s"] = time.process_time() - before
            if stored:
                np.savez(stored, **found)
        albums.append(album)
        for name in methods:
            vectors[name].append(found[name])
            costs[name].append(float(found[f"{name} s"]))
        print(f"{number} of {len(tracks)}", end="\r", file=sys.stderr, flush=True)
    return (
        albums,
        {name: np.stack(rows) for name, rows in vectors.items()},
        {name: float(np.median(rows)) for name, rows in costs.items()},
    )


def precisions(albums: list[str], vectors: Floats) -> NDArray[np.float64]:
    """Return (average precision, precision of five, of one) of each track with album mates."""
    names = np.array(albums)
    table = EmbeddingTable("eval", 1, range(len(names)), vectors)
    rows = []
    for track in range(len(names)):
        order, _ = table.nearest(track, len(names) - 1)
        right = names[order] == names[track]
        if right.any():
            places = np.flatnonzero(right) + 1
            average = (np.arange(1, len(places) + 1) / places).mean()
            rows.append((average, right[:5].mean(), float(right[0])))
    return np.array(rows)


def interval(difference: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % interval of a mean, by resampling."""
    rng = np.random.default_rng(0)
    picks = rng.integers(len(difference), size=(RESAMPLES, len(difference)))
    low, high = np.quantile(difference[picks].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("albums", nargs="+", type=Path)
    parser.add_argument("--per-album", type=int, default=8)
    parser.add_argument("--weights", type=Path, default=hearing.weights_path())
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    if given.keep is not None:
        given.keep.mkdir(parents=True, exist_ok=True)
    network = MusicnnEmbedding(given.weights)
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32)
    network(noise, SAMPLE_RATE)  # torch is loaded before it is timed
    methods: dict[str, Embed] = {
        "baseline": lambda audio, rate: baseline(network, audio, rate),
        network.name: network,
        HandmadeEmbedding.name: HandmadeEmbedding(),
    }
    albums, vectors, costs = hear(collect(given.albums, given.per_album), methods, given.keep)
    print(f"{len(albums)} tracks of {len(set(albums))} albums")
    print(f"{'embedding':12} {'mAP':>6} {'P@5':>6} {'P@1':>6} {'s/track':>8}  to the first")
    first = precisions(albums, vectors["baseline"])
    for name, rows in vectors.items():
        found = precisions(albums, rows)
        average, five, one = found.mean(axis=0)
        difference = found[:, 0] - first[:, 0]
        low, high = interval(difference)
        print(
            f"{name:12} {average:6.3f} {five:6.3f} {one:6.3f} {costs[name]:8.2f}"
            f"  {difference.mean():+.3f} [{low:+.3f}, {high:+.3f}]"
        )


if __name__ == "__main__":
    main()
