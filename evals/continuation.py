"""Playlist continuation: train, answer every query, write the rankings.

    python -m evals.continuation DATA_DIR QUERIES.jsonl.gz OUT.jsonl [--model NAME]

DATA_DIR/train.jsonl.gz holds one JSON list of track numbers a line, DATA_DIR/track_artist.jsonl.gz
(optional) one `[track, artist]` a line; a query is `{"id", "k", "seeds"}`, an answer
`{"id", "ranking"}` with 500 tracks, best first.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from recommend import EASE, WRMF, Blend, Interactions
from recommend.neighbours import item_neighbours, playlist_neighbours

LENGTH = 500


class Model(Protocol):
    """What every model here offers."""

    def recommend(self, seeds: Any, n: int) -> tuple[Any, Any]:
        """Return the best `n` tracks for the seeds, and their scores."""
        ...


def lines(path: Path) -> Iterator[Any]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def default(interactions: Interactions, artists: dict[int, int]) -> Blend:
    return Blend().fit(interactions, artists)


def blend(interactions: Interactions, artists: dict[int, int]) -> Blend:
    return Blend(trees=0).fit(interactions, artists)


MODELS: dict[str, Callable[[Interactions, dict[int, int]], Model]] = {
    "default": default,
    "blend": blend,  # without the trees
    "wrmf": lambda interactions, artists: WRMF(factors=128).fit(interactions),
    "wrmf64": lambda interactions, artists: WRMF(factors=64).fit(interactions),
    "items": lambda interactions, artists: item_neighbours().fit(interactions),
    "playlists": lambda interactions, artists: playlist_neighbours().fit(interactions),
    "ease": lambda interactions, artists: EASE().fit(interactions),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", choices=sorted(MODELS), default="default")
    options = parser.parse_args()
    interactions = Interactions.from_playlists(lines(options.data / "train.jsonl.gz"))
    path = options.data / "track_artist.jsonl.gz"
    artists = {int(t): int(a) for t, a in lines(path)} if path.exists() else {}
    start = time.process_time()
    model = MODELS[options.model](interactions, artists)
    fitted = time.process_time()
    count = 0
    with options.out.open("w") as out:
        for query in lines(options.queries):
            ranking = model.recommend(query["seeds"], LENGTH)[0].tolist()
            out.write(json.dumps({"id": query["id"], "ranking": ranking}) + "\n")
            count += 1
    per_query = (time.process_time() - fitted) / max(count, 1)
    print(
        f"{options.model}: fitted in {fitted - start:.2f} CPU s,"
        f" {count} queries at {1000 * per_query:.2f} CPU ms",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
