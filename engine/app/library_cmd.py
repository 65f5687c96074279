"""`antiphon library list | check | refresh | remove | compact | export`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.app.analyze import in_short
from engine.app.terminal import (
    PARTLY,
    JsonOption,
    LibraryOption,
    bar,
    clock,
    command,
    say,
    say_error,
    waiting,
)

if TYPE_CHECKING:
    from engine.analysis import Analysis
    from engine.library import Track

app = typer.Typer(name="library", no_args_is_help=True, help="Look into the library and tend it.")

_ALL = 1 << 40


@app.command("list")
@command
def list_tracks(
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="Words of title, artist or album.")
    ] = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the tracks, or those in whose names all words occur, by artist, album and title.

    Example: antiphon library list grieg
    """
    from engine.library import Library

    with Library.open(library, writable=False) as opened:
        found = opened.tracks() if text is None else opened.search(text, _ALL).tracks
        for track in sorted(found, key=lambda track: (track.artist, track.album, track.title)):
            if as_json:
                say(json.dumps(_as_json(track, opened.analysis(track.id))))
            else:
                damaged = "  (damaged file)" if track.damaged else ""
                album = f"  [{track.album}]" if track.album else ""
                sound = in_short(opened.analysis(track.id))
                told = f"  ({sound})" if sound else ""
                say(
                    f"{track.id:6d}  {clock(track.duration_s):>9}"
                    f"  {track.name}{album}{told}{damaged}"
                )


@app.command()
@command
def check(
    library: LibraryOption = None,
    mend: Annotated[
        bool,
        typer.Option("--mend", help="Make the index again from the database; damaged models go."),
    ] = False,
) -> None:
    """Check every byte of the library, and whether the music files are where they were.

    Problems are named one a line; the exit code is 1 then.

    Example: antiphon library check --mend
    """
    from engine.library import Library

    with Library.open(library, create=False, writable=mend) as opened:
        with waiting("checking"):
            if mend:
                opened.mend()
            problems = opened.check()
        for problem in problems:
            say_error(problem)
        if any(problem.startswith("index: ") for problem in problems) and not mend:
            say_error("`antiphon library check --mend` makes the index again from the database")
        if any(problem.startswith("derived file: ") for problem in problems):
            say_error("`antiphon library check --mend` removes what is damaged, to be made again")
        if not problems:
            say(f"{len(opened)} tracks in {opened.directory}: all is whole")
    if problems:
        raise typer.Exit(1)


@app.command()
@command
def refresh(
    library: LibraryOption = None,
    moments: Annotated[
        bool,
        typer.Option(
            "--moments", help="Also find what each second sounds like, for the reasons; slow."
        ),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, show_default=False, help="Processes; by default one a processor."),
    ] = None,
) -> None:
    """Let the network in use hear the tracks it has not heard; their fingerprints stay.

    Likeness in sound goes on by the embedding of before until nearly all tracks are done. May be
    interrupted at any time; the next run goes on.

    Example: antiphon library refresh --moments
    """
    from engine.errors import ModelError
    from engine.library import Library, hearing
    from engine.library.ingest import processors
    from engine.library.refresh import embed

    if (note := hearing.note()) is not None:
        raise ModelError(note)
    with Library.open(library, create=False) as opened:
        tracks = [opened.track(track_id) for track_id in opened.heard.waiting(moments)]
        with bar() as progress:
            task = progress.add_task("hearing", total=len(tracks), now="")
            failed = embed(
                opened,
                tracks,
                workers or processors(),
                lambda track, done, _: progress.update(task, completed=done, now=track.title[:40]),
                moments,
            )
        table = opened.embeddings
        say(
            f"heard {len(tracks) - len(failed)} of {len(tracks)} tracks;"
            f" likeness in sound is told by {table.name}, for {len(table)} tracks"
        )
    for path, why in failed:
        say_error(f"{path}: {why}")
    if failed:
        raise typer.Exit(PARTLY if len(failed) < len(tracks) else 1)


@app.command()
@command
def remove(
    tracks: Annotated[
        list[str], typer.Argument(metavar="TITLE_OR_ID...", help="Tracks to forget.")
    ],
    library: LibraryOption = None,
) -> None:
    """Forget tracks; the music files stay where they are.

    Example: antiphon library remove 12 "Morning Mood"
    """
    from engine.library import Library

    with Library.open(library, create=False) as opened:
        for track in [opened.resolve(text) for text in tracks]:
            opened.remove(track.id)
            say(f"forgot {track.name} ({track.id}); {track.path} is still there")


@app.command()
@command
def compact(library: LibraryOption = None) -> None:
    """Give back the disk space of what was removed.

    Example: antiphon library compact
    """
    from engine.library import Library
    from engine.library import compact as compacting

    with Library.open(library, create=False) as opened:
        with waiting("compacting"):
            before, after = compacting.compact(opened)
        say(
            f"index {before.index:,} -> {after.index:,} bytes,"
            f" library {before.whole:,} -> {after.whole:,} bytes"
        )


@app.command()
@command
def export(
    to: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder to write into; - prints JSON.")
    ],
    library: LibraryOption = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Two tables, tracks.csv and playlists.csv.")
    ] = False,
    fingerprints: Annotated[
        bool, typer.Option("--fingerprints", help="The peaks of every track as well, as files.")
    ] = False,
) -> None:
    """Write what the library knows of tracks and playlists for other programs.

    The folder gets library.json (or two CSV files), and fingerprints/ID.peaks as docs/formats.md
    describes them. Files of these names are replaced.

    Example: antiphon library export backup --fingerprints
    """
    from engine.app import export as writing
    from engine.library import Library

    if str(to) == "-" and (as_csv or fingerprints):
        raise typer.BadParameter("- prints JSON alone; --csv and --fingerprints need a folder")
    with Library.open(library, create=False, writable=False) as opened:
        if str(to) == "-":
            say(writing.as_json(opened))
            return
        with waiting("exporting"):
            written = writing.write(opened, to, as_csv, fingerprints)
        say(f"{len(opened)} tracks written to {', '.join(written)}")


def _as_json(track: Track, sound: Analysis | None) -> dict[str, Any]:
    grid = sound.grid if sound is not None else None
    key = sound.key if sound is not None else None
    return {
        "track_id": track.id,
        "title": track.title,
        "artist": track.artist,
        "album": track.album,
        "path": str(track.path),
        "duration_s": round(track.duration_s, 3),
        "damaged": track.damaged,
        "bpm": round(grid.bpm, 3) if grid is not None else None,
        "bpm_confidence": grid.confidence if grid is not None else None,
        "key": key.name if key is not None else None,
        "key_confidence": key.confidence if key is not None else None,
        "loudness_lufs": sound.loudness_lufs if sound is not None else None,
    }
