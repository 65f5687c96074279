"""What a session's likes and skips teach, at once."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy

import numpy as np
from numpy.typing import NDArray

from recommend.interactions import as_ids
from recommend.wrmf import WRMF

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ids = NDArray[np.int64]


class Session:
    """The factors of one listener, kept current by rank-1 updates.

    Solves (A + sum of w y y') x = sum of (w + 1) y over likes, where a skip adds its w y y' on the
    left only: a preference of 0 held with confidence. The inverse of the left side follows each
    event by Sherman-Morrison in O(factors^2).

    Parameters
    ----------
    wrmf : WRMF
    seeds : sequence of int
        First likes. Tracks without factors are passed over, here and later.

    Notes
    -----
    The penalty is that of the seeds (of one like when there is none) and stays while the session
    lasts; without events the factors are those of `WRMF.fold_in`.
    """

    def __init__(self, wrmf: WRMF, seeds: Iterable[int] = ()) -> None:
        self._wrmf = wrmf
        rows = wrmf.rows_of(as_ids(seeds, "seeds"))
        known = np.unique(rows[rows >= 0])
        self._base = 1.0 / (wrmf.gram.astype(np.float64) + wrmf.penalty(max(len(known), 1)))
        self._inverse: Doubles = np.diag(self._base)
        self._right = np.zeros(wrmf.factors)
        self._rows: list[int] = []
        self._weights: list[float] = []
        self._liked: list[bool] = []
        for row in known:
            self._add(int(row), 1.0, liked=True)

    def branch(self) -> Session:
        """Return a session that has heard the same and goes its own way."""
        other = copy(self)
        other._inverse, other._right = self._inverse.copy(), self._right.copy()
        other._rows, other._weights, other._liked = self._rows[:], self._weights[:], self._liked[:]
        return other

    @property
    def heard(self) -> int:
        """How many seeds, likes and skips count so far."""
        return len(self._rows)

    @property
    def factors(self) -> Floats:
        """The listener's current factors, shape (factors,)."""
        return (self._inverse @ self._right).astype(np.float32)

    def like(self, track_id: int, weight: float = 1.0) -> bool:
        """Learn that a track was welcome; return False when the model does not know it."""
        return self._event(track_id, weight, liked=True)

    def skip(self, track_id: int, weight: float = 1.0) -> bool:
        """Learn that a track was not; return False when the model does not know it."""
        return self._event(track_id, weight, liked=False)

    def scores(self) -> Floats:
        """Return the score of every track, shape (tracks,), as `WRMF.track_ids`."""
        return self._wrmf.track_factors_ @ self.factors

    def explain(self, track_id: int) -> tuple[Ids, Floats]:
        """Return what each event adds to the score of a track; a skip's share is mostly below 0."""
        row = int(self._wrmf.rows_of([track_id])[0])
        if row < 0:
            raise ValueError(f"track_id must stand in a playlist of the model, got {track_id}")
        return self.explain_factors(self._wrmf.track_factors_[row])

    def explain_factors(self, factors: Floats) -> tuple[Ids, Floats]:
        """Return what each event adds to the score of the track with these factors.

        Returns
        -------
        ids : ndarray of int64, shape (heard,)
        shares : ndarray of float32, same shape
            They sum to the score. Each is t_s y_s' B^-1 y, with B the left side before any event
            and t_s the event's weight times what was left unexplained of it, which is how a skip
            gets its (negative) part.
        """
        rows = np.array(self._rows, dtype=np.int64)
        Z = self._wrmf.track_factors_[rows].astype(np.float64)
        w, liked = np.array(self._weights), np.array(self._liked, dtype=np.float64)
        t = liked * (w + 1.0) - w * (Z @ (self._inverse @ self._right))
        shares = t * (Z @ (self._base * factors))
        return self._wrmf.track_ids[rows], shares.astype(np.float32)

    def _event(self, track_id: int, weight: float, *, liked: bool) -> bool:
        if not (np.isfinite(weight) and weight > 0):
            raise ValueError(f"weight must be finite and above 0, got {weight!r}")
        row = int(self._wrmf.rows_of([track_id])[0])
        if row < 0:
            return False
        self._add(row, weight, liked=liked)
        return True

    def _add(self, row: int, weight: float, *, liked: bool) -> None:
        w = self._wrmf.alpha * weight
        y = self._wrmf.track_factors_[row].astype(np.float64)
        v = self._inverse @ y
        self._inverse -= np.outer(v, v) * (w / (1.0 + w * float(y @ v)))
        if liked:
            self._right += (w + 1.0) * y
        self._rows.append(row)
        self._weights.append(w)
        self._liked.append(liked)
