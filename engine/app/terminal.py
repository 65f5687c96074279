"""What all commands share: options, errors in one line, clean Ctrl-C, a bar while one waits."""

from __future__ import annotations

import _thread
import errno
import functools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from engine.library import Library

P = ParamSpec("P")

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
PARTLY = 3

LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library",
        metavar="DIR",
        envvar="ANTIPHON_LIBRARY",
        show_default=False,
        help="Where the library lies; by default in your data folder.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON, one object a line, for other programs.")
]


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Make a function a well-behaved command: one line for an error, 130 for Ctrl-C."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from engine.errors import AntiphonError

        try:
            function(*args, **kwargs)
            sys.stdout.flush()
        except AntiphonError as error:
            say_error(str(error))
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:  # `| head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise typer.Exit(0) from None

    return run


def keep_interrupts() -> None:
    """Tidy up whoever ends the program: Ctrl-C at any moment, `kill`, or a closed terminal.

    Python would drop a Ctrl-C that falls into a callback of a C library; while a kernel is
    compiled, most of the time is spent there.
    """

    def leave(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    def hook(dropped: sys.UnraisableHookArgs) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            _thread.interrupt_main()
        else:
            sys.__unraisablehook__(dropped)

    sys.unraisablehook = hook
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, leave)


def say_error(text: str) -> None:
    """Print one line on standard error, whatever bytes file names are made of."""
    line = " ".join(text.split()).encode("utf-8", "replace").decode()
    print(f"antiphon: {line}", file=sys.stderr, flush=True)


def say(text: str) -> None:
    """Print a line on standard output, whatever bytes file names are made of."""
    print(text.encode("utf-8", "replace").decode())


def tell_stale(library: Library) -> None:
    """Say in one line that some tracks cannot be heard until they are analysed again."""
    if (note := library.stale_note()) is not None:
        say_error(note)


def spare_music(path: Path | None, option: str, *sources: Path) -> None:
    """Refuse to write something else over music, before any work is done.

    Parameters
    ----------
    path : Path or None
        Where it is to be written; None is fine.
    option : str
        As the user wrote it.
    sources : Path
        Files that are read.

    Raises
    ------
    typer.BadParameter
        If the file has an ending of music or is one of `sources`.
    OSError
        If it is a folder, or lies in none.
    """
    from engine.io.audiofile import SUFFIXES

    if path is None:
        return
    if path.suffix.lower() in SUFFIXES:
        raise typer.BadParameter(
            f"{option} writes no music, and no file may end in {path.suffix}, got {path}"
        )
    if any(path.exists() and source.exists() and path.samefile(source) for source in sources):
        raise typer.BadParameter(f"{option} must not be the file that is read, got {path}")
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder, not a file", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path))


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "track"), counted(0, "track"), counted(2, "entry", "entries")
    ('1 track', '0 tracks', '2 entries')
    """
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Keep what C libraries print about bad files off the terminal; for single-threaded use."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show a spinner on the terminal while the body runs; nothing when nobody watches."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield


def bar() -> Progress:
    """Return a progress bar with the time that remains; hidden when nobody watches."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[now]}", markup=False),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def sure(confidence: float) -> str:
    """Return a confidence, 0 to 1, in words; nothing heard is ever wholly sure.

    Examples
    --------
    >>> sure(0.9514), sure(0.99996)
    ('95.1 % sure', '99.9 % sure')
    """
    return f"{min(99.9, 100 * confidence):.1f} % sure"


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds.

    Examples
    --------
    >>> clock(83.44), clock(3723.0), clock(-0.2)
    ('1:23.4', '1:02:03.0', '0:00.0')
    """
    tenths = max(0, round(seconds * 10))
    hours, rest = divmod(tenths, 36_000)
    minutes, rest = divmod(rest, 600)
    tail = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"
