"""Compile the kernels that most tests need, once, while the linters run: `python -m tests.warm`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from dsp._jit import cache_folder
from engine.analysis import analyse
from engine.rt import callback
from engine.synth import Synth
from fingerprint import FingerprintIndex
from recommend import WRMF, Interactions

RATE = 48_000
MACHINE_CODE = "callback.ll"  # in the folder of the kernels, which goes by their sources


def keep_machine_code() -> None:
    """Write down what the audio callback was compiled to, if that was now; its tests read it."""
    compiled, folder = callback._entry()[0], cache_folder("engine")
    if folder is not None and not compiled.cache_hits:
        (Path(folder) / MACHINE_CODE).write_text(compiled.inspect_llvm(), encoding="utf-8")


def main() -> None:
    """Use each part once."""
    sound = np.random.default_rng(0).standard_normal(12 * RATE).astype(np.float32) * np.float32(0.1)
    Synth().render([(0.0, 60, 100, 0.1)], 0.2)
    keep_machine_code()
    analyse(sound, RATE)
    with tempfile.TemporaryDirectory() as folder:
        index = FingerprintIndex.create(Path(folder) / "index")
        index.add(0, sound, RATE)
        index.commit()
        index.identify(sound[: 3 * RATE], RATE)
        index.close()
    WRMF(factors=8).fit(Interactions.from_playlists([[1, 2, 3], [2, 3, 4], [1, 4]]))


if __name__ == "__main__":
    main()
