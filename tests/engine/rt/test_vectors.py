"""The voices' inner loops are vector instructions, on whatever machine compiles them.

Read from the optimised LLVM of the audio callback, where a vector is `<16 x float>` on one machine
and `<4 x float>` on another. A single division that may raise, or a call of `math.sin`, is enough
to turn a loop into one voice after another, at twenty times the cost.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest

from dsp._jit import FAST
from engine.rt import callback

_LABEL = re.compile(r"label %\"?([\w.$-]+)\"?")
_BLOCK = re.compile(r"\s*\"?([\w.$-]+)\"?:")
_VECTOR = re.compile(r"<(\d+) x float>")
_ARITHMETIC = ("fadd", "fsub", "fmul", "fdiv", "fneg")
_MANGLED = re.compile(r"_ZN6engine2rt((?:\d+[a-z_]+)+)B")
_MANY = 1024  # so that the loop stays a loop
_ONE_BY_ONE = (
    "_add_saw",
    "_add_others",
)  # the jumps of a wave come when they come, a few in each cell
_WORTH = 8  # operations of a loop that is worth a vector
_OF_VOICES = ("voice", "oscillators", "filters", "envelopes")


@dataclass(frozen=True)
class _Loop:
    """Arithmetic on float32 in a block that branches back to itself."""

    function: str
    vector: int
    scalar: int


def _is_arithmetic(instruction: llvm.ValueRef) -> bool:
    called = instruction.opcode == "call" and "fmuladd" in str(instruction)
    return called or instruction.opcode in _ARITHMETIC


def _innermost_loops(text: str, wanted: Callable[[str], bool]) -> list[_Loop]:
    """Return the innermost loops with float32 arithmetic of the functions that are wanted."""
    loops = []
    for function in llvm.parse_assembly(text).functions:
        if function.is_declaration or not wanted(function.name):
            continue
        for block in function.blocks:
            instructions = list(block.instructions)
            name = _BLOCK.match(str(block))
            if not name or name[1] not in _LABEL.findall(str(instructions[-1])):
                continue
            texts = [str(i) for i in instructions if _is_arithmetic(i)]
            vector = sum(bool(_VECTOR.search(t)) for t in texts)
            scalar = sum(" float " in t and not _VECTOR.search(t) for t in texts)
            if vector + scalar:
                loops.append(_Loop(function.name, vector, scalar))
    return loops


def _of_voices(name: str) -> bool:
    found = _MANGLED.search(name)
    if any(one in name for one in _ONE_BY_ONE):
        return False
    return bool(found) and any(re.search(rf"\d{module}\d", found[1]) for module in _OF_VOICES)


@pytest.fixture(scope="module")
def loops() -> list[_Loop]:
    compiled = numba.cfunc(callback._TYPE, nopython=True, error_model="numpy")(callback._callback)
    return _innermost_loops(compiled.inspect_llvm(), _of_voices)


def test_every_stage_of_the_voices_is_made_of_vector_instructions(loops: list[_Loop]) -> None:
    # a loop has a plain twin, for the lengths and places in memory that do not fit its vectors
    plain: Counter[str] = Counter()
    vector: Counter[str] = Counter()
    for loop in loops:
        plain[loop.function] = max(plain[loop.function], loop.scalar)
        vector[loop.function] = max(vector[loop.function], loop.vector)
    slow = [name[:60] for name, size in plain.items() if size >= _WORTH and vector[name] < size / 4]
    assert not slow
    assert sum(size >= _WORTH for size in vector.values()) >= 3  # the stages were found at all


@pytest.mark.parametrize("error_model", ["numpy", "python"])
def test_the_guard_tells_a_loop_that_cannot_be_a_vector(error_model: str) -> None:
    def gains(v):  # type: ignore[no-untyped-def]
        for j in range(_MANY):
            v[_MANY + j] = (v[j] * v[j] + np.float32(1.0)) / (v[j] + np.float32(2.0))

    kind = numba.void(numba.float32[::1])
    compiled = numba.njit(kind, error_model=error_model, fastmath=set(FAST))(gains)
    found = _innermost_loops(compiled.inspect_llvm(kind.args), lambda name: "gains" in name)
    assert any(loop.vector > loop.scalar for loop in found) == (error_model == "numpy")
