"""The sound studio itself, with programs at both ends that are not ours (jack-play, PortAudio)."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Studio

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


def test_a_file_played_into_the_microphone_is_heard_there(studio: Studio, tmp_path: Path) -> None:
    time_s = np.arange(studio.sample_rate * 2) / studio.sample_rate
    tone = np.round(16384 * np.sin(2 * np.pi * 1000 * time_s)).astype("<i2")
    with wave.open(str(tmp_path / "tone.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(studio.sample_rate)
        file.writeframes(tone.tobytes())
    player = studio.play_to_mic(tmp_path / "tone.wav")
    heard = studio.run(
        "import json, os, numpy as np, sounddevice as sd\n"
        "rate = int(os.environ['STUDIO_RATE'])\n"
        "sound = sd.rec(rate * 3 // 2, rate, 1, device=os.environ['STUDIO_INPUT'], blocking=True)\n"
        "loud = sound[np.abs(sound) > 0.25]\n"
        "frequency = np.argmax(np.abs(np.fft.rfft(sound[:, 0]))) * rate / len(sound)\n"
        "print(json.dumps({'frequency': float(frequency), 'peak': float(np.abs(sound).max()),"
        " 'loud': loud.size / sound.size}))"
    )
    player.wait(timeout=20)
    assert heard["frequency"] == pytest.approx(1000, abs=1)
    assert heard["peak"] == pytest.approx(0.5, abs=0.01)
    assert heard["loud"] > 0.1
