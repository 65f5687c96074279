"""Whether a model adds something to the default blend, query by query.

    python -m evals.adds DATA_DIR QUERIES.jsonl.gz [--model neural] [--weights 0.1 0.3 1]

The files are those of `evals.continuation`; queries need their `targets`. Both models' scores are
taken as z-scores and summed, the model's by each weight; the differences to the blend alone come
with the 95 % interval of a paired bootstrap. A weight that is chosen by looking at this table wants
other queries to be judged by.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from evals.continuation import lines, set_threads
from evals.models import MODELS, Taught
from recommend import Blend, Interactions
from recommend.metrics import ndcg_at_k, paired_bootstrap, precision
from recommend.ranking import best
from recommend.signals import standardise

LENGTH = 500


def compare(
    blend: Any, model: Any, interactions: Interactions, queries: Any, weights: list[float]
) -> dict[int, dict[float, dict[str, list[float]]]]:
    """Return each measure of each query, by the number of seeds and by weight; 0 is the blend."""
    out: dict[int, dict[float, dict[str, list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: {"NDCG@500": [], "P@10": []})
    )
    for query in queries:
        seeds = np.array(query["seeds"], dtype=np.int64)
        first, second = blend.scores(seeds), standardise(model.scores(seeds))
        first = standardise(first)
        for weight in (0.0, *weights):
            total = first + np.float32(weight) * second
            ranking = best(interactions, total, LENGTH, seeds, ())[0].tolist()
            row = out[query["k"]][weight]
            row["NDCG@500"].append(ndcg_at_k(ranking, query["targets"]))
            row["P@10"].append(precision(ranking, query["targets"]))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--model", default="neural", choices=["course", "neural", "two-tower"])
    parser.add_argument("--weights", type=float, nargs="+", default=[0.1, 0.2, 0.4])
    parser.add_argument("--blend", type=Path, help="a saved blend of the same playlists")
    options = parser.parse_args()
    set_threads(1)
    interactions = Interactions.from_playlists(lines(options.data / "train.jsonl.gz"))
    path = options.data / "track_artist.jsonl.gz"
    artists = {int(t): int(a) for t, a in lines(path)} if path.exists() else {}
    if options.blend is not None:
        blend = Blend.load(options.blend)
    else:
        blend = Blend().fit(interactions, artists)
    model = MODELS[options.model](Taught(interactions, artists))
    told = compare(blend, model, interactions, lines(options.queries), options.weights)
    print("| seeds | weight | NDCG@500 | P@10 |\n|---|---|---|---|")
    for k, rows in sorted(told.items()):
        for weight, row in rows.items():
            cells = []
            for what in ("NDCG@500", "P@10"):
                cell = f"{np.mean(row[what]):.4f}"
                if weight:
                    mean, low, high = paired_bootstrap(row[what], rows[0.0][what])
                    cell += f" ({mean:+.4f}, {low:+.4f} to {high:+.4f})"
                cells.append(cell)
            print(f"| {k} | {weight:g} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
