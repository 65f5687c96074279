"""Made playlists with the habits of real ones, for tests and benches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

_MOODS = ("rainy", "sunny", "late", "quiet", "loud", "old", "new", "long", "slow", "wild")
_PLACES = ("sunday", "drive", "kitchen", "run", "party", "study", "night", "morning")


@dataclass(frozen=True)
class MadePlaylists:
    """What `make_playlists` made.

    Attributes
    ----------
    playlists : list of ndarray of int64
        Track numbers in order, without repeats inside a playlist.
    names : list of str
        Most name the playlist's main genre.
    artists, genres : ndarray of int64, shape (tracks,)
        Of each track.
    """

    playlists: list[Ids]
    names: list[str]
    artists: Ids
    genres: Ids


def make_playlists(
    playlists: int = 500,
    tracks: int = 2000,
    *,
    artists: int = 400,
    genres: int = 12,
    mean_length: float = 40.0,
    zipf: float = 0.8,
    same_artist: float = 0.3,
    stray: float = 0.1,
    second_genre: float = 0.25,
    seed: int = 0,
) -> MadePlaylists:
    """Make playlists by a simple story.

    A track's popularity falls as rank ** -zipf. A playlist has a main genre and a neighbour of it,
    which gives it the share `second_genre` of its tracks; `stray` of them come from anywhere; a
    track is followed by one of the same artist with chance `same_artist`. Lengths are log-normal
    (deviation 0.7) around `mean_length`, at least 3.

    Parameters
    ----------
    playlists, tracks, artists, genres : int
        How many, each at least 1; at most as many artists as tracks, and genres as artists.
    mean_length : float
        Tracks a playlist before repeats are dropped.
    zipf : float
        0: all alike; 1: a harmonic fall.
    same_artist, stray, second_genre : float
        Chances, 0..1.
    seed : int
        The same seed makes the same playlists.

    Examples
    --------
    >>> made = make_playlists(playlists=3, tracks=50, artists=10, genres=2, mean_length=8)
    >>> len(made.playlists), len(made.artists)
    (3, 50)
    """
    if not 1 <= genres <= artists <= tracks:
        raise ValueError(f"genres <= artists <= tracks, got {genres}, {artists}, {tracks}")
    for name, chance in (
        ("same_artist", same_artist),
        ("stray", stray),
        ("second_genre", second_genre),
    ):
        if not 0 <= chance <= 1:
            raise ValueError(f"{name} must lie in 0..1, got {chance!r}")
    random = np.random.default_rng(seed)
    artist_genre = np.concatenate([np.arange(genres), random.integers(0, genres, artists - genres)])
    artist_share = random.permutation((1.0 + np.arange(artists)) ** -0.6)
    track_artist = np.concatenate(
        [
            np.arange(artists),
            random.choice(artists, tracks - artists, p=artist_share / artist_share.sum()),
        ]
    )
    popularity = random.permutation((1.0 + np.arange(tracks)) ** -zipf)
    by_genre = _Urn(artist_genre[track_artist], popularity, genres)
    by_artist = _Urn(track_artist, popularity, artists)
    anywhere = _Urn(np.zeros(tracks, dtype=np.int64), popularity, 1)

    lengths = np.maximum(random.lognormal(np.log(mean_length) - 0.245, 0.7, playlists), 3)
    lengths = lengths.astype(np.int64)
    main = random.integers(0, genres, playlists)
    entry_of = np.repeat(np.arange(playlists), lengths)
    total = len(entry_of)
    genre = np.where(
        random.random(total) < second_genre, (main[entry_of] + 1) % genres, main[entry_of]
    )
    picked = by_genre.draw(genre, random)
    strays = random.random(total) < stray
    picked[strays] = anywhere.draw(np.zeros(int(strays.sum()), dtype=np.int64), random)
    follows = random.random(total) < same_artist
    follows[np.concatenate([[0], np.cumsum(lengths)[:-1]])] = False
    leader = np.maximum.accumulate(np.where(follows, 0, np.arange(total)))
    picked[follows] = by_artist.draw(track_artist[picked[leader[follows]]], random)

    lists = [_without_repeats(p) for p in np.split(picked, np.cumsum(lengths)[:-1])]
    named = random.random(playlists) < 0.7
    moods, places = (random.choice(words, playlists) for words in (_MOODS, _PLACES))
    names = [f"{moods[i]} {f'genre{main[i]}' if named[i] else places[i]}" for i in range(playlists)]
    return MadePlaylists(lists, names, track_artist, artist_genre[track_artist])


class _Urn:
    """Tracks in groups, drawn by popularity within a group."""

    def __init__(self, groups: Ids, popularity: NDArray[np.float64], count: int) -> None:
        self._order = np.argsort(groups, kind="stable")
        # each group's weights sum to 1, so that group g lies in g..g+1 of one cumulated line
        totals = np.bincount(groups, weights=popularity, minlength=count)
        shares = (popularity / totals[groups])[self._order]
        self._line = np.cumsum(shares)
        self._line[-1] = count
        self._ends = np.cumsum(np.bincount(groups, minlength=count))

    def draw(self, groups: Ids, random: np.random.Generator) -> Ids:
        at = np.searchsorted(self._line, groups + random.random(len(groups)), side="right")
        # rounding may step over a group's end by one
        low = np.concatenate([[0], self._ends[:-1]])[groups]
        return self._order[np.clip(at, low, self._ends[groups] - 1)]


def _without_repeats(playlist: Ids) -> Ids:
    _, first = np.unique(playlist, return_index=True)
    return playlist[np.sort(first)]
