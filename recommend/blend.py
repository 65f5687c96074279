"""The default ranking from playlists: several models, blended, then put in order by trees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommend import modelfile
from recommend.answer import Answer
from recommend.boost import Trees, fit_trees
from recommend.errors import NotFittedError
from recommend.features import COLUMNS, candidates
from recommend.interactions import Interactions, as_ids
from recommend.progress import Tell, training
from recommend.ranking import best
from recommend.shares import Shares
from recommend.signals import Signals, standardise
from recommend.stages import Stages
from recommend.wrmf import WRMF

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

_KIND = "blend"
_CANDIDATES = 1000
_PREFIXES = (1, 2, 5, 10)  # seeds of the queries that the trees learn from
_TARGETS = 5  # tracks that must be left after a prefix
_FOLDS = 10  # a tenth of the playlists is hidden from the models that the trees look at
LEAST_PLAYLISTS = 300  # with fewer the trees would learn noise
_KEEP_EVERY = 25  # trees
_MODELS, _ROUND = 60, 70  # steps of the progress: what a stage costs, in trees
_TREES = ("trees.features", "trees.thresholds", "trees.leaves")
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

    def fit(
        self,
        interactions: Interactions,
        artists: Mapping[int, int] | None = None,
        checkpoint: str | Path | None = None,
    ) -> Blend:
        """Learn from playlists and, where given, from who made the tracks.

        Parameters
        ----------
        interactions : Interactions
            At least one track in a playlist.
        artists : mapping of track id to int, optional
        checkpoint : str or Path, optional
            A folder for what is done so far. An interrupted fit goes on from there, and ends as if
            it had never been interrupted. It is removed when the blend is whole.
        """
        artists = artists or {}
        known = np.array(sorted(artists.items()), dtype=np.int64)
        about = {"blend": self._settings, "playlists": interactions.digest(known)}
        stages = Stages(checkpoint, about)
        few = self.trees == 0 or interactions.matrix.shape[0] < LEAST_PLAYLISTS
        steps = _MODELS + (0 if few else self.rounds * _ROUND + self.trees)
        with training("blend", steps) as tell:
            signals = self._signals_of(interactions, artists, stages)
            _tell_all(tell, _MODELS, "models fitted")
            self._ranker = None if few else self._learn(interactions, artists, stages, tell)
        self._signals = signals
        stages.done()
        return self

    def _signals_of(
        self, interactions: Interactions, artists: Mapping[int, int], stages: Stages
    ) -> Signals:
        if (stored := stages.load("models")) is not None:
            fitted = _restore_models(*stored)
            return Signals(interactions, artists, self.factors, fitted)
        signals = Signals(interactions, artists, self.factors)
        stages.keep("models", _arrays_of(signals.models), [m.settings for m in signals.models])
        return signals

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
        answer = self.answer(as_ids(seeds, "seeds"))
        if answer is None:
            return standardise(np.log1p(self._fitted().popularity))
        return answer.scores

    def _ordered(self, signals: Signals, said: Mapping[str, Floats], known: Ids) -> Floats:
        chosen, features, total = candidates(signals, said, known, _CANDIDATES)
        if self._ranker is not None and len(chosen):
            order = np.argsort(-self._ranker.score(features), kind="stable")
            total[chosen[order]] = total[chosen]
        return total

    def answer(self, seeds: Ids) -> Answer | None:
        """Return all scores with the share of each seed; None where no seed is known.

        The shares are those of the plain blend: where the trees put a track is nobody's share.
        """
        signals = self._fitted()
        known = signals.known(seeds)
        if len(known) == 0:
            return None
        said, deviations = signals.ask(known)
        return Answer(self._ordered(signals, said, known), Shares(signals, known, deviations))

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

    def _learn(
        self,
        interactions: Interactions,
        artists: Mapping[int, int],
        stages: Stages,
        tell: Tell,
    ) -> Trees | None:
        matrix, ids = interactions.matrix, interactions.track_ids
        random = np.random.default_rng(self.seed)
        fold = random.permutation(matrix.shape[0]) % _FOLDS
        playlists = [ids[c] for c in np.split(matrix.indices, matrix.indptr[1:-1])]
        rows: list[tuple[Floats, ...]] = []
        for hidden in range(self.rounds):
            if (stored := stages.load(f"round {hidden}")) is not None:
                random.bit_generator.state, kept = stored
                rows.append((kept["X"], kept["y"], kept["w"]))
                _tell_all(tell, _ROUND, f"round {hidden + 1} done")
                continue
            found: list[tuple[Floats, Floats, Floats]] = []
            seen = [p for p, f in zip(playlists, fold, strict=True) if f != hidden]
            signals = Signals(Interactions.from_playlists(seen), artists, self.factors)
            for i in np.flatnonzero(fold == hidden):
                found += _examples(signals, playlists[i], random)
            if found:
                rows.append(tuple(np.concatenate(parts) for parts in zip(*found, strict=True)))
                told: modelfile.Arrays = dict(zip("Xyw", rows[-1], strict=True))
                stages.keep(f"round {hidden}", told, random.bit_generator.state)
            _tell_all(tell, _ROUND, f"round {hidden + 1} done")
        if not rows:
            return None
        X, y, w = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        stored = stages.load("trees")
        start = Trees(*(stored[1][name] for name in _TREES)) if stored is not None else None
        if start is not None:
            _tell_all(tell, len(start.leaves), "")

        def grown(trees: Trees) -> None:
            if len(trees.leaves) % _KEEP_EVERY == 0:
                stages.keep("trees", dict(zip(_TREES, trees.parts, strict=True)))
            tell(f"{len(trees.leaves)} trees")

        settings = {"trees": self.trees, "seed": self.seed}
        return fit_trees(X, y, w / w.mean(), **settings, start=start, tell=grown)

    @property
    def _settings(self) -> list[int]:
        return [self.factors, self.trees, self.rounds, self.seed]

    def save(self, path: str | Path) -> None:
        """Write the blend to a checksummed file, atomically."""
        signals = self._fitted()
        settings = {
            "blend": self._settings,
            "shape": list(signals.interactions.matrix.shape),
            "models": [model.settings for model in signals.models],
        }
        arrays: modelfile.Arrays = {
            **signals.interactions.arrays,
            "artists": signals.artist_of,
            **_arrays_of(signals.models),
        }
        if self._ranker is not None:
            arrays |= dict(zip(_TREES, self._ranker.parts, strict=True))
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
        ids = arrays["track_ids"].tolist()
        for name in ("artists", "0.track_ids", "1.track_ids"):
            modelfile.require_shape(name, arrays[name], (len(ids),))
        artists = dict(zip(ids, arrays["artists"].tolist(), strict=True))
        models = _restore_models(settings["models"], arrays)
        blend._signals = Signals(Interactions.restore(arrays), artists, factors, models)
        if any(name in arrays for name in _TREES):
            blend._ranker = Trees(*(arrays[name] for name in _TREES))
            blend._ranker.check(COLUMNS)
        return blend

    def _fitted(self) -> Signals:
        if self._signals is None:
            raise NotFittedError("fit or load the blend before asking it")
        return self._signals


def _arrays_of(models: Iterable[WRMF]) -> modelfile.Arrays:
    return {f"{i}.{n}": array for i, m in enumerate(models) for n, array in m.arrays.items()}


def _restore_models(
    settings: Iterable[Mapping[str, Any]], arrays: modelfile.Arrays
) -> tuple[WRMF, WRMF, WRMF]:
    main, small, by_artist = (
        WRMF.restore(s, {n: arrays[f"{i}.{n}"] for n in WRMF.ARRAYS})
        for i, s in enumerate(settings)
    )
    return main, small, by_artist


def _tell_all(tell: Tell, steps: int, said: str) -> None:
    for _ in range(steps):
        tell(said)


def _examples(
    signals: Signals, playlist: Ids, random: np.random.Generator
) -> list[tuple[Floats, Floats, Floats]]:
    """Return features, truth and weights of the candidates of each prefix of a hidden playlist."""
    rows = []
    for k in _PREFIXES:
        seeds, targets = signals.known(playlist[:k]), signals.known(playlist[k:])
        if len(seeds) == 0 or len(targets) < _TARGETS:
            continue
        chosen, features, _ = candidates(signals, signals.ask(seeds)[0], seeds, _CANDIDATES)
        truth = np.isin(chosen, targets)
        kept = truth | (random.random(len(chosen)) < _NEGATIVES)
        # the measures divide by the number of targets, so a hit in a long playlist weighs less
        weight = np.where(truth, 1.0, 1.0 / _NEGATIVES) / len(targets)
        rows.append(
            (features[kept], truth[kept].astype(np.float32), weight[kept].astype(np.float32))
        )
    return rows
