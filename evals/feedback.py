"""What likes and skips teach a session: hits among the tracks that are played.

    python -m evals.feedback [DIR] [--plays 20] [--factors 128]

As in `evals.course` a fifth of the playlists is hidden, and two tracks of each are given. Then the
best track that was not played yet is played, again and again. If the playlist holds it that is a
hit, and a like; if not, a skip. The table has the share of hits without learning from them, with
likes, and with likes and skips, and the difference to the line above with its 95 % interval (paired
bootstrap over playlists). Data as in `evals.course`; without DIR playlists are made.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evals import course_data
from evals.course import split
from recommend import WRMF, Session
from recommend.metrics import paired_bootstrap

PLAYS = 20
WAYS = {
    "no feedback": (False, False),
    "likes": (True, False),
    "likes and skips": (True, True),
}


def hits(
    wrmf: WRMF, seeds: Sequence[int], targets: Sequence[int], plays: int, like: bool, skip: bool
) -> float:
    """Return the share of hits among the tracks that one listener is played."""
    session, wanted = Session(wrmf, seeds), set(targets)
    ids = wrmf.track_ids
    played = np.isin(ids, seeds)
    scores, count = session.scores(), 0
    for _ in range(plays):
        row = int(np.where(played, -np.inf, scores).argmax())
        played[row] = True
        hit = int(ids[row]) in wanted
        count += hit
        if hit and like:
            session.like(int(ids[row]))
        elif not hit and skip:
            session.skip(int(ids[row]))
        else:
            continue
        scores = session.scores()
    return count / plays


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", help="made playlists when not given")
    parser.add_argument("--plays", type=int, default=PLAYS)
    parser.add_argument("--factors", type=int, default=128)
    parser.add_argument("--playlists", type=int, default=2000, help="to make")
    options = parser.parse_args()
    if options.plays < 1:
        parser.error(f"--plays must be at least 1, got {options.plays}")
    try:
        data = (
            course_data.load(options.data) if options.data else course_data.made(options.playlists)
        )
    except FileNotFoundError as error:
        parser.error(str(error))
    taught, questions = split(data)
    wrmf = WRMF(factors=options.factors).fit(taught.interactions)
    print(f"{data.what}; {len(questions)} hidden ones, {options.plays} plays from two tracks")
    before = None
    for name, (like, skip) in WAYS.items():
        found = [hits(wrmf, *question, options.plays, like, skip) for question in questions]
        line = f"{name:16} {np.mean(found):.3f}"
        if before is not None:
            mean, low, high = paired_bootstrap(found, before, 2000)
            line += f"  {mean:+.3f} [{low:+.3f}, {high:+.3f}]"
        print(line, flush=True)
        before = found


if __name__ == "__main__":
    main()
