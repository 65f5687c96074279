"""What an analysis says of a track that is played at another pitch than it was analysed at."""

from __future__ import annotations

import pytest

from engine.analysis import Analysis, Key


def analysis(
    key: Key | None, tuning_cents: float = 0.0, tuning_confidence: float = 1.0
) -> Analysis:
    return Analysis(
        60.0, None, key, (), tuning_cents, tuning_confidence, -14.0, -1.0, (), 0.0, 60.0, 1.0
    )


@pytest.mark.parametrize(
    ("pitch_cents", "name", "cents"),
    [(0.0, "B minor", 20.0), (25.0, "B minor", 45.0), (35.0, "C minor", -45.0),
     (-80.0, "A# minor", 40.0), (100.0, "C minor", 20.0)],
)  # fmt: skip
def test_a_record_that_runs_fast_is_in_a_higher_key_and_tuning(
    pitch_cents: float, name: str, cents: float
) -> None:
    key, tuned = analysis(Key(11, "minor", 0.9), 20.0).as_played(pitch_cents)
    assert key is not None
    assert (key.name, tuned) == (name, pytest.approx(cents))


def test_what_is_not_sure_is_not_said() -> None:
    assert analysis(Key(0, "major", 0.3)).as_played(0.0)[0] is None
    assert analysis(None).as_played(0.0)[0] is None
    assert analysis(None, 30.0, 0.2).as_played(10.0)[1] == pytest.approx(10.0)
