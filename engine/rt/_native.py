"""What compiled code asks of the machine: a clock, ordered memory access, flushed denormals.

Each is an LLVM instruction or one call of the C library by symbol, so that nothing here needs
Python, and compiled callers can be cached.
"""

from __future__ import annotations

import platform
import sys
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

# The clock of `time.monotonic`, so that stamps made in Python and in the callback agree.
CLOCK_ID = 8 if sys.platform == "darwin" else 1  # CLOCK_UPTIME_RAW, CLOCK_MONOTONIC

_X86 = platform.machine().lower() in ("x86_64", "amd64")
_ARM = platform.machine().lower() in ("aarch64", "arm64")
_FLUSH_X86 = 0x8040  # FTZ | DAZ of MXCSR
_FLUSH_ARM = 1 << 24  # FZ of FPCR


@intrinsic  # type: ignore[untyped-decorator]
def monotonic_ns(typingctx: Any) -> Any:
    """Nanoseconds of the monotonic clock, int64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        i64 = ir.IntType(64)
        spec = cgutils.alloca_once(builder, ir.ArrayType(i64, 2))
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32), spec.type])
        clock = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
        builder.call(clock, [ir.IntType(32)(CLOCK_ID), spec])
        zero = ir.IntType(32)(0)
        seconds = builder.load(builder.gep(spec, [zero, zero]))
        nanoseconds = builder.load(builder.gep(spec, [zero, ir.IntType(32)(1)]))
        return builder.add(builder.mul(seconds, i64(1_000_000_000)), nanoseconds)

    return types.int64(), codegen


def _item_pointer(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    return context.make_array(array_type)(context, builder, array).data


@intrinsic  # type: ignore[untyped-decorator]
def load_acquire(typingctx: Any, array: Any) -> Any:
    """First item of a 64-bit array; what its writer stored before is visible after."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _item_pointer(context, builder, signature.args[0], args[0])
        return builder.load_atomic(pointer, "acquire", 8)

    return array.dtype(array), codegen


@intrinsic  # type: ignore[untyped-decorator]
def store_release(typingctx: Any, array: Any, value: Any) -> Any:
    """Set the first item of a 64-bit array after everything written so far."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _item_pointer(context, builder, signature.args[0], args[0])
        builder.store_atomic(args[1], pointer, "release", 8)
        return context.get_dummy_value()

    return types.void(array, array.dtype), codegen


def _control_word(builder: Any) -> Any:
    """Read the floating-point control register, or None where its name is not known."""
    if _X86:
        slot = cgutils.alloca_once(builder, ir.IntType(32))
        byte = builder.bitcast(slot, ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer()])
        read = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.stmxcsr")
        builder.call(read, [byte])
        return builder.zext(builder.load(slot), ir.IntType(64))
    if _ARM:
        kind = ir.FunctionType(ir.IntType(64), [])
        return builder.call(
            cgutils.get_or_insert_function(builder.module, kind, "llvm.aarch64.get.fpcr"), []
        )
    return ir.IntType(64)(0)


def _set_control_word(builder: Any, word: Any) -> None:
    if _X86:
        slot = cgutils.alloca_once(builder, ir.IntType(32))
        builder.store(builder.trunc(word, ir.IntType(32)), slot)
        byte = builder.bitcast(slot, ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer()])
        write = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.ldmxcsr")
        builder.call(write, [byte])
    elif _ARM:
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(64)])
        builder.call(
            cgutils.get_or_insert_function(builder.module, kind, "llvm.aarch64.set.fpcr"), [word]
        )


@intrinsic  # type: ignore[untyped-decorator]
def flush_denormals(typingctx: Any) -> Any:
    """Make denormal numbers zero on this thread; returns the word for `restore_denormals`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        old = _control_word(builder)
        flags = _FLUSH_X86 if _X86 else _FLUSH_ARM if _ARM else 0
        _set_control_word(builder, builder.or_(old, ir.IntType(64)(flags)))
        return old

    return types.int64(), codegen


@intrinsic  # type: ignore[untyped-decorator]
def restore_denormals(typingctx: Any, word: Any) -> Any:
    """Put back what `flush_denormals` returned."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _set_control_word(builder, args[0])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


def address_of(array: np.ndarray[Any, Any]) -> int:
    """Return the address of an array's first byte; the array must outlive its use."""
    return int(array.ctypes.data)
