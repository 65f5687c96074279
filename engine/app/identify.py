"""`antiphon identify CLIP...`: name the track that a clip comes from, or all tracks of a mix."""

from __future__ import annotations

import dataclasses
import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.app import mix as mixes
from engine.app.terminal import (
    PARTLY,
    JsonOption,
    LibraryOption,
    bar,
    clock,
    command,
    counted,
    quiet_decoders,
    say,
    say_error,
    spare_music,
    sure,
    tell_stale,
    waiting,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.library import Library
    from fingerprint import Match

    Pieces = list[tuple[NDArray[np.float32], int]]  # mono sound, and its rate in Hz

MIX_FROM_S = 600.0  # a file this long is taken for a mix when nothing is said
PIECE_S = 10.0  # as much as one question to the index uses
HEARD_S = 60.0
SHORTEST_S = 0.5
SILENT = 1e-4  # of full scale


class Format(StrEnum):
    """How the list of a mix is written."""

    TABLE = "table"
    CUE = "cue"
    JSON = "json"
    CSV = "csv"


@command
def identify(
    clips: Annotated[
        list[Path], typer.Argument(metavar="CLIP...", help="Audio files of half a second or more.")
    ],
    library: LibraryOption = None,
    as_json: JsonOption = False,
    mix: Annotated[
        bool | None,
        typer.Option(
            "--mix/--no-mix",
            show_default=False,
            help="Hear a whole mix and list its tracks; by default files of ten minutes or more.",
        ),
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", show_default=False, help="Of the list of a mix; implies --mix."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="Write the list of a mix to a file."),
    ] = None,
) -> None:
    """Name the track that a clip comes from, where in it, and how sure that is.

    A clip that is not surely in the library is unknown. Of long clips the first minute is heard,
    ten seconds at a time, up to the first answer; of a mix all of it, and the list says from when
    to when each track plays.

    Example: antiphon identify clip.wav

    Example: antiphon identify set.flac --mix --format cue --out set.cue
    """
    from engine.errors import AudioFileError
    from engine.library import Library

    if mix is None and (form is not None or out is not None):
        mix = True
    if mix is False and (form is not None or out is not None):
        raise typer.BadParameter("--format and --out are for mixes, and go without --no-mix")
    if out is not None and len(clips) > 1:
        raise typer.BadParameter(f"--out takes the list of one mix, got {len(clips)} files")
    spare_music(out, "--out", *clips)
    failed = 0
    with waiting("opening the library"):
        opened = Library.open(library, writable=False)
    with opened:
        tell_stale(opened)
        for clip in clips:
            try:
                if mix or (mix is None and _is_long(clip)):
                    chosen = form or (Format.JSON if as_json else Format.TABLE)
                    _list_mix(opened, clip, chosen, out)
                    continue
                with waiting(f"listening to {clip.name}"):
                    heard = pieces(clip)
                    matches = find(opened, heard)
            except AudioFileError as error:
                failed += 1
                say_error(str(error))
                continue
            answer = describe(opened, clip, matches)
            answer["why_unknown"] = None if answer["known"] else why_unknown(heard)
            say(json.dumps(answer) if as_json else in_words(answer))
    if failed:
        raise typer.Exit(PARTLY if failed < len(clips) else 1)


def _is_long(clip: Path) -> bool:
    from engine.io import audiofile

    with quiet_decoders(), audiofile.blocks(clip) as file:
        return file.expected_s >= MIX_FROM_S


def _list_mix(library: Library, clip: Path, form: Format, out: Path | None) -> None:
    with bar() as progress:
        task = progress.add_task("listening", total=None, now=clip.name[:40])
        records = mixes.hear(
            library,
            clip,
            lambda at, of: progress.update(task, completed=int(at), total=int(of) or None),
        )
    text = mixes.write(records, clip, form.value, out.parent if out is not None else clip.parent)
    if out is None:
        say(text.rstrip("\n"))
        return
    mixes.save(text, out)
    known = sum(record["known"] for record in records)
    unknown = counted(len(records) - known, "unknown stretch", "unknown stretches")
    say(f"{out}: {counted(known, 'track')}, {unknown} of {clip}")


def find(library: Library, heard: Pieces) -> list[Match]:
    """Return the matches of the first ten seconds that are known, of the first ones otherwise."""
    from engine.library.piece import sound_of

    first: list[Match] = []
    sound = sound_of(library)
    for number, (audio, sample_rate) in enumerate(heard):
        with quiet_decoders():
            matches = library.index.identify(audio, sample_rate, sound=sound)
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
    answer |= dict.fromkeys((*keys, *numbers, "bpm", "key"))
    if answer["known"]:
        track = library.track(matches[0].track_id)
        answer |= {"track_id": track.id, "path": str(track.path)}
        answer |= {key: getattr(track, key) for key in ("title", "artist", "album")}
        answer |= {key: round(float(getattr(matches[0], key)), 4) for key in numbers}
        answer |= _as_it_sounds(library, matches[0])
    return answer


def _as_it_sounds(library: Library, match: Match) -> dict[str, Any]:
    """Return tempo and key of the clip, which may be played faster or higher than the track."""
    found = library.analysis(match.track_id)
    if found is None:
        return {}
    key, _ = found.as_played(match.pitch_cents)
    bpm = found.grid.bpm * match.speed if found.grid is not None and found.follows else None
    return {"bpm": bpm and round(bpm, 2), "key": key and key.name}


def in_words(answer: dict[str, Any]) -> str:
    """Return an answer of `describe` as a line for people."""
    if not answer["known"]:
        why = answer["why_unknown"]
        return f"{answer['clip']}: unknown{f' ({why})' if why else ''}"
    name = f"{answer['artist']} - {answer['title']}" if answer["artist"] else answer["title"]
    line = f"{answer['clip']}: {name}, from {clock(answer['offset_s'])}"
    if abs(answer["speed"] - 1.0) >= 0.005:
        line += f", {abs(answer['speed'] - 1):.1%} {'fast' if answer['speed'] > 1 else 'slow'}"
    if abs(answer["pitch_cents"]) >= 25:  # what the ear tells apart, and the estimate surely
        line += f", {answer['pitch_cents']:+.0f} cents"
    if answer["bpm"] is not None:
        line += f", {answer['bpm']:.0f} BPM"
    if answer["key"] is not None:
        line += f", {answer['key']}"
    return f"{line}, {sure(answer['confidence'])}"


def why_unknown(heard: Pieces) -> str | None:
    """Return why nothing could have been known, where it is the clip's fault."""
    seconds = sum(len(audio) / sample_rate for audio, sample_rate in heard)
    if max(float(abs(audio).max()) for audio, _ in heard) < SILENT:
        return "no sound in it"
    if seconds < SHORTEST_S:
        return f"{seconds:.2g} s of sound; it takes {SHORTEST_S:g} s, and better three"
    return None


def pieces(clip: Path) -> Pieces:
    """Return the clip's first minute as mono pieces of ten seconds, the last one shorter.

    Raises
    ------
    AudioFileError
    """
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
