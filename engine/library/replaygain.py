"""How loud a file says that it is: ReplayGain tags, and R128 tags of Opus."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

_REPLAYGAIN_LUFS = -18.0  # the loudness that ReplayGain 2.0 brings music to
_R128_LUFS = -23.0  # and that of RFC 7845, section 5.2.1, in 256ths of a decibel
_NUMBER = re.compile(r"\s*([-+]?\d{1,5}(?:[.,]\d{1,9})?)\s*(?:dB|LUFS)?\s*$", re.IGNORECASE)
_LARGEST_DB = 64.0  # a tag that says more is wrong


@dataclass(frozen=True)
class Loudness:
    """Integrated loudness, and the peak in dB where that is told too."""

    loudness_lufs: float
    peak_db: float | None = None


def read_loudness(path: Path) -> Loudness | None:
    """Return the loudness of a track by the tags of its file, or None.

    Whatever is wrong with the tags, the file has none then.
    """
    from tinytag import TinyTag, TinyTagException

    try:
        other = TinyTag.get(path, tags=True, duration=False).other
        told = {name.casefold(): str(values[0]) for name, values in other.items() if values}
    except (TinyTagException, OSError, ValueError, ArithmeticError, LookupError, MemoryError):
        return None
    gain = _number(told.get("replaygain_track_gain"))
    if gain is not None and abs(gain) <= _LARGEST_DB:
        peak = _number(told.get("replaygain_track_peak"))
        peak_db = 20.0 * math.log10(peak) if peak is not None and 0 < peak < 100 else None
        return Loudness(_REPLAYGAIN_LUFS - gain, peak_db)
    gain = _number(told.get("r128_track_gain"))
    if gain is not None and abs(gain) <= 256 * _LARGEST_DB:
        return Loudness(_R128_LUFS - gain / 256.0)
    return None


def _number(text: str | None) -> float | None:
    found = _NUMBER.match(text or "")
    return float(found[1].replace(",", ".")) if found else None
