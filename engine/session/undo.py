"""Steps back, and forward again."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

DEPTH = 200


class Undo(Generic[T]):
    """Earlier and later states of an immutable value.

    Examples
    --------
    >>> undo = Undo()
    >>> undo.note("a")  # before it becomes "b"
    >>> undo.back("b"), undo.forward("a")
    ('a', 'b')
    """

    def __init__(self) -> None:
        self._past: deque[T] = deque(maxlen=DEPTH)
        self._future: deque[T] = deque(maxlen=DEPTH)

    @property
    def can_go_back(self) -> bool:
        """Whether there is an earlier state."""
        return bool(self._past)

    @property
    def can_go_forward(self) -> bool:
        """Whether a step back can be taken again."""
        return bool(self._future)

    def note(self, state: T) -> None:
        """Remember the state that is about to be changed; what was undone is lost."""
        self._past.append(state)
        self._future.clear()

    def back(self, state: T) -> T | None:
        """Return the state before `state`, the present one; None without any."""
        if not self._past:
            return None
        self._future.append(state)
        return self._past.pop()

    def forward(self, state: T) -> T | None:
        """Return the state that the last step back left; None without any."""
        if not self._future:
            return None
        self._past.append(state)
        return self._future.pop()
