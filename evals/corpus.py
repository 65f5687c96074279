r"""A benchmark of identification from any folder of music: clips under eleven conditions.

    python -m evals.corpus MUSIC_DIR [MUSIC_DIR ...] WORK [--foreign DIR ...] [--per-cell 8]
    python -m evals.identification WORK/library WORK/clips/queries.lst WORK/answers.jsonl
    python -m evals.score WORK/clips/truth.jsonl WORK/answers.jsonl

Links the music (every file libsndfile reads, of 30 s or more, also in folders below) into
WORK/library, cuts clips out of it at random places, spoils them (`evals.degrade`), and writes them
with what is true of them. Music of --foreign is not linked, and its clips must be refused; without
it every fifth file is held out. The clips of one base begin at the same place and differ in length.
The same seed makes the same clips.

The table of docs/numbers.md is of packages of Debian that anyone can fetch:

    apt-get download singularity-music hyperrogue-music asc-music frozen-bubble-data \
        extremetuxracer-data
    mkdir music; for deb in *.deb; do dpkg-deb -x "$deb" "music/${deb%%_*}"; done
    python -m evals.corpus music/singularity-music music/hyperrogue-music WORK \
        --foreign music/asc-music --foreign music/frozen-bubble-data \
        --foreign music/extremetuxracer-data --per-cell 12
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from engine.io.audiofile import SUFFIXES
from evals.degrade import CONDITIONS, RATE, SPEEDS, Audio, degrade

LENGTHS = (1.0, 2.0, 3.0, 5.0, 10.0)
LEAST_S = 30.0
QUIET_RMS = 1e-3  # of the first second: nobody asks what silence is
HELD_OUT = 5
FOREIGN_CONDITIONS = ("clean", "pink0", "music5", "room", "bar")


def collect(folders: list[Path]) -> list[Path]:
    """Return the music below some folders, in the order of its paths."""
    found = []
    for path in sorted(p for folder in folders for p in folder.rglob("*") if p.is_file()):
        if path.suffix.lower() in SUFFIXES:
            try:
                long = soundfile.info(path).duration >= LEAST_S
            except soundfile.LibsndfileError:
                continue
            if long:
                found.append(path.resolve())
    return found


def link(tracks: list[Path], library: Path) -> list[str]:
    """Link the tracks into a folder under names of their own; return the stems."""
    library.mkdir(parents=True)
    stems = []
    for number, path in enumerate(tracks):
        name = re.sub(r"[^A-Za-z0-9]+", "-", path.stem).strip("-")[:60]
        stems.append(f"{number:05d}-{name}")
        (library / f"{stems[-1]}{path.suffix.lower()}").symlink_to(path)
    return stems


def cut(path: Path, start_s: float, seconds: float) -> Audio:
    """Return a part of a file, mono at RATE, padded to its length."""
    with soundfile.SoundFile(path) as file:
        file.seek(round(start_s * file.samplerate))
        audio = file.read(round((seconds + 0.1) * file.samplerate), dtype="float32", always_2d=True)
        mono = soxr.resample(audio.mean(axis=1), file.samplerate, RATE)[: round(seconds * RATE)]
    return np.pad(mono, (0, round(seconds * RATE) - len(mono)))


def begin(path: Path, rng: np.random.Generator) -> float:
    """Return a place where music plays, far enough from the end for the longest clip."""
    duration = soundfile.info(path).duration
    for _ in range(50):
        start = float(rng.uniform(0, duration - 1.1 * max(LENGTHS)))
        if np.sqrt(np.mean(cut(path, start, 1.0) ** 2)) > QUIET_RMS:
            break
    return start


def make(
    sources: list[Path], names: list[str | None], conditions: tuple[str, ...], per_cell: int,
    others: list[Path], out: Path, rng: np.random.Generator, first: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """Write clips of the sources; return what is true of each."""
    truth: list[dict[str, Any]] = []
    for condition in conditions:
        for base in range(per_cell):
            which = int(rng.integers(len(sources)))
            start = begin(sources[which], rng)
            change = SPEEDS.get(condition, 0.0)
            speed = 1.0 + change * float(rng.choice([-1.0, 1.0]))
            audio = cut(sources[which], start, max(LENGTHS) * speed)
            if speed != 1.0:
                audio = soxr.resample(audio, RATE * speed, RATE)
            audio = audio[: round(max(LENGTHS) * RATE)]
            beside = others[int(rng.integers(len(others)))]
            other = cut(beside, begin(beside, rng), max(LENGTHS))[: len(audio)]
            seed = int(rng.integers(1 << 31))
            for length in LENGTHS:
                frames = round(length * RATE)
                own = np.random.default_rng(seed)
                clip = degrade(audio[:frames], condition, other[:frames], own)
                name = f"clips/q{first + len(truth):06d}.wav"
                soundfile.write(out / name, clip, RATE, subtype="PCM_16")
                truth.append(
                    {
                        "query": name,
                        "condition": condition,
                        "length_s": length,
                        "kind": "known" if names[which] else "unknown",
                        "match": names[which],
                        "source": sources[which].stem,
                        "offset_s": round(start, 6),
                        "rate": speed,
                        "base": f"{condition}-{first}-{base}",
                    }
                )
    return truth


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a benchmark from folders of music.")
    parser.add_argument("music", type=Path, nargs="+", help="folders of music")
    parser.add_argument("work", type=Path, help="folder to make")
    parser.add_argument("--foreign", type=Path, action="append", default=[])
    parser.add_argument("--per-cell", type=int, default=8, help="bases of each condition")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    known = collect(arguments.music)
    foreign = collect(arguments.foreign)
    if not arguments.foreign:
        foreign, known = known[::HELD_OUT], [p for k, p in enumerate(known) if k % HELD_OUT]
    if len(known) < 2 or not foreign:
        parser.error(f"at least 2 tracks and a foreign one are needed, got {len(known)} and"
                     f" {len(foreign)} of {LEAST_S:g} s or more")  # fmt: skip
    names: list[str | None] = [*link(known, arguments.work / "library")]
    out = arguments.work / "clips"
    (out / "clips").mkdir(parents=True)
    rng = np.random.default_rng(arguments.seed)
    truth = make(known, names, tuple(CONDITIONS), arguments.per_cell, foreign, out, rng, 0)
    # twice as many a condition, so that one false answer is under one percent
    nobody: list[str | None] = [None] * len(foreign)
    cells = 2 * arguments.per_cell
    # what plays beside is foreign as well: nothing in these clips may be named
    truth += make(foreign, nobody, FOREIGN_CONDITIONS, cells, foreign, out, rng, len(truth))
    (out / "truth.jsonl").write_text("".join(json.dumps(row) + "\n" for row in truth))
    (out / "queries.lst").write_text("".join(row["query"] + "\n" for row in truth))
    hours = sum(soundfile.info(path).duration for path in known) / 3600
    print(f"{len(known)} tracks ({hours:.2f} h), {len(foreign)} foreign ones, {len(truth)} clips")


if __name__ == "__main__":
    main()
