"""`antiphon analyze TRACK`."""

from __future__ import annotations

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
    quiet_decoders,
    say,
    say_error,
    spare_music,
    waiting,
)

if TYPE_CHECKING:
    from engine.analysis import Analysis, OnsetEnvelope


@command
def analyze(
    track: Annotated[
        str | None,
        typer.Argument(metavar="[TRACK]", help="An audio file, or a track by title or number."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Analyse every track of the library that lacks it.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw sound, onsets, beats, bars and keys into a PNG.")
    ] = None,
    library: LibraryOption = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, show_default=False, help="Processes for --all; one a processor."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what the beat, key, tuning and loudness of a track are, and how sure that is.

    A file need not be in the library. Tracks are analysed when they are added; --all does it for
    those that an older version added, and goes on where it was interrupted. A session does it
    beside all else, one by one.

    Example: antiphon analyze "Morning Mood" --plot mood.png
    """
    if everything == (track is not None):
        raise typer.BadParameter("give a track, or --all")
    if plot is not None and track is None:
        raise typer.BadParameter("--plot draws one track, and goes without --all")
    if track is None:
        _analyze_all(library, workers)
        return
    spare_music(plot, "--plot", Path(track))
    path, name, found, onsets = _look_up(track, library)
    if plot is not None:
        from engine.app.analysis_picture import draw_analysis

        with waiting("drawing"), quiet_decoders():
            draw_analysis(found, onsets, path, name, plot)
    if as_json:
        say(found.to_json())
        return
    say(name)
    for line in describe(found):
        say(f"  {line}")
    if plot is not None:
        say(f"  picture: {plot}")


def describe(found: Analysis) -> list[str]:
    """Return what an analysis says, in lines for people."""
    lines = []
    grid = found.grid
    if grid is None:
        lines.append("tempo     no beat that one could rely on")
    elif grid.confidence < 0.5:  # its bars would be guesses upon a guess
        lines.append(
            "tempo     no beat that one could rely on; at best"
            f" {grid.bpm:.2f} BPM (confidence {grid.confidence:.2f})"
        )
    else:
        kind = "constant" if grid.steady else "changing"
        lines.append(f"tempo     {grid.bpm:.2f} BPM, {kind} (confidence {grid.confidence:.2f})")
        first_s = max(0.0, float(grid.time_at(grid.downbeat)))
        lines.append(
            f"bars      {grid.beats_per_bar} beats, the first at {first_s:.3f} s"
            f" (confidence {grid.bar_confidence:.2f})"
        )
    if found.key is not None:
        lines.append(f"key       {found.key.name} (confidence {found.key.confidence:.2f})")
        lines.append(
            f"tuning    {found.tuning_cents:+.1f} cents, A = {found.a_hz:.1f} Hz"
            f" (confidence {found.tuning_confidence:.2f})"
        )
    if found.loudness_lufs is not None and found.true_peak_db is not None:
        lines.append(
            f"loudness  {found.loudness_lufs:.1f} LUFS, true peak {found.true_peak_db:.1f} dB"
        )
    lines.append(
        f"cues      in {clock(found.cue_in_s)}, out {clock(found.cue_out_s)}"
        f" (confidence {found.cue_confidence:.2f})"
    )
    return lines


def in_short(found: Analysis | None) -> str:
    """Return tempo and key for a list, empty where nothing is sure."""
    if found is None:
        return ""
    tempo = f"{found.grid.bpm:.0f} BPM" if found.grid is not None and found.follows else ""
    sure = found.key is not None and found.key.confidence >= 0.5
    key = found.key.name if sure and found.key is not None else ""
    return "  ".join(part for part in (tempo, key) if part)


def _look_up(track: str, library: Path | None) -> tuple[Path, str, Analysis, OnsetEnvelope]:
    """Return path, name and analysis of a file, or of a track of the library."""
    from engine.analysis import VERSION, Analysis, OnsetEnvelope
    from engine.library import Library
    from engine.library.analyser import learn

    path, name = Path(track), Path(track).name
    if not path.is_file():
        with Library.open(library, create=False, writable=False) as opened:
            known = opened.resolve(track)
            stored, onsets = opened.analysis(known.id), opened.onsets(known.id)
        path, name = known.path, known.name
        newest = stored is not None and stored.version == VERSION
        if stored is not None and onsets is not None and (newest or not path.is_file()):
            return path, name, stored, onsets
    with waiting("analysing"), quiet_decoders():
        sound, packed = learn(path)
    return path, name, Analysis.from_json(sound), OnsetEnvelope.from_bytes(packed)


def _analyze_all(library: Path | None, workers: int | None) -> None:
    from engine.library import Library
    from engine.library.ingest import processors
    from engine.library.refresh import refresh

    with Library.open(library, create=False) as opened:
        tracks = opened.waiting_for_analysis()
        with bar() as progress:
            task = progress.add_task("analysing", total=len(tracks), now="")
            failed = refresh(
                opened,
                tracks,
                workers or processors(),
                lambda track, done, _: progress.update(task, completed=done, now=track.title[:40]),
            )
    for path, why in failed:
        say_error(f"{path}: {why}")
    say(f"analysed {len(tracks) - len(failed)} of {len(tracks)} tracks that lacked it")
    if failed:
        raise typer.Exit(PARTLY if len(failed) < len(tracks) else 1)
