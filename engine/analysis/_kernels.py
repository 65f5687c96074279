"""The loops of the analysis, compiled.

They stand apart and import nothing of the analysis: the compiled code of a whole package is made
anew when anything changes that a kernel's file imports.
"""

from __future__ import annotations

import numpy as np

from dsp._jit import kernel

LOWEST = 33  # A1 (55 Hz): the note of the first cells
CELLS = 20  # of a semitone: 5 cents each

_FLOOR_DB = -50.0  # below the strongest bin of a frame: a peak is not heard
_TILE = 64  # samples whose true peak is looked for only if they may hold the highest


@kernel(fast=True)
def magnitude(spectrum, out):  # type: ignore[no-untyped-def]
    for t in range(spectrum.shape[0]):
        for k in range(spectrum.shape[1]):
            value = spectrum[t, k]
            out[t, k] = np.sqrt(value.real * value.real + value.imag * value.imag)


@kernel(fast=True)
def flux(magnitude, edges, group, history, level, keep, lag, widen, seen, out):  # type: ignore[no-untyped-def]
    frames, bands = magnitude.shape[0], edges.shape[0] - 1
    now = np.empty(bands, np.float32)
    for t in range(frames):
        total = np.float32(0.0)
        for b in range(bands):
            power = np.float32(0.0)
            for k in range(edges[b], edges[b + 1]):
                power += magnitude[t, k]
            now[b] = power
            total += power
        mean = total / np.float32(bands)
        level[0] = max(mean, level[0] * keep)
        floor = np.float32(0.1) * level[0] + np.float32(1e-7)
        row = (seen + t) % lag
        for b in range(bands):
            now[b] = np.log(np.float32(1.0) + now[b] / floor)
        for b in range(bands):
            before = history[row, b]
            for n in range(max(0, b - widen), min(bands, b + widen + 1)):
                before = max(before, history[row, n])
            rise = now[b] - before
            if rise > np.float32(0.0):
                out[t, group[b]] += rise
                out[t, 3] += rise
        for b in range(bands):
            history[row, b] = now[b]


@kernel
def weigh(block, filters, state, weight, step, left, steps):  # type: ignore[no-untyped-def]
    """Add up weighted squares; a step's mean goes to `steps`. Transposed direct form II."""
    channels = block.shape[1]
    count = 0
    for t in range(block.shape[0]):
        power = 0.0
        for c in range(channels):
            x = np.float64(block[t, c])
            y = filters[0, 0] * x + state[c, 0]
            state[c, 0] = filters[0, 1] * x - filters[0, 3] * y + state[c, 1]
            state[c, 1] = filters[0, 2] * x - filters[0, 4] * y
            z = y + state[c, 2]
            state[c, 2] = -2.0 * y - filters[1, 3] * z + state[c, 3]
            state[c, 3] = y - filters[1, 4] * z
            power += weight[c] * z * z
        left[0] += power
        left[1] += 1.0
        if left[1] >= step:
            steps[count] = left[0] / left[1]
            left[0] = 0.0
            left[1] = 0.0
            count += 1
    return count


@kernel(fast=True)
def true_peak(block, taps, gain, peak):  # type: ignore[no-untyped-def]
    """Raise `peak` to the highest absolute value at and between the samples."""
    frames, channels = block.shape
    parts, width = taps.shape
    for c in range(channels):
        for start in range(0, frames - width + 1, _TILE):
            stop = min(start + _TILE, frames - width + 1)
            here = np.float32(0.0)
            for t in range(start, stop + width - 1):
                here = max(here, abs(block[t, c]))
            if here <= peak[0] and here * gain <= peak[0]:
                continue
            peak[0] = max(peak[0], here)
            for t in range(start, stop):
                for k in range(parts):
                    between = np.float32(0.0)
                    for i in range(width):
                        between += block[t + i, c] * taps[k, i]
                    peak[0] = max(peak[0], abs(between))


@kernel
def gather(frame, bin_hz, cells):  # type: ignore[no-untyped-def]
    """Add the peaks of one magnitude spectrum; weight: root of magnitude, less for the high."""
    loudest = np.float32(0.0)
    for k in range(frame.shape[0]):
        loudest = max(loudest, frame[k])
    floor = max(loudest * np.float32(10.0 ** (_FLOOR_DB / 20.0)), np.float32(1e-6))
    first, last = int(52.0 / bin_hz), int(3500.0 / bin_hz)
    for k in range(first, last):
        here = frame[k]
        if here < floor or here <= frame[k - 1] or here < frame[k + 1]:
            continue
        # A Hann window's main lobe is nearly a parabola in decibels.
        left, mid, right = np.log(frame[k - 1] + 1e-12), np.log(here), np.log(frame[k + 1] + 1e-12)
        bend = left - 2.0 * mid + right
        at = k + 0.5 * (left - right) / bend
        if bend > -0.2:  # broader than a steady tone: noise
            continue
        hz = at * bin_hz
        note = 69.0 + 12.0 * np.log2(hz / 440.0)
        weight = np.sqrt(here)
        if hz > 300.0:
            weight *= 0.6 ** np.log2(hz / 300.0)
        place = (note - LOWEST + 0.5) * CELLS - 0.5  # shared by the two cells around it
        cell = int(np.floor(place))
        part = place - cell
        if 0 <= cell < cells.shape[0] - 1:
            cells[cell] += weight * (1.0 - part)
            cells[cell + 1] += weight * part


@kernel
def follow(score, ladder, cost, gains, back, beats):  # type: ignore[no-untyped-def]
    """Gain of a beat at t reached by period p = score[t] + best gain one period ago.

    `gains` is a ring over the last frames, `back` the step on the ladder taken.
    """
    ring, rungs = gains.shape
    reach = cost.shape[0] // 2
    frames = score.shape[0]
    for t in range(frames):
        row = t % ring
        for p in range(rungs):
            length = np.int64(ladder[p] + np.float32(0.5))
            if t < length:
                gains[row, p] = score[t]
                back[t, p] = 127
                continue
            ago = (t - length) % ring
            best, choice = np.float32(-1e30), 0
            for d in range(-reach, reach + 1):
                q = p + d
                if 0 <= q < rungs:
                    gain = gains[ago, q] - cost[d + reach]
                    if gain > best:
                        best, choice = gain, d
            gains[row, p] = best + score[t]
            back[t, p] = choice
    best = np.float32(-1e30)
    end, rung = frames - 1, 0
    for t in range(frames - ring + 1, frames):
        for p in range(rungs):
            # a beat may stand anywhere in the last period
            if t > frames - 1 - ladder[p] and gains[t % ring, p] > best:
                best = gains[t % ring, p]
                end, rung = t, p
    count = 0
    t, p = end, rung
    while True:
        beats[count] = t
        count += 1
        d = back[t, p]
        if d == 127:
            break
        t -= np.int64(ladder[p] + np.float32(0.5))
        p += d
    return count
