"""What `antiphon session` needs for its page: options, sound or silence, the server."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.app.live import device_sample_rate
from engine.app.terminal import say_error

if TYPE_CHECKING:
    from engine.app.live import Keyboard
    from engine.follow.harmony import Harmony
    from engine.io.device import Stream
    from engine.library import Library
    from engine.session import Session
    from engine.synth import Synth
    from engine.web.desk import Devices
    from engine.web.mpris import Mpris
    from engine.web.osc import Osc

PortOption = Annotated[
    int | None,
    typer.Option(
        help="Port of the page; 8899 or any that is free.", min=0, max=65_535, show_default=False
    ),
]
OpenOption = Annotated[
    bool | None,
    typer.Option(
        "--open/--no-open",
        help="Open the page in the browser; by default if this is a terminal.",
        show_default=False,
    ),
]
HostOption = Annotated[
    str,
    typer.Option(help="Address of the page; another than 127.0.0.1 lets other machines in."),
]
TokenOption = Annotated[
    str | None,
    typer.Option(help="Token of the page, 16 characters or more; a new one if not given."),
]
OscOption = Annotated[
    int | None,
    typer.Option(metavar="PORT", help="Obey OSC at this port of 127.0.0.1.", min=1, max=65_535),
]


def open_library(directory: Path | None, may_be_empty: bool) -> Library:
    """Open the library to read; an empty one only where the page can say how to fill it."""
    from engine.errors import LibraryError, NoLibraryError
    from engine.library import Library

    try:
        music = Library.open(directory, create=False, writable=False)
    except NoLibraryError:
        if not may_be_empty:
            raise
        Library.open(directory).close()
        music = Library.open(directory, create=False, writable=False)
    if len(music) == 0 and not may_be_empty:
        music.close()
        raise LibraryError("the library is empty; `antiphon add DIR` adds music")
    return music


def open_sound(
    patch: str, output: str | None, input_: str | None, block: int, may_be_silent: bool
) -> tuple[Synth, Stream, Devices]:
    """Open the sound device.

    Where there is none, or no microphone, go on without it if the page can say so; one that was
    asked for by name has to be there.
    """
    from engine.errors import DeviceError
    from engine.io.device import NullStream, find_device, open_stream
    from engine.synth import Synth
    from engine.web.desk import Devices

    try:
        synth = Synth(patch, device_sample_rate(output))
    except DeviceError as error:
        if output is not None or not may_be_silent:
            raise
        synth = Synth(patch)
        return synth, NullStream(synth, block), Devices(error=f"no sound: {error}")
    speaker = find_device(output, "output")
    try:
        microphone = find_device(input_, "input")
    except DeviceError as error:
        if input_ is not None or not may_be_silent:
            raise
        stream = open_stream(synth, speaker.number, block=block)
        return synth, stream, Devices(speaker.name, error=f"no microphone: {error}")
    stream = open_stream(synth, speaker.number, microphone.number, listen=True, block=block)
    return synth, stream, Devices(speaker.name, microphone.name)


class Page:
    """The server of a session's page.

    Parameters
    ----------
    session : Session
    devices : Devices
    keyboard : Keyboard
    harmony : Harmony
    host, port, token
        As of the options.
    """

    def __init__(
        self,
        session: Session,
        devices: Devices,
        keyboard: Keyboard,
        harmony: Harmony,
        host: str,
        port: int | None,
        token: str | None,
    ) -> None:
        from engine.web.app import create_app
        from engine.web.desk import Desk
        from engine.web.server import Server, listen
        from engine.web.settings import WebSettings, is_loopback, new_token

        self.desk = Desk(
            session, devices, lambda: (keyboard.midi.port, keyboard.midi.state), harmony=harmony
        )
        listening = listen(host, port)
        number = listening.getsockname()[1]
        self.settings = WebSettings(number, token or new_token(), host)
        self._osc: Osc | None = None
        self._mpris: Mpris | None = None
        self._app = create_app(session, self.settings, self.desk)
        self._server = Server(self._app, listening)
        if not is_loopback(host):
            typer.echo(
                f"page    other machines can reach it at {host}, and whoever has the token can"
                " play, record and add music; the connection is not encrypted",
                err=True,
            )

    def show(self, browser: bool | None) -> None:
        """Say where the page is, and open it; None: if somebody sits at a terminal."""
        typer.echo(f"page    {self.settings.url}", err=True)
        sys.stderr.flush()
        if browser if browser is not None else sys.stdout.isatty() and sys.stderr.isatty():
            import webbrowser

            webbrowser.open(self.settings.url)

    def obey_osc(self, port: int) -> None:
        """Take notes, controls and transport by OSC."""
        from engine.web.osc import Osc

        self._osc = Osc(self.desk, port, say_error)

    def join_desktop(self) -> None:
        """Obey the media keys, where the desktop has a bus for them."""
        from engine.errors import DeviceError
        from engine.web.mpris import Mpris

        with contextlib.suppress(DeviceError, ImportError):
            self._mpris = Mpris(self.desk)

    def close(self) -> None:
        """End the server, what stands beside it, and the recording."""
        for beside in (self._osc, self._mpris):
            if beside is not None:
                beside.close()
        self._app.state.hub.farewell()
        self._server.close()
        self.desk.close()
