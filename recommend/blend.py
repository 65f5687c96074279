"""The default ranking from playlists: several models, blended, then put in order by trees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from recommend import modelfile
from recommend.boost import Trees, fit_trees
from recommend.errors import NotFittedError
from recommend.features import candidates
from recommend.interactions import Interactions, as_ids
from recommend.ranking import best
from recommend.signals import Signals, standardise
from recommend.wrmf import WRMF

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

_KIND = "blend"
_CANDIDATES = 1000
_PREFIXES = (1, 2, 5, 10)  # seeds of the queries that the trees learn from
_TARGETS = 5  # tracks that must be left after a prefix
_FOLDS = 10  # a tenth of the playlists is hidden from the models that the trees look at
_LEAST = 300  # playlists: with fewer the trees would learn noise
_NEGATIVES = 0.2  # of the wrong candidates are kept, and weigh as much more


class Blend:
    """Weighted matrix factorisation, neighbours and artists together.

    Every model's scores are taken as z-scores and summed. Boosted trees, trained on playlists that
    the models had not seen, then put the best thousand in order. With few playlists the plain sum
    stands.

    Parameters
    ----------
    factors : int
        Of the main factorisation.
    trees : int
        0: no trees.
    rounds : int
        How often another tenth of the playlists is hidden to train the trees, 1..10.
    seed : int

    Examples
    --------
    >>> interactions = Interactions.from_playlists([[1, 2], [1, 2], [1, 2, 5], [3, 4], [3, 4, 5]])
    >>> Blend(factors=4).fit(interactions).recommend([1], 1)[0].tolist()
    [2]
    """

    def __init__(
        self, factors: int = 128, trees: int = 300, *, rounds: int = 2, seed: int = 0
    ) -> None:
        WRMF(factors=factors, seed=seed)  # checks both
        if isinstance(trees, bool) or not isinstance(trees, int) or not 0 <= trees <= 10_000:
            raise ValueError(f"trees must be an integer in 0..10000, got {trees!r}")
        if not 1 <= rounds <= _FOLDS:
            raise ValueError(f"rounds must lie in 1..{_FOLDS}, got {rounds!r}")
        self.factors, self.trees, self.rounds, self.seed = factors, trees, rounds, seed
        self._signals: Signals | None = None
        self._ranker: Trees | None = None

    def fit(self, interactions: Interactions, artists: Mapping[int, int] | None = None) -> Blend:
        """Learn from playlists and, where given, from who made the tracks.

        Parameters
        ----------
        interactions : Interactions
            At least one track in a playlist.
        artists : mapping of track id to int, optional
        """
        artists = artists or {}
        signals = Signals(interactions, artists, self.factors)
        self._ranker = self._learn(interactions, artists)
        self._signals = signals
        return self

    @property
    def track_ids(self) -> Ids:
        """The tracks that can be ranked, ascending, shape (tracks,)."""
        return self._fitted().interactions.track_ids

    @property
    def wrmf(self) -> WRMF:
        """The main factorisation."""
        return self._fitted().models[0]

    def rows_of(self, ids: ArrayLike | Iterable[int]) -> Ids:
        """Return the place of each track in `scores`, -1 where it stands in no playlist."""
        return self._fitted().interactions.rows_of(ids)

    def scores(self, seeds: Iterable[int]) -> Floats:
        """Return the score of every track, shape (tracks,).

        The trees change the order of the best thousand, not the set of their scores. With no known
        seed the score is the popularity, as z-scores.
        """
        signals = self._fitted()
        known = signals.known(as_ids(seeds, "seeds"))
        if len(known) == 0:
            return standardise(np.log1p(signals.popularity))
        chosen, features, total = candidates(signals, known, _CANDIDATES)
        if self._ranker is not None and len(chosen):
            order = np.argsort(-self._ranker.score(features), kind="stable")
            total[chosen[order]] = total[chosen]
        return total

    def recommend(
        self, seeds: Iterable[int], n: int = 10, exclude: Iterable[int] = ()
    ) -> tuple[Ids, Floats]:
        """Return the `n` best tracks that are neither seeds nor excluded, best first.

        Returns
        -------
        ids : ndarray of int64, shape (at most n,)
        scores : ndarray of float32, same shape
        """
        seeds = as_ids(seeds, "seeds")
        return best(self._fitted().interactions, self.scores(seeds), n, seeds, exclude)

    def _learn(self, interactions: Interactions, artists: Mapping[int, int]) -> Trees | None:
        matrix, ids = interactions.matrix, interactions.track_ids
        if self.trees == 0 or matrix.shape[0] < _LEAST:
            return None
        random = np.random.default_rng(self.seed)
        fold = random.permutation(matrix.shape[0]) % _FOLDS
        playlists = [ids[c] for c in np.split(matrix.indices, matrix.indptr[1:-1])]
        rows: list[tuple[Floats, Floats, Floats]] = []
        for hidden in range(self.rounds):
            seen = [p for p, f in zip(playlists, fold, strict=True) if f != hidden]
            signals = Signals(Interactions.from_playlists(seen), artists, self.factors)
            for i in np.flatnonzero(fold == hidden):
                rows += _examples(signals, playlists[i], random)
        if not rows:
            return None
        X, y, w = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        return fit_trees(X, y, w / w.mean(), trees=self.trees, seed=self.seed)

    def save(self, path: str | Path) -> None:
        """Write the blend to a checksummed file, atomically."""
        signals = self._fitted()
        matrix = signals.interactions.matrix
        settings = {
            "blend": [self.factors, self.trees, self.rounds, self.seed],
            "shape": list(matrix.shape),
            "models": [model.settings for model in signals.models],
        }
        arrays: modelfile.Arrays = {
            "track_ids": self.track_ids,
            "indptr": matrix.indptr.astype(np.int64),
            "indices": matrix.indices.astype(np.int32),
            "counts": matrix.data,
            "artists": signals.artist_of,
        }
        for number, model in enumerate(signals.models):
            arrays |= {f"{number}.{name}": a for name, a in model.arrays.items()}
        if self._ranker is not None:
            arrays |= {
                "trees.features": self._ranker.features,
                "trees.thresholds": self._ranker.thresholds,
                "trees.leaves": self._ranker.leaves,
            }
        modelfile.write(path, _KIND, settings, arrays)

    @classmethod
    def load(cls, path: str | Path) -> Blend:
        """Map a saved blend.

        Raises
        ------
        FormatError
            If the file is damaged or holds something else.
        """
        settings, arrays = modelfile.read(path, _KIND)
        factors, trees, rounds, seed = settings["blend"]
        blend = cls(factors, trees, rounds=rounds, seed=seed)
        matrix = sparse.csr_array(
            (arrays["counts"], arrays["indices"], arrays["indptr"]), shape=settings["shape"]
        )
        ids = arrays["track_ids"]
        artists = dict(zip(ids.tolist(), arrays["artists"].tolist(), strict=True))
        main, small, by_artist = (
            WRMF.restore(s, {n: arrays[f"{i}.{n}"] for n in WRMF.ARRAYS})
            for i, s in enumerate(settings["models"])
        )
        blend._signals = Signals(
            Interactions(matrix, ids), artists, factors, (main, small, by_artist)
        )
        if "trees.leaves" in arrays:
            blend._ranker = Trees(
                arrays["trees.features"], arrays["trees.thresholds"], arrays["trees.leaves"]
            )
        return blend

    def _fitted(self) -> Signals:
        if self._signals is None:
            raise NotFittedError("fit or load the blend before asking it")
        return self._signals


def _examples(
    signals: Signals, playlist: Ids, random: np.random.Generator
) -> list[tuple[Floats, Floats, Floats]]:
    """Return features, truth and weights of the candidates of each prefix of a hidden playlist."""
    rows = []
    for k in _PREFIXES:
        seeds, targets = signals.known(playlist[:k]), signals.known(playlist[k:])
        if len(seeds) == 0 or len(targets) < _TARGETS:
            continue
        chosen, features, _ = candidates(signals, seeds, _CANDIDATES)
        truth = np.isin(chosen, targets)
        kept = truth | (random.random(len(chosen)) < _NEGATIVES)
        # the measures divide by the number of targets, so a hit in a long playlist weighs less
        weight = np.where(truth, 1.0, 1.0 / _NEGATIVES) / len(targets)
        rows.append(
            (features[kept], truth[kept].astype(np.float32), weight[kept].astype(np.float32))
        )
    return rows
