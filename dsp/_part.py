"""Compile a kernel that kernels call as a part of theirs, and only there.

numba optimises every function on its own, then its copy in each of its callers, then those in
theirs: what lies six calls deep is made seven times over. Here a kernel that another one calls is
translated and no more; it is optimised where all meet, in the one that Python or a sound card
calls. Two thirds of the first start are saved so. This leans on the insides of numba (tried with
0.60 and 0.68), which has no option for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numba
from numba import types
from numba.core.codegen import CodeLibrary, JITCodeLibrary
from numba.core.compiler import Compiler, DefaultPassBuilder, Flags
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering


class _Translation(JITCodeLibrary):  # type: ignore[misc]
    """A function in LLVM's language, as numba wrote it, and the libraries of what it calls."""

    _shared_module: Any

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        """Leave it as it is, but let copies of it in several libraries be one."""
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == llvm.Linkage.external:
                function.linkage = "linkonce_odr"
        self._finalize_dynamic_globals()
        self._finalized = True

    def _get_module_for_linking(self) -> Any:
        """Return a module of it and of all it reaches."""
        if self._shared_module is None:
            joined = self._final_module.clone()
            for library in _reached(self):
                own = library._final_module if type(library) is _Translation else None
                joined.link_in(own or library._get_module_for_linking(), preserve=True)
            self._shared_module = joined
        return self._shared_module


def _reached(start: _Translation) -> Iterable[CodeLibrary]:
    """Return the libraries that one needs, itself left out, each once."""
    found = {start: None}
    waiting: list[CodeLibrary] = [start]
    while waiting:
        library = waiting.pop()
        if type(library) is _Translation:
            new = [other for other in library._linking_libraries if other not in found]
            found.update(dict.fromkeys(new))
            waiting += new
    return list(found)[1:]


class _QuickFlags(Flags):  # type: ignore[misc]
    """Flags that are compared by what has been set: numba does so for every operator it types."""

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._values)))

    def __eq__(self, other: object) -> bool:
        if type(other) is _QuickFlags:
            return bool(self._values == other._values)
        return bool(super().__eq__(other))


@register_pass(mutates_CFG=True, analysis_only=False)
class _Translate(NativeLowering):  # type: ignore[misc]
    """Lowering that ends where machine code would be made."""

    _name = "translate"

    def run_pass(self, state: Any) -> bool:
        state.library = _Translation(state.targetctx.codegen(), state.func_id.func_qualname)
        super().run_pass(state)
        name = object()  # by which callers find it, in place of an entry for Python
        lowered = state["cr"]
        state.targetctx.insert_user_function(name, lowered.fndesc, [state.library])
        state["cr"] = lowered._replace(cfunc=name)
        return True


class _PartCompiler(Compiler):  # type: ignore[misc]
    """numba's compiler up to the translation."""

    def __init__(self, typingctx: Any, targetctx: Any, library: Any, args: Any,
                 return_type: Any, flags: Any, locals: Any) -> None:  # fmt: skip
        quick = _QuickFlags(flags)
        quick.no_compile = quick.no_cpython_wrapper = quick.no_cfunc_wrapper = True
        super().__init__(typingctx, targetctx, library, args, return_type, quick, locals)

    def define_pipelines(self) -> list[Any]:
        pipeline = DefaultPassBuilder.define_nopython_pipeline(self.state)
        pipeline.passes = [
            (_Translate if each is NativeLowering else each, text) for each, text in pipeline.passes
        ]
        pipeline.finalize()
        return [pipeline]


def join_callers(whole: Any, plain: Callable[..., Any], **options: Any) -> None:
    """Let kernels that call the kernel `whole`, made of the function `plain`, take it in as a part.

    It is translated once for each combination of types; constants among the arguments make no
    difference to that, as the optimiser finds them itself.
    """

    @cache
    def part() -> Any:
        made = numba.njit(pipeline_class=_PartCompiler, **options)(plain)

        def add_overload(result: Any) -> None:
            made.overloads[tuple(result.signature.args)] = result

        made.add_overload = add_overload  # what it replaces tells Python's side of it
        return made

    def get_call_template(args: Any, kws: Any) -> Any:
        named = {name: types.unliteral(kind) for name, kind in kws.items()}
        return part().get_call_template([types.unliteral(kind) for kind in args], named)

    whole.get_call_template = get_call_template
    whole.get_overload = lambda signature: part().get_overload(signature)
