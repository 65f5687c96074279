"""The sound studio itself, with programs at both ends that are not ours (jack-play, PortAudio)."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Studio
from tests.programs import into_the_mic, until, wiring

pytestmark = pytest.mark.audio


def test_port_audio_finds_speakers_and_microphone_by_their_full_names(studio: Studio) -> None:
    found = studio.run(
        "import json, os, sounddevice as sd\n"
        "device = lambda name, kind: sd.query_devices(os.environ[name], kind)\n"
        "print(json.dumps([device('STUDIO_OUTPUT', 'output'), device('STUDIO_INPUT', 'input')]))"
    )
    assert [device["name"] for device in found] == ["system", "mic"]
    assert found[0]["max_output_channels"] == found[1]["max_input_channels"] == 2
    assert found[0]["default_samplerate"] == studio.sample_rate


def write_tone(studio: Studio, path: Path, seconds: int) -> Path:
    time_s = np.arange(studio.sample_rate * seconds) / studio.sample_rate
    tone = np.round(16384 * np.sin(2 * np.pi * 1000 * time_s)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(studio.sample_rate)
        file.writeframes(tone.tobytes())
    return path


def test_a_player_that_is_ended_early_leaves_the_microphone_silent(
    studio: Studio, tmp_path: Path
) -> None:
    with into_the_mic(studio, write_tone(studio, tmp_path / "long.wav", 60)) as player:
        until(lambda: wiring(studio)["mic:input_1"], "the tone flows")
        assert player.poll() is None
    assert not [port for port in wiring(studio) if port.startswith("jack-play")]
    loudest = studio.run(
        "import json, os, numpy as np, sounddevice as sd\n"
        "rate = int(os.environ['STUDIO_RATE'])\n"
        "sound = sd.rec(rate // 2, rate, 1, device=os.environ['STUDIO_INPUT'], blocking=True)\n"
        "print(json.dumps(float(np.abs(sound).max())))"
    )
    assert loudest == 0.0


def test_a_file_played_into_the_microphone_is_heard_there(studio: Studio, tmp_path: Path) -> None:
    with into_the_mic(studio, write_tone(studio, tmp_path / "tone.wav", 60)):
        until(lambda: wiring(studio)["mic:input_1"], "the tone flows")
        heard = listen_for_a_tone(studio)
    assert heard["frequency"] == pytest.approx(1000, abs=1)
    assert heard["peak"] == pytest.approx(0.5, abs=0.01)
    assert heard["loud"] == pytest.approx(2 / 3, abs=0.05)  # of a sine, above half its peak


def listen_for_a_tone(studio: Studio) -> dict[str, float]:
    heard: dict[str, float] = studio.run(
        "import json, os, numpy as np, sounddevice as sd\n"
        "rate = int(os.environ['STUDIO_RATE'])\n"
        "sound = sd.rec(rate * 3 // 2, rate, 1, device=os.environ['STUDIO_INPUT'], blocking=True)\n"
        "loud = sound[np.abs(sound) > 0.25]\n"
        "frequency = np.argmax(np.abs(np.fft.rfft(sound[:, 0]))) * rate / len(sound)\n"
        "print(json.dumps({'frequency': float(frequency), 'peak': float(np.abs(sound).max()),"
        " 'loud': loud.size / sound.size}))"
    )
    return heard
