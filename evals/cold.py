"""Where a track that stands in no playlist is placed: by its sound alone, by the map, by artists.

    python -m evals.cold [DIR] [--cold 0.2]

A fifth of the playlists is hidden, and a share of the tracks is taken out of the others. From the
first two remaining tracks of each hidden playlist those cold tracks are ranked; the cold ones of
the playlist are the targets. `cosine` is the mean cosine of the sound to the two; `map` the score
of factors that `ColdMap` predicts from the sound; `map and artists` the same, drawn towards the
artist's mean. Hits among the best twenty over the number of targets, and the reciprocal rank, with
the ratio to the first line. DIR is a library or another folder of `evals.course` whose tracks have
a sound; without it playlists and sounds are made.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals import course_data
from evals.course import GIVEN, HIDDEN
from evals.course_data import Data
from recommend import WRMF, ColdMap, EmbeddingTable, Interactions
from recommend.metrics import mean_reciprocal_rank, recall_at_k

WAYS = ("cosine", "map", "map and artists")
BEST = 20

Floats = NDArray[np.float32]


def measure(
    data: Data, sound: EmbeddingTable, share: float, factors: int, seed: int = 0
) -> tuple[dict[str, list[tuple[float, float]]], int]:
    """Return recall and reciprocal rank of each question by each way, and the number of tracks."""
    random = np.random.default_rng(seed)
    hidden = random.random(len(data.playlists)) < HIDDEN
    ids = np.intersect1d(np.unique(np.concatenate(data.playlists)), sound.ids)
    cold = ids[random.random(len(ids)) < share]
    taken = set(cold.tolist())
    known = [[t for t in playlist if t not in taken] for playlist in data.playlists]
    lists = [
        playlist for playlist, away in zip(known, hidden, strict=True) if playlist and not away
    ]
    wrmf = WRMF(factors=factors).fit(Interactions.from_playlists(lists))
    placed: dict[str, Floats] = {
        "map": ColdMap().fit(wrmf, sound).predict(cold),
        "map and artists": ColdMap().fit(wrmf, sound, data.artists).predict(cold),
    }
    heard = sound.directions(cold)
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for place in np.flatnonzero(hidden):
        seeds = [t for t in known[place] if wrmf.rows_of([t])[0] >= 0 and t in sound][:GIVEN]
        targets = [t for t in data.playlists[place] if t in taken]
        if len(seeds) < GIVEN or not targets:
            continue
        listener = wrmf.fold_in(seeds)
        scores = {"cosine": heard @ sound.directions(seeds).mean(axis=0)}
        scores |= {way: vectors @ listener for way, vectors in placed.items()}
        for way, values in scores.items():
            ranking = cold[np.argsort(-values, kind="stable")].tolist()
            one = recall_at_k(ranking, targets, BEST), mean_reciprocal_rank(ranking, targets)
            found[way].append(one)
    return found, len(cold)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", help="made playlists when not given")
    parser.add_argument("--cold", type=float, default=0.2, help="share of the tracks")
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--playlists", type=int, default=2000, help="to make")
    options = parser.parse_args()
    if not 0 < options.cold < 1:
        parser.error(f"--cold must lie between 0 and 1, got {options.cold}")
    try:
        data = (
            course_data.load(options.data) if options.data else course_data.made(options.playlists)
        )
    except FileNotFoundError as error:
        parser.error(str(error))
    if data.sound is None:
        parser.error(f"the tracks of {options.data} have no sound")
    found, tracks = measure(data, data.sound, options.cold, options.factors)
    if not found["map"]:
        parser.error(f"{data.what}: too few playlists with tracks to take out")
    print(f"{data.what}; {tracks} cold tracks, {len(found['map'])} hidden playlists")
    print(f"{'':16} {f'recall@{BEST}':>10} {'MRR':>7}  to the first")
    first = np.mean(found[WAYS[0]], axis=0)
    for way in WAYS:
        recall, rank = mean = np.mean(found[way], axis=0)
        print(
            f"{way:16} {recall:10.4f} {rank:7.4f}  " + " ".join(f"x{r:.2f}" for r in mean / first)
        )


if __name__ == "__main__":
    main()
