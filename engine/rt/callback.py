"""The audio callback: native code with PortAudio's signature and no Python in it.

PortAudio gets the address of `callback` and, as user data, the address of an int64 table: the
address of the state, 1 for a stream (0: offline), then the addresses of up to MIDI_RINGS rings (0:
none). Whoever passes the table keeps it, and all it points to, alive until the stream is closed.
Sound made offline comes from the same machine code, without a clock and its counters.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, cfunc, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from dsp._jit import compile_cached, kernel
from engine.rt._native import (
    address_of,
    flush_denormals,
    load_acquire,
    monotonic_ns,
    restore_denormals,
    store_release,
)
from engine.rt.clock import RING_HEADER, drain_midi, tick
from engine.rt.record import copy_output
from engine.rt.render import render_block
from engine.rt.state import HISTOGRAM, MIC_FRAMES, STATE
from engine.rt.tap import meter_input, tap_output

MIDI_RINGS = 8
FIRST_RING = 2  # in the table
RING_WORDS = RING_HEADER + 4096

_XRUN_FLAGS = 0x1 | 0x2 | 0x4 | 0x8  # input and output, under- and overflow
_CONTINUE = 0

SIGNATURE = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_ulong,
    ctypes.c_void_p,
    ctypes.c_ulong,
    ctypes.c_void_p,
)


@intrinsic  # type: ignore[untyped-decorator]
def _as_pointer(typingctx: Any, address: Any) -> Any:
    """The void pointer of an int64 address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], ir.IntType(8).as_pointer())

    return types.voidptr(types.int64), codegen


@kernel(realtime=True)
def copy_input(state, samples):  # type: ignore[no-untyped-def]
    """Append a block of the microphone, (frames, channels), to the mic ring as mono."""
    head = state.mic_head[0]
    state.mic_offset = state.frame - head
    room = MIC_FRAMES - (head - load_acquire(state.mic_tail))
    frames = min(np.int64(samples.shape[0]), room)
    channels = samples.shape[1]
    for i in range(frames):
        total = np.float32(0.0)
        for c in range(channels):
            total += samples[i, c]
        state.mic[(head + i) & (MIC_FRAMES - 1)] = total / np.float32(channels)
    state.mic_dropped += samples.shape[0] - frames
    store_release(state.mic_head, head + frames)


@kernel(realtime=True)
def begin(state, now_ns):  # type: ignore[no-untyped-def]
    """Tell the clock that a block begins."""
    tick(state, now_ns / 1e3, state.last_frames)
    state.clock_at = state.frame


@kernel(realtime=True)
def finish(state, frames, spent_ns, flags):  # type: ignore[no-untyped-def]
    """Count what this call cost and what PortAudio said of it."""
    state.calls += 1
    state.last_frames = frames
    state.total_ns += spent_ns
    state.worst_ns = max(state.worst_ns, spent_ns)
    state.late += 1 if spent_ns * 1e-9 * state.sample_rate > frames else 0
    state.xruns += 1 if flags & _XRUN_FLAGS else 0
    log = 0
    while (np.int64(1) << (log + 1)) <= spent_ns and log < HISTOGRAM - 1:
        log += 1
    state.histogram[log] += 1


def _callback(indata, outdata, frames, time_info, flags, table_pointer):  # type: ignore[no-untyped-def]
    entered = monotonic_ns()
    word = flush_denormals()
    table = carray(table_pointer, (FIRST_RING + MIDI_RINGS,), np.int64)
    state = carray(_as_pointer(table[0]), (1,), STATE)[0]
    live = table[1] != 0
    if live:
        begin(state, entered)
        for i in range(MIDI_RINGS):
            ring = table[FIRST_RING + i]
            if ring != 0:
                drain_midi(state, carray(_as_pointer(ring), (RING_WORDS,), np.int64))
        if state.input_channels > 0:
            heard = carray(indata, (frames, state.input_channels), np.float32)
            copy_input(state, heard)
            meter_input(state, heard)
    if state.output_channels > 0 or not live:
        out = carray(outdata, (frames, 2), np.float32)
        render_block(state, out)
        if live:
            copy_output(state, out)
            tap_output(state, out)
    if live:
        finish(state, np.int64(frames), monotonic_ns() - entered, np.int64(flags))
    restore_denormals(word)
    return _CONTINUE


_TYPE = types.int32(
    types.voidptr, types.voidptr, types.int64, types.voidptr, types.int64, types.voidptr
)


def _compile() -> Any:
    def decorator(cache: bool, **options: Any) -> Any:
        return cfunc(_TYPE, cache=cache, nopython=True, **options)

    return compile_cached(decorator, _callback, error_model="numpy")


@cache
def _entry() -> tuple[Any, Any]:
    """Compile the callback, or take it from the cache; its code and a function that calls it."""
    compiled = _compile()  # the code must stay loaded as long as the process
    return compiled, SIGNATURE(compiled.address)


def callback_address() -> int:
    """Compile the callback, or take it from the cache, and return its address."""
    return int(_entry()[0].address)


def new_table(state: NDArray[np.void], live: bool = True) -> NDArray[np.int64]:
    """Return the user data of the callback for a state, in a stream or offline."""
    table = np.zeros(FIRST_RING + MIDI_RINGS, dtype=np.int64)
    table[0] = address_of(state)
    table[1] = live
    return table


def render_offline(state: NDArray[np.void], out: NDArray[np.float32]) -> None:
    """Render the next frames of a state, shape (1,), into `out`, shape (n, 2), C-contiguous.

    Raises
    ------
    ValueError
        If `out` is not float32 of that shape, or not C-contiguous.
    """
    if out.ndim != 2 or out.shape[1] != 2 or out.dtype != np.float32:
        raise ValueError(f"out must be float32 of shape (n, 2), got {out.dtype} {out.shape}")
    if not out.flags.c_contiguous:
        raise ValueError("out must be C-contiguous")
    table = new_table(state, live=False)
    _entry()[1](None, address_of(out), len(out), None, 0, address_of(table))
