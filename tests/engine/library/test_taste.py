"""Models of a library: trained by command, whole or not at all, old ones serve until then."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.app import cli
from engine.errors import LibraryLockedError, ModelError
from engine.library import Library
from engine.library.database import WriterLock
from recommend import Blend, models
from recommend.models import Kind, Model, Taught
from recommend.neighbours import Neighbours, item_neighbours

from ..made import Made, made_library

TRACKS = [Made(f"Tune {i}", f"Artist {i % 7}") for i in range(40)]
EVENS, ODDS = range(0, 40, 2), range(1, 40, 2)


def lists(count: int) -> list[list[int]]:
    rng = random.Random(3)
    return [rng.sample(range(number % 2, 40, 2), 8) for number in range(count)]


def small(taught: Taught, checkpoint: Path | None) -> Model:
    return Blend(4, 5, rounds=1).fit(taught.interactions, taught.artists, checkpoint)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setitem(models.MODELS, "default", Kind("small", small, Blend.load))  # type: ignore[misc]
    with made_library(tmp_path, TRACKS, lists(300)) as opened:
        yield opened


def add_list(library: Library, number: int) -> None:
    path = library.directory.parent / f"{number}.m3u8"
    path.write_text(f"#EXTINF:1,Artist {number} - Tune {number}\nx.mp3\n")
    library.add_playlist(path)


def files(library: Library) -> list[str]:
    return sorted(path.name for path in library.directory.glob("taste-*"))


def kinds(library: Library) -> set[str]:
    found = library.recommender().recommend([1, 3], 10)
    return {reason.kind for suggestion in found for reason in suggestion.reasons}


def state(library: Library, name: str) -> tuple[bool, bool, bool]:
    (found,) = (s for s in library.taste.states() if s.name == name)
    return found.trained, found.stale, found.serving


def test_the_default_serves_once_trained_and_on_while_playlists_change(library: Library) -> None:
    assert library.taste.is_due()
    assert state(library, "default") == (False, False, False)
    assert state(library, "wrmf") == (True, False, True)
    assert "artists" not in kinds(library)
    assert library.taste.train() == (300, 40)
    assert not library.taste.is_due()
    assert state(library, "default") == (True, False, True)
    assert "artists" in kinds(library)
    assert library.taste.train() is None
    first = files(library)
    add_list(library, 2)
    assert library.taste.is_due()
    assert state(library, "default") == (True, True, True)
    assert "artists" in kinds(library)
    assert library.taste.train() == (301, 40)
    assert state(library, "default") == (True, False, True)
    assert len(files(library)) == len(first) == 1
    assert files(library) != first


def test_an_interrupted_training_leaves_the_old_model_and_what_it_did(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.taste.train()
    old = files(library)
    add_list(library, 2)

    def interrupted(taught: Taught, checkpoint: Path | None) -> Model:
        assert checkpoint is not None
        checkpoint.mkdir()
        raise KeyboardInterrupt

    monkeypatch.setitem(models.MODELS, "default", Kind("", interrupted, Blend.load))  # type: ignore[misc]
    with pytest.raises(KeyboardInterrupt):
        library.taste.train()
    assert set(files(library)) - set(old) == {old[0].replace("-1-", "-2-")[:-5] + "unfinished"}
    assert "artists" in kinds(library)
    monkeypatch.setitem(models.MODELS, "default", Kind("", small, Blend.load))  # type: ignore[misc]
    assert library.taste.train() == (301, 40)
    assert len(files(library)) == 1


def test_a_damaged_model_serves_nobody_and_is_told_only_who_asked_for_it(library: Library) -> None:
    library.taste.train()
    library.taste.train("knn")
    for path in library.directory.glob("taste-*"):
        path.write_bytes(path.read_bytes()[:-9])
    assert "artists" not in kinds(library)
    with pytest.raises(ModelError, match=r"knn is damaged .* `antiphon models train knn`"):
        library.taste.recommender("knn")
    assert files(library) == []


def test_models_of_another_library_are_none_of_this_one(library: Library, tmp_path: Path) -> None:
    library.taste.train()
    library.taste.recommender("wrmf")
    with made_library(tmp_path / "other", TRACKS[::-1], lists(300)) as other:
        expected = other.recommender().recommend([1, 3])
        for path in other.directory.glob("*.model"):
            path.unlink()
        for path in library.directory.glob("*.model"):
            shutil.copy(path, other.directory)
        assert not any(s.trained for s in other.taste.states() if s.name == "default")
        with pytest.raises(ModelError, match="default is not trained"):
            other.taste.recommender("default")
        assert other.recommender().recommend([1, 3]) == expected


def test_a_track_in_no_playlist_stands_near_its_artist(tmp_path: Path) -> None:
    # artist 0 made the even ones, artist 1 the odd ones; sounds say nothing
    tracks = [Made(f"Tune {i}", f"Artist {i % 2}") for i in range(40)]
    tracks += [Made("New", "Artist 0"), Made("New", "artist 1"), Made("New", "Nobody")]
    made_library(tmp_path, tracks, lists(100)).close()
    for _ in range(2):  # as it is fitted, and as it is stored
        with Library.open(tmp_path / "library") as opened:
            recommender = opened.recommender()
            recommender.sound_weight = 0.0
            found = recommender.rank([1, 3], 42).ids.tolist()
        assert found.index(41) < found.index(43) < found.index(42)


def test_two_do_not_train_at_once(library: Library) -> None:
    held = WriterLock(library.directory, "training.lock", "learnt from")
    try:
        with pytest.raises(LibraryLockedError, match="being learnt from by another process"):
            library.taste.train("knn")
    finally:
        held.release()
    assert library.taste.train("knn") == (300, 40)


def test_too_few_playlists_and_names_that_are_none_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with made_library(tmp_path, TRACKS, lists(12)) as library:
        directory = str(library.directory)
        assert not library.taste.is_due()

    def said(*arguments: str) -> str:
        assert cli.run([*arguments, "--library", directory]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        return line

    assert "at least 300 playlists, the library has 12" in said("models", "train")
    assert "the model sound needs no training" in said("models", "train", "sound")
    assert "must be one of default, blend" in said("models", "train", "magic")
    assert "must be one of default, blend" in said("recommend", "1", "--model", "magic")
    assert "ease is not trained" in said("recommend", "1", "--model", "ease")
    assert "two-tower is not trained" in said("recommend", "--name", "rainy sunday")
    assert "is for the model two-tower" in said("recommend", "--name", "x", "--model", "knn")


def test_the_command_says_when_a_better_model_can_be_had_and_uses_the_one_asked_for(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = str(library.directory)
    library.close()

    def ranked(*arguments: str) -> list[int]:
        arguments = ("recommend", "1", "-n", "6", "--json", "--library", directory, *arguments)
        assert cli.run([*arguments]) == 0
        return [json.loads(line)["track_id"] for line in capsys.readouterr().out.splitlines()]

    assert cli.run(["recommend", "1", "--library", directory]) == 0
    assert "`antiphon models train`" in capsys.readouterr().err
    assert cli.run(["models", "train", "knn", "--library", directory]) == 0
    assert capsys.readouterr().out == "knn learnt from 300 playlists of 40 tracks\n"
    assert {track % 2 for track in ranked("--model", "knn")} == {1}  # odd ids: even places
    assert ranked("--model", "sound") != ranked("--model", "wrmf")
    assert cli.run(["models", "list", "--library", directory]) == 0
    assert "knn  there" in capsys.readouterr().out


def test_a_name_alone_is_enough_for_two_towers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from recommend.neural.two_tower import TwoTower

    def towers(taught: Taught, checkpoint: Path | None) -> Model:
        model = TwoTower(8, epochs=12, learning_rate=0.04, batch_size=16, buckets=512)
        return model.fit(taught.interactions, taught.names, checkpoint=checkpoint)

    monkeypatch.setitem(models.MODELS, "two-tower", Kind("", towers, TwoTower.load))  # type: ignore[misc]
    with made_library(tmp_path, TRACKS) as library:
        listed = [
            {
                "name": ("rainy evening", "beach party")[number % 2],
                "tracks": [
                    {"track_name": f"Tune {i}", "artist_name": f"Artist {i % 7}"} for i in members
                ],
            }
            for number, members in enumerate(lists(60))
        ]
        (tmp_path / "lists.json").write_text(json.dumps({"playlists": listed}))
        library.add_playlist(tmp_path / "lists.json")
        directory = str(library.directory)
    assert cli.run(["models", "train", "two-tower", "--library", directory]) == 0
    capsys.readouterr()
    for name, side in (("Rainy Sunday", 1), ("party", 0)):
        arguments = ["recommend", "--name", name, "-n", "8", "--library", directory, "--json"]
        assert cli.run(arguments) == 0
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert {one["track_id"] % 2 for one in found} == {side}
        assert found[0]["words"] == "goes with the name"


def test_songs_that_are_not_here_teach_with_their_artists(tmp_path: Path) -> None:
    taught: list[Taught] = []

    def note(given: Taught, _: Path | None) -> Model:
        taught.append(given)
        return item_neighbours().fit(given.interactions)

    with made_library(tmp_path, TRACKS, lists(4)) as library:
        path = library.directory.parent / "a.m3u8"
        path.write_text("#EXTINF:1,The Artist 3 - Elsewhere\nx.mp3\n")
        library.add_playlist(path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(models.MODELS, "knn", Kind("", note, Neighbours.load))  # type: ignore[misc]
            library.taste.train("knn")
        (given,) = taught
        elsewhere = library.playlists()[-1].track_ids[0]
        assert elsewhere < 0
        assert given.artists[elsewhere] == given.artists[4]
        assert given.names is not None
        assert len(given.names) == given.interactions.matrix.shape[0] == 5
