"""docs/formats.md, followed to the letter with nothing but the standard library."""

from __future__ import annotations

import array
import hashlib
import json
import math
import re
import sqlite3
import struct
import zlib
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.io.midiring import MidiRing
from engine.library import Library, ingest
from fingerprint.build import Source, write_large_run
from fingerprint.run import Run

PAGE = (Path(__file__).parent.parent / "docs" / "formats.md").read_text("utf-8")
RATE = 16_000
CODES = {"<f4": "f", "<f8": "d", "<i8": "q", "<i4": "i", "<u4": "I", "<u2": "H", "|u1": "B"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a library of two tracks, from which a third was removed, and a playlist."""
    music = tmp_path_factory.mktemp("music")
    rng = np.random.default_rng(0)
    for number in range(3):
        soundfile.write(music / f"{number}.wav", rng.standard_normal(8 * RATE) / 10, RATE)
    (music / "all.m3u8").write_text("0.wav\n1.wav\n#EXTINF:9,Nobody - Nowhere\nnowhere.wav\n")
    folder = tmp_path_factory.mktemp("library")
    with Library.open(folder) as library:
        ingest.add(library, [music], workers=0)
        library.add_playlist(music / "all.m3u8")
        library.remove(3)
        assert len(library.embeddings) == 2
        assert library.recommender() is not None
    return folder


def rows(home: Path, query: str) -> list[Any]:
    database = sqlite3.connect(home / "library.sqlite")
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


def numbers(code: str, data: bytes) -> list[float]:
    return list(array.array(code, data))


def peaks(blob: bytes) -> tuple[int, list[tuple[int, int]]]:
    """Return the frames of a track, and frame and code of its peaks."""
    data = zlib.decompress(blob)
    magic, version, settings, frames, n, crc = struct.unpack_from("<4sHHIII", data)
    text = re.search(r"^    (\[.*\])$", PAGE, re.MULTILINE)
    assert text is not None
    assert (magic, version, settings) == (b"AntP", 1, zlib.crc32(text[1].encode()) & 0xFFFF)
    assert f"now {settings} |" in PAGE
    assert zlib.crc32(data[:16] + data[20:]) == crc
    assert len(data) == 20 + 6 * n
    frame = struct.unpack_from(f"<{n}I", data, 20)
    return frames, list(zip(frame, struct.unpack_from(f"<{n}H", data, 20 + 4 * n), strict=True))


def run_sections(path: Path) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """Return the header of a run, and its sections as the page's table types them."""
    table = re.findall(r"^\| `(\w+)` \| (u8|u16|u32|i64) x ", PAGE, re.MULTILINE)
    data = path.read_bytes()
    magic, length, crc = struct.unpack_from("<8sII", data)
    header = data[16 : 16 + length]
    assert magic == b"ANTPRUN1"
    assert zlib.crc32(header) == crc
    found = json.loads(header)
    base = -(-(16 + length) // 64) * 64
    sections = {}
    only = {1: {"key_start", "key_rest"}, 2: {"bucket_start", "landmark_delta"}}[found["format"]]
    assert len(table) == 11
    assert {name for name, _ in table} - only == found["sections"].keys()
    for name, kind in table:
        if name in only:
            continue
        section = found["sections"][name]
        at = base + section["offset"]
        assert at % 64 == 0
        body = data[at : at + section["bytes"]]
        pieces = [body[i : i + 262_144] for i in range(0, len(body), 262_144)]
        assert [zlib.crc32(piece) for piece in pieces] == section["crc"]
        code = {"u8": "B", "u16": "H", "u32": "I", "i64": "q"}[kind]
        sections[name] = [int(value) for value in numbers(code, body)]
    return found, sections


def model(path: Path) -> tuple[dict[str, Any], dict[str, tuple[list[int], list[float]]]]:
    """Return the header of a model file, and its arrays with their shapes."""
    data = path.read_bytes()
    assert data[:8] == b"ANTIPHN1"
    (length,) = struct.unpack_from("<Q", data, 8)
    assert hashlib.sha256(data[48:]).digest() == data[16:48]
    assert (48 + length) % 64 == 0
    header = json.loads(data[48 : 48 + length])
    arrays = {}
    for name, kind, shape, offset in header["arrays"]:
        at = 48 + length + offset
        code = CODES[kind]
        size = math.prod(shape) * array.array(code).itemsize
        arrays[name] = (shape, numbers(code, data[at : at + size]))
    return header, arrays


def test_the_page_names_every_table_and_column_of_the_database(home: Path) -> None:
    assert rows(home, "PRAGMA application_id") == [(0x414E5450,)]
    assert rows(home, "PRAGMA user_version") == [(6,)]
    part = PAGE[PAGE.index("## library.sqlite") : PAGE.index("### Peaks")]
    names = [n for (n,) in rows(home, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    own = ("sqlite_", "track_search_")  # SQLite's, and those in which it keeps its search
    tables = [name for name in names if not name.startswith(own)]
    for table, after in pairwise([*sorted(tables, key=lambda t: part.index(f"**{t}**")), None]):
        assert f"**{table}**" in part
        end = part.index(f"**{after}**") if after else len(part)
        said = part[part.index(f"**{table}**") : end]
        for _, column, kind, *_ in rows(home, f"PRAGMA table_info({table})"):
            assert f"`{column}`" in said, (table, column)
            assert kind in said, (table, column)


def test_the_database_can_be_read_as_the_page_says(home: Path) -> None:
    for digest, path, size in rows(home, "SELECT digest, path, size FROM track JOIN file"
                                         " ON track_id = id"):  # fmt: skip
        content = Path(path.decode()).read_bytes()
        assert hashlib.blake2b(content, digest_size=16).digest() == digest
        assert len(content) == size
    for blob, embedding in rows(home, "SELECT peaks, embedding FROM analysis"):
        frames, found = peaks(blob)
        assert frames == 1 + (8 * RATE - 1024) // 320
        assert sorted(found, key=lambda peak: (peak[0], peak[1] & 0xFFF)) == found
        assert all(code & 0xFFF < 3424 for _, code in found)
        assert len(numbers("f", embedding)) == 98
    ((source,),) = rows(home, "SELECT source FROM playlist")
    assert source.endswith(b"all.m3u8\x000")
    places = rows(home, "SELECT position, key, track_id FROM entry JOIN item ON id = item_id")
    assert [(position, track) for position, _, track in sorted(places)] == [
        (0, 1),
        (1, 2),
        (2, None),
    ]
    assert sorted(places)[2][1] == "song:nobody\tnowhere"


def test_the_index_can_be_read_as_the_page_says(home: Path) -> None:
    text = (home / "index" / "index.json").read_text("ascii")
    crc, body = re.fullmatch(r'\{"crc32": (\d+), "index": (.*)\}', text).groups()  # type: ignore[union-attr]
    assert zlib.crc32(body.encode()) == int(crc)
    manifest = json.loads(body)
    assert manifest["format"] == 1
    alive = {}
    for entry in manifest["runs"]:
        header, run = run_sections(home / "index" / entry["file"])
        assert header["settings"] == manifest["settings"]
        assert run["bucket_start"][-1] == len(run["landmark_frame"]) > 100
        assert len(run["bucket_start"]) == 23_087
        assert run["block_peak"][-1] == len(run["peak_code"])
        for row, track in enumerate(run["track_id"]):
            if track not in entry["removed"]:
                alive[track] = track_of(run, row)
    stored = dict(rows(home, "SELECT track_id, peaks FROM analysis"))
    assert alive == {track: peaks(blob) for track, blob in stored.items()}


def track_of(run: dict[str, list[int]], row: int) -> tuple[int, list[tuple[int, int]]]:
    """Return the peaks of a track in a run, counted from the track's own start."""
    start, end = run["track_start"][row : row + 2]
    found = []
    for block in range(start // 256, end // 256):
        for peak in range(run["block_peak"][block], run["block_peak"][block + 1]):
            frame = 256 * block + run["peak_frame"][peak] - start
            found.append((frame, run["peak_code"][peak]))
    return run["track_frames"][row], found


def cell(code: int) -> int:
    hz = (12 + (code & 0xFFF) / 8) * 15.625
    return math.floor(math.log(1 + hz / 1000) / 0.008) - 21


def test_the_landmarks_can_be_made_again_from_the_peaks(home: Path) -> None:
    manifest = json.loads((home / "index" / "index.json").read_text())["index"]
    _, run = run_sections(home / "index" / manifest["runs"][0]["file"])
    made = []
    for row, start in enumerate(run["track_start"][:-1]):
        strong = [(f, c) for f, c in track_of(run, row)[1] if c >> 15]
        for i, (frame, code) in enumerate(strong):
            targets = [
                (-(other >> 12 & 7), later - frame, place, cell(other) - cell(code))
                for place, (later, other) in enumerate(strong[i + 1 :])
                if 2 <= later - frame <= 32 and abs(cell(other) - cell(code)) <= 48
            ]
            for _, delta, _, step in sorted(targets)[:3]:
                made.append((97 * cell(code) + step + 48, delta, start + frame))
    stored = []
    for bucket, (first, last) in enumerate(pairwise(run["bucket_start"])):
        stored += [
            (bucket, run["landmark_delta"][i], run["landmark_frame"][i]) for i in range(first, last)
        ]
    assert stored == sorted(stored)
    assert stored == sorted(made)


def test_a_large_run_can_be_made_again_from_the_peaks(home: Path, tmp_path: Path) -> None:
    manifest = json.loads((home / "index" / "index.json").read_text())["index"]
    small = Run.open(home / "index" / manifest["runs"][0]["file"])
    tracks = [Source.held(int(t), small.peaks(row)) for row, t in enumerate(small.track_id)]
    write_large_run(tmp_path / "large.run", tracks)
    header, run = run_sections(tmp_path / "large.run")
    shift, made = header["shift"], []
    for row, start in enumerate(run["track_start"][:-1]):
        strong = [(f, c) for f, c in track_of(run, row)[1] if c >> 15]
        for i, (frame, code) in enumerate(strong):
            targets = [
                (-(other >> 12 & 7), later - frame, place)
                for place, (later, other) in enumerate(strong[i + 1 :], i + 1)
                if 2 <= later - frame <= 32 and abs(cell(other) - cell(code)) <= 48
            ]
            for one, two in combinations(sorted(k for _, _, k in sorted(targets)[:3]), 2):
                steps = [cell(strong[k][1]) - cell(code) + 48 for k in (one, two)]
                gaps = [strong[k][0] - frame - 2 for k in (one, two)]
                key = (97 * (97 * cell(code) + steps[0]) + steps[1]) * 1024
                made.append((key + 32 * gaps[0] + gaps[1], start + frame))
    made.sort()
    held = [
        (place << shift) + (run["key_rest"][i] << shift - 8)
        for place, (first, last) in enumerate(pairwise(run["key_start"]))
        for i in range(first, last)
    ]
    assert len(run["key_start"]) == (2_293_086_208 >> shift) + 2
    assert held == [key >> shift - 8 << shift - 8 for key, _ in made]
    assert run["landmark_frame"] == [frame for _, frame in made]
    assert len(made) > 100


def test_model_files_can_be_read_as_the_page_says(home: Path) -> None:
    header, arrays = model(home / "embeddings")
    assert header["kind"] == "embeddings"
    assert header["settings"] == {"name": "handmade", "version": 1, "whole": True}
    stored = rows(home, "SELECT track_id, embedding FROM analysis ORDER BY track_id")
    assert arrays["ids"] == ([2], [track for track, _ in stored])
    assert arrays["vectors"] == ([2, 98], [x for _, e in stored for x in numbers("f", e)])
    (path,) = home.glob("playlists-*.model")
    ((version,),) = rows(home, "SELECT value FROM counter WHERE name = 'playlists'")
    assert re.fullmatch(rf"playlists-{version}-[0-9a-f]{{8}}\.model", path.name)
    header, arrays = model(path)
    assert header["kind"] == "wrmf"
    ((nowhere,),) = rows(home, "SELECT -id FROM item WHERE track_id IS NULL")
    assert arrays["track_ids"][1] == [nowhere, 1, 2]
    assert arrays["popularity"][1] == [1, 1, 1]
    factors = header["settings"]["factors"]
    assert [arrays[n][0] for n in ("track_factors", "user_factors", "gram")] == [
        [3, factors],
        [1, factors],
        [factors],
    ]


def test_the_midi_ring_can_be_read_as_the_page_says() -> None:
    with MidiRing.create() as ring:
        for number in range(5000):
            ring.push(number, 0x90 | number % 16, number % 128, 100)
            assert ring.pop() is not None
        data = ring.path.read_bytes()
    words = struct.unpack("=4160Q", data)
    assert words[:3] == (0x414E5450484F4E31, 1, 4096)
    assert words[16] == words[32] == 5000
    assert words[48] == 0
    for number in range(5000 - 4096, 5000):
        word = words[64 + number % 4096]
        assert word >> 63 == (number // 4096 + 1) % 2
        assert word >> 21 & 2**42 - 1 == number
        message = (0x90 | number % 16) & 127
        assert word & 2**21 - 1 == message << 14 | number % 128 << 7 | 100


def test_every_file_of_the_program_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:engine|fingerprint|recommend)/[\w/.*-]+)`", PAGE))
    assert len(named) > 8
    root = Path(__file__).resolve().parent.parent
    assert [name for name in sorted(named) if not list(root.glob(name))] == []
