"""A bar while a model is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[str], None]  # is told after each step, in words


@contextmanager
def training(title: str, steps: int, start: int = 0) -> Iterator[Tell]:
    """Show a bar over the steps on a terminal; nothing is drawn when nobody watches.

    Parameters
    ----------
    title : str
    steps : int
        Epochs, or what else the training counts.
    start : int
        How many were done before it was interrupted.

    Yields
    ------
    callable
        To be called after each step with what there is to say of it.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Left(),
        TextColumn("{task.fields[said]}", markup=False),
    )
    console = Console(stderr=True)
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(title, total=steps, completed=start, said="")
        yield lambda said: bar.update(task, advance=1, said=said)
