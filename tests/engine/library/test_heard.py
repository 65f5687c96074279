"""What a network hears, beside the hand-made embedding: never mixed, and changed without a gap."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.app import cli
from engine.errors import ModelError
from engine.library import Library, analyser, hearing, ingest
from engine.library.database import FILE_NAME
from engine.library.refresh import embed
from engine.library.vectors import Embedded
from engine.library.worker import Worker
from recommend import HandmadeEmbedding, MusicnnEmbedding, fragments

from ..conftest import RATE, WriteTune, tune
from ..made import make_older

TUNES = 10


class Toy:
    """Hears the spectrum of a track, by the name and in the sizes of the real network."""

    name = MusicnnEmbedding.name
    version = MusicnnEmbedding.version
    dimensions = MusicnnEmbedding.dimensions
    tags = ("loud", "steady")

    def __call__(self, audio: NDArray[Any], sample_rate: int) -> NDArray[np.float32]:
        parts = np.array_split(np.abs(np.fft.rfft(audio)), self.dimensions)
        return np.array([part.mean() for part in parts], dtype=np.float32)

    def fragments(self, audio: NDArray[Any], sample_rate: int) -> NDArray[np.float32]:
        seconds = max(1, len(audio) // sample_rate - 4)
        return np.tile(self(audio, sample_rate)[:200], (seconds, 1))

    def tags_of(self, fragment: NDArray[np.float32], n: int = 2) -> list[str]:
        return ["loud", "steady"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a library of tunes that no network has heard, made once."""
    home = tmp_path_factory.mktemp("made")
    (home / "music").mkdir()
    for seed in range(TUNES):
        soundfile.write(home / f"music/{seed}.wav", tune(seed, 6.0), RATE)
    with Library.open(home / "library") as opened:
        ingest.add(opened, [home / "music"], workers=0)
    return home / "library"


@pytest.fixture
def library(made: Path, tmp_path: Path) -> Iterator[Library]:
    shutil.copytree(made, tmp_path / "library")
    with Library.open(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    network = Toy()
    monkeypatch.setattr(hearing, "network", lambda: network)
    monkeypatch.setattr(hearing, "network_weights", lambda: network)
    return network


def use(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Toy()
    monkeypatch.setattr(hearing, "network", lambda: network)
    monkeypatch.setattr(hearing, "network_weights", lambda: network)


def rows(library: Library, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(library.directory / FILE_NAME) as database:
        return database.execute(query).fetchall()


def test_without_weights_the_hand_made_embedding_serves_and_a_line_says_so(
    library: Library,
) -> None:
    assert hearing.network() is None
    assert library.embeddings.name == HandmadeEmbedding.name
    assert len(library.embeddings) == TUNES
    assert library.heard.waiting() == []
    assert "antiphon models add musicnn" in (hearing.note() or "")
    with pytest.raises(ModelError, match="models add musicnn"):
        analyser.embed(library.tracks()[0].path)


def test_the_old_embedding_serves_until_nearly_all_tracks_were_heard_anew(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    peaks = rows(library, "SELECT * FROM analysis")
    old = library.embeddings
    before = library.recommender().recommend([old.ids[0]], n=3)
    use(monkeypatch)
    assert library.heard.waiting() == old.ids.tolist()
    tracks = library.tracks()
    assert embed(library, tracks[: TUNES // 2], workers=0) == []
    half = library.embeddings  # as after an interruption
    assert (half.name, half.vectors.shape) == (old.name, old.vectors.shape)
    assert len(library.heard.waiting()) == TUNES - TUNES // 2
    assert embed(library, tracks[TUNES // 2 : -1], workers=0) == []  # one file is not there
    new = library.embeddings
    assert (new.name, len(new)) == (Toy.name, TUNES - 1)
    assert new.dimensions == 128  # of 1706
    assert library.recommender().recommend([new.ids[0]], n=3) != before
    assert rows(library, "SELECT * FROM analysis") == peaks
    assert library.check() == []


def test_what_was_heard_and_holds_nan_or_is_cut_is_heard_again(library: Library, toy: Toy) -> None:
    embed(library, library.tracks(), workers=0)
    whole = library.embeddings.vectors.copy()
    one, other = (int(i) for i in library.embeddings.ids[[2, 5]])
    with sqlite3.connect(library.directory / FILE_NAME) as database:
        nan = np.full(Toy.dimensions, np.nan, "<f4").tobytes()
        database.execute("UPDATE vector SET vector = ? WHERE track_id = ?", (nan, one))
        database.execute("UPDATE vector SET vector = ? WHERE track_id = ?", (nan[:-4], other))
    assert library.heard.waiting() == [other]
    (problem,) = library.check()
    assert f"embedding of track {one} holds NaN" in problem
    library.mend()
    assert library.heard.waiting() == [one, other]
    embed(library, [library.track(one), library.track(other)], workers=0)
    assert library.check() == []
    np.testing.assert_allclose(library.embeddings.vectors, whole, atol=1e-5)


def test_without_the_network_again_what_it_heard_still_serves(
    library: Library, tmp_path: Path, write_tune: WriteTune, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as during:
        use(during)
        embed(library, library.tracks(), workers=0)
    assert library.embeddings.name == Toy.name
    for seed in range(3):  # now the network has not heard all, and cannot
        write_tune(f"more/{seed}.wav", 20 + seed, 6.0)
    ingest.add(library, [tmp_path / "more"], workers=0)
    assert library.embeddings.name == HandmadeEmbedding.name
    assert len(library.embeddings) == TUNES + 3


def test_adding_lets_the_network_hear_new_tracks_and_the_ones_before(
    library: Library, tmp_path: Path, write_tune: WriteTune, toy: Toy
) -> None:
    write_tune("more/new.wav", 20, 6.0)
    report = ingest.add(library, [tmp_path / "more"], workers=0)
    assert (len(report.added), report.heard) == (1, TUNES)
    assert library.embeddings.name == Toy.name
    assert len(library.embeddings) == TUNES + 1
    assert library.heard.waiting() == []
    report = ingest.add(library, [tmp_path / "more"], workers=0)
    assert (report.unchanged, report.heard) == (1, 0)


def test_fragments_are_taken_when_asked_for_and_outlive_a_new_vector(
    library: Library, toy: Toy
) -> None:
    [one, two, *_] = library.tracks()
    embed(library, [one], workers=0, fragments=True)
    taken = library.heard.fragments(one.id)
    assert taken.shape == (2, fragments.DIMENSIONS)
    assert library.heard.fragments(two.id).shape == (0, fragments.DIMENSIONS)
    embed(library, [one], workers=0)
    np.testing.assert_array_equal(library.heard.fragments(one.id), taken)
    assert one.id not in library.heard.waiting(fragments=True)
    assert two.id in library.heard.waiting(fragments=True)


def test_a_track_that_is_removed_takes_what_was_heard_of_it_along(
    library: Library, toy: Toy
) -> None:
    tracks = library.tracks()
    embed(library, tracks, workers=0)
    library.remove(tracks[0].id)
    assert rows(library, "SELECT count(*) FROM vector") == [(TUNES - 1,)]
    assert tracks[0].id not in library.embeddings.ids


def test_a_file_that_is_gone_is_named_and_the_others_are_heard(library: Library, toy: Toy) -> None:
    tracks = library.tracks()
    path = tracks[0].path
    path.rename(path.with_name("elsewhere"))
    try:
        failed = embed(library, tracks[:3], workers=0)
    finally:
        path.with_name("elsewhere").rename(path)
    assert [gone for gone, _ in failed] == [path]
    assert len(library.heard.waiting()) == TUNES - 2


def test_a_library_of_before_is_read_and_upgraded(library: Library, toy: Toy) -> None:
    directory = library.directory
    library.close()
    make_older(directory, 3)
    with Library.open(directory, writable=False) as old:
        assert old.embeddings.name == HandmadeEmbedding.name
        assert len(old.heard.waiting()) == TUNES
        assert len(old.heard.fragments(old.tracks()[0].id)) == 0
    with Library.open(directory) as opened:
        embed(opened, opened.tracks(), workers=0)
        assert opened.embeddings.name == Toy.name


def test_a_worker_sends_what_it_heard_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Embedded("toy", 3, b"1234", b"56")
    worker = Worker()
    answer = {"sizes": [4, 2], "network": ["toy", 3]}, [b"1234", b"56"]
    asked: list[str] = []

    def answered(task: str, path: Path, limit_s: float) -> tuple[dict[str, Any], list[bytes]]:
        asked.append(task)
        return answer

    monkeypatch.setattr(worker, "_answer", answered)
    assert worker.embed(Path("a"), 1.0, fragments=True) == found
    assert worker.embed(Path("a"), 1.0) == found
    assert asked == ["embed fragments", "embed"]


def test_the_moment_is_told_and_models_are_listed(
    library: Library, toy: Toy, capsys: pytest.CaptureFixture[str]
) -> None:
    embed(library, library.tracks(), workers=0, fragments=True)
    directory, first = str(library.directory), library.tracks()[0]
    library.close()
    assert cli.run(["recommend", str(first.id), "--library", directory]) == 0
    out = capsys.readouterr().out
    said = re.findall(
        r"at 0:0[01] it sounds like (.*) at 0:0[01] \(loud, steady, distance \d\.\d\d\)", out
    )
    assert said, out
    assert set(said) == {first.name}
    assert cli.run(["models"]) == 0
    assert capsys.readouterr().out.startswith("musicnn  in use")
    assert cli.run(["library", "refresh", "--library", directory]) == 0
    assert f"told by musicnn, for {TUNES} tracks" in capsys.readouterr().out


def test_a_model_that_there_is_not_and_a_wheel_that_is_not_it_are_one_line_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTIPHON_MODELS", str(tmp_path / "models"))
    wheel = tmp_path / "a.whl"
    assert cli.run(["models", "add", "musicnn", "--file", str(wheel)]) == 1
    assert capsys.readouterr().err == f"antiphon: {wheel} is not there\n"
    wheel.write_bytes(b"PK")
    assert cli.run(["models", "add", "musicnn", "--file", str(wheel)]) == 1
    assert "SHA-256" in capsys.readouterr().err
    assert cli.run(["models", "add", "vggish"]) == 1
    assert "NAME must be musicnn" in capsys.readouterr().err
    assert cli.run(["library", "refresh", "--library", str(tmp_path)]) == 1
    assert "models add musicnn" in capsys.readouterr().err
    hearing.weights_path().write_bytes(b"cut")
    assert hearing.network() is None
    assert "damaged" in (hearing.note() or "")
