"""Answer a list of clips from a folder of music; one JSON line each.

    python -m evals.identification LIBRARY_DIR QUERIES.lst ANSWERS.jsonl [--index DIR]

Indexes every audio file of LIBRARY_DIR (a track's name is its file stem) and answers every clip
named in QUERIES.lst (paths relative to that file) with
`{"query", "match", "offset_s", "score", "accept", "cpu_s", "confidence", "speed", "pitch_cents"}`.
`score` is the logit of the confidence, on one scale for all lengths. Where a track repeats itself,
its file is asked which repeat it is, as the program does; `cpu_s` counts that. Prints what indexing
and asking cost. With `--index` the index is kept in DIR, and used again when it is there.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fingerprint
from fingerprint.peaks import prepare

_SUFFIXES = {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3"}


def read(path: Path) -> tuple[NDArray[np.float32], int]:
    import soundfile

    audio, rate = soundfile.read(path, dtype="float32")
    return audio, rate


def files_of(library: Path) -> list[Path]:
    """Return the audio files of a folder, by track id."""
    return sorted(p for p in library.iterdir() if p.suffix.lower() in _SUFFIXES)


def sound_of(files: list[Path]) -> fingerprint.Sound:
    """Return a reader of pieces of the files, for `FingerprintIndex.identify`."""

    def sound(track_id: int, start_s: float, stop_s: float) -> NDArray[np.float32] | None:
        import soundfile

        with soundfile.SoundFile(files[track_id]) as file:
            start = min(file.frames, round(start_s * file.samplerate))
            file.seek(start)
            frames = round(stop_s * file.samplerate) - start
            audio = file.read(max(0, frames), dtype="float32")
            return prepare(audio, file.samplerate)

    return sound


def build(library: Path, folder: Path) -> tuple[list[str], dict[str, float]]:
    """Index the files; return their stems, by track id, and what it cost."""
    files = files_of(library)
    if (folder / "index.json").exists():
        return [p.stem for p in files], {}
    fingerprint.extract(np.zeros(48_000, np.float32), 48_000)  # compile before counting
    start, cpu, seconds = time.process_time(), 0.0, 0.0
    with fingerprint.FingerprintIndex.create(folder) as index:
        for track_id, path in enumerate(files):
            audio, rate = read(path)
            seconds += len(audio) / rate
            before = time.process_time()
            peaks = fingerprint.extract(audio, rate)
            cpu += time.process_time() - before
            index.add_peaks(track_id, peaks)
        index.commit()
    hours = seconds / 3600
    size = sum(p.stat().st_size for p in folder.iterdir())
    return [p.stem for p in files], {
        "tracks": len(files),
        "hours": round(hours, 3),
        "extract_cpu_s_per_hour": round(cpu / hours, 3),
        "index_cpu_s_per_hour": round((time.process_time() - start) / hours, 3),
        "index_mb_per_hour": round(size / 1e6 / hours, 3),
    }


def answer(
    index: fingerprint.FingerprintIndex,
    names: list[str],
    clip: Path,
    sound: fingerprint.Sound | None = None,
) -> dict[str, Any]:
    """Return the answer to one clip; `sound` as in `FingerprintIndex.identify`."""
    audio, rate = read(clip)
    start = time.process_time()
    matches = index.identify(audio, rate, limit=1, sound=sound)
    line: dict[str, Any] = {"match": None, "offset_s": None, "score": -60.0, "accept": False}
    if matches:
        best = matches[0]
        sure = min(max(best.confidence, 1e-12), 1 - 1e-12)
        line = {
            "match": names[best.track_id],
            "offset_s": round(best.offset_s, 4),
            "score": round(math.log(sure / (1 - sure)), 4),
            "accept": best.known,
            "confidence": round(best.confidence, 6),
            "speed": round(best.speed, 4),
            "pitch_cents": round(best.pitch_cents, 1),
        }
    line["cpu_s"] = round(time.process_time() - start, 6)
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer clips from a folder of music.")
    parser.add_argument("library", type=Path, help="folder of audio files")
    parser.add_argument("queries", type=Path, help="list of clips, a path a line")
    parser.add_argument("answers", type=Path, help="where to write the answers (JSON lines)")
    parser.add_argument("--index", type=Path, help="keep the index here, or use the one there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.index or Path(temporary) / "index"
        names, costs = build(arguments.library, folder)
        clips = [line.strip() for line in arguments.queries.read_text().splitlines()]
        cpu = []
        sound = sound_of(files_of(arguments.library))
        with (
            fingerprint.FingerprintIndex.open(folder) as index,
            arguments.answers.open("w", encoding="utf-8") as out,
        ):
            # compile before counting
            index.identify(np.random.default_rng(0).standard_normal(32_000) * 0.1, 16_000)
            for clip in filter(None, clips):
                line = answer(index, names, arguments.queries.parent / clip, sound)
                cpu.append(line["cpu_s"])
                out.write(json.dumps({"query": clip, **line}) + "\n")
    costs["queries"] = len(cpu)
    costs["query_cpu_ms_mean"] = round(1000 * float(np.mean(cpu)), 2) if cpu else math.nan
    costs["query_cpu_ms_median"] = round(1000 * float(np.median(cpu)), 2) if cpu else math.nan
    print(json.dumps(costs))


if __name__ == "__main__":
    main()
