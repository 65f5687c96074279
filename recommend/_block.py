"""Triangular factors and solves of one 16 x 16 block that lies in registers throughout.

The upper factor U of a block A = U'U. A general loop spends its time waiting for values it has just
stored; here nothing is stored between the first and the last step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from recommend._tile import (
    FUSE,
    LANES,
    VECTOR,
    data_pointer,
    load_vector,
    riffle_transpose,
    splat,
    store_vector,
)

_INDEX = ir.VectorType(ir.IntType(32), LANES)


def _lane(builder: Any, vector: Any, lane: int) -> Any:
    """Return the vector whose every lane is one lane of another."""
    return builder.shuffle_vector(vector, vector, ir.Constant(_INDEX, [lane] * LANES))


def _put(builder: Any, vector: Any, other: Any, lane: int) -> Any:
    """Return `vector` with one lane taken from `other`."""
    picked = [i + LANES if i == lane else i for i in range(LANES)]
    return builder.shuffle_vector(vector, other, ir.Constant(_INDEX, picked))


def _less(builder: Any, vector: Any, scale: Any, other: Any) -> Any:
    """Return vector - scale * other."""
    product = builder.fmul(scale, other, flags=FUSE)
    return builder.fsub(vector, product, flags=FUSE)


def _rows(context: Any, builder: Any, kind: Any, a: Any, at: Any, ld: Any) -> list[Any]:
    return [_row(context, builder, kind, a, at, ld, r) for r in range(LANES)]


def _row(context: Any, builder: Any, kind: Any, a: Any, at: Any, ld: Any, r: int) -> Any:
    place = builder.add(at, builder.mul(ld, cgutils.intp_t(r)))
    return load_vector(builder, data_pointer(context, builder, kind, a, place))


def _store_rows(
    context: Any, builder: Any, kind: Any, a: Any, at: Any, ld: Any, rows: Sequence[Any]
) -> None:
    for r, row in enumerate(rows):
        place = builder.add(at, builder.mul(ld, cgutils.intp_t(r)))
        store_vector(builder, row, data_pointer(context, builder, kind, a, place))


@intrinsic  # type: ignore[untyped-decorator]
def factor_block(typing: Any, a: Any, at: Any, ld: Any, inverse: Any, first: Any) -> Any:
    """Overwrite the block of `a` at `at` by U, and `inverse` at `first` by 1 / its diagonal.

    Below the diagonal stays what the elimination leaves there.
    """
    signature = types.void(a, at, ld, inverse, first)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, at, ld, inverse, first = arguments
        kind, inverse_kind = signature.args[0], signature.args[3]
        rows = _rows(context, builder, kind, a, at, ld)
        scalar = VECTOR.element
        root = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(scalar, [scalar]), "llvm.sqrt.f32"
        )
        one = ir.Constant(scalar, 1.0)
        for q in range(LANES):
            pivot = builder.extract_element(rows[q], cgutils.int32_t(q))
            reciprocal = builder.fdiv(one, builder.call(root, [pivot]))
            target = data_pointer(
                context, builder, inverse_kind, inverse, builder.add(first, cgutils.intp_t(q))
            )
            builder.store(reciprocal, target)
            rows[q] = builder.fmul(rows[q], splat(builder, reciprocal), flags=FUSE)
            for r in range(q + 1, LANES):
                rows[r] = _less(builder, rows[r], _lane(builder, rows[q], r), rows[q])
        _store_rows(context, builder, kind, a, at, ld, rows)
        return context.get_dummy_value()

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def solve_block(
    typing: Any, a: Any, at: Any, ld: Any, diagonal: Any, inverse: Any, first: Any
) -> Any:
    """Overwrite the block B of `a` at `at` by U'^-1 B, with U the block of `a` at `diagonal`."""
    signature = types.void(a, at, ld, diagonal, inverse, first)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, at, ld, diagonal, inverse, first = arguments
        kind, inverse_kind = signature.args[0], signature.args[4]
        rows = _rows(context, builder, kind, a, at, ld)
        scales = load_vector(builder, data_pointer(context, builder, inverse_kind, inverse, first))
        for q in range(LANES):
            rows[q] = builder.fmul(rows[q], _lane(builder, scales, q), flags=FUSE)
            upper = _row(context, builder, kind, a, diagonal, ld, q)
            for r in range(q + 1, LANES):
                rows[r] = _less(builder, rows[r], _lane(builder, upper, r), rows[q])
        _store_rows(context, builder, kind, a, at, ld, rows)
        return context.get_dummy_value()

    return signature, generate


def _substitute(upward: bool) -> Any:
    def declare(typing: Any, a: Any, at: Any, ld: Any, inverse: Any, b: Any, first: Any) -> Any:
        signature = types.void(a, at, ld, inverse, b, first)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            a, at, ld, inverse, b, first = arguments
            kind, inverse_kind, b_kind = (signature.args[i] for i in (0, 3, 4))
            rows = _rows(context, builder, kind, a, at, ld)
            if upward:
                rows = riffle_transpose(builder, rows)
            pointer = data_pointer(context, builder, inverse_kind, inverse, first)
            scales = load_vector(builder, pointer)
            target = data_pointer(context, builder, b_kind, b, first)
            right = load_vector(builder, target)
            solution = right
            for q in reversed(range(LANES)) if upward else range(LANES):
                product = builder.fmul(right, scales, flags=FUSE)
                solution = _put(builder, solution, product, q)
                right = _less(builder, right, _lane(builder, product, q), rows[q])
            store_vector(builder, solution, target)
            return context.get_dummy_value()

        return signature, generate

    return declare


# overwrite b at `first` by U'^-1 b, and by U^-1 b, with U the block of `a` at `at`
solve_down = intrinsic(_substitute(upward=False))
solve_up = intrinsic(_substitute(upward=True))
