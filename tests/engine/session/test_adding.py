"""Adding while a session runs: in another process, and then the session knows the new music."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import LibraryError
from engine.io.device import Stream
from engine.library import Library, ingest
from engine.session import Session
from engine.synth import Synth

from ..conftest import RATE, WriteTune, tune

pytestmark = pytest.mark.usefixtures("analyse_once")


@pytest.fixture
def synth() -> Synth:
    synth = Synth()
    synth.render([], 0.01)
    return synth


@pytest.fixture
def session(tmp_path: Path, write_tune: WriteTune, synth: Synth) -> Iterator[Session]:
    """Return a session over a library of one tune, which another process may change."""
    write_tune("music/one.flac", 1, title="One", artist="A")
    home = tmp_path / "library"
    with Library.open(home) as library:
        ingest.add(library, [tmp_path / "music"], workers=0)
    with (
        Library.open(home, writable=False) as library,
        Session(library, synth, Stream(synth, 128)) as session,
    ):
        yield session


def test_a_folder_is_added_beside_the_session_which_then_knows_it(
    session: Session, tmp_path: Path, write_tune: WriteTune
) -> None:
    folder = tmp_path / "-new"  # a name like an option
    write_tune("-new/two.flac", 2, title="Two", artist="B")
    (folder / "bad.flac").write_bytes(b"this is no music")
    decks, listener, told, seen = session.decks, session.listener, [], []
    session.on_change.append(lambda part: (told.append(part), seen.append(session.adding)))
    session.queue.like(1)
    session.add_folder(folder)
    with pytest.raises(LibraryError, match="-new is being added; wait for it"):
        session.add_folder(folder)
    assert session.wait_for_adding(120.0)
    progress = session.adding
    assert progress is not None
    assert (progress.done, progress.total, progress.added, progress.failed) == (2, 2, 1, 1)
    assert progress.finished
    assert progress.error == ""
    assert "library" in told
    assert any(one is not None and one.current and not one.finished for one in seen)
    (two,) = session.library.search("two").tracks
    assert session.queue.entries[0].track.title == "Two"
    assert session.queue.add(two.id).track == two
    assert session.library.index.identify(tune(2), RATE)[0].track_id == two.id
    assert session.listener is not listener  # it listens for the new one, too
    assert session.listener.error is None
    assert session.decks is decks
    assert session.queue.likes == (1,)


def test_a_library_that_is_held_for_writing_cannot_be_added_to(
    tmp_path: Path, synth: Synth
) -> None:
    with (
        Library.open(tmp_path / "library") as library,
        Session(library, synth, Stream(synth, 128)) as session,
        pytest.raises(LibraryError, match="only another process can add"),
    ):
        session.add_folder(tmp_path)


def test_why_adding_failed_is_told_and_the_session_goes_on(
    session: Session, tmp_path: Path
) -> None:
    with Library.open(session.library.directory):  # somebody else holds it
        session.add_folder(tmp_path)
        assert session.wait_for_adding(120.0)
    assert session.adding is not None
    assert session.adding.finished
    assert "is being changed by another process" in session.adding.error
    assert len(session.queue) == 1
