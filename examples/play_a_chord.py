"""Render a chord to a WAV file; no sound device is needed.

python examples/play_a_chord.py [FILE.wav]
"""

import sys
from pathlib import Path

from engine.io import audiofile
from engine.synth import Synth

SAMPLE_RATE = 48_000

path = Path(sys.argv[1] if len(sys.argv) > 1 else "chord.wav")
synth = Synth("warm-pad", SAMPLE_RATE)
notes = [(0.15 * i, note, 90, 2.5) for i, note in enumerate((48, 60, 64, 67, 71))]
audio = synth.render(notes, seconds=4.0)  # (192000, 2) float32
audiofile.write(path, audio, SAMPLE_RATE)
print(f"{path}: {len(audio) / SAMPLE_RATE:.1f} s, peak {abs(audio).max():.2f}")
