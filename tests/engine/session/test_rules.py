"""Rules: what each does to the ranking, that it says so, and that off means off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.analysis import Key
from engine.library import Traits, twins
from engine.session import Rules
from engine.session.facts import Facts
from engine.session.preferences import energy as level
from engine.session.preferences import fifths, key_fit, tempo_fit
from fingerprint.aligned import Overlap
from fingerprint.duplicates import Duplicate, Relation

from ..made import Made, made_library
from .conftest import Desk

_COUNT = 120
OFF = Rules.off()


@pytest.fixture
def hall(desk: Callable[..., Desk]) -> Desk:
    """Return a desk over 120 tracks of all tempos, keys and levels, 12 artists, 60 playlists."""
    rng = np.random.default_rng(5)
    tracks = [
        Made(
            f"Tune {i}",
            f"Artist {i % 12}",
            200.0,
            bpm=float(rng.uniform(70, 170)),
            key=Key(int(rng.integers(12)), ("major", "minor")[int(rng.integers(2))], 0.9),
            lufs=float(rng.uniform(-24, -8)),
        )
        for i in range(_COUNT)
    ]
    # the first tracks stand in many playlists, the last in few
    weight = 1.0 / (1 + np.arange(_COUNT))
    playlists = [
        rng.choice(_COUNT, 8, replace=False, p=weight / weight.sum()).tolist() for _ in range(60)
    ]
    hall = desk(tracks, playlists)
    hall.queue.rules = OFF
    hall.hear(1)
    return hall


def plain(hall: Desk) -> list[int]:
    ranking = hall.chooser.rank(
        replace(hall.queue._plan, entries=()), hall.evening, len(hall.queue), ()
    )
    return ranking.ids.tolist()


def traits(hall: Desk) -> list[Traits]:
    found = hall.facts.traits([hall.evening.heard[-1], *hall.ids])
    return [one for one in found if one is not None]


def near(one: Traits | None, other: Traits) -> float:
    minor = one is not None and one.mode == "minor"
    return float(key_fit(np.array([fifths(one)]), np.array([minor]), other)[0])


def test_with_all_rules_off_the_queue_is_the_plain_ranking(hall: Desk) -> None:
    assert hall.ids == plain(hall)
    hall.queue.like(9)
    hall.queue.skip(17)
    assert hall.ids == plain(hall)
    assert all(entry.notes == () for entry in hall.queue)


def test_every_rule_changes_the_queue_says_how_and_off_again_leaves_no_trace(hall: Desk) -> None:
    before = [replace(entry, id=0) for entry in hall.queue]
    for rules in (
        replace(OFF, artist_spacing=6),
        replace(OFF, tempo_percent=4.0),
        replace(OFF, key_near=True),
        replace(OFF, energy="rise"),
        replace(OFF, familiarity=0.0),
    ):
        hall.queue.rules = rules
        assert hall.ids != [entry.track.id for entry in before], rules
        assert any(entry.notes for entry in hall.queue), rules
        hall.queue.rules = OFF
        assert [replace(entry, id=0) for entry in hall.queue] == before


@pytest.mark.parametrize("spacing", [1, 4, 9])
def test_two_tracks_of_one_artist_stand_apart_also_from_what_was_played(
    hall: Desk, spacing: int
) -> None:
    hall.queue.rules = replace(OFF, artist_spacing=spacing)
    hall.queue.add(30, 4)
    line = [hall.facts.track(track) for track in [*hall.evening.heard, *hall.ids]]
    artists = [track.artist for track in line if track]
    for place, artist in enumerate(artists):
        assert artist not in artists[place + 1 : place + 1 + spacing]
    for entry in hall.queue:
        for note in entry.notes:
            assert note.startswith(("held back", "in place of"))
            assert note.endswith("the same artist")


def test_a_second_version_of_a_song_is_passed_over_and_that_is_said(
    desk: Callable[..., Desk],
) -> None:
    other = [Made(f"Tune {i}", "Somebody") for i in range(20)]
    named = ["Innuendo", "Innuendo - 2011 Remaster", "Innuendo (Live at Wembley)", "1999"]
    crowd = desk([*(Made(title, "Queen", vector=[9.0] * 9) for title in named), *other])
    crowd.queue.rules = OFF
    crowd.hear(1)
    assert {2, 3} <= set(crowd.ids[:3])
    crowd.queue.rules = replace(OFF, no_versions=True)
    assert {2, 3}.isdisjoint(crowd.ids)
    assert 4 in crowd.ids
    notes = " ".join(note for entry in crowd.queue for note in entry.notes)
    assert "in place of Queen - Innuendo" in notes
    assert "a version of it is there" in notes


_WHOLE = Overlap((), 1.0, 1.0, 1.0, 1.0, 1.0)


def test_one_recording_under_two_names_is_one_song(tmp_path: Path) -> None:
    tracks = [Made(f"Tune {i}", ("", "Somebody")[i % 2]) for i in range(8)]

    def pair(one: int, other: int, relation: Relation) -> Duplicate:
        return Duplicate(one, other, relation, 1.0, _WHOLE)

    with made_library(tmp_path, tracks) as library:
        assert len(set(Facts(library).song.tolist())) == 5  # of no artist: of no song
        found = [pair(1, 3, "copy"), pair(2, 4, "edit"), pair(3, 2, "excerpt")]
        twins.save(library.directory, [*found, pair(5, 7, "passage"), pair(6, 99, "same")])
        song = Facts(library).song
        assert len(set(song[:4].tolist())) == 1
        assert song[0] >= 0
        assert song[4] == song[6] == -1
        assert song[5] not in song[:4]
        (library.directory / "duplicates").write_bytes(b"torn")
        assert Facts(library).song[1] != Facts(library).song[3]


def spread_of_tempo(hall: Desk) -> float:
    bpm = np.array([t.bpm for t in traits(hall)])
    steps = np.abs(np.diff(np.log2(bpm)))
    return float(np.median(np.abs(steps - np.round(steps))))


def test_tempos_stay_near_each_other_when_they_are_to(hall: Desk) -> None:
    free = spread_of_tempo(hall)
    hall.queue.rules = replace(OFF, tempo_percent=4.0)
    assert spread_of_tempo(hall) < np.log2(1.04)
    assert spread_of_tempo(hall) < free / 2
    assert any("bpm, near what comes before" in note for e in hall.queue for note in e.notes)


def test_keys_follow_the_circle_of_fifths_when_they_are_to(hall: Desk) -> None:
    def neighbours() -> int:
        return sum(near(b, a) > 0 for a, b in pairwise(traits(hall)))

    free = neighbours()
    hall.queue.rules = replace(OFF, key_near=True)
    assert neighbours() == len(hall.queue) > free


@pytest.mark.parametrize(("curve", "sign"), [("rise", 1.0), ("fall", -1.0), ("arc", 1.0)])
def test_the_energy_of_the_evening_takes_its_curve(hall: Desk, curve: str, sign: float) -> None:
    levels = [level(t) for t in hall.facts.traits(hall.facts.ids.tolist())]
    hall.hear(int(np.argsort(levels)[int(sign)]) + 1)  # begin low, or high
    hall.queue.rules = replace(OFF, energy=curve)  # type: ignore[arg-type]
    lufs = np.array([t.lufs for t in traits(hall)])
    bpm = np.log2([t.bpm for t in traits(hall)])
    energy = lufs / 19.0 + bpm / np.log2(3.0)
    assert sign * np.polyfit(np.arange(len(energy)), energy, 1)[0] > 0.03


def test_an_arc_falls_in_the_second_half_of_the_evening(hall: Desk) -> None:
    hall.queue.rules = replace(OFF, energy="fall")
    falling = hall.ids
    hall.now = 3.0 * 3600
    hall.queue.rules = replace(OFF, energy="arc", evening_h=4.0)
    assert hall.ids == falling


def test_familiarity_leads_to_what_many_playlists_hold_and_discovery_away(hall: Desk) -> None:
    def held() -> float:
        popularity = hall.chooser._recommender.popularity
        return float(np.mean([popularity[track - 1] for track in hall.ids]))

    neutral = held()
    hall.queue.rules = replace(OFF, familiarity=1.0)
    well_known = held()
    hall.queue.rules = replace(OFF, familiarity=0.0)
    assert held() < neutral <= well_known
    assert held() < 0.5 * well_known


def test_rules_that_nothing_can_meet_do_not_empty_the_queue(desk: Callable[..., Desk]) -> None:
    crowd = desk([Made("The Song", "One")] * 10)
    crowd.queue.rules = Rules(artist_spacing=50, no_versions=True, tempo_percent=0.5)
    assert len(crowd.queue) == 8


def test_tempos_count_as_near_at_half_and_double_and_unknown_ones_do_not() -> None:
    assert tempo_fit([120.0, 60.0, 240.0, 124.0], 120.0, 5.0).tolist() == [1.0] * 4
    assert tempo_fit([30.0, np.nan, 132.1], 120.0, 5.0).tolist() == [0.0] * 3
    assert tempo_fit([129.0], 120.0, 5.0)[0] == pytest.approx(0.5)  # 7.5 %: halfway


def test_keys_are_near_as_on_the_circle_of_fifths(
    desk: Callable[..., Desk],
) -> None:
    keys = [(9, "minor"), (0, "major"), (4, "minor"), (2, "minor"), (9, "major"), (7, "major")]
    crowd = desk([Made(f"T{i}", "A", key=Key(*key, 0.9)) for i, key in enumerate(keys)])
    line = crowd.facts.traits(list(range(1, 7)))
    a_minor = line[0]
    assert a_minor is not None
    # A minor; its relative C; its fifths E minor and D minor; not A major, not G major
    assert [near(one, a_minor) for one in line] == [1.0, 1.0, 0.8, 0.8, 0.0, 0.0]
    assert near(None, a_minor) == 0.0


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"artist_spacing": 0}, "artist_spacing must be 1 to 50"),
        ({"artist_spacing": True}, "artist_spacing must be 1 to 50"),
        ({"artist_spacing": 2.5}, "artist_spacing must be 1 to 50"),
        ({"tempo_percent": 0.0}, "tempo_percent must be 0.5 to 50"),
        ({"tempo_percent": float("nan")}, "tempo_percent must be a number"),
        ({"energy": "party"}, "energy must be steady, rise, fall, arc or None, got 'party'"),
        ({"familiarity": 1.1}, "familiarity must be 0 to 1"),
        ({"key_near": 1}, "key_near must be true or false"),
        ({"evening_h": 0.0}, "evening_h must be 0.5 to 24"),
    ],
)
def test_a_rule_out_of_range_is_refused(setting: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Rules(**setting)  # type: ignore[arg-type]
