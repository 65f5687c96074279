"""Measure what it costs to add music: processor, disk and memory for an hour of it.

    python -m bench.add [--hours 1] [--music DIR] [--workers 2] [--out FILE.json]

Without `--music` the music is our tunes, rendered once, then strung together in changing order and
transposed by resampling, as FLAC files of four minutes. `engine.library.ingest.add` takes it into a
new library in a temporary folder.
Processor time is that of this process and of its workers; two short
clips are added first, so that compiling is not counted and the cost of starting is known. A
megabyte is 10**6 bytes. Peak memory is each process's own (Linux only).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from engine import tunes
from engine.io import audiofile
from engine.library import Library, ingest
from engine.library.ingest import Progress
from engine.synth import Synth

SAMPLE_RATE = 44_100
TRACK_S = 240
HALF_TONES = (-3, 3)  # the range of the transpositions


def make_music(folder: Path, hours: float) -> None:
    """Write tracks of four minutes, no two alike."""
    rendered = [Synth(sample_rate=SAMPLE_RATE).render_song(tunes.load(n)) for n in tunes.names()]
    rng = np.random.default_rng(0)
    for number in range(max(1, round(hours * 3600 / TRACK_S))):
        parts: list[NDArray[np.float32]] = []
        while sum(map(len, parts)) < TRACK_S * SAMPLE_RATE:
            ratio = 2 ** (rng.uniform(*HALF_TONES) / 12)
            audio = rendered[rng.integers(len(rendered))]
            parts.append(soxr.resample(audio, SAMPLE_RATE * ratio, SAMPLE_RATE))
        track = np.concatenate(parts)[: TRACK_S * SAMPLE_RATE]
        audiofile.write(folder / f"{number:03d}.flac", track, SAMPLE_RATE)


def make_clips(folder: Path) -> None:
    """Write a short clip for each of two workers."""
    for number in range(2):
        noise = np.random.default_rng(number).standard_normal(6 * SAMPLE_RATE) / 10
        audiofile.write(folder / f"{number}.flac", noise.astype(np.float32), SAMPLE_RATE)


def cpu_s() -> float:
    """Return the processor time of this process and of its children that have ended."""
    spent = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def peak_mb(process: int) -> float:
    """Return the most memory that a process has had, 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    kb = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    return next(kb, 0) * 1024 / 1e6


def children() -> list[int]:
    """Return the child processes of this one."""
    lists = Path("/proc/self/task").glob("*/children")
    return [int(child) for listed in lists for child in listed.read_text().split()]


def size_mb(path: Path) -> float:
    """Return the size of a file, or of the files in a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def measure(music: Path, clips: Path, home: Path, workers: int) -> dict[str, Any]:
    """Add the music to a new library; runs in a process that has done nothing else."""
    worker_mb = 0.0

    def watch(_: Progress) -> None:
        nonlocal worker_mb
        worker_mb = max([worker_mb, *map(peak_mb, children())])

    for name in ("compile", "start"):
        before_s = cpu_s()
        with Library.open(home / name) as library:
            ingest.add(library, [clips], workers)
        start_s = cpu_s() - before_s
    before_s, began_s = cpu_s(), time.perf_counter()
    with Library.open(home / "library") as library:
        report = ingest.add(library, [music], workers, watch)
    spent_s, wall_s = cpu_s() - before_s, time.perf_counter() - began_s
    hours = report.duration_s / 3600
    left_mb = size_mb(home / "library" / "index")
    with Library.open(home / "library") as library:
        library.index.compact()
        embeddings = len(library.embeddings)
    return {
        "tracks": len(report.added),
        "failed": len(report.failed),
        "embeddings": embeddings,
        "hours": round(hours, 4),
        "cpu_s_per_hour": round(spent_s / hours, 2),
        "times_real_time_per_core": round(report.duration_s / spent_s),
        "cpu_s_of_starting": round(start_s, 2),
        "cpu_s_per_hour_without_starting": round((spent_s - start_s) / hours, 2),
        "wall_s_per_hour": round(wall_s / hours, 2),
        "index_mb_per_hour": round(left_mb / hours, 3),
        "index_mb_per_hour_compacted": round(size_mb(home / "library" / "index") / hours, 3),
        "database_mb_per_hour": round(size_mb(home / "library" / "library.sqlite") / hours, 3),
        "embeddings_kb_per_track": round(
            1e3 * size_mb(home / "library" / "embeddings") / max(1, embeddings), 2
        ),
        "peak_mb": {"main process": round(peak_mb(os.getpid())), "worker": round(worker_mb)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--music", type=Path, help="folder to add instead of our tunes")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="antiphon-bench-") as name:
        home = Path(name)
        for folder in ("music", "clips"):
            (home / folder).mkdir()
        make_clips(home / "clips")
        if options.music is None:
            make_music(home / "music", options.hours)
        # Rendering must not show in the memory and the time of what is measured.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
            result = fresh.submit(
                measure, options.music or home / "music", home / "clips", home, options.workers
            ).result()
    report = {
        "what": f"adding music with {options.workers} workers",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "music": str(options.music or "our tunes, transposed, tracks of four minutes"),
        "result": result,
    }
    text = json.dumps(report, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
