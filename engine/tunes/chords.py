"""Chord symbols, and the patterns that parts play over them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from engine.tunes.notation import Note

_LETTER = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
# Half tones over the root: third, fifth, and, where there is one, the fourth note.
_KINDS = {
    "": (4, 7),
    "m": (3, 7),
    "5": (7, 7),
    "dim": (3, 6),
    "aug": (4, 8),
    "sus4": (5, 7),
    "6": (4, 7, 9),
    "7": (4, 7, 10),
    "m7": (3, 7, 10),
    "maj7": (4, 7, 11),
    "dim7": (3, 6, 9),
    "m7b5": (3, 6, 10),
}
DRUMS = {
    "kick": 36,
    "rim": 37,
    "snare": 38,
    "clap": 39,
    "tom": 45,
    "hat": 42,
    "open": 46,
    "crash": 49,
    "ride": 51,
    "tambourine": 54,
}
_STROKES = {"x": 0.85, "X": 1.0, "o": 0.6}


@dataclass(frozen=True)
class Chord:
    """A chord in time: start and length in quarter notes.

    `intervals` are half tones over `root`, both 0..11; `bass` is the pitch class under all of it.
    """

    start: Fraction
    length: Fraction
    root: int
    intervals: tuple[int, ...]
    bass: int

    def degree(self, digit: str, low: int) -> int:
        """Return the pitch of a degree (1 3 5 7 8, 0 for the tenth), from `low` upwards."""
        bottom = _at_or_above(self.root, low)
        third, fifth, *rest = self.intervals
        steps = {"3": third, "5": fifth, "7": rest[0] if rest else 12, "8": 12, "0": 12 + third}
        return _at_or_above(self.bass, low) if digit == "1" else bottom + steps[digit]

    def close(self, low: int) -> list[int]:
        """Return the chord within one octave from `low`: notes two chords share stay in place."""
        notes = {self.root, *((self.root + i) % 12 for i in self.intervals)}
        return sorted(_at_or_above(note, low) for note in notes)


def _at_or_above(pitch_class: int, low: int) -> int:
    return low + (pitch_class - low) % 12


def read_chords(text: str, bar: Fraction) -> tuple[list[Chord], int]:
    """Return the chords of a line and how many bars it has.

    The chords of a bar share it evenly, and equal neighbours in it are one chord. `N` is silence;
    `D/F#` has its third in the bass.

    Examples
    --------
    >>> chords, bars = read_chords("C | Am7 G/B", Fraction(4))
    >>> [chord.close(60) for chord in chords], bars
    ([[60, 64, 67], [60, 64, 67, 69], [62, 67, 71]], 2)
    """
    chords: list[Chord] = []
    bars = text.strip().strip("|").split("|")
    for number, words in enumerate(bars):
        names = words.split()
        if not names:
            raise ValueError(f"bar {number + 1} must hold a chord, or N for none")
        length = bar / len(names)
        for i, name in enumerate(names):
            match = re.fullmatch(r"([A-G][#b]?)([^/]*)(?:/([A-G][#b]?))?", name)
            if name == "N":
                continue
            if not match or match[2] not in _KINDS:
                raise ValueError(f"bar {number + 1}: no such chord: {name!r}")
            root = _pitch_class(match[1])
            bass = _pitch_class(match[3]) if match[3] else root
            start = number * bar + i * length
            last = chords[-1] if i and chords else None
            if last and name == names[i - 1]:
                chords[-1] = replace(last, length=last.length + length)
            else:
                chords.append(Chord(start, length, root, _KINDS[match[2]], bass))
    return chords, len(bars)


def _pitch_class(name: str) -> int:
    return (_LETTER[name[0]] + {"#": 1, "b": -1, "": 0}[name[1:]]) % 12


def _steps(text: str, bars: int, bar: Fraction) -> list[tuple[Fraction, Fraction, str]]:
    """Return start, length and character of each step; the bars of the pattern take turns."""
    patterns = ["".join(words.split()) for words in text.strip().strip("|").split("|")]
    steps = []
    for number in range(bars):
        pattern = patterns[number % len(patterns)]
        if not pattern:
            raise ValueError(f"bar {number % len(patterns) + 1} of the pattern is empty")
        length = bar / len(pattern)
        steps += [(number * bar + i * length, length, c) for i, c in enumerate(pattern)]
    return steps


def play_pattern(
    text: str, chords: Sequence[Chord], low: int, bars: int, bar: Fraction
) -> list[Note]:
    """Return the notes of a pattern over chords.

    Parameters
    ----------
    text : str
        One character a step, as many steps a bar as there are characters: `x` the whole chord, a
        digit one note of it (see `Chord.degree`), `-` goes on, `.` is silent. What goes on is
        struck again where the chord changes.
    chords : sequence of Chord
        In order of time.
    low : int
        MIDI number of the lowest note.
    bars : int
        How many bars to play.
    bar : Fraction
        Length of a bar in quarter notes.
    """
    notes: list[Note] = []
    coming = list(chords)
    stroke = "."
    struck: Chord | None = None  # the chord whose notes are the last ones, while they sound
    voices = 0  # how many they are
    for start, length, character in _steps(text, bars, bar):
        if character not in "x135780-.":
            raise ValueError(f"a pattern must be of x 1 3 5 7 8 0 - and ., got {character!r}")
        while coming and coming[0].start + coming[0].length <= start:
            coming.pop(0)
        chord = coming[0] if coming and coming[0].start <= start else None
        stroke = stroke if character == "-" else character
        if chord is None or stroke == ".":
            struck = None
        elif character == "-" and struck is chord:
            notes[-voices:] = [replace(n, length=n.length + length) for n in notes[-voices:]]
        else:
            pitches = chord.close(low) if stroke == "x" else [chord.degree(stroke, low)]
            notes += [Note(start, length, pitch) for pitch in pitches]
            struck, voices = chord, len(pitches)
    return notes


def play_drum(text: str, drum: str, bars: int, bar: Fraction) -> list[Note]:
    """Return the strokes of one drum: `x` plain, `X` loud, `o` soft, `.` none."""
    if drum not in DRUMS:
        raise ValueError(f"no such drum: {drum!r} (there are {', '.join(DRUMS)})")
    notes = []
    for start, length, character in _steps(text, bars, bar):
        if character in _STROKES:
            notes.append(Note(start, length, DRUMS[drum], _STROKES[character]))
        elif character != ".":
            raise ValueError(f"a drum pattern must be of x X o and ., got {character!r}")
    return notes
