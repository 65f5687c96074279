"""Whether one model's rankings add something to another's, query by query.

    python -m evals.adds QUERIES.jsonl.gz FIRST.jsonl SECOND.jsonl [--weights 0.2 0.5 1]

The rankings are those that `evals.continuation` writes; queries need their `targets`. A track's
points are 1 / (60 + rank) in the first ranking and, by each weight, in the second (reciprocal rank
fusion, Cormack et al., 2009). The differences to the first alone come with the 95 % interval of a
paired bootstrap. A weight that is chosen by looking at this table wants other queries to be judged
by.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evals.continuation import lines
from recommend.metrics import ndcg_at_k, paired_bootstrap, precision

_SOFT = 60.0  # as in the paper
MEASURES = {"NDCG@500": ndcg_at_k, "P@10": precision}


def fuse(first: Sequence[int], second: Sequence[int], weight: float) -> list[int]:
    """Return the tracks of two rankings by the sum of their points, best first.

    Examples
    --------
    >>> fuse([1, 2, 3], [3, 2, 9], 1.0)
    [3, 2, 1, 9]
    """
    points: dict[int, float] = defaultdict(float)
    for share, ranking in ((1.0, first), (weight, second)):
        for place, track in enumerate(ranking, 1):
            points[track] += share / (_SOFT + place)
    return sorted(points, key=lambda track: -points[track])


def compare(
    queries: Sequence[dict[str, Any]],
    first: Mapping[str, Sequence[int]],
    second: Mapping[str, Sequence[int]],
    weights: Sequence[float],
) -> dict[int, dict[str, dict[str, list[float]]]]:
    """Return each measure of each query, by the number of seeds and by what ranks."""
    out: dict[int, dict[str, dict[str, list[float]]]] = {}
    for query in queries:
        a, b = first[query["id"]], second[query["id"]]
        ranked = {"first": list(a), "second": list(b)}
        ranked |= {f"first + {w:g} second": fuse(a, b, w) for w in weights}
        rows = out.setdefault(query["k"], {})
        for name, ranking in ranked.items():
            row = rows.setdefault(name, {what: [] for what in MEASURES})
            for what, measure in MEASURES.items():
                row[what].append(measure(ranking, query["targets"]))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("queries", type=Path)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--weights", type=float, nargs="+", default=[0.2, 0.5, 1.0])
    options = parser.parse_args()
    first, second = (
        {row["id"]: row["ranking"] for row in lines(path)}
        for path in (options.first, options.second)
    )
    told = compare(list(lines(options.queries)), first, second, options.weights)
    print("| seeds | ranking | NDCG@500 | P@10 |\n|---|---|---|---|")
    for k, rows in sorted(told.items()):
        for name, row in rows.items():
            cells = []
            for what in MEASURES:
                cell = f"{np.mean(row[what]):.4f}"
                if name != "first":
                    mean, low, high = paired_bootstrap(row[what], rows["first"][what], 2000)
                    cell += f" ({mean:+.4f}, {low:+.4f} to {high:+.4f})"
                cells.append(cell)
            print(f"| {k} | {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
