"""The rules that prefer: what tempo, key, energy and familiarity are worth to a candidate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.analysis.result import spell
from engine.library import Traits
from engine.session.evening import Evening
from engine.session.facts import Facts
from engine.session.rules import Rules

Floats = NDArray[np.float64]

WORTH = 0.5  # of the list of candidates: so far a track moves up that fits a rule wholly
_FIFTH = 0.8  # of what the same key is worth
_STEP = 0.06  # of the scale of energy, from track to track, where the curve rises or falls
_ENERGY_REACH = 0.3  # so far from the energy that is wanted a track is worth nothing
_QUIET_LUFS, _LOUD_LUFS = -26.0, -7.0
_SLOW_BPM, _FAST_BPM = 60.0, 180.0


class Preferences:
    """What the rules that are on are worth to each candidate.

    Parameters
    ----------
    ids : ndarray of int64, shape (candidates,)
    facts : Facts
    rules : Rules
    evening : Evening
    popularity : ndarray, shape (candidates,)
    """

    def __init__(
        self,
        ids: NDArray[np.int64],
        facts: Facts,
        rules: Rules,
        evening: Evening,
        popularity: NDArray[np.float32],
    ) -> None:
        self._facts, self._rules = facts, rules
        self._traits: list[Traits | None] = [None] * len(ids)
        if rules.sound:
            self._traits = facts.traits(ids.tolist())
        self._bpm = np.array([t.bpm if t and t.bpm else np.nan for t in self._traits])
        self._energy = np.array([energy(t) for t in self._traits] if rules.energy else [])
        self._fifth = np.array([fifths(t) for t in self._traits])
        self._minor = np.array([t is not None and t.mode == "minor" for t in self._traits])
        played = np.array([evening.met.get(int(i), 0) for i in ids])
        self._familiar = _standing(popularity + played)
        half = rules.evening_h * 1800.0
        rising = rules.energy == "rise" or (rules.energy == "arc" and evening.elapsed_s < half)
        self._step = 0.0 if rules.energy in (None, "steady") else _STEP if rising else -_STEP

    def bonus(self, before: Sequence[int]) -> Floats:
        """Return what each candidate gains after these tracks, in shares of the whole list."""
        total = np.zeros(len(self._traits))
        for fit in self._fits(before).values():
            total += WORTH * fit
        return total

    def words(self, place: int, before: Sequence[int]) -> str:
        """Say which rules speak for a candidate."""
        fits = {name: float(fit[place]) for name, fit in self._fits(before).items()}
        own = self._traits[place]
        words = []
        if fits.get("tempo", 0.0) > 0 and own and own.bpm:
            words.append(f"{own.bpm:.0f} bpm")
        if fits.get("key", 0.0) > 0 and own and own.tonic is not None and own.mode is not None:
            words.append(f"in {spell(own.tonic, own.mode)} {own.mode}")
        said = [f"{' '.join(words)}, near what comes before"] if words else []
        if fits.get("energy", 0.0) > 0:
            curve = {0.0: "keeps the energy", _STEP: "lets the energy rise"}
            said.append(curve.get(self._step, "lets the energy fall"))
        if fits.get("familiar", 0.0) > 0:
            said.append("well known" if self._rules.familiarity > 0.5 else "seldom heard")
        return "; ".join(said)

    def _fits(self, before: Sequence[int]) -> dict[str, Floats]:
        """Return, for each rule that has something to go by, how well each candidate fits it."""
        rules, fits = self._rules, {}
        last = self._last(before) if rules.sound else None
        if last is not None:
            if rules.tempo_percent is not None and last.bpm:
                fits["tempo"] = tempo_fit(self._bpm, last.bpm, rules.tempo_percent)
            if rules.key_near and last.tonic is not None:
                fits["key"] = key_fit(self._fifth, self._minor, last)
            if rules.energy is not None and not math.isnan(level := energy(last)):
                wanted = min(max(level + self._step, 0.0), 1.0)
                near = 1.0 - np.abs(self._energy - wanted) / _ENERGY_REACH
                fits["energy"] = np.clip(np.nan_to_num(near, nan=0.0), 0.0, 1.0)
        if rules.familiarity != 0.5:
            wish = 2.0 * rules.familiarity - 1.0
            fits["familiar"] = abs(wish) * (self._familiar if wish > 0 else 1.0 - self._familiar)
        return fits

    def _last(self, before: Sequence[int]) -> Traits | None:
        """Return how the latest track sounds that was analysed."""
        known = (traits for traits in reversed(self._facts.traits(list(before[-4:]))))
        return next((traits for traits in known if traits is not None), None)


def tempo_fit(bpm: ArrayLike, wanted: float, percent: float) -> Floats:
    """Return 1 where a tempo, its half or its double is within `percent`, 0 from twice that on.

    Examples
    --------
    >>> tempo_fit([100.0, 51.0, 130.0], 100.0, 4.0).tolist()
    [1.0, 1.0, 0.0]
    """
    octaves = np.log2(np.asarray(bpm, dtype=np.float64) / wanted)
    octaves -= np.clip(np.round(octaves), -1.0, 1.0)
    off = 100.0 * (np.exp2(np.abs(octaves)) - 1.0)
    fit: Floats = np.clip(2.0 - np.nan_to_num(off, nan=np.inf) / percent, 0.0, 1.0)
    return fit


def key_fit(fifth: NDArray[np.int64], minor: NDArray[np.bool_], other: Traits) -> Floats:
    """Return 1 for the same key and the relative, 0.8 for a fifth up or down, else 0.

    Parameters
    ----------
    fifth, minor : ndarrays, shape (n,)
        Keys: their places on the circle of fifths, as `fifths` gives them, and their modes.
    other : Traits
        Of a track whose key is known.
    """
    apart = (fifth - fifths(other)) % 12
    a_fifth = (minor == (other.mode == "minor")) & ((apart == 1) | (apart == 11))
    fit: Floats = np.where(apart == 0, 1.0, np.where(a_fifth, _FIFTH, 0.0)) * (fifth >= 0)
    return fit


def fifths(traits: Traits | None) -> int:
    """Return the place on the circle of fifths, 0 to 11, of a key's major scale; -1 without."""
    if traits is None or traits.tonic is None:
        return -1
    return (traits.tonic + (3 if traits.mode == "minor" else 0)) * 7 % 12


def energy(traits: Traits | None) -> float:
    """Return how lively a track is, 0 to 1, from loudness and tempo; NaN where both are unknown."""
    if traits is None:
        return math.nan
    known = []
    if traits.lufs is not None:
        known.append((traits.lufs - _QUIET_LUFS) / (_LOUD_LUFS - _QUIET_LUFS))
    if traits.bpm is not None:
        known.append(math.log(traits.bpm / _SLOW_BPM) / math.log(_FAST_BPM / _SLOW_BPM))
    return sum(min(max(one, 0.0), 1.0) for one in known) / len(known) if known else math.nan


def _standing(counts: NDArray[np.float32]) -> Floats:
    """Return how far up each count stands among all, 0 to 1; equal counts stand equally."""
    if len(counts) < 2:
        return np.zeros(len(counts))
    _, place, sizes = np.unique(counts, return_inverse=True, return_counts=True)
    below = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    spread = np.maximum(len(counts) - sizes[-1], 1)
    standing: Floats = np.minimum(below[place] / spread, 1.0)
    return standing
