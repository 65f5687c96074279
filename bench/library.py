"""Large libraries: opening, search, suggestions, fitting, the map.

python -m bench.library [--tracks 100000] [--folder DIR] [--json FILE]

Makes a library of tracks that do not exist (names, embeddings, analyses, playlists; no
fingerprints) in a folder for temporary files, unless DIR holds one from an earlier run, and
measures in this process what a session asks of it.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.analysis import VERSION, Analysis, Grid, Key
from engine.library import Library, analyser, tags
from engine.library.atlas import library_map
from engine.library.database import FILE_NAME
from engine.session.chooser import Chooser
from engine.session.evening import Evening
from engine.session.facts import Facts
from engine.session.play_queue import PlayQueue
from engine.session.rules import Rules
from fingerprint import TrackPeaks
from fingerprint.peaks import version
from recommend import HandmadeEmbedding
from recommend.plane import lay_out

WORLDS = 40  # of sound, and of what stands together in playlists
WORDS = 20_000
PLAYLISTS, LONGEST = 5_000, 40
RULES = Rules(tempo_percent=6.0, key_near=True, energy="rise", familiarity=0.7)


def make(folder: Path, count: int) -> None:
    """Write a library of `count` tracks."""
    rng = np.random.default_rng(1)
    letters = np.array(list("aabcdeeefghiijklmnooprsttuvw"))
    words = ["".join(rng.choice(letters, rng.integers(2, 10))) for _ in range(WORDS)]

    def name(least: int, most: int) -> str:
        places = np.minimum(rng.pareto(0.8, rng.integers(least, most + 1)) * 20, WORDS - 1)
        return " ".join(words[int(place)] for place in places).title()

    artists = [name(1, 2) for _ in range(count // 10)]
    Library.open(folder).close()
    embedding = HandmadeEmbedding()
    centres = rng.standard_normal((WORLDS, embedding.dimensions)) * 2.0
    peaks = analyser.pack(TrackPeaks(np.arange(9, dtype=np.uint32), np.zeros(9, np.uint16), 100))
    world = rng.integers(WORLDS, size=count)
    with sqlite3.connect(folder / FILE_NAME) as database:
        for i in range(count):
            artist, album, title = artists[rng.integers(len(artists))], name(1, 3), name(1, 4)
            seconds = float(rng.uniform(90, 420))
            track = i + 1
            database.execute(
                "INSERT INTO track VALUES (?, ?, ?, ?, ?, ?, 44100, 0, ?, ?, '', '', '')",
                (track, track.to_bytes(16, "big"), title, artist, album, seconds,
                 tags.song_key(artist, title), tags.fold(f"{artist} {album} {title}")),
            )  # fmt: skip
            path = f"/music/{artist}/{album}/{i}.flac".encode()
            database.execute("INSERT INTO file VALUES (?, ?, 1, 1)", (path, track))
            vector = centres[world[i]] + rng.standard_normal(embedding.dimensions)
            database.execute(
                "INSERT INTO analysis VALUES (?, ?, ?, ?, ?)",
                (track, peaks, vector.astype("<f4").tobytes(), embedding.name, embedding.version),
            )
            sound = _sound(seconds, rng).to_json()
            database.execute("INSERT INTO sound VALUES (?, ?, ?, ?)", (track, VERSION, sound, b""))
        _playlists(database, world, rng)
        database.execute("INSERT INTO counter VALUES ('peaks', ?)", (version(),))


def _playlists(database: sqlite3.Connection, world: np.ndarray, rng: np.random.Generator) -> None:
    """Add playlists, each of one world, of tracks of which few are known to many."""
    weight = 1.0 / (1.0 + rng.permutation(len(world))) ** 0.7
    items: set[int] = set()
    for number in range(1, PLAYLISTS + 1):
        own = np.flatnonzero(world == rng.integers(WORLDS))
        share = weight[own] / weight[own].sum()
        length = min(int(rng.integers(8, LONGEST)), len(own))
        database.execute("INSERT INTO playlist VALUES (?, ?, ?)", (number, "x", b"%d" % number))
        for place, row in enumerate(rng.choice(own, length, replace=False, p=share).tolist()):
            if row not in items:
                items.add(row)
                database.execute(
                    "INSERT INTO item VALUES (?, ?, '', '', NULL, ?, NULL, NULL)",
                    (row + 1, str(row), row + 1),
                )
            database.execute("INSERT INTO entry VALUES (?, ?, ?)", (number, place, row + 1))
    database.execute("UPDATE counter SET value = 1 WHERE name = 'playlists'")


def _sound(seconds: float, rng: np.random.Generator) -> Analysis:
    period = 60.0 / float(rng.uniform(65, 180))
    key = Key(int(rng.integers(12)), ("major", "minor")[int(rng.integers(2))], 0.8)
    return Analysis(
        duration_s=seconds,
        grid=Grid(0.1, period, int(seconds / period), confidence=0.8),
        key=key,
        keys=(key,) * int(seconds / 10),
        tuning_cents=0.0,
        tuning_confidence=0.9,
        loudness_lufs=float(rng.uniform(-24, -7)),
        true_peak_db=-0.3,
        energy_db=tuple(rng.uniform(-30, -7, int(seconds)).round(1).tolist()),
        cue_in_s=0.2,
        cue_out_s=seconds - 1.0,
        cue_confidence=0.9,
    )


Times = list[tuple[float, float]]


def timed(call: Callable[[], Any], repeats: int = 1) -> tuple[Times, Any]:
    """Return wall and processor milliseconds of each call, and what the last returned."""
    times, found = [], None
    for _ in range(repeats):
        began, worked = time.perf_counter(), time.process_time()
        found = call()
        took = time.perf_counter() - began, time.process_time() - worked
        times.append((1e3 * took[0], 1e3 * took[1]))
    return times, found


def measure(folder: Path, figures: dict[str, float]) -> None:
    """Measure what a session asks of the library."""

    def note(what: str, times: Times) -> None:
        wall, cpu = np.array(times).T
        figures[what] = round(float(np.median(wall)), 2)
        figures[f"{what}, worst"] = round(float(wall.max()), 2)
        figures[f"{what}, processor"] = round(float(np.median(cpu)), 2)
        print(
            f"{what:36s} {np.median(wall):8.1f} ms  worst {wall.max():8.1f}"
            f"  processor {np.median(cpu):8.1f}"
        )

    times, library = timed(lambda: Library.open(folder, writable=False))
    note("open the library", times)
    times, recommender = timed(library.recommender)
    note("open the recommender", times)
    note("look for stale tracks", timed(library.stale_note)[0])
    times, facts = timed(lambda: Facts(library))
    note("read what rules need", times)
    queue = PlayQueue(
        Chooser(facts, recommender), Evening(), lambda: None, lambda: 120.0, lambda: 4.0
    )
    note("fill the first queue", timed(queue.renew)[0])
    rng = np.random.default_rng(2)
    _searches(library, rng, note)
    for rules, words in ((Rules(), "default rules"), (RULES, "all rules")):
        queue.rules = rules
        for heard in rng.integers(1, len(facts), 20).tolist():
            queue._evening.hear(heard)
        likes = rng.integers(1, len(facts), 30).tolist()
        note(f"like -> new queue, {words}", [timed(lambda t=t: queue.like(t))[0][0] for t in likes])
        skips = rng.integers(1, len(facts), 30).tolist()
        note(f"skip -> new queue, {words}", [timed(lambda t=t: queue.skip(t))[0][0] for t in skips])
    for minutes in (11, 47, 180):
        note(f"fit {minutes} min", timed(lambda m=minutes: queue.fit(60.0 * m), 5)[0])
        figures[f"fit {minutes} min, off by s"] = round(queue.fit_off_s, 2)
        queue.clear()
    _maps(library, note)
    library.close()


def _maps(library: Library, note: Callable[[str, Times], None]) -> None:
    (library.directory / "map").unlink(missing_ok=True)
    table = library.embeddings
    some = np.array(table.standardised(table.ids[:10_000]))
    note(f"lay out {len(some)} vectors", timed(lambda: lay_out(some))[0])
    note("draw the whole map", timed(lambda: library_map(library))[0])
    times, found = timed(lambda: library_map(library))
    note("open the map again", times)
    note("a path of 8 tracks", timed(lambda: found.path(1, 2, 8), 5)[0])


def _searches(
    library: Library, rng: np.random.Generator, note: Callable[[str, Times], None]
) -> None:
    tracks = library.search("", 1, 0).total
    some = [library.track(int(i)) for i in rng.integers(1, tracks, 30)]
    asked = [tags.fold(track.title).split()[0] for track in some]
    note("search, one word", [timed(lambda t=t: library.search(t, 50))[0][0] for t in asked])
    asked = [f"{tags.fold(t.artist)} {tags.fold(t.title)[:3]}" for t in some]
    note("search, artist and half", [timed(lambda t=t: library.search(t, 50))[0][0] for t in asked])
    note("search, one letter", [timed(lambda t=t: library.search(t, 50))[0][0] for t in "aestox"])
    note("search, all, page 1000", timed(lambda: library.search("", 50, 50_000), 3)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    figures: dict[str, float] = {"tracks": asked.tracks}
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch)
        if not (folder / FILE_NAME).exists():
            times, _ = timed(lambda: make(folder, asked.tracks))
            print(f"made {asked.tracks} tracks in {times[0][0] / 1e3:.0f} s")
            with Library.open(folder) as library:
                times, _ = timed(library.recommender)
                print(
                    f"fitted the recommender in {times[0][0] / 1e3:.1f} s (once, kept on the disk)"
                )
        measure(folder, figures)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
