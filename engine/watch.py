"""What there is to watch: the latest sound as spectrum, scope and meters, and the keys that sound.

Everything is read from the callback's state and nothing is taken, so that any number may watch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.spectrum import hann
from engine.rt import deck_state as ds
from engine.rt import state as st
from engine.rt.state import MIC_FRAMES, TILE

FRAMES = 2048
BINS = 96
LOWEST_HZ, HIGHEST_HZ = 40.0, 18_000.0
SCOPE = 256
METERS = (
    "left peak", "right peak", "left rms", "right rms", "deck 0", "deck 1", "synth", "microphone",
    "limiter", "load",
)  # fmt: skip

_SPECTRUM_DB = 96.0
_METER_DB = 72.0
_LIMITER_DB = 24.0
_SCOPE_STEP = 4  # frames to a point: 21 ms at 48 kHz in all
_TRIES = 4
_SILENT_RMS = 10 ** (-66 / 20)
_POWER_FLOOR = np.float32(1e-12)

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Frame:
    """One look.

    Attributes
    ----------
    output : ndarray of float32, shape (2048, 2)
        The latest that went out.
    microphone : ndarray of float32, shape (2048,)
        The latest that came in.
    spectrum, microphone_spectrum : ndarray of uint8, shape (96,)
        0..255 for -96..0 dBFS (a sine of full scale has 0) in bins spaced evenly in pitch from
        40 Hz to 18 kHz.
    scope : ndarray of int8, shape (256,)
        The output's middle, -127..127, from a rising zero crossing on.
    meters : ndarray of uint8, shape (10,)
        As `METERS` names them: 0..255 for -72..0 dBFS; the limiter's reduction for 0..24 dB, the
        callback's load for 0..100 %.
    notes : ndarray of uint8, shape (16,)
        The keys that sound and are held: bit n % 8 of byte n // 8.
    beat : float
        Of the transport.
    limiting, recording : bool
    """

    output: Floats
    microphone: Floats
    spectrum: Bytes
    microphone_spectrum: Bytes
    scope: NDArray[np.int8]
    meters: Bytes
    notes: Bytes
    beat: float
    limiting: bool
    recording: bool


def played_until(state: NDArray[np.void], frame: int, count: int) -> Floats | None:
    """Return what went out up to a frame, mono.

    Parameters
    ----------
    state : ndarray of STATE, shape (1,)
    frame : int
        Of the engine: the first one that is not returned.
    count : int
        How many frames.

    Returns
    -------
    ndarray of float32, shape (count,), or None
        None where it was silent, or no longer (or not yet) is there.
    """
    one = state[0]
    ring, head = one["tap"], one["tap_head"]
    end = int(head[0]) - (int(one["frame"]) - frame)
    begin = end - count
    if begin < 0 or not 0 <= int(head[0]) - end < ds.TAP_FRAMES - count:
        return None
    played = ring[np.arange(begin, end) & (ds.TAP_FRAMES - 1)].mean(axis=1)
    if int(head[0]) - begin > ds.TAP_FRAMES:  # it was written over meanwhile
        return None
    return played if float(np.sqrt(np.mean(np.square(played)))) > _SILENT_RMS else None


class Watch:
    """Looks at a state; for one thread.

    Parameters
    ----------
    state : ndarray of STATE, shape (1,)
    sample_rate : float
    """

    def __init__(self, state: NDArray[np.void], sample_rate: float) -> None:
        one = state[0]
        self._one = one
        self._rate = float(sample_rate)
        self._tap, self._tap_head = one["tap"], one["tap_head"]
        self._mic, self._mic_head = one["mic"], one["mic_head"]
        self._meter = one["meter"]
        self._window = (2.0 * hann(FRAMES)).astype(np.float32)
        self._bins(sample_rate)
        stages = one["words"][:, st.STAGE_A * TILE : (st.STAGE_A + 1) * TILE]
        self._stages = stages
        self._keys, self._held = one["voice_key"], one["voice_held"]
        self._spent = 0, 0  # nanoseconds and frames at the last look

    def _bins(self, sample_rate: float) -> None:
        """Prepare which bins of the transform each bin of the picture shows."""
        step = sample_rate / FRAMES
        edges = LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ) ** (np.arange(BINS + 1) / BINS)
        first = np.ceil(edges / step).astype(np.int64)
        last = FRAMES // 2
        # below, the transform is coarser than the picture, which then shows what lies between
        sparse = int(np.flatnonzero(np.diff(first) < 2)[-1]) + 1
        middle = np.sqrt(edges[:sparse] * edges[1 : sparse + 1]) / step
        self._below = np.minimum(middle.astype(np.int64), last - 1)
        self._part = (middle - self._below).astype(np.float32)
        self._starts = np.minimum(first[sparse:], last)

    def frame(self) -> Frame:
        """Look once."""
        one = self._one
        output = self._latest(self._tap, self._tap_head, ds.TAP_FRAMES)
        microphone = self._latest(self._mic, self._mic_head, MIC_FRAMES)
        sides = np.ascontiguousarray(output.T)
        spectra = self._spectra(sides, microphone)
        gain = float(one["limit_gain"])
        return Frame(
            output=output,
            microphone=microphone,
            spectrum=spectra[0],
            microphone_spectrum=spectra[1],
            scope=_scope(sides),
            meters=self._meters(sides, gain),
            notes=self._notes(),
            beat=float(one["beat"]),
            limiting=gain < 1.0,
            recording=bool(one["record_on"][0]),
        )

    def _latest(self, ring: Floats, head: NDArray[np.int64], size: int) -> Floats:
        """Return the last frames that were written; silence where there are none yet."""
        latest = np.zeros((FRAMES, *ring.shape[1:]), np.float32)
        for _ in range(_TRIES):
            end = int(head[0])
            count = min(FRAMES, end)
            begin = (end - count) & (size - 1)
            straight = min(count, size - begin)
            latest[FRAMES - count : FRAMES - count + straight] = ring[begin : begin + straight]
            latest[FRAMES - count + straight :] = ring[: count - straight]
            if int(head[0]) - end <= size - FRAMES:
                break  # the writer has not come round to it meanwhile
        return latest

    def _spectra(self, sides: Floats, microphone: Floats) -> Bytes:
        sound = np.empty((3, FRAMES), np.float32)
        np.multiply(sides, self._window, out=sound[:2])
        np.multiply(microphone, self._window, out=sound[2])
        found = np.fft.rfft(sound)
        power = np.square(found.real) + np.square(found.imag)
        both = np.empty((2, power.shape[1]), np.float32)
        both[0] = 0.5 * (power[0] + power[1])
        both[1] = power[2]
        level = 10.0 * np.log10(np.maximum(both, _POWER_FLOOR))
        low = level[:, self._below]
        low = low + (level[:, self._below + 1] - low) * self._part
        high = np.maximum.reduceat(level[:, : self._starts[-1]], self._starts[:-1], axis=1)
        return _bytes(np.concatenate([low, high], axis=1), _SPECTRUM_DB)

    def _meters(self, sides: Floats, gain: float) -> Bytes:
        amplitude = np.zeros(len(METERS))
        amplitude[:2] = np.maximum(sides.max(axis=1), -sides.min(axis=1))
        amplitude[2:4] = [np.sqrt(np.dot(side, side) / FRAMES) for side in sides]
        amplitude[4:6] = self._meter[ds.METER_DECKS : ds.METER_DECKS + ds.DECKS]
        amplitude[6] = self._meter[ds.METER_SYNTH]
        amplitude[7] = self._meter[ds.METER_MIC]
        meters = _bytes(20.0 * np.log10(np.maximum(amplitude, 1e-6)), _METER_DB)
        reduction = -20.0 * np.log10(min(1.0, max(gain, 1e-6)))
        meters[8] = min(255, round(255.0 * reduction / _LIMITER_DB))
        meters[9] = min(255, round(255.0 * self._load()))
        return meters

    def _load(self) -> float:
        """Return which part of the time the callback has worked since the last look."""
        spent, frame = int(self._one["total_ns"]), int(self._one["frame"])
        before, since = self._spent
        self._spent = spent, frame
        if frame <= since:
            return 0.0
        return (spent - before) * 1e-9 * self._rate / (frame - since)

    def _notes(self) -> Bytes:
        sounding = (self._held > 0) & (self._stages.reshape(-1) != st.IDLE)
        keys = np.zeros(128, np.uint8)
        keys[self._keys[sounding]] = 1
        return np.packbits(keys, bitorder="little")


def _scope(sides: Floats) -> NDArray[np.int8]:
    """Return points from that rising zero crossing on which follows the deepest trough."""
    middle = 0.5 * (sides[0] + sides[1])
    frames = SCOPE * _SCOPE_STEP
    below = middle[: FRAMES - frames] < 0.0
    rises = np.flatnonzero(below[:-1] & ~below[1:]) + 1
    start = 0
    if rises.size:
        begins = np.concatenate([[0], rises[:-1]])
        start = int(rises[np.minimum.reduceat(middle[: rises[-1]], begins).argmin()])
    points = middle[start : start + frames].reshape(SCOPE, _SCOPE_STEP).mean(axis=1)
    return np.asarray(np.rint(127.0 * np.clip(points, -1.0, 1.0)), np.int8)


def _bytes(level_db: NDArray[np.floating], range_db: float) -> Bytes:
    """Return levels as 0..255 for -range_db..0."""
    scaled = 255.0 + level_db * (255.0 / range_db)
    return np.asarray(np.rint(np.clip(scaled, 0.0, 255.0)), np.uint8)
