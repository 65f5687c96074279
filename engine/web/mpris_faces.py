"""The two interfaces of MPRIS as D-Bus objects. Only where dbus-fast is installed."""
# Annotations are D-Bus signatures here, read when the classes are made: so no postponed ones.

import math
from typing import Annotated, Any

from dbus_fast import Variant
from dbus_fast.annotations import (
    DBusBool,
    DBusDict,
    DBusDouble,
    DBusInt64,
    DBusObjectPath,
    DBusSignature,
    DBusStr,
)
from dbus_fast.constants import PropertyAccess
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from engine.web.desk import Desk
from engine.web.mpris import metadata_of, status_of

Strings = Annotated[list[str], DBusSignature("as")]
_READ = PropertyAccess.READ


class Root(ServiceInterface):
    """org.mpris.MediaPlayer2: who we are."""

    def __init__(self) -> None:
        super().__init__("org.mpris.MediaPlayer2")

    @dbus_method(name="Raise")
    def _raise(self) -> None:
        """Nothing to raise: the page is the browser's."""

    @dbus_method(name="Quit")
    def _quit(self) -> None:
        """A session ends where it was begun."""

    @dbus_property(_READ, name="CanQuit")
    def _can_quit(self) -> DBusBool:
        return False

    @dbus_property(_READ, name="CanRaise")
    def _can_raise(self) -> DBusBool:
        return False

    @dbus_property(_READ, name="HasTrackList")
    def _has_track_list(self) -> DBusBool:
        return False

    @dbus_property(_READ, name="Identity")
    def _identity(self) -> DBusStr:
        return "Antiphon"

    @dbus_property(_READ, name="SupportedUriSchemes")
    def _supported_uri_schemes(self) -> Strings:
        return []

    @dbus_property(_READ, name="SupportedMimeTypes")
    def _supported_mime_types(self) -> Strings:
        return []


class Player(ServiceInterface):
    """org.mpris.MediaPlayer2.Player: what plays, and the media keys."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("org.mpris.MediaPlayer2.Player")
        self._desk = desk
        self._told: dict[str, Any] = {}

    def refresh(self) -> None:
        """Tell the desktop what has changed since the last time."""
        now = {"PlaybackStatus": status_of(self._desk), "Metadata": self._present()}
        changed = {name: value for name, value in now.items() if self._told.get(name) != value}
        self._told = now
        if changed:
            self.emit_properties_changed(changed)

    def _present(self) -> dict[str, Variant]:
        playing = self._desk.session.decks.playing
        track = None if playing is None else self._desk.session.track(playing.track_id)
        return {name: Variant(*value) for name, value in metadata_of(track).items()}

    @dbus_method(name="Next")
    def _next(self) -> None:
        self._desk.go_on()

    @dbus_method(name="Previous")
    def _previous(self) -> None:
        """There is no way back; the track begins anew."""
        if self._desk.session.decks.playing is not None:
            self._desk.session.decks.seek(0.0)

    @dbus_method(name="Pause")
    def _pause(self) -> None:
        self._desk.session.decks.pause()
        self._desk.tell("decks")

    @dbus_method(name="Play")
    def _play(self) -> None:
        self._begin()

    def _begin(self) -> None:
        decks = self._desk.session.decks
        if decks.paused:
            decks.resume()
            self._desk.tell("decks")
        elif decks.playing is None:
            self._desk.go_on()

    @dbus_method(name="PlayPause")
    def _play_pause(self) -> None:
        decks = self._desk.session.decks
        if decks.playing is not None and not decks.paused:
            decks.pause()
            self._desk.tell("decks")
        else:
            self._begin()

    @dbus_method(name="Stop")
    def _stop(self) -> None:
        self._desk.session.decks.stop()
        self._desk.tell("decks")

    @dbus_method(name="Seek")
    def _seek(self, offset_us: DBusInt64) -> None:
        playing = self._desk.session.decks.playing
        if playing is not None:
            self._desk.session.decks.seek(max(0.0, playing.position_s + offset_us / 1e6))

    @dbus_method(name="SetPosition")
    def _set_position(self, track: DBusObjectPath, position_us: DBusInt64) -> None:
        playing = self._desk.session.decks.playing
        if playing is not None and track == f"/antiphon/track/{playing.track_id}":
            self._desk.session.decks.seek(max(0.0, position_us / 1e6))

    @dbus_method(name="OpenUri")
    def _open_uri(self, uri: DBusStr) -> None:
        """Nothing is opened that is not in the library."""

    @dbus_property(_READ, name="PlaybackStatus")
    def _playback_status(self) -> DBusStr:
        return status_of(self._desk)

    @dbus_property(_READ, name="Metadata")
    def _metadata(self) -> DBusDict:
        return self._present()

    @dbus_property(_READ, name="Position")
    def _position(self) -> DBusInt64:
        playing = self._desk.session.decks.playing
        return 0 if playing is None else round(playing.position_s * 1e6)

    @dbus_property(_READ, name="Rate")
    def _rate(self) -> DBusDouble:
        return 1.0

    @dbus_property(_READ, name="MinimumRate")
    def _minimum_rate(self) -> DBusDouble:
        return 1.0

    @dbus_property(_READ, name="MaximumRate")
    def _maximum_rate(self) -> DBusDouble:
        return 1.0

    @dbus_property(name="Volume")
    def _volume(self) -> DBusDouble:
        return float(10.0 ** (self._desk.master_db / 20.0))

    @_volume.setter
    def _set_volume(self, value: DBusDouble) -> None:
        level_db = 20.0 * math.log10(value) if value > 1e-3 else -60.0
        self._desk.set_master(min(max(level_db, -60.0), 12.0))

    @dbus_property(_READ, name="CanGoNext")
    def _can_go_next(self) -> DBusBool:
        return True

    @dbus_property(_READ, name="CanGoPrevious")
    def _can_go_previous(self) -> DBusBool:
        return False

    @dbus_property(_READ, name="CanPlay")
    def _can_play(self) -> DBusBool:
        return True

    @dbus_property(_READ, name="CanPause")
    def _can_pause(self) -> DBusBool:
        return True

    @dbus_property(_READ, name="CanSeek")
    def _can_seek(self) -> DBusBool:
        return True

    @dbus_property(_READ, name="CanControl")
    def _can_control(self) -> DBusBool:
        return True
