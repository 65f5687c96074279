"""Run another engine as a child process and count its processor time."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path


def cpu_seconds(command: list[str], folder: Path) -> float:
    """Run a command to its end in `folder`; return user and system seconds of the process.

    Raises
    ------
    RuntimeError
        If it fails, with the last lines of what it said.
    """
    with tempfile.TemporaryFile(dir=folder) as said:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    if process.returncode or "FAILURE" in text:
        raise RuntimeError(f"{command[0]} failed: {text[-400:]}")
    return usage.ru_utime + usage.ru_stime
