"""Score the answers of `evals.identification` on clips of `evals.corpus`.

    python -m evals.score WORK/clips/truth.jsonl WORK/answers.jsonl [--library WORK/library]
        [--json OUT]

Prints the share of right answers by condition and length, twice: at the program's own decision, and
at the least score that answers at most 1 % of the foreign clips; and how well places are told. A
right answer with another offset counts as right here: music repeats itself. With --library, the
share of places told is also given with those counted that sound just like the true one.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from evals.alike import SAME, likeness

FOREIGN_SHARE = 0.01
NEAR_S = 0.05


def load(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def threshold(rows: list[tuple[dict[str, Any], dict[str, Any]]]) -> float:
    """Return the score that at most 1 % of the foreign clips pass."""
    scores = sorted(
        (answer["score"] for truth, answer in rows if truth["match"] is None), reverse=True
    )
    return float(scores[math.floor(FOREIGN_SHARE * len(scores))])


def table(
    rows: list[tuple[dict[str, Any], dict[str, Any]]], least: float | None
) -> dict[str, dict[str, float]]:
    """Return percent right by condition ("all" and "foreign answered" too) and length.

    `least` None: at the program's own decision.
    """
    conditions = list(dict.fromkeys(truth["condition"] for truth, _ in rows))
    lengths = sorted({truth["length_s"] for truth, _ in rows})
    out: dict[str, dict[str, float]] = {}
    for name in [*conditions, "all", "foreign answered"]:
        for length in lengths:
            hits = []
            for truth, answer in rows:
                if truth["length_s"] != length or (truth["match"] is None) != name.startswith(
                    "for"
                ):
                    continue
                if name not in (truth["condition"], "all", "foreign answered"):
                    continue
                said = answer["accept"] if least is None else answer["score"] > least
                right = truth["match"] is None or answer["match"] == truth["match"]
                hits.append(bool(said and right))
            if hits:
                out.setdefault(name, {})[f"{length:g} s"] = round(100 * float(np.mean(hits)), 1)
    return out


def sounds_alike(files: dict[str, Path], truth: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Tell whether the track sounds the same at the place answered as at the true one."""
    places = (truth["offset_s"], answer["offset_s"], truth["length_s"])
    return likeness(files[truth["match"]], *places) >= SAME


def show(title: str, cells: dict[str, dict[str, float]]) -> None:
    lengths = list(cells["all"])
    print(f"\n{title}\n\n| | {' | '.join(lengths)} |\n|{'---|' * (1 + len(lengths))}")
    for name, row in cells.items():
        print(f"| {name} | {' | '.join(f'{row[length]:.0f}' for length in lengths)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description="Score answers.")
    parser.add_argument("truth", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--library", type=Path, help="folder of the music")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    answers = {answer["query"]: answer for answer in load(arguments.answers)}
    rows = [(truth, answers[truth["query"]]) for truth in load(arguments.truth)]
    own, fair = table(rows, None), table(rows, threshold(rows))
    right = [
        (truth, answer)
        for truth, answer in rows
        if truth["match"] and answer["accept"] and answer["match"] == truth["match"]
    ]
    off = np.array([abs(answer["offset_s"] - truth["offset_s"]) for truth, answer in right])
    wrong = sum(
        answer["accept"] and answer["match"] != truth["match"]
        for truth, answer in rows
        if truth["match"]
    )
    speed = np.array([abs(answer["speed"] - truth["rate"]) for truth, answer in right])
    result: dict[str, Any] = {
        "own decision": own,
        "at most 1 % of foreign clips": fair,
        "offset within 50 ms": round(100 * float(np.mean(off <= NEAR_S)), 1),
        "offset within 0.5 s": round(100 * float(np.mean(off <= 0.5)), 1),
        "speed within 0.5 %": round(100 * float(np.mean(speed <= 0.005)), 1),
        "known clips named wrongly": int(wrong),
        "clips": len(rows),
    }
    if arguments.library:
        told = off <= NEAR_S
        files = {path.stem: path for path in arguments.library.iterdir()}
        told |= [near or sounds_alike(files, *row) for near, row in zip(told, right, strict=True)]
        result["offset within 50 ms, or alike"] = round(100 * float(np.mean(told)), 1)
    show("At the program's own decision, percent right", own)
    show("At the score that answers at most 1 % of foreign clips", fair)
    print(
        f"\nof {len(right)} right answers: offset within 50 ms {result['offset within 50 ms']} %,"
        f" within 0.5 s {result['offset within 0.5 s']} % (the rest mostly repeats);"
        f" speed within 0.5 % {result['speed within 0.5 %']} %."
        f" Known clips named wrongly: {wrong}."
    )
    if arguments.library:
        print(
            "Places within 50 ms, or that sound like the true one:"
            f" {result['offset within 50 ms, or alike']} %."
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
