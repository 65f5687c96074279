"""`antiphon add DIR...` and `antiphon playlist add FILE...`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.app.terminal import PARTLY, LibraryOption, bar, clock, command, say, say_error

if TYPE_CHECKING:
    from engine.library import Track
    from engine.library.ingest import Report

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
) -> None:
    """Add music to the library: only what is new or has changed.

    May be interrupted at any time; the next run goes on. Files that cannot be read are named at
    the end, and the exit code is 3 then.

    Example: antiphon add ~/Music "/media/disc 2"
    """
    from engine.library import Library, hearing, ingest

    with Library.open(library) as opened:
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
        good = bool(report.added or report.unchanged or report.known)
        if not (good or report.failed):
            say_error("there is no audio file in " + ", ".join(str(path) for path in paths))
            raise typer.Exit(1)
        _tell(report)
        say(f"{len(opened)} tracks in {opened.directory}")
        if len(opened) and (note := hearing.note()) is not None:
            say(note)
        if len(opened):
            say("next: `antiphon identify CLIP` names a recording, `antiphon listen` what plays")
    if report.failed:
        raise typer.Exit(PARTLY if good else 1)


@playlist_app.command("add")
@command
def add_playlist(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="M3U or M3U8 files, or slices of the Million Playlist Dataset (JSON).",
        ),
    ],
    library: LibraryOption = None,
) -> None:
    """Add playlists: what stands together in them is recommended together.

    Entries that the library does not have are kept: they still teach, and become tracks when the
    music is added. Adding a file again replaces what it held.

    Example: antiphon playlist add ~/Music/*.m3u8
    """
    from engine.errors import PlaylistError
    from engine.library import Library

    failed = 0
    with Library.open(library) as opened, bar() as progress:
        for file in progress.track(files, description="adding playlists"):
            try:
                matched, unmatched = opened.add_playlist(file)
            except PlaylistError as error:
                failed += 1
                say_error(str(error))
                continue
            say(f"{file}: {matched} of {matched + unmatched} entries are in the library")
    if failed:
        raise typer.Exit(PARTLY if failed < len(files) else 1)


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
