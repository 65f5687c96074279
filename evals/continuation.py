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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.models import MODELS, Taught
from recommend import Interactions

LENGTH = 500


def lines(path: Path) -> Iterator[Any]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def set_threads(count: int) -> None:
    """Let torch, where there is one, use so many threads."""
    try:
        import torch
    except ModuleNotFoundError:
        return  # most models do without
    torch.set_num_threads(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", choices=[m for m in MODELS if m != "sound"], default="default")
    parser.add_argument("--threads", type=int, default=1, help="of the models in torch")
    options = parser.parse_args()
    if options.threads < 1:
        parser.error(f"--threads must be at least 1, got {options.threads}")
    set_threads(options.threads)
    interactions = Interactions.from_playlists(lines(options.data / "train.jsonl.gz"))
    path = options.data / "track_artist.jsonl.gz"
    artists = {int(t): int(a) for t, a in lines(path)} if path.exists() else {}
    start = time.process_time()
    model = MODELS[options.model](Taught(interactions, artists))
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
