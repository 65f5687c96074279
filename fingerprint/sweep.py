"""The sweep: every alignment of every track compared with a clip, where votes leave doubt.

In noise few landmarks survive, so that the right alignment may not be among those voted for. A
peak at frame t and bin b of a track adds what b is worth at frame q of the clip to alignment t - q,
for all q at once: for each peak one addition of a row of numbers. The evidence is centred in time
and in frequency, so that a held note, a loud band or a click in the clip favours no alignment.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp._jit import kernel
from fingerprint import settings as s
from fingerprint.propose import Proposals
from fingerprint.run import Run
from fingerprint.settings import SUB_BIN
from fingerprint.walk import BLOCK

MOST = 2_000_000_000  # additions, 60 ms of CPU: 13 h of music against 10 s, 26 h against 3 s
_A_PEAK = 200  # additions that take as long as to look a peak up
REACH = 2  # frames around an alignment among which the best counts
_TOP = 127  # of the numbers in a row, which take a byte
_FULL = 32_767  # of a sum

I8 = NDArray[np.int8]
I16 = NDArray[np.int16]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
U32 = NDArray[np.uint32]
U16 = NDArray[np.uint16]
U8 = NDArray[np.uint8]


class Sweep:
    """How a clip agrees with a run at every alignment, at the speed and pitch of the library.

    Parameters
    ----------
    run : Run
    rows : ndarray, int64, shape (n,)
        Of its table, ascending: the tracks that are compared.
    evidence : ndarray, float32, shape (frames, BINS)
        Of the clip, see `worth`.

    Notes
    -----
    An alignment stands so many standard deviations above the mean of its track's alignments: dense
    chordal tracks agree with everything, and are none the better for it.
    """

    def __init__(self, run: Run, rows: I64, evidence: NDArray[np.float32]) -> None:
        self._first, self._frames = run.track_start[rows].astype(np.int64), len(evidence)
        self._rows = rows
        length = run.track_frames[rows].astype(np.int64) + self._frames
        self._start = np.concatenate([np.zeros(1, np.int64), np.cumsum(length)])
        self._sums = np.zeros(self._start[-1], np.int16)
        self._best, self._mean = np.zeros(len(rows), np.int64), np.zeros(len(rows))
        self._spread = np.full(len(rows), np.inf)
        sweep_into(
            run.block_peak, run.peak_frame, run.peak_code, self._first,
            run.track_start[rows + 1].astype(np.int64), _centred(evidence),
            self._start, self._sums, self._best, self._mean, self._spread,
        )  # fmt: skip

    def proposals(self, limit: int) -> Proposals:
        """Return the best alignment of each of the tracks where it stands out most."""
        best = self._sums[self._start[:-1] + self._best]
        standing = (best - self._mean) / self._spread
        k = np.argsort(-standing, kind="stable")[:limit]
        k = k[standing[k] > 0]
        align = self._first[k] + self._best[k] - (self._frames - 1.0)
        return align, np.zeros(len(k), np.int32), np.ones(len(k)), np.ones(len(k))

    def at(self, row: int, align: float) -> float:
        """Return how far an alignment (frame of the track), or one close to it, stands out.

        0 in a track that was not compared.
        """
        k = int(np.searchsorted(self._rows, row))
        if k == len(self._rows) or self._rows[k] != row:
            return 0.0
        place = round(align) + self._frames - 1
        sums = self._sums[self._start[k] : self._start[k + 1]]
        near = sums[max(0, place - REACH) : max(0, place + REACH + 1)]
        return float((near.max() - self._mean[k]) / self._spread[k]) if len(near) else 0.0


def cost(run: Run, frames: int) -> int:
    """Return the additions of a sweep of a clip of so many frames over a run, 31 ps of CPU each."""
    return len(run.peak_code) * (frames + _A_PEAK)


def _centred(evidence: NDArray[np.float32]) -> I8:
    """Return the centred evidence of each bin, last frame first, as whole numbers.

    No sum of as many of them as a track can have peaks under the clip passes what it may hold.
    """
    centred = evidence - evidence.mean(axis=0)
    centred -= centred.mean(axis=1, keepdims=True)
    peaks = s.KEPT_A_SLOT * (len(evidence) // s.SLOT + 2)
    unit = max(1e-6, float(np.abs(centred).max())) / min(_TOP, _FULL // peaks)
    return np.ascontiguousarray(np.rint(centred[::-1].T / unit).astype(np.int8))


@kernel
def sweep_into(
    block_peak: U32, peak_frame: U8, peak_code: U16, first: I64, last: I64,
    rows: I8, start: I64, sums: I16, best: I64, mean: F64, spread: F64,
) -> None:  # fmt: skip
    """Write the sums of all alignments, and of each track the best, their mean and deviation.

    Track k spans frames first[k]..last[k] of the run; its sums begin at start[k], and number i is
    alignment i - frames + 1 of the track. Only alignments that meet a peak count.
    """
    bins, frames = rows.shape
    for track in range(len(start) - 1):
        mine = sums[start[track] : start[track + 1]]
        for block in range(first[track] // BLOCK, last[track] // BLOCK):
            for i in range(np.int64(block_peak[block]), np.int64(block_peak[block + 1])):
                t = block * BLOCK + np.int64(peak_frame[i]) - first[track]
                b = min(bins - 1, (np.int64(peak_code[i] & 0xFFF) + SUB_BIN // 2) // SUB_BIN)
                row, out = rows[b], mine[t : t + frames]
                for j in range(len(out)):
                    out[j] += np.int16(row[j])
        count = 0
        total = squares = 0.0
        at = 0
        for j in range(len(mine)):
            x = np.float64(mine[j])
            count += x != 0.0
            total += x
            squares += x * x
            if mine[j] > mine[at]:
                at = j
        if not count:
            continue
        mean[track] = total / count
        spread[track] = np.sqrt(max(1.0, squares / count - mean[track] ** 2))
        best[track] = at
