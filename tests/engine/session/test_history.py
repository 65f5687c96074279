"""The history of an evening, and the tables made of it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from engine.library import Track
from engine.session.history import KEPT, History


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def history(clock: Clock) -> History:
    return History(clock)


def track(number: int, title: str = "Tune", artist: str = "Artist") -> Track:
    return Track(number, Path(f"/{number}.flac"), title, artist, "", 200.0, 48_000, False)


def test_what_is_heard_lasts_until_something_else_is_and_what_is_played_likewise(
    history: History, clock: Clock
) -> None:
    history.note("heard", track(1), 12.0, 0.99)
    clock.now += 10
    history.note("played", track(2), 0.0)
    clock.now += 20
    history.note("like", track(1))
    history.note("silence")
    clock.now += 5
    history.end_played()
    clock.now += 1
    seconds = [(entry.kind, entry.track_id, entry.seconds) for entry in history.entries]
    assert seconds == [
        ("heard", 1, 30.0),
        ("played", 2, 25.0),
        ("like", 1, None),
        ("silence", None, None),
    ]


def test_an_endless_evening_keeps_its_latest_events(history: History) -> None:
    for number in range(KEPT + 50):
        history.note("heard", track(number))
    assert len(history) == KEPT
    assert history.entries[-1].track_id == KEPT + 49


def test_json_and_csv_hold_every_event_in_order(history: History) -> None:
    history.note("heard", track(1, 'Naïve, "quoted"\nline'), 12.5, 0.9)
    history.note("skip", track(2))
    assert [entry["kind"] for entry in json.loads(history.to_json())] == ["heard", "skip"]
    rows = list(csv.DictReader(io.StringIO(history.to_csv())))
    assert [row["title"] for row in rows] == ['Naïve, "quoted"\nline', "Tune"]
    assert rows[0]["position_s"] == "12.5"
    assert rows[1]["confidence"] == ""


@pytest.mark.parametrize("title", ["=HYPERLINK(1)", "+1", "-2", "@SUM(A1)", "\t=1", " =1"])
def test_no_title_is_a_formula_in_a_spreadsheet(history: History, title: str) -> None:
    history.note("played", track(1, title, "Ordinary - artist"))
    (row,) = csv.DictReader(io.StringIO(history.to_csv()))
    assert row["title"] == f"'{title}"
    assert row["artist"] == "Ordinary - artist"
