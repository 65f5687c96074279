"""An arpeggio that finds the beat and the key of a record in the room, rendered to a file.

python examples/play_in_time.py FOLDER_OF_MUSIC OUT.wav [TITLE]

A record player that is not ours plays a track; the microphone hears it and the synthesizer.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from engine.follow import Follower
from engine.follow.harmony import Harmony
from engine.io import audiofile
from engine.io.device import HandStream
from engine.library import Library, ingest
from engine.listener import Tracker, hear
from engine.room import SimulatedRoom
from engine.synth import Synth

BLOCK = 1024
SECONDS = 20.0


def play_along(library: Library, track_id: int) -> np.ndarray:
    """Return what a listener hears of the record and the synthesizer."""
    synth = Synth("arp-pulse")
    music, rate = audiofile.read(library.track(track_id).path, sample_rate=int(synth.sample_rate))
    record = np.zeros((round(SECONDS * rate), 2), np.float32)
    record[: len(music)] = music[: len(record)].mean(axis=1, keepdims=True)
    room = SimulatedRoom(rate, BLOCK, noise_rms=0.003)
    at = 0
    heard = record.copy()

    def answer(out: np.ndarray) -> np.ndarray:
        nonlocal at
        heard[at : at + BLOCK] += 0.5 * out
        at += BLOCK
        return room(heard[at - BLOCK : at])

    stream = HandStream(synth, BLOCK, answer)
    tracker = Tracker(library.index, rate)
    follower = Follower(
        synth,
        lambda one: (found, library.onsets(one)) if (found := library.analysis(one)) else None,
        round_trip_s=BLOCK / rate + 0.006,  # a block, and two metres of air
    )
    harmony = Harmony(synth, snaps=True)
    for note in (48, 52, 55, 59):
        synth.note_on(note, 90)
    samples = np.zeros(BLOCK, np.float32)
    said = ""
    while at + BLOCK <= len(record):
        stream.step()
        hear(synth.state, tracker, samples, follower)
        now = follower.following
        harmony.take(now.key)
        key = now.key.name if now.key else "no key"
        if now.state != said:
            print(f"{at / rate:5.1f} s  {now.state}, {now.bpm:.1f} BPM, {key}")
            said = now.state
    return heard


if __name__ == "__main__":  # ingest starts worker processes, which import this file
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder)) as library:
        ingest.add(library, [Path(sys.argv[1])])
        title = sys.argv[3] if len(sys.argv) > 3 else ""
        track = next(track for track in library.tracks() if title in track.name)
        audio = play_along(library, track.id)
        audiofile.write(Path(sys.argv[2]), audio / max(1.0, float(np.abs(audio).max())), 48_000)
