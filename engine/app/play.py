"""antiphon play and render."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from engine.app.keys import Keys
from engine.app.learn import Learner
from engine.app.live import (
    COMPILING,
    DEFAULT_BLOCK,
    ClockOption,
    Keyboard,
    device_sample_rate,
    require_midi_port,
    send_clock,
    tune,
)
from engine.app.panel import KEYS, Panel
from engine.app.terminal import command, waiting

Patch = Annotated[str, typer.Option(help="Built-in patch, or a patch file (.json).")]
Output = Annotated[str | None, typer.Option(help="Sound output: name, part of it, or number.")]
Midi = Annotated[str | None, typer.Option(help="MIDI input: name or part of it.")]
Tuning = Annotated[Path | None, typer.Option(metavar="SCL", help="Scala scale to play in.")]
Mapping = Annotated[
    Path | None, typer.Option("--keyboard", metavar="KBM", help="Scala keyboard mapping for it.")
]
Block = Annotated[int, typer.Option(help="Frames per callback.", min=16, max=8192)]


@command
def play(
    patch: Patch = "soft-lead",
    midi: Midi = None,
    output: Output = None,
    block: Block = DEFAULT_BLOCK,
    seconds: Annotated[float | None, typer.Option(help="Stop after this long.", min=0.1)] = None,
    wait: Annotated[bool, typer.Option(help="Wait for a keyboard to be connected.")] = False,
    record: Annotated[
        Path | None, typer.Option(help="Write what is played to this new WAV or FLAC file.")
    ] = None,
    floating: Annotated[
        bool, typer.Option("--float", help="Record 32-bit floating point, not 24 bits (WAV).")
    ] = False,
    tuning: Tuning = None,
    mapping: Mapping = None,
    tempo: Annotated[
        float | None,
        typer.Option(metavar="BPM", help="Of arpeggios, LFOs and echoes, without a MIDI clock."),
    ] = None,
    clock_out: ClockOption = None,
    learn: Annotated[
        str | None,
        typer.Option(metavar="CONTROL", help="Bind the next controller moved to cutoff, ..."),
    ] = None,
) -> None:
    """Play a MIDI keyboard through the synthesizer until Ctrl-C.

    Controls to learn: cutoff, resonance, attack, decay, release, drive, lfo-rate, and so on.

    Example: antiphon play --patch warm-pad --midi keystation --block 128

    Example: antiphon play --record take.flac --tempo 96

    Example: antiphon play --patch harpsichord --tuning meantone.scl --keyboard a415.kbm
    """
    from contextlib import ExitStack

    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from engine.io.device import open_stream
    from engine.synth import Synth

    if not wait:
        require_midi_port(midi)
    with waiting(COMPILING):
        synth = Synth(patch, device_sample_rate(output))
        learner = Learner(synth, learn)
        tune(synth, tuning, mapping)
        if tempo is not None:
            synth.set_tempo(tempo)
        stream = open_stream(synth, output, block=block)
    console = Console(stderr=True)
    with ExitStack() as stack:
        stack.enter_context(stream)
        keyboard = Keyboard(stream, midi)
        stack.callback(keyboard.close)
        if clock_out is not None:
            stack.enter_context(send_clock(stream, clock_out))
        recorder = None if record is None else synth.record(record, floating)
        panel = Panel(stream, keyboard, learner, recorder)
        stack.callback(panel.tell_end, console)
        if recorder is not None:
            stack.enter_context(recorder)
        console.print(
            f"playing {synth.patch().name} at {synth.sample_rate:.0f} Hz, "
            f"{1000 * stream.latency_s:.1f} ms of output latency; Ctrl-C ends, {KEYS}",
            markup=False,
        )
        keys = stack.enter_context(Keys())
        live = stack.enter_context(Live(console=console, refresh_per_second=8, transient=True))
        end = time.monotonic() + (seconds or float("inf"))
        while time.monotonic() < end:
            stream.check()
            if (news := panel.news()) is not None:
                console.print(news, markup=False)
            live.update(Text(panel.line()))
            panel.press(keys.get(0.1))
    if recorder is not None:
        recorder.check()


@command
def render(
    song: Annotated[Path, typer.Argument(help="Standard MIDI File.")],
    out: Annotated[Path, typer.Argument(help="WAV or FLAC file to write.")],
    patch: Annotated[
        str | None, typer.Option(help="One patch for all channels but the drums.")
    ] = None,
    sample_rate: Annotated[int, typer.Option(help="Hz.", min=8000, max=192000)] = 48_000,
    tuning: Tuning = None,
    mapping: Mapping = None,
) -> None:
    """Render a MIDI file to a sound file, as it would be played live.

    Example: antiphon render song.mid song.wav
    """
    from dataclasses import replace

    from rich.console import Console
    from rich.progress import Progress

    from engine.gm import DRUM_CHANNEL
    from engine.io import audiofile, smf
    from engine.synth import Synth

    music = smf.read(song)
    if patch is not None:
        names = {c: patch if c != DRUM_CHANNEL else name for c, name in music.patches.items()}
        events = tuple(e for e in music.events if e[1][0] >> 4 != 0xC)
        music = replace(music, patches=names, events=events)
    synth = Synth(sample_rate=sample_rate, voices=128)
    tune(synth, tuning, mapping)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        job = progress.add_task("rendering", total=1.0)
        audio = synth.render_song(
            music, on_progress=lambda part: progress.update(job, completed=part)
        )
    audiofile.write(out, audio, sample_rate)
    typer.echo(f"{out}: {len(audio) / sample_rate:.1f} s, peak {abs(audio).max():.2f}")
