"""TensorFlow's checkpoints, read without it: against files put together here by the format."""

from __future__ import annotations

import numpy as np
import pytest

from recommend import FormatError, checkpoint


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def entry(kind: int, shape: tuple[int, ...], offset: int, size: int) -> bytes:
    sizes = b"".join(field(2, field(1, n)) for n in shape)
    return field(1, kind) + field(2, sizes) + field(4, offset) + field(5, size) + b"\x35abcd"


def block(rows: list[tuple[bytes, bytes]]) -> bytes:
    """Keys in order, each sharing what it can with the one before it."""
    out, before = b"", b""
    for key, value in rows:
        shared = 0
        while shared < min(len(key), len(before)) and key[shared] == before[shared]:
            shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value))
        out += key[shared:] + value
        before = key
    return out + bytes(4) + (1).to_bytes(4, "little")


def table(rows: list[tuple[bytes, bytes]], compression: int = 0) -> bytes:
    data = block(rows)
    handle = varint(0) + varint(len(data))
    index = block([(b"z", handle)])
    whole = data + bytes([compression]) + bytes(4) + index + bytes(5)
    footer = varint(0) + varint(0) + varint(len(data) + 5) + varint(len(index))
    return whole + footer.ljust(40, b"\0") + 0xDB4775248B80FB57.to_bytes(8, "little")


NUMBERS = np.arange(300, dtype="<f4")
ROWS = [
    (b"", field(1, 1)),
    (b"conv/bias", entry(1, (), 1196, 4)),
    (b"conv/kernel", entry(1, (2, 100), 40, 800)),
    (b"step", entry(9, (), 0, 8)),  # int64
]


def test_float_arrays_come_with_their_names_shapes_and_numbers() -> None:
    arrays = checkpoint.read(table(ROWS), NUMBERS.tobytes())
    assert set(arrays) == {"conv/bias", "conv/kernel"}
    assert arrays["conv/bias"].shape == ()
    assert arrays["conv/bias"] == 299
    np.testing.assert_array_equal(arrays["conv/kernel"], NUMBERS[10:210].reshape(2, 100))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (entry(1, (2, 100), 1000, 800), "do not hold"),  # beyond the end
        (entry(1, (2, 99), 40, 800), "do not hold"),  # shape and size disagree
        (entry(1, (1,) * 9, 0, 4), "damaged"),
        (field(1, 1) + field(2, 3) + field(5, 4), "damaged"),  # a number for a shape
        (b"\x0b", "damaged"),  # a kind of field that there is none of
        (b"\x12\x7f", "cut"),
    ],
)
def test_an_entry_that_is_wrong_is_refused(row: bytes, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        checkpoint.read(table([(b"w", row)]), NUMBERS.tobytes())


def test_a_compressed_table_and_a_foreign_file_are_refused() -> None:
    with pytest.raises(FormatError, match="compressed"):
        checkpoint.read(table(ROWS, compression=1), NUMBERS.tobytes())
    with pytest.raises(FormatError, match="not that of"):
        checkpoint.read(b"PK" * 100, b"")


def test_no_single_wrong_byte_does_more_than_raise_a_format_error() -> None:
    whole = table(ROWS)
    for place in range(len(whole)):
        for value in (0, 127, 255):
            spoilt = whole[:place] + bytes([value]) + whole[place + 1 :]
            try:
                arrays = checkpoint.read(spoilt, NUMBERS.tobytes())
            except FormatError:
                continue
            assert all(array.nbytes <= NUMBERS.nbytes for array in arrays.values())
