"""Scala tunings: the formats' own examples, known tunings, and every refusal by its line."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as hs

from dsp.tuning import Keyboard, Scale, parse_keyboard, parse_scale, tuned_keys

# The example of the format's description.
MEANTONE = """! meanquar.scl
!
1/4-comma meantone scale. Pietro Aaron's temperament (1523)
 12
!
 76.04900
 193.15686
 310.26471
 5/4
 503.42157
 579.47057
 696.57843
 25/16
 889.73529
 1006.84314
 1082.89214
 2/1
"""
WHITE_KEYS = """! white keys of a pattern of twelve
12
0
127
60
69
440.0
7
0
x
1
x
2
3
x
4
x
5
x
6
"""
EQUAL = Scale("12", tuple(100.0 * i for i in range(1, 13)))


def test_the_example_of_the_format_is_understood() -> None:
    scale = parse_scale(MEANTONE)
    assert scale.description.startswith("1/4-comma meantone")
    assert len(scale.cents) == 12
    assert scale.cents[3] == pytest.approx(386.3137, abs=1e-4)  # the pure third
    assert scale.cents[7] == pytest.approx(772.6274, abs=1e-4)


@pytest.mark.parametrize(
    ("line", "cents"),
    [
        ("81/64", 407.820),
        ("408.0", 408.0),
        ("408.", 408.0),
        ("5", 2786.314),
        ("-5.0", -5.0),
        ("10/20", -1200.0),
        ("100.0 cents", 100.0),
        ("100.0 C#", 100.0),
        ("5/4   E\\", 386.314),
        ("\t3/2", 701.955),
        ("2147483647/2147483646", 0.0),
    ],
)
def test_a_pitch_is_read_as_the_format_shows(line: str, cents: float) -> None:
    assert parse_scale(f"!\n\n1\n{line}\n").cents == pytest.approx((cents,), abs=1e-3)


def test_comments_and_ends_of_lines_of_every_system_are_understood() -> None:
    for end in ("\n", "\r\n", "\r"):
        text = end.join(["! x", "name", "! y", "2", "! z", "3/2", "2/1", "what comes after"])
        assert parse_scale(text).cents == pytest.approx((701.955, 1200.0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a scale needs a line of description and one with the number"),
        ("name\n", "line 2: the number of notes must be a number 0 to 4096, got ''"),
        ("name\ntwelve", "line 2: the number of notes must be a number 0 to 4096, got 'twelve'"),
        ("name\n-1", "line 2: the number of notes must be a number 0 to 4096, got '-1'"),
        ("name\n999999", "line 2: the number of notes must be"),
        ("name\n2\n3/2", "it says 2 notes, but only 1 follow"),
        ("! c\nname\n1\n! c\nfifth", "line 5: must begin with cents or a ratio, got 'fifth'"),
        ("name\n1\n-3/2", "line 3: a ratio must be positive, got -3/2"),
        ("name\n1\n0", "line 3: a ratio must be positive, got 0"),
        ("name\n1\n3/0", "line 3: a ratio must be positive, got 3/0"),
        ("name\n1\n1.2.3", "line 3: cents must look like 701.955, got '1.2.3'"),
        ("name\n1\n1e3.", "line 3: cents must look like"),
        ("name\n1\n3/2x", "line 3: must begin with cents or a ratio, got '3/2x'"),
        (f"name\n1\n{2**63}", "line 3: the numbers of a ratio must be below 2^63"),
    ],
)
def test_a_broken_scale_is_refused_by_line_and_rule(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(said)):
        parse_scale(text)


def test_equal_temperament_changes_nothing() -> None:
    assert tuned_keys(EQUAL) == pytest.approx(np.arange(128), abs=1e-9)


def test_meantone_has_its_pure_thirds_around_middle_c() -> None:
    pitches = tuned_keys(parse_scale(MEANTONE))
    assert pitches[60] == pytest.approx(60.0)
    assert pitches[64] - pitches[60] == pytest.approx(12 * np.log2(5 / 4))
    assert pitches[64 + 24] - pitches[60] == pytest.approx(24 + 12 * np.log2(5 / 4))
    assert pitches[52] - pitches[48] == pytest.approx(12 * np.log2(5 / 4))


def test_a_scale_without_octave_repeats_at_its_own_period() -> None:
    bohlen_pierce = Scale("BP", tuple(1200 * np.log2(3) * i / 13 for i in range(1, 14)))
    pitches = tuned_keys(bohlen_pierce, Keyboard(reference=69, frequency=440.0))
    assert pitches[69] == pytest.approx(69.0)
    assert pitches[82] - pitches[69] == pytest.approx(12 * np.log2(3))
    assert pitches[56] - pitches[69] == pytest.approx(-12 * np.log2(3))


def test_a_mapping_leaves_keys_out_and_hangs_on_its_reference() -> None:
    board = parse_keyboard(WHITE_KEYS)
    just = [9 / 8, 5 / 4, 4 / 3, 3 / 2, 5 / 3, 15 / 8, 2.0]
    pitches = tuned_keys(Scale("just", tuple(1200 * np.log2(r) for r in just)), board)
    assert pitches[69] == pytest.approx(69.0)
    black = [key for key in range(128) if key % 12 in (1, 3, 6, 8, 10)]
    assert np.isnan(pitches[black]).all()
    assert not np.isnan(np.delete(pitches, black)).any()
    assert pitches[72] - pitches[60] == pytest.approx(12.0)
    assert pitches[67] - pitches[60] == pytest.approx(12 * np.log2(3 / 2))
    assert pitches[69] - pitches[60] == pytest.approx(12 * np.log2(5 / 3))


def test_keys_at_the_end_may_be_left_out_and_those_outside_stay() -> None:
    board = parse_keyboard("! c\n3\n60\n65\n60\n60\n261.6255653\n0\n0\n1\n")
    pitches = tuned_keys(Scale("", (150.0, 300.0)), board)
    assert pitches[[59, 66, 127]] == pytest.approx([59, 66, 127])
    assert pitches[60:66] == pytest.approx([60, 61.5, np.nan, 63, 64.5, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it ends before the size of the map"),
        ("0\n0\n127\n60\n69", "at the end: the frequency must be 1 to 20000 Hz, got ''"),
        ("0\n0\n127\n60\n69\n0\n0", "line 6: the frequency must be 1 to 20000 Hz, got"),
        ("0\n0\n127\n60\n69\nnan\n0", "line 6: the frequency must be 1 to"),
        ("0\n0\n128\n60\n69\n440\n0", "line 3: the last key must be a number 0 to 127, got '128'"),
        ("0\n9\n5\n60\n69\n440\n0", "the last key must not be below the first, got 9 and 5"),
        ("0\n0\n127\n60\n69\n440", "it ends before the degree of the octave"),
        ("1\n0\n127\n60\n60\n440\n1\ny", "line 8: a degree must be a number -4096 to 4096, got"),
    ],
)
def test_a_broken_mapping_is_refused_by_line_and_rule(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(said)):
        parse_keyboard(text)


def test_a_reference_that_is_not_mapped_is_refused() -> None:
    board = Keyboard(middle=60, reference=61, degrees=(0, None))
    with pytest.raises(ValueError, match="the reference key 61 is not mapped to a degree"):
        tuned_keys(EQUAL, board)


def test_keys_beyond_hearing_have_no_pitch() -> None:
    pitches = tuned_keys(Scale("octaves", (1200.0,)))
    assert pitches[56:67] == pytest.approx(60 + 12.0 * np.arange(-4, 7))
    assert np.isnan(pitches[:52]).all()
    assert np.isnan(pitches[67:]).all()


@given(
    cents=hs.lists(hs.floats(100.0, 1500.0), min_size=1, max_size=30),
    reference=hs.integers(50, 70),
    frequency=hs.floats(200.0, 500.0),
)
def test_the_reference_key_always_sounds_at_its_frequency(
    cents: list[float], reference: int, frequency: float
) -> None:
    board = Keyboard(first=40, last=80, reference=reference, frequency=frequency)
    steps = tuple(np.cumsum(cents) / max(cents) * 120.0)
    pitches = tuned_keys(Scale("", steps), board)
    assert 440.0 * 2 ** ((pitches[reference] - 69) / 12) == pytest.approx(frequency)
    assert (np.diff(pitches[40:81]) > 0).all()
