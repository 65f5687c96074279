"""A JACK server without a sound card, for tests and benches: `virtual_audio` around a `with`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent / "virtual_audio"


class NoServerError(Exception):
    """The server did not start; the text says why."""


@contextmanager
def sound_server(name: str, folder: str | Path, **wishes: str) -> Iterator[dict[str, str]]:
    """Start a server of that name, with its files in the folder, and end it afterwards.

    Calling it again inside mends what has died. `wishes` are variables that `start.sh` reads.
    Gives the variables of the studio, to be added to the environment of who shall be inside.
    """
    environment = os.environ | {
        "STUDIO_NAME": name,
        "STUDIO_DIR": str(folder),
        "STUDIO_OWNER": str(os.getpid()),
        **wishes,
    }

    def script(file: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(SCRIPTS / file)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    started = script("start.sh")
    if started.returncode:
        raise NoServerError(started.stderr.strip())
    exports = [
        line.removeprefix("export ").split("=", 1)
        for line in started.stdout.splitlines()
        if line.startswith("export ")
    ]
    try:
        yield environment | {name: value.strip("'") for name, value in exports}
    finally:
        script("stop.sh")
