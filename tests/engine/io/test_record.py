"""Recording while playing: bit for bit what went out, and what happens when the disk is full."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.errors import RecordingError
from engine.rt.callback import SIGNATURE, callback_address, new_table
from engine.rt.record import read_record, switch_record
from engine.rt.record_state import RECORD_FRAMES
from engine.synth import Synth
from tests.programs import ROOT, until

_RATE = 48_000


class Hand:
    """A stream that is turned by hand: each call is one block."""

    def __init__(self, synth: Synth) -> None:
        self._table = new_table(synth.state)
        self._call = SIGNATURE(callback_address())

    def turn(self, frames: int) -> NDArray[np.float32]:
        out = np.zeros((frames, 2), dtype=np.float32)
        self._call(None, out.ctypes.data, frames, None, 0, self._table.ctypes.data)
        return out


@pytest.fixture
def synth() -> Synth:
    return Synth("soft-lead", _RATE)


def test_a_floating_recording_is_bit_for_bit_what_went_out(synth: Synth, tmp_path: Path) -> None:
    hand = Hand(synth)
    before = hand.turn(100)
    synth.note_on(60)
    with synth.record(tmp_path / "take.wav", floating=True) as recorder:
        played = [hand.turn(frames) for frames in (64, 1, 511, 4096, 33)]
    synth.note_off(60)
    hand.turn(64)
    audio, rate = soundfile.read(tmp_path / "take.wav", dtype="float32")
    assert rate == _RATE
    assert np.abs(audio).max() > 0.01
    assert not before.any()
    np.testing.assert_array_equal(audio, np.concatenate(played))
    assert recorder.frames == len(audio)
    assert recorder.dropped == 0


@pytest.mark.parametrize("name", ["take.wav", "take.flac"])
def test_24_bits_are_enough_for_what_went_out(synth: Synth, tmp_path: Path, name: str) -> None:
    hand = Hand(synth)
    synth.note_on(48)
    with synth.record(tmp_path / name):
        played = np.concatenate([hand.turn(1024) for _ in range(20)])
    audio, _ = soundfile.read(tmp_path / name, dtype="float64")
    assert soundfile.info(tmp_path / name).subtype == "PCM_24"
    assert np.abs(audio - played).max() <= 2**-23


def test_a_second_take_begins_with_its_own_first_frame(synth: Synth, tmp_path: Path) -> None:
    hand = Hand(synth)
    synth.note_on(60)
    for number in (1, 2):
        with synth.record(tmp_path / f"{number}.wav", floating=True):
            played = hand.turn(512)
        hand.turn(512)
        audio, _ = soundfile.read(tmp_path / f"{number}.wav", dtype="float32")
        np.testing.assert_array_equal(audio, played)


def test_what_nobody_takes_out_of_the_ring_in_time_is_counted(synth: Synth) -> None:
    hand = Hand(synth)
    synth.note_on(60)
    switch_record(synth.state, True)
    blocks = RECORD_FRAMES // 8192
    first = hand.turn(8192)
    for _ in range(blocks - 1):
        hand.turn(8192)
    hand.turn(1000)
    assert synth.state[0]["record_dropped"] == 1000
    taken = np.zeros((RECORD_FRAMES + 1, 2), dtype=np.float32)
    assert read_record(synth.state, taken) == RECORD_FRAMES
    np.testing.assert_array_equal(taken[:8192], first)
    hand.turn(64)
    assert read_record(synth.state, taken) == 64


def test_the_header_tells_of_a_take_that_goes_on(synth: Synth, tmp_path: Path) -> None:
    hand = Hand(synth)
    path = tmp_path / "take.wav"
    with synth.record(path):
        hand.turn(4800)
        until(lambda: soundfile.info(path).frames == 4800, "the header counts 4800 frames")


_FULL_DISK = """
import sys
sys.path.insert(0, "{root}")
from tests.engine.io.test_record import Hand
from tests.programs import until
from engine.synth import Synth
synth = Synth()
hand = Hand(synth)
synth.note_on(60)
recorder = synth.record("{path}")
for _ in range(200):
    hand.turn(4096)
    until(lambda: synth.state[0]["record_head"][0] == synth.state[0]["record_tail"][0]
          or recorder.error, "the ring is empty")
recorder.close()
print(recorder.error)
print(recorder.frames)
"""


def small_disk() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


@pytest.mark.parametrize("name", ["take.wav", "take.flac"])
def test_a_full_disk_ends_it_with_a_reason_and_keeps_what_there_is(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK.format(root=ROOT, path=path)],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, preexec_fn=small_disk,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said, frames = done.stdout.splitlines()
    assert said.startswith(f"{path}: the disk is full or the file may not grow; the first ")
    audio, _ = soundfile.read(path)
    assert len(audio) == int(frames)
    assert path.stat().st_size == pytest.approx(1 << 20, rel=0.05)
    assert np.abs(audio).max() > 0.01


@pytest.mark.parametrize(
    ("name", "options", "error", "said"),
    [
        ("there.wav", {}, RecordingError, "there.wav: exists already; a take is never"),
        ("no/take.wav", {}, RecordingError, r"take.wav: cannot be recorded to \(no such file"),
        ("take.mp3", {}, ValueError, "must end with .wav or .flac, got take.mp3"),
        ("take.flac", {"floating": True}, ValueError, "must be .wav: FLAC holds whole numbers"),
    ],
)
def test_where_nothing_can_be_recorded_is_said_before_it_begins(
    synth: Synth, tmp_path: Path, name: str, options: Any, error: type[Exception], said: str
) -> None:
    (tmp_path / "there.wav").write_bytes(b"a take")
    with pytest.raises(error, match=said):
        synth.record(tmp_path / name, **options)
    assert (tmp_path / "there.wav").read_bytes() == b"a take"
    assert synth.state[0]["record_on"][0] == 0
