"""Scores as text: a tune in melodies, chords and patterns, one file each.

A score is made of lines. A line that begins with a space continues the one before it; one that
begins with `# ` is a remark::

    title: Greensleeves
    artist: Traditional
    key: Am
    metre: 6/8
    tempo: 99                                      quarter notes a minute
    unit: 1/8                                      of a plain note; 1/8 if not said
    transpose: 3                                   half tones; 0 if not said
    form: verse chorus verse                       as written, if not said

    part lead: soft-lead, volume 100, gate 0.9     a melody
    part harp: pluck, volume 60, pan 0.3, low C3   plays patterns over the chords
    part drums: drum-kit, volume 80

    [verse]
    tempo: 99 -> 80                                from here to the end of the section
    level: 0.5 -> 1                                loudness of the section
    chords: Am | G | ...
    lead: c2 d e>^f e | ...
    harp: 135805
    drums kick: x..o..

Melodies are told in `engine.tunes.notation`, chords and patterns in `engine.tunes.chords`. A part
that a section does not name is silent in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from engine import gm
from engine.tunes.chords import Chord, play_drum, play_pattern, read_chords
from engine.tunes.notation import Note, key_signature, pitch_of, read_notes


@dataclass(frozen=True)
class Part:
    """An instrument of a score.

    `volume` is its place in the mix, 0..127 (MIDI's channel volume), `pan` -1 (left) to 1 (right),
    `gate` the share of a note's length that sounds, `low` the lowest note of its patterns.
    """

    name: str
    patch: str
    volume: int = 90
    pan: float = 0.0
    gate: float = 0.95
    low: int | None = None


@dataclass(frozen=True)
class Ramp:
    """A value that moves evenly from `first` to `last`."""

    first: float
    last: float

    def at(self, share: float) -> float:
        """Return the value a share, 0..1, of the way."""
        return self.first + (self.last - self.first) * share


@dataclass(frozen=True)
class Section:
    """A stretch of a score: bars, tempo, level, and the notes of each part from its start."""

    bars: int
    tempo: Ramp
    level: Ramp
    notes: dict[str, list[Note]]


@dataclass(frozen=True)
class Score:
    """A tune as written; `sections` are in the order in which they are played."""

    title: str
    artist: str
    key: str
    bar: Fraction  # in quarter notes
    beat: Fraction  # in quarter notes: what a listener taps
    transpose: int
    parts: tuple[Part, ...]
    sections: tuple[Section, ...]


@dataclass
class _Block:
    """The lines under one heading, by name; `""` heads the file."""

    name: str
    lines: dict[str, str] = field(default_factory=dict)


def _blocks(text: str) -> Iterator[_Block]:
    """Give the head of the file, then its sections."""
    block = _Block("")
    last = ""
    for line in text.splitlines():
        if not line.strip() or line.startswith("# "):
            continue
        if line[0].isspace():
            if not last:
                raise ValueError(f"nothing to continue: {line.strip()!r}")
            block.lines[last] += " " + line.strip()
        elif line[0] == "[":
            yield block
            block, last = _Block(line.strip(" []")), ""
        else:
            last, colon, rest = line.partition(":")
            if not colon:
                raise ValueError(f"a line must be a name, a colon and a value, got {line!r}")
            if last in block.lines:
                raise ValueError(f"{block.name or 'head'}: {last!r} is there twice")
            block.lines[last] = rest.strip()
    yield block


def _ramp(text: str) -> Ramp:
    first, _, last = text.partition("->")
    return Ramp(float(first), float(last or first))


def _part(name: str, text: str) -> Part:
    patch, *options = (word.strip() for word in text.split(","))
    if patch not in gm.PROGRAMS:
        raise ValueError(f"part {name}: no such patch: {patch!r}")
    values = dict(option.split() for option in options)
    if unknown := values.keys() - {"volume", "pan", "gate", "low"}:
        raise ValueError(f"part {name}: no such option: {', '.join(sorted(unknown))}")
    return Part(
        name,
        patch,
        volume=int(values.get("volume", 90)),
        pan=float(values.get("pan", 0)),
        gate=float(values.get("gate", 0.95)),
        low=pitch_of(values["low"]) if "low" in values else None,
    )


class _Reader:
    """The head of a score, and how a section is read under it."""

    def __init__(self, head: dict[str, str]) -> None:
        over, under = head["metre"].split("/")
        self.key = head["key"]
        key_signature(self.key)  # refuse it here, by its own name
        self.bar = Fraction(4 * int(over), int(under))
        # Three, six, nine or twelve eighths are felt in groups of three.
        grouped = int(under) >= 8 and int(over) % 3 == 0
        self.beat = Fraction(4 * (3 if grouped else 1), int(under))
        self.unit = 4 * Fraction(head.get("unit", "1/8"))
        self.tempo = head["tempo"]
        self.parts = tuple(
            _part(name.removeprefix("part "), text)
            for name, text in head.items()
            if name.startswith("part ")
        )

    def section(self, block: _Block) -> Section:
        lines = dict(block.lines)
        tempo, level = _ramp(lines.pop("tempo", self.tempo)), _ramp(lines.pop("level", "1"))
        chords: list[Chord] = []
        lengths: dict[str, int] = {}
        if "chords" in lines:
            chords, lengths["chords"] = read_chords(lines.pop("chords"), self.bar)
        melodies = {}
        for part in self.parts:
            if part.low is None and part.name in lines:
                try:
                    read = read_notes(lines.pop(part.name), self.key, self.unit, self.bar)
                except ValueError as error:
                    raise ValueError(f"{part.name}, {error}") from None
                melodies[part.name], lengths[part.name] = read
        if len(set(lengths.values())) != 1:
            raise ValueError(f"all parts must have as many bars, got {lengths}")
        (bars,) = set(lengths.values())
        return Section(bars, tempo, level, melodies | self._patterns(lines, chords, bars))

    def _patterns(
        self, lines: dict[str, str], chords: list[Chord], bars: int
    ) -> dict[str, list[Note]]:
        notes: dict[str, list[Note]] = {}
        parts = {part.name: part for part in self.parts}
        for name, text in lines.items():
            player, _, drum = name.partition(" ")
            part = parts.get(player)
            if part is None:
                raise ValueError(f"no such part: {player!r}")
            if part.patch == gm.DRUM_KIT:
                played = play_drum(text, drum, bars, self.bar)
            else:
                assert part.low is not None  # melodies have been taken out
                played = play_pattern(text, chords, part.low, bars, self.bar)
            notes.setdefault(player, []).extend(played)
        return notes


def read_score(text: str) -> Score:
    """Return the score that a text describes.

    Raises
    ------
    ValueError
        If something is missing or cannot be read; with the section, the part and the bar.
    """
    head, *blocks = _blocks(text)
    if missing := {"title", "artist", "key", "metre", "tempo"} - head.lines.keys():
        raise ValueError(f"the head must have {', '.join(sorted(missing))}")
    reader = _Reader(head.lines)
    sections = {}
    for block in blocks:
        try:
            sections[block.name] = reader.section(block)
        except ValueError as error:
            raise ValueError(f"section {block.name}: {error}") from None
    form = head.lines.get("form", " ".join(sections)).split()
    if unknown := set(form) - sections.keys():
        raise ValueError(f"form: no such section: {', '.join(sorted(unknown))}")
    if not form:
        raise ValueError("a score must have a section")
    return Score(
        title=head.lines["title"],
        artist=head.lines["artist"],
        key=reader.key,
        bar=reader.bar,
        beat=reader.beat,
        transpose=int(head.lines.get("transpose", 0)),
        parts=reader.parts,
        sections=tuple(sections[name] for name in form),
    )
