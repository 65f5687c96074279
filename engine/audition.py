"""A phrase for every kind of sound, to hear what a patch is good for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.patch import Patch
from engine.synth import Synth

Note = tuple[float, int, int, float]
"""Start in seconds, key, velocity, length in seconds."""

TAIL_S = 2.5
_BEAT = 0.5  # 120 beats a minute


def _line(text: str, at: float = 0.0, beats: float = 1.0, velocity: int = 100) -> list[Note]:
    """Return one note after another: "C4 -" is two beats of middle C; "." is a rest."""
    notes: list[Note] = []
    for word in text.split():
        if word == "-":
            start, key, loud, length = notes[-1]
            notes[-1] = (start, key, loud, length + beats * _BEAT)
        elif word != ".":
            accent = velocity + 12 if len(notes) % 4 == 0 else velocity - 6
            notes.append((at, _key(word), accent, 0.95 * beats * _BEAT))
        at += beats * _BEAT
    return notes


def _key(word: str) -> int:
    step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[word[0]]
    step += {"#": 1, "b": -1}.get(word[1], 0)
    return 12 * (int(word[-1]) + 1) + step


def _chords(lines: list[str], beats: float, velocity: int = 88) -> list[Note]:
    return [note for line in lines for note in _line(line, 0.0, beats, velocity)]


def _bass() -> list[Note]:
    riff = "A1 . A1 C2 . A1 E2 G2 A1 . A1 E1 . G1 - B1 F1 . F1 A1 . F1 C2 E2 G1 . G1 D2 F2 - G2 -"
    return _line(riff, beats=0.5, velocity=112)


def _lead() -> list[Note]:
    return _line(
        "A4 C5 E5 - D5 C5 B4 C5 A4 - G4 A4 E5 - - G5 A5 - G5 E5 F5 E5 D5 C5 B4 - C5 D5 E5 - - -",
        beats=0.5,
    )


def _pad() -> list[Note]:
    return _chords(["A2 F2 C3 G2", "E4 F4 E4 D4", "A3 A3 G3 G3", "C4 C4 C4 B3"], 4, 84)


def _keys() -> list[Note]:
    chords = _chords(["A3 . F3 . G3 . C4 -", "C4 . A3 . B3 . E4 -", "E4 . C4 . D4 . G4 -"], 1, 84)
    melody = "E5 . D5 C5 A4 . C5 D5 E5 G5 - E5 D5 - C5 -"
    return chords + _line(melody, beats=0.5, velocity=100)


def _organ() -> list[Note]:
    drone = _chords(["A2 F2 G2 C3", "E4 C4 D4 E4"], 2, 84)
    return drone + _line("E5 D5 C5 D5 C5 A4 G4 C5 B4 - D5 - C5 - - -", beats=0.5, velocity=100)


def _pluck() -> list[Note]:
    return _line(
        "A3 E4 A4 C5 E5 C5 A4 E4 F3 C4 F4 A4 C5 A4 F4 C4 "
        "G3 D4 G4 B4 D5 B4 G4 D4 C3 G3 C4 E4 G4 C5 - -",
        beats=0.5,
        velocity=96,
    )


def _bell() -> list[Note]:
    return _line("E5 C6 A5 E6 D6 - G5 - C6 G5 E5 - A4 - - -", velocity=92)


def _brass() -> list[Note]:
    stabs = _chords(
        ["A3 . . A3 . . G3 - F3 . . F3 G3 - - -", "C4 . . C4 . . B3 - A3 . . A3 B3 - - -",
         "E4 . . E4 . . D4 - C4 . . C4 D4 - - -"], 0.5, 104,
    )  # fmt: skip
    return stabs + _line("A4 - B4 C5 - - B4 -", 8 * _BEAT, 1, 104)


def _drums() -> list[Note]:
    notes: list[Note] = []
    for bar in range(4):
        at = bar * 4 * _BEAT
        for eighth in range(8):
            notes.append((at + eighth * 0.5 * _BEAT, 42, 100 if eighth % 2 == 0 else 70, 0.1))
        notes += [(at + beat * _BEAT, 36, 112, 0.1) for beat in (0, 1.5, 2.5)]
        notes += [(at + beat * _BEAT, 38, 108, 0.1) for beat in (1, 3)]
    fill = (50, 50, 47, 47, 45, 45, 43, 43)
    notes += [(14 * _BEAT + i * 0.25 * _BEAT, key, 96, 0.1) for i, key in enumerate(fill)]
    return [*notes, (0.0, 49, 100, 0.1)]


def _drum() -> list[Note]:
    return _line("C3 . C3 C3 . C3 C3 - C3 . C3 C3 C3 C3 C3 -", beats=0.5, velocity=104)


def _effect() -> list[Note]:
    return [(0.0, 48, 100, 3.0), (4.0, 60, 100, 1.5), (6.0, 55, 80, 0.4), (6.5, 67, 110, 1.5)]


def _held() -> list[Note]:
    return _chords(["A3 F3 G3 C3", "C4 A3 B3 E3", "E4 C4 D4 G3"], 4, 100)


_PHRASES: dict[str, Callable[[], list[Note]]] = {
    "bass": _bass, "lead": _lead, "pad": _pad, "strings": _pad, "organ": _organ, "keys": _keys,
    "pluck": _pluck, "bell": _bell, "brass": _brass, "effects": _effect,
}  # fmt: skip
KINDS = (*_PHRASES, "drums")
"""The first tag of a patch that is one of these says what it is."""


def kind_of(patch: Patch) -> str:
    """Return which of `KINDS` a patch is; "lead" if its tags name none."""
    return next((tag for tag in patch.tags if tag in KINDS), "lead")


def phrase(patch: Patch) -> list[Note]:
    """Return the phrase that shows a patch: a riff for a bass, chords for a pad, and so on."""
    if patch.drums:
        return _drums()
    if patch.arpeggio.mode != "off":
        return _held()
    kind = kind_of(patch)
    if patch.playing != "poly" and kind != "bass":
        return _lead()  # of a chord, one note would be heard
    return _drum() if kind == "drums" else _PHRASES[kind]()


def audition(patch: Patch, sample_rate: int = 48_000) -> NDArray[np.float32]:
    """Render the phrase of a patch, at 120 beats a minute.

    Returns
    -------
    ndarray, shape (frames, 2), float32
    """
    notes = phrase(patch)
    end = max(start + length for start, _, _, length in notes)
    return Synth(patch, sample_rate, voices=128).render(notes, end + TAIL_S)
