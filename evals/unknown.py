"""How often a stream names something while only unknown music, speech and noise play.

    python -m evals.unknown LIBRARY_DIR FOREIGN_DIR [FOREIGN_DIR ...] --heard FILE.jsonl
        [--speech DIR] [--hours 24] [--cpu-s SECONDS] [--seed 1] [--index DIR] [--json OUT]

A day of it is heard in takes. In each, a new stream hears two pieces of foreign music of up to five
minutes, one after the other: as they are, in a simulated room, through a phone's band, with noise
or other foreign music beside them, and in a bar; every other one up to 6 % slow or fast. Every
eighth piece is a minute of speech instead (files of --speech, one after the other), every sixteenth
noise. A take depends on the seed and its number alone, and adds a line to
FILE when it is over, so that a day may be heard in parts: the same command goes on where the last
one was stopped (by --cpu-s seconds of its own, by Ctrl-C or by a power cut). Prints every track
that is named (all are false), and at the end how many in how many hours.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from engine.room import pink_noise
from evals.corpus import collect, cut
from evals.degrade import RATE, Audio, degrade
from evals.identification import build
from fingerprint import FingerprintIndex

PIECE_S = 300.0
MOST_OFF = 0.06  # of the speed
CONDITIONS = ("clean", "room", "phone", "pink10", "music5", "bar", "pink0")
BLOCK = 4096


def speech(files: list[Path], rng: np.random.Generator) -> Audio:
    """Return a minute of speech: files in random order, with pauses."""
    parts: list[Audio] = []
    while sum(map(len, parts)) < 60 * RATE:
        path = files[int(rng.integers(len(files)))]
        parts += [
            cut(path, 0.0, soundfile.info(path).duration),
            np.zeros(int(rng.uniform(0.1, 1.0) * RATE), np.float32),
        ]
    return np.concatenate(parts)


def piece(
    music: list[Path], talk: list[Path], seed: int, number: int
) -> tuple[dict[str, Any], Audio]:
    """Return what plays as piece `number` of a seed: what to call it, and the sound."""
    rng = np.random.default_rng([seed, number])
    rounds, place = divmod(number, len(music))  # each round plays all of them, in another order
    path = music[np.random.default_rng([seed, 1 << 31, rounds]).permutation(len(music))[place]]
    other = music[int(rng.integers(len(music)))]
    condition, speed = CONDITIONS[int(rng.integers(len(CONDITIONS)))], 1.0
    if number % 16 == 15:
        sound, name, condition = pink_noise(60 * RATE, rng), "pink noise", "clean"
    elif number % 8 == 7 and talk:
        sound, name = speech(talk, rng), "speech"
        condition = ("clean", "room")[int(rng.integers(2))]
    else:
        sound, name = cut(path, 0.0, min(PIECE_S, soundfile.info(path).duration)), path.stem
        if rng.random() < 0.5:
            speed = 1.0 + rng.uniform(-MOST_OFF, MOST_OFF)
            sound = np.asarray(soxr.resample(sound, RATE * speed, RATE), np.float32)
    beside = cut(other, 0.0, min(len(sound) / RATE, soundfile.info(other).duration))
    sound = degrade(sound, condition, np.resize(beside, len(sound)), rng)
    about = {"name": name, "condition": condition, "speed": round(speed, 4)}
    return {**about, "seconds": round(len(sound) / RATE, 2)}, sound


def take(
    index: FingerprintIndex, names: list[str], pieces: list[tuple[dict[str, Any], Audio]]
) -> dict[str, Any]:
    """Play pieces to a new stream; return them, what was named in them, and the CPU time."""
    stream, track = index.stream(RATE), None
    false: list[dict[str, object]] = []
    start = time.process_time()
    for about, sound in pieces:
        for at in range(0, len(sound), BLOCK):
            said = stream.feed(sound[at : at + BLOCK])
            if said is None:
                continue
            now = said.match.track_id if said.match is not None else None
            if now is not None and now != track:
                false.append({**about, "at_s": round(at / RATE, 1), "named": names[now]})
            track = now
    cpu_s = round(time.process_time() - start, 2)
    return {"pieces": [about for about, _ in pieces], "named": false, "cpu_s": cpu_s}


def report(takes: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the sum of what was heard."""
    heard: dict[str, float] = {}
    for about in (about for one in takes for about in one["pieces"]):
        kind = about["name"] if about["name"] in ("speech", "pink noise") else about["condition"]
        heard[kind] = heard.get(kind, 0.0) + about["seconds"] / 3600
    hours, false = sum(heard.values()), [name for one in takes for name in one["named"]]
    return {
        "hours": round(hours, 2),
        "hours_by_condition": {kind: round(part, 2) for kind, part in heard.items()},
        "false_names": len(false),
        "false_names_in_24_h": round(24 * len(false) / hours, 2) if hours else 0.0,
        "share_of_a_core": round(sum(one["cpu_s"] for one in takes) / hours / 3600, 4)
        if hours
        else 0.0,
        "named": false,
    }


def heard_before(path: Path) -> list[dict[str, Any]]:
    """Return the takes a file holds; a last line that was cut short is taken off it."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return [json.loads(line) for line in whole.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description="Count what is named of unknown sound.")
    parser.add_argument("library", type=Path)
    parser.add_argument("foreign", type=Path, nargs="+", help="folders of music not in the library")
    parser.add_argument("--heard", type=Path, required=True, help="where each take adds its line")
    parser.add_argument("--speech", type=Path, help="folder of recorded speech")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--cpu-s", type=float, default=float("inf"))
    parser.add_argument("--index", type=Path, help="of the library; made here if it is not there")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    music = collect(arguments.foreign)
    talk = sorted(arguments.speech.glob("*.wav")) if arguments.speech else []
    if not music:
        parser.error("FOREIGN_DIR holds no music of 30 s or more")
    takes = heard_before(arguments.heard)
    seconds = sum(about["seconds"] for one in takes for about in one["pieces"])
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.index or Path(temporary) / "index"
        names, _ = build(arguments.library, folder)
        start = time.process_time()
        with (
            FingerprintIndex.open(folder) as index,
            arguments.heard.open("a", encoding="utf-8") as file,
            contextlib.suppress(KeyboardInterrupt),
        ):
            while (
                seconds < 3600 * arguments.hours and time.process_time() - start < arguments.cpu_s
            ):
                numbers = (2 * len(takes), 2 * len(takes) + 1)
                one = take(index, names, [piece(music, talk, arguments.seed, k) for k in numbers])
                file.write(json.dumps(one) + "\n")
                file.flush()
                takes.append(one)
                seconds += sum(about["seconds"] for about in one["pieces"])
                for false in one["named"]:
                    print(json.dumps(false), flush=True)
    told = report(takes)
    print(json.dumps(told, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
