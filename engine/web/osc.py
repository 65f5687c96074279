"""OSC: notes, controls and transport from other programs of this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from engine.errors import AntiphonError, DeviceError
from engine.web.desk import Desk
from engine.web.messages import Player

HOST = "127.0.0.1"
PREFIX = "/antiphon"
_NAMES: dict[str, tuple[str, ...]] = {
    "note_on": ("note", "velocity", "channel"),
    "note_off": ("note", "channel"),
    "bend": ("amount", "channel"),
    "control": ("number", "value", "channel"),
    "pressure": ("amount", "channel"),
    "panic": (),
    "set": ("path", "value"),
}
_POLL_S = 0.05  # until it notices that it is to end
_REALS = ("amount",)


class Osc:
    """Listens to OSC messages until closed; what is wrong in one is told, not raised.

    Parameters
    ----------
    desk : Desk
    port : int
        Of 127.0.0.1; 0 for any that is free.
    on_error : callable
        Told in one line what was wrong with a message.

    Raises
    ------
    DeviceError
        If the port is taken.
    """

    def __init__(self, desk: Desk, port: int, on_error: Callable[[str], None]) -> None:
        from pythonosc.dispatcher import Dispatcher
        from pythonosc.osc_server import BlockingOSCUDPServer

        self._desk = desk
        self._player = Player(desk)
        self._on_error = on_error
        dispatcher = Dispatcher()
        for name in _NAMES:
            dispatcher.map(f"{PREFIX}/{name}", self._play)
        for name in self._transport():
            dispatcher.map(f"{PREFIX}/{name}", self._steer)
        dispatcher.set_default_handler(self._unknown)
        try:
            self._server = BlockingOSCUDPServer((HOST, port), dispatcher)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise DeviceError(f"cannot listen to OSC at {HOST}:{port}: {why}") from None
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_S,), name="osc", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._player.close()

    def _transport(self) -> dict[str, Callable[..., object]]:
        desk, session = self._desk, self._desk.session
        return {
            "patch": lambda name: desk.instrument.choose(str(name)),
            "tempo": lambda bpm: desk.set_tempo(float(bpm)),
            "tap": desk.tap,
            "nudge": lambda ms: desk.nudge(float(ms) / 1000.0),
            "master": lambda gain_db: desk.set_master(float(gain_db)),
            "play": lambda track_id: session.play(int(track_id)),
            "pause": session.decks.pause,
            "resume": session.decks.resume,
            "stop": session.decks.stop,
            "next": desk.go_on,
            "like": desk.like_present,
            "skip": desk.skip_next,
        }

    def _play(self, address: str, *given: Any) -> None:
        kind = address.rpartition("/")[2]
        names = _NAMES[kind]
        message: dict[str, Any] = {"type": kind}
        for name, value in zip(names, given, strict=False):
            whole = isinstance(value, float) and value.is_integer() and name not in _REALS
            message[name] = int(value) if whole and kind != "set" else value
        self._try(address, lambda: self._player.take(message))

    def _steer(self, address: str, *given: Any) -> None:
        obey = self._transport()[address.rpartition("/")[2]]
        self._try(address, lambda: obey(*given))

    def _unknown(self, address: str, *_: Any) -> None:
        self._on_error(f"OSC: no address {address[:60]!r}")

    def _try(self, address: str, obey: Callable[[], object]) -> None:
        try:
            obey()
        except (AntiphonError, ValueError, TypeError, OverflowError) as error:
            self._on_error(f"OSC: {address}: {' '.join(str(error).split())[:200]}")
