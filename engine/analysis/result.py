"""What the analysis of one track says."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from typing import Any

from engine.analysis.errors import FormatError
from engine.analysis.grid import Grid

VERSION = 3
"""Of the analysis; results of another version are made again."""

OLDEST = 1
"""Version whose results can still be read: they serve until they are made again."""

KEY_STEP_S = 10.0
SURE = 0.5
"""Confidence from which something relies on a beat, key or tuning."""

PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
MODES = ("major", "minor")
# Spelled with the fewer accidentals; of six sharps and six flats, as is usual.
_SPELLED = {
    "major": ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    "minor": ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
}


def spell(tonic: int, mode: str) -> str:
    """Return the name of a tonic, 0 to 11, in its key, 'major' or 'minor'.

    Examples
    --------
    >>> spell(3, "major"), spell(1, "minor")
    ('Eb', 'C#')
    """
    return _SPELLED[mode][tonic]


@dataclass(frozen=True)
class Key:
    """A key with its confidence.

    Attributes
    ----------
    tonic : int
        0 to 11: C to B.
    mode : str
        'major' or 'minor'.
    confidence : float
        0 to 1: how probably tonic and mode are right.

    Examples
    --------
    >>> Key(9, "minor").name
    'A minor'
    """

    tonic: int
    mode: str
    confidence: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.tonic <= 11:
            raise ValueError(f"tonic must be 0 to 11, got {self.tonic!r}")
        if self.mode not in MODES:
            raise ValueError(f"mode must be major or minor, got {self.mode!r}")
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"confidence must be 0 to 1, got {self.confidence!r}")

    @property
    def name(self) -> str:
        """For people: 'C# minor', 'Eb major'."""
        return f"{spell(self.tonic, self.mode)} {self.mode}"

    def scale(self) -> tuple[int, ...]:
        """Return the seven pitch classes of the key (natural minor), from the tonic up."""
        steps = (0, 2, 4, 5, 7, 9, 11) if self.mode == "major" else (0, 2, 3, 5, 7, 8, 10)
        return tuple((self.tonic + step) % 12 for step in steps)


@dataclass(frozen=True)
class Analysis:
    """The beat, key, tuning and loudness of one track.

    Loudness, true peak and energy are measured, not guessed, so they have no confidence; they are
    None where there is nothing to measure.

    Attributes
    ----------
    duration_s : float
    grid : Grid or None
        None without any beat to propose: silence, a few seconds. Look at `grid.confidence`
        before anything follows it.
    key : Key or None
        None without pitch.
    keys : tuple of Key or None
        Of every `KEY_STEP_S` seconds, for pictures.
    tuning_cents : float
        -50 to 50: by how much the music lies above A = 440 Hz.
    tuning_confidence : float
        0 to 1: how probably `tuning_cents` is right within 5 cents.
    loudness_lufs : float or None
        Integrated loudness (ITU-R BS.1770-4); None if all is silence or shorter than 0.4 s.
    true_peak_db : float or None
        Of the waveform between the samples, dB relative to full scale; None in silence.
    energy_db : tuple of float
        Loudness of each second (K-weighted, LUFS), never below -70.
    cue_in_s, cue_out_s : float
        Where a player should come in and go out: the first downbeat after silence, the end of
        the last bar before it, without confident beats the first and last sound.
    cue_confidence : float
        0 to 1.
    version : int
        That made it.
    """

    duration_s: float
    grid: Grid | None
    key: Key | None
    keys: tuple[Key | None, ...]
    tuning_cents: float
    tuning_confidence: float
    loudness_lufs: float | None
    true_peak_db: float | None
    energy_db: tuple[float, ...]
    cue_in_s: float
    cue_out_s: float
    cue_confidence: float
    version: int = VERSION

    def __post_init__(self) -> None:
        if not (math.isfinite(self.duration_s) and self.duration_s >= 0):
            raise ValueError(f"duration_s must not be negative, got {self.duration_s!r}")
        if not -50.0 <= self.tuning_cents <= 50.0:
            raise ValueError(f"tuning_cents must be -50 to 50, got {self.tuning_cents!r}")
        if not 0 <= self.cue_in_s <= self.cue_out_s <= self.duration_s:
            raise ValueError("cue_in_s and cue_out_s must lie in order within the track")
        for name in ("tuning_confidence", "cue_confidence"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be 0 to 1, got {getattr(self, name)!r}")

    @property
    def follows(self) -> bool:
        """Whether the beats are sure enough for something to follow them."""
        return self.grid is not None and self.grid.confidence >= SURE

    def as_played(self, pitch_cents: float) -> tuple[Key | None, float]:
        """Return key and tuning as they sound when the track is played higher or lower.

        Parameters
        ----------
        pitch_cents : float
            By how much higher it is played.

        Returns
        -------
        key : Key or None
            None where it is not known well.
        cents : float
            -50 to 50: by how much it lies above the keys of A = 440 Hz, so far as is known.
        """
        cents = (self.tuning_cents if self.tuning_confidence >= SURE else 0.0) + pitch_cents
        keys = math.floor(cents / 100.0 + 0.5)  # the nearest key, should another speed bend it far
        key = self.key
        if key is not None:
            sure = key.confidence >= SURE
            key = Key((key.tonic + keys) % 12, key.mode, key.confidence) if sure else None
        return key, cents - 100.0 * keys

    @property
    def a_hz(self) -> float:
        """Frequency of the A above middle C in the tuning of the track."""
        return float(440.0 * 2.0 ** (self.tuning_cents / 1200.0))

    def to_json(self) -> str:
        """Return the analysis as one line of JSON."""
        data: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        data["grid"] = None if self.grid is None else self.grid.to_dict()
        data["key"] = _from_key(self.key)
        data["keys"] = [_from_key(key) for key in self.keys]
        return json.dumps(data, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Analysis:
        """Return the analysis that `to_json` wrote.

        Raises
        ------
        FormatError
            If it is damaged, older than `OLDEST` or newer than `VERSION`.
        """
        try:
            data = json.loads(text)
            if not OLDEST <= data["version"] <= VERSION:
                raise FormatError(
                    f"the analysis is of version {data['version']}, not of {OLDEST} to {VERSION}"
                )
            grid = data["grid"]
            return cls(
                **{
                    **data,
                    "grid": None if grid is None else Grid.from_dict(grid),
                    "key": _to_key(data["key"]),
                    "keys": tuple(_to_key(key) for key in data["keys"]),
                    "energy_db": tuple(data["energy_db"]),
                }
            )
        except (ValueError, TypeError, KeyError) as error:
            raise FormatError(f"the analysis is damaged ({error})") from error


def _from_key(key: Key | None) -> list[Any] | None:
    return None if key is None else [key.tonic, key.mode, key.confidence]


def _to_key(data: list[Any] | None) -> Key | None:
    return None if data is None else Key(*data)
