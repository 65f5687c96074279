"""`antiphon add DIR...` and `antiphon playlist add FILE...`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.app.terminal import (
    PARTLY,
    JsonOption,
    LibraryOption,
    bar,
    clock,
    command,
    say,
    say_error,
)

if TYPE_CHECKING:
    from engine.library import Track
    from engine.library.ingest import Progress, Report

playlist_app = typer.Typer(
    name="playlist", no_args_is_help=True, help="Playlists teach Antiphon what goes together."
)


@command
def add(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="DIR...", help="Folders of music, or single files."),
    ],
    library: LibraryOption = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, show_default=False, help="Processes; by default one a processor."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Add music to the library: only what is new or has changed.

    May be interrupted at any time; the next run goes on. Files that cannot be read are named at
    the end, and the exit code is 3 then.

    Example: antiphon add ~/Music "/media/disc 2"
    """
    from engine.library import Library, hearing, ingest

    with Library.open(library) as opened:
        if as_json:
            report = ingest.add(opened, paths, workers, _say_event)
            say(json.dumps({**_counts(report), "tracks": len(opened)}))
            raise typer.Exit(_code(report))
        with bar() as progress:
            task = progress.add_task("adding", total=None, now="")

            def tell(event: ingest.Progress) -> None:
                name = event.path.name.encode("utf-8", "replace").decode()
                progress.update(task, completed=event.done, total=event.total, now=name[:40])

            def tell_again(track: Track, done: int, total: int) -> None:
                progress.update(
                    task, description="analysing", completed=done, total=total, now=track.title[:40]
                )

            report = ingest.add(opened, paths, workers, tell, tell_again)
        if not (_good(report) or report.failed):
            say_error("there is no audio file in " + ", ".join(str(path) for path in paths))
            raise typer.Exit(1)
        _tell(report)
        say(f"{len(opened)} tracks in {opened.directory}")
        if len(opened) and (note := hearing.note()) is not None:
            say(note)
        if len(opened):
            say("next: `antiphon identify CLIP` names a recording, `antiphon listen` what plays")
    raise typer.Exit(_code(report))


def _good(report: Report) -> bool:
    return bool(report.added or report.unchanged or report.known)


def _code(report: Report) -> int:
    if report.failed:
        return PARTLY if _good(report) else 1
    return 0


def _say_event(event: Progress) -> None:
    say(
        json.dumps(
            {
                "path": str(event.path),
                "outcome": event.outcome,
                "done": event.done,
                "total": event.total,
                "reason": event.reason,
            }
        )
    )


def _counts(report: Report) -> dict[str, int]:
    return {
        "added": len(report.added),
        "unchanged": report.unchanged,
        "known": len(report.known),
        "damaged": len(report.damaged),
        "failed": len(report.failed),
        "analysed": report.analysed,
    }


@playlist_app.command("add")
@command
def add_playlist(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="M3U, M3U8, XSPF or JSPF; JSON of the Million Playlist Dataset, Spotify or"
            " ListenBrainz.",
        ),
    ],
    library: LibraryOption = None,
) -> None:
    """Add playlists: what stands together in them is recommended together.

    Of a listening history (Spotify's account data, an export of ListenBrainz) each sitting is a
    playlist. Entries that the library does not have are kept: they still teach, and become tracks
    when the music is added. Adding a file again replaces what it held.

    Example: antiphon playlist add ~/Music/*.m3u8
    """
    from engine.errors import PlaylistError
    from engine.library import Library

    failed = 0
    with Library.open(library) as opened, bar() as progress:
        for file in progress.track(files, description="adding playlists"):
            try:
                counted = opened.add_playlist(file)
            except PlaylistError as error:
                failed += 1
                say_error(str(error))
                continue
            say(f"{file}: {counted[0]} of {sum(counted)} entries are in the library")
            if counted.unsure:
                entry, track, sure = counted.unsure[0]
                say(
                    f"  {len(counted.unsure)} under another name; the least sure ({sure:.2f}):"
                    f" {entry!r} for {track!r}"
                )
    if failed:
        raise typer.Exit(PARTLY if failed < len(files) else 1)


@playlist_app.command("list")
@command
def list_playlists(library: LibraryOption = None, as_json: JsonOption = False) -> None:
    """List the playlists that were added: number, how much of each the library has, name.

    Example: antiphon playlist list
    """
    from engine.library import Library

    with Library.open(library, create=False, writable=False) as opened:
        for one in opened.playlists():
            here = sum(track_id > 0 for track_id in one.track_ids)
            if as_json:
                number, entries = one.id, len(one.track_ids)
                record = {"playlist_id": number, "name": one.name, "entries": entries, "here": here}
                say(json.dumps(record))
            else:
                say(f"{one.id:6d}  {here:4d} of {len(one.track_ids):4d}  {one.name}")


@playlist_app.command("export")
@command
def export_playlist(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Of the playlist, its beginning, or its number.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New file: .m3u8, .jspf or .xspf.")],
    library: LibraryOption = None,
) -> None:
    """Write a playlist for another program; songs that are not in the library are left out.

    Example: antiphon playlist export "rainy sunday" sunday.xspf
    """
    from engine.errors import PlaylistError
    from engine.library import Library, tags
    from engine.library.playlist_files import KINDS, write_playlist

    kind = file.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise typer.BadParameter(f"FILE must end in .{', .'.join(KINDS)}, got {file.name}")
    with Library.open(library, writable=False) as opened:
        wanted = tags.fold(name)
        every = opened.playlists()
        lists = [one for one in every if tags.fold(one.name).startswith(wanted)]
        lists = lists or [one for one in every if str(one.id) == name]
        exact = [one for one in lists if tags.fold(one.name) == wanted]
        lists = exact or lists
        if len(lists) != 1:
            if not lists:
                raise PlaylistError(f"the library has no playlist {name!r}")
            some = ", ".join(f"{one.name} ({one.id})" for one in lists[:4])
            more = f" and {len(lists) - 4} more" if len(lists) > 4 else ""
            raise PlaylistError(f"{name!r} may be {some}{more}; give the number")
        known = opened.many([track_id for track_id in lists[0].track_ids if track_id > 0])
        tracks = [known[i] for i in lists[0].track_ids if i in known]
        text = write_playlist(tracks, kind, lists[0].name)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise PlaylistError(f"{file}: cannot be written ({error.strerror})") from error
    say(f"{file}: {len(tracks)} of {len(lists[0].track_ids)} entries")


def _tell(report: Report) -> None:
    parts = [f"added {len(report.added)} ({clock(report.duration_s)} of audio)"]
    for count, what in (
        (report.unchanged, "unchanged"),
        (len(report.known), "known under another name"),
        (len(report.damaged), "damaged, added as far as they decode"),
        (len(report.failed), "not added"),
        (report.analysed, "analysed anew"),
        (report.heard, "heard by the network"),
    ):
        if count:
            parts.append(f"{count} {what}")
    say(", ".join(parts))
    for path in report.damaged:
        say_error(f"{path}: damaged, added as far as it decodes")
    for path, why in report.failed:
        say_error(f"{path}: {why}")
