"""Kernels within kernels: compiled where they meet, called from Python all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numba.core import event
from numba.core.errors import TypingError

from dsp import _jit
from dsp._jit import kernel


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often each function has been compiled or translated, without a cache."""
    monkeypatch.setattr(_jit, "cache_folder", lambda _: None)
    seen: Counter[str] = Counter()

    class Listener(event.Listener):  # type: ignore[misc]
        def on_start(self, event: Any) -> None:
            seen[event.data["dispatcher"].py_func.__name__] += 1

        def on_end(self, event: Any) -> None:
            pass

    listener = Listener()
    event.register("numba:compile", listener)
    yield seen
    event.unregister("numba:compile", listener)


def test_a_kernel_that_two_others_call_is_translated_once(compiled: Counter[str]) -> None:
    @kernel
    def third(x):  # type: ignore[no-untyped-def]
        return x + 1

    @kernel(inline=True)
    def second(x):  # type: ignore[no-untyped-def]
        return third(x) * third(2)

    @kernel
    def first(x):  # type: ignore[no-untyped-def]
        return second(x) - third(5) + second(7)

    assert first(4) == 15 - 6 + 24
    assert compiled == {"first": 1, "second": 1, "third": 1}
    assert not third.signatures  # of which no code of its own was made


def test_a_kernel_within_others_can_be_called_from_python_as_well() -> None:
    @kernel(realtime=True)
    def inner(values, factor):  # type: ignore[no-untyped-def]
        for i in range(values.shape[0]):
            values[i] *= factor

    @kernel(realtime=True)
    def outer(values):  # type: ignore[no-untyped-def]
        inner(values, 3.0)

    values = np.ones(5)
    outer(values)
    inner(values, 2.0)
    assert np.array_equal(values, np.full(5, 6.0))


def test_memory_allocated_in_a_part_of_a_real_time_kernel_is_refused() -> None:
    @kernel(realtime=True)
    def careless(n):  # type: ignore[no-untyped-def]
        return np.zeros(n).sum()

    @kernel(realtime=True)
    def outer(n):  # type: ignore[no-untyped-def]
        return careless(n)

    with pytest.raises(TypingError, match="zeros"):
        outer(3)
