"""What an analysis says of a track at another pitch, and how its key is spelled."""

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
     (-80.0, "Bb minor", 40.0), (100.0, "C minor", 20.0)],
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


def signs(name: str, scale: tuple[int, ...]) -> int:
    """Return how many sharps or flats the key of a scale has, a letter for each of its notes."""
    natural = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
    first = "CDEFGAB".index(name[0])
    letters = [natural["CDEFGAB"[(first + k) % 7]] for k in range(7)]
    bends = [(note - letter + 6) % 12 - 6 for note, letter in zip(scale, letters, strict=True)]
    return sum(map(abs, bends))


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("tonic", range(12))
def test_a_key_is_spelled_with_the_fewer_accidentals(tonic: int, mode: str) -> None:
    key = Key(tonic, mode)
    word, said = key.name.split()
    assert said == mode
    natural = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    bend = {"": 0, "#": 1, "b": -1}
    assert (natural[word[0]] + bend[word[1:]]) % 12 == tonic
    others = [
        letter + sign
        for letter, at in natural.items()
        for sign, by in bend.items()
        if (at + by) % 12 == tonic
    ]
    assert signs(word, key.scale()) == min(signs(other, key.scale()) for other in others)
