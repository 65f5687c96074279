"""Arrays and settings in one checksummed file, replaced as a whole and mapped without copying.

Layout: 8 bytes magic, 8 bytes little-endian length of the header, 32 bytes SHA-256 of everything
that follows, the header (JSON), then each array, raw and little-endian, on a 64-byte boundary.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommend.errors import FormatError

MAGIC = b"ANTIPHN1"
_PROLOGUE = len(MAGIC) + 8 + 32
_ALIGN = 64
_DTYPES = ("<f4", "<f8", "<i8", "<i4", "|u1")

Arrays = dict[str, NDArray[Any]]


def write(path: str | Path, kind: str, settings: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a model file under a temporary name, then move it into place.

    Parameters
    ----------
    path : str or Path
        Where the file shall stand. An old file there serves until the new one is whole.
    kind : str
        What the file holds; `read` refuses another kind.
    settings : mapping
        Plain values that JSON can carry.
    arrays : dict of ndarray
        float32, float64, int32, int64 or uint8 arrays.
    """
    path = Path(path)
    rows: list[list[Any]] = []
    chunks: list[bytes | memoryview] = []
    offset = 0
    for name, array in arrays.items():
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        if little.dtype.str not in _DTYPES:
            raise TypeError(f"arrays[{name!r}] must be one of {_DTYPES}, got {little.dtype.str}")
        padding = -little.nbytes % _ALIGN
        rows.append([name, little.dtype.str, list(little.shape), offset])
        chunks += [little.reshape(-1).view(np.uint8).tobytes(), b"\0" * padding]
        offset += little.nbytes + padding
    header = json.dumps({"kind": kind, "settings": dict(settings), "arrays": rows}).encode()
    header += b" " * (-(_PROLOGUE + len(header)) % _ALIGN)
    digest = hashlib.sha256(header)
    for chunk in chunks:
        digest.update(chunk)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("wb") as file:
            file.write(MAGIC + len(header).to_bytes(8, "little") + digest.digest() + header)
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class _Held(dict[str, Any]):
    """What a file holds; to ask for what it does not hold is an error of the file."""

    def __init__(self, path: Path, held: Mapping[str, Any]) -> None:
        super().__init__(held)
        self._path = path

    def __missing__(self, name: str) -> Any:
        raise FormatError(f"{self._path} lacks {name}")


def require_shape(name: str, array: NDArray[Any], shape: tuple[int | None, ...]) -> None:
    """Refuse an array of another shape; None stands for any length.

    Raises
    ------
    FormatError
    """
    if array.ndim != len(shape) or any(
        wanted not in {None, found} for wanted, found in zip(shape, array.shape, strict=True)
    ):
        words = tuple("any" if length is None else length for length in shape)
        raise FormatError(f"{name} must have shape {words}, got {array.shape}".replace("'", ""))


def verify(path: str | Path) -> NDArray[np.uint8]:
    """Map a model file of any kind, and check its every byte.

    Raises
    ------
    FormatError
        If the file is not ours, cut short or changed.
    FileNotFoundError
        If there is none.
    """
    path = Path(path)
    if path.stat().st_size < _PROLOGUE:
        raise FormatError(f"{path} is too short to be a model file")
    # private pages: the file cannot be changed through them, and kernels see ordinary arrays
    raw = np.memmap(path, dtype=np.uint8, mode="c").view(np.ndarray)
    if raw[: len(MAGIC)].tobytes() != MAGIC:
        raise FormatError(f"{path} is not a model file of this program")
    if hashlib.sha256(raw[_PROLOGUE:].data).digest() != raw[16:_PROLOGUE].tobytes():
        raise FormatError(f"{path} is damaged: its checksum does not match")
    return raw


def read(path: str | Path, kind: str) -> tuple[dict[str, Any], Arrays]:
    """Map a model file and check it whole.

    Returns
    -------
    settings : dict
    arrays : dict of ndarray
        Views of the mapped file; what is written to them stays in memory.

    Raises
    ------
    FormatError
        If the file is not ours, of another kind, cut short or changed.
    FileNotFoundError
        If there is none.
    """
    path = Path(path)
    raw = verify(path)
    length = int.from_bytes(raw[8:16].tobytes(), "little")
    header = json.loads(raw[_PROLOGUE : _PROLOGUE + length].tobytes())
    if header["kind"] != kind:
        raise FormatError(f"{path} holds {header['kind']!r}, expected {kind!r}")
    arrays: Arrays = _Held(path, {})
    for name, dtype, shape, offset in header["arrays"]:
        start = _PROLOGUE + length + offset
        count = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        arrays[name] = raw[start : start + count].view(dtype).reshape(shape)
    return _Held(path, header["settings"]), arrays
