"""Binary frames for the page: spectra, a scope, meters and the keys that sound.

The layout is docs/api.md's; everything is made here from what `Watch` reads, thirty times a second,
once for all pages.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.web.desk import Desk

BINS, SCOPE, METERS = 96, 256, 10
KIND = 1
LIMITS, RECORDS, LOCKED = 1, 2, 4
_HEAD = struct.Struct("<BBHHHIf")
_WINDOW_FRAMES = 2048
_LOWEST_HZ, _HIGHEST_HZ = 40.0, 18_000.0
_SPECTRUM_DB, _METER_DB, _REDUCTION_DB = 96.0, 72.0, 24.0
_BEATS_MODULO = 1024.0
_TILE_KEYS = 128


class Frames:
    """Makes frames of a desk.

    Parameters
    ----------
    desk : Desk
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._counter = 0
        self._calls = 0, 0.0
        rate = desk.synth.sample_rate
        self._window = np.hanning(_WINDOW_FRAMES).astype(np.float32)
        self._edges = _edges(rate)

    def make(self) -> bytes:
        """Return the next frame."""
        desk = self._desk
        one = desk.synth.state[0]
        output = np.zeros((_WINDOW_FRAMES, 2), np.float32)
        microphone = _microphone(one)
        flags = 0
        if desk.recorder is not None and desk.recorder.error is None:
            flags |= RECORDS
        if desk.session.follower.following.state == "locked":
            flags |= LOCKED
        mono = output.mean(axis=1)
        meters = np.zeros(METERS, np.uint8)
        meters[0:2] = to_byte(np.abs(output).max(axis=0), _METER_DB)
        meters[2:4] = to_byte(np.sqrt(np.square(output).mean(axis=0)), _METER_DB)
        meters[7] = to_byte(np.abs(microphone).max(), _METER_DB)
        meters[9] = self._load(one)
        self._counter = (self._counter + 1) & 0xFFFFFFFF
        head = _HEAD.pack(
            KIND, flags, BINS, SCOPE, METERS, self._counter, desk.synth.beat % _BEATS_MODULO
        )
        return b"".join(
            (
                head,
                self.spectrum(mono).tobytes(),
                self.spectrum(microphone).tobytes(),
                scope(mono).tobytes(),
                meters.tobytes(),
                _sounding(one).tobytes(),
            )
        )

    def spectrum(self, samples: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the level in each bin as bytes: 0..255 for -96..0 dBFS of a full-scale sine."""
        scale = 2.0 / float(self._window.sum())
        magnitude = np.abs(np.fft.rfft(samples * self._window)) * scale
        first, last, inside = self._edges
        spread = np.interp(inside, np.arange(magnitude.size), magnitude)
        loudest = np.maximum.reduceat(np.append(magnitude, 0.0), np.stack([first, last], 1).ravel())
        return to_byte(np.maximum(spread, np.where(last > first, loudest[::2], 0.0)), _SPECTRUM_DB)

    def _load(self, one: Any) -> int:
        """Share of its time that the callback used since the last frame, 0..255."""
        calls, total = int(one["calls"]), float(one["total_ns"])
        before, total_before = self._calls
        self._calls = calls, total
        if calls <= before:
            return 0
        period_ns = self._desk.session.stream.block / self._desk.synth.sample_rate * 1e9
        share = (total - total_before) / (calls - before) / period_ns
        return round(255.0 * min(max(share, 0.0), 1.0))


def to_byte(amplitude: Any, range_db: float) -> NDArray[np.uint8]:
    """Return amplitudes as bytes, linear in dB: 0 at -`range_db`, 255 at 0 dBFS."""
    level = 20.0 * np.log10(np.maximum(np.asarray(amplitude, np.float64), 1e-9))
    return np.asarray(np.clip(np.rint(255.0 * (1.0 + level / range_db)), 0, 255), np.uint8)


def scope(mono: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return the latest 256 samples that begin where the signal rises through zero, as bytes."""
    last = mono.size - SCOPE
    rising = np.flatnonzero((mono[: last - 1] < 0.0) & (mono[1:last] >= 0.0))
    start = int(rising[-1]) + 1 if rising.size else last
    part = mono[start : start + SCOPE]
    return np.asarray(np.clip(np.rint(127.0 * part), -127, 127), np.int8)


def _edges(
    sample_rate: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return for each bin the lines of the transform inside it, and its centre among them."""
    top = min(_HIGHEST_HZ, 0.49 * sample_rate)
    edges = np.geomspace(_LOWEST_HZ, top, BINS + 1) * _WINDOW_FRAMES / sample_rate
    lines = np.ceil(edges).astype(np.int64)
    return lines[:-1], lines[1:], np.sqrt(edges[:-1] * edges[1:])


def _microphone(one: Any) -> NDArray[np.float32]:
    """Return the latest samples of the microphone; the listener's place stays as it is."""
    ring = one["mic"]
    head = int(one["mic_head"][0])
    at = np.arange(head - _WINDOW_FRAMES, head) & (ring.size - 1)
    return np.asarray(ring[at], np.float32)


def _sounding(one: Any) -> NDArray[np.uint8]:
    """Return a bit for each key that is held by finger or pedal."""
    held = (one["key_bits"] != 0).any(axis=0)
    return np.packbits(held[:_TILE_KEYS], bitorder="little")
