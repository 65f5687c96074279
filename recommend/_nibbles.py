"""Products of a small integer vector with rows of four-bit codes, 32 rows at a time.

Written as LLVM vectors of 16-bit lanes, one a row: they multiply and add on every target. A 16-bit
word holds four successive codes of one row, a block the words of 32 rows side by side, so nothing
is ever added across lanes.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from recommend._tile import data_pointer

ROWS = 32
TOGETHER = 16
WORDS = 4  # added up before the sum is widened: 16 products of 0..15 and -127..127 fit 16 bits
CODES = 4  # in a word

_WORDS = ir.VectorType(ir.IntType(16), ROWS)
_PAIRS = ir.VectorType(ir.IntType(32), ROWS // 2)
_SUMS = ir.VectorType(ir.IntType(32), ROWS)
_FLOATS = ir.VectorType(ir.FloatType(), ROWS)


def _constant(kind: Any, value: Any) -> Any:
    return ir.Constant(kind, [value] * kind.count)


def _splat(builder: Any, scalar: Any, kind: Any) -> Any:
    empty = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(empty, scalar, cgutils.int32_t(0))
    return builder.shuffle_vector(
        first, empty, ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
    )


def _load(context: Any, builder: Any, array_type: Any, array: Any, at: Any, kind: Any) -> Any:
    pointer = data_pointer(context, builder, array_type, array, at)
    return builder.load(builder.bitcast(pointer, kind.as_pointer()), align=4)


@intrinsic  # type: ignore[untyped-decorator]
def block_bounds(
    typing: Any, codes: Any, at: Any, x: Any, scale: Any, row: Any, more: Any, out: Any
) -> Any:
    """Set out[row + r] to scale[row + r] * (codes of row r at `at` . x + more), for r < ROWS.

    codes: uint16; x: int32, each number twice, in either half; its length a multiple of
    WORDS * CODES; scale, out: float32.
    """
    signature = types.void(codes, at, x, scale, row, more, out)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        codes, at, x, scale, row, more, out = arguments
        codes_type, _, x_type, scale_type, _, _, out_type = signature.args
        count = builder.extract_value(context.make_array(x_type)(context, builder, x).shape, 0)
        total = cgutils.alloca_once_value(builder, ir.Constant(_SUMS, None))
        step = cgutils.intp_t(WORDS * CODES)
        with cgutils.for_range_slice(builder, cgutils.intp_t(0), count, step) as (k, _):
            part = ir.Constant(_WORDS, None)
            # a word of each row holds CODES codes
            first = builder.add(at, builder.mul(k, cgutils.intp_t(ROWS // CODES)))
            numbers = data_pointer(context, builder, x_type, x, k)
            for word in range(WORDS):
                place = builder.add(first, cgutils.intp_t(word * ROWS))
                packed = _load(context, builder, codes_type, codes, place, _WORDS)
                for code in range(CODES):
                    number = builder.load(
                        builder.gep(numbers, [cgutils.intp_t(word * CODES + code)])
                    )
                    factor = builder.bitcast(_splat(builder, number, _PAIRS), _WORDS)
                    value = builder.lshr(packed, _constant(_WORDS, 4 * code)) if code else packed
                    if code < CODES - 1:
                        value = builder.and_(value, _constant(_WORDS, 15))
                    part = builder.add(part, builder.mul(value, factor))
            wide = builder.sext(part, _SUMS)
            builder.store(builder.add(builder.load(total), wide), total)
        bounds = builder.fadd(
            builder.sitofp(builder.load(total), _FLOATS), _splat(builder, more, _FLOATS)
        )
        scales = _load(context, builder, scale_type, scale, row, _FLOATS)
        pointer = data_pointer(context, builder, out_type, out, row)
        builder.store(
            builder.fmul(bounds, scales), builder.bitcast(pointer, _FLOATS.as_pointer()), align=4
        )
        return context.get_dummy_value()

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def largest(typing: Any, values: Any, at: Any) -> Any:
    """Return the largest of the TOGETHER floats at `at`."""
    signature = types.float32(values, at)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, at = arguments
        kind = ir.VectorType(ir.FloatType(), TOGETHER)
        best = _load(context, builder, signature.args[0], values, at, kind)
        width = TOGETHER
        while width > 1:
            width //= 2
            index = ir.VectorType(ir.IntType(32), width)
            low, high = (
                builder.shuffle_vector(
                    best, best, ir.Constant(index, list(range(start, start + width)))
                )
                for start in (0, width)
            )
            best = builder.select(builder.fcmp_ordered(">", low, high), low, high)
        return builder.extract_element(best, cgutils.int32_t(0))

    return signature, generate
