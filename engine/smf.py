"""Standard MIDI Files, read into timed messages.

After "Standard MIDI Files 1.0" (MIDI Manufacturers Association, RP-001). Read here rather than by
a library so that a damaged file is refused with the place of the damage, and in the same few
milliseconds as the rest of the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine import gm
from engine.errors import MidiFileError

LONGEST_S = 24 * 3600  # more is damage: rendering it would fill the disk
_LARGEST_BYTES = 1 << 25
_TEXT_TITLE = 0x03
_TEXT_INSTRUMENT = 0x04
_END_OF_TRACK = 0x2F
_TEMPO = 0x51
_TEMPO_AT_START = 500_000  # microseconds a beat, until the file says otherwise
# Frames per second by the code of the standard; 29 is television's 30 less a thousandth.
_SMPTE = {24: (24, 1), 25: (25, 1), 29: (30_000, 1001), 30: (30, 1)}


@dataclass(frozen=True)
class MidiSong:
    """Notes in time, ready to be played.

    Attributes
    ----------
    events : tuple of (float, bytes)
        Seconds from the start, and a channel message (status 0x80..0xEF); in order of time.
    duration_s : float
        Seconds to the end of the last track, at least the time of the last event.
    title, artist : str
        As the file gives them; a MIDI file knows no artist.
    patches : mapping of int to str
        Channel, 0..15, to the name of the patch that plays it first, for every channel in use.
    """

    events: tuple[tuple[float, bytes], ...]
    duration_s: float
    title: str = ""
    artist: str = ""
    patches: Mapping[int, str] = field(default_factory=dict)


@dataclass
class _Track:
    """What one track holds, in ticks."""

    messages: list[tuple[int, bytes]] = field(default_factory=list)
    tempi: list[tuple[int, int]] = field(default_factory=list)
    title: str = ""
    instrument: str = ""
    end: int = 0


class _Cursor:
    """A place in the bytes of one chunk."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data, self.at, self.end = data, start, end

    def take(self, count: int) -> bytes:
        if self.at + count > self.end:
            raise MidiFileError(f"byte {self.at}: {count} more bytes should follow in this track")
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def variable(self) -> int:
        """Return a number of up to four bytes of seven bits."""
        value = 0
        for _ in range(4):
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise MidiFileError(f"byte {self.at}: a number of more than four bytes")


def read(path: str | Path) -> MidiSong:
    """Return the song in a Standard MIDI File of format 0 or 1.

    Parameters
    ----------
    path : str or Path
        The file. Tempo changes, frame-based (SMPTE) time, running status and unknown chunks are
        understood; SysEx and meta events are left out of the events.

    Raises
    ------
    MidiFileError
        If the file cannot be read, breaks the standard (with the place), or lasts over 24 hours.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise MidiFileError(f"{path}: too large for a MIDI file")
        data = path.read_bytes()
    except OSError as error:
        raise MidiFileError(f"{path}: {error.strerror or error}") from error
    try:
        return parse(data, path.stem)
    except MidiFileError as error:
        raise MidiFileError(f"{path}: {error}") from None


def parse(data: bytes, title: str = "") -> MidiSong:
    """Return the song in the bytes of a Standard MIDI File; see `read`.

    Parameters
    ----------
    data : bytes
        The whole file.
    title : str
        What to call the song if the file does not.
    """
    division, tracks = _chunks(data)
    return _assemble(division, tracks, title)


def _chunks(data: bytes) -> tuple[int, list[_Track]]:
    """Return the division word of the header, and the tracks."""
    if data[:4] != b"MThd" or len(data) < 14:
        raise MidiFileError("not a MIDI file (it does not begin with a MIDI header)")
    kind, expected, division = (int.from_bytes(data[i : i + 2], "big") for i in (8, 10, 12))
    if kind not in (0, 1):
        raise MidiFileError(f"MIDI files of format {kind} cannot be played, only formats 0 and 1")
    if expected == 0:
        raise MidiFileError("it holds no tracks")
    tracks: list[_Track] = []
    at = 8 + int.from_bytes(data[4:8], "big")
    while len(tracks) < expected:
        if at + 8 > len(data):
            raise MidiFileError(f"truncated: {len(tracks)} of {expected} tracks are there")
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
        if end > len(data):
            raise MidiFileError(
                f"truncated: byte {at}: a chunk goes on for {end - len(data)} bytes more"
            )
        if data[at : at + 4] == b"MTrk":
            try:
                tracks.append(_track(_Cursor(data, at + 8, end)))
            except MidiFileError as error:
                raise MidiFileError(f"track {len(tracks) + 1}, {error}") from None
        at = end
    return division, tracks


def _track(cursor: _Cursor) -> _Track:
    """Return the contents of one track."""
    track = _Track()
    status = 0
    while cursor.at < cursor.end:
        track.end += cursor.variable()
        first = cursor.byte()
        if first == 0xFF:
            kind = cursor.byte()
            _meta(track, kind, cursor.take(cursor.variable()))
            if kind == _END_OF_TRACK:
                break
        elif first in (0xF0, 0xF7):
            cursor.take(cursor.variable())
            status = 0
        elif first > 0xF0:
            raise MidiFileError(f"byte {cursor.at - 1}: {first:#04x} has no place in a file")
        else:
            if first >= 0x80:
                status = first
            elif status == 0:
                raise MidiFileError(f"byte {cursor.at - 1}: a data byte without a message")
            else:
                cursor.at -= 1  # running status: the first data byte has been read already
            values = cursor.take(1 if status & 0xE0 == 0xC0 else 2)
            if max(values) > 0x7F:
                raise MidiFileError(f"byte {cursor.at - 1}: a message is cut short by another")
            track.messages.append((track.end, bytes((status, *values))))
    return track


def _meta(track: _Track, kind: int, data: bytes) -> None:
    """Take in a meta event."""
    if kind == _TEMPO and len(data) == 3:
        track.tempi.append((track.end, int.from_bytes(data, "big")))
    elif kind == _TEXT_TITLE and not track.title:
        track.title = _text(data)
    elif kind == _TEXT_INSTRUMENT and not track.instrument:
        track.instrument = _text(data)


def _text(data: bytes) -> str:
    """Return printable text; the standard names no encoding, so the usual two are tried."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class _Clock:
    """Ticks to seconds; asked in ascending order. Exact: sums are of whole numbers."""

    def __init__(self, division: int, tempi: list[tuple[int, int]]) -> None:
        if division & 0x8000:
            code, ticks = 256 - (division >> 8), division & 0xFF
            if code not in _SMPTE or ticks == 0:
                raise MidiFileError(f"no such division of time: {division:#06x}")
            frames, seconds = _SMPTE[code]
            self.tempo, self.per_second, self.changes = seconds, frames * ticks, []
        else:
            if division == 0:
                raise MidiFileError("no such division of time: 0 ticks a beat")
            self.tempo, self.per_second, self.changes = _TEMPO_AT_START, division * 10**6, tempi
        self.next = self.tick = self.elapsed = 0

    def seconds(self, tick: int) -> float:
        while self.next < len(self.changes) and self.changes[self.next][0] <= tick:
            at, tempo = self.changes[self.next]
            self._advance(at)
            self.tempo = tempo
            self.next += 1
        self._advance(tick)
        if self.elapsed > LONGEST_S * self.per_second:
            raise MidiFileError(f"it would last more than {LONGEST_S // 3600} hours")
        return self.elapsed / self.per_second

    def _advance(self, tick: int) -> None:
        self.elapsed += (tick - self.tick) * self.tempo
        self.tick = tick


def _patches(tracks: list[_Track], messages: list[tuple[int, bytes]]) -> dict[int, str]:
    """Return the patch that each channel in use begins with."""
    names = {
        track.messages[0][1][0] & 0x0F: track.instrument
        for track in tracks
        if track.messages and track.instrument in gm.PROGRAMS
    }
    programs: dict[int, int] = {}
    used = []
    for _, message in messages:
        channel = message[0] & 0x0F
        if message[0] & 0xF0 == 0xC0:
            programs.setdefault(channel, message[1])
        elif message[0] & 0xF0 == 0x90:
            used.append(channel)
    return {
        channel: names.get(channel) or gm.patch_of(channel, programs.get(channel, 0))
        for channel in sorted(set(used))
    }


def _assemble(division: int, tracks: list[_Track], title: str) -> MidiSong:
    """Return the song that the tracks are together."""
    tempi = [tempo for track in tracks for tempo in track.tempi]
    clock = _Clock(division, sorted(tempi, key=lambda tempo: tempo[0]))
    # A stable sort: what falls together stays in the order of the tracks.
    messages = sorted(
        (message for track in tracks for message in track.messages), key=lambda message: message[0]
    )
    events = tuple((clock.seconds(tick), message) for tick, message in messages)
    return MidiSong(
        events=events,
        duration_s=clock.seconds(max(track.end for track in tracks)),
        title=tracks[0].title or title,
        patches=_patches(tracks, messages),
    )
