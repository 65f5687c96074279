"""The default recommender: playlists and sound together, with a reason for each suggestion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommend.answer import Ranker
from recommend.blend import Blend
from recommend.cold import ColdMap
from recommend.feedback import Session
from recommend.heard import Heard
from recommend.interactions import IdTable, as_ids
from recommend.ranking import top
from recommend.table import EmbeddingTable
from recommend.wrmf import WRMF

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

SOUND_WEIGHT = 0.35  # of one deviation of likeness in sound, beside one of the playlists' score
_REASONS = 3


@dataclass(frozen=True)
class Reason:
    """Why a track is suggested.

    Attributes
    ----------
    kind : str
        'playlists' (they stand together in playlists), 'artist' (they are by the same), 'artists'
        (tracks of their artists stand together), 'sound' (they sound alike), 'cold' (it sounds
        like tracks, or is by the artist of tracks, that stand beside it in playlists), 'name' (of
        the playlist) or 'popular'.
    track_id : int
        The seed, like or skip that speaks; the suggested track itself for 'name' and 'popular'.
    share : float
        What it adds to the score; below 0 for a skip that speaks against it.
    """

    kind: str
    track_id: int
    share: float


@dataclass(frozen=True)
class Suggestion:
    """A track to play next. `reasons` come strongest first."""

    track_id: int
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class _Voices:
    """Tracks that speak by their sound: ids, shares (n,) and directions (n, dimensions)."""

    ids: list[int]
    shares: Floats
    directions: Floats


@dataclass(frozen=True)
class Ranking:
    """The best tracks of one query; what each owes to whom is worked out when asked.

    Attributes
    ----------
    ids : ndarray of int64, shape (n,)
        Best first.
    scores : ndarray of float32, shape (n,)
    explain : callable
        Returns the `Suggestion` at a place of the ranking, 0 to n - 1.
    """

    ids: Ids
    scores: Floats
    explain: Callable[[int], Suggestion]

    def __len__(self) -> int:
        return len(self.ids)


class Recommender:
    """Ranks a library from seeds, likes and skips.

    Parameters
    ----------
    playlists : WRMF or Blend, optional
        What playlists know.
    table : EmbeddingTable, optional
        What the sound says.
    library : sequence of int, optional
        The tracks that may be suggested. By default all that either part knows.
    artists : mapping of track id to int, optional
        Who made a track: places tracks that stand in no playlist near their artist's.
    cold : ColdMap, optional
        Fitted to `playlists` and `table` before; else it is fitted here.
    ranker : Ranker, optional
        Another model, that ranks in place of `playlists`; these then place skips and tracks that
        it does not know. By default the blend, where `playlists` is one.
    sound_weight : float
        Weight of the sound beside the playlists, at least 0.
    """

    def __init__(
        self,
        playlists: WRMF | Blend | None = None,
        table: EmbeddingTable | None = None,
        *,
        library: Iterable[int] | None = None,
        artists: Mapping[int, int] | None = None,
        cold: ColdMap | None = None,
        ranker: Ranker | None = None,
        sound_weight: float = SOUND_WEIGHT,
    ) -> None:
        if not (np.isfinite(sound_weight) and sound_weight >= 0):
            raise ValueError(f"sound_weight must be at least 0, got {sound_weight!r}")
        self._ranker = playlists if ranker is None and isinstance(playlists, Blend) else ranker
        wrmf = playlists.wrmf if isinstance(playlists, Blend) else playlists
        self._wrmf = wrmf
        self._table = table if table is not None and len(table) else None
        self.sound_weight = sound_weight
        known = [wrmf.track_ids] if wrmf is not None else []
        known += [self._table.ids] if self._table is not None else []
        own = as_ids(library, "library") if library is not None else None
        ids = np.unique(np.concatenate(known)) if own is None and known else own
        self._catalogue = IdTable(np.unique(ids) if ids is not None else np.empty(0, np.int64))
        self._place(artists, cold)
        self._rows = (
            self._ranker.rows_of(self.track_ids)
            if self._ranker is not None
            else np.full(len(self.track_ids), -1)
        )

    @property
    def track_ids(self) -> Ids:
        """The tracks that may be suggested, ascending."""
        return self._catalogue.ids

    def recommend(
        self,
        seeds: Iterable[int],
        n: int = 10,
        likes: Iterable[int] = (),
        skips: Iterable[int] = (),
        exclude: Iterable[int] = (),
    ) -> list[Suggestion]:
        """Return the `n` best tracks, best first, none of them a seed, like, skip or excluded.

        Parameters
        ----------
        seeds, likes : sequence of int
            Tracks to go on from. Unknown ones are passed over; with none known the most popular
            tracks come.
        skips : sequence of int
            Tracks to stay away from.
        exclude : sequence of int
            Tracks not to suggest, without judging them.

        Examples
        --------
        >>> table = EmbeddingTable("toy", 1, [7, 8, 9], [[0, 1], [0.1, 1], [1, 0]])
        >>> Recommender(None, table).recommend([7], n=1)[0].track_id
        8
        """
        ranking = self.rank(seeds, n, likes, skips, exclude)
        return [ranking.explain(place) for place in range(len(ranking))]

    def rank(
        self,
        seeds: Iterable[int],
        n: int = 10,
        likes: Iterable[int] = (),
        skips: Iterable[int] = (),
        exclude: Iterable[int] = (),
    ) -> Ranking:
        """Return the `n` best tracks as `recommend` does, without their reasons.

        For those who look at hundreds of candidates and show a few.
        """
        wanted = np.concatenate([as_ids(seeds, "seeds"), as_ids(likes, "likes")])
        wanted = wanted[np.sort(np.unique(wanted, return_index=True)[1])]
        unwanted = np.setdiff1d(as_ids(skips, "skips"), wanted)
        hidden = np.concatenate([wanted, unwanted, as_ids(exclude, "exclude")])
        rows = self._catalogue.rows_of(hidden)
        said = self._heard(wanted, unwanted)
        voices = self._sound_voices(wanted, unwanted)
        scores, sound_unit = self._scores(said, voices)
        order = top(scores, n, rows[rows >= 0])

        def explain(place: int) -> Suggestion:
            row = int(order[place])
            return self._suggestion(row, float(scores[row]), said, voices, sound_unit)

        return Ranking(self.track_ids[order], scores[order], explain)

    @property
    def popularity(self) -> Floats:
        """In how many playlists each track of `track_ids` stands, shape (tracks,)."""
        return self._popularity

    def _place(self, artists: Mapping[int, int] | None, fitted: ColdMap | None) -> None:
        """Give every track of the catalogue factors (its own or mapped) and a popularity."""
        ids = self.track_ids
        self._sound_rows = (
            self._table.rows_of(ids) if self._table is not None else np.full(len(ids), -1)
        )
        self._popularity = np.zeros(len(ids), dtype=np.float32)
        self._mapped = np.zeros(len(ids), dtype=bool)
        self._placed = np.zeros(len(ids), dtype=bool)
        self._factors = np.zeros((len(ids), 0), dtype=np.float32)
        if self._wrmf is None:
            return
        rows = self._wrmf.rows_of(ids)
        self._factors = np.zeros((len(ids), self._wrmf.factors), dtype=np.float32)
        self._factors[rows >= 0] = self._wrmf.track_factors_[rows[rows >= 0]]
        self._popularity[rows >= 0] = self._wrmf.popularity_[rows[rows >= 0]]
        self._placed = rows >= 0
        if self._table is not None:
            cold = (rows < 0) & (self._sound_rows >= 0)
            if cold.any():
                mapping = fitted or ColdMap().fit(self._wrmf, self._table, artists)
                self._mapped = cold & (mapping.known_ > 0)
                self._placed = self._placed | self._mapped
                self._factors[cold] = mapping.predict(ids[cold])

    def _heard(self, wanted: Ids, unwanted: Ids) -> Heard | None:
        """Return what playlists say of every track; None where they say nothing."""
        answer = self._ranker.answer(wanted) if self._ranker is not None else None
        session = Session(self._wrmf, wanted) if self._wrmf is not None else None
        likes = session
        if session is not None and len(unwanted):
            session = session.branch()
            for track_id in unwanted:
                session.skip(int(track_id))
        if session is not None and not session.heard:
            session = likes = None
        if session is None and answer is None:
            return None
        return Heard(answer, self._rows, session, likes, self._factors)

    def _sound_voices(self, wanted: Ids, unwanted: Ids) -> _Voices:
        """Return who speaks for a likeness in sound, and how loud."""
        if self._table is None:
            return _Voices([], np.zeros(0, np.float32), np.zeros((0, 0), np.float32))
        known = [int(t) for t in wanted if t in self._table]
        against = [int(t) for t in unwanted if t in self._table]
        shares = [1.0 / max(len(known), 1)] * len(known) + [-0.5 / max(len(against), 1)] * len(
            against
        )
        ids = known + against
        return _Voices(ids, np.array(shares, np.float32), self._table.directions(ids))

    def _scores(self, said: Heard | None, voices: _Voices) -> tuple[Floats, float]:
        """Return all scores, and what one unit of likeness in sound is worth."""
        if said is None and not voices.ids:
            return self._popularity, 1.0
        sound = np.zeros(len(self.track_ids), dtype=np.float32)
        told = (self._sound_rows >= 0) & bool(voices.ids)
        if self._table is not None and voices.ids:
            products = self._table.along(voices.shares @ voices.directions)
            sound[told] = products[self._sound_rows[told]]
        scores, unit = sound, 1.0
        if said is not None:
            told |= said.placed(self._placed)
            scores = said.scores.copy()
            spread = float(scores[told].std()) if told.any() else 0.0
            width = float(sound.std())
            unit = self.sound_weight * spread / width if width > 0 else 0.0
            scores += np.float32(unit) * sound
        # nothing speaks for or against the others: they come after all that were judged
        scores[~told] = scores[told].min(initial=0.0) - 1.0
        return scores, unit

    def _suggestion(
        self, row: int, score: float, said: Heard | None, voices: _Voices, sound_unit: float
    ) -> Suggestion:
        track_id = int(self.track_ids[row])
        reasons: list[Reason] = []
        if self._table is not None and self._sound_rows[row] >= 0 and voices.ids:
            cosines = voices.directions @ self._table.directions([track_id])[0]
            worth = (sound_unit * voices.shares * cosines).tolist()
            told = zip(voices.ids, worth, strict=True)
            reasons = [Reason("sound", voice, share) for voice, share in told if share != 0]
        if said is not None:
            shares = said.shares(row, "cold" if self._mapped[row] else "playlists")
            reasons += [Reason(s.kind, s.track_id, s.value) for s in shares if s.value != 0]
        reasons.sort(key=lambda reason: -abs(reason.share))
        if not reasons:
            reasons = [Reason("popular", track_id, score)]
        return Suggestion(track_id, score, tuple(reasons[:_REASONS]))
