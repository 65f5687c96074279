"""Which embedding hears new music: a network's where its weights are, the hand-made one else."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ModelError

if TYPE_CHECKING:
    from recommend import MusicnnEmbedding

_LIMIT_S = 600.0
_NOT_THERE = (
    "likeness in sound is told by the hand-made embedding; `antiphon models add musicnn` fetches"
    " a better one"
)
_NO_TORCH = (
    "the weights of MusiCNN are here, but not torch, which it needs:"
    " run `pip install 'antiphon[torch]'`"
)


def folder() -> Path:
    """Return where models lie: in the user's data folder, or where ANTIPHON_MODELS says."""
    import platformdirs

    named = os.environ.get("ANTIPHON_MODELS")
    return (
        Path(named)
        if named
        else Path(platformdirs.user_data_dir("antiphon", appauthor=False)) / "models"
    )


def weights_path() -> Path:
    """Return where the weights of MusiCNN lie, or will."""
    return folder() / "musicnn.model"


def network() -> MusicnnEmbedding | None:
    """Return MusiCNN where it can be used; torch is looked for, not loaded."""
    if importlib.util.find_spec("torch") is None:
        return None
    return network_weights()


def network_weights() -> MusicnnEmbedding | None:
    """Return MusiCNN where its weights are whole, with or without torch; None else."""
    from recommend import FormatError

    path = weights_path()
    try:
        return _opened(path, path.stat().st_mtime_ns)
    except (OSError, FormatError):
        return None


@lru_cache(maxsize=1)
def _opened(path: Path, _: int) -> MusicnnEmbedding:
    from recommend import MusicnnEmbedding

    return MusicnnEmbedding(path)


def note() -> str | None:
    """Return a line on how to get the better embedding; None where it is in use."""
    if network() is not None:
        return None
    if weights_path().exists():
        if network_weights() is None:
            return f"{weights_path()} is damaged; run `antiphon models add musicnn` again"
        return _NO_TORCH
    return _NOT_THERE


def add_musicnn(wheel: Path | None = None, folder: Path | None = None) -> Path:
    """Fetch the weights of MusiCNN, or read them from its wheel; return where they lie.

    Parameters
    ----------
    wheel : Path, optional
        The published wheel, for a machine without a network.
    folder : Path, optional
        Where to keep them; by default where they are looked for.

    Raises
    ------
    ModelError
        If the wheel cannot be had, or is another one than was published.
    """
    target = (folder / weights_path().name) if folder is not None else weights_path()
    target.parent.mkdir(parents=True, exist_ok=True)
    if wheel is not None:
        _convert(wheel, target)
        return target
    with tempfile.TemporaryDirectory() as temporary:
        _convert(_download(Path(temporary)), target)
    return target


def _convert(wheel: Path, target: Path) -> None:
    from recommend import FormatError, musicnn_weights

    try:
        musicnn_weights.convert(wheel, target)
    except FileNotFoundError:
        raise ModelError(f"{wheel} is not there") from None
    except FormatError as error:
        raise ModelError(str(error)) from error


def _download(temporary: Path) -> Path:
    """Return the published wheel, brought by pip; nothing is installed."""
    from recommend import musicnn_weights

    package = musicnn_weights.PACKAGE
    offline = (
        f"; on another machine, run `pip download --no-deps {package}`, and here"
        " `antiphon models add musicnn --file WHEEL`"
    )
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary", ":all:", "--dest", str(temporary)]
    try:
        done = subprocess.run(
            [*command, package],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"pip took more than {_LIMIT_S:.0f} s to fetch MusiCNN{offline}") from None
    wheel = temporary / musicnn_weights.WHEEL
    if done.returncode or not wheel.is_file():
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason given"]
        raise ModelError(f"pip could not fetch MusiCNN ({said[-1].strip()}){offline}")
    return wheel
