"""The baseline that is taught in courses: onset times as a set, compared by min-hash.

    python -m evals.onset_baseline MUSIC_DIR [--seconds 10] [--json OUT]

Every track is the set of the frames, counted from its start, at which a note begins within its
first ten seconds; the set becomes a signature of 100 permutations, and a clip is the track whose
signature is most like its own. The frames are absolute, so a clip that begins a tenth of a second
later has another set, and nothing holds but the clip that was cut at the very same start. This
program shows it: top-1 over all tracks of MUSIC_DIR that are long enough, for clips that begin
later and later, and with noise. What landmarks do instead: `python -m evals.identification`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsp.spectrum import log_power
from evals.identification import _SUFFIXES, read
from fingerprint.minhash import MinHash, similarity
from fingerprint.peaks import prepare
from fingerprint.settings import HOP, N_FFT, SAMPLE_RATE

AROUND = 4  # frames on both sides, of which an onset is the greatest
ABOVE = 1.3  # times the mean flux of the second around it
LATE_S = (0.0, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
NOISE_DB = (20.0, 10.0, 0.0)


def onsets(audio: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the frames at which the spectrum rises most (spectral flux), at SAMPLE_RATE."""
    level = log_power(audio, N_FFT, HOP, 2, 440)
    flux = np.maximum(0.0, np.diff(level, axis=0)).sum(axis=1)
    mean = np.convolve(flux, np.ones(51) / 51, "same")
    padded = np.pad(flux, AROUND, constant_values=-np.inf)
    greatest = np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1).max(axis=1)
    return np.flatnonzero((flux == greatest) & (flux > ABOVE * mean)) + 1


def with_noise(
    audio: NDArray[np.float32], snr_db: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    noise = rng.standard_normal(len(audio))
    level = np.sqrt(np.mean(audio**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    return np.asarray(audio + level * noise, np.float32)


def evaluate(tracks: list[NDArray[np.float32]], seconds: float) -> dict[str, float]:
    """Return top-1 in percent by condition; each track is as long as the latest clip needs."""
    scheme, rng = MinHash(), np.random.default_rng(0)
    frames = round(seconds * SAMPLE_RATE)
    known = np.array([scheme.signature(onsets(track[:frames])) for track in tracks])

    def top1(late_s: float, snr_db: float | None) -> float:
        right = 0
        for number, track in enumerate(tracks):
            start = round(late_s * SAMPLE_RATE)
            clip = track[start : start + frames]
            if snr_db is not None:
                clip = with_noise(clip, snr_db, rng)
            mine = scheme.signature(onsets(clip))
            right += int(np.argmax([similarity(mine, other) for other in known])) == number
        return round(100.0 * right / len(tracks), 1)

    result = {f"starts {late:g} s late": top1(late, None) for late in LATE_S}
    return result | {f"same start, white noise at {db:g} dB": top1(0.0, db) for db in NOISE_DB}


def main() -> None:
    parser = argparse.ArgumentParser(description="The onset-set baseline.")
    parser.add_argument("music", type=Path, help="folder of audio files")
    parser.add_argument("--seconds", type=float, default=10.0, help="of every clip")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    tracks = []
    for path in sorted(p for p in arguments.music.iterdir() if p.suffix.lower() in _SUFFIXES):
        audio, rate = read(path)
        needed = round((arguments.seconds + max(LATE_S) + 0.1) * rate)
        if len(audio) >= needed:
            tracks.append(prepare(audio[:needed], rate))
    result = evaluate(tracks, arguments.seconds)
    print(
        f"{len(tracks)} tracks, clips of {arguments.seconds:g} s; chance {100 / len(tracks):.1f} %"
    )
    for condition, share in result.items():
        print(f"| {condition} | {share:.1f} % |")
    if arguments.json:
        arguments.json.write_text(json.dumps({"tracks": len(tracks), "top1": result}, indent=1))


if __name__ == "__main__":
    main()
