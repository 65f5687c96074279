"""`antiphon duplicates`: which tracks are one recording, or share a part of one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.app.terminal import (
    JsonOption,
    LibraryOption,
    bar,
    clock,
    command,
    say,
    tell_stale,
    waiting,
)

if TYPE_CHECKING:
    from engine.library import Track
    from fingerprint.duplicates import Duplicate

_MEANING = {
    "copy": "the same recording, the same sound",
    "same": "the same recording, the sound a little changed (codec, mastering or noise)",
    "speed": "the same recording at another speed or pitch",
    "excerpt": "the second is a piece of the first",
    "edit": "the second is an edit of the first",
    "passage": "a passage in common",
    "version": "the same artist and title, but other recordings (another version, perhaps live)",
}


@command
def duplicates(
    library: LibraryOption = None,
    as_json: JsonOption = False,
    as_recorded: Annotated[
        bool,
        typer.Option(
            "--as-recorded", help="Leave out what is faster, slower, higher or lower; quicker."
        ),
    ] = False,
) -> None:
    """Find tracks that are the same recording, or share a part of one.

    Copies in other formats and levels, remasters, edits, excerpts and copies played up to 6 %
    faster or two semitones higher are told from the sound. That two recordings are versions of
    one piece, live or studio, is told from artist and title alone. No music is changed; a session
    knows from then on what not to play twice.

    Files that are alike byte for byte are one track of the library; they are named as well.

    Example: antiphon duplicates --json
    """
    from engine.library import Library, export, twins
    from fingerprint.duplicates import find

    with waiting("opening the library"):
        opened = Library.open(library, create=False, writable=False)
    with opened, bar() as progress:
        tell_stale(opened)
        tracks = {track.id: track for track in opened.tracks()}
        index = opened.index
        ids = [int(i) for i in index.track_ids if int(i) in tracks]
        task = progress.add_task("comparing", total=None, now="")
        found = find(
            ids,
            index.peaks,
            not as_recorded,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
        twins.save(opened.directory, found)
        same_files = [] if as_json else _same_files(export.tracks(opened))
    for record in describe(found, tracks):
        say(json.dumps(record) if as_json else "\n".join(in_words(record)))
    for paths in same_files:
        say("\n".join(["the same file, byte for byte", *(f"    {path}" for path in paths)]))
    if not as_json:
        count = len(found)
        say(f"{len(ids)} tracks compared, {count} pair{'' if count == 1 else 's'} found by sound")


def _same_files(tracks: list[dict[str, Any]]) -> list[list[str]]:
    """Return the paths of each track that lies in several files which are still there."""
    seen = [[track["path"], *track["other_paths"]] for track in tracks if track["other_paths"]]
    there = [[path for path in paths if Path(path).is_file()] for paths in seen]
    return [paths for paths in there if len(paths) > 1]


def describe(found: Sequence[Duplicate], tracks: dict[int, Track]) -> list[dict[str, Any]]:
    """Return every pair as JSON has it; those of one artist and title without sound come last."""
    records = [_as_json(duplicate, tracks) for duplicate in found]
    heard = {frozenset((d.one, d.other)) for d in found}
    for one, other in _versions(tracks.values()):
        if frozenset((one.id, other.id)) not in heard:
            records.append({"relation": "version", "one": _track(one), "other": _track(other)})
    return records


def in_words(record: dict[str, Any]) -> list[str]:
    """Return a record of `describe` as lines for people."""
    head = _MEANING[record["relation"]]
    if "sections" in record:
        first = record["sections"][0]
        end = first["one_s"] + first["seconds"] * record["speed"]
        if record["relation"] == "excerpt":
            head += f", {clock(first['one_s'])} to {clock(end)}"
        elif record["relation"] == "edit":
            head += f", in {len(record['sections'])} pieces"
        elif record["relation"] == "passage":
            head += f" of {clock(record['common_s'])}, from {clock(first['one_s'])} of the first"
            head += f" and {clock(first['other_s'])} of the second"
        if record["speed"] != 1.0:
            head += f"; the second is {abs(record['speed'] - 1):.1%} "
            head += "faster" if record["speed"] > 1 else "slower"
        if abs(record["pitch_cents"]) >= 5:
            head += f"; its pitch {record['pitch_cents']:+.0f} cents"
        head += f"; {record['agreement']:.0%} of the peaks agree"
    return [head, *(_line(record[key]) for key in ("one", "other"))]


def _line(track: dict[str, Any]) -> str:
    name = f"{track['artist']} - {track['title']}" if track["artist"] else track["title"]
    return f"{track['track_id']:6d}  {clock(track['duration_s']):>9}  {name}  {track['path']}"


def _as_json(duplicate: Duplicate, tracks: dict[int, Track]) -> dict[str, Any]:
    import math

    overlap = duplicate.overlap
    return {
        "relation": duplicate.relation,
        "one": _track(tracks[duplicate.one]),
        "other": _track(tracks[duplicate.other]),
        "common_s": round(duplicate.common_s, 2),
        "one_share": round(overlap.one_share, 3),
        "other_share": round(overlap.other_share, 3),
        "agreement": round(overlap.agreement, 3),
        "speed": round(overlap.speed, 4),
        "pitch_cents": round(1200 * math.log2(overlap.pitch), 1),
        "similarity": round(duplicate.similarity, 3),
        "sections": [
            {
                "one_s": round(section.one_s, 2),
                "other_s": round(section.other_s, 2),
                "seconds": round(section.seconds, 2),
            }
            for section in overlap.sections
        ],
    }


def _track(track: Track) -> dict[str, Any]:
    return {
        "track_id": track.id,
        "artist": track.artist,
        "title": track.title,
        "duration_s": round(track.duration_s, 3),
        "path": str(track.path),
    }


def _versions(tracks: Iterable[Track]) -> list[tuple[Track, Track]]:
    """Return the pairs of tracks that go by one artist and title; brackets aside."""
    from itertools import combinations

    from engine.library import tags

    named: dict[str, list[Track]] = {}
    for track in tracks:
        key = tags.song_key(track.artist, track.title)
        if key:
            named.setdefault(key, []).append(track)
    return [pair for group in named.values() for pair in combinations(group, 2)]
