"""The compiled callback, called as PortAudio calls it, and what its machine code may reach."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.io.midiring import MidiRing
from engine.rt import state as st
from engine.rt.callback import FIRST_RING, MIDI_RINGS, SIGNATURE, callback_address, new_table
from engine.rt.ring import read_mic
from engine.synth import Synth

_INPUT_OVERFLOW, _OUTPUT_UNDERFLOW, _PRIMING = 0x2, 0x4, 0x10


class _Caller:
    """Calls the callback as a sound card would."""

    def __init__(self, synth: Synth) -> None:
        self.table = new_table(synth.state)
        self._call = SIGNATURE(callback_address())

    def __call__(
        self, frames: int, heard: NDArray[np.float32] | None = None, flags: int = 0
    ) -> NDArray[np.float32]:
        out = np.full((frames, 2), np.nan, np.float32)
        source = None if heard is None else heard.ctypes.data
        done = self._call(source, out.ctypes.data, frames, None, flags, self.table.ctypes.data)
        assert done == 0  # paContinue
        return out


def _play(synth: Synth) -> None:
    for i, key in enumerate((40, 52, 59, 64)):
        synth.note_on(key, 70 + 10 * i, frame=1 + 700 * i)
        synth.note_off(key, frame=3_000 + 450 * i)
    synth.bend(0.4, frame=2_000)


@pytest.mark.parametrize("patch", ["soft-lead", "pluck", "strings"])
def test_the_callback_gives_what_render_block_gives_bit_for_bit(patch: str) -> None:
    live, offline = Synth(patch), Synth(patch)
    _play(live)
    _play(offline)
    caller = _Caller(live)
    got = np.concatenate([caller(frames) for frames in [64, 1, 37, 512, 256, 3, 1024] * 5])
    want = np.empty_like(got)
    offline.render_block(want)
    assert want.any()
    assert got.tobytes() == want.tobytes()


def test_the_microphone_is_copied_in_order_whatever_its_channels() -> None:
    for channels in (1, 2):
        synth = Synth()
        synth.state[0]["input_channels"] = channels
        caller = _Caller(synth)
        sound = np.arange(5_000 * channels, dtype=np.float32).reshape(-1, channels)
        at = 0
        for frames in (64, 1, 935, 4_000):
            caller(frames, np.ascontiguousarray(sound[at : at + frames]))
            at += frames
        out = np.empty(6_000, np.float32)
        assert read_mic(synth.state, out) == 5_000
        assert np.array_equal(out[:5_000], sound.mean(axis=1))


def test_without_an_output_only_the_microphone_is_served() -> None:
    synth = Synth()
    synth.state[0]["input_channels"] = 1
    synth.state[0]["output_channels"] = 0
    out = _Caller(synth)(128, np.ones(128, np.float32))
    assert np.isnan(out).all()
    assert synth.frame == 0
    assert synth.state[0]["mic_head"][0] == 128


def test_what_portaudio_complains_of_is_counted() -> None:
    synth = Synth()
    caller = _Caller(synth)
    for flags in (0, _OUTPUT_UNDERFLOW, _PRIMING, _INPUT_OVERFLOW | _OUTPUT_UNDERFLOW):
        caller(64, flags=flags)
    one = synth.state[0]
    assert one["calls"] == 4
    assert one["xruns"] == 2
    assert one["histogram"].sum() == 4
    assert 0 < one["worst_ns"] <= one["total_ns"]
    assert one["last_frames"] == 64


def test_every_midi_ring_of_the_table_is_read() -> None:
    synth = Synth()
    caller = _Caller(synth)
    rings = [MidiRing.create() for _ in range(MIDI_RINGS)]
    try:
        for i, ring in enumerate(rings):
            caller.table[FIRST_RING + i] = ring.words.ctypes.data
            ring.push(time.monotonic_ns() // 1000, 0x90, 40 + i, 100)
        for _ in range(4):
            caller(512)
        held = synth.state[0]["voice_held"] > 0
        assert sorted(synth.state[0]["voice_key"][held].tolist()) == [40 + i for i in range(8)]
        assert synth.state[0]["midi_stray"] == 0
    finally:
        for ring in rings:
            ring.close()


def test_denormals_are_flushed_inside_and_left_alone_outside() -> None:
    synth = Synth()
    one = synth.state[0]
    one["deck"][0, :64] = np.float32(1e-42)
    one["deck_head"][0, 0] = 64
    tiny = np.float32(1e-42)
    assert not _Caller(synth)(64).any()
    assert tiny * np.float32(1.0) != 0.0


_SOURCES = Path(__file__).resolve().parents[2]

# Runs the callback from native code while Python code holds the interpreter lock.
_usleep_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint)


def _pace(call, sleep, out, table, frames, count, pause_us):  # type: ignore[no-untyped-def]
    for _ in range(count):
        call(0, out, frames, 0, 0, table)
        sleep(pause_us)


def test_it_keeps_playing_while_another_thread_holds_the_interpreter_lock() -> None:
    integers = ctypes.CFUNCTYPE(
        ctypes.c_int,
        ctypes.c_size_t,
        ctypes.c_size_t,
        ctypes.c_ulong,
        ctypes.c_size_t,
        ctypes.c_ulong,
        ctypes.c_size_t,
    )
    call = integers(callback_address())
    sleep = _usleep_type(ctypes.cast(ctypes.CDLL(None).usleep, ctypes.c_void_p).value)
    pace = numba.njit(nogil=True)(_pace)
    synth = Synth()
    table = new_table(synth.state)
    out = np.empty((64, 2), np.float32)
    pace(call, sleep, out.ctypes.data, table.ctypes.data, 64, 1, 1)  # compiled
    held = ctypes.PyDLL(None)  # calls through it keep the lock
    card = threading.Thread(
        target=pace,
        args=(call, sleep, out.ctypes.data, table.ctypes.data, 64, 250, 1_000),
    )
    card.start()
    before = int(synth.state[0]["calls"])
    held.usleep(200_000)
    during = int(synth.state[0]["calls"]) - before
    card.join()
    assert during > 40  # of 200; none would be a callback that waits for the lock
    assert synth.state[0]["calls"] == 251


# --- the audit

_PROGRAM = """
from numba import cfunc
from engine.rt import callback
from dsp._jit import kernel
print(cfunc(callback._TYPE, nopython=True, error_model="numpy")(callback._callback).inspect_llvm())
"""
_HARMLESS = re.compile(
    r"""llvm\.(memset|memcpy|memmove|fmuladd|fma|sqrt|floor|ceil|fabs|minnum|maxnum|minimum|maximum|
    copysign|umin|umax|smin|smax|abs|vector|masked|lifetime|assume|experimental|ctlz|cttz|fshl|fshr|
    usub|uadd|x86\.(sse|avx)|aarch64|stepvector|trunc|rint|exp2|pow|sin|cos|tan|is\.fpclass|ptrmask|
    dbg)|clock_gettime|memset|memcpy|(exp2|pow|sin|cos|tan|sqrt|floor|ceil|fmod|ldexp)f?$""",
    re.VERBOSE,
)
_TARGET = re.compile(r"label %\"?([\w.$-]+)\"?")
_BLOCK = re.compile(r"\s*\"?([\w.$-]+)\"?:")


def _label(block: llvm.ValueRef) -> str:
    found = _BLOCK.match(str(block))
    return found[1] if found else ""


def _walk(module: llvm.ModuleRef, entry: str) -> tuple[set[str], set[str]]:
    """Return what is called on the way of a call that does not fail, and in error branches."""
    functions = {f.name: f for f in module.functions}
    clean: set[str] = set()
    in_error: set[str] = set()
    seen = {entry}
    waiting = deque([entry])
    while waiting:
        blocks = {_label(b): b for b in functions[waiting.popleft()].blocks}
        names = list(blocks)
        seen_blocks = {names[0]}
        todo = [names[0]]
        while todo:
            block = blocks[todo.pop()]
            called = []
            targets: list[str] = []
            for instruction in block.instructions:
                text = str(instruction)
                if instruction.opcode in ("call", "invoke"):
                    name = list(instruction.operands)[-1].name
                    assert name, f"a call through a pointer: {text}"
                    called.append(name)
                if instruction.opcode in ("br", "switch", "invoke"):
                    targets += _TARGET.findall(text)
            if "numba_gil_ensure" in called:
                in_error.update(called)
                continue  # the branch of a failure: what follows holds the interpreter lock
            clean.update(called)
            for name in called:
                if name in functions and not functions[name].is_declaration and name not in seen:
                    seen.add(name)
                    waiting.append(name)
            for name in targets:
                if name not in seen_blocks:
                    seen_blocks.add(name)
                    todo.append(name)
    defined = {name for name, f in functions.items() if not f.is_declaration}
    return clean - defined, in_error


def test_the_audio_thread_reaches_no_allocation_no_lock_and_no_python() -> None:
    text = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=_SOURCES,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    ).stdout
    module = llvm.parse_assembly(text)
    entries = [
        f.name for f in module.functions if f.name.startswith("cfunc.") and not f.is_declaration
    ]
    assert len(entries) == 1
    reached, in_error = _walk(module, entries[0])
    assert "clock_gettime" in reached  # the walk did get to the body
    assert "numba_gil_ensure" in in_error  # and tells the error branch from it
    wrong = {name for name in reached if not _HARMLESS.match(name)}
    assert not wrong
    assert not {f.name for f in module.functions if re.search("NRT_.*alloc", f.name, re.I)}


def test_the_audit_finds_an_allocation_where_there_is_one() -> None:
    def careless(pointer):  # type: ignore[no-untyped-def]
        return np.zeros(int(pointer) + 3).sum()

    kind = numba.types.float64(numba.types.int64)
    module = llvm.parse_assembly(numba.cfunc(kind, nopython=True)(careless).inspect_llvm())
    entry = next(
        f.name for f in module.functions if f.name.startswith("cfunc.") and not f.is_declaration
    )
    reached, _ = _walk(module, entry)
    assert any("NRT_" in name and "lloc" in name for name in reached)


def test_states_are_large_but_not_too_large() -> None:
    assert st.STATE.itemsize < 32 << 20  # half of it echoes, touched only as far as they reach
