"""What a library holds is counted rightly, also while another connection writes to it."""

from __future__ import annotations

from pathlib import Path

from engine.library.totals import totals
from tests.engine.made import Made, made_library


def test_totals_agree_with_the_library_and_follow_it(tmp_path: Path) -> None:
    tracks = [Made(f"Tune {i}", seconds=100.0 + i) for i in range(7)]
    with made_library(tmp_path, tracks, [[0, 1, 2], [3, 4]]) as library:
        held = totals(library.directory)
        assert held.tracks == len(library) == 7
        assert held.seconds == sum(track.duration_s for track in library.tracks())
        assert held.playlists == len(library.playlists()) == 2
        assert held.waiting == len(library.waiting_for_analysis())
        library.remove(3)
        held = totals(library.directory)
        assert (held.tracks, held.seconds) == (6, 721.0 - 102.0)
