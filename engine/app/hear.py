"""antiphon listen and session."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from typing import TYPE_CHECKING, Annotated

import typer

from engine.app.keys import Keys
from engine.app.live import COMPILING, DEFAULT_BLOCK, Keyboard, device_sample_rate, meter_line
from engine.app.terminal import LibraryOption, command, say_error, sure, tell_stale, waiting

if TYPE_CHECKING:
    from engine.io.device import Stream
    from engine.library import Track
    from engine.listener import Heard, Listener
    from engine.session import Session

InputOption = Annotated[str | None, typer.Option("--input", help="Sound input: name or number.")]
Seconds = Annotated[float | None, typer.Option(help="Stop after this long.", min=0.1)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds.

    Examples
    --------
    >>> clock(83.4)
    '1:23'
    """
    return f"{int(max(0.0, seconds)) // 60}:{int(max(0.0, seconds)) % 60:02d}"


def in_words(heard: Heard, track: Track | None) -> str:
    """Return what was heard as one line."""
    if track is None or heard.position_s is None:
        return "unknown music or noise" if heard.state == "unknown" else "silence"
    return (
        f"{track.name}  at {clock(heard.position_s)} of {clock(track.duration_s)}  "
        f"{sure(heard.confidence)} after {heard.answered_after_s:.1f} s"
        + (f"  speed {100 * heard.speed:.1f} %" if abs(heard.speed - 1) > 0.003 else "")
    )


def as_record(heard: Heard, track: Track | None, sample_rate: float) -> dict[str, object]:
    """Return what was heard, from a microphone of that rate, as plain data."""
    return {
        "state": heard.state,
        "track_id": heard.track_id,
        "title": track.title if track else None,
        "artist": track.artist if track else None,
        "position_s": None if heard.position_s is None else round(heard.position_s, 3),
        "confidence": round(heard.confidence, 4),
        "speed": round(heard.speed, 4),
        "answered_after_s": round(heard.answered_after_s, 3),
        "heard_at_s": round(heard.frame / sample_rate, 3),
    }


@command
def listen(
    library: LibraryOption = None,
    input_: InputOption = None,
    as_json: Json = False,
    seconds: Seconds = None,
) -> None:
    """Name what the microphone hears, until Ctrl-C.

    One line whenever that changes: the track, where in it, and how sure that is.

    Example: antiphon listen --input "USB microphone" --json
    """
    from engine.errors import LibraryError
    from engine.io.device import find_device, open_stream
    from engine.library import Library
    from engine.listener import Listener
    from engine.synth import Synth

    with Library.open(library, create=False, writable=False) as music:
        tracks = {track.id: track for track in music.tracks()}
        if not tracks:
            raise LibraryError("the library is empty; `antiphon add DIR` adds music")
        tell_stale(music)
        device = find_device(input_, "input")
        synth = Synth(sample_rate=device.sample_rate)

        def tell(heard: Heard) -> None:
            track = tracks.get(heard.track_id) if heard.track_id is not None else None
            if as_json:
                record = as_record(heard, track, synth.sample_rate)
                typer.echo(json.dumps(record, ensure_ascii=False))
            else:
                typer.echo(f"{time.strftime('%H:%M:%S')}  {in_words(heard, track)}")

        with waiting(COMPILING):
            stream = open_stream(synth, input=device.number, listen=True, play=False, block=512)
        with stream:
            typer.echo(f"listening on {device.name} for {len(tracks)} tracks", err=True)
            listener = Listener(synth.state, music.index, synth.sample_rate, tell)
            try:
                _wait(seconds, listener, stream)
            finally:
                listener.close()


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
    play: Annotated[bool, typer.Option(help="Play the queue on the deck.")] = False,
    seconds: Seconds = None,
) -> None:
    """Play, listen and queue, all together, until q or Ctrl-C.

    Keys: l like what is heard, s skip the next, n play the next, p panic, q quit.

    Example: antiphon session --patch glass-keys --play
    """
    from engine.errors import LibraryError
    from engine.io.device import open_stream
    from engine.library import Library
    from engine.session import Session
    from engine.synth import Synth

    with Library.open(library, create=False, writable=False) as music:
        if len(music) == 0:
            raise LibraryError("the library is empty; `antiphon add DIR` adds music")
        tell_stale(music)
        with waiting(COMPILING):
            synth = Synth(patch, device_sample_rate(output))
            stream = open_stream(synth, output, input_, listen=True, block=block)
        lines = threading.Lock()

        printed: list[int] = []

        def tell(heard: Heard, track: Track | None) -> None:
            with lines:
                typer.echo(f"heard   {in_words(heard, track)}")
                queue = [entry.track.id for entry in evening.queue]
                if track is not None and queue != printed:
                    printed[:] = queue
                    _print_queue(evening)

        with contextlib.ExitStack() as ending:
            ending.enter_context(stream)
            ending.callback(lambda: typer.echo(meter_line(synth, stream, None), err=True))
            keyboard = Keyboard(stream, midi)
            ending.callback(keyboard.close)
            evening = Session(music, synth, stream, tell, play, lambda _, reason: say_error(reason))
            ending.callback(evening.close)
            with lines:
                _print_queue(evening)
            if play:
                evening.play_next()
            _keep_going(evening, time.monotonic() + (seconds or float("inf")))


def _keep_going(evening: Session, end: float) -> None:
    """Obey keys and name what the deck plays, until `end` or q."""
    named: int | None = None
    with Keys() as keys:
        while time.monotonic() < end and _obey(keys.get(0.1), evening):
            evening.stream.check()
            if evening.listener.error is not None:
                raise evening.listener.error
            playing = evening.deck.playing
            if playing is not None and playing.track_id != named:
                named = playing.track_id
                typer.echo(f"playing {evening.library.track(named).name}")


def _print_queue(evening: Session) -> None:
    for place, entry in enumerate(evening.queue, 1):
        typer.echo(f"  {place}  {entry.track.name}  ({entry.reason})")


def _obey(key: str, evening: Session) -> bool:
    """Act on a key; False to end."""
    if key == "q":
        return False
    if key == "p":
        evening.synth.panic()
    elif key == "n":
        if evening.play_next() is None:
            typer.echo("the queue is empty")
    elif key == "s" and evening.queue:
        evening.skip(evening.queue[0].track.id)
        _print_queue(evening)
    elif key == "l":
        latest = next((track for _, track in reversed(evening.history) if track), None)
        if latest is not None:
            evening.like(latest.id)
            typer.echo(f"liked   {latest.name}")
            _print_queue(evening)
    return True
