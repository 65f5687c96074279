"""MusiCNN's weights: taken out of the package they were published in, kept in a file of ours.

The package cannot be installed with today's Python, but its wheel is a zip file and can be read.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommend import checkpoint, modelfile
from recommend.errors import FormatError

Floats = NDArray[np.float32]

PACKAGE = "musicnn==0.1.0"
WHEEL = "musicnn-0.1.0-py3-none-any.whl"
WHEEL_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
KIND = "musicnn"
TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s",
    "alternative rock", "jazz", "beautiful", "metal", "chillout", "male vocalists",
    "classic rock", "soul", "indie rock", "Mellow", "electronica", "80s", "folk", "90s", "chill",
    "instrumental", "punk", "oldies", "blues", "hard rock", "ambient", "acoustic", "experimental",
    "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening", "sexy",
    "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb", "indie pop",
    "sad", "House", "happy",
)  # fmt: skip

_MODEL = "musicnn/MSD_musicnn/"
_LICENCE = "musicnn-0.1.0.dist-info/LICENSE.md"
_LARGEST = 16 << 20  # of a file in the wheel that is read
_EPSILON = 1e-3  # of all its batch norms
_CONVOLUTIONS = ("timbral1", "timbral2", "temporal1", "temporal2", "temporal3",
                 "mid1", "mid2", "mid3")  # fmt: skip


def convert(wheel: Path, target: Path) -> None:
    """Read the weights out of the published wheel and write them to a model file.

    Raises
    ------
    FormatError
        If it is not the wheel that was published.
    FileNotFoundError
        If it is not there.
    """
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != WHEEL_SHA256:
            raise FormatError(f"{wheel} has the SHA-256 {found}, expected {WHEEL_SHA256}")
        with zipfile.ZipFile(file) as archive:
            index = _member(archive, f"{_MODEL}.index")
            data = _member(archive, f"{_MODEL}.data-00000-of-00001")
            licence = _member(archive, _LICENCE).decode()
    settings = {"package": PACKAGE, "sha256": WHEEL_SHA256, "licence": licence, "tags": list(TAGS)}
    modelfile.write(target, KIND, settings, dict(fold(checkpoint.read(index, data))))


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST:
        raise FormatError(f"{name} in the wheel is larger than {_LARGEST} bytes")
    return archive.read(name)


def fold(arrays: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the network's weights in its own order, each batch norm as a scale and a shift.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The checkpoint's.

    Raises
    ------
    FormatError
        If one is missing.
    """
    try:
        return _folded(arrays)
    except KeyError as error:
        raise FormatError(f"the checkpoint lacks {error}") from error


def _folded(arrays: Mapping[str, Floats]) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    norms = ("input", *_CONVOLUTIONS, "pool", "dense")
    for number, name in enumerate(norms):
        norm = f"batch_normalization{f'_{number}' if number else ''}"
        variance = arrays[f"{norm}/moving_variance"].astype(np.float64)
        scale = arrays[f"{norm}/gamma"] / np.sqrt(variance + _EPSILON)
        shift = arrays[f"{norm}/beta"] - arrays[f"{norm}/moving_mean"] * scale
        out[f"{name}.scale"] = scale.astype(np.float32)
        out[f"{name}.shift"] = shift.astype(np.float32)
    for number, name in enumerate(_CONVOLUTIONS):
        convolution = f"conv2d{f'_{number}' if number else ''}"
        kernel = arrays[f"{convolution}/kernel"]  # (time, frequency, 1, filters)
        if name.startswith("timbral"):
            kernel = kernel.transpose(3, 2, 0, 1)  # (filters, 1, time, frequency)
        elif name.startswith("temporal"):
            kernel = kernel.transpose(3, 2, 1, 0)  # (filters, 1, 1, time)
        else:
            kernel = kernel[:, :, 0].transpose(2, 1, 0)  # (filters, channels, time)
        out[f"{name}.kernel"] = np.ascontiguousarray(kernel)
        out[f"{name}.bias"] = arrays[f"{convolution}/bias"]
    for ours, theirs in (("dense", "dense"), ("tags", "dense_1")):
        out[f"{ours}.kernel"] = arrays[f"{theirs}/kernel"]
        out[f"{ours}.bias"] = arrays[f"{theirs}/bias"]
    return out
