"""MPRIS: the desktop's media keys and its now-playing card, where there is a session bus.

After the Media Player Remote Interfacing Specification 2.2 (freedesktop.org). dbus-fast is an
optional extra; without it, or without a bus, there is nothing here and nobody minds.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from engine.errors import DeviceError
from engine.web.desk import Desk

if TYPE_CHECKING:
    from engine.library import Track

NAME = "org.mpris.MediaPlayer2.antiphon"
PATH = "/org/mpris/MediaPlayer2"
_POLL_S = 0.5
_START_S = 3.0


class Mpris:
    """Answers the desktop until closed.

    Parameters
    ----------
    desk : Desk

    Raises
    ------
    DeviceError
        If dbus-fast is not installed, or there is no session bus.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="mpris", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_S) or self._error is not None:
            raise DeviceError(f"no media keys: {self._error or 'the session bus does not answer'}")

    def close(self) -> None:
        """Leave the bus."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except Exception as error:  # noqa: BLE001  # whatever the bus or its absence raises
            self._error = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        from dbus_fast.aio import MessageBus
        from dbus_fast.constants import NameFlag

        from engine.web.mpris_faces import Player, Root

        bus = await MessageBus().connect()
        try:
            player = Player(self._desk)
            bus.export(PATH, Root())
            bus.export(PATH, player)
            await bus.request_name(NAME, NameFlag.REPLACE_EXISTING)
            self._ready.set()
            while not self._ending.is_set():
                player.refresh()
                try:
                    await asyncio.wait_for(self._ending.wait(), _POLL_S)
                except TimeoutError:
                    continue
        finally:
            bus.disconnect()


def status_of(desk: Desk) -> str:
    """Return "Playing", "Paused" or "Stopped"."""
    decks = desk.session.decks
    if decks.paused:
        return "Paused"
    return "Stopped" if decks.playing is None else "Playing"


def metadata_of(track: Track | None) -> dict[str, tuple[str, Any]]:
    """Return what the desktop shows of a track: by key, the D-Bus signature and the value."""
    if track is None:
        return {"mpris:trackid": ("o", f"{PATH}/TrackList/NoTrack")}
    found: dict[str, tuple[str, Any]] = {
        "mpris:trackid": ("o", f"/antiphon/track/{track.id}"),
        "mpris:length": ("x", round(track.duration_s * 1e6)),
        "xesam:title": ("s", track.title),
    }
    if track.artist:
        found["xesam:artist"] = ("as", [track.artist])
    if track.album:
        found["xesam:album"] = ("s", track.album)
    return found
