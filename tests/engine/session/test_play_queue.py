"""The queue: what the user puts there stays, and everything can be taken back."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from engine.session import QUEUE_LENGTH, Rules

from ..made import Made
from .conftest import Desk

_COUNT = 60


@pytest.fixture
def crowd(desk: Callable[..., Desk]) -> Desk:
    """Return a desk with 60 tracks of 20 artists in 40 playlists."""
    rng = np.random.default_rng(3)
    tracks = [
        Made(f"Tune {i}", f"Artist {i % 20}", float(rng.uniform(100.0, 400.0)))
        for i in range(1, _COUNT + 1)
    ]
    return desk(tracks, [rng.permutation(_COUNT)[:8].tolist() for _ in range(40)])


def test_the_users_entries_and_pins_stay_while_suggestions_are_renewed(crowd: Desk) -> None:
    queue = crowd.queue
    mine = queue.add(7, 2)
    pinned = queue.entries[5]
    queue.pin(pinned.id)
    for heard in range(20, 30):
        crowd.hear(heard)
        queue.like(heard)
        assert queue.entries[2] == mine
        assert queue.entries[5].id == pinned.id
        assert queue.entries[5].track == pinned.track
        assert len(queue) == QUEUE_LENGTH
        assert len(set(crowd.ids)) == QUEUE_LENGTH


def test_an_entry_without_a_place_comes_behind_the_users_others_and_before_suggestions(
    crowd: Desk,
) -> None:
    assert [crowd.queue.add(track).track.id for track in (3, 1, 2)] == [3, 1, 2]
    assert crowd.ids[:3] == [3, 1, 2]
    assert all(entry.by == "suggested" for entry in crowd.queue.entries[3:])


def test_several_tracks_come_in_their_order_and_go_by_one_undo(crowd: Desk) -> None:
    crowd.queue.add(7)
    before = crowd.ids
    last, first = before[-1], before[1]  # suggestions that the user takes over
    fresh = next(i for i in crowd.facts.ids.tolist() if i not in before)
    new = crowd.queue.add_all([last, fresh, first, fresh], 1)
    assert [entry.track.id for entry in new] == [last, fresh, first]
    assert crowd.ids[:4] == [7, last, fresh, first]
    assert len(set(crowd.ids)) == len(crowd.ids)
    with pytest.raises(ValueError, match=r"track_id must be a track of the library, got 12345"):
        crowd.queue.add_all([5, 12345])
    assert crowd.ids[:4] == [7, last, fresh, first]
    assert crowd.queue.undo()
    assert crowd.ids == before


def test_what_is_removed_is_not_suggested_again_until_it_is_undone(crowd: Desk) -> None:
    before = crowd.queue.entries
    crowd.queue.remove(before[1].id)
    assert before[1].track.id not in crowd.ids
    crowd.hear(5)
    assert before[1].track.id not in crowd.ids
    assert crowd.queue.undo()
    crowd.hear(6)
    assert crowd.queue.undo() is False


def test_moving_a_suggestion_pins_it_there(crowd: Desk) -> None:
    last = crowd.queue.entries[-1]
    crowd.queue.move(last.id, 0)
    crowd.queue.like(9)
    assert crowd.queue.entries[0].id == last.id
    assert crowd.queue.entries[0].pinned


def random_change(crowd: Desk, rng: np.random.Generator) -> None:
    """Make one change as a user would."""
    queue = crowd.queue
    track = int(rng.integers(1, _COUNT + 1))
    some = queue.entries[int(rng.integers(len(queue)))].id
    changes: list[Callable[[], object]] = [
        lambda: queue.add(track),
        lambda: queue.add(track, int(rng.integers(len(queue)))),
        lambda: queue.remove(some),
        lambda: queue.move(some, int(rng.integers(len(queue)))),
        lambda: queue.pin(some, bool(rng.integers(2))),
        lambda: queue.like(track),
        lambda: queue.unlike(track),
        lambda: queue.skip(track),
        lambda: queue.more_like(track),
        lambda: setattr(queue, "rules", Rules(artist_spacing=int(rng.integers(1, 9)))),
        lambda: queue.fit(float(rng.uniform(600.0, 3000.0))),
    ]
    changes[int(rng.integers(len(changes)))]()


def state(crowd: Desk) -> tuple[object, ...]:
    queue = crowd.queue
    return queue.entries, queue.likes, queue.skips, queue.rules


def test_a_hundred_changes_are_undone_and_made_again_exactly(crowd: Desk) -> None:
    rng = np.random.default_rng(8)
    states = [state(crowd)]
    for _ in range(120):
        random_change(crowd, rng)
        states.append(state(crowd))
    for expected in states[-2::-1]:
        assert crowd.queue.undo()
        assert state(crowd) == expected
    assert not crowd.queue.undo()
    for expected in states[1:]:
        assert crowd.queue.redo()
        assert state(crowd) == expected
    assert not crowd.queue.redo()


def test_undo_after_the_queue_advanced_brings_nothing_back_that_was_played(crowd: Desk) -> None:
    queue = crowd.queue
    first, second = queue.add(1), queue.add(2)
    queue.remove(second.id)
    queue.like(30)
    assert queue.advance() == first
    assert queue.undo()  # the like
    assert queue.likes == ()
    assert queue.undo()  # the removal
    assert crowd.ids[0] == 2
    assert 1 not in crowd.ids
    assert len(queue) == QUEUE_LENGTH
    assert queue.undo()
    assert queue.undo()
    assert not queue.can_undo
    assert {1, 2}.isdisjoint(entry.track.id for entry in queue if entry.by == "user")


def test_a_change_after_an_undo_ends_what_could_be_made_again(crowd: Desk) -> None:
    crowd.queue.like(1)
    crowd.queue.undo()
    assert crowd.queue.can_redo
    crowd.queue.like(2)
    assert not crowd.queue.can_redo


def test_more_like_this_goes_on_from_that_track_alone(desk: Callable[..., Desk]) -> None:
    """Two worlds of sound: the evening is in one, the wish in the other."""
    worlds = [[3.0] * 12 + [0.0] * 12, [0.0] * 12 + [3.0] * 12]
    tracks = [Made(f"Tune {i}", f"Artist {i}", vector=worlds[i % 2]) for i in range(40)]
    crowd = desk(tracks)
    for heard in (1, 3, 5, 7):  # places 0, 2, 4, 6
        crowd.hear(heard)
        crowd.queue.like(heard)
    assert all(track % 2 == 1 for track in crowd.ids)
    crowd.queue.more_like(2)
    assert all(track % 2 == 0 for track in crowd.ids)
    assert 2 not in crowd.ids
    crowd.queue.undo()
    assert all(track % 2 == 1 for track in crowd.ids)


def test_a_skipped_track_leaves_the_queue_and_a_like_takes_the_skip_back(crowd: Desk) -> None:
    gone = crowd.ids[0]
    crowd.queue.skip(gone)
    assert gone not in crowd.ids
    assert crowd.queue.skips == (gone,)
    crowd.queue.like(gone)
    assert (crowd.queue.likes, crowd.queue.skips) == ((gone,), ())
    crowd.queue.skip(gone)
    assert (crowd.queue.likes, crowd.queue.skips) == ((), (gone,))


def test_the_queue_is_never_empty_while_there_is_a_track(desk: Callable[..., Desk]) -> None:
    crowd = desk([Made("One", "A"), Made("Two", "B")])
    crowd.queue.skip(1)
    crowd.queue.remove(crowd.queue.entries[0].id)
    assert len(crowd.queue) == 2
    played = [entry.track.id for entry in (crowd.queue.advance() for _ in range(6)) if entry]
    assert len(played) == 6
    assert set(played) == {1, 2}
    assert "nothing new is left" in crowd.queue.entries[0].reason


def test_an_empty_library_has_an_empty_queue(desk: Callable[..., Desk]) -> None:
    crowd = desk([])
    assert crowd.queue.entries == []
    assert crowd.queue.advance() is None
    assert crowd.queue.fit(600.0) == []


@pytest.mark.parametrize("minutes", [5, 17, 45, 130])
def test_the_music_ends_when_it_is_asked_to(crowd: Desk, minutes: int) -> None:
    crowd.left_s, crowd.overlap_s = 63.4, 4.0
    mine = crowd.queue.add(33)
    assert mine.track.duration_s > 250.0  # all that the first case has room for
    crowd.queue.fit(60.0 * minutes)
    assert crowd.queue.entries[0] == mine
    assert crowd.queue.fit_off_s == pytest.approx(crowd.queue.ends_in_s - 60.0 * minutes, abs=1e-6)
    if minutes > 5:
        assert abs(crowd.queue.fit_off_s) <= 1.0
        assert len(set(crowd.ids)) == len(crowd.ids)
    else:
        assert crowd.ids == [33]
    crowd.hear(50)  # what is suggested afterwards does not reach beyond the end
    assert abs(crowd.queue.ends_in_s - 60.0 * minutes - crowd.queue.fit_off_s) < 1e-6


def test_a_fitted_queue_that_is_played_out_goes_on_with_suggestions(crowd: Desk) -> None:
    crowd.queue.fit(500.0)
    for _ in range(len(crowd.queue)):
        crowd.queue.advance()
    assert len(crowd.queue) == QUEUE_LENGTH


def test_entries_start_one_after_the_other_less_their_crossfades(crowd: Desk) -> None:
    crowd.left_s, crowd.overlap_s = 30.0, 5.0
    first = crowd.queue.entries[0].track.duration_s
    assert crowd.queue.starts_in_s[:2] == pytest.approx([25.0, 25.0 + first - 5.0])


@pytest.mark.parametrize("place", [-1, 99, 1.5, True])
def test_a_place_outside_the_queue_is_refused_and_nothing_changes(
    crowd: Desk, place: object
) -> None:
    before = crowd.queue.entries
    with pytest.raises(ValueError, match="place must be 0 to"):
        crowd.queue.add(7, place)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="place must be 0 to"):
        crowd.queue.move(before[0].id, place)  # type: ignore[arg-type]
    assert crowd.queue.entries == before
    assert not crowd.queue.can_undo


def test_unknown_tracks_entries_and_times_are_refused(crowd: Desk) -> None:
    queue = crowd.queue
    with pytest.raises(ValueError, match="track_id must be a track of the library, got 99999"):
        queue.add(99999)
    for call in (queue.remove, queue.pin, lambda entry: queue.move(entry, 0)):
        with pytest.raises(ValueError, match="entry_id must be an entry of the queue, got 99999"):
            call(99999)
    for seconds in (0.0, -5.0, float("nan"), 1e9):
        with pytest.raises(ValueError, match="seconds must be 1 to 86400"):
            queue.fit(seconds)
    assert not queue.can_undo


def test_changes_from_many_threads_leave_a_whole_queue(crowd: Desk) -> None:
    errors: list[BaseException] = []

    def busy(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(15):
            try:
                random_change(crowd, rng)
                crowd.queue.advance()
                crowd.queue.undo()
            except ValueError as error:  # another thread took the entry away
                if "entry_id" not in str(error) and "place" not in str(error):
                    errors.append(error)
            except BaseException as error:
                errors.append(error)
                raise

    threads = [threading.Thread(target=busy, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    ids = [entry.id for entry in crowd.queue]
    assert len(set(ids)) == len(ids) > 0
    assert crowd.told > 0
