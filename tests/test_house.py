"""The map of the house is executable: who imports whom, what loads, what may not stand in it."""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.util
import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsp import _jit

_HOME = Path(__file__).resolve().parents[1]
_ROOMS = ("dsp", "engine", "fingerprint", "recommend")

# The arrows: engine.app -> engine -> fingerprint -> dsp; engine -> recommend -> dsp.
_MAY_IMPORT = {
    "dsp": {"dsp"},
    "fingerprint": {"fingerprint", "dsp"},
    "recommend": {"recommend", "dsp"},
    "engine": {"engine", "fingerprint", "recommend", "dsp"},
    "engine.app": {"engine.app", "engine", "fingerprint", "recommend", "dsp"},
}
_HEAVY = ("torch", "librosa", "sounddevice", "mido", "matplotlib", "soundfile", "typer", "rich")
# Whoever else needs one of these asks its owner.
_OWNERS = {
    "sounddevice": {"engine/io/device.py"},
    "mido": {"engine/io/smf.py", "engine/tunes/player.py"},
    "rtmidi": {"engine/io/midi_child.py", "engine/io/midi.py"},
}


def _sources() -> list[Path]:
    return sorted(path for room in _ROOMS for path in (_HOME / room).rglob("*.py"))


def _name(path: Path) -> str:
    parts = path.relative_to(_HOME).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# The models in torch can be imported only where it is installed.
_TORCH = importlib.util.find_spec("torch") is not None
_MODULES = [n for n in map(_name, _sources()) if _TORCH or not n.startswith("recommend.neural")]


def _room(module: str) -> str:
    return "engine.app" if (module + ".").startswith("engine.app.") else module.partition(".")[0]


def _imports(path: Path) -> Iterator[str]:
    """Every module a file imports, at its top or within a function, by its full name."""
    package = _name(path) if path.name == "__init__.py" else _name(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = (
                ".".join([*up, node.module or ""]).strip(".") if node.level else node.module or ""
            )
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", _sources(), ids=_name)
def test_imports_follow_the_arrows(path: Path) -> None:
    allowed = _MAY_IMPORT[_room(_name(path))]
    own = {module for module in _imports(path) if module.partition(".")[0] in _ROOMS}
    wrong = {module for module in own if _room(module) not in allowed}
    assert not wrong


@pytest.mark.parametrize("library", sorted(_OWNERS))
def test_an_outside_library_has_its_owner(library: str) -> None:
    users = {
        str(path.relative_to(_HOME))
        for path in _sources()
        if any(module.partition(".")[0] == library for module in _imports(path))
    }
    assert users <= _OWNERS[library]
    assert users  # or the rule is out of date


def test_nothing_is_pickled_and_kernels_are_made_in_one_place() -> None:
    for path in _sources():
        roots = {module.partition(".")[0] for module in _imports(path)}
        assert not roots & {"pickle", "shelve", "marshal", "dill", "joblib", "cloudpickle"}, path
        text = path.read_text(encoding="utf-8")
        assert "allow_pickle=True" not in text, path
        if path.name not in ("_jit.py", "_part.py"):
            assert "njit" not in text, path


@pytest.mark.parametrize("package", _ROOMS)
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    program = f"import sys, json, {package}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=_HOME,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & set(_HEAVY)


@pytest.mark.parametrize("module", _MODULES)
def test_what_a_module_offers_is_sorted_and_there(module: str) -> None:
    loaded = importlib.import_module(module)
    assert loaded.__doc__, "a module says what it is for"
    offered = getattr(loaded, "__all__", None)
    if offered is None:
        return
    # constants first, then classes, then functions: the order that ruff keeps
    order = sorted(offered, key=lambda name: (not name.isupper(), not name[:1].isupper(), name))
    assert offered == order
    assert len(set(offered)) == len(offered)
    for name in offered:
        assert getattr(loaded, name) is not None


def test_no_name_hides_one_of_the_standard_library() -> None:
    top_level = {*_ROOMS, *(path.stem for path in _HOME.glob("*.py"))}
    assert not top_level & sys.stdlib_module_names
    for room in _ROOMS:
        assert (_HOME / room / "py.typed").exists()


@pytest.mark.parametrize("path", _sources(), ids=_name)
def test_a_file_stays_small_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("module", _MODULES)
def test_the_examples_in_the_docstrings_run(module: str) -> None:
    loaded = importlib.import_module(module)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = doctest.testmod(loaded, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert outcome.failed == 0


# --- the cache of kernels


@pytest.mark.parametrize("package", _ROOMS)
def test_every_module_that_a_kernel_can_call_is_in_the_digest(package: str) -> None:
    sources = {path.resolve() for path in _jit.kernel_sources(package)}
    files = {_name(path): path for path in _sources()}
    kernels = [
        path
        for path in (_HOME / package).rglob("*.py")
        if "dsp._jit.kernel" in set(_imports(path)) | {"_"}
    ]
    assert kernels
    reached = set(kernels)
    waiting = list(kernels)
    while waiting:
        for module in _imports(waiting.pop()):
            path = files.get(module)
            # a package's own __init__ holds no kernels, only names of them
            if path is not None and path.name != "__init__.py" and path not in reached:
                reached.add(path)
                waiting.append(path)
    missing = {path.name for path in reached if path.resolve() not in sources}
    assert not missing


def test_an_edited_callee_in_another_file_opens_another_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {
        "low/_jit.py": "",
        "low/inner.py": "from low._jit import kernel\nVALUE = 1\n",
        "high/outer.py": "from low._jit import kernel\nfrom low import inner\n",
        "high/plain.py": "X = 1\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(_jit, "_HOME", tmp_path)
    before = _jit.source_digest("high")
    assert [path.name for path in _jit.kernel_sources("high") if tmp_path in path.parents] == [
        "outer.py",
        "_jit.py",
        "inner.py",
    ]
    (tmp_path / "high/plain.py").write_text("X = 2\n")
    assert _jit.source_digest("high") == before  # no kernel can see it
    (tmp_path / "low/inner.py").write_text("from low._jit import kernel\nVALUE = 2\n")
    assert _jit.source_digest("high") != before


def test_a_folder_that_cannot_be_written_costs_only_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setattr(_jit.platformdirs, "user_cache_dir", lambda *_, **__: str(blocked))
    assert _jit.cache_folder.__wrapped__("engine") is None


def test_old_caches_are_cleared_away_but_for_the_last_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_jit.platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path))
    root = tmp_path / "kernels"
    for i in range(5):
        (root / f"engine-{i:016x}").mkdir(parents=True)
    (root / "dsp-0").mkdir()
    folder = _jit.cache_folder.__wrapped__("engine")
    assert folder is not None
    left = [path.name for path in root.glob("engine-*")]
    assert len(left) == 3
    assert Path(folder).name in left
    assert (root / "dsp-0").exists()
