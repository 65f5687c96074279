"""How late sound comes back: bursts go out, and are found again in the microphone.

One callback brings a block of the microphone and makes a block of output, so frames of both are
counted by the same clock. The burst that went out is taken from the record ring and found again in
the microphone's by cross-correlation, finer than a sample.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import DeviceError
from engine.parts import ADSR, Filter, Oscillator
from engine.patch import Patch
from engine.rt.record import read_record, switch_record
from engine.rt.ring import read_mic
from engine.synth import Synth

if TYPE_CHECKING:
    from engine.io.device import Stream

_LONGEST_S = 0.8  # of a round trip; more is an echo
_BURST_S = 0.05
_STEP_S = 0.05
_CLEAR = 12.0  # a peak this many times the median of the correlation is no accident
_WANTED = 5
_FINE = 32  # points a sample; between them the peak is a parabola

Samples = NDArray[np.float32]

BURST = Patch(
    name="latency burst",
    oscillators=(Oscillator(level=0.0), Oscillator(level=0.0)),
    noise=1.0,
    filter=Filter(cutoff=20_000.0, velocity=0.0),
    amplitude=ADSR(attack=0.001, decay=0.0, sustain=1.0, release=0.005),
    gain=-12.0,
    velocity=0.0,
)
"""White noise: it is like itself at no other time, and holds every frequency a cable passes."""


@dataclass(frozen=True)
class RoundTrip:
    """What was measured; times in seconds.

    Attributes
    ----------
    seconds : float
        Median of the round trips: from the block in which a burst was made to its return.
    spread : float
        Between the shortest and the longest.
    bursts : int
        How many came back.
    output, input : float
        What the device reports of its own latency, each way.
    block : float
        One block of the callback.
    level : float
        Of what came back against what went out, in dB.
    """

    seconds: float
    spread: float
    bursts: int
    output: float
    input: float
    block: float
    level: float

    @property
    def rest(self) -> float:
        """What the device does not report: converters, cables, air; negative if it exaggerates."""
        return self.seconds - self.output - self.input


def lag(sent: NDArray[np.floating], heard: NDArray[np.floating]) -> tuple[float, float] | None:
    """Return by how many samples `sent` is late in `heard`, and its level there.

    Parameters
    ----------
    sent : ndarray, shape (n,)
        What went out.
    heard : ndarray, shape (m,)
        What came back since the frame at which `sent` began; m >= n.

    Returns
    -------
    (samples, level) or None
        Finer than a sample; the level is an amplitude ratio. None if nothing stands out.
    """
    size = len(sent) + len(heard)
    out, back = np.fft.rfft(sent, size), np.fft.rfft(heard, size)
    cross = np.conj(out) * back
    found = np.fft.irfft(cross, size)[: max(1, len(heard) - len(sent) + 1)]
    energy = float(np.square(sent, dtype=np.float64).sum())
    strength = np.abs(found)
    peak = int(strength.argmax())
    if energy == 0.0 or strength[peak] <= _CLEAR * max(float(np.median(strength)), 1e-9 * energy):
        return None
    # The correlation between samples is its Fourier series: exact, as all is band-limited.
    at = peak + np.arange(-_FINE, _FINE + 1) / _FINE
    turn = 2j * np.pi / size * np.arange(len(cross))
    weight = np.full(len(cross), 2.0 / size)
    weight[0] /= 2.0
    fine = np.array([float((cross * weight * np.exp(turn * t)).sum().real) for t in at])
    best = min(max(int(np.abs(fine).argmax()), 1), len(fine) - 2)
    a, b, c = np.abs(fine[best - 1 : best + 2])
    bow = a - 2.0 * b + c
    shift = 0.0 if bow == 0.0 else 0.5 * (a - c) / bow
    return float(at[best] + shift / _FINE), float(abs(fine[best]) / energy)


class _Tape:
    """What went out and what came back, from the stream's first frame on."""

    def __init__(self, stream: Stream) -> None:
        self._state = stream.synth.state
        self._stereo = np.zeros((1 << 14, 2), dtype=np.float32)
        self._mono = np.zeros(1 << 14, dtype=np.float32)
        self.out: Samples = np.zeros(0, dtype=np.float32)
        self.back: Samples = np.zeros(0, dtype=np.float32)

    def pull(self) -> None:
        """Take in what both rings hold."""
        while count := read_record(self._state, self._stereo):
            self.out = np.append(self.out, self._stereo[:count].mean(axis=1))
        while count := read_mic(self._state, self._mono):
            self.back = np.append(self.back, self._mono[:count])
        one = self._state[0]
        if one["mic_dropped"] or one["record_dropped"]:
            raise DeviceError("the machine is too busy to measure a latency")


def measure(stream: Stream, seconds: float = 10.0) -> RoundTrip:
    """Play bursts until five have come back, and say how late they came.

    Parameters
    ----------
    stream : Stream
        Of a synth made by `burst_synth`, with an input that hears the output.
    seconds : float
        How long to try.

    Raises
    ------
    DeviceError
        If nothing comes back, or the device stops.
    """
    synth = stream.synth
    rate = synth.sample_rate
    burst, longest = round(_BURST_S * rate), round(_LONGEST_S * rate)
    tape = _Tape(stream)
    found: list[tuple[float, float]] = []
    pause = threading.Event()
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(found) < _WANTED:
        at = synth.frame + 4 * stream.block + round(_STEP_S * rate)
        synth.note_on(60, frame=at)
        synth.note_off(60, frame=at + burst - round(0.01 * rate))
        while min(len(tape.out), len(tape.back)) < at + burst + longest:
            pause.wait(_STEP_S)
            stream.check()
            tape.pull()
        result = lag(tape.out[at : at + burst], tape.back[at : at + burst + longest])
        if result is not None:
            found.append(result)
    if not found:
        raise DeviceError(
            "no burst came back: join the output to the input by a cable, or turn up speaker "
            f"and microphone (the microphone's loudest sample was {_peak_db(tape.back)})"
        )
    lags = np.array([samples for samples, _ in found]) / rate
    return RoundTrip(
        seconds=float(np.median(lags)),
        spread=float(np.ptp(lags)),
        bursts=len(found),
        output=stream.latency_s,
        input=stream.input_latency_s,
        block=stream.block / rate,
        level=float(20.0 * np.log10(np.median([level for _, level in found]))),
    )


def _peak_db(heard: Samples) -> str:
    peak = float(np.abs(heard).max(initial=0.0))
    return "silence" if peak == 0.0 else f"{20.0 * np.log10(peak):.0f} dB"


def burst_synth(sample_rate: float) -> Synth:
    """Return a synth that plays the bursts and keeps what goes out, from its first frame on."""
    synth = Synth(BURST, sample_rate, voices=4)
    switch_record(synth.state, True)
    return synth
