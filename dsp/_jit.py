"""Compile kernels: one decorator, one cache that notices every edit.

numba's on-disk cache looks at the file of the compiled function alone, so an edited callee in
another file leaves a stale result behind. Here the cache folder carries a digest of every source
that a kernel of the package can reach by imports, so an edit opens a new folder.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
import platformdirs

from dsp._part import join_callers

Kernel = Callable[..., Any]

_HOME = Path(__file__).resolve().parent.parent
_IMPORT = re.compile(r"^from ([\w.]+) import (\w*)", re.MULTILINE)
_KEEP_FOLDERS = 3  # of each package: the current one and what two other checkouts may use


def _prefer_wide_vectors() -> None:
    """Let loops use all 512 bits of AVX-512 where there are any: a third less time for a voice.

    LLVM holds back on many such machines for the sake of single instructions among scalar code.
    """
    if numba.config.CPU_NAME or numba.config.CPU_FEATURES:
        return  # whoever set them knows why
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        numba.config.CPU_NAME = llvm.get_host_cpu_name()
        numba.config.CPU_FEATURES = features.flatten() + ",-prefer-256-bit"


_prefer_wide_vectors()

# Enough for reductions to vectorise and for a*b+c to fuse; NaN and infinity keep their meaning.
FAST = frozenset({"reassoc", "contract"})


def kernel_sources(package: str) -> list[Path]:
    """Return the sources from which kernels of `package` are made: theirs and what they import."""
    waiting = [
        p for p in sorted((_HOME / package).rglob("*.py")) if b"_jit import" in p.read_bytes()
    ]
    waiting.append(Path(__file__).resolve())
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in found or not path.exists():
            continue
        found.add(path)
        for module, name in _IMPORT.findall(path.read_text(encoding="utf-8")):
            parent = path.parent if module.startswith(".") else _HOME
            target = parent / module.strip(".").replace(".", "/")
            waiting += [target.with_suffix(".py"), target / f"{name}.py"]
    return sorted(found)


def source_digest(package: str) -> str:
    """Return the digest of all sources a kernel of `package` can be compiled from."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in kernel_sources(package):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def cache_folder(package: str) -> str | None:
    """Return the folder for compiled kernels of `package`, or None where none can be written."""
    root = Path(platformdirs.user_cache_dir("antiphon", appauthor=False)) / "kernels"
    folder = root / f"{package}-{source_digest(package)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".used").touch()
    except OSError:
        return None  # every start compiles; nothing else is lost
    others = sorted(root.glob(f"{package}-*"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in others[_KEEP_FOLDERS:]:
        shutil.rmtree(old, ignore_errors=True)
    return str(folder)


def compile_cached(
    decorator: Callable[..., Any], function: Callable[..., Any], **options: Any
) -> Any:
    """Apply a numba decorator with the cache folder of the function's package in force."""
    folder = cache_folder(function.__module__.partition(".")[0])
    before = numba.config.CACHE_DIR
    if folder is not None:
        numba.config.CACHE_DIR = folder  # read while decorating; other libraries keep theirs
    try:
        return decorator(cache=folder is not None, **options)(function)
    finally:
        numba.config.CACHE_DIR = before


def kernel(
    function: Kernel | None = None,
    *,
    fast: bool = False,
    realtime: bool = False,
    inline: bool = False,
) -> Kernel:
    """Compile a function of explicit loops to native code that runs without the interpreter lock.

    Parameters
    ----------
    fast : bool
        Let the compiler reorder sums and fuse multiply-adds (NaN and infinity keep their meaning).
    realtime : bool
        Refuse, at compile time, anything that would allocate memory.
    inline : bool
        Always inline into the caller.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    if fast:
        options["fastmath"] = set(FAST)
    if realtime:
        options["_nrt"] = False
    if inline:
        options["forceinline"] = True

    def compile_it(plain: Kernel) -> Kernel:
        compiled: Kernel = compile_cached(numba.njit, plain, **options)
        join_callers(compiled, plain, **options)
        return compiled

    return compile_it if function is None else compile_it(function)
