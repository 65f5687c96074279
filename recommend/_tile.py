"""Vector kernels that a loop compiler does not find by itself: tiles of a product, a transpose.

Written as LLVM vectors of 16 floats, which every target lowers to what it has. A tile keeps its
sums in registers over the whole depth: 15 to 20 times the loop that adds one row after another.
Arrays are flat float32, indices in floats.
"""

from __future__ import annotations

from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
# as many sums as the registers hold: 32 of 16 floats, or 16 of 8 (and 32 of 4 on ARM)
ROWS = 8 if binding.get_host_cpu_features().get("avx512f") else 4

_FLOAT = ir.FloatType()
VECTOR = ir.VectorType(_FLOAT, LANES)
FUSE = ("contract", "reassoc")


def data_pointer(context: Any, builder: Any, array_type: Any, array: Any, offset: Any) -> Any:
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [offset])


def load_vector(builder: Any, pointer: Any) -> Any:
    return builder.load(builder.bitcast(pointer, VECTOR.as_pointer()), align=4)


def store_vector(builder: Any, value: Any, pointer: Any) -> None:
    builder.store(value, builder.bitcast(pointer, VECTOR.as_pointer()), align=4)


def splat(builder: Any, scalar: Any) -> Any:
    one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), scalar, cgutils.int32_t(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(VECTOR, ir.Undefined), mask)


def riffle_transpose(builder: Any, rows: list[Any]) -> list[Any]:
    """Return the columns of LANES rows: each riffle rotates the bits of the index by one."""
    half = LANES // 2
    index = ir.VectorType(ir.IntType(32), LANES)
    low = ir.Constant(index, [i // 2 + LANES * (i % 2) for i in range(LANES)])
    high = ir.Constant(index, [half + i // 2 + LANES * (i % 2) for i in range(LANES)])
    for _ in range(LANES.bit_length() - 1):
        rows = [
            builder.shuffle_vector(rows[r], rows[r + half], mask)
            for r in range(half)
            for mask in (low, high)
        ]
    return rows


@intrinsic  # type: ignore[untyped-decorator]
def add_tile(
    typing: Any, c: Any, at: Any, ldc: Any, p: Any, x: Any, y: Any, ldp: Any, depth: Any, sign: Any
) -> Any:
    """Add sign * sum over f < depth of p[f, x:x+ROWS]' p[f, y:y+LANES] to c at `at`."""
    signature = types.void(c, at, ldc, p, x, y, ldp, depth, sign)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        c, at, ldc, p, x, y, ldp, depth, sign = arguments
        c_type, p_type = signature.args[0], signature.args[3]
        zero = ir.Constant(VECTOR, None)
        sums = [cgutils.alloca_once_value(builder, zero) for _ in range(ROWS)]
        with cgutils.for_range(builder, depth) as loop:
            row = builder.mul(loop.index, ldp)
            right = load_vector(
                builder, data_pointer(context, builder, p_type, p, builder.add(row, y))
            )
            left = data_pointer(context, builder, p_type, p, builder.add(row, x))
            for r in range(ROWS):
                scalar = builder.load(builder.gep(left, [cgutils.intp_t(r)]))
                product = builder.fmul(splat(builder, scalar), right, flags=FUSE)
                total = builder.fadd(builder.load(sums[r]), product, flags=FUSE)
                builder.store(total, sums[r])
        factor = splat(builder, sign)
        for r in range(ROWS):
            place = builder.add(at, builder.mul(ldc, cgutils.intp_t(r)))
            pointer = data_pointer(context, builder, c_type, c, place)
            change = builder.fmul(builder.load(sums[r]), factor, flags=FUSE)
            store_vector(
                builder, builder.fadd(load_vector(builder, pointer), change, flags=FUSE), pointer
            )
        return context.get_dummy_value()

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def transpose(typing: Any, to: Any, at: Any, ld_to: Any, of: Any, first: Any, ld_of: Any) -> Any:
    """Write the LANES x LANES block of `of` at `first`, transposed, into `to` at `at`."""
    signature = types.void(to, at, ld_to, of, first, ld_of)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, at, ld_to, of, first, ld_of = arguments
        to_type, of_type = signature.args[0], signature.args[3]
        rows = []
        for r in range(LANES):
            place = builder.add(first, builder.mul(ld_of, cgutils.intp_t(r)))
            rows.append(load_vector(builder, data_pointer(context, builder, of_type, of, place)))
        rows = riffle_transpose(builder, rows)
        for r in range(LANES):
            place = builder.add(at, builder.mul(ld_to, cgutils.intp_t(r)))
            store_vector(builder, rows[r], data_pointer(context, builder, to_type, to, place))
        return context.get_dummy_value()

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def add_row(typing: Any, to: Any, at: Any, of: Any, first: Any, count: Any, scale: Any) -> Any:
    """Add scale * of[first : first + count] to `to` at `at`; count a multiple of LANES."""
    signature = types.void(to, at, of, first, count, scale)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, at, of, first, count, scale = arguments
        to_type, of_type = signature.args[0], signature.args[2]
        factor = splat(builder, scale)
        step = cgutils.intp_t(LANES)
        with cgutils.for_range_slice(builder, cgutils.intp_t(0), count, step) as (i, _):
            source = load_vector(
                builder, data_pointer(context, builder, of_type, of, builder.add(first, i))
            )
            pointer = data_pointer(context, builder, to_type, to, builder.add(at, i))
            change = builder.fmul(source, factor, flags=FUSE)
            store_vector(
                builder, builder.fadd(load_vector(builder, pointer), change, flags=FUSE), pointer
            )
        return context.get_dummy_value()

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def dot_row(typing: Any, a: Any, at: Any, b: Any, first: Any, count: Any) -> Any:
    """Return the dot product of two stretches of `count` floats, a multiple of LANES."""
    signature = types.float32(a, at, b, first, count)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, at, b, first, count = arguments
        a_type, b_type = signature.args[0], signature.args[2]
        total = cgutils.alloca_once_value(builder, ir.Constant(VECTOR, None))
        step = cgutils.intp_t(LANES)
        with cgutils.for_range_slice(builder, cgutils.intp_t(0), count, step) as (i, _):
            left = load_vector(
                builder, data_pointer(context, builder, a_type, a, builder.add(at, i))
            )
            right = load_vector(
                builder, data_pointer(context, builder, b_type, b, builder.add(first, i))
            )
            product = builder.fmul(left, right, flags=FUSE)
            builder.store(builder.fadd(builder.load(total), product, flags=FUSE), total)
        folded, width = builder.load(total), LANES
        while width > 1:
            width //= 2
            narrow = ir.VectorType(ir.IntType(32), width)
            low = ir.Constant(narrow, list(range(width)))
            high = ir.Constant(narrow, list(range(width, 2 * width)))
            folded = builder.fadd(
                builder.shuffle_vector(folded, folded, low),
                builder.shuffle_vector(folded, folded, high),
                flags=FUSE,
            )
        return builder.extract_element(folded, cgutils.int32_t(0))

    return signature, generate
