"""`antiphon identify CLIP...`: name the tracks that clips come from."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.app.terminal import (
    PARTLY,
    JsonOption,
    LibraryOption,
    clock,
    command,
    quiet_decoders,
    say,
    say_error,
    sure,
    tell_stale,
    waiting,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.library import Library
    from fingerprint import Match

PIECE_S = 10.0  # as much as one question to the index uses
HEARD_S = 60.0


@command
def identify(
    clips: Annotated[
        list[Path], typer.Argument(metavar="CLIP...", help="Audio files of a second or more.")
    ],
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name the track that a clip comes from, where in it, and how sure that is.

    A clip that is not surely in the library is unknown. Of long clips the first minute is heard,
    ten seconds at a time, up to the first answer.

    Example: antiphon identify clip.wav
    """
    from engine.errors import AudioFileError
    from engine.library import Library

    failed = 0
    with waiting("opening the library"):
        opened = Library.open(library, writable=False)
    with opened:
        tell_stale(opened)
        for clip in clips:
            try:
                with waiting(f"listening to {clip.name}"):
                    matches = find(opened, clip)
            except AudioFileError as error:
                failed += 1
                say_error(str(error))
                continue
            answer = describe(opened, clip, matches)
            say(json.dumps(answer) if as_json else in_words(answer))
    if failed:
        raise typer.Exit(PARTLY if failed < len(clips) else 1)


def find(library: Library, clip: Path) -> list[Match]:
    """Return the matches of the first ten seconds that are known, of the first ones otherwise.

    Raises
    ------
    AudioFileError
    """
    first: list[Match] = []
    for number, (audio, sample_rate) in enumerate(_pieces(clip)):
        matches = library.index.identify(audio, sample_rate)
        if matches and matches[0].known:
            late_s = number * PIECE_S * matches[0].speed
            best = dataclasses.replace(matches[0], offset_s=matches[0].offset_s - late_s)
            return [best, *matches[1:]]
        first = first or matches
    return first


def describe(library: Library, clip: Path, matches: list[Match]) -> dict[str, Any]:
    """Return the answer for one clip as JSON has it: with `known` false all else is null."""
    answer: dict[str, Any] = {"clip": str(clip), "known": bool(matches and matches[0].known)}
    keys = ("track_id", "title", "artist", "album", "path")
    numbers = ("offset_s", "confidence", "speed", "pitch_cents")
    answer |= dict.fromkeys((*keys, *numbers))
    if answer["known"]:
        track = library.track(matches[0].track_id)
        answer |= {"track_id": track.id, "path": str(track.path)}
        answer |= {key: getattr(track, key) for key in ("title", "artist", "album")}
        answer |= {key: round(float(getattr(matches[0], key)), 4) for key in numbers}
    return answer


def in_words(answer: dict[str, Any]) -> str:
    """Return an answer of `describe` as a line for people."""
    if not answer["known"]:
        return f"{answer['clip']}: unknown"
    name = f"{answer['artist']} - {answer['title']}" if answer["artist"] else answer["title"]
    line = f"{answer['clip']}: {name}, from {clock(answer['offset_s'])}"
    if abs(answer["speed"] - 1.0) >= 0.005:
        line += f", {abs(answer['speed'] - 1):.1%} {'fast' if answer['speed'] > 1 else 'slow'}"
    if abs(answer["pitch_cents"]) >= 25:  # what the ear tells apart, and the estimate surely
        line += f", {answer['pitch_cents']:+.0f} cents"
    return f"{line}, {sure(answer['confidence'])}"


def _pieces(clip: Path) -> list[tuple[NDArray[np.float32], int]]:
    """Return the clip's first minute as mono pieces of ten seconds, the last one shorter."""
    import numpy as np

    from engine.errors import AudioFileError
    from engine.io import audiofile

    with quiet_decoders(), audiofile.blocks(clip, mono=True) as file:
        wanted = int(HEARD_S * file.sample_rate)
        parts, heard = [], 0
        for block in file:
            parts.append(block)
            heard += len(block)
            if heard >= wanted:
                break
        if not heard:
            raise AudioFileError(f"{clip}: holds no audio that can be decoded")
        audio, step = np.concatenate(parts)[:wanted], int(PIECE_S * file.sample_rate)
        pieces = [audio[at : at + step] for at in range(0, len(audio), step)]
    if len(pieces) > 1 and len(pieces[-1]) < file.sample_rate:
        del pieces[-1]  # too short to be asked about alone
    return [(piece, file.sample_rate) for piece in pieces]
