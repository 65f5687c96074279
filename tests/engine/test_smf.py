"""Standard MIDI Files, against mido (as writer and as reader) and against damage."""

from __future__ import annotations

import io
from pathlib import Path

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import smf
from engine.errors import MidiFileError
from engine.smf import MidiSong


def chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "big") + body


def file(*tracks: bytes, division: bytes = b"\x00\x60", kind: int = 1) -> bytes:
    header = bytes((0, kind, 0, len(tracks))) + division
    return chunk(b"MThd", header) + b"".join(chunk(b"MTrk", track) for track in tracks)


def written(song: mido.MidiFile) -> bytes:
    buffer = io.BytesIO()
    song.save(file=buffer)
    return buffer.getvalue()


END = b"\x00\xff\x2f\x00"
NOTE = b"\x00\x90\x3c\x40\x60\x80\x3c\x40"  # middle C for one beat of 96 ticks


def test_a_note_of_one_beat_lasts_half_a_second_until_a_tempo_is_set() -> None:
    song = smf.parse(file(NOTE + END), "name")
    assert song == MidiSong(
        events=((0.0, b"\x90\x3c\x40"), (0.5, b"\x80\x3c\x40")),
        duration_s=0.5,
        title="name",
        patches={0: "glass-keys"},
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
    track = b"\x00\xf0\x03\x01\x02\xf7\x00\xf7\x02\xf8\xf7" + NOTE + END
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


DELTAS = st.integers(0, 2000)
CHANNEL_MESSAGES = st.one_of(
    st.builds(
        mido.Message,
        st.sampled_from(["note_on", "note_off"]),
        channel=st.integers(0, 15),
        note=st.integers(0, 127),
        velocity=st.integers(0, 127),
        time=DELTAS,
    ),
    st.builds(mido.Message, st.just("pitchwheel"), pitch=st.integers(-8192, 8191), time=DELTAS),
    st.builds(mido.Message, st.just("program_change"), program=st.integers(0, 127), time=DELTAS),
    st.builds(mido.MetaMessage, st.just("set_tempo"), tempo=st.integers(1, 2**24 - 1), time=DELTAS),
    st.builds(mido.Message, st.just("sysex"), data=st.lists(st.integers(0, 127)), time=DELTAS),
)
TRACKS = st.lists(st.lists(CHANNEL_MESSAGES, max_size=20), min_size=1, max_size=3)


@settings(max_examples=100, deadline=None)
@given(tracks=TRACKS, ticks=st.integers(1, 2**15 - 1))
def test_any_file_that_mido_writes_is_read_as_mido_reads_it(
    tracks: list[list[mido.Message]], ticks: int
) -> None:
    song = mido.MidiFile(ticks_per_beat=ticks)
    song.tracks.extend(mido.MidiTrack(track) for track in tracks)
    data = written(song)
    ours = smf.parse(data)
    time_s = 0.0
    theirs = []
    for message in mido.MidiFile(file=io.BytesIO(data)):
        time_s += message.time
        if not message.is_meta and message.type != "sysex":
            theirs.append((time_s, bytes(message.bytes())))
    assert [message for _, message in ours.events] == [message for _, message in theirs]
    assert [time for time, _ in ours.events] == pytest.approx([time for time, _ in theirs])
    assert ours.duration_s == pytest.approx(time_s)


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
        (file(NOTE + END)[:-3], r"truncated: byte 14: a chunk goes on for 3 bytes more"),
        (file(NOTE + END).replace(b"\x00\x01\x00\x60", b"\x00\x02\x00\x60"), "1 of 2 tracks"),
        (file(b"\x00\x3c\x40" + END), "track 1, byte 23: a data byte without a message"),
        (file(b"\x00\xf0\x00\x00\x3c\x40"), "a data byte without a message"),
        (file(b"\x00\x90\x3c\x90\x3c\x40"), "a message is cut short by another"),
        (file(b"\x00\x90\x3c"), "track 1, byte 24: 2 more bytes should follow"),
        (file(b"\xff\xff\xff\xff\x7f" + NOTE), "more than four bytes"),
        (file(b"\x00\xf8" + END), "0xf8 has no place in a file"),
        (file(NOTE + END, division=b"\x00\x00"), "0 ticks a beat"),
        (file(NOTE + END, division=b"\xf0\x10"), "no such division of time: 0xf010"),
        (file(b"\xff\xff\xff\x7f" + NOTE[1:] + END, division=b"\x00\x01"), "more than 24 hours"),
    ],
)
def test_the_error_says_what_is_wrong_and_where(data: bytes, words: str) -> None:
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
