"""Pieces of the tracks' own sound, for an ear that compares waves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import AudioFileError, LibraryError

if TYPE_CHECKING:
    from engine.library.library import Library
    from fingerprint import Sound


def sound_of(library: Library) -> Sound:
    """Return what `FingerprintIndex.identify` asks for the sound of a library's tracks.

    Only the piece asked for is decoded. Of a track that is gone, or whose file is gone or cannot
    be read, there is no sound. It may be called from any thread.
    """
    from engine.io import audiofile
    from fingerprint import SAMPLE_RATE

    def sound(track_id: int, start_s: float, stop_s: float) -> NDArray[np.float32] | None:
        wanted = max(0, round((stop_s - start_s) * SAMPLE_RATE))
        parts, have = [np.empty(0, np.float32)], 0
        try:
            path = library.track(track_id).path
            with audiofile.blocks(path, SAMPLE_RATE, mono=True, start_s=start_s) as file:
                for block in file:
                    parts.append(block)
                    have += len(block)
                    if have >= wanted:
                        break
        except (AudioFileError, LibraryError):
            return None
        return np.concatenate(parts)[:wanted]

    return sound
