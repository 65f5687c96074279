"""Measure what listening costs.

    python -m bench.identify LIBRARY_DIR [--copies N] [--json OUT]

Fingerprints every audio file of a folder and prints CPU seconds and megabytes per hour of music,
the time to open the index, CPU milliseconds of a 3-second query that is known and of one that is
not, and the share of a core that a stream takes. With `--copies N` the library is N times as
large: copy k holds the same peaks with their frequencies moved by k eighths of a bin and their
times stretched by k per mille, which keeps the statistics of real music but shares few landmarks.
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

import numpy as np

import fingerprint
from evals.identification import read
from fingerprint import settings as s

_SUFFIXES = {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3"}


def moved(peaks: fingerprint.TrackPeaks, k: int) -> fingerprint.TrackPeaks:
    """Return the peaks of a track that does not exist."""
    position = ((peaks.code & 0xFFF).astype(np.int64) + 5 * k) % (s.BINS * s.SUB_BIN)
    frame = (peaks.frame * (1 + 0.01 * k)).astype(np.uint32)
    code = (peaks.code & 0xF000) | position.astype(np.uint16)
    return fingerprint.TrackPeaks(frame, code, int(peaks.frames * (1 + 0.01 * k)) + 1)


def cpu_ms(call: Callable[[], object], repeats: int = 15) -> dict[str, float]:
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(1000 * (time.process_time() - start))
    spread = statistics.quantiles(times, n=4)
    return {"median": round(statistics.median(times), 3), "iqr": round(spread[2] - spread[0], 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what listening costs.")
    parser.add_argument("library", type=Path)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    files = sorted(p for p in arguments.library.iterdir() if p.suffix.lower() in _SUFFIXES)
    fingerprint.extract(np.zeros(48_000, np.float32), 48_000)  # compile before counting
    tracks, seconds, cpu = [], 0.0, 0.0
    for path in files:
        audio, rate = read(path)
        start = time.process_time()
        tracks.append(fingerprint.extract(audio, rate))
        cpu += time.process_time() - start
        seconds += len(audio) / rate
    audio, rate = read(files[len(files) // 2])
    middle = len(audio) // 2
    known = audio[middle : middle + 3 * rate]
    unknown = np.random.default_rng(1).permutation(known.reshape(-1, rate // 20)).ravel()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "index"
        with fingerprint.FingerprintIndex.create(folder) as index:
            for k in range(arguments.copies):
                for number, peaks in enumerate(tracks):
                    index.add_peaks(k * len(tracks) + number, moved(peaks, k) if k else peaks)
                index.commit()
            index.compact()
            hours = sum(index.peaks(int(t)).seconds for t in index.track_ids) / 3600
        size = sum(p.stat().st_size for p in folder.iterdir())
        opened = cpu_ms(lambda: fingerprint.FingerprintIndex.open(folder).close())
        with fingerprint.FingerprintIndex.open(folder) as index:
            asked = cpu_ms(lambda: index.identify(known, rate))
            denied = cpu_ms(lambda: index.identify(unknown, rate))
            stream = index.stream(rate)
            start = time.process_time()
            for at in range(0, min(len(audio), 60 * rate) - 1024, 1024):
                stream.feed(audio[at : at + 1024])
            share = (time.process_time() - start) / min(len(audio) / rate, 60)
    report = {
        "machine": platform.processor() or platform.machine(),
        "library_hours": round(hours, 2),
        "extract_cpu_s_per_hour": round(cpu / seconds * 3600, 3),
        "index_mb_per_hour": round(size / 1e6 / hours, 3),
        "open_cpu_ms": opened,
        "query_3s_known_cpu_ms": asked,
        "query_3s_unknown_cpu_ms": denied,
        "stream_share_of_a_core": round(share, 4),
    }
    print(json.dumps(report, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
