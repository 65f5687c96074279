"""What the demo makes of a listener's answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.app.demo import Outcome
from engine.library import Track
from engine.listener import Heard


def _answer(track_id: int | None, position_s: float | None) -> tuple[Heard, Track | None]:
    state = "unknown" if track_id is None else "known"
    heard = Heard(state, track_id, position_s, 0.9, 1.0, 48_000, 1.0)  # type: ignore[arg-type]
    if track_id is None:
        return heard, None
    return heard, Track(track_id, Path("x.flac"), "x", "", "", 30.0, 48_000, False)


def _outcome(wanted: int | None, *answers: tuple[Heard, Track | None]) -> Outcome:
    return Outcome(wanted, list(answers), np.zeros(0, dtype=np.float32), 0.0, 0.0)


def test_a_corrected_place_is_the_one_that_counts() -> None:
    outcome = _outcome(7, _answer(7, 24.0), _answer(7, 10.0))
    heard, _ = outcome.latest
    assert heard is not None
    assert heard.position_s == 10.0
    assert outcome.right


def test_a_tune_named_after_an_unknown_counts_as_named() -> None:
    outcome = _outcome(7, _answer(None, None), _answer(7, 10.0))
    heard, _ = outcome.latest
    assert heard is not None
    assert heard.track_id == 7
    assert outcome.right


def test_any_other_name_makes_the_outcome_wrong() -> None:
    assert not _outcome(7, _answer(7, 1.0), _answer(3, 1.0)).right
    assert not _outcome(None, _answer(None, None), _answer(3, 1.0)).right


def test_silence_is_no_right_answer() -> None:
    assert not _outcome(7).right
    assert not _outcome(None).right
    assert _outcome(None, _answer(None, None)).right
