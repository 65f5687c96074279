"""The loop of an audio callback without the device: block after block, all in native code."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from bench.thread_clock import processor_ns
from engine.rt._native import address_of, monotonic_ns
from engine.rt.callback import callback_address, new_table

_ADDRESSES = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_size_t] * 6)  # numba takes integers so


@cache
def _callback() -> Any:
    return _ADDRESSES(callback_address())


@numba.njit(nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _blocks(call, out, frames, table, count):  # type: ignore[no-untyped-def]
    for _ in range(count):
        call(0, out, frames, 0, 0, table)


@numba.njit(nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _timed_blocks(call, out, frames, table, spent_ns):  # type: ignore[no-untyped-def]
    for i in range(spent_ns.shape[0]):
        began = monotonic_ns()
        worked = processor_ns()
        call(0, out, frames, 0, 0, table)
        spent_ns[i, 1] = processor_ns() - worked
        spent_ns[i, 0] = monotonic_ns() - began


def render_blocks(state: NDArray[np.void], out: NDArray[np.float32], count: int) -> None:
    """Let the callback render so many blocks of out.shape[0] frames, one over the other."""
    table = new_table(state, live=False)
    _blocks(_callback(), address_of(out), len(out), address_of(table), count)


def time_blocks(
    state: NDArray[np.void], out: NDArray[np.float32], spent_ns: NDArray[np.int64]
) -> None:
    """Do the same for spent_ns.shape[0] blocks; spent_ns (n, 2) takes what each took.

    Nanoseconds of the clock and of the processor. To read them costs most of a microsecond.
    """
    table = new_table(state, live=False)
    _timed_blocks(_callback(), address_of(out), len(out), address_of(table), spent_ns)
