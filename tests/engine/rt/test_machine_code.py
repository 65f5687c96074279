"""What the audio callback is compiled to: nothing that may wait, and vectors in inner loops.

Read from its optimised LLVM, where a vector is `<16 x float>` on one machine
and `<4 x float>` on another. A single division that may raise, or a call of `math.sin`, is enough
to turn a loop into one voice after another, at twenty times the cost.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest

from dsp._jit import FAST, cache_folder
from engine.rt import callback
from tests.warm import MACHINE_CODE

pytestmark = pytest.mark.long

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
def machine_code() -> str:
    """Return what the callback is compiled to; as it was compiled before the tests began, if so."""
    kept = Path(cache_folder("engine") or "") / MACHINE_CODE
    if kept.is_file():
        return kept.read_text(encoding="utf-8")
    compiled = numba.cfunc(callback._TYPE, nopython=True, error_model="numpy")(callback._callback)
    return str(compiled.inspect_llvm())


@pytest.fixture(scope="module")
def loops(machine_code: str) -> list[_Loop]:
    return _innermost_loops(machine_code, _of_voices)


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


# --- the audit

_HARMLESS = re.compile(
    r"""llvm\.(memset|memcpy|memmove|fmuladd|fma|sqrt|floor|ceil|fabs|minnum|maxnum|minimum|maximum|
    copysign|umin|umax|smin|smax|abs|vector|masked|lifetime|assume|experimental|ctlz|cttz|fshl|fshr|
    usub|uadd|x86\.(sse|avx)|aarch64|stepvector|trunc|rint|exp2|pow|sin|cos|tan|is\.fpclass|ptrmask|
    dbg)|clock_gettime|memset|memcpy|(exp2|pow|sin|cos|tan|sqrt|floor|ceil|fmod|ldexp)f?$""",
    re.VERBOSE,
)


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
                    targets += _LABEL.findall(text)
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


def test_the_audio_thread_reaches_no_allocation_no_lock_and_no_python(machine_code: str) -> None:
    module = llvm.parse_assembly(machine_code)
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
