"""The tunes that come with the program: scores in `engine/tunes/scores`, played as MIDI."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from engine import gm
from engine.io import smf
from engine.io.smf import MidiSong
from engine.tunes.sheet import Part, Score, Section, read_score

TICKS = 480  # a quarter note
_FOLDER = Path(__file__).resolve().parent / "scores"
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
    import mido

    tracks = [_tempo_track(tune)]
    channels = [channel for channel in range(16) if channel != gm.DRUM_CHANNEL]
    for part in tune.parts:
        drums = part.patch == gm.DRUM_KIT
        tracks.append(_part_track(tune, part, gm.DRUM_CHANNEL if drums else channels.pop(0)))
    file = io.BytesIO()
    mido.MidiFile(tracks=tracks, ticks_per_beat=TICKS, charset="utf-8").save(file=file)
    return file.getvalue()


def _track(messages: list[Any], end: int) -> Any:
    """Return a `mido.MidiTrack` of messages whose times are ticks from the start, ascending."""
    import mido

    track = mido.MidiTrack()
    last = 0
    for message in [*messages, mido.MetaMessage("end_of_track", time=end)]:
        track.append(message.copy(time=message.time - last))
        last = message.time
    return track


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


def _tempo_track(tune: Score) -> Any:
    """Return the track that names the tune and beats time."""
    from mido import MetaMessage

    messages = [
        MetaMessage("track_name", name=tune.title),
        MetaMessage("text", text=tune.artist),
    ]
    tempo = 0
    for start, section in _starts(tune):
        beats = int(section.bars * tune.bar / tune.beat)
        for beat in range(beats):
            # Halfway through the beat: the section then lasts as long as an even change would.
            new = round(60e6 / section.tempo.at((beat + 0.5) / beats))
            if new != tempo:
                tick = _ticks(start + beat * tune.beat)
                messages.append(MetaMessage("set_tempo", tempo=new, time=tick))
                tempo = new
    return _track(messages, _end(tune))


def _part_track(tune: Score, part: Part, channel: int) -> Any:
    """Return the track of one part."""
    from mido import Message, MetaMessage

    notes = []
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
            which = {"channel": channel, "note": pitch}
            notes.append(Message("note_on", **which, velocity=velocity, time=on))
            notes.append(Message("note_off", **which, time=off))
    # At one tick the ends come first, so that a repeated note is not cut off by its own end.
    notes.sort(key=lambda note: (note.time, note.type == "note_on"))
    pan = 64 + round(63 * part.pan)
    head = [
        MetaMessage("track_name", name=part.name),
        MetaMessage("instrument_name", name=part.patch),
        Message("program_change", channel=channel, program=gm.PROGRAMS[part.patch]),
        Message("control_change", channel=channel, control=_VOLUME, value=part.volume),
        Message("control_change", channel=channel, control=_PAN, value=pan),
    ]
    return _track(head + notes, _end(tune))


def _weight(tune: Score, start: Fraction) -> int:
    """Return 0 for the first beat of a bar, 1 for another beat, 2 for what lies between."""
    if start % tune.bar == 0:
        return 0
    return 1 if start % tune.beat == 0 else 2
