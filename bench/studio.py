"""Where benches are run: in a JACK server without a sound card, on a machine that is named."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sound_server import NoServerError, sound_server

ROOT = Path(__file__).resolve().parent.parent


def machine() -> str:
    """Return where this was measured, and how busy that was."""
    load = os.getloadavg()[0]
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, load {load:.1f}"


@contextmanager
def studio(period: int) -> Iterator[dict[str, str]]:
    """Start a server of that many frames a period at 48 kHz; this process is inside it.

    Gives the environment inside it, and ends the program in one line where JACK is missing.
    PortAudio reads the list of devices once, so nothing may have imported it before.
    """
    assert "sounddevice" not in sys.modules, "PortAudio came before the server"
    try:
        # JACK keeps a place for each name it has seen killed: one name for all benches
        with (
            tempfile.TemporaryDirectory() as folder,
            sound_server("antiphon-bench", folder, STUDIO_PERIOD=str(period)) as environment,
        ):
            os.environ.update(environment)
            try:
                yield environment
            finally:
                if (portaudio := sys.modules.get("sounddevice")) is not None:
                    portaudio._terminate()  # it would complain that the server went
    except NoServerError as error:
        sys.exit(f"no JACK server, so nothing is measured: {error}")
