"""A JACK server without a sound card, for benches: tests/virtual_audio around a `with`."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "tests" / "virtual_audio"


def machine() -> str:
    """Return where this was measured, and how busy that was."""
    load = os.getloadavg()[0]
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, load {load:.1f}"


@contextmanager
def studio(period: int) -> Iterator[dict[str, str]]:
    """Start a server of that many frames a period at 48 kHz; this process is inside it.

    Gives the variables of the studio, and ends the program in one line where JACK is missing.
    PortAudio reads the list of devices once, so nothing may have imported it before.
    """
    assert "sounddevice" not in sys.modules, "PortAudio came before the server"
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "STUDIO_NAME": "antiphon-bench",  # JACK keeps a place for each name it has seen killed
            "STUDIO_DIR": folder,
            "STUDIO_PERIOD": str(period),
            "STUDIO_OWNER": str(os.getpid()),
        }

        def script(name: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                ["bash", str(SCRIPTS / name)],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )

        started = script("start.sh")
        if started.returncode:
            sys.exit(f"no JACK server, so nothing is measured: {started.stderr.strip()}")
        exports = dict(
            line.removeprefix("export ").split("=", 1) for line in started.stdout.splitlines()
        )
        variables = {name: value.strip("'") for name, value in exports.items()}
        os.environ.update(variables)
        try:
            yield variables
        finally:
            if "sounddevice" in sys.modules:
                sys.modules["sounddevice"]._terminate()  # it would complain that the server went
            script("stop.sh")
