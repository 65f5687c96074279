"""The tunes that come with the program: scores in `engine/app/tunes`, played as MIDI."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from engine import gm, smf
from engine.score import Part, Score, Section, read_score
from engine.smf import MidiSong

TICKS = 480  # a quarter note
_FOLDER = Path(__file__).resolve().parent / "app" / "tunes"
_SUFFIX = ".tune"
_VOLUME, _PAN = 7, 10  # control numbers
_VELOCITY = 100  # of a note on the first beat of a bar, in a section of level 1
# How loud a melody's note is on the first beat of a bar, on another, and between.
_ACCENTS = (1.0, 0.93, 0.87)


def names() -> list[str]:
    """Return the names of the tunes, in alphabetical order.

    Examples
    --------
    >>> "greensleeves" in names()
    True
    """
    return sorted(path.stem for path in _FOLDER.glob(f"*{_SUFFIX}"))


def playlists() -> list[Path]:
    """Return the playlists (M3U8) of the tunes; their entries are `NAME.flac`."""
    return sorted(_FOLDER.glob("*.m3u8"))


def score(name: str) -> Score:
    """Return a tune as written.

    Raises
    ------
    ValueError
        If there is no tune of that name.
    """
    if name not in names():
        raise ValueError(f"name must be one of {', '.join(names())}, got {name!r}")
    return read_score((_FOLDER / f"{name}{_SUFFIX}").read_text("utf-8"))


def load(name: str) -> MidiSong:
    """Return a tune ready to be played.

    Raises
    ------
    ValueError
        If there is no tune of that name.

    Examples
    --------
    >>> song = load("greensleeves")
    >>> song.title, song.artist, song.patches[0]
    ('Greensleeves', 'Traditional', 'soft-lead')
    """
    return perform(score(name))


def perform(tune: Score) -> MidiSong:
    """Return a score ready to be played: through the bytes of a MIDI file, as any song is read."""
    return replace(smf.parse(encode(tune)), artist=tune.artist)


def write(name: str, path: str | Path) -> None:
    """Write a tune as a Standard MIDI File for other programs."""
    Path(path).write_bytes(encode(score(name)))


def encode(tune: Score) -> bytes:
    """Return a score as a Standard MIDI File of format 1: one track of tempo, then one a part."""
    tracks = [_tempo_track(tune)]
    channels = [channel for channel in range(16) if channel != gm.DRUM_CHANNEL]
    for part in tune.parts:
        drums = part.patch == gm.DRUM_KIT
        tracks.append(_part_track(tune, part, gm.DRUM_CHANNEL if drums else channels.pop(0)))
    header = b"".join(number.to_bytes(2, "big") for number in (1, len(tracks), TICKS))
    return b"".join([_chunk(b"MThd", header), *(_chunk(b"MTrk", track) for track in tracks)])


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "big") + body


def _variable(value: int) -> bytes:
    """Return a number as the format writes it: seven bits a byte, all but the last marked."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))


def _meta(kind: int, data: bytes) -> bytes:
    return bytes((0xFF, kind)) + _variable(len(data)) + data


def _track(messages: list[tuple[int, bytes]], end: int) -> bytes:
    """Return the bytes of a track, of messages at ticks in ascending order."""
    body = b""
    last = 0
    for tick, message in [*messages, (end, _meta(0x2F, b""))]:
        body += _variable(tick - last) + message
        last = tick
    return body


def _ticks(time: Fraction) -> int:
    return round(time * TICKS)


def _starts(tune: Score) -> list[tuple[Fraction, Section]]:
    """Return the sections with where they start, in quarter notes."""
    placed = []
    start = Fraction(0)
    for section in tune.sections:
        placed.append((start, section))
        start += section.bars * tune.bar
    return placed


def _end(tune: Score) -> int:
    return _ticks(sum(section.bars for section in tune.sections) * tune.bar)


def _tempo_track(tune: Score) -> bytes:
    """Return the track that names the tune and beats time."""
    messages = [
        (0, _meta(0x03, tune.title.encode())),
        (0, _meta(0x01, tune.artist.encode())),
    ]
    tempo = 0
    for start, section in _starts(tune):
        beats = int(section.bars * tune.bar / tune.beat)
        for beat in range(beats):
            # Halfway through the beat: the section then lasts as long as an even change would.
            new = round(60e6 / section.tempo.at((beat + 0.5) / beats))
            if new != tempo:
                messages.append((_ticks(start + beat * tune.beat), _tempo(new)))
                tempo = new
    return _track(messages, _end(tune))


def _tempo(microseconds: int) -> bytes:
    return _meta(0x51, microseconds.to_bytes(3, "big"))


def _part_track(tune: Score, part: Part, channel: int) -> bytes:
    """Return the track of one part."""
    messages = []
    for start, section in _starts(tune):
        length = section.bars * tune.bar
        for note in section.notes.get(part.name, []):
            on = _ticks(start + note.start)
            off = max(on + 1, _ticks(start + note.start + note.length * Fraction(part.gate)))
            loudness = _VELOCITY * note.level * section.level.at(float(note.start / length))
            pitch = note.pitch
            if channel != gm.DRUM_CHANNEL:
                loudness *= _ACCENTS[_weight(tune, note.start)]
                pitch += tune.transpose
            velocity = min(127, max(1, round(loudness)))
            messages.append((on, bytes((0x90 | channel, pitch, velocity))))
            messages.append((off, bytes((0x80 | channel, pitch, 64))))
    # At one tick the ends come first, so that a repeated note is not cut off by its own end.
    messages.sort(key=lambda message: (message[0], message[1][0] & 0x10))
    head = [
        (0, _meta(0x03, part.name.encode())),
        (0, _meta(0x04, part.patch.encode())),
        (0, bytes((0xC0 | channel, gm.PROGRAMS[part.patch]))),
        (0, bytes((0xB0 | channel, _VOLUME, part.volume))),
        (0, bytes((0xB0 | channel, _PAN, 64 + round(63 * part.pan)))),
    ]
    return _track(head + messages, _end(tune))


def _weight(tune: Score, start: Fraction) -> int:
    """Return 0 for the first beat of a bar, 1 for another beat, 2 for what lies between."""
    if start % tune.bar == 0:
        return 0
    return 1 if start % tune.beat == 0 else 2
