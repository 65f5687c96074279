"""Beats of music whose beats are known; low confidence where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis import VERSION, Analyser, Analysis, FormatError, OnsetEnvelope, analyse
from engine.analysis.analyser import analyse_with_onsets
from engine.analysis.features import FeatureStream, FineStream

from .conftest import RATE, sounded, steady


def nearest_ms(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the distance of true beats, or of those and what halves them, in ms."""
    true = np.sort(np.concatenate([true, (true[:-1] + true[1:]) / 2]))
    return np.array([1e3 * np.abs(true - beat).min() for beat in found])


@pytest.mark.parametrize(("bpm", "meter"), [(97.3, 4), (126.0, 4), (104.0, 3)])
def test_beats_tempo_and_bars_of_a_band_are_found(bpm: float, meter: int) -> None:
    beats = steady(bpm, 40, 0.73)
    found = analyse(sounded(beats, meter), RATE)
    assert found.grid is not None
    assert found.follows or meter == 3  # the waltz is bare, and may be doubted
    assert found.follows or meter == 3  # the waltz is bare, and may be doubted
    assert found.grid.steady
    level = found.grid.bpm / bpm
    assert level == pytest.approx(round(level), rel=50e-6)
    inside = found.grid.beats()
    inside = inside[(inside > beats[0] - 0.1) & (inside < beats[-1])]
    assert np.median(nearest_ms(inside, beats)) < 8  # of which 5 are `LATENCY_S`
    assert found.grid.beats_per_bar == meter * round(level)
    bars = found.grid.bar_phase_at(beats[:-1:meter])
    assert np.median(np.minimum(bars, found.grid.beats_per_bar - bars)) < 0.05


def test_a_tempo_that_changes_gives_a_list_of_beats() -> None:
    periods = 60 / np.linspace(96, 132, 90)
    beats = 0.5 + np.cumsum(periods)
    found = analyse(sounded(beats), RATE).grid
    assert found is not None
    assert not found.steady
    inside = found.beats()[(found.beats() > beats[0] - 0.1) & (found.beats() < beats[-1])]
    assert np.mean(nearest_ms(inside, beats) < 15) > 0.9


def made_of_nothing(kind: str) -> np.ndarray:
    rng = np.random.default_rng(9)
    time = np.arange(20 * RATE) / RATE
    if kind == "silence":
        return np.zeros(20 * RATE)
    if kind == "noise":
        return 0.1 * rng.standard_normal(20 * RATE)
    if kind == "swells":
        tones = (np.sin(2 * np.pi * hz * time) for hz in (110, 165, 220.7))
        return 0.1 * sum(tones) * (1 + np.sin(2 * np.pi * 0.07 * time))
    if kind == "constant":
        return np.full(20 * RATE, 0.5)
    clicks = np.zeros(20 * RATE)  # at random
    clicks[rng.integers(0, 20 * RATE, 60)] = 0.7
    return clicks


@pytest.mark.parametrize("kind", ["silence", "noise", "swells", "constant", "clicks"])
def test_what_has_no_beat_is_not_followed(kind: str) -> None:
    found = analyse(made_of_nothing(kind), RATE)
    assert not found.follows
    assert Analysis.from_json(found.to_json()) == found


@pytest.mark.parametrize("samples", [0, 1, 100, RATE // 2, 5 * RATE])
def test_a_short_track_is_no_trouble(samples: int) -> None:
    audio = sounded(steady(120, 8))[:samples]
    found = analyse(audio, RATE)
    assert found.duration_s == samples / RATE
    assert not found.follows


def test_an_analysis_does_not_depend_on_the_blocks() -> None:
    audio = sounded(steady(110, 12))[:, None]
    whole, onsets = analyse_with_onsets(audio, RATE)
    stream = Analyser(RATE, 1)
    for at in range(0, len(audio), 1111):
        stream.feed(audio[at : at + 1111])
    pieces, same = stream.finish()
    assert pieces.grid is not None
    assert whole.grid is not None
    assert pieces.grid.period_s == pytest.approx(whole.grid.period_s, rel=1e-6)
    assert pieces.key == whole.key
    assert np.abs(onsets.levels.astype(int) - same.levels).max() <= 1


def test_a_softer_copy_has_the_same_beats() -> None:
    audio = sounded(steady(118, 20))
    loud, soft = analyse(audio, RATE).grid, analyse(audio / 64, RATE).grid
    assert loud is not None
    assert soft is not None
    assert soft.first_s == pytest.approx(loud.first_s, abs=1e-3)
    assert soft.period_s == pytest.approx(loud.period_s, rel=1e-5)


def test_cues_are_bars_between_the_silences() -> None:
    beats = steady(120, 30)
    audio = sounded(beats)
    padded = np.concatenate([np.zeros(3 * RATE), audio, np.zeros(5 * RATE)])
    found = analyse(padded, RATE)
    assert found.cue_in_s == pytest.approx(3.4, abs=0.02)
    assert 30 < found.cue_out_s < 35.5


def test_onsets_peak_where_sounds_begin() -> None:
    beats = steady(100, 12)
    onsets = analyse_with_onsets(sounded(beats), RATE)[1]
    for beat in beats[2:-2]:
        around = onsets.at(beat - 0.1, beat + 0.1)
        assert abs(0.005 * int(around.argmax()) - 0.1) < 0.015
    assert onsets.at(-1.0, 0.0).tolist() == [0.0] * 200


def test_onsets_survive_being_stored_and_damage_is_seen() -> None:
    onsets = OnsetEnvelope(np.arange(1000, dtype=np.uint8))
    packed = onsets.to_bytes()
    assert (OnsetEnvelope.from_bytes(packed).levels == onsets.levels).all()
    for damaged in (b"", packed[:40], b"XXXX" + packed[4:], packed[:30] + b"\0\0\0" + packed[33:]):
        with pytest.raises(FormatError):
            OnsetEnvelope.from_bytes(damaged)


def test_an_analysis_of_another_version_is_refused() -> None:
    text = analyse(np.zeros(RATE), RATE).to_json()
    for damaged in (text.replace(f'"version":{VERSION}', '"version":0'), text[:-9], "{}", "[]"):
        with pytest.raises(FormatError):
            Analysis.from_json(damaged)


def test_what_is_no_sound_is_refused() -> None:
    with pytest.raises(TypeError, match="floating point"):
        analyse(np.zeros(100, np.int16), RATE)
    with pytest.raises(ValueError, match="audio must be finite"):
        analyse(np.full(100, np.nan), RATE)
    with pytest.raises(ValueError, match="1 or 2 dimensions"):
        analyse(np.zeros((2, 2, 2)), RATE)


def test_the_grid_of_a_very_long_track_comes_from_its_first_hours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.analysis.analyser._LONGEST", 20 * RATE)
    beats = steady(112, 40)
    found = analyse(sounded(beats), RATE)
    assert found.duration_s == pytest.approx(41.5, abs=0.5)
    assert found.grid is not None
    assert found.grid.last_s < 20
    number = found.grid.beat_at(beats[-4:] - 0.006)
    assert np.abs(2 * number - np.round(2 * number)).max() < 0.05


def test_the_fine_onsets_of_a_stream_are_those_of_the_whole() -> None:
    audio = sounded(steady(110, 6))
    whole, live = FeatureStream(), FineStream()
    whole.feed(audio)
    frames = np.concatenate([live.feed(audio[k : k + 777]) for k in range(0, len(audio), 777)])
    fine = whole.finish().fine
    assert len(frames) > 0.99 * len(fine)
    assert np.allclose(frames[:, 3], fine[: len(frames)], atol=1e-4)
