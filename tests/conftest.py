"""What all tests share: randomness, a sound studio, a finished demo, real music."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import real_music
from tests.real_music import Music
from tests.sound_server import SCRIPTS, NoServerError, sound_server

HERE = Path(__file__).resolve().parent
# Whoever runs the tests may have added networks of their own: tests of them say where theirs lie.
os.environ["ANTIPHON_MODELS"] = str(HERE / "no-models")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the machine for itself, and let what takes long begin first."""
    for item in items:
        if "studio" in getattr(item, "fixturenames", ()):
            item.add_marker("alone")
    # Who works beside others shall not be left with a long file when they have ended.
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_xdist_auto_num_workers() -> int:
    """Keep one worker more than there are processors: many tests wait for another process."""
    return min(4, (os.cpu_count() or 1) + 1)


@pytest.fixture
def rng() -> np.random.Generator:
    """Return the one source of randomness, the same in every test and every run."""
    return np.random.default_rng(0)


@dataclass(frozen=True)
class Studio:
    """A running JACK server with a virtual microphone, and the programs around it."""

    environment: dict[str, str]

    @property
    def output(self) -> str:
        """Full name of the PortAudio device that plays."""
        return self.environment["STUDIO_OUTPUT"]

    @property
    def input(self) -> str:
        """Full name of the PortAudio device that listens; fed by `into_the_mic`."""
        return self.environment["STUDIO_INPUT"]

    @property
    def sample_rate(self) -> int:
        """Frames per second of the server."""
        return int(self.environment["STUDIO_RATE"])

    @property
    def block_size(self) -> int:
        """Frames per period of the server."""
        return int(self.environment["STUDIO_PERIOD"])

    @property
    def log(self) -> Path:
        """Log of the server, with a line for each xrun."""
        return Path(self.environment["STUDIO_LOG"])

    @property
    def server(self) -> int:
        """Number of the server's process."""
        path = Path(self.environment["STUDIO_DIR"]) / "server.pid"
        return int(path.read_text(encoding="utf-8").split()[0])

    def run(self, *arguments: str, timeout_s: float = 60.0) -> Any:
        """Run Python in a child inside the studio and return the JSON it prints last.

        PortAudio lists devices once, at import, so whoever uses it has to start after the studio.
        One argument is the text of a program; more are arguments of the interpreter, such as
        `"-m", "engine.app.cli", "devices", "--json"`.
        """
        command = ["-c", arguments[0]] if len(arguments) == 1 else list(arguments)
        done = subprocess.run(
            [sys.executable, *command],
            env=self.environment,
            cwd=HERE.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        said = f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        assert done.returncode == 0, f"exit code {done.returncode}: {said}"
        lines = done.stdout.splitlines()
        assert lines, f"printed nothing: {said}"
        return json.loads(lines[-1])

    def popen(self, command: Sequence[str | Path], **options: Any) -> subprocess.Popen[str]:
        """Start a program inside the studio; the caller ends it."""
        options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options
        return subprocess.Popen(
            [str(part) for part in command],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            text=True,
            **options,
        )

    def record(self, path: str | Path, seconds: int, *ports: str) -> subprocess.Popen[str]:
        """Start recording output ports into a WAV file, by jack_rec."""
        return self.popen(["bash", SCRIPTS / "record.sh", path, str(seconds), *ports])


@contextmanager
def free_name() -> Iterator[str]:
    """Give a server's name that no other run on this machine uses now.

    There are few: a server that was killed keeps one of JACK's eight places until a server of its
    name is started again, so a new name for each run would use them up.
    """
    names = ["antiphon-test-1", "antiphon-test-2", "antiphon-test-3"]
    for name in names:
        path = Path(tempfile.gettempdir()) / f"{name}-{os.getuid()}.lock"
        with path.open("w") as lock:
            try:
                # The last one waits for its turn.
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if name == names[-1] else fcntl.LOCK_NB))
            except BlockingIOError:
                continue
            yield name
            return


@contextmanager
def private_studio(name: str, folder: Path) -> Iterator[Studio]:
    """Start a JACK server of that name, with its files in the folder, and end it afterwards."""
    try:
        with sound_server(name, folder) as environment:
            yield Studio(environment)
    except NoServerError as error:
        pytest.fail(f"the sound studio did not start: {error}")


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Start a private JACK server for this run; without JACK, skip (but fail in CI)."""
    in_ci = os.environ.get("CI") == "true"
    if not in_ci and (sys.platform != "linux" or shutil.which("jackd") is None):
        pytest.skip("no JACK here: `CI=true bash .ci/system` installs it on Debian/Ubuntu")
    with free_name() as name, private_studio(name, tmp_path_factory.mktemp("studio")) as it:
        yield it


@pytest.fixture
def own_studio(studio: Studio, tmp_path: Path) -> Iterator[Studio]:
    """Start a second server for a test that kills who uses it, or the server itself."""
    folder = tmp_path / "own-studio"
    with private_studio(studio.environment["STUDIO_NAME"] + "b", folder) as it:
        yield it


@dataclass(frozen=True)
class Demo:
    """A finished `antiphon demo`: its folder, exit code and what it printed."""

    folder: Path
    code: int
    out: str
    err: str

    @property
    def library(self) -> Path:
        """The library it made: every tune but one, and the playlists."""
        return self.folder / "library"

    def tune(self, name: str) -> Path:
        """The sound file of a tune, such as "sakura", the one that is not in the library."""
        return self.folder / "tunes" / f"{name}.flac"


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run `antiphon demo` once for all workers and for both halves of `make test`."""
    folder = Path(os.environ.get("ANTIPHON_TEST_RUN") or tmp_path_factory.mktemp("run"))
    end = folder / "end.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not end.exists():
            done = subprocess.run(
                [sys.executable, "-m", "engine.app.cli", "demo", "--out", str(folder / "demo")],
                cwd=HERE.parent,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
            end.write_text(json.dumps([done.returncode, done.stdout, done.stderr]))
    return Demo(folder / "demo", *json.loads(end.read_text()))


@pytest.fixture(scope="session")
def music() -> Music:
    """Return real music, downloaded once; where it cannot be had, skip (but fail in CI)."""
    turn = Path(tempfile.gettempdir()) / f"antiphon-music-{os.getuid()}.lock"
    try:
        with turn.open("w") as lock:  # apt has its own locks, and does not wait for them
            fcntl.flock(lock, fcntl.LOCK_EX)
            return real_music.fetch()
    except real_music.NoMusicError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no music to test with: {error}")
        pytest.skip(f"no music to test with: {error}")
