"""Processor time of the calling thread, for compiled code: preemption does not count."""

from __future__ import annotations

import time
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic  # type: ignore[untyped-decorator]
def processor_ns(typingctx: Any) -> Any:
    """Nanoseconds of processor time of this thread, int64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        i32, i64 = ir.IntType(32), ir.IntType(64)
        spec = cgutils.alloca_once(builder, ir.ArrayType(i64, 2))
        kind = ir.FunctionType(i32, [i32, spec.type])
        clock = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
        builder.call(clock, [i32(time.CLOCK_THREAD_CPUTIME_ID), spec])
        seconds = builder.load(builder.gep(spec, [i32(0), i32(0)]))
        nanoseconds = builder.load(builder.gep(spec, [i32(0), i32(1)]))
        return builder.add(builder.mul(seconds, i64(1_000_000_000)), nanoseconds)

    return types.int64(), codegen
