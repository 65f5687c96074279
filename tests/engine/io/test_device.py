"""Devices by name, streams without one, and what goes wrong said in a line."""

from __future__ import annotations

import sys
import threading
import types
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import DeviceError
from engine.io import device
from engine.io.device import NullStream, Stream, find_device, list_devices, open_stream
from engine.io.midiring import MidiRing
from engine.rt.callback import FIRST_RING
from engine.rt.ring import read_mic
from engine.synth import Synth
from tests.conftest import Studio

_DEVICES = [
    {"name": "hdmi", "hostapi": 0, "max_input_channels": 0, "max_output_channels": 8},
    {"name": "Scarlett 2i2", "hostapi": 0, "max_input_channels": 2, "max_output_channels": 2},
    {"name": "Scarlett Solo", "hostapi": 0, "max_input_channels": 1, "max_output_channels": 2},
    {"name": "system", "hostapi": 1, "max_input_channels": 2, "max_output_channels": 2},
]


def _sounddevice(devices: list[dict[str, Any]], default: tuple[int, int]) -> Any:
    module: Any = types.ModuleType("sounddevice")
    entries = [{"default_samplerate": 48_000.0} | entry for entry in devices]
    module.default = types.SimpleNamespace(device=default)
    module.query_devices = lambda: entries
    module.query_hostapis = lambda: (
        {"name": "ALSA", "default_input_device": 2, "default_output_device": 0},
        {"name": "JACK", "default_input_device": 3, "default_output_device": 3},
    )
    return module


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", _sounddevice(_DEVICES, (1, 3)))


@pytest.mark.usefixtures("cards")
def test_devices_are_listed_with_their_system_and_the_defaults_marked() -> None:
    found = list_devices()
    assert [d.name for d in found] == [
        "hdmi, ALSA",
        "Scarlett 2i2, ALSA",
        "Scarlett Solo, ALSA",
        "system, JACK",
    ]
    assert [d.number for d in found if d.default_input] == [1]
    assert [d.number for d in found if d.default_output] == [3]
    assert (found[1].inputs, found[1].outputs, found[1].sample_rate) == (2, 2, 48_000.0)


def test_where_no_default_is_set_the_first_system_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", _sounddevice(_DEVICES, (-1, -1)))
    assert find_device(None, "input").number == 2
    assert find_device(None, "output").number == 0


@pytest.mark.usefixtures("cards")
@pytest.mark.parametrize(
    ("name", "kind", "number"),
    [
        (None, "output", 3),
        (None, "input", 1),
        (2, "output", 2),
        ("2", "input", 2),
        ("system, JACK", "input", 3),
        ("SOLO", "output", 2),
    ],
)
def test_a_device_is_found_by_number_name_or_a_part_of_it(
    name: Any, kind: str, number: int
) -> None:
    assert find_device(name, kind).number == number


@pytest.mark.usefixtures("cards")
@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("scarlett", "output", "'scarlett' could be any of: Scarlett 2i2, ALSA; Scarlett Solo"),
        ("tuba", "output", "no output device 'tuba'; there are: hdmi, ALSA; Scarlett"),
        ("hdmi", "input", "no input device 'hdmi'; there are: Scarlett 2i2"),
        (0, "input", "no input device '0'"),
        (17, "output", "no output device '17'"),
    ],
)
def test_what_fits_none_or_several_is_answered_with_what_there_is(
    name: Any, kind: str, said: str
) -> None:
    with pytest.raises(DeviceError, match=said):
        find_device(name, kind)


def test_a_machine_without_sound_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", _sounddevice([], (-1, -1)))
    with pytest.raises(DeviceError, match="no sound output device found"):
        open_stream(Synth())

    class _Missing:
        def find_spec(self, name: str, *rest: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice")
    monkeypatch.setattr(sys, "meta_path", [_Missing(), *sys.meta_path])
    with pytest.raises(DeviceError, match="PortAudio is missing: install libportaudio2"):
        list_devices()


@pytest.mark.parametrize("block", [0, 15, 8193])
def test_a_block_size_out_of_range_is_named(block: int) -> None:
    with pytest.raises(ValueError, match=f"block must be between 16 and 8192 frames, got {block}"):
        open_stream(Synth(), block=block)


def test_midi_inputs_fill_the_table_and_no_more_than_eight() -> None:
    stream = Stream(Synth(), 128)
    with MidiRing.create() as ring:
        for _ in range(8):
            stream.attach_midi(ring.words)
        assert (stream.table[FIRST_RING:] == ring.words.ctypes.data).all()
        with pytest.raises(DeviceError, match="at most 8 MIDI inputs at once"):
            stream.attach_midi(ring.words)


def test_midi_is_played_two_blocks_after_its_stamp() -> None:
    synth = Synth()
    Stream(synth, 96)
    assert synth.state[0]["midi_latency_frames"] == 192


def _until(condition: Any) -> None:
    idle = threading.Event()
    for _ in range(30_000):
        if condition():
            return
        idle.wait(0.002)
    raise AssertionError("it did not happen")


def test_without_a_device_the_same_callback_plays_and_is_counted() -> None:
    synth = Synth()
    synth.note_on(60)
    with NullStream(synth, block=64, pace=0.0) as stream:
        _until(lambda: stream.report().calls > 100 and stream.report().peak > 0.01)
    report = stream.report()
    assert report.active_voices == 1
    assert report.xruns == 0
    assert 0 < report.mean_us <= report.worst_us
    assert report.period_us == pytest.approx(64 / 48_000 * 1e6)
    assert report.dropped_events == report.mic_dropped == 0
    assert synth.frame == report.calls * 64
    calls = report.calls
    assert stream.report().calls == calls  # closed: nothing calls any more
    assert stream.latency_s == pytest.approx(64 / 48_000)


def test_the_room_hears_each_block_one_block_later() -> None:
    synth = Synth()
    played: list[NDArray[np.float32]] = []

    def room(block: NDArray[np.float32]) -> NDArray[np.float32]:
        played.append(block.copy())
        return block[:, 0] * np.float32(0.5)

    synth.note_on(60)
    with NullStream(synth, block=128, room=room, pace=0.0):
        _until(lambda: len(played) > 50)
    heard = np.empty(len(played) * 128, np.float32)
    assert read_mic(synth.state, heard) == heard.size
    sound = np.concatenate(played)[:, 0]
    assert not heard[:128].any()
    assert np.array_equal(heard[128:], sound[:-128] * np.float32(0.5))


def test_a_synth_that_plays_to_a_device_is_not_rendered_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    streams: list[Stream] = []

    def fake(synth: Synth, **_: object) -> Stream:
        streams.append(Stream(synth, 128))
        return streams[-1]

    monkeypatch.setattr(device, "open_stream", fake)
    with Synth() as synth:
        assert synth.start() is streams[0]  # already open
        with pytest.raises(RuntimeError, match="playing to a device"):
            synth.render([], 0.1)
    assert len(streams) == 1
    synth.render([], 0.1)


@pytest.mark.audio
def test_a_real_sound_server_runs_the_callback_while_python_holds_its_lock(studio: Studio) -> None:
    """PortAudio calls native code from JACK's own thread: the lock of Python does not matter."""
    report = studio.run(
        "import ctypes, json, os\n"
        "from engine.io.device import open_stream\n"
        "from engine.synth import Synth\n"
        "synth = Synth()\n"
        "block = int(os.environ['STUDIO_PERIOD'])\n"
        "stream = open_stream(synth, os.environ['STUDIO_OUTPUT'], os.environ['STUDIO_INPUT'],"
        " block=block)\n"
        "held = ctypes.PyDLL(None)\n"  # calls through it keep the interpreter lock
        "before = stream.report().calls\n"
        "held.usleep(500_000)\n"
        "during = stream.report().calls - before\n"
        "stream.close()\n"
        "after = stream.report()\n"
        "heard = int(synth.state[0]['mic_head'][0])\n"
        "print(json.dumps({'during': during, 'frames': synth.frame, 'calls': after.calls,"
        " 'heard': heard, 'block': block}))"
    )
    expected = 0.5 * studio.sample_rate / report["block"]
    assert report["during"] > 0.5 * expected
    assert report["frames"] == report["calls"] * report["block"]
    assert report["heard"] == report["frames"]
