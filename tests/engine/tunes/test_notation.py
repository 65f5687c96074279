"""Melodies, chords, patterns and scores as text."""

from __future__ import annotations

from fractions import Fraction

import pytest

from engine.tunes.chords import play_drum, play_pattern, read_chords
from engine.tunes.notation import key_signature, pitch_of, read_notes
from engine.tunes.sheet import read_score

FOUR = Fraction(4)


def read(text: str, key: str = "C") -> list[tuple[float, float, int]]:
    """Return start, length and pitch of a melody in 4/4 with a quarter note as the unit."""
    notes, _ = read_notes(text, key, Fraction(1), FOUR)
    return [(float(note.start), float(note.length), note.pitch) for note in notes]


@pytest.mark.parametrize(
    ("key", "steps"),
    [
        ("C", {}),
        ("D", {"F": 1, "C": 1}),
        ("Eb", {"B": -1, "E": -1, "A": -1}),
        ("F#m", {"F": 1, "C": 1, "G": 1}),
        ("Ddor", {}),
        ("Gmix", {}),
        ("Cm", {"B": -1, "E": -1, "A": -1}),
    ],
)
def test_a_key_raises_or_lowers_its_letters(key: str, steps: dict[str, int]) -> None:
    assert {k: v for k, v in key_signature(key).items() if v} == steps


def test_letters_and_marks_give_octaves() -> None:
    assert [pitch for _, _, pitch in read("C,,C,Cc | c'c''Bb")] == [36, 48, 60, 72, 84, 96, 71, 83]


def test_an_accidental_holds_for_its_octave_until_the_end_of_the_bar() -> None:
    assert [p for _, _, p in read("^F F f =F | F4", "D")] == [66, 66, 78, 65, 66]
    assert [p for _, _, p in read("__B ^^F _E =E")] == [69, 67, 63, 64]


def test_lengths_multiply_and_divide_the_unit() -> None:
    assert [n for _, n, _ in read("C2 C/ C/ C3/4 C//")] == [2, 0.5, 0.5, 0.75, 0.25]


def test_broken_rhythm_and_triplets_share_out_time() -> None:
    assert [n for _, n, _ in read("C>D E<F")] == [1.5, 0.5, 0.5, 1.5]
    starts = [s for s, _, _ in read("(3C/D/E/ F z2")]
    assert starts == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_a_tie_joins_notes_and_chords_across_the_bar() -> None:
    assert read("z2 C2- | C2 [EG]2- | [EG]4") == [(2, 4, 60), (6, 6, 64), (6, 6, 67)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("C4 | C3", "bar 2 must hold 4 quarter notes, got 3: 'C3'"),
        ("C4 | C2 x2", "bar 2: cannot read 'x2'"),
        ("C4- | D4", "bar 2: a tie must join equal notes"),
        ("C3/2/", "bar 1: a length must look like 2, / or 3/2"),
        ("C4/0", "bar 1: a length must look like"),
    ],
)
def test_a_wrong_bar_is_named(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(text)


def test_a_wrong_key_or_pitch_is_refused() -> None:
    with pytest.raises(ValueError, match=r"key must be a tonic and a mode, .* got 'H'"):
        key_signature("H")
    with pytest.raises(ValueError, match=r"a note must be a letter, .* got 'C'"):
        pitch_of("C")


def test_a_close_chord_keeps_the_notes_it_shares_with_the_last() -> None:
    chords, bars = read_chords("C | F Am", FOUR)
    assert bars == 2
    assert [chord.close(55) for chord in chords] == [[55, 60, 64], [57, 60, 65], [57, 60, 64]]


def test_degrees_count_from_the_root_and_the_first_from_the_bass() -> None:
    ((chord,), _) = read_chords("D7/F#", FOUR)
    assert [chord.degree(digit, 48) for digit in "135780"] == [54, 54, 57, 60, 62, 66]


def pattern(text: str, chords: str) -> list[tuple[float, float, int]]:
    harmony, bars = read_chords(chords, FOUR)
    notes = play_pattern(text, harmony, 36, bars, FOUR)
    return [(float(note.start), float(note.length), note.pitch) for note in notes]


def test_a_pattern_holds_rests_and_turns_with_its_bars() -> None:
    assert pattern("1-5. | 8...", "C | G | C") == [
        (0, 2, 36),
        (2, 1, 43),
        (4, 1, 55),
        (8, 2, 36),
        (10, 1, 43),
    ]


def test_a_held_chord_is_struck_again_only_where_the_harmony_changes() -> None:
    starts = [start for start, _, _ in pattern("x---", "C F | C C F F")]
    assert starts == [0] * 3 + [2] * 3 + [4] * 3 + [6] * 3


def test_no_chord_is_silence_until_the_next() -> None:
    assert pattern("1---", "N | C") == [(4, 4, 36)]
    assert pattern("1---", "N C") == [(2, 2, 36)]


def test_drums_have_three_strengths() -> None:
    notes = play_drum("Xxo.", "snare", 1, FOUR)
    assert [(note.start, note.pitch) for note in notes] == [(0, 38), (1, 38), (2, 38)]
    assert notes[0].level > notes[1].level > notes[2].level


HEAD = (
    "title: T\nartist: A\nkey: C\nmetre: 4/4\ntempo: 100\n"
    "part lead: pluck\npart bass: brass, low C2\n"
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: T", "the head must have artist, key, metre, tempo"),
        (HEAD, "a score must have a section"),
        (HEAD + "[a]\nlead: C8 | C7", "section a: lead, bar 2 must hold 4 quarter notes, got 7/2"),
        (HEAD + "[a]\nlead: C8\nchords: C | C", "section a: all parts must have as many bars"),
        (HEAD + "[a]\nlead: C8\nlute: x", "section a: no such part: 'lute'"),
        (HEAD + "[a]\nchords: H", "section a: bar 1: no such chord: 'H'"),
        (HEAD + "[a]\nchords: C\nbass: y", "section a: a pattern must be of x 1 3 .* got 'y'"),
        (HEAD + "[a]\nlead: C8\nlead: C8", "a: 'lead' is there twice"),
        (HEAD + "form: a b\n[a]\nlead: C8", "form: no such section: b"),
        (HEAD + "part horn: kazoo\n[a]\nlead: C8", "part horn: no such patch: 'kazoo'"),
        (HEAD + "part horn: brass, loud 3\n[a]\nlead: C8", "part horn: no such option: loud"),
        ("nonsense", "a line must be a name, a colon and a value, got 'nonsense'"),
    ],
)
def test_a_wrong_score_says_where(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_score(text)


def test_sections_are_played_in_the_order_of_the_form() -> None:
    score = read_score(HEAD + "form: a b a\n# a remark\n[a]\nlead: C8\n[b]\nlead: D4\n  D4")
    assert [section.notes["lead"][0].pitch for section in score.sections] == [60, 62, 60]
