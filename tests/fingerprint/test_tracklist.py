"""Mixes of known tunes: who plays from when to when, with crossfades, speed and strangers."""

import numpy as np
import pytest

from dsp.resample import resample
from fingerprint import FingerprintIndex
from fingerprint.tracklist import Passage, Tracklist

from .conftest import RATE, tune, with_noise

FADE_S = 4.0


@pytest.fixture(scope="module")
def sides() -> list[np.ndarray]:
    return [with_noise(tune(300 + k, 40.0), 45.0) for k in range(5)]


@pytest.fixture(scope="module")
def index(sides, tmp_path_factory):
    """Tracks 0 to 3 of the sides; the last one stays unknown."""
    with FingerprintIndex.create(tmp_path_factory.mktemp("mix") / "index") as index:
        for k in range(4):
            index.add(k, sides[k], RATE)
        index.commit()
        yield index


def crossfaded(parts: list[np.ndarray]) -> tuple[np.ndarray, list[tuple[float, float]]]:
    fade = round(FADE_S * RATE)
    ramp = np.sqrt(np.linspace(0, 1, fade)).astype(np.float32)
    mix = np.zeros(sum(map(len, parts)), np.float32)
    at, spans = 0, []
    for number, part in enumerate(parts):
        faded = part.copy()
        if number:
            faded[:fade] *= ramp
        if number < len(parts) - 1:
            faded[-fade:] *= ramp[::-1]
        mix[at : at + len(part)] += faded
        spans.append((at / RATE, (at + len(part)) / RATE))
        at += len(part) - fade
    return mix[: at + fade], spans


def heard(index: FingerprintIndex, mix: np.ndarray, block: int = 16_384) -> list[Passage]:
    tracklist = Tracklist(index, RATE)
    for at in range(0, len(mix), block):
        tracklist.feed(mix[at : at + block])
    return tracklist.finish()


def test_a_mix_with_crossfades_a_speed_change_and_a_stranger(index, sides) -> None:
    faster = resample(sides[1], RATE * 1.03, RATE)
    mix, spans = crossfaded([sides[0][5 * RATE :], faster, sides[4], sides[2]])
    found = heard(index, mix)
    assert [passage.track_id for passage in found] == [0, 1, None, 2]
    for passage, (start, end) in zip(found, spans, strict=True):
        if passage.track_id is not None:
            assert passage.start_s == pytest.approx(start, abs=3.0)
            assert passage.end_s == pytest.approx(end, abs=3.0)
        else:  # what lies between is not known before the one has ended
            assert passage.start_s == pytest.approx(found[1].end_s)
            assert passage.end_s == pytest.approx(found[3].start_s)
    first, second, _, last = found
    assert first.position_s - first.start_s == pytest.approx(5.0, abs=0.1)
    assert second.speed == pytest.approx(1.03, abs=0.003)
    assert second.pitch_cents == pytest.approx(1200 * np.log2(1.03), abs=5)
    assert last.speed == pytest.approx(1.0, abs=0.003)
    assert min(p.confidence for p in (first, second, last)) > 0.9


def test_the_list_does_not_depend_on_how_the_mix_is_fed(index, sides) -> None:
    mix, _ = crossfaded([sides[3], sides[0]])
    one, other = heard(index, mix, 1_000_000), heard(index, mix, 3200)
    assert [p.track_id for p in one] == [p.track_id for p in other] == [3, 0]
    for a, b in zip(one, other, strict=True):
        assert (a.start_s, a.end_s) == pytest.approx((b.start_s, b.end_s), abs=0.3)


def test_a_track_that_is_played_twice_is_listed_twice(index, sides) -> None:
    silence = np.zeros(5 * RATE, np.float32)
    first, second = heard(index, np.concatenate([sides[0], silence, sides[0]]))
    assert first.track_id == second.track_id == 0
    assert (first.start_s, first.end_s) == pytest.approx((0.0, 40.0), abs=1.0)
    assert (second.start_s, second.end_s) == pytest.approx((45.0, 85.0), abs=1.0)
    assert second.position_s == pytest.approx(0.0, abs=1.0)


def test_unknown_music_is_one_unknown_stretch_and_silence_is_nothing(index, sides) -> None:
    silence = np.zeros(20 * RATE, np.float32)
    [passage] = heard(index, np.concatenate([silence, sides[4], silence]))
    assert passage.track_id is None
    assert (passage.start_s, passage.end_s) == pytest.approx((20.0, 60.0), abs=0.5)
    assert heard(index, silence) == []
    assert heard(index, silence[:100]) == []
    assert Tracklist(index, RATE).finish() == []


def test_what_is_kept_of_a_long_mix_is_bounded(index, sides, monkeypatch) -> None:
    monkeypatch.setattr("fingerprint.tracklist.KEPT_S", 15.0)
    tracklist = Tracklist(index, RATE)
    sizes = []
    for _ in range(4):
        tracklist.feed(sides[4][: 10 * RATE])
        sizes.append(sum(spectra.nbytes for spectra in tracklist._kept))
    assert sizes[2] == pytest.approx(sizes[3], rel=0.02)
    assert sizes[3] < 1_500_000
