"""What happens to music between a loudspeaker and a program: the conditions of `evals.corpus`."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy import signal

from engine.room import impulse_response, pink_noise

Audio = NDArray[np.float32]

RATE = 22_050  # of the clips; nothing that is looked at lies above 7 kHz
_PHONE = signal.butter(4, [300, 3400], "band", fs=RATE, output="sos")


def _mixed(audio: Audio, other: NDArray[np.floating], snr_db: float) -> Audio:
    level = _rms(audio) / max(_rms(other), 1e-9) * 10 ** (-snr_db / 20)
    return np.asarray(audio + level * other[: len(audio)], np.float32)


def _rms(audio: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))


def _pink(snr_db: float) -> Condition:
    return lambda audio, _music, rng: _mixed(audio, pink_noise(len(audio), rng), snr_db)


def _music(snr_db: float) -> Condition:
    """Other music plays as well."""
    return lambda audio, music, _rng: _mixed(audio, music, snr_db)


def _room(audio: Audio, _other: Audio, rng: np.random.Generator) -> Audio:
    response = impulse_response(RATE, rng.uniform(0.3, 0.8), rng)
    heard = signal.fftconvolve(audio, response)[: len(audio)]
    return _mixed(np.asarray(heard, np.float32), pink_noise(len(audio), rng), 15.0)


def _phone(audio: Audio, _other: Audio, _rng: np.random.Generator) -> Audio:
    return np.asarray(signal.sosfilt(_PHONE, audio), np.float32)


def _coded(form: str, subtype: str, compression: float) -> Condition:
    """Encode and decode; of the compression, 0 is the best sound and 1 the smallest file."""

    def code(audio: Audio, _other: Audio, _rng: np.random.Generator) -> Audio:
        file = io.BytesIO()
        rate = 24_000 if subtype == "OPUS" else RATE
        peak = max(1.0, float(np.abs(audio).max()))
        soundfile.write(
            file, soxr.resample(audio / peak, RATE, rate), rate, format=form, subtype=subtype,
            compression_level=compression,
        )  # fmt: skip
        file.seek(0)
        decoded = soxr.resample(soundfile.read(file, dtype="float32")[0], rate, RATE)[: len(audio)]
        return np.pad(decoded, (0, len(audio) - len(decoded))) * np.float32(peak)

    return code


_OPUS = _coded("OGG", "OPUS", 0.95)  # about 17 kbit/s
_MP3 = _coded("MP3", "MPEG_LAYER_III", 0.9)  # about 26 kbit/s


def _bar(audio: Audio, other: Audio, rng: np.random.Generator) -> Audio:
    """A room, other music and noise beside it, a phone's band and its codec."""
    heard = _mixed(_room(audio, other, rng), other, 10.0)
    heard = _mixed(heard, pink_noise(len(audio), rng), rng.uniform(3.0, 8.0))
    return _OPUS(_phone(heard, other, rng), other, rng)


def _as_it_is(audio: Audio, _other: Audio, _rng: np.random.Generator) -> Audio:
    return audio


# audio, other music as long, randomness -> audio as long
Condition = Callable[[Audio, Audio, np.random.Generator], Audio]

CONDITIONS: dict[str, Condition] = {
    "clean": _as_it_is,
    "pink10": _pink(10.0),
    "pink0": _pink(0.0),
    "music5": _music(5.0),
    "room": _room,
    "phone": _phone,
    "opus": _OPUS,
    "mp3": _MP3,
    "speed2": _as_it_is,  # played 2 % slow or fast, before it gets here
    "speed5": _as_it_is,
    "bar": _bar,
}
SPEEDS = {"speed2": 0.02, "speed5": 0.05}


def degrade(audio: Audio, condition: str, other: Audio, rng: np.random.Generator) -> Audio:
    """Return a clip under a condition, at a level of -32 to -14 dB below full scale."""
    out = CONDITIONS[condition](audio, other, rng)
    out = out * np.float32(10 ** (rng.uniform(-32, -14) / 20) / max(_rms(out), 1e-9))
    return np.clip(out, -0.99, 0.99)
