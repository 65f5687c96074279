"""Measure what listening costs.

    python -m bench.identify LIBRARY_DIR [--tracks N] [--seconds S] [--json OUT]

Fingerprints every audio file of a folder and prints CPU seconds and megabytes per hour of music,
the time to open the index, CPU milliseconds of 3-second questions that are known and that are not
(every eighth file stays out of the index for these), the memory that the process then holds of
its own and of the mapped index, and the share of a core that streams take.

With `--tracks N` the library is filled up to N tracks of S seconds that do not exist: stretches of
the real ones, moved by 20 to 70 bins, played 10 to 33 % slower or faster, every other one laid
over a second (`bench.made_tracks`). 100,000 tracks of 60 s take 3.1 GB of disk for the index and
as much again while it is merged, and ten minutes.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fingerprint
from bench.made_tracks import made_track
from evals.identification import read

_SUFFIXES = {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3"}
_LEFT_OUT = 8  # every eighth file
_AT_ONCE = 12_500  # made tracks between two commits
_CLIP_S, _STREAM_S = 3, 30
_CLIPS, _STREAMS = 24, 4


def cpu_ms(calls: list[Callable[[], object]], repeats: int = 3) -> dict[str, float]:
    for call in calls:
        call()
    times = []
    for call in calls * repeats:
        start = time.process_time()
        call()
        times.append(1000 * (time.process_time() - start))
    low, _, high = statistics.quantiles(times, n=4)
    return {
        "median": round(statistics.median(times), 2),
        "mean": round(statistics.fmean(times), 2),
        "iqr": round(high - low, 2),
    }


def excerpt(path: Path, seconds: float) -> tuple[NDArray[np.float32], int]:
    """Return the middle of a file."""
    audio, rate = read(path)
    middle, half = len(audio) // 2, int(seconds * rate) // 2
    return audio[max(0, middle - half) : middle + half], rate


def fill(
    index: fingerprint.FingerprintIndex,
    real: list[fingerprint.TrackPeaks],
    count: int,
    long_s: float,
) -> None:
    """Add the real tracks, and made ones until there are `count`."""
    rng = np.random.default_rng(7)
    for number, peaks in enumerate(real):
        index.add_peaks(number, peaks)
    sources = [peaks for peaks in real if peaks.seconds > 20.0]
    for number in range(len(real), count):
        index.add_peaks(number, made_track(sources, long_s, rng))
        if number % _AT_ONCE == 0:
            index.commit()
    index.commit()
    index.compact()


def memory_mb() -> dict[str, float]:
    """Return what the process holds now, in memory of its own and in mapped files."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    kb = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss")}
    return {"own": round(int(kb["RssAnon"]) / 1e3), "mapped": round(int(kb["RssFile"]) / 1e3)}


def stream_share(index: fingerprint.FingerprintIndex, paths: list[Path]) -> float:
    """Return CPU seconds of each second of the excerpts, one stream an excerpt."""
    cpu = seconds = 0.0
    for path in paths:
        audio, rate = excerpt(path, _STREAM_S)
        mono = audio.mean(axis=1) if audio.ndim == 2 else audio
        stream = index.stream(rate)
        start = time.process_time()
        for at in range(0, len(mono) - 1024, 1024):
            stream.feed(mono[at : at + 1024])
        cpu += time.process_time() - start
        seconds += len(mono) / rate
    return round(cpu / seconds, 4)


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    files = sorted(p for p in arguments.library.iterdir() if p.suffix.lower() in _SUFFIXES)
    out, kept = files[_LEFT_OUT // 2 :: _LEFT_OUT], []
    fingerprint.extract(np.zeros(48_000, np.float32), 48_000)  # compile before counting
    tracks, seconds, cpu = [], 0.0, 0.0
    for path in files:
        if path in out:
            continue
        audio, rate = read(path)
        start = time.process_time()
        tracks.append(fingerprint.extract(audio, rate))
        cpu += time.process_time() - start
        seconds += len(audio) / rate
        kept.append(path)
    start = time.process_time()
    with fingerprint.FingerprintIndex.create(folder) as index:
        fill(index, tracks, arguments.tracks, arguments.seconds)
        hours = sum(int(run.track_frames.sum()) for run in index._runs) / 180_000
    built = time.process_time() - start
    size = sum(p.stat().st_size for p in folder.iterdir())
    opened = cpu_ms([lambda: fingerprint.FingerprintIndex.open(folder).close()], 15)
    index = fingerprint.FingerprintIndex.open(folder)
    known, unknown = kept[:: max(1, len(kept) // _CLIPS)], out[:_CLIPS]
    asked = {}
    for name, paths in (("known", known), ("unknown", unknown)):
        clips = [excerpt(path, _CLIP_S) for path in paths]
        asked[name] = cpu_ms([lambda c=c: index.identify(*c) for c in clips])  # type: ignore[misc]
        right = [bool(m) and m[0].known for m in (index.identify(*c) for c in clips)]
        asked[name]["clips"], asked[name]["named"] = len(clips), sum(right)
    return {
        "machine": platform.processor() or platform.machine(),
        "tracks": len(index),
        "library_hours": round(hours, 2),
        "extract_cpu_s_per_hour": round(cpu / seconds * 3600, 3),
        "build_cpu_s": round(built, 1),
        "index_mb_per_hour": round(size / 1e6 / hours, 3),
        "open_cpu_ms": opened,
        "query_3s_cpu_ms": asked,
        "memory_mb": memory_mb(),
        "stream_share_of_a_core": {
            "known": stream_share(index, known[:_STREAMS]),
            "unknown": stream_share(index, unknown[:_STREAMS]),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what listening costs.")
    parser.add_argument("library", type=Path)
    parser.add_argument("--tracks", type=int, default=0, help="of a library made larger")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each track that is made")
    parser.add_argument("--folder", type=Path, help="where the index may lie while it is measured")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        report = measure(arguments, Path(temporary) / "index")
    print(json.dumps(report, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
