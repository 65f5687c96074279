"""Names of playlists as numbers, without a list of words: hashed pieces of words."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Sequence

import numpy as np

from recommend.neural.common import Ids

_SIZES = (3, 4, 5)  # letters of a piece, the marks of the word's ends among them
_LONGEST = 200  # letters of a name that are looked at


def pieces(name: str) -> list[str]:
    """Return the words of a name and their pieces; case and accents make no difference.

    Examples
    --------
    >>> pieces("Été!")
    ['<ete>', '<et', 'ete', 'te>', '<ete', 'ete>']
    """
    plain = unicodedata.normalize("NFKD", name[:_LONGEST]).casefold()
    kept = "".join(
        "" if unicodedata.combining(c) else c if c.isalnum() else f" {c} " if _picture(c) else " "
        for c in plain
    )
    found: list[str] = []
    for word in kept.split():
        marked = f"<{word}>"
        found.append(marked)
        for size in _SIZES:
            if size < len(marked):
                found += [marked[i : i + size] for i in range(len(marked) - size + 1)]
    return found


def buckets(name: str, count: int) -> Ids:
    """Return the bucket of each piece of a name, 0..count - 1, shape (pieces,).

    After P. Bojanowski et al., "Enriching Word Vectors with Subword Information" (2017); CRC-32 is
    the hash, so that the buckets are the same everywhere.
    """
    return np.array(
        [zlib.crc32(piece.encode("utf-8", "replace")) % count for piece in pieces(name)],
        dtype=np.int64,
    )


def as_bags(names: Sequence[str], count: int) -> tuple[Ids, Ids]:
    """Return the buckets of all names one after another, and where each name begins."""
    each = [buckets(name, count) for name in names]
    starts = np.cumsum([0, *(len(b) for b in each[:-1])]).astype(np.int64)
    return np.concatenate([*each, np.empty(0, dtype=np.int64)]), starts


def _picture(character: str) -> bool:
    return unicodedata.category(character) == "So"  # an emoji is a word
