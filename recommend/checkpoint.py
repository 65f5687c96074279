"""Reads the arrays of a TensorFlow checkpoint: bytes in, arrays out, no TensorFlow.

A checkpoint of version 2 is an index and a data file. The index is a sorted table of blocks as
LevelDB has them; each value in it is a small protocol buffer that says where in the data file the
numbers of one array lie. Sources: `table/format.h` of LevelDB, `tensor_bundle.proto` of TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import NDArray

from recommend.errors import FormatError

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_TRAILER = 5  # kind of compression and checksum after each block
_FLOAT = 1  # DT_FLOAT
_MOST_DIMENSIONS = 8


def read(index: bytes, data: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the float32 arrays of a checkpoint by name; those of other types are left out.

    Parameters
    ----------
    index, data : bytes
        The whole files `*.index` and `*.data-00000-of-00001`.

    Raises
    ------
    FormatError
        If they are no such files, are compressed or cut, or do not belong together.
    """
    if len(index) < _FOOTER or int.from_bytes(index[-8:], "little") != _MAGIC:
        raise FormatError("index is not that of a TensorFlow checkpoint")
    try:
        return _arrays(index, data)
    except (IndexError, UnicodeDecodeError) as error:
        raise FormatError(f"the checkpoint is damaged ({error})") from error


def _arrays(index: bytes, data: bytes) -> dict[str, NDArray[np.float32]]:
    footer = index[-_FOOTER:]
    place = _varint(footer, _varint(footer, 0)[1])[1]  # past the handle of the meta index
    arrays = {}
    for _, handle in _entries(_block(index, footer[place:])):
        for key, value in _entries(_block(index, handle)):
            if key:  # the one without a name is the header
                array = _array(key.decode(), dict(_fields(value)), data)
                if array is not None:
                    arrays[key.decode()] = array
    return arrays


def _array(name: str, entry: dict[int, int | bytes], data: bytes) -> NDArray[np.float32] | None:
    """Return the array of an entry: 1 type, 2 shape, 3 shard, 4 offset, 5 size."""
    if entry.get(1) != _FLOAT:
        return None
    numbers = [entry.get(field, 0) for field in (3, 4, 5)]
    shape_bytes = entry.get(2, b"")
    if not isinstance(shape_bytes, bytes):
        raise FormatError(f"the checkpoint is damaged (shape of {name})")
    shape = [
        dict(_fields(size)).get(1, 0)
        for field, size in _fields(shape_bytes)
        if field == 2 and isinstance(size, bytes)
    ]
    if not all(isinstance(n, int) for n in (*numbers, *shape)) or len(shape) > _MOST_DIMENSIONS:
        raise FormatError(f"the checkpoint is damaged (entry of {name})")
    dimensions = [int(n) for n in shape]
    shard, offset, size = (int(n) for n in numbers)
    if shard != 0 or size != 4 * prod(dimensions) or offset + size > len(data):
        raise FormatError(f"the checkpoint's data do not hold {name} of shape {dimensions}")
    return np.frombuffer(data, "<f4", size // 4, offset).reshape(dimensions).astype(np.float32)


def _block(index: bytes, handle: bytes) -> bytes:
    """Return the block that a handle (offset, size) points to."""
    offset, place = _varint(handle, 0)
    size, _ = _varint(handle, place)
    if offset + size + _TRAILER > len(index) - _FOOTER or size < 4:
        raise FormatError("the checkpoint's index is cut")
    if index[offset + size]:
        raise FormatError("the checkpoint's index is compressed, which is not supported")
    return index[offset : offset + size]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values of a block; a key shares its beginning with the one before it."""
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (restarts + 1)
    place, key = 0, b""
    while place < end:
        shared, place = _varint(block, place)
        unshared, place = _varint(block, place)
        length, place = _varint(block, place)
        if shared > len(key) or place + unshared + length > end:
            raise FormatError("the checkpoint's index is damaged")
        key = key[:shared] + block[place : place + unshared]
        place += unshared
        yield key, block[place : place + length]
        place += length


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a protocol buffer."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        kind = tag & 7
        if kind == 0:
            value, place = _varint(message, place)
            yield tag >> 3, value
            continue
        length = {1: 8, 5: 4}.get(kind, 0)
        if kind == 2:
            length, place = _varint(message, place)
        elif not length:
            raise FormatError("the checkpoint's index is damaged")
        if place + length > len(message):
            raise FormatError("the checkpoint's index is cut")
        yield tag >> 3, message[place : place + length]
        place += length


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, least first, and the place after it."""
    value = 0
    for shift in range(0, 64, 7):
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise FormatError("the checkpoint's index is damaged")
