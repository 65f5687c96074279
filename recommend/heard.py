"""What playlists say to the tracks that were heard, liked and skipped."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from recommend.answer import Answer, Share
from recommend.feedback import Session

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


class Heard:
    """Scores of a whole catalogue to one query, and whose doing each is.

    Where a model answered, it speaks in z-scores; what it does not know (tracks placed by their
    sound, skips) joins as z-scores of the factorisation. Else the factorisation speaks alone.

    Parameters
    ----------
    answer : Answer, optional
        Of the model that ranks.
    rows : ndarray of int64, shape (tracks,)
        The place of each track of the catalogue in the answer, -1 where it is unknown.
    session : Session, optional
        What the factorisation makes of the tracks given.
    likes : Session, optional
        The same without the skips; the same object where there are none.
    factors : ndarray of float32, shape (tracks, factors)
        Of each track of the catalogue.

    Attributes
    ----------
    scores : ndarray of float32, shape (tracks,)
    """

    def __init__(
        self,
        answer: Answer | None,
        rows: Ids,
        session: Session | None,
        likes: Session | None,
        factors: Floats,
    ) -> None:
        self._answer, self._rows = answer, rows
        self._session, self._likes, self._factors = session, likes, factors
        self._unit = self._answer_unit = 1.0
        moved: Floats = np.zeros(len(rows), dtype=np.float32)
        if session is not None:
            moved = factors @ session.factors
        if answer is None:
            self.scores = moved
            return
        plain = np.zeros_like(moved)
        if likes is not None:
            plain = moved if likes is session else factors @ likes.factors
            self._unit = 1.0 / max(float((plain if plain.any() else moved).std()), 1e-9)
        self._answer_unit = 1.0 / max(float(answer.scores.std()), 1e-9)
        told = rows >= 0
        self.scores = (plain - plain.mean()) * np.float32(self._unit)
        z = (answer.scores - answer.scores.mean()) * np.float32(self._answer_unit)
        self.scores[told] = z[rows[told]]
        if likes is not session:
            self.scores += (moved - plain) * np.float32(self._unit)

    def placed(self, placed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which tracks are judged; `placed` are those with factors of their own."""
        judged = placed if self._session is not None else np.zeros_like(placed)
        return judged | (self._rows >= 0) if self._answer is not None else judged

    def shares(self, row: int, kind: str) -> list[Share]:
        """Return what each track that was given adds to the score of the one in a row.

        Parameters
        ----------
        row : int
            Of the catalogue.
        kind : str
            Of what the factorisation says of this track: 'playlists' or 'cold'.
        """
        total: dict[tuple[str, int], float] = defaultdict(float)
        known = self._answer is not None and self._rows[row] >= 0
        if known and self._answer is not None:
            for share in self._answer.shares(int(self._rows[row])):
                total[share.kind, share.track_id] += self._answer_unit * share.value
        if self._session is not None and not (known and self._session is self._likes):
            # of a track that the model knows, only what the skips changed
            for sign, session in ((1.0, self._session), (-1.0, self._likes if known else None)):
                if session is None:
                    continue
                ids, values = session.explain_factors(self._factors[row])
                for track_id, value in zip(ids.tolist(), values.tolist(), strict=True):
                    total[kind, track_id] += sign * self._unit * value
        return [Share(what, track_id, value) for (what, track_id), value in total.items()]
