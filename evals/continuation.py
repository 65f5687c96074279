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
from typing import Any

from recommend import WRMF, Interactions
from recommend.blend import Blend
from recommend.neighbours import item_neighbours, playlist_neighbours

LENGTH = 500

Ranker = Callable[[list[int]], list[int]]


def lines(path: Path) -> Iterator[Any]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def wrmf(interactions: Interactions, artists: dict[int, int]) -> Ranker:
    model = WRMF().fit(interactions)
    return lambda seeds: model.recommend(seeds, LENGTH)[0].tolist()


def wrmf128(interactions: Interactions, artists: dict[int, int]) -> Ranker:
    model = WRMF(factors=128).fit(interactions)
    return lambda seeds: model.recommend(seeds, LENGTH)[0].tolist()


def default(interactions: Interactions, artists: dict[int, int]) -> Ranker:
    model = Blend().fit(interactions, artists)
    return lambda seeds: model.recommend(seeds, LENGTH)[0].tolist()


def plain_blend(interactions: Interactions, artists: dict[int, int]) -> Ranker:
    model = Blend(trees=0).fit(interactions, artists)
    return lambda seeds: model.recommend(seeds, LENGTH)[0].tolist()


def items(interactions: Interactions, artists: dict[int, int]) -> Ranker:
    model = item_neighbours().fit(interactions)
    return lambda seeds: model.recommend(seeds, LENGTH)[0].tolist()


def playlists(interactions: Interactions, artists: dict[int, int]) -> Ranker:
    model = playlist_neighbours().fit(interactions)
    return lambda seeds: model.recommend(seeds, LENGTH)[0].tolist()


MODELS: dict[str, Callable[[Interactions, dict[int, int]], Ranker]] = {
    "default": default,
    "blend": plain_blend,
    "items": items,
    "playlists": playlists,
    "wrmf": wrmf,
    "wrmf128": wrmf128,
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
    ranker = MODELS[options.model](interactions, artists)
    fitted = time.process_time()
    count = 0
    with options.out.open("w") as out:
        for query in lines(options.queries):
            answer = {"id": query["id"], "ranking": ranker(query["seeds"])}
            out.write(json.dumps(answer) + "\n")
            count += 1
    per_query = (time.process_time() - fitted) / max(count, 1)
    print(
        f"{options.model}: fitted in {fitted - start:.2f} CPU s,"
        f" {count} queries at {1000 * per_query:.2f} CPU ms",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
