"""The deck: what it sends, in which order, and where in it we are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.deck import Deck
from engine.synth import Synth
from tests.measure import frequency

_RATE = 48_000
_BLOCK = 480
_ROUNDS = 2_000

Start = Callable[..., Deck]


@pytest.fixture
def synth() -> Synth:
    synth = Synth()
    synth.render([], 0.01)  # compiled
    return synth


@pytest.fixture
def start(synth: Synth) -> Iterator[Start]:
    decks: list[Deck] = []

    def start(**options: object) -> Deck:
        decks.append(Deck(synth.state, synth.sample_rate, **options))  # type: ignore[arg-type]
        return decks[-1]

    yield start
    for deck in decks:
        deck.close()


def _write(path: Path, left: NDArray[np.float64], rate: int = _RATE) -> Path:
    soundfile.write(path, np.stack([left, -left], axis=1), rate, subtype="FLOAT")
    return path


def _ramp(first: float, last: float, frames: int) -> NDArray[np.float64]:
    return np.linspace(first, last, frames)


def _hear(synth: Synth, until: Callable[[NDArray[np.float32]], bool]) -> NDArray[np.float32]:
    """Render, as a sound card would, until what was heard satisfies `until`."""
    idle = threading.Event()
    heard = np.empty((0, 2), np.float32)
    parts: list[NDArray[np.float32]] = []
    for round_ in range(_ROUNDS):
        out = np.empty((_BLOCK, 2), np.float32)
        synth.render_block(out)
        parts.append(out)
        if not out[-1].any():
            idle.wait(0.002)  # let the decoder catch up
        if round_ % 10 == 9:
            heard = np.concatenate(parts)
            if until(heard):
                return heard
    raise AssertionError(f"not heard in {_ROUNDS} blocks: {heard.shape}, {np.abs(heard).max()}")


def _sounding(heard: NDArray[np.float32]) -> NDArray[np.float32]:
    return heard[heard.any(axis=1)]


def test_files_follow_each_other_without_a_gap_or_a_lost_frame(
    synth: Synth, start: Start, tmp_path: Path
) -> None:
    sounds = [_ramp(0.1, 0.2, 30_000), _ramp(0.2, 0.3, 70_001), _ramp(0.3, 0.4, 999)]
    files = [(i, _write(tmp_path / f"{i}.wav", sound)) for i, sound in enumerate(sounds)]
    rest = iter(files[1:])
    deck = start(on_next=lambda: next(rest, None))
    deck.play(*files[0])
    want = np.concatenate(sounds).astype(np.float32)
    heard = _hear(synth, lambda heard: len(_sounding(heard)) == want.size)
    assert np.array_equal(_sounding(heard)[:, 0], want)
    assert np.array_equal(_sounding(heard)[:, 1], -want)
    # all of it was there before it was needed, but for where the thread was late
    gaps = np.flatnonzero(np.diff(heard[:, 0] != 0.0)).size
    assert gaps <= 2 + 2 * int(synth.state[0]["deck_starved"] > 0) + 8


def test_the_position_is_that_of_the_frame_that_goes_out(
    synth: Synth, start: Start, tmp_path: Path
) -> None:
    path = _write(tmp_path / "a.wav", _ramp(0.1, 0.7, 3 * _RATE))
    deck = start()
    assert deck.playing is None
    deck.play(9, path, start_s=1.0)
    heard = _sounding(_hear(synth, lambda heard: len(_sounding(heard)) > 20_000))
    playing = deck.playing
    assert playing is not None
    assert playing.track_id == 9
    assert playing.position_s == pytest.approx(1.0 + len(heard) / _RATE, abs=1e-6)
    assert heard[0, 0] == pytest.approx(0.1 + 0.6 / 3, abs=1e-4)
    _hear(synth, lambda _: deck.playing is None)


def test_stop_ends_the_sound_and_play_replaces_it(
    synth: Synth, start: Start, tmp_path: Path
) -> None:
    one = _write(tmp_path / "1.wav", np.full(10 * _RATE, 0.25))
    two = _write(tmp_path / "2.wav", np.full(_RATE, 0.5))
    deck = start()
    deck.play(1, one)
    _hear(synth, lambda heard: bool(heard[-1, 0] == 0.25))
    deck.play(2, two)
    heard = _hear(synth, lambda heard: bool(heard[-1, 0] == 0.5))
    changes = heard[np.flatnonzero(np.diff(heard[:, 0])) + 1, 0]
    assert np.argmax(changes == 0.5) == len(changes) - 1
    assert np.all(changes[:-1] < 0.25)  # it fades out, and never comes back
    assert np.all(np.diff(changes[:-1]) < 0)
    assert deck.playing is not None
    assert deck.playing.track_id == 2
    deck.stop()
    _hear(synth, lambda heard: not heard[-1].any())
    assert deck.playing is None
    assert synth.state[0]["deck_head"][0] == synth.state[0]["deck_tail"][0]


def test_of_two_wishes_in_one_breath_the_last_is_played(
    synth: Synth, start: Start, tmp_path: Path
) -> None:
    files = [_write(tmp_path / f"{i}.wav", np.full(4_800, 0.1 * (i + 1))) for i in range(3)]
    deck = start()
    for _ in range(30):
        for i, path in enumerate(files):
            deck.play(i, path)
        heard = _hear(synth, lambda heard: np.float32(0.3) in heard[:, 0])
        assert heard.size


def test_a_file_that_cannot_be_read_is_reported_and_passed_over(
    synth: Synth, start: Start, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"this is no sound")
    good = _write(tmp_path / "good.wav", np.full(4_800, 0.5))
    files = iter([(2, tmp_path / "missing.flac"), (3, good)])
    errors: list[tuple[str, str]] = []
    deck = start(
        on_next=lambda: next(files, None),
        on_error=lambda path, why: errors.append((path.name, why)),
    )
    deck.play(1, broken)
    _hear(synth, lambda heard: len(_sounding(heard)) == 4_800)
    assert [name for name, _ in errors] == ["broken.wav", "missing.flac"]
    assert all(why for _, why in errors)


def test_a_file_of_another_rate_and_one_channel_keeps_its_pitch_and_length(
    synth: Synth, start: Start, tmp_path: Path
) -> None:
    t = np.arange(22_050 * 2) / 22_050
    soundfile.write(tmp_path / "a.wav", 0.4 * np.sin(2 * np.pi * 440 * t), 22_050, subtype="FLOAT")
    deck = start()
    deck.play(1, tmp_path / "a.wav")
    heard = _hear(synth, lambda heard: int(synth.state[0]["deck_tail"][0]) >= 2 * _RATE - 64)
    sound = _sounding(heard)
    assert len(sound) == pytest.approx(2 * _RATE, abs=64)
    assert np.array_equal(sound[:, 0], sound[:, 1])
    assert frequency(sound[4_800:90_000, 0], 440.0, _RATE) == pytest.approx(440.0, abs=0.01)


def test_a_start_before_the_beginning_is_refused(start: Start, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"start_s must be at least 0, got -0.1"):
        start().play(1, tmp_path / "x.wav", start_s=-0.1)


def test_what_was_sent_out_lately_is_remembered_after_it_stopped(
    synth: Synth, start: Start, tmp_path: Path
) -> None:
    deck = start()
    assert not deck.sent_within(1, 1.0)
    deck.play(1, _write(tmp_path / "1.wav", np.full(10 * _RATE, 0.25)))
    _hear(synth, lambda heard: bool(heard[-1, 0] == 0.25))
    assert deck.sent_within(1, 1.0)
    deck.stop()
    _hear(synth, lambda heard: not heard[-1].any())
    assert deck.sent_within(1, 1.0)
    synth.render([], 2.0)
    assert not deck.sent_within(1, 1.0)
