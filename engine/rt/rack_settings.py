"""The rack's settings as numbers, and its lines as lengths: made outside the callback."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.knobs import beats
from engine.parts import Chorus, Delay, Reverb
from engine.rt import rack_state as rs

GLIDE_S = 0.02  # time constant of a change of settings
DELAY_CHANGE_S = 0.03  # the old and the new delay time are faded over so long
CHORUS_TAPS_S = (0.0130, 0.0141, 0.0153, 0.0165, 0.0179, 0.0194)

SHORTEST_LINE_S, LONGEST_LINE_S = 0.019, 0.097
DIFFUSER_S = (0.007, 0.017, 0.037)
LINE_SWING_S = 0.00015
LINE_RATES_HZ = (0.31, 1.07)
TREBLE_HZ = 6000.0  # the lines' damping sets in around here
MIDDLE_HZ = 600.0  # `seconds` is kept here
MOST_DAMPING = 6.0  # damping of 1: the treble dies away 1 + this times as fast

# The limiter is quiet below the threshold; hold and release are long against a bass note's period.
LIMIT_ATTACK_S, LIMIT_HOLD_S, LIMIT_RELEASE_S = 0.0004, 0.025, 0.12
_TO_60_DB = math.log2(1000.0)


def _one_pole(hz: float, sample_rate: float) -> float:
    return 1.0 - math.exp(-2.0 * math.pi * min(hz, 0.45 * sample_rate) / sample_rate)


def _treble_pole(sample_rate: float) -> float:
    """Pole of the bilinear one-pole low-pass in the lines."""
    g = math.tan(math.pi * min(TREBLE_HZ, 0.3 * sample_rate) / sample_rate)
    return (1.0 - g) / (1.0 + g)


def _is_prime(n: int) -> bool:
    return n > 1 and all(n % d for d in range(2, math.isqrt(n) + 1))


def line_frames(sample_rate: float) -> NDArray[np.float64]:
    """Return the lengths of the reverb's lines: different primes, so that no echoes coincide."""
    spread = np.random.default_rng(7).uniform(0.1, 0.9, rs.LINES)
    ratio = LONGEST_LINE_S / SHORTEST_LINE_S
    seconds = SHORTEST_LINE_S * ratio ** ((np.arange(rs.LINES) + spread) / rs.LINES)
    found: list[int] = []
    for wanted in seconds * sample_rate:
        n = round(wanted)
        while n in found or not _is_prime(n):
            n += 1
        found.append(n)
    return np.array(found, np.float64)


def _reverb_numbers(reverb: Reverb, sample_rate: float) -> tuple[float, float, float]:
    """Octaves lost per frame, those lost more in the treble, and the output gain."""
    mean = float(line_frames(sample_rate).mean())
    decay = _TO_60_DB / (reverb.seconds * sample_rate)
    damping = decay * MOST_DAMPING * reverb.damping**2
    # What the damping takes from the middle is given back to all, so that `seconds` is kept there.
    z = np.exp(-2j * np.pi * MIDDLE_HZ / sample_rate)
    pole = _treble_pole(sample_rate)
    low = 0.5 * (1.0 - pole) * (1.0 + z) / (1.0 - pole * z)
    kept = 2.0 ** (-damping * mean)
    lost = -math.log2(abs(kept + (1.0 - kept) * low)) / mean
    # Of noise, as much comes out as goes in, whatever `seconds`: half of the power on each side.
    power = 2.0 ** (-2.0 * decay * mean)
    return max(0.0, decay - lost), damping, math.sqrt(0.5 * (1.0 - power))


def rack_numbers(
    chorus: Chorus, delay: Delay, reverb: Reverb, sample_rate: float
) -> NDArray[np.float64]:
    """Turn settings into the numbers of a row of the rack, shape (RACK_PARAMETERS,)."""
    p = np.zeros(rs.RACK_PARAMETERS)
    p[rs.R_CHORUS_RATE] = chorus.rate / sample_rate
    p[rs.R_CHORUS_DEPTH] = chorus.depth * 1e-3 * sample_rate
    p[rs.R_DELAY_FRAMES] = delay.time * sample_rate
    p[rs.R_DELAY_BEATS] = beats(delay.sync) if delay.sync else 0.0
    p[rs.R_DELAY_FEEDBACK] = delay.feedback
    p[rs.R_DELAY_TONE] = _one_pole(delay.tone, sample_rate)
    decay, damping, gain = _reverb_numbers(reverb, sample_rate)
    p[rs.R_REVERB_DECAY] = decay
    p[rs.R_REVERB_DAMPING] = damping
    p[rs.R_REVERB_GAIN] = gain
    p[rs.R_REVERB_TONE] = _one_pole(20_000.0 * 0.2**reverb.damping, sample_rate)
    return p


def _mask(frames: float, most: int) -> int:
    return int(min(most, 1 << math.ceil(math.log2(frames)))) - 1


def prepare_rack(record: Any, sample_rate: float, cell: int) -> None:
    """Give a fresh state (a record) the rack's lengths and the settings of a plain patch."""
    rng = np.random.default_rng(16)
    lines = line_frames(sample_rate)
    record["rack_glide"] = -math.expm1(-cell / (GLIDE_S * sample_rate))
    record["rack_rows"][:] = rack_numbers(Chorus(), Delay(), Reverb(), sample_rate)
    for name in ("rack_target", "rack_from", "rack_now"):
        record[name] = record["rack_rows"][0]

    record["chorus_base"] = np.array(CHORUS_TAPS_S) * sample_rate
    record["chorus_mask"] = _mask(0.029 * sample_rate + 4 * cell, rs.CHORUS_FRAMES)

    record["delay_longest"] = rs.LONGEST_DELAY_S * sample_rate
    record["delay_mask"] = _mask(rs.LONGEST_DELAY_S * sample_rate + 4 * cell, rs.DELAY_FRAMES)
    record["delay_fade_of"] = max(1, round(DELAY_CHANGE_S * sample_rate / cell))

    record["reverb_delay"] = lines
    record["reverb_mask"] = _mask(lines.max() + 4 * cell, rs.LINE_FRAMES)
    record["reverb_start"] = rng.permutation(rs.LINES) / rs.LINES
    record["reverb_rate"] = rng.permutation(np.linspace(*LINE_RATES_HZ, rs.LINES)) / sample_rate
    record["reverb_swing"] = LINE_SWING_S * sample_rate
    record["reverb_pole"] = _treble_pole(sample_rate)
    record["diffuser_mask"] = _mask(max(DIFFUSER_S) * sample_rate + 4 * cell, rs.DIFFUSER_FRAMES)
    for stage, seconds in enumerate(DIFFUSER_S):
        part = (np.arange(rs.LINES) + rng.uniform(0.0, 1.0, rs.LINES)) / rs.LINES
        record["diffuser_delay"][stage] = rng.permutation(np.rint(part * seconds * sample_rate))
        record["diffuser_sign"][stage] = rng.permutation(np.repeat([1.0, -1.0], rs.LINES // 2))

    record["limit_gain"] = record["limit_wanted"] = 1.0
    record["limit_hold_of"] = round(LIMIT_HOLD_S * sample_rate)
    record["limit_attack"] = -math.expm1(-1.0 / (LIMIT_ATTACK_S * sample_rate))
    record["limit_release"] = -math.expm1(-1.0 / (LIMIT_RELEASE_S * sample_rate))

    longest = lines.max() + sum(DIFFUSER_S) * sample_rate
    frames = (0.029 * sample_rate, record["delay_longest"], longest)
    record["rack_hold"] = [math.ceil(each / cell) + 4 for each in frames]
