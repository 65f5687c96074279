"""A track that a clip may come from, and the evidence for it."""

from __future__ import annotations

import math
from dataclasses import dataclass

KNEE = 6.0  # advantage from which more of it counts less: one onset or chord moves many peaks
BEYOND = 0.3  # of the advantage above the knee
PLAIN_BONUS = 1.0  # most that is heard is heard as it was recorded
VOTE_BONUS = 0.4  # for each doubling of the votes
EXPLAINED_BONUS = 8.0  # for a clip all of whose peaks the track has
MOST_EXPLAINED = 0.5  # more than half is asked of none: a room and noise make peaks of their own
# Of the clip's clarity: in clear sound, music of one kind resembles other music more than in noise,
# where chance gives everything less, and the right track as well.
NOISE_BONUS = 1.0  # for each unit (3 dB) of contrast that the clip's peaks lack
CLEAR = 6.0  # contrast at which nothing is given or taken
LEAST_CLEAR, MOST_CLEAR = 3.5, 7.0  # noise alone; a good recording in a good room
STANDING_BONUS = 0.7  # for each standard deviation; the lead over other tracks gains as much
CHANCE = 5.0  # of all alignments in hours of music, the best stands so far out by chance
MOST_STANDING = 6.0  # counted beyond that
ASKED = 1.1  # taken where it was asked, so that chance passes the same scores as where it was not


@dataclass(frozen=True)
class Candidate:
    """An alignment of the clip with a track.

    Attributes
    ----------
    run, row : int
        Which run, and which row of its table of tracks.
    align : float
        Frame of the track at which the clip's first frame lies.
    pitch, tempo : float
        Of the clip, over those of the track.
    plain : bool
        Found with both as they were recorded.
    votes : int
        Landmarks in agreement.
    total : float
        Summed worth of the clip's cells at the track's peaks, less that of chance; nats.
    advantage : float
        Over wrong alignments, see `verify`.
    explained : float
        Share of the clip's peaks that the track has, see `explained`.
    clarity : float
        Mean contrast of the clip's peaks, log2 of power: the same for all candidates of a clip.
    standing : float or None
        By how many standard deviations the track agrees more with the clip there than at its other
        alignments, as it was recorded, see `sweep`; None where it was not asked.
    copy : bool
        Sounds there as a better candidate does, see `copies`.
    """

    run: int
    row: int
    align: float
    pitch: float
    tempo: float
    plain: bool
    votes: int
    total: float
    advantage: float
    explained: float
    clarity: float = CLEAR
    standing: float | None = None
    copy: bool = False

    @property
    def score(self) -> float:
        """All the evidence in one number; chance rarely passes 9, whatever length and noise."""
        advantage = min(self.advantage, KNEE + BEYOND * (self.advantage - KNEE))
        clarity = min(MOST_CLEAR, max(LEAST_CLEAR, self.clarity))
        return (
            advantage
            + NOISE_BONUS * (CLEAR - clarity)
            + PLAIN_BONUS * self.plain
            + VOTE_BONUS * math.log2(1 + self.votes)
            + EXPLAINED_BONUS * min(MOST_EXPLAINED, self.explained)
            + self._beyond_chance
        )

    @property
    def _beyond_chance(self) -> float:
        if self.standing is None:
            return 0.0
        beyond = min(MOST_STANDING, max(0.0, self.standing - CHANCE))
        return STANDING_BONUS * beyond - ASKED
