"""Crossfades: when they begin, how loud they are, and that nothing clicks or goes over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.decks import Cue
from engine.decks.loudness import CEILING_DB, crossing_law, gain_db
from tests.measure import db
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


@pytest.mark.parametrize("end_s", [None, 3.2])
@pytest.mark.parametrize("crossfade_s", [0.5, 1.5])
def test_a_crossfade_begins_so_long_before_the_end_to_the_frame(
    make: Make, tmp_path: Path, end_s: float | None, crossfade_s: float
) -> None:
    a, b = sine(301.0, 4.0, 0.3), sine(407.0, 4.0, 0.2)
    known = {"loudness_lufs": -16.0, "true_peak_db": -10.0}
    after = Cue(2, write(tmp_path / "b.wav", b), **known)  # type: ignore[arg-type]
    one = make([after], crossfade_s=crossfade_s)
    one.start(Cue(1, write(tmp_path / "a.wav", a), end_s=end_s, **known))  # type: ignore[arg-type]
    heard = sounding(one.play_out())[:, 0]
    frames = round(crossfade_s * RATE)
    begin = round((end_s or 4.0) * RATE) - frames
    x = np.arange(frames) / frames
    want = np.concatenate([a[:begin], np.zeros(len(b))])
    want[begin : begin + frames] += a[begin : begin + frames] * np.cos(np.pi / 2 * x)
    want[begin:] += b * np.concatenate([np.sin(np.pi / 2 * x), np.ones(len(b) - frames)])
    assert len(heard) == len(want)
    # where a file is cut, the last 5 ms of what has all but faded are eased as well
    np.testing.assert_allclose(heard, want, atol=3e-3 if end_s else 1e-6)


def test_each_track_is_brought_to_the_target_as_far_as_its_peaks_allow(
    make: Make, tmp_path: Path
) -> None:
    loud = Cue(1, write(tmp_path / "1.wav", sine(300, 3.0, 0.8)), 0.0, None, -9.0, -1.9)
    soft = Cue(2, write(tmp_path / "2.wav", sine(300, 3.0, 0.1)), 0.0, None, -26.0, -20.0)
    peaky = Cue(3, write(tmp_path / "3.wav", sine(300, 3.0, 0.5)), 0.0, None, -26.0, -6.0)
    unknown = Cue(4, write(tmp_path / "4.wav", sine(300, 3.0, 0.5)))
    for cue, want_db in ((loud, -7.0), (soft, 10.0), (peaky, 4.8), (unknown, 0.0)):
        one = make()
        one.start(cue)
        heard = one.run(0.5)
        original = sine(300, 0.5, {1: 0.8, 2: 0.1}.get(cue.track_id, 0.5))
        assert db(heard[:, 0].std() / original.std()) == pytest.approx(want_db, abs=0.01)
        assert one.decks.status[one.decks.foreground].gain_db == pytest.approx(want_db)


def test_without_a_target_every_track_is_as_it_is_and_a_new_one_glides_in(
    make: Make, tmp_path: Path
) -> None:
    cue = Cue(1, write(tmp_path / "1.wav", sine(300, 9.0, 0.4)), 0.0, None, -10.0, -8.0)
    one = make()
    one.decks.target_lufs = None
    one.start(cue)
    assert np.abs(one.run(0.5)).max() == pytest.approx(0.4, abs=1e-4)
    one.decks.target_lufs = -20.0
    heard = one.run(3.0)
    assert np.abs(heard[-4_800:]).max() == pytest.approx(0.4 * 10**-0.5, abs=1e-4)
    assert roughness(heard) < 2 * roughness(sine(300, 1.0, 0.4)[:, None])


def test_gapless_tracks_of_different_loudness_do_not_click(make: Make, tmp_path: Path) -> None:
    whole = sine(200.0, 4.0, 0.3)
    first = Cue(1, write(tmp_path / "1.wav", whole[: 2 * RATE]), 0.0, None, -16.0, -10.0)
    second = Cue(2, write(tmp_path / "2.wav", whole[2 * RATE :]), 0.0, None, -13.0, -10.0)
    one = make([second])
    one.start(first)
    heard = sounding(one.play_out())
    assert len(heard) == len(whole)
    assert roughness(heard) < 2 * roughness(whole[:, None])
    assert np.abs(heard[-RATE:]).max() == pytest.approx(0.3 * 10 ** (-3 / 20), abs=1e-4)


@pytest.mark.parametrize(("level", "peak_db"), [(0.89, -1.0), (0.7, -3.1), (0.6, -4.4)])
def test_no_crossfade_of_loud_tracks_goes_over_the_ceiling(
    make: Make, tmp_path: Path, level: float, peak_db: float
) -> None:
    # the worst of all: the same tone in the same phase, so that peaks meet peaks
    cues = [
        Cue(i, write(tmp_path / f"{i}.wav", sine(250.0, 4.0, level)), 0.0, None, -16.0, peak_db)
        for i in range(2)
    ]
    one = make(cues[1:], crossfade_s=2.0)
    one.start(cues[0])
    heard = one.play_out()
    assert db(np.abs(heard).max()) < -1.0
    assert one.synth.state[0]["limit_gain"] == 1.0  # it was not the limiter that saw to it


def test_the_law_is_as_near_to_equal_power_as_the_peaks_allow() -> None:
    ceiling = 10 ** (CEILING_DB / 20)
    x = np.linspace(0, 1, 1001)
    rng = np.random.default_rng(0)
    for a, b in [*rng.uniform(0.0, ceiling, (50, 2)), (0.5, 0.5), (ceiling, ceiling), (0, 0)]:
        law = crossing_law(a, b)
        out = (1 - law) * np.cos(np.pi / 2 * x) + law * (1 - x)
        into = (1 - law) * np.sin(np.pi / 2 * x) + law * x
        assert (a * out + b * into).max() <= ceiling + 1e-9
        if np.hypot(a, b) <= ceiling:
            assert law == 0.0
    assert crossing_law(1.0, 1.0) == 1.0
    assert crossing_law(ceiling, ceiling) == pytest.approx(1.0)


def test_a_track_of_unknown_or_endless_loudness_stays_as_it_is() -> None:
    assert gain_db(None, -3.0, -16.0) == 0.0
    assert gain_db(-20.0, -3.0, None) == 0.0
    assert gain_db(float("-inf"), None, -16.0) == 0.0
    assert gain_db(-20.0, float("-inf"), -16.0) == 4.0


def test_short_tracks_are_not_all_crossfade(make: Make, tmp_path: Path) -> None:
    cues = [Cue(i, write(tmp_path / f"{i}.wav", sine(300, 1.0, 0.2))) for i in range(6)]
    one = make(cues[1:], crossfade_s=8.0)
    one.start(cues[0])
    heard = sounding(one.play_out())
    assert len(heard) == pytest.approx((6 - 5 * 0.5) * RATE, abs=8 * 480)
    assert [one.decks.sent_within(i, 60.0) for i in range(6)] == [True] * 6
    assert roughness(heard) < 2 * roughness(sine(300, 1.0, 0.2)[:, None])


def test_a_crossfade_by_hand_takes_what_is_cued_else_what_is_next(
    make: Make, tmp_path: Path
) -> None:
    cues = [Cue(i, write(tmp_path / f"{i}.wav", sine(200 + 50 * i, 9.0, 0.3))) for i in range(4)]
    one = make(cues[1:2], crossfade_s=1.0)
    one.start(cues[0])
    one.run(0.5)
    one.decks.cue(cues[3])
    one.run(0.5)
    one.decks.crossfade(0.5)
    one.run(0.25)
    states = {deck.track_id: deck for deck in one.decks.status}
    assert (states[3].state, states[0].state) == ("playing", "ending")
    assert states[3].fade == pytest.approx(states[0].fade, abs=0.02)
    assert one.decks.foreground == one.decks.status.index(states[3])
    one.run(0.5)
    assert [deck.state for deck in one.decks.status].count("empty") == 1
    one.decks.next()
    one.run(1.1)
    assert one.decks.playing is not None
    assert one.decks.playing.track_id == 1
    assert roughness(one.heard[1:]) < 2 * roughness(sine(350, 1.0, 0.3)[:, None])
    one.decks.next()  # there is none
    one.run(0.5)
    assert one.decks.playing.track_id == 1


def test_skipping_and_seeking_within_crossfades_does_not_click(make: Make, tmp_path: Path) -> None:
    tones = [write(tmp_path / f"{i}.wav", sine(150 + 30 * i, 6.0, 0.2)) for i in range(8)]
    cues = [Cue(i, path, start_s=0.1) for i, path in enumerate(tones)]
    one = make(cues[1:], crossfade_s=2.0)
    one.start(cues[0])
    for act in (
        lambda: one.decks.seek(3.8),  # just before the crossfade begins
        lambda: one.decks.seek(1.0),  # in it: of the one that came
        lambda: one.decks.next(),
        lambda: one.decks.pause(),
        lambda: one.decks.resume(),
        lambda: one.decks.next(),
        lambda: one.decks.crossfade(0.0),
        lambda: one.decks.play(cues[0]),
        lambda: one.decks.next(),
        lambda: one.decks.stop(),
    ):
        one.run(0.7)
        act()
    one.run(0.5)
    assert not one.heard[-4_800:].any()
    # two of them at once, and easing beside
    assert roughness(one.heard[1:]) < 3 * roughness(sine(360, 1.0, 0.2)[:, None])


def test_a_user_cue_comes_next_by_itself(make: Make, tmp_path: Path) -> None:
    cues = [Cue(i, write(tmp_path / f"{i}.wav", sine(300, 3.0, 0.3))) for i in range(3)]
    for crossfade_s in (0.0, 1.0):
        one = make(cues[2:], crossfade_s=crossfade_s)
        one.start(cues[0])
        one.decks.cue(cues[1])
        heard = sounding(one.play_out())
        assert one.decks.sent_within(1, 30.0)
        assert one.decks.sent_within(2, 30.0)
        assert len(heard) == pytest.approx((9 - 2 * crossfade_s) * RATE, abs=8)


def test_without_auto_the_music_ends_with_its_track(make: Make, tmp_path: Path) -> None:
    cues = [Cue(i, write(tmp_path / f"{i}.wav", sine(300, 1.0, 0.3))) for i in range(2)]
    one = make(cues[1:], crossfade_s=0.5)
    one.decks.auto = False
    one.start(cues[0])
    assert len(sounding(one.play_out())) == RATE
    assert one.asked == 0
    one.decks.next()
    one.run(0.1)
    assert one.decks.playing is not None
    assert one.decks.playing.track_id == 1


def test_who_wants_to_know_is_told_when_something_else_plays(make: Make, tmp_path: Path) -> None:
    import threading

    cue = Cue(1, write(tmp_path / "1.wav", sine(300, 1.0, 0.3)))
    one = make()
    told = threading.Event()
    one.decks.on_change.append(told.set)
    for act in (lambda: one.start(cue), one.decks.pause, one.decks.resume, one.decks.stop):
        told.clear()
        act()
        assert told.wait(60.0)
