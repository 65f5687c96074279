"""Real music for tests: freely licensed soundtracks of games, from Debian's packages.

A package is downloaded and unpacked, never installed, and kept in the user's cache, 84 MB in all.
`singularity-music` becomes libraries; what the others hold is music that no library knows.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

KNOWN = ("singularity-music",)
UNKNOWN = ("asc-music", "frozen-bubble-data")

_SUFFIXES = {".ogg", ".mp3"}
_MUSIC_BYTES = 400_000  # the sounds of games are shorter
_LIMIT_S = 900.0


class NoMusicError(Exception):
    """There is no music to test with; the message says what to do about it."""


@dataclass(frozen=True)
class Music:
    """Sound files: of a library, and of nothing that the library holds; the smallest come first."""

    known: tuple[Path, ...]
    unknown: tuple[Path, ...]


@dataclass(frozen=True)
class _Record:
    """What apt knows of a package."""

    version: str
    sha256: str


def fetch() -> Music:
    """Return the music, downloaded if the cache does not hold it yet.

    Raises
    ------
    NoMusicError
    """
    folder = Path(platformdirs.user_cache_dir("antiphon", appauthor=False)) / "music"
    return Music(_tracks(KNOWN, folder), _tracks(UNKNOWN, folder))


def unpack(deb: Path, sha256: str, target: Path) -> None:
    """Unpack a package of that checksum into a folder, which is there whole or not at all.

    Raises
    ------
    NoMusicError
        If the file is another one than apt's record says.
    """
    with deb.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise NoMusicError(f"{deb.name} has the SHA-256 {found}, and apt says {sha256}")
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        whole = Path(temporary) / "package"
        _run("dpkg-deb", "-x", str(deb), str(whole))
        try:
            whole.rename(target)
        except OSError:
            if not target.is_dir():  # else another test run was quicker
                raise


def _tracks(packages: tuple[str, ...], folder: Path) -> tuple[Path, ...]:
    found = [
        path
        for package in packages
        for path in _folder_of(package, folder).rglob("*")
        if path.suffix in _SUFFIXES and path.stat().st_size >= _MUSIC_BYTES
    ]
    return tuple(sorted(found, key=lambda path: (path.stat().st_size, path.name)))


def _folder_of(package: str, folder: Path) -> Path:
    """Return the folder of an unpacked package, fetched if need be."""
    cached = sorted(folder.glob(f"{package}_*"))
    if cached:
        return cached[-1]
    for program in ("apt-get", "apt-cache", "dpkg-deb"):
        if shutil.which(program) is None:
            raise NoMusicError(f"no {program} here: the music comes from packages of Debian")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return _download(package, _record(package), folder)
    except NoMusicError:
        if os.geteuid() != 0:
            raise
    # The lists may be missing, or so old that the servers no longer have what they name.
    # An update can fail for one foreign source while ours are still to be had.
    with suppress(NoMusicError):
        _run("apt-get", "update")
    return _download(package, _record(package), folder)


def _record(package: str) -> _Record:
    """Return what apt's lists say of the version it would download."""
    said = _run("apt-cache", "show", "--no-all-versions", package)
    fields = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line[1:])
    try:
        return _Record(fields["Version"], fields["SHA256"])
    except KeyError:
        raise NoMusicError(f"apt has no record of {package}") from None


def _download(package: str, record: _Record, folder: Path) -> Path:
    # A colon (an epoch) is no character for every file system.
    target = folder / f"{package}_{record.version.replace(':', '-')}"
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        _run("apt-get", "download", f"{package}={record.version}", folder=Path(temporary))
        (deb,) = Path(temporary).glob("*.deb")
        unpack(deb, record.sha256, target)
    return target


def _run(*command: str, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoMusicError(f"`{' '.join(command)}` took more than {_LIMIT_S:.0f} s") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise NoMusicError(
            f"`{' '.join(command)}` failed: {last}; is there a network, and are apt's lists "
            "there (`sudo apt-get update`)?"
        )
    return done.stdout
