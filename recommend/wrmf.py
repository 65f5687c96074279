"""Weighted regularised matrix factorisation of playlists, solved exactly."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from recommend import _als, modelfile
from recommend.errors import NotFittedError
from recommend.interactions import IdTable, Interactions, Matrix, as_ids
from recommend.ranking import top
from recommend.scan import Scan

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

_KIND = "wrmf"
_START = 0.1  # spread of the random factors, over sqrt(factors), as in Rendle et al.


class WRMF:
    """Factors of playlists and tracks from implicit feedback.

    Minimises, over all pairs of playlist u and track i, with p = 1 where the track stands in the
    playlist (count r) and 0 elsewhere,

        sum (1 + alpha r) (p - x_u . y_i)^2 + sum_u g_u |x_u|^2 + sum_i g_i |y_i|^2,

    where g, the penalty of a row, is `regularization` times the row's whole confidence
    (n + alpha times its counts) to the power of `frequency_scaling`. An unobserved pair so weighs
    1 / alpha of an observed one.

    Parameters
    ----------
    factors : int
        Length of the vectors, 1 to 2048.
    regularization : float
        Above 0.
    alpha : float
        Weight of one count, above 0.
    iterations : int
        Sweeps over playlists and tracks, at least 1.
    frequency_scaling : float
        0: one penalty for all; 1: in proportion to a row's confidence.
    seed : int
        Of the first factors. The same seed and interactions give the same bits on one machine.

    Notes
    -----
    Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (2008); Rendle,
    Krichene, Zhang, Koren, "Revisiting the Performance of iALS" (2021).

    Examples
    --------
    >>> interactions = Interactions.from_playlists([[1, 2], [1, 2], [1, 2, 5], [3, 4], [3, 4, 5]])
    >>> ids, scores = WRMF(factors=4).fit(interactions).recommend([1], n=1)
    >>> ids.tolist()
    [2]
    """

    ARRAYS = ("track_ids", "popularity", "track_factors", "user_factors", "gram")

    def __init__(
        self,
        factors: int = 64,
        regularization: float = 0.015,
        alpha: float = 33.0,
        iterations: int = 10,
        *,
        frequency_scaling: float = 1.0,
        seed: int = 0,
    ) -> None:
        _require_integer("factors", factors, 1, 2048)
        _require_integer("iterations", iterations, 1, 10_000)
        _require_integer("seed", seed, 0, 2**63 - 1)
        for name, value in (("regularization", regularization), ("alpha", alpha)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be finite and above 0, got {value!r}")
        if not 0 <= frequency_scaling <= 2:
            raise ValueError(f"frequency_scaling must lie in 0..2, got {frequency_scaling!r}")
        self.factors = factors
        self.regularization = regularization
        self.alpha = alpha
        self.iterations = iterations
        self.frequency_scaling = frequency_scaling
        self.seed = seed
        self._table: IdTable | None = None
        self._scan: Scan | None = None

    def fit(self, interactions: Interactions) -> WRMF:
        """Learn from playlists; what an earlier fit learnt is forgotten.

        Raises
        ------
        ValueError
            If there is no track in any playlist.
        """
        if interactions.matrix.nnz == 0:
            raise ValueError("interactions must hold at least one track in a playlist, got none")
        sweep = Sweep(interactions, self)
        for _ in range(self.iterations):
            sweep()
        self.track_factors_, self._gram = _diagonalise(sweep.tracks)
        self.user_factors_ = sweep.by_playlist.solve(self.track_factors_, self._gram)
        self.popularity_ = interactions.popularity()
        self._table, self._scan = IdTable(interactions.track_ids), None
        return self

    @property
    def track_ids(self) -> Ids:
        """Ids of the tracks that have factors, ascending, shape (tracks,)."""
        return self._fitted().ids

    def rows_of(self, ids: ArrayLike | Iterable[int]) -> Ids:
        """Return the row of each track in `track_factors_`, -1 where it has none."""
        return self._fitted().rows_of(as_ids(ids, "ids"))

    def penalty(self, weight: float) -> float:
        """Return the penalty of a row whose counts sum to `weight`."""
        confidence = len(self.track_ids) + self.alpha * weight
        return float(self.regularization * confidence**self.frequency_scaling)

    def fold_in(self, likes: Iterable[int], weights: ArrayLike | None = None) -> Floats:
        """Return the factors that a playlist of these tracks would have got.

        Parameters
        ----------
        likes : sequence of int
            Tracks without factors are passed over; a repeated one counts once (or adds up its
            weights).
        weights : sequence of float, optional
            Counts beside `likes`, above 0; 1 each when not given.

        Returns
        -------
        ndarray of float32, shape (factors,)
            All zero when no track is known.
        """
        return self._solve(*self._known(likes, weights))

    def _solve(self, rows: Ids, counts: Floats) -> Floats:
        out = _als.solve_rows(
            np.array([0, len(rows)], dtype=np.int64),
            rows.astype(np.int32),
            np.float32(self.alpha) * counts,
            np.array([self.penalty(float(counts.sum()))], dtype=np.float32),
            self.track_factors_,
            self._gram,
        )
        factors: Floats = out[0]
        return factors

    def scores(self, likes: Iterable[int], weights: ArrayLike | None = None) -> Floats:
        """Return the score of every track for these likes, shape (tracks,), as `track_ids`."""
        scores: Floats = self.track_factors_ @ self.fold_in(likes, weights)
        return scores

    def recommend(
        self,
        likes: Iterable[int],
        n: int = 10,
        exclude: Iterable[int] = (),
        weights: ArrayLike | None = None,
    ) -> tuple[Ids, Floats]:
        """Return the `n` best tracks that are neither liked nor excluded, best first.

        With no known like every score is 0 and the most popular come first.

        Returns
        -------
        ids : ndarray of int64, shape (at most n,)
        scores : ndarray of float32, same shape
        """
        known, counts = self._known(likes, weights)
        unwanted = self.rows_of(exclude)
        hidden = np.concatenate([known, unwanted[unwanted >= 0]])
        if len(known):
            if self._scan is None:
                self._scan = Scan(self.track_factors_)
            order, scores = self._scan.best(self._solve(known, counts), n, hidden)
            return self.track_ids[order], scores
        order = top(self.popularity_.astype(np.float32), n, hidden)
        return self.track_ids[order], np.zeros(len(order), dtype=np.float32)

    def similar_tracks(self, track_id: int, n: int = 10) -> tuple[Ids, Floats]:
        """Return the tracks whose factors point the same way, by cosine, best first.

        Raises
        ------
        ValueError
            If the track has no factors.
        """
        row = self._row(track_id)
        lengths = np.linalg.norm(self.track_factors_, axis=1)
        cosines = self.track_factors_ @ self.track_factors_[row]
        cosines /= np.maximum(lengths * lengths[row], np.finfo(np.float32).tiny)
        order = top(cosines, n, np.array([row]))
        return self.track_ids[order], cosines[order]

    def explain(
        self, likes: Iterable[int], track_id: int, weights: ArrayLike | None = None
    ) -> tuple[Ids, Floats]:
        """Return what each known like adds to the score of a track, largest first.

        Returns
        -------
        ids : ndarray of int64, shape (known likes,)
        shares : ndarray of float32, same shape
            They sum to the score: (1 + alpha r_s) y_i' A^-1 y_s each (Hu et al., section 5).
        """
        rows, counts = self._known(likes, weights)
        Z = self.track_factors_[rows].astype(np.float64)
        w = self.alpha * counts.astype(np.float64)
        A = np.diag(self._gram + self.penalty(float(counts.sum()))) + Z.T @ (w[:, None] * Z)
        shares = (w + 1.0) * (Z @ np.linalg.solve(A, self.track_factors_[self._row(track_id)]))
        order = np.argsort(-shares, kind="stable")
        return self.track_ids[rows[order]], shares[order].astype(np.float32)

    @property
    def settings(self) -> dict[str, float]:
        """The parameters it was made with."""
        return {
            "factors": self.factors,
            "regularization": self.regularization,
            "alpha": self.alpha,
            "iterations": self.iterations,
            "frequency_scaling": self.frequency_scaling,
            "seed": self.seed,
        }

    @property
    def arrays(self) -> modelfile.Arrays:
        """What it learnt, by the names in `ARRAYS`."""
        return dict(
            zip(
                self.ARRAYS,
                (
                    self.track_ids,
                    self.popularity_,
                    self.track_factors_,
                    self.user_factors_,
                    self._gram,
                ),
                strict=True,
            )
        )

    @classmethod
    def restore(cls, settings: Mapping[str, Any], arrays: modelfile.Arrays) -> WRMF:
        """Make a model from the settings and arrays of another.

        Raises
        ------
        FormatError
            If the factors are not of the size that settings and ids ask for.
        """
        model = cls(**settings)
        tracks, k = len(arrays["track_ids"]), model.factors
        shapes = ((tracks,), (tracks,), (tracks, k), (None, k), (k,))
        for name, shape in zip(cls.ARRAYS, shapes, strict=True):
            modelfile.require_shape(name, arrays[name], shape)
        model.popularity_ = arrays["popularity"]
        model.track_factors_ = arrays["track_factors"]
        model.user_factors_ = arrays["user_factors"]
        model._gram = arrays["gram"]
        model._table = IdTable(arrays["track_ids"])
        return model

    def save(self, path: str | Path) -> None:
        """Write the model to a checksummed file, atomically."""
        modelfile.write(path, _KIND, self.settings, self.arrays)

    @classmethod
    def load(cls, path: str | Path) -> WRMF:
        """Map a saved model.

        Raises
        ------
        FormatError
            If the file is damaged or holds something else.
        """
        return cls.restore(*modelfile.read(path, _KIND))

    @property
    def gram(self) -> Floats:
        """The diagonal of the tracks' Gram matrix (fit leaves no other entries), (factors,)."""
        self._fitted()
        return self._gram

    def _fitted(self) -> IdTable:
        if self._table is None:
            raise NotFittedError("fit or load the WRMF before asking it")
        return self._table

    def _row(self, track_id: int) -> int:
        row = int(self.rows_of([track_id])[0])
        if row < 0:
            raise ValueError(f"track_id must stand in a playlist of the model, got {track_id}")
        return row

    def _known(self, likes: Iterable[int], weights: ArrayLike | None) -> tuple[Ids, Floats]:
        rows = self.rows_of(as_ids(likes, "likes"))
        if weights is None:
            # sorted by Python: NumPy's `unique` takes ten times as long for a few
            known = np.array(sorted({row for row in rows.tolist() if row >= 0}), dtype=np.int64)
            return known, np.ones(len(known), dtype=np.float32)
        given = np.asarray(weights, dtype=np.float64)
        if given.shape != rows.shape or not (np.isfinite(given).all() and (given > 0).all()):
            raise ValueError("weights must be finite and above 0, one for each like")
        known, place = np.unique(rows[rows >= 0], return_inverse=True)
        counts = np.bincount(place, weights=given[rows >= 0], minlength=len(known))
        return known, counts.astype(np.float32)


class Sweep:
    """The alternation of a fit: each call solves all playlists, then all tracks, exactly.

    Parameters
    ----------
    interactions : Interactions
    model : WRMF
        Whose settings hold; it is not changed.
    """

    def __init__(self, interactions: Interactions, model: WRMF) -> None:
        self.by_playlist = _Side(interactions.matrix, model)
        self.by_track = _Side(sparse.csr_array(interactions.matrix.T), model)
        random = np.random.default_rng(model.seed)
        start = random.standard_normal((self.by_track.rows, model.factors), dtype=np.float32)
        self.tracks: Floats = start * np.float32(_START / math.sqrt(model.factors))

    def __call__(self) -> None:
        """Solve both sides once; `tracks` holds the result."""
        playlists = self.by_playlist.solve(*_diagonalise(self.tracks))
        self.tracks = self.by_track.solve(*_diagonalise(playlists))


class _Side:
    """One side's rows, ready for the kernel."""

    def __init__(self, matrix: Matrix, model: WRMF) -> None:
        self.rows, others = matrix.shape
        # of tens of millions of interactions one does not want more copies than needed
        self.indptr = matrix.indptr.astype(np.int64, copy=False)
        self.indices = matrix.indices.astype(np.int32, copy=False)
        self.weights = (np.float32(model.alpha) * matrix.data).astype(np.float32, copy=False)
        confidence = others + model.alpha * np.asarray(matrix.sum(axis=1), dtype=np.float64)
        scaled = model.regularization * confidence**model.frequency_scaling
        self.penalty = scaled.astype(np.float32)
        self.factors = model.factors

    def solve(self, fixed: Floats, gram: Floats) -> Floats:
        return _als.solve_rows(self.indptr, self.indices, self.weights, self.penalty, fixed, gram)


def _diagonalise(vectors: Floats) -> tuple[Floats, Floats]:
    """Rotate vectors so that their Gram matrix is diagonal; return them and the diagonal."""
    values, basis = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))
    return vectors @ basis.astype(np.float32), np.maximum(values, 0.0).astype(np.float32)


def _require_integer(name: str, value: int, lowest: int, highest: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if not lowest <= value <= highest:
        raise ValueError(f"{name} must lie in {lowest}..{highest}, got {value}")
