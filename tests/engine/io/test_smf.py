"""Standard MIDI Files, against bytes and times made here by the standard, and against damage."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import MidiFileError
from engine.io import smf
from engine.io.smf import MidiSong


def chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "big") + body


def file(*tracks: bytes, division: bytes = b"\x00\x60", kind: int = 1) -> bytes:
    header = bytes((0, kind, 0, len(tracks))) + division
    return chunk(b"MThd", header) + b"".join(chunk(b"MTrk", track) for track in tracks)


END = b"\x00\xff\x2f\x00"
NOTE = b"\x00\x90\x3c\x40\x60\x80\x3c\x40"  # middle C for one beat of 96 ticks


def test_a_note_of_one_beat_lasts_half_a_second_until_a_tempo_is_set() -> None:
    song = smf.parse(file(NOTE + END), "name")
    assert song == MidiSong(
        events=((0.0, b"\x90\x3c\x40"), (0.5, b"\x80\x3c\x40")),
        duration_s=0.5,
        title="name",
        patches={0: "soft-piano"},
    )


def test_running_status_repeats_the_status_across_meta_events() -> None:
    track = b"\x00\x91\x3c\x40\x60\x3c\x00\x00\xff\x01\x01x\x00\x3e\x40\x60\x3e\x00" + END
    messages = [message for _, message in smf.parse(file(track)).events]
    assert messages == [b"\x91\x3c\x40", b"\x91\x3c\x00", b"\x91\x3e\x40", b"\x91\x3e\x00"]


def test_a_tempo_change_in_one_track_moves_the_notes_of_another_from_there_on() -> None:
    slower = b"\x30\xff\x51\x03\x0f\x42\x40" + END  # after half a beat: 1 s a beat
    song = smf.parse(file(slower, NOTE + END))
    assert [time for time, _ in song.events] == [0.0, 0.25 + 0.5]


@pytest.mark.parametrize(
    ("division", "seconds"),
    [(b"\xe7\x28", 96 / 1000), (b"\xe8\x04", 1.0), (b"\xe3\x50", 96 / 80 * 1001 / 30000)],
)
def test_time_in_television_frames_ignores_the_tempo(division: bytes, seconds: float) -> None:
    tempo = b"\x00\xff\x51\x03\x0f\x42\x40" + END
    song = smf.parse(file(tempo, NOTE + END, division=division))
    assert song.events[1][0] == pytest.approx(seconds, rel=1e-12)


def test_unknown_chunks_are_stepped_over() -> None:
    plain = file(NOTE + END)
    assert smf.parse(plain[:14] + chunk(b"XFIH", b"1234") + plain[14:]) == smf.parse(plain)


def test_sysex_and_its_continuation_are_left_out() -> None:
    track = b"\x00\xf0\x03\x01\x02\xf7\x00\xf7\x02\x03\xf7" + NOTE + END
    assert smf.parse(file(track)).events == smf.parse(file(NOTE + END)).events


def test_title_is_read_in_either_encoding() -> None:
    for text in ("Frère Jacques".encode(), "Frère Jacques".encode("latin-1")):
        track = b"\x00\xff\x03" + bytes([len(text)]) + text + NOTE + END
        assert smf.parse(file(track)).title == "Frère Jacques"


def test_patches_come_from_the_instrument_name_then_the_program_then_the_channel() -> None:
    named = b"\x00\xff\x04\x05pluck\x00\xc0\x13" + NOTE + END
    organ = b"\x00\xc1\x13" + NOTE.replace(b"\x90", b"\x91").replace(b"\x80", b"\x81") + END
    drums = NOTE.replace(b"\x90", b"\x99").replace(b"\x80", b"\x89") + END
    song = smf.parse(file(named, organ, drums))
    assert song.patches == {0: "pluck", 1: "church-organ", 9: "drum-kit"}


def variable(value: int) -> bytes:
    rest, last = divmod(value, 128)
    return (bytes(b | 0x80 for b in variable(rest)) if rest else b"") + bytes([last])


def meta(kind: int, data: bytes) -> bytes:
    return bytes((0xFF, kind)) + variable(len(data)) + data


DATA = st.integers(0, 127)
MESSAGES = st.one_of(
    st.tuples(st.integers(0x80, 0xBF) | st.integers(0xE0, 0xEF), DATA, DATA).map(bytes),
    st.tuples(st.integers(0xC0, 0xDF), DATA).map(bytes),
    st.binary(min_size=3, max_size=3).map(lambda tempo: meta(0x51, tempo)),
    # Every other meta event, known to mido or not; 0x2f ends the track.
    st.tuples(st.integers(0, 127).filter(lambda kind: kind not in (0x2F, 0x51)), st.binary()).map(
        lambda event: meta(*event)
    ),
    st.lists(DATA).map(lambda d: b"\xf0" + variable(len(d) + 1) + bytes(d) + b"\xf7"),
)
TRACKS = st.lists(
    st.lists(st.tuples(st.integers(0, 2000) | st.integers(0, 2**20), MESSAGES), max_size=20),
    min_size=1,
    max_size=3,
)


def packed(track: list[tuple[int, bytes]]) -> bytes:
    """Return the bytes of a track, with running status wherever it may be."""
    body = b""
    status = 0
    for delta, message in track:
        repeats = message[0] == status
        body += variable(delta) + message[repeats:]
        status = message[0] if message[0] < 0xF0 else 0
    return body + END


def expected(
    tracks: list[list[tuple[int, bytes]]], ticks: int
) -> tuple[list[tuple[Fraction, bytes]], Fraction]:
    """Return channel messages and the duration, in exact seconds."""
    merged = []
    for number, track in enumerate(tracks):
        tick = 0
        for place, (delta, message) in enumerate(track):
            tick += delta
            merged.append((tick, number, place, message))
    found = []
    tempo, last, time_s = 500_000, 0, Fraction(0)
    for tick, _, _, message in sorted(merged):
        time_s += Fraction((tick - last) * tempo, ticks * 10**6)
        last = tick
        if message[:2] == b"\xff\x51":
            tempo = int.from_bytes(message[3:], "big")
        elif message[0] < 0xF0:
            found.append((time_s, message))
    return found, time_s


@settings(max_examples=150, deadline=None)
@given(tracks=TRACKS, ticks=st.integers(1, 2**15 - 1))
def test_any_file_of_the_standard_gives_its_messages_at_their_times(
    tracks: list[list[tuple[int, bytes]]], ticks: int
) -> None:
    messages, duration_s = expected(tracks, ticks)
    data = file(*map(packed, tracks), division=ticks.to_bytes(2, "big"))
    if duration_s > smf.LONGEST_S:
        with pytest.raises(MidiFileError, match="more than 24 hours"):
            smf.parse(data)
        return
    song = smf.parse(data)
    assert [message for _, message in song.events] == [message for _, message in messages]
    times = [float(time) for time, _ in messages]
    assert [time for time, _ in song.events] == pytest.approx(times, rel=1e-9)
    assert song.duration_s == pytest.approx(float(duration_s), rel=1e-9)


@pytest.mark.parametrize("kind", [0x08, 0x0A, 0x4B, 0x60, 0x7E])
def test_the_time_before_a_meta_event_that_mido_does_not_know_counts(kind: int) -> None:
    song = smf.parse(file(b"\x60" + meta(kind, b"abc") + NOTE + END))
    assert [time for time, _ in song.events] == [0.5, 1.0]


@pytest.mark.parametrize(
    "damage",
    [
        meta(0x59, b"\x0c\x05"),  # twelve sharps, and a mode there is not
        meta(0x58, b"\x04"),
        meta(0x54, b"\xff\x70\x70\x70\x70"),
        meta(0x00, b"\x01"),
        meta(0x20, b""),
        meta(0x51, b"\x01"),
    ],
)
def test_damage_in_a_meta_event_does_not_silence_the_notes(damage: bytes) -> None:
    plain = smf.parse(file(NOTE + END))
    assert smf.parse(file(b"\x00" + damage + NOTE + END)) == plain


WHOLE = file(
    b"\x00\xff\x03\x04Name\x00\xff\x51\x03\x0f\x42\x40" + END,
    b"\x00\xc0\x13" + NOTE + b"\x00\xf0\x03\x01\x02\xf7\x81\x00\x90\x40\x40\x60\x40\x00" + END,
)


@settings(max_examples=400, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, len(WHOLE)),
    tail=st.binary(max_size=8),
)
def test_a_damaged_file_gives_a_song_or_a_midi_file_error_and_nothing_else(
    changes: list[tuple[int, int]], cut: int, tail: bytes
) -> None:
    damaged = bytearray(WHOLE)
    for place, value in changes:
        damaged[place] = value
    try:
        song = smf.parse(bytes(damaged[: cut or None]) + tail)
    except MidiFileError:
        return
    times = [time for time, _ in song.events]
    assert times == sorted(times)
    assert max(times, default=0.0) <= song.duration_s <= smf.LONGEST_S
    for _, message in song.events:
        assert len(message) == (2 if message[0] & 0xE0 == 0xC0 else 3)
        assert 0x80 <= message[0] < 0xF0
        assert max(message[1:]) < 0x80


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a MIDI file"),
        (b"RIFF" + bytes(40), "not a MIDI file"),
        (file(NOTE + END, kind=2), "format 2"),
        (file(), "no tracks"),
        (file(NOTE + END)[:10], "truncated"),
        (file(NOTE + END)[:-3], "truncated"),
        (file(NOTE + END).replace(b"\x00\x01\x00\x60", b"\x00\x02\x00\x60"), "truncated"),
        (file(NOTE + END).replace(b"\x00\x01\x00\x60", b"\xff\xff\x00\x60"), "no tracks"),
        (file(b"\x00\x3c\x40" + END), "damaged near byte 24: running status"),
        (file(b"\x00\xf0\x00\x00\x3c\x40"), "truncated or damaged"),
        (file(b"\x00\x90\x3c\x90\x3c\x40"), "damaged near byte 26: data byte"),
        (file(b"\x00\x90\x3c", NOTE), "damaged near byte 35: data byte"),
        (file(b"\x00\xf7\x01\xf8" + NOTE), "damaged near byte 26: data byte"),
        (file(b"\x00\xf4" + END), "damaged near byte 24: undefined status byte 0xf4"),
        (file(b"\xff" * 10_000 + b"\x7f" + NOTE), "a number without an end"),
        (file(bytes(smf.LARGEST_BYTES)), "too large"),
        (file(NOTE + END, division=b"\x00\x00"), "0 ticks a beat"),
        (file(NOTE + END, division=b"\xf0\x10"), "no such division of time: 0xf010"),
        (file(b"\xff\xff\xff\x7f" + NOTE[1:] + END, division=b"\x00\x01"), "more than 24 hours"),
        (file(b"\xff" * 4000 + b"\x7f" + NOTE[1:] + END), "more than 24 hours"),
    ],
)
def test_the_error_says_what_is_wrong(data: bytes, words: str) -> None:
    with pytest.raises(MidiFileError, match=words):
        smf.parse(data)


def test_a_file_is_read_and_its_name_is_in_every_error(tmp_path: Path) -> None:
    good = tmp_path / "good.mid"
    good.write_bytes(file(NOTE + END))
    assert smf.read(good).title == "good"
    assert smf.read(str(good)) == smf.read(good)
    bad = tmp_path / "bad.mid"
    bad.write_bytes(b"nothing")
    for path in (bad, tmp_path / "absent.mid", tmp_path):
        with pytest.raises(MidiFileError, match=str(path)):
            smf.read(path)
