"""The demo's library: our tunes rendered with our own instrument, or a folder of music."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rich.console import Console

    from engine.library import Library

SAMPLE_RATE = 48_000
LEFT_OUT = "sakura"  # never in the library: must be called unknown


def progress_bar(console: Console) -> Any:
    """Return a progress bar that vanishes when it is done."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def render_tunes(console: Console, folder: Path) -> dict[str, Path]:
    """Render every tune that comes with the program; those that are there already stay."""
    from engine import tunes
    from engine.io import audiofile
    from engine.synth import Synth

    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.flac" for name in tunes.names()}
    missing = [name for name, path in paths.items() if not path.exists()]
    if not missing:
        return paths
    with progress_bar(console) as progress:
        job = progress.add_task("rendering our tunes (compiles the synthesizer once)", total=None)
        Synth().render([], seconds=0.01)
        progress.update(job, total=len(missing), description="rendering our tunes")
        for name in missing:
            song = tunes.load(name)
            audio = Synth(sample_rate=SAMPLE_RATE, voices=96).render_song(song)
            audio *= 0.9 / np.abs(audio).max()
            audiofile.write(paths[name], audio, SAMPLE_RATE, title=song.title, artist=song.artist)
            progress.advance(job)
    return paths


def fill_library(
    console: Console, library: Library, tunes: dict[str, Path], music: Path | None
) -> None:
    """Add the tunes but the one left out, and their playlists; or the user's own music."""
    from engine import tunes as ours
    from engine.errors import LibraryError
    from engine.library import ingest

    wanted = [music] if music else [path for name, path in tunes.items() if name != LEFT_OUT]
    with progress_bar(console) as progress:
        job = progress.add_task("adding to the library", total=None)

        def tell(step: ingest.Progress) -> None:
            progress.update(job, completed=step.done, total=step.total)

        report = ingest.add(library, wanted, on_progress=tell)
    for path, why in report.failed:
        console.print(f"  left out {path}: {why}", markup=False)
    if music is None:
        folder = next(iter(tunes.values())).parent
        for source in ours.playlists():
            copied = folder / source.name
            copied.write_bytes(source.read_bytes())
            library.add_playlist(copied)
    if len(library) == 0:
        raise LibraryError(f"{music} holds no music that can be read")
    console.print(
        f"library: {len(library)} tracks, {len(library.playlists())} playlists, "
        f"{sum(t.duration_s for t in library.tracks()) / 60:.1f} minutes"
    )
