"""One exact sweep of WRMF against one inexact (conjugate gradient) sweep of `implicit`.

    OPENBLAS_NUM_THREADS=1 python -m bench.wrmf [TRAIN.jsonl[.gz]] [--factors 64 128] [--rounds 7]

CPU seconds of one thread, both in this process, taking turns; median and spread. Without a file of
playlists (one JSON list of track numbers a line) made ones of a like shape are used. `implicit` is
no dependency: without it only our own figures are printed.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from evals.continuation import lines
from recommend import WRMF, Interactions
from recommend.ranking import top
from recommend.scan import Scan
from recommend.synthetic import make_playlists
from recommend.wrmf import Sweep

ALPHA = 33.0


def cpu(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def summary(seconds: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(seconds), 4),
        "low": round(min(seconds), 4),
        "high": round(max(seconds), 4),
    }


def peer_sweep(interactions: Interactions, factors: int) -> Callable[[], float] | None:
    """Return a function that measures one sweep of the peer: six iterations less one, over five."""
    try:
        from implicit.als import AlternatingLeastSquares
    except ImportError:
        return None
    matrix = sparse.csr_matrix(interactions.matrix * np.float32(ALPHA))

    def fit(iterations: int) -> float:
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=0.01,
            alpha=1.0,
            iterations=iterations,
            num_threads=1,
            random_state=0,
        )
        return cpu(lambda: model.fit(matrix, show_progress=False))

    return lambda: (fit(6) - fit(1)) / 5


def query_times(interactions: Interactions, factors: int) -> dict[str, float]:
    """Measure one query over the catalogue, by bounds and plainly, and one update, in CPU ms."""
    from recommend import Session

    model = WRMF(factors=factors, iterations=2).fit(interactions)
    seeds = interactions.track_ids[np.random.default_rng(0).permutation(len(model.track_ids))]
    model.recommend(seeds[:5], 100)
    session = Session(model, seeds[:5])
    query = [
        1e3
        * cpu(lambda i=i: [model.recommend(seeds[j : j + 5], 100) for j in range(i, i + 20)])
        / 20
        for i in range(0, 200, 20)
    ]
    plain = [
        1e3
        * cpu(lambda i=i: [_plainly(model, seeds[j : j + 5], 100) for j in range(i, i + 20)])
        / 20
        for i in range(0, 200, 20)
    ]
    update = [
        1e3
        * cpu(
            lambda i=i: [(session.like(int(seeds[j])), session.scores()) for j in range(i, i + 20)]
        )
        / 20
        for i in range(0, 200, 20)
    ]
    return {
        "query_ms": round(statistics.median(query), 4),
        "query_all_scores_ms": round(statistics.median(plain), 4),
        "session_update_and_scores_ms": round(statistics.median(update), 4),
    }


def _plainly(model: WRMF, seeds: Any, n: int) -> Any:
    return top(model.scores(seeds), n, model.rows_of(seeds))


def large_catalogue(tracks: int, factors: int) -> dict[str, float]:
    """Measure the best 100 of many made tracks, in CPU ms: the search alone."""
    random = np.random.default_rng(0)
    table = random.standard_normal((tracks, factors), dtype=np.float32)
    table *= random.lognormal(0, 0.5, (tracks, 1)).astype(np.float32)
    scan, none = Scan(table), np.empty(0, dtype=np.int64)
    asked = random.standard_normal((10, factors), dtype=np.float32)
    ways = {
        "query_ms": lambda x: scan.best(x, 100, none),
        "query_all_scores_ms": lambda x: top(table @ x, 100),
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for x in asked:
        for name, way in ways.items():
            took[name].append(1e3 * cpu(lambda x=x, way=way: way(x)))
    return {name: round(statistics.median(times), 3) for name, times in took.items()}


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train", type=Path, nargs="?")
    parser.add_argument("--factors", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--catalogue", type=int, default=1_000_000, help="tracks; 0: none")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.train:
        playlists = list(lines(options.train))
    else:
        playlists = make_playlists(4700, 17_500, artists=4500, genres=60, mean_length=66).playlists
    interactions = Interactions.from_playlists(playlists)
    result: dict[str, Any] = {
        "what": "CPU seconds of one sweep over playlists and tracks, one thread",
        "machine": platform.processor() or platform.machine(),
        "playlists": interactions.matrix.shape[0],
        "tracks": interactions.matrix.shape[1],
        "interactions": int(interactions.matrix.nnz),
    }
    for factors in options.factors:
        ours, theirs = [], []
        sweep = Sweep(interactions, WRMF(factors=factors, alpha=ALPHA))
        peer = peer_sweep(interactions, factors)
        sweep()
        for _ in range(options.rounds):
            ours.append(cpu(lambda s=sweep: [s() for _ in range(5)]) / 5)
            if peer is not None:
                theirs.append(peer())
        row: dict[str, Any] = {"exact": summary(ours)}
        if theirs:
            row["implicit_cg"] = summary(theirs)
        row |= query_times(interactions, factors)
        if options.catalogue:
            row[f"of_{options.catalogue}"] = large_catalogue(options.catalogue, factors)
        result[f"factors_{factors}"] = row
    text = json.dumps(result, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
