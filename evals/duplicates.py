"""How many duplicates are found, called what they are, and how many pairs are named in vain.

    python -m evals.duplicates MUSIC_DIR [--tracks 12] [--seed 1] [--more DIR] [--json OUT]

Takes every audio file of MUSIC_DIR, and of --more, makes the variants of `evals.variants` of
some of those longer than 100 s in a temporary folder, and compares all with all. A pair of tracks
that do not come from one file counts as false, so the folders should hold no duplicates of their
own (they are printed: look at them). Needs ffmpeg.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from evals.identification import _SUFFIXES, read
from evals.variants import VARIANTS, make, need_ffmpeg
from fingerprint import TrackPeaks, extract
from fingerprint.duplicates import Duplicate, find

LONG_S = 100.0  # of which variants are made


def collect(
    folders: list[Path], count: int, seed: int
) -> tuple[list[TrackPeaks], list[tuple[str, str]]]:
    """Return the peaks of all tracks, and for each (original's name, variant or '')."""
    peaks, names = [], []
    long: list[tuple[str, Path]] = []
    for path in sorted(p for f in folders for p in f.iterdir() if p.suffix.lower() in _SUFFIXES):
        audio, rate = read(path)
        peaks.append(extract(audio, rate))
        names.append((path.stem, ""))
        if len(audio) > LONG_S * rate:
            long.append((path.stem, path))
    chosen = np.random.default_rng(seed).choice(len(long), min(count, len(long)), replace=False)
    with tempfile.TemporaryDirectory() as temporary:
        for number in sorted(chosen.tolist()):
            stem, path = long[number]
            for name, variant in VARIANTS.items():
                target = Path(temporary) / f"variant{variant.suffix}"
                make(path, variant, target)
                peaks.append(extract(*read(target)))
                names.append((stem, name))
    return peaks, names


def judge(found: list[Duplicate], names: list[tuple[str, str]]) -> dict[str, object]:
    """Return how many variants were met again, under which name, and the false pairs."""
    made = Counter(variant for _, variant in names if variant)
    called: dict[str, Counter[str]] = {name: Counter() for name in made}
    false, between = [], 0
    for duplicate in found:
        (one, first), (other, second) = names[duplicate.one], names[duplicate.other]
        if one != other:
            false.append((one, first, other, second, duplicate.relation))
        elif first and second:
            between += 1
        else:
            called[first or second][duplicate.relation] += 1
    possible = len({one for one, variant in names if variant}) * len(made) * (len(made) - 1) // 2
    return {
        "variants": {
            name: {
                "made": made[name],
                "found": called[name].total(),
                "called_right": called[name][VARIANTS[name].relation],
                "called": dict(called[name]),
            }
            for name in made
        },
        "pairs_of_variants": {"made": possible, "found": between},
        "false_pairs": false,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Count found duplicates and false pairs.")
    parser.add_argument("music", type=Path, help="folder of audio files")
    parser.add_argument("--more", type=Path, action="append", default=[], help="another one")
    parser.add_argument("--tracks", type=int, default=12, help="of which variants are made")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where to write all of it")
    arguments = parser.parse_args()
    need_ffmpeg()
    folders = [arguments.music, *arguments.more]
    peaks, names = collect(folders, arguments.tracks, arguments.seed)
    hours = sum(p.seconds for p in peaks) / 3600
    find([0], peaks.__getitem__)  # compile before counting
    result: dict[str, object] = {"tracks": len(peaks), "hours": round(hours, 2)}
    for label, any_speed in (("as recorded", False), ("any speed", True)):
        start = time.process_time()
        found = find(range(len(peaks)), peaks.__getitem__, any_speed)
        result[label] = judge(found, names) | {"cpu_s": round(time.process_time() - start, 1)}
    report(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))


def report(result: dict[str, object]) -> None:
    print(f"{result['tracks']} tracks, {result['hours']} h")
    for label in ("as recorded", "any speed"):
        part = result[label]
        assert isinstance(part, dict)
        print(f"\n{label}: {part['cpu_s']} CPU s, {len(part['false_pairs'])} false pairs")
        print("| variant | made | found | called right | called |\n|---|---|---|---|---|")
        for name, row in part["variants"].items():
            said = ", ".join(f"{what} {n}" for what, n in row["called"].items())
            print(f"| {name} | {row['made']} | {row['found']} | {row['called_right']} | {said} |")
        pairs = part["pairs_of_variants"]
        print(f"two variants of one track: {pairs['found']} of {pairs['made']} pairs")
        for one, first, other, second, relation in part["false_pairs"]:
            print(f"false: {one} {first} / {other} {second}: {relation}")


if __name__ == "__main__":
    main()
