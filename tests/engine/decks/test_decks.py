"""The decks: what they send, in which order, and where in it we are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.decks import Cue, Playing
from engine.errors import DeckError, LibraryLockedError
from tests.measure import frequency
from tests.turntables import RATE, Turntables, roughness, sine, sounding, write

Make = Callable[..., Turntables]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Turntables] = []

    def make(*given: object, **options: object) -> Turntables:
        made.append(Turntables(*given, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


# --- one after the other


def test_files_follow_each_other_without_a_gap_or_a_lost_frame(make: Make, tmp_path: Path) -> None:
    parts = [np.linspace(0.1, 0.2, 30_000), np.linspace(0.2, 0.3, 70_001), np.full(99, 0.3)]
    cues = [Cue(i, write(tmp_path / f"{i}.wav", part)) for i, part in enumerate(parts)]
    one = make(cues[1:])
    one.start(cues[0])
    want = np.concatenate(parts).astype(np.float32)
    heard = sounding(one.play_out())
    assert np.array_equal(heard, np.stack([want, -want], axis=1))


@pytest.mark.parametrize("block", [64, 1021])
def test_a_sine_in_two_files_of_two_formats_is_one_sine(
    make: Make, tmp_path: Path, block: int
) -> None:
    whole = sine(441.7, 3.0)
    cut = 77_777
    one = write(tmp_path / "1.wav", whole[:cut])
    soundfile.write(tmp_path / "2.flac", np.stack([whole[cut:]] * 2, 1), RATE, subtype="PCM_24")
    tables = make([Cue(2, tmp_path / "2.flac")], block=block)
    tables.start(Cue(1, one))
    heard = sounding(tables.play_out())
    assert len(heard) == len(whole)
    np.testing.assert_allclose(heard[:, 0], whole, atol=2.0**-22)


def test_the_position_is_that_of_the_frame_that_goes_out(make: Make, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", np.linspace(0.1, 0.7, 3 * RATE))
    one = make()
    assert one.decks.playing is None
    one.start(Cue(9, path, start_s=1.0))
    heard = sounding(one.run(0.5))
    assert one.decks.playing == Playing(9, pytest.approx(1.5, abs=0.011))
    position_s = one.decks.playing.position_s
    assert heard[-1, 0] == pytest.approx(0.1 + 0.6 * position_s / 3, abs=1e-5)
    assert one.decks.place() == (9, position_s, one.synth.frame)
    assert one.decks.remaining_s == pytest.approx(3.0 - position_s, abs=1e-6)
    one.play_out()
    assert one.decks.playing is one.decks.place() is one.decks.remaining_s is None
    assert [deck.state for deck in one.decks.status] == ["empty", "empty"]


def test_a_file_of_another_rate_and_one_channel_keeps_its_pitch_and_length(
    make: Make, tmp_path: Path
) -> None:
    tone = 0.4 * np.sin(2 * np.pi * 440 * np.arange(22_050 * 2) / 22_050)
    soundfile.write(tmp_path / "a.wav", tone, 22_050, subtype="FLOAT")
    one = make()
    one.start(Cue(1, tmp_path / "a.wav"))
    sound = sounding(one.play_out())
    assert len(sound) == pytest.approx(2 * RATE, abs=64)
    assert np.array_equal(sound[:, 0], sound[:, 1])
    assert frequency(sound[4_800:90_000, 0], 440.0, RATE) == pytest.approx(440.0, abs=0.01)


def test_a_cue_plays_its_part_of_the_file_and_no_more(make: Make, tmp_path: Path) -> None:
    one = make()
    one.start(Cue(1, write(tmp_path / "a.wav", sine(300.0, 3.0)), start_s=0.7, end_s=1.9))
    heard = one.play_out()
    assert len(sounding(heard)) == pytest.approx(1.2 * RATE, abs=2)
    assert roughness(heard) < 1.5 * roughness(sine(300.0, 1.0)[:, None])


def test_of_two_wishes_in_one_breath_the_last_is_played(make: Make, tmp_path: Path) -> None:
    cues = [Cue(i, write(tmp_path / f"{i}.wav", np.full(4_800, 0.1 * (i + 1)))) for i in range(3)]
    one = make()
    for _ in range(20):
        for cue in cues:
            one.decks.play(cue)
        one.run(until=lambda: one.decks.playing is not None)
        assert one.decks.playing is not None
        assert one.decks.playing.track_id == 2
        assert np.float32(0.3) in one.play_out()[:, 0]


# --- what fails


def test_a_file_that_cannot_be_read_is_reported_and_passed_over(make: Make, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"this is no sound")
    good = Cue(3, write(tmp_path / "good.wav", np.full(4_800, 0.5)))
    for crossfade_s in (0.0, 2.0):
        one = make([Cue(2, tmp_path / "missing.flac"), good], crossfade_s=crossfade_s)
        one.decks.play(Cue(1, broken))
        one.run(until=lambda one=one: one.decks.playing is not None)  # type: ignore[misc]
        assert len(sounding(one.play_out())) == 4_800
        assert [name for name, _ in one.errors] == ["broken.wav", "missing.flac"]
        assert all(why for _, why in one.errors)


@pytest.mark.parametrize("crossfade_s", [0.0, 0.4])
def test_files_that_fail_in_a_row_are_no_silence(
    make: Make, tmp_path: Path, crossfade_s: float
) -> None:
    empty = [tmp_path / f"empty {i}.wav" for i in range(3)]
    for path in empty:
        path.write_bytes(b"")
    first = Cue(1, write(tmp_path / "1.wav", np.full(RATE, 0.25)))
    last = Cue(2, write(tmp_path / "2.wav", np.full(RATE, 0.25)))
    one = make([*(Cue(9, path) for path in empty), last], crossfade_s=crossfade_s)
    one.start(first)
    heard = sounding(one.play_out())
    assert [name for name, _ in one.errors] == [path.name for path in empty]
    assert np.abs(heard[:, 0]).min() > 0.2
    assert len(heard) == pytest.approx((2 - crossfade_s) * RATE, abs=4)


def test_who_cannot_say_what_is_next_is_asked_again(make: Make, tmp_path: Path) -> None:
    def following() -> Iterator[Cue]:
        while True:
            yield Cue(2, write(tmp_path / "2.wav", np.full(RATE, 0.25)))

    one = make(following(), crossfade_s=0.5)
    ask, failed = one._next, []

    def stumble() -> Cue | None:
        if len(failed) < 2:
            failed.append(one.synth.frame)
            raise LibraryLockedError("another process is changing the library")
        return ask()

    one.decks._conductor._on_next = stumble
    one.start(Cue(1, write(tmp_path / "1.wav", np.full(4 * RATE, 0.25))))
    one.run(until=lambda: one.decks.sent_within(2, 9.0))
    assert [why for _, why in one.errors] == ["another process is changing the library"] * 2
    assert failed[1] - failed[0] >= RATE


def test_a_file_that_breaks_off_gives_way_to_the_next(make: Make, tmp_path: Path) -> None:
    whole = write(tmp_path / "1.wav", np.full(4 * RATE, 0.25))
    whole.write_bytes(whole.read_bytes()[: RATE * 8 * 2])  # half of it; the header promises all
    after = Cue(2, write(tmp_path / "2.wav", np.full(RATE, 0.25)))
    one = make([after], crossfade_s=1.0)
    one.start(Cue(1, whole))
    heard = sounding(one.play_out())
    assert one.decks.sent_within(2, 1.0)
    assert np.abs(heard[:, 0]).min() > 0.17


# --- what the user does


def test_play_cuts_to_another_file_without_a_gap_or_a_click(make: Make, tmp_path: Path) -> None:
    one = make()
    one.start(Cue(1, write(tmp_path / "1.wav", sine(200.0, 9.0))))
    one.run(0.5)
    one.start(Cue(2, write(tmp_path / "2.wav", sine(300.0, 9.0)), start_s=2.0))
    heard = one.run(0.5)
    assert roughness(heard) < 3 * roughness(sine(300.0, 1.0)[:, None])
    assert one.decks.playing is not None
    assert one.decks.playing.track_id == 2
    quietest = np.abs(heard[:, 0]).reshape(-1, 480).max(axis=1).min()  # of 10 ms
    assert quietest > 0.3
    one.decks.stop()
    ended = one.run(0.1)
    assert roughness(np.concatenate([heard, ended])) < 3 * roughness(sine(300.0, 1.0)[:, None])
    assert not ended[480:].any()
    assert one.decks.playing is None


def test_a_pause_holds_the_music_where_it_is_and_does_not_click(make: Make, tmp_path: Path) -> None:
    tone = sine(200.0, 9.0)
    one = make()
    one.start(Cue(1, write(tmp_path / "1.wav", tone)))
    before = one.run(1.0)
    one.decks.pause()
    paused = one.run(1.0)
    assert one.decks.paused
    assert one.decks.status[one.decks.foreground].state == "paused"
    assert not paused[241:].any()
    assert one.decks.place() is None  # nothing to follow
    one.decks.resume()
    after = one.run(1.0)
    all_of_it = np.concatenate([before, paused, after])
    assert roughness(all_of_it) < 2 * roughness(tone[:, None])
    held = RATE + 240
    np.testing.assert_allclose(after[240:, 0], tone[held + 240 : held + RATE], atol=1e-6)


def test_seeking_goes_there_at_once_playing_or_paused(make: Make, tmp_path: Path) -> None:
    ramp = np.linspace(0.1, 0.7, 6 * RATE)
    one = make()
    one.start(Cue(1, write(tmp_path / "1.wav", ramp)))
    one.run(0.5)
    one.decks.seek(4.0)
    heard = one.run(0.5)
    assert np.abs(heard[480:, 0] - ramp[round(4.0 * RATE) + 240 :][: len(heard) - 480]).max() < 1e-5
    one.decks.pause()
    one.run(0.1)
    one.decks.seek(1.0)
    assert not one.run(0.1).any()
    assert one.decks.playing == Playing(1, 1.0)
    one.decks.resume()
    assert one.run(0.1)[-1, 0] == pytest.approx(ramp[round(1.1 * RATE) - 1], abs=1e-6)


def test_seeks_without_end_do_not_click(make: Make, tmp_path: Path) -> None:
    tone = sine(150.0, 9.0)
    one = make()
    one.start(Cue(1, write(tmp_path / "1.wav", tone)))
    for position_s in (5.0, 0.01, 8.1, 3.3, 3.31):
        one.run(0.21)
        one.decks.seek(position_s)
    one.run(0.2)
    assert roughness(one.heard[1:]) < 3 * roughness(tone[:, None])
    assert np.abs(one.heard[:57_600, 0]).reshape(-1, 960).max(axis=1).min() > 0.2  # no gap of 20 ms


def test_what_cannot_be_sought_is_refused(make: Make, tmp_path: Path) -> None:
    one = make()
    with pytest.raises(DeckError, match="nothing plays"):
        one.decks.seek(1.0)
    one.start(Cue(1, write(tmp_path / "1.wav", sine(200.0, 2.0))))
    for position_s in (-0.1, 2.0, float("nan")):
        with pytest.raises(ValueError, match=r"position_s must be between 0 and 2.0, got"):
            one.decks.seek(position_s)


def test_what_is_cued_waits_for_its_turn(make: Make, tmp_path: Path) -> None:
    one = make()
    one.decks.cue(Cue(5, write(tmp_path / "5.wav", np.full(RATE, 0.5)), start_s=0.25))
    assert one.decks.wait_until_ready()
    assert not one.run(0.2).any()
    waiting = one.decks.status[1 - one.decks.foreground]
    assert (waiting.track_id, waiting.state, waiting.position_s) == (5, "cued", 0.25)
    one.decks.crossfade()
    assert len(sounding(one.play_out())) == pytest.approx(0.75 * RATE, abs=2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("crossfade_s", -1),
        ("crossfade_s", 31),
        ("crossfade_s", float("nan")),
        ("target_lufs", -31),
        ("target_lufs", 0.0),
    ],
)
def test_settings_out_of_range_are_refused(make: Make, name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be between"):
        setattr(make().decks, name, value)


def test_a_cue_of_no_part_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"start_s must be at least 0, got -0.1"):
        Cue(1, tmp_path, start_s=-0.1)
    with pytest.raises(ValueError, match=r"end_s must be more than start_s, 2.0, got 1.0"):
        Cue(1, tmp_path, start_s=2.0, end_s=1.0)


def test_what_was_sent_out_lately_is_remembered_after_it_stopped(
    make: Make, tmp_path: Path
) -> None:
    one = make()
    assert not one.decks.sent_within(1, 1.0)
    one.start(Cue(1, write(tmp_path / "1.wav", np.full(10 * RATE, 0.25))))
    one.run(0.5)
    assert one.decks.sent_within(1, 1.0)
    one.decks.stop()
    one.run(0.5)
    assert one.decks.sent_within(1, 1.0)
    one.run(1.0)
    assert not one.decks.sent_within(1, 1.0)
