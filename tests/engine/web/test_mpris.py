"""The desktop's media keys, on a session bus of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.errors import DeviceError
from engine.library import Track
from engine.web.mpris import NAME, PATH, Mpris, metadata_of

_ASK = """
import asyncio, json, sys
from dbus_fast.aio import MessageBus

async def ask():
    bus = await MessageBus().connect()
    name, path = sys.argv[1:3]
    described = await bus.introspect(name, path)
    proxy = bus.get_proxy_object(name, path, described)
    root = proxy.get_interface("org.mpris.MediaPlayer2")
    player = proxy.get_interface("org.mpris.MediaPlayer2.Player")
    said = {"identity": await root.get_identity(), "status": await player.get_playback_status()}
    found = await player.get_metadata()
    said["metadata"] = {key: value.value for key, value in found.items()}
    said["position"] = await player.get_position()
    await player.call_play_pause()
    said["after"] = await player.get_playback_status()
    await player.call_next()
    await player.call_seek(2_000_000)
    await player.call_set_position("/antiphon/track/7", 9_000_000)
    await player.call_set_position("/antiphon/track/8", 1_000_000)
    await player.set_volume(0.5)
    await player.call_stop()
    said["end"] = await player.get_playback_status()
    bus.disconnect()
    print(json.dumps(said))

asyncio.run(ask())
"""
_TRACK = Track(7, Path("7.wav"), "Sakura", "Traditional", "", 61.5, 48_000, False)


@dataclass
class _Decks:
    """Decks that note what they are told."""

    paused: bool = False
    playing: Any = field(default_factory=lambda: SimpleNamespace(track_id=7, position_s=3.0))
    told: list[Any] = field(default_factory=list)

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def seek(self, position_s: float) -> None:
        self.told.append(("seek", position_s))

    def stop(self) -> None:
        self.playing, self.paused = None, False


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Start a message bus; without the program, skip (but fail in CI)."""
    program = shutil.which("dbus-daemon")
    if program is None and os.environ.get("CI") != "true":
        pytest.skip("no dbus-daemon here")
    assert program is not None
    address = f"unix:path={tmp_path / 'bus'}"
    daemon = subprocess.Popen(
        [program, "--session", "--nofork", "--print-address=1", f"--address={address}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert daemon.stdout is not None
    said = daemon.stdout.readline().strip()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", said)
    yield said
    daemon.terminate()
    daemon.wait()
    daemon.stdout.close()


def _desk(decks: _Decks) -> Any:
    def go_on() -> None:
        decks.told.append("next")

    session = SimpleNamespace(decks=decks, track=lambda number: _TRACK if number == 7 else None)
    levels: list[float] = []
    return SimpleNamespace(
        session=session,
        go_on=go_on,
        tell=lambda part: None,
        master_db=0.0,
        set_master=levels.append,
        levels=levels,
    )


def test_the_desktop_sees_what_plays_and_its_keys_are_obeyed(bus: str) -> None:
    decks = _Decks()
    desk = _desk(decks)
    mpris = Mpris(desk)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ASK, NAME, PATH],
            capture_output=True, text=True, check=True, timeout=30,
        )  # fmt: skip
    finally:
        mpris.close()
    said = json.loads(done.stdout)
    assert (said["identity"], said["status"], said["after"]) == ("Antiphon", "Playing", "Paused")
    assert said["metadata"]["xesam:title"] == "Sakura"
    assert said["metadata"]["xesam:artist"] == ["Traditional"]
    assert said["metadata"]["mpris:length"] == 61_500_000
    assert said["position"] == 3_000_000
    assert decks.told == ["next", ("seek", 5.0), ("seek", 9.0)]  # track 8 does not play
    assert desk.levels == [pytest.approx(-6.02, abs=0.01)]
    assert said["end"] == "Stopped"


def test_without_a_bus_it_is_said_that_there_are_no_media_keys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'none'}")
    with pytest.raises(DeviceError, match="no media keys"):
        Mpris(_desk(_Decks()))


def test_without_a_track_the_desktop_is_told_that_there_is_none() -> None:
    assert metadata_of(None) == {"mpris:trackid": ("o", f"{PATH}/TrackList/NoTrack")}
