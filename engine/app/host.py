"""What the host's keys do in a session, and how the terminal shows it: lines, or a picture."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import typer

from engine.app.in_time import InTime
from engine.app.keys import Keys

if TYPE_CHECKING:
    from rich.console import Console

    from engine.session import Session
    from engine.web.desk import Desk

_SHOWN_PER_S = 4.0
_SAID_S = 4.0  # that what a key did stays in the picture


class Host:
    """Obeys keys.

    Parameters
    ----------
    session : Session
    in_time : InTime
        The keys for playing in time.
    """

    def __init__(self, session: Session, in_time: InTime) -> None:
        self.session = session
        self.in_time = in_time

    def press(self, key: str) -> str | None:
        """Obey a key; return what to say, or None where there is nothing to be said."""
        acts = {
            " ": self._pause, "n": self._next, "s": self._skip, "l": self._like, "m": self._more,
            "u": self._undo, "p": self._panic,
        }  # fmt: skip
        return acts[key]() if key in acts else self.in_time.press(key)

    def now(self) -> int | None:
        """Return the track that plays: on the decks, else in the room as far as it is known."""
        playing = self.session.decks.playing
        if playing is not None:
            return playing.track_id
        heard = [one for one in self.session.history.entries if one.kind == "heard"]
        return heard[-1].track_id if heard else None

    def _name(self, track_id: int) -> str:
        track = self.session.track(track_id)
        return "a track that has gone" if track is None else track.name

    def _pause(self) -> str:
        decks = self.session.decks
        if decks.paused:
            decks.resume()
            return "playing"
        decks.pause()
        return "paused"

    def _next(self) -> str:
        track = self.session.play_next()
        return "the library is empty" if track is None else f"next    {track.name}"

    def _skip(self) -> str:
        entries = self.session.queue.entries
        if not entries:
            return "the queue is empty"
        self.session.skip(entries[0].track.id)
        return f"skipped {entries[0].track.name}"

    def _like(self) -> str:
        track_id = self.now()
        if track_id is None:
            return "nothing plays that could be liked"
        self.session.like(track_id)
        return f"liked   {self._name(track_id)}"

    def _more(self) -> str:
        track_id = self.now()
        if track_id is None:
            return "nothing plays to go on from"
        self.session.more_like(track_id)
        return f"more like {self._name(track_id)}"

    def _undo(self) -> str:
        return "undone" if self.session.queue.undo() else "nothing to undo"

    def _panic(self) -> str:
        self.session.synth.panic()
        return "silence"

    def check(self) -> None:
        """Raise what has ended a thread or the sound device."""
        self.session.stream.check()
        if self.session.listener.error is not None:
            raise self.session.listener.error


def show_lines(host: Host, end: float) -> None:
    """Obey keys and print what changes, until `end` (monotonic seconds) or q."""
    named: int | None = None
    renewing = 0
    with Keys() as keys:
        while time.monotonic() < end and (key := keys.get(0.1)) != "q":
            queue = [entry.id for entry in host.session.queue.entries]
            said = host.press(key) if key else None
            if said is not None:
                typer.echo(said)
            if [entry.id for entry in host.session.queue.entries] != queue:
                print_queue(host.session)
            host.check()
            if (news := host.in_time.news()) is not None:
                typer.echo(news)
            anew = host.session.renewing
            left = 0 if anew is None or anew.finished else anew.total
            if left != renewing:
                renewing = left
                typer.echo(f"analysing {left} tracks anew" if left else "all tracks are analysed")
            playing = host.session.decks.playing
            if playing is not None and playing.track_id != named:
                named = playing.track_id
                typer.echo(f"playing {host.session.library.track(named).name}")


def print_queue(session: Session) -> None:
    """Print what comes next, each track with its reason."""
    for place, entry in enumerate(session.queue.entries, 1):
        typer.echo(f"  {place}  {entry.track.name}  ({entry.reason})")


def show_picture(host: Host, desk: Desk, end: float, console: Console | None = None) -> None:
    """Obey keys under a picture of the session that stays, until `end` or q."""
    from rich.live import Live

    from engine.app.evening_view import picture
    from engine.web import views

    said, until, due = "", 0.0, 0.0
    with Keys() as keys, Live(console=console, screen=True, auto_refresh=False) as live:
        while time.monotonic() < end and (key := keys.get(0.05)) != "q":
            now = time.monotonic()
            if key and (answer := host.press(key)) is not None:
                said, until, due = answer, now + _SAID_S, 0.0
            host.check()
            if (news := host.in_time.news()) is not None and now >= until:
                said, until = news, now + _SAID_S
            if now >= due:
                live.update(picture(views.state(desk), said if now < until else ""), refresh=True)
                due = now + 1.0 / _SHOWN_PER_S
