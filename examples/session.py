"""A session from Python: the deck plays, a simulated room answers, the queue is renewed.

python examples/session.py FOLDER_OF_MUSIC [TRACK_ID]

With a sound device, `engine.io.device.open_stream(synth, listen=True)` replaces NullStream.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.decks import Cue, Decks
from engine.io.device import NullStream
from engine.library import Library, ingest
from engine.room import SimulatedRoom
from engine.session import Session
from engine.synth import Synth

BLOCK = 512
LISTEN_S = 10.0

if __name__ == "__main__":  # ingest starts worker processes, which import this file
    synth = Synth("glass-keys")
    room = SimulatedRoom(synth.sample_rate, BLOCK, noise_rms=0.005)
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder)) as library:
        ingest.add(library, [Path(sys.argv[1])])
        tracks = library.tracks()
        asked = library.track(int(sys.argv[2])) if len(sys.argv) > 2 else tracks[0]
        other = Synth(sample_rate=synth.sample_rate)
        stranger = Decks(other.state, other.sample_rate)  # a record player that is not ours
        stranger.play(Cue(asked.id, asked.path, start_s=5.0))
        records = np.empty((BLOCK, 2), np.float32)

        def both(played: NDArray[np.float32]) -> NDArray[np.float32]:
            other.render_block(records)
            return room(played + records)

        with NullStream(synth, BLOCK, both) as stream, Session(library, synth, stream) as session:
            synth.note_on(72)  # and someone plays along
            until = time.monotonic() + LISTEN_S
            while not len(session.history) and time.monotonic() < until:
                time.sleep(0.1)
            stranger.close()
            for event in session.history.entries:
                place = f"{event.title} at {event.position_s:.1f} s" if event.track_id else ""
                print(event.kind, place)
            for number, entry in enumerate(session.queue, 1):
                print(f"{number}. {entry.track.name}: {entry.reason}")
