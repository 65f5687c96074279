"""Libraries of tracks that do not exist: what the database says of them, without a file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.analysis import Analysis, Grid, Key, OnsetEnvelope
from engine.library import Library, analyser
from engine.library.database import FILE_NAME
from engine.library.tags import Tags
from fingerprint import TrackPeaks
from recommend import HandmadeEmbedding


@dataclass(frozen=True)
class Made:
    """What a made track is said to be."""

    title: str
    artist: str = ""
    seconds: float = 200.0
    bpm: float | None = None
    key: Key | None = None
    lufs: float | None = None
    cue_out_s: float | None = None
    vector: Sequence[float] | None = field(default=None, repr=False)
    genre: str = ""


def made_library(
    folder: Path,
    tracks: Sequence[Made],
    playlists: Sequence[Sequence[int]] = (),
    seed: int = 0,
) -> Library:
    """Return a writable library; playlists hold places in `tracks`, whose ids are place + 1."""
    library = Library.open(folder / "library")
    rng = np.random.default_rng(seed)
    frame = np.arange(0, 1000, 10, dtype=np.uint32)
    code = (rng.integers(0, 3000, len(frame)) | 1 << 15).astype(np.uint16)
    peaks = analyser.pack(TrackPeaks(frame, code, 1000))
    onsets = OnsetEnvelope(np.zeros(10, np.uint8)).to_bytes()
    for number, made in enumerate(tracks):
        embedding = HandmadeEmbedding()
        vector = rng.standard_normal(embedding.dimensions)
        if made.vector is not None:
            vector = 0.1 * vector
            vector[: len(made.vector)] += made.vector
        found = analyser.Analysis(
            Tags(made.title, made.artist, genre=made.genre),
            made.seconds,
            48_000,
            False,
            peaks,
            vector.astype("<f4").tobytes(),
            embedding.name,
            embedding.version,
            sound_of(made).to_json(),
            onsets,
        )
        path = folder / "music" / f"{number + 1}.wav"
        library.store(path, 1, 1, number.to_bytes(16, "big"), found)
    library.commit()
    if playlists:
        listed = [
            {
                "name": f"list {number}",
                "tracks": [
                    {"track_name": tracks[i].title, "artist_name": tracks[i].artist}
                    for i in members
                ],
            }
            for number, members in enumerate(playlists)
        ]
        (folder / "lists.json").write_text(json.dumps({"playlists": listed}))
        library.add_playlist(folder / "lists.json")
    return library


def sound_of(made: Made) -> Analysis:
    """Return the analysis that a made track is said to have."""
    grid = None
    if made.bpm is not None:
        period = 60.0 / made.bpm
        grid = Grid(0.0, period, max(int(made.seconds / period), 2), confidence=0.9)
    out = made.seconds if made.cue_out_s is None else made.cue_out_s
    return Analysis(
        duration_s=made.seconds,
        grid=grid,
        key=made.key,
        keys=(),
        tuning_cents=0.0,
        tuning_confidence=0.0,
        loudness_lufs=made.lufs,
        true_peak_db=None,
        energy_db=(),
        cue_in_s=0.0,
        cue_out_s=out,
        cue_confidence=0.0 if made.cue_out_s is None else 1.0,
    )


def make_older(directory: Path, version: int) -> None:
    """Take from a library what its schema did not have."""
    with sqlite3.connect(directory / FILE_NAME) as database:
        for table in ("track", "item"):
            for column in ("mbid", "isrc"):
                database.execute(f"DROP INDEX {table}_{column}")
                database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        if version < 5:
            database.execute("ALTER TABLE track DROP COLUMN genre")
            database.execute("DROP INDEX analysis_embedding")
        else:
            for column in ("mbid", "isrc"):
                database.execute(f"ALTER TABLE track ADD COLUMN {column} TEXT")
        if version < 4:
            database.execute("DROP TABLE vector")
        if version < 3:
            for kind in ("insert", "delete", "update"):
                database.execute(f"DROP TRIGGER track_search_{kind}")
            database.execute("DROP TABLE track_search")
            database.execute("DROP INDEX track_order")
        if version < 2:
            database.execute("DROP TABLE sound")
        database.execute(f"PRAGMA user_version = {version}")
