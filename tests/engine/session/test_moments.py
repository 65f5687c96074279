"""The moment at which two tracks sound alike."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import AudioFileError
from engine.library import Track
from engine.session.entry import Entry, Voice
from engine.session.moments import STEP_S, Moments, alike, fragments
from recommend import EmbeddingTable, FormatError, HandmadeEmbedding
from recommend.fragments import DIMENSIONS

RATE = 44_100


def passage(seed: int, seconds: float, low: float, high: float) -> np.ndarray:
    """Return notes between two pitches, each of its own timbre."""
    rng = np.random.default_rng(seed)
    t = np.arange(RATE // 2) / RATE
    notes = []
    for _ in range(round(2 * seconds)):
        hz = float(rng.uniform(low, high))
        partials = rng.uniform(0.0, 1.0, 6)
        tone = sum(p * np.sin(2 * np.pi * (k + 1) * hz * t) for k, p in enumerate(partials))
        notes.append(0.1 * tone * np.exp(-3 * t))
    return np.concatenate(notes)


@pytest.fixture
def files(tmp_path: Path) -> dict[int, Path]:
    """Return two tracks that share ten seconds: from 20 s on of the first, 35 s of the second."""
    shared = 0.2 * np.random.default_rng(9).standard_normal(10 * RATE)
    parts = {
        1: [passage(1, 20, 200, 300), shared, passage(2, 15, 200, 300)],
        2: [passage(3, 35, 900, 1300), shared, passage(4, 10, 900, 1300)],
    }
    for number, sound in parts.items():
        soundfile.write(tmp_path / f"{number}.wav", np.concatenate(sound), RATE)
    return {number: tmp_path / f"{number}.wav" for number in parts}


@pytest.fixture
def table(files: dict[int, Path]) -> EmbeddingTable:
    vectors = np.concatenate([fragments(path) for path in files.values()])
    embedding = HandmadeEmbedding()
    return EmbeddingTable(embedding.name, embedding.version, range(len(vectors)), vectors)


def test_a_file_has_a_fragment_every_step_as_long_as_one_fits(files: dict[int, Path]) -> None:
    assert len(fragments(files[1])) == int((45 - 5) / STEP_S) + 1
    assert len(fragments(files[1], lambda: True)) == 0
    with pytest.raises(AudioFileError):
        fragments(files[1].with_name("gone.wav"))


def test_the_most_alike_rows_are_found_as_by_trying_all(rng: np.random.Generator) -> None:
    one, other = rng.standard_normal((12, 7)), rng.standard_normal((9, 7))
    slow = [max(float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for b in other) for a in one]
    assert alike(one.astype(np.float32), other.astype(np.float32)) == int(np.argmax(slow))


def entry(track_id: int, speaker: int, path: Path) -> Entry:
    voices = (Voice("sound", speaker, "speaker", 0.7), Voice("playlists", speaker, "s", 0.3))
    track = Track(track_id, path, "T", "", "", 45.0, RATE, False)
    return Entry(1, track, "suggested", voices=voices)


def test_the_shared_passage_is_the_moment_and_is_known_the_next_time(
    files: dict[int, Path], table: EmbeddingTable
) -> None:
    told: list[tuple[int, int, float]] = []
    arrived = threading.Event()

    def found(*what: object) -> None:
        told.append(what)  # type: ignore[arg-type]
        arrived.set()

    moments = Moments(table, files.get, found, stored={}.__getitem__)
    queued = entry(2, 1, files[2])
    try:
        assert moments.look([queued, entry(3, 1, files[2])]) == []  # there is no track 3
        assert arrived.wait(60.0)
        ((speaker, track, at),) = told
        assert (speaker, track) == (1, 2)
        assert at == pytest.approx(20.0, abs=5.01)
        assert moments.look([queued]) == [(1, 2, at)]
        done = queued.with_moment(1, at)
        assert [voice.moment_s for voice in done.voices] == [at, None]
        assert moments.look([done]) == []
        assert moments.look([replace(queued, voices=())]) == []
    finally:
        moments.close()


def test_of_a_network_what_it_heard_each_second_is_compared_where_it_is_stored() -> None:
    table = EmbeddingTable("musicnn", 1, range(5), np.random.default_rng(1).random((5, 128)))
    rows = np.random.default_rng(2).standard_normal((30, DIMENSIONS)).astype(np.float32)
    heard = {1: rows[:20], 2: rows[15:], 3: rows[:0]}
    told: list[object] = []
    arrived = threading.Event()

    def found(*what: object) -> None:
        told.append(what)
        arrived.set()

    def stored(track_id: int) -> np.ndarray:
        if track_id not in heard:
            raise FormatError("it is damaged")
        return heard[track_id]

    moments = Moments(table, {}.get, found, stored)
    nobody = Path("nobody.wav")
    try:
        moments.look([entry(3, 1, nobody), entry(4, 1, nobody), entry(2, 1, nobody)])
        assert arrived.wait(60.0)  # neither one without fragments nor a damaged one is in the way
        ((speaker, track, at),) = told  # type: ignore[misc]
        assert (speaker, track) == (1, 2)
        assert 15.0 <= at <= 19.0
    finally:
        moments.close()
