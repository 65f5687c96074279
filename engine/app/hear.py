"""antiphon listen and session."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.app.live import (
    COMPILING,
    DEFAULT_BLOCK,
    ClockOption,
    Keyboard,
    meter_line,
    send_clock,
)
from engine.app.notes import Notes, in_words
from engine.app.page import HostOption, OpenOption, OscOption, PortOption, TokenOption
from engine.app.pipe import hear_pipe
from engine.app.terminal import (
    LibraryOption,
    command,
    say_error,
    spare_music,
    tell_stale,
    waiting,
)

if TYPE_CHECKING:
    from engine.io.device import Stream
    from engine.io.raw import Pipe
    from engine.library import Library, Track
    from engine.listener import Heard, Listener

InputOption = Annotated[str | None, typer.Option("--input", help="Sound input: name or number.")]
Seconds = Annotated[float | None, typer.Option(help="Stop after this long.", min=0.1)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


class RawFormat(StrEnum):
    """Samples of a pipe, by ffmpeg's names."""

    S16LE = "s16le"
    S32LE = "s32le"
    F32LE = "f32le"


@command
def listen(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[-]", show_default=False, help="- hears a pipe of raw samples."),
    ] = None,
    library: LibraryOption = None,
    input_: InputOption = None,
    as_json: Json = False,
    seconds: Seconds = None,
    history: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default=False, help="Add every change to a file, as JSON lines."
        ),
    ] = None,
    rate: Annotated[
        int, typer.Option(help="Frames per second of the pipe.", min=1000, max=768_000)
    ] = 48_000,
    channels: Annotated[int, typer.Option(help="Channels of the pipe.", min=1, max=64)] = 2,
    form: Annotated[
        RawFormat, typer.Option("--format", help="Samples of the pipe.")
    ] = RawFormat.S16LE,
) -> None:
    """Name what the microphone, or a pipe, plays, until Ctrl-C or the pipe's end.

    One line whenever that changes: the track, where in it, and how sure that is; at the end, what
    was heard from when to when. A pipe's times are counted in its own seconds.

    Example: antiphon listen --input "USB microphone" --json

    Example: ffmpeg -i URL -f s16le -ac 2 -ar 48000 - | antiphon listen -
    """
    from engine.errors import LibraryError
    from engine.io.raw import RawBlocks
    from engine.library import Library

    if source not in (None, "-"):
        raise typer.BadParameter(f"- is all that can be named here, got {source}; see --input")
    spare_music(history, "--history")
    with Library.open(library, create=False, writable=False) as music:
        tracks = {track.id: track for track in music.tracks()}
        if not tracks:
            raise LibraryError("the library is empty; `antiphon add DIR` adds music")
        tell_stale(music)
        notes = Notes(tracks, as_json, history, by_stream=source == "-")
        with contextlib.closing(notes):
            if source == "-":
                pipe = RawBlocks(_standard_input(), form.value, channels)
                typer.echo(f"listening to a pipe for {len(tracks)} tracks", err=True)
                hear_pipe(music.index, pipe, rate, seconds, notes)
            else:
                _hear_device(music, input_, seconds, notes)


def _standard_input() -> Pipe:
    from engine.errors import DeviceError

    if sys.stdin.isatty():
        raise DeviceError("standard input is a terminal; pipe raw samples into `antiphon listen -`")
    pipe: Pipe = sys.stdin.buffer  # type: ignore[assignment]  # it has read1; its type says less
    return pipe


def _hear_device(music: Library, input_: str | None, seconds: float | None, notes: Notes) -> None:
    from engine.io.device import find_device, open_stream
    from engine.listener import Listener
    from engine.synth import Synth

    device = find_device(input_, "input")
    synth = Synth(sample_rate=device.sample_rate)
    with waiting(COMPILING):
        stream = open_stream(synth, input=device.number, listen=True, play=False, block=512)
    with stream:
        typer.echo(f"listening on {device.name} for {len(notes.tracks)} tracks", err=True)
        listener = Listener(
            synth.state, music.index, synth.sample_rate,
            lambda heard: notes.tell(heard, synth.sample_rate),
        )  # fmt: skip
        try:
            _wait(seconds, listener, stream)
        finally:
            listener.close()
            notes.heard_s = listener.heard_s


def _wait(seconds: float | None, listener: Listener, stream: Stream) -> None:
    end = time.monotonic() + (seconds or float("inf"))
    while time.monotonic() < end:
        stream.check()
        if listener.error is not None:
            raise listener.error
        time.sleep(0.1)


@command
def session(
    library: LibraryOption = None,
    patch: Annotated[str, typer.Option(help="Built-in patch, or a patch file.")] = "soft-lead",
    midi: Annotated[str | None, typer.Option(help="MIDI input: name or part of it.")] = None,
    output: Annotated[str | None, typer.Option(help="Sound output: name or number.")] = None,
    input_: InputOption = None,
    block: Annotated[int, typer.Option(help="Frames per callback.", min=16, max=8192)] = (
        DEFAULT_BLOCK
    ),
    play: Annotated[bool, typer.Option(help="Play the queue on the decks.")] = False,
    follow: Annotated[
        bool, typer.Option(help="Keep beat and tuning of the synthesizer with the music.")
    ] = True,
    scale: Annotated[
        bool, typer.Option("--scale", help="Let all keys sound in the key of the music.")
    ] = False,
    drone: Annotated[
        str | None,
        typer.Option(metavar="PATCH", help="Hold tonic and fifth of the music with this patch."),
    ] = None,
    round_trip: Annotated[
        float | None,
        typer.Option(
            metavar="MS",
            help="Round trip by `antiphon devices --latency`, if the device tells it wrong.",
            min=0.0,
            max=2000.0,
        ),
    ] = None,
    clock_out: ClockOption = None,
    seconds: Seconds = None,
    web: Annotated[bool, typer.Option(help="Serve the page of the session.")] = True,
    open_: OpenOption = None,
    port: PortOption = None,
    host: HostOption = "127.0.0.1",
    token: TokenOption = None,
    osc: OscOption = None,
) -> None:
    """Play, listen and queue, all together and in time, until q or Ctrl-C.

    A page opens in the browser. Only this machine can reach it, and only with the token in its
    address. With --no-web the terminal shows the session instead.

    Keys: space pause, n play the next, s skip the next, l like and m more like what plays, u undo,
    p panic, q quit; f follow or not, t tap a tempo, < and > nudge the beat.

    Example: antiphon session --patch glass-keys --play

    Example: antiphon session --patch arp-pulse --scale --drone night-drone
    """
    from engine.app.host import Host, print_queue, show_lines, show_picture
    from engine.app.in_time import InTime
    from engine.app.page import Page, open_library, open_sound
    from engine.follow.harmony import Harmony
    from engine.session import Session
    from engine.web.desk import Desk

    with open_library(library, web) as music:
        tell_stale(music)
        with waiting(COMPILING):
            synth, stream, devices = open_sound(patch, output, input_, block, may_be_silent=web)
            harmony = Harmony(synth, scale, drone)
        trip_s = None if round_trip is None else round_trip / 1000.0
        pictured = not web and sys.stdout.isatty()
        lines = threading.Lock()
        printed: list[int] = []

        def tell(heard: Heard, track: Track | None) -> None:
            if pictured:
                return
            with lines:
                typer.echo(f"heard   {in_words(heard, track)}")
                queue = [entry.track.id for entry in evening.queue]
                if track is not None and queue != printed:
                    printed[:] = queue
                    print_queue(evening)

        def complain(_: Path, reason: str) -> None:
            if pictured:
                devices.error = reason
            else:
                say_error(reason)

        with contextlib.ExitStack() as ending:
            ending.enter_context(stream)
            ending.callback(lambda: typer.echo(meter_line(synth, stream, None), err=True))
            keyboard = Keyboard(stream, midi)
            ending.callback(keyboard.close)
            if clock_out is not None:
                ending.enter_context(send_clock(stream, clock_out))
            evening = Session(music, synth, stream, tell, play, complain, trip_s)
            evening.follower.follow_beat = evening.follower.follow_tuning = follow
            ending.callback(evening.close)
            desk = Desk(
                evening, devices, lambda: (keyboard.midi.port, keyboard.midi.state), harmony=harmony
            )
            ending.callback(desk.close)
            if web:
                page = Page(desk, host, port, token)
                ending.callback(page.close)
                page.show(open_)
                page.join_desktop()
                if osc is not None:
                    page.obey_osc(osc)
            if not pictured:
                with lines:
                    print_queue(evening)
            if play:
                evening.play_next()
            one = Host(evening, InTime(evening.follower, synth, harmony))
            end = time.monotonic() + (seconds or float("inf"))
            if pictured:
                show_picture(one, desk, end)
            else:
                show_lines(one, end)
