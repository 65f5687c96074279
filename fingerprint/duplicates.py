"""Which tracks of a library are the same recording, or share a part: from their peaks alone.

Min-hash in bands proposes pairs of half minutes, the Jaccard similarity of their landmarks keeps
those that may be alike, and the peaks of the two tracks laid over each other decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .aligned import SAME_OFFSET, Overlap, in_step, overlap
from .lsh import candidates, choose_bands
from .minhash import MinHash, jaccard
from .peaks import TrackPeaks
from .settings import FRAMES_PER_SECOND
from .shingles import STEP, Landmarks, landmarks, scaled, signatures

Relation = Literal["copy", "same", "speed", "excerpt", "edit", "passage"]

SEMITONE = 2.0 ** (1 / 12)
PLAIN = (1.0, 1.0)
# Pitch and tempo of the faster or higher track over the other's; each pair is met from both sides.
SCALED = (
    *((k, k) for k in (1.01, 1.02, 1.03, 1.04, 1.05, 1.06)),  # speed
    (SEMITONE, 1.0), (SEMITONE**2, 1.0),
    *((1.0, k) for k in (1.015, 1.03, 1.045, 1.06)),  # tempo
)  # fmt: skip
ALIKE = 0.1  # similarity of two half minutes from which their tracks are laid over each other
IN_STEP = 0.02  # share of their landmarks at one offset; 99 % of what is alike by chance has less
VERSIONS = 3  # of each pair, besides the one as recorded, that are laid over each other
SAME_SOUND = 0.97  # agreement of copies in MP3 at 128 kbit/s and above: 0.98 to 1
WHOLE = 0.85  # share of a track, above which all of it counts as found
SAME_LENGTH = 0.03  # of the length, or
SAME_LENGTH_S = 5.0
LEAST_AGREEMENT = 0.65  # of recordings in common 0.79 to 1; of music of the same samples 0.55
LEAST_S = 10.0  # of sound in common; less is a loop or a sample
AS_RECORDED = 0.003  # within this of 1, speed and pitch count as unchanged


@dataclass(frozen=True)
class Duplicate:
    """Two tracks that share a recording.

    Attributes
    ----------
    one, other : int
        Track ids. Of an excerpt or edit, `other` is the shorter track.
    relation : str
        "copy": the same recording with the same sound, whatever the file's format or level.
        "same": the same recording, the sound a little changed: a codec of low rate, another
        mastering, noise.
        "speed": the same recording at another speed, tempo or pitch.
        "excerpt": `other` is one piece of `one`; "edit": several pieces, or one repeated.
        "passage": both have a passage in common, and music of their own.
    similarity : float
        Jaccard similarity, 0..1, of the landmarks of the half minutes most alike.
    overlap : Overlap
        What is in common, and where.
    """

    one: int
    other: int
    relation: Relation
    similarity: float
    overlap: Overlap

    @property
    def common_s(self) -> float:
        """Seconds of `other` that are in `one`."""
        return sum(section.seconds for section in self.overlap.sections)


@dataclass(frozen=True)
class _Proposal:
    one: int
    other: int
    pitch: float
    tempo: float
    halves: tuple[int, int]  # the half minutes most alike
    similarity: float


def find(
    track_ids: Sequence[int] | NDArray[np.integer],
    peaks: Callable[[int], TrackPeaks],
    any_speed: bool = True,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Duplicate]:
    """Return the pairs of tracks that share a recording, by what share of it, most first.

    Parameters
    ----------
    track_ids : sequence of int
        Tracks to be compared with each other; each once.
    peaks : callable
        Gives a track's peaks by its id, such as `FingerprintIndex.peaks`.
    any_speed : bool
        Find also what is played up to 6 % faster or up to two semitones higher; takes ten times
        as long.
    tell : callable
        Called with steps done and to be done, while it works.

    Returns
    -------
    list of Duplicate
        Tracks with less than 60 landmarks in half a minute, or less than 10 s of sound in common,
        are not among them.
    """
    ids = np.asarray(track_ids, np.int64)
    proposals = _propose(ids, peaks, SCALED if any_speed else (), tell)
    found = []
    for done, versions in enumerate(proposals):
        tell(len(ids) + done, len(ids) + len(proposals))
        duplicate = next(filter(None, (_compare(version, peaks) for version in versions)), None)
        if duplicate is not None:
            found.append(duplicate)
    tell(len(ids) + len(proposals), len(ids) + len(proposals))
    return sorted(found, key=lambda d: (-max(d.overlap.one_share, d.overlap.other_share), d.one))


def _propose(
    ids: NDArray[np.int64],
    peaks: Callable[[int], TrackPeaks],
    versions: Sequence[tuple[float, float]],
    tell: Callable[[int, int], None],
) -> list[list[_Proposal]]:
    """Return the pairs that may be alike: of each the versions that promise most, best first."""
    scheme = MinHash()
    tables: list[list[NDArray[np.uint32]]] = [[] for _ in range(1 + len(versions))]
    for done, track_id in enumerate(ids.tolist()):
        tell(done, 2 * len(ids))
        own = peaks(track_id)
        for table, version in zip(tables, (PLAIN, *versions), strict=True):
            table.append(signatures(landmarks(scaled(own, *version)), scheme))
    if not len(ids):
        return []
    plain = np.concatenate(tables[0])
    track, half = _places(tables[0])
    bands, rows = choose_bands(scheme.permutations, len(plain))
    pairs: dict[tuple[int, int], list[_Proposal]] = {}
    for table, (pitch, tempo) in zip(tables, (PLAIN, *versions), strict=True):
        probes = np.concatenate(table)
        its_track, its_half = _places(table)
        probe, met = candidates(probes, plain, bands, rows)
        same_way = pitch == tempo == 1.0
        wanted = its_track[probe] > track[met] if same_way else its_track[probe] != track[met]
        best: dict[tuple[int, int], _Proposal] = {}
        for other, one, alike in _alike(probes, plain, probe[wanted], met[wanted]):
            pair = int(ids[track[one]]), int(ids[its_track[other]])
            if pair not in best or alike > best[pair].similarity:
                halves = int(half[one]), int(its_half[other])
                best[pair] = _Proposal(*pair, pitch, tempo, halves, alike)
        for proposal in best.values():
            key = min(proposal.one, proposal.other), max(proposal.one, proposal.other)
            pairs.setdefault(key, []).append(proposal)
    return [_most_promising(pairs[key]) for key in sorted(pairs)]


def _most_promising(versions: list[_Proposal]) -> list[_Proposal]:
    """Return those most alike, and the one as recorded, which chance must not push out."""
    versions = sorted(versions, key=lambda version: -version.similarity)
    plain = [v for v in versions[VERSIONS:] if v.pitch == v.tempo == 1.0]
    return versions[:VERSIONS] + plain


def _places(table: list[NDArray[np.uint32]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which track, and which half minute of it, each signature is of."""
    sizes = [len(rows) for rows in table]
    return np.repeat(np.arange(len(table)), sizes), np.concatenate([np.arange(n) for n in sizes])


def _alike(
    probes: NDArray[np.uint32], plain: NDArray[np.uint32],
    probe: NDArray[np.int64], met: NDArray[np.int64],
) -> Iterator[tuple[int, int, float]]:  # fmt: skip
    """Yield the pairs whose signatures promise enough, with the estimated similarity."""
    for at in range(0, len(probe), 10_000):
        part = slice(at, at + 10_000)
        alike = (probes[probe[part]] == plain[met[part]]).mean(axis=1)
        for k in np.flatnonzero(alike >= ALIKE):
            yield int(probe[part][k]), int(met[part][k]), float(alike[k])


def _compare(proposal: _Proposal, peaks: Callable[[int], TrackPeaks]) -> Duplicate | None:
    one, other = peaks(proposal.one), peaks(proposal.other)
    pitch, tempo = proposal.pitch, proposal.tempo
    mine = _half(landmarks(one), proposal.halves[0])
    its = _half(landmarks(scaled(other, pitch, tempo)), proposal.halves[1])
    if in_step(mine, its) < IN_STEP:
        return None
    similarity = jaccard(mine.token, its.token)
    ids = proposal.one, proposal.other
    common = overlap(one, other, pitch, tempo)
    common_s = sum(section.seconds for section in common.sections)
    if common_s < LEAST_S or common.agreement < LEAST_AGREEMENT:
        return None
    lengths = _sounding_s(one), _sounding_s(other) * common.speed
    if lengths[1] > lengths[0] and not _same_length(*lengths):
        ids, lengths = ids[::-1], (_sounding_s(other), _sounding_s(one) / common.speed)
        common = overlap(other, one, 1.0 / common.pitch, 1.0 / common.speed)
    return Duplicate(*ids, _relation(common, *lengths), similarity, common)


def _half(marks: Landmarks, number: int) -> Landmarks:
    inside = (marks.frame >= number * STEP) & (marks.frame < (number + 2) * STEP)
    return Landmarks(marks.token[inside], marks.frame[inside])


def _sounding_s(peaks: TrackPeaks) -> float:
    """Return the seconds from the first peak to the last: silence at the ends is no music."""
    if not len(peaks.frame):
        return 0.0
    return float(int(peaks.frame[-1]) - int(peaks.frame[0])) / FRAMES_PER_SECOND


def _same_length(one_s: float, other_s: float) -> bool:
    return abs(one_s - other_s) <= max(SAME_LENGTH_S, SAME_LENGTH * max(one_s, other_s))


def _relation(common: Overlap, one_s: float, other_s: float) -> Relation:
    if common.other_share < WHOLE:
        return "passage"
    if not _same_length(one_s, other_s):
        starts = [section.one_s - section.other_s * common.speed for section in common.sections]
        jumps = [abs(b - a) * FRAMES_PER_SECOND > SAME_OFFSET for a, b in pairwise(starts)]
        return "edit" if any(jumps) else "excerpt"
    if common.one_share < WHOLE:
        return "passage"
    if max(abs(common.speed - 1.0), abs(common.pitch - 1.0)) > AS_RECORDED:
        return "speed"
    return "copy" if common.agreement >= SAME_SOUND else "same"
