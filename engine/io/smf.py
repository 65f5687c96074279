"""Standard MIDI Files, read by mido into timed messages.

After "Standard MIDI Files 1.0" (MIDI Manufacturers Association, RP-001). What mido 1.3.3 gets wrong
is set right here, each beside its reason and with a test of its own.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import gm
from engine.errors import MidiFileError

LONGEST_S = 24 * 3600  # more is damage: rendering it would fill the disk
# A million messages of two bytes, the worst case: 16 s and 0.8 GB in mido. Songs have a tenth.
LARGEST_BYTES = 1 << 21
# mido takes a number of any length, in time that grows with its square; the standard's has 4 bytes.
_ENDLESS_NUMBER = re.compile(rb"[\x80-\xff]{4096}")
_TEMPO_AT_START = 500_000  # microseconds a beat, until the file says otherwise
# Frames per second by the code of the standard; 29 is television's 30 less a thousandth.
_SMPTE = {24: 24.0, 25: 25.0, 29: 30_000 / 1001, 30: 30.0}


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


def read(path: str | Path) -> MidiSong:
    """Return the song in a Standard MIDI File of format 0 or 1.

    Parameters
    ----------
    path : str or Path
        The file, of at most `LARGEST_BYTES`. Tempo changes, frame-based (SMPTE) time, running
        status and unknown chunks are understood; SysEx and meta events are left out of the events.

    Raises
    ------
    MidiFileError
        If the file cannot be read, breaks the standard, or lasts over 24 hours.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
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
    midi = _load(data)
    if midi.type not in (0, 1):
        raise MidiFileError(
            f"MIDI files of format {midi.type} cannot be played, only formats 0 and 1"
        )
    if not midi.tracks:
        raise MidiFileError("it holds no tracks")
    _set_division(midi)
    events, duration_s = _timed(midi)
    return MidiSong(
        events=events,
        duration_s=duration_s,
        title=_text(midi.tracks[0].name) or title,
        patches=_patches(midi.tracks, [message for _, message in events]),
    )


def _load(data: bytes) -> Any:
    """Return the `mido.MidiFile` in the bytes."""
    import mido

    if data[:4] != b"MThd":
        raise MidiFileError("not a MIDI file (it does not begin with a MIDI header)")
    if len(data) > LARGEST_BYTES:
        raise MidiFileError(f"too large for a MIDI file (more than {LARGEST_BYTES >> 20} MB)")
    if _ENDLESS_NUMBER.search(data):
        raise MidiFileError("damaged: a number without an end")
    _mend_mido()
    file = io.BytesIO(_without_unknown_chunks(data))
    try:
        return mido.MidiFile(file=file)
    except EOFError:
        raise MidiFileError("truncated or damaged: it ends within a track") from None
    except (OSError, ValueError, LookupError) as error:
        # What mido raises where bytes make no message.
        raise MidiFileError(f"damaged near byte {file.tell()}: {error}") from None


def _without_unknown_chunks(data: bytes) -> bytes:
    """Return the header and the tracks: the standard says to step over the rest, mido refuses."""
    kept = []
    at = 0
    while at + 8 <= len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
        if at == 0 or data[at : at + 4] == b"MTrk":
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def _tolerant(decode: Callable[..., None]) -> Callable[..., None]:
    from mido.midifiles.meta import KeySignatureError

    def decode_or_default(self: Any, message: Any, data: list[int]) -> None:
        with suppress(KeySignatureError, LookupError, ValueError):
            decode(self, message, data)

    return decode_or_default


@functools.cache
def _mend_mido() -> None:
    """Register meta events that mido stumbles over, by the way it documents.

    It forgets the time before a meta event it does not know, so that all that follows comes too
    early; and it gives up on a song whose key signature or the like is damaged, where the default
    will do.
    """
    from mido.midifiles import meta

    kinds = [getattr(meta, name) for name in dir(meta) if name.startswith("MetaSpec_")]
    known = {kind.type_byte for kind in kinds}
    kinds += [
        type(
            f"MetaSpec_unknown_{code:02x}", (meta.MetaSpec_sequencer_specific,), {"type_byte": code}
        )
        for code in range(256)
        if code not in known
    ]
    for kind in kinds:
        meta.add_meta_spec(type(kind.__name__, (kind,), {"decode": _tolerant(kind.decode)}))


def _set_division(midi: Any) -> None:
    """Turn frame-based time, of which mido knows nothing, into beats of an even tempo."""
    if midi.ticks_per_beat == 0:
        raise MidiFileError("no such division of time: 0 ticks a beat")
    if midi.ticks_per_beat > 0:
        return
    code, ticks = -(midi.ticks_per_beat >> 8), midi.ticks_per_beat & 0xFF
    if code not in _SMPTE or ticks == 0:
        raise MidiFileError(f"no such division of time: {midi.ticks_per_beat & 0xFFFF:#06x}")
    midi.ticks_per_beat = _SMPTE[code] * ticks * _TEMPO_AT_START / 1e6
    for track in midi.tracks:
        for message in track:
            if message.type == "set_tempo":
                message.tempo = _TEMPO_AT_START


def _timed(midi: Any) -> tuple[tuple[tuple[float, bytes], ...], float]:
    """Return the channel messages in seconds, and how long all lasts."""
    events = []
    time_s = 0.0
    try:
        for message in midi:
            time_s += message.time
            if time_s > LONGEST_S:
                raise OverflowError
            if hasattr(message, "channel") and not message.is_meta:
                events.append((time_s, bytes(message.bytes())))
    except OverflowError:  # also raised by mido, for a number beyond a float
        raise MidiFileError(f"it would last more than {LONGEST_S // 3600} hours") from None
    return tuple(events), time_s


def _text(name: str) -> str:
    """Return printable text of what mido read as Latin-1: the standard names no encoding."""
    with suppress(UnicodeDecodeError):
        name = name.encode("latin-1").decode("utf-8")
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def _patches(tracks: list[Any], messages: list[bytes]) -> dict[int, str]:
    """Return the patch that each channel in use begins with."""
    names: dict[int, str] = {}
    for track in tracks:
        channel = next((m.channel for m in track if hasattr(m, "channel") and not m.is_meta), None)
        name = next((_text(m.name) for m in track if m.type == "instrument_name"), "")
        if channel is not None and name in gm.PROGRAMS:
            names[channel] = name
    programs: dict[int, int] = {}
    used = set()
    for message in messages:
        channel = message[0] & 0x0F
        if message[0] & 0xF0 == 0xC0:
            programs.setdefault(channel, message[1])
        elif message[0] & 0xF0 == 0x90:
            used.add(channel)
    return {
        channel: names.get(channel) or gm.patch_of(channel, programs.get(channel, 0))
        for channel in sorted(used)
    }
