"""How often a stream names something while only unknown music, speech and noise play.

    python -m evals.unknown LIBRARY_DIR FOREIGN_DIR [FOREIGN_DIR ...] [--speech DIR] [--hours 24]
        [--cpu-s SECONDS] [--index DIR] [--json OUT]

One stream hears pieces of foreign music, each up to five minutes, one after the other, every
other one as if after silence (the stream forgets what it heard): as they are, in a simulated room,
through a phone's band, with noise or other foreign music beside them, and in a bar; every eighth
piece is a minute of speech instead (files of --speech, one after the other), every sixteenth noise.
Prints every track that is named (all are false), and at the end how many in how many hours. The
same seed plays the same pieces. After `--cpu-s` seconds of listening, or Ctrl-C, it stops before
the time and reports what it has.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from engine.room import pink_noise
from evals.corpus import collect, cut
from evals.degrade import RATE, Audio, degrade
from evals.identification import build
from fingerprint import FingerprintIndex

PIECE_S = 300.0
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


def pieces(
    music: list[Path], talk: list[Path], rng: np.random.Generator
) -> Iterator[tuple[str, Audio]]:
    """Give what plays, without end: what to call it, and the sound."""
    number = 0
    while True:
        for k in rng.permutation(len(music)):
            number += 1
            other = music[int(rng.integers(len(music)))]
            if number % 16 == 0:
                sound, name, condition = pink_noise(60 * RATE, rng), "pink noise", "clean"
            elif number % 8 == 0 and talk:
                sound, name = speech(talk, rng), "speech"
                condition = ("clean", "room")[int(rng.integers(2))]
            else:
                duration = soundfile.info(music[k]).duration
                sound = cut(music[k], 0.0, min(PIECE_S, duration))
                name, condition = music[k].stem, CONDITIONS[number % len(CONDITIONS)]
            beside = cut(other, 0.0, min(len(sound) / RATE, soundfile.info(other).duration))
            beside = np.resize(beside, len(sound))
            yield f"{name}, {condition}", degrade(sound, condition, beside, rng)


def main() -> None:
    parser = argparse.ArgumentParser(description="Count what is named of unknown sound.")
    parser.add_argument("library", type=Path)
    parser.add_argument("foreign", type=Path, nargs="+", help="folders of music not in the library")
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
    rng = np.random.default_rng(arguments.seed)
    heard: dict[str, float] = {}
    false: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.index or Path(temporary) / "index"
        names, _ = build(arguments.library, folder)
        start = cpu = 0.0
        with FingerprintIndex.open(folder) as index, contextlib.suppress(KeyboardInterrupt):
            stream, track = index.stream(RATE), None
            for number, (name, sound) in enumerate(pieces(music, talk, rng)):
                if sum(heard.values()) >= 3600 * arguments.hours or cpu > arguments.cpu_s:
                    break
                start = time.process_time()
                if number % 2:
                    stream.reset()
                    track = None
                for at in range(0, len(sound), BLOCK):
                    said = stream.feed(sound[at : at + BLOCK])
                    if said is None:
                        continue
                    now = said.match.track_id if said.match is not None else None
                    if now is not None and now != track:
                        named = names[now] if now < len(names) else f"track {now}"
                        false.append({"in": name, "at_s": round(at / RATE, 1), "named": named})
                        print(json.dumps(false[-1]), flush=True)
                    track = now
                cpu += time.process_time() - start
                kind = name.rpartition(", ")[2]
                heard[kind] = heard.get(kind, 0.0) + len(sound) / RATE
    hours = sum(heard.values()) / 3600
    report = {
        "hours": round(hours, 2),
        "hours_by_condition": {k: round(v / 3600, 2) for k, v in heard.items()},
        "foreign_pieces": len(music),
        "false_names": len(false),
        "false_names_in_24_h": round(24 * len(false) / hours, 2),
        "share_of_a_core": round(cpu / hours / 3600, 4),
    }
    print(json.dumps(report, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps({**report, "named": false}, indent=1))


if __name__ == "__main__":
    main()
