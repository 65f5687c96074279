"""Kernels: local contrast of a spectrogram, its maxima, the strongest of each half second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]


@kernel(fast=True)
def contrast_into(level: F32, frames_around: int, bins_around: int, out: F32) -> None:
    """Write `level` less its mean over the surrounding box (cut off at the borders)."""
    frames, bins = level.shape
    column = np.zeros(bins, np.float32)  # sum over the frames of the box
    prefix = np.zeros(bins + 1, np.float32)
    rows = 0
    for t in range(min(frames_around, frames)):
        for b in range(bins):
            column[b] += level[t, b]
        rows += 1
    for t in range(frames):
        entering, leaving = t + frames_around, t - frames_around - 1
        if entering < frames:
            for b in range(bins):
                column[b] += level[entering, b]
            rows += 1
        if leaving >= 0:
            for b in range(bins):
                column[b] -= level[leaving, b]
            rows -= 1
        total = np.float32(0.0)
        for b in range(bins):
            total += column[b]
            prefix[b + 1] = total
        for b in range(bins):
            low = max(0, b - bins_around)
            high = min(bins, b + bins_around + 1)
            mean = (prefix[high] - prefix[low]) / np.float32((high - low) * rows)
            out[t, b] = level[t, b] - mean


@kernel
def maxima_into(
    contrast: F32,
    level: F32,
    frames_around: int,
    bins_around: int,
    threshold: float,
    floor: float,
    sub_bin: int,
    slot: int,
    kept: int,
    frame_out: I32,
    position_out: I32,
    contrast_out: F32,
    rank_out: I32,
) -> int:
    """Find the cells that no neighbour exceeds; keep the `kept` strongest of each slot of frames.

    Writes frame, frequency in 1 / sub_bin of a bin (by the parabola through three bins), contrast
    and rank within the slot (0: strongest), in order of frame and frequency; returns how many.
    """
    frames, bins = contrast.shape
    room = slot * (bins // 2 + 1)
    slot_frame = np.empty(room, np.int32)
    slot_bin = np.empty(room, np.int32)
    slot_contrast = np.empty(room, np.float32)
    flag = np.zeros(-(-bins // 8) * 8, np.uint8)
    eight = flag.view(np.uint64)
    top_bin = np.empty(bins, np.int64)
    low_contrast, low_level = np.float32(threshold), np.float32(floor)
    count = 0
    for slot_start in range(0, frames, slot):
        found = 0
        for t in range(slot_start, min(frames, slot_start + slot)):
            before, after = max(0, t - 1), min(frames - 1, t + 1)
            for b in range(1, bins - 1):  # without branches, so that it is vectorised
                c = contrast[t, b]
                flag[b] = (
                    (c >= contrast[t, b - 1])
                    & (c >= contrast[t, b + 1])
                    & (c >= contrast[before, b])
                    & (c >= contrast[after, b])
                    & (c >= low_contrast)
                    & (level[t, b] >= low_level)
                )
            tops = 0
            for word in range(len(eight)):  # most are empty
                if eight[word]:
                    for b in range(8 * word, min(bins, 8 * word + 8)):
                        if flag[b]:
                            top_bin[tops] = b
                            tops += 1
            for i in range(tops):
                b = top_bin[i]
                c = contrast[t, b]
                top = True
                low, high = max(0, b - bins_around), min(bins, b + bins_around + 1)
                for u in range(max(0, t - frames_around), min(frames, t + frames_around + 1)):
                    for k in range(low, high):
                        if contrast[u, k] > c:
                            top = False
                    if not top:
                        break
                if top and found < room:
                    slot_frame[found] = t
                    slot_bin[found] = b
                    slot_contrast[found] = c
                    found += 1
        order = np.argsort(-slot_contrast[:found], kind="mergesort")
        keep = min(kept, found)
        rank = np.full(found, kept, np.int32)
        for k in range(keep):
            rank[order[k]] = k
        for k in range(found):
            if rank[k] >= kept:
                continue
            t, b = slot_frame[k], slot_bin[k]
            left, mid, right = level[t, b - 1], level[t, b], level[t, b + 1]
            curve = left - 2 * mid + right
            shift = 0.5 * (left - right) / curve if curve < 0.0 else 0.0
            shift = min(0.5, max(-0.5, shift))
            frame_out[count] = t
            position_out[count] = min(bins * sub_bin - 1, max(0, round((b + shift) * sub_bin)))
            contrast_out[count] = slot_contrast[k]
            rank_out[count] = rank[k]
            count += 1
    return count
