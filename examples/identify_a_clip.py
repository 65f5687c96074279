"""Index three tunes that come with Antiphon, then ask where seven noisy seconds come from.

python examples/identify_a_clip.py
"""

import tempfile
from pathlib import Path

import numpy as np

from engine import tunes
from engine.synth import Synth
from fingerprint import FingerprintIndex

SAMPLE_RATE = 44_100
NAMES = ["greensleeves", "korobeiniki", "fur-elise"]

with (
    tempfile.TemporaryDirectory() as folder,
    FingerprintIndex.create(Path(folder) / "index") as index,
):
    rendered = []
    for track_id, name in enumerate(NAMES):
        audio = Synth(sample_rate=SAMPLE_RATE).render_song(tunes.load(name)).mean(axis=1)
        index.add(track_id, audio, SAMPLE_RATE)
        rendered.append(audio)
    index.commit()

    start = 12 * SAMPLE_RATE
    clip = rendered[1][start : start + 7 * SAMPLE_RATE]
    noise = np.random.default_rng(0).standard_normal(len(clip)) * 0.3 * clip.std()
    noisy = (clip + noise).astype(np.float32)

    for match in index.identify(noisy, SAMPLE_RATE, limit=1):
        said = "is" if match.known else "might be"
        print(
            f"the clip {said} {NAMES[match.track_id]}, from {match.offset_s:.2f} s on, "
            f"{match.confidence:.0%} sure"
        )
