"""The tunes that come with the program, against theory and what everybody knows of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import mido
import numpy as np
import pytest

from engine import gm, tunes
from engine.io import smf
from engine.tunes.notation import pitch_of
from engine.tunes.sheet import Score, read_score

NAMES = tunes.names()

# Opening of the melody: part, pitches, lengths in quarter notes.
OPENINGS = {
    "amazing-grace": ("lead", "D4 G4 B4 G4 B4 A4 G4 E4 D4", "1 2 .5 .5 2 1 2 1 2"),
    "auld-lang-syne": ("lead", "C4 F4 F4 F4 A4 G4 F4 G4 A4", "1 1.5 .5 1 1 1.5 .5 1 1"),
    "canon-in-d": ("first", "F#5 E5 D5 C#5 B4 A4 B4 C#5", "1 1 1 1 1 1 1 1"),
    "frere-jacques": ("first", "F4 G4 A4 F4 F4 G4 A4 F4 A4 Bb4 C5", "1 1 1 1 1 1 1 1 1 1 2"),
    "fur-elise": ("right", "E5 D#5 E5 D#5 E5 B4 D5 C5 A4", ".25 .25 .25 .25 .25 .25 .25 .25 .5"),
    "greensleeves": ("lead", "A4 C5 D5 E5 F#5 E5 D5 B4 G4", ".5 1 .5 .75 .25 .5 1 .5 .75"),
    "korobeiniki": ("lead", "E5 B4 C5 D5 C5 B4 A4 A4 C5 E5", "1 .5 .5 1 .5 .5 1 .5 .5 1"),
    "londonderry-air": ("lead", "B3 C4 D4 E4 D4 E4 A4 G4 E4", ".5 .5 .5 1.5 .5 .5 .5 .5 .5"),
    "mountain-king": ("creep", "B2 C#3 D3 E3 F#3 D3 F#3 F3 C#3 F3", ".5 .5 .5 .5 .5 .5 1 .5 .5 1"),
    "ode-to-joy": ("low", "F#3 F#3 G3 A3 A3 G3 F#3 E3 D3 D3 E3 F#3 F#3", "1 " * 12 + "1.5"),
    "prelude-in-c": ("keys", "C4 E4 G4 C5 E5 G4 C5 E5", ".25 " * 8),
    "sakura": ("koto", "A4 A4 B4 A4 A4 B4 A4 B4 C5 B4", "1 1 2 1 1 2 1 1 1 1"),
    "scarborough-fair": ("lead", "D4 D4 A4 A4 A4 E4 F4 E4 D4", "2 1 1 1 1 1.5 .5 1 3"),
    "the-entertainer": ("right", "D6 E6 C6 A5 B5 G5 D5 E5 C5", ".25 .25 .25 .5 .25 .5 .25 .25 .25"),
}

# Krumhansl and Kessler's profiles: how well each step fits a major or a minor key ("Tracing the
# dynamic changes in perceived tonal organization", 1982).
MAJOR = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]
MINOR = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]


def melody(score: Score, part: str) -> list[tuple[Fraction, Fraction, int]]:
    """Return start, length and pitch of a part's notes, in quarter notes from the start."""
    notes = []
    start = Fraction(0)
    for section in score.sections:
        notes += [(start + n.start, n.length, n.pitch) for n in section.notes.get(part, [])]
        start += section.bars * score.bar
    return notes


def test_there_is_an_opening_to_check_for_every_tune() -> None:
    assert sorted(OPENINGS) == NAMES
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_a_tune_opens_as_everybody_knows_it(name: str) -> None:
    part, pitches, lengths = OPENINGS[name]
    opening = melody(tunes.score(name), part)[: len(pitches.split())]
    assert [pitch for _, _, pitch in opening] == [pitch_of(pitch) for pitch in pitches.split()]
    assert [float(length) for _, length, _ in opening] == [float(x) for x in lengths.split()]


@pytest.mark.parametrize("name", NAMES)
def test_a_tune_is_in_the_key_it_says(name: str) -> None:
    score = tunes.score(name)
    heard = np.zeros(12)
    for part in score.parts:
        if part.patch != gm.DRUM_KIT:
            for _, length, pitch in melody(score, part.name):
                heard[pitch % 12] += float(length)
    fits = {
        (tonic, mode): np.corrcoef(heard, np.roll(profile, tonic))[0, 1]
        for tonic in range(12)
        for mode, profile in (("major", MAJOR), ("minor", MINOR))
    }
    tonic = score.key.removesuffix("dor").removesuffix("m")
    mode = "major" if tonic == score.key else "minor"
    best = sorted(fits, key=lambda key: -fits[key])[:3]  # its neighbours may fit as well
    assert (pitch_of(f"{tonic}4") % 12, mode) in best
    assert fits[best[0]] > 0.7


@pytest.mark.parametrize("name", NAMES)
def test_a_tune_lasts_25_to_45_seconds_in_at_least_two_parts(name: str) -> None:
    song = tunes.load(name)
    assert 25 <= song.duration_s <= 45
    assert len(song.patches) >= 2
    assert set(song.patches.values()) <= gm.PROGRAMS.keys()
    assert song.title
    assert song.artist


@pytest.mark.parametrize("name", NAMES)
def test_every_note_ends_and_none_begins_twice(name: str) -> None:
    sounding: Counter[tuple[int, int]] = Counter()
    for _, message in tunes.load(name).events:
        note = (message[0] & 0x0F, message[1])
        if message[0] & 0xF0 == 0x90:
            assert sounding[note] == 0, note
            assert message[2] > 0
            sounding[note] += 1
        elif message[0] & 0xF0 == 0x80:
            sounding[note] -= 1
    assert not any(sounding.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_written_tune_holds_the_notes_of_the_score_on_their_ticks(
    name: str, tmp_path: Path
) -> None:
    tunes.write(name, tmp_path / "tune.mid")
    score = tunes.score(name)
    file = mido.MidiFile(tmp_path / "tune.mid", charset="utf-8")
    assert file.ticks_per_beat == tunes.TICKS
    assert [track.name for track in file.tracks] == [score.title, *(p.name for p in score.parts)]
    for part, track in zip(score.parts, file.tracks[1:], strict=True):
        up = 0 if part.patch == gm.DRUM_KIT else score.transpose
        tick = 0
        begun = []
        for message in track:
            tick += message.time
            if message.type == "note_on":
                begun.append((tick, message.note))
        asked = [(round(s * tunes.TICKS), pitch + up) for s, _, pitch in melody(score, part.name)]
        assert sorted(begun) == sorted(asked)
        assert tick == sum(s.bars for s in score.sections) * score.bar * tunes.TICKS
    assert replace(smf.read(tmp_path / "tune.mid"), artist=score.artist) == tunes.load(name)


@pytest.mark.parametrize("patch", sorted(gm.PROGRAMS))
def test_the_program_of_a_patch_stands_for_that_patch(patch: str) -> None:
    channel = gm.DRUM_CHANNEL if patch == gm.DRUM_KIT else 0
    assert gm.patch_of(channel, gm.PROGRAMS[patch]) == patch


def test_each_part_is_mixed_by_volume_and_pan_before_its_first_note() -> None:
    score = read_score(
        "title: T\nartist: A\nkey: C\nmetre: 4/4\ntempo: 60\n"
        "part lead: pluck, volume 77, pan -1\npart drums: drum-kit, pan 1\n"
        "[one]\nlead: C8\ndrums kick: x..."
    )
    said = [message for time, message in tunes.perform(score).events if time == 0]
    assert said[:3] == [b"\xc0\x18", b"\xb0\x07\x4d", b"\xb0\x0a\x01"]
    assert b"\xb9\x0a\x7f" in said


def test_tunes_differ_in_tempo_key_metre_and_instruments() -> None:
    scores = [tunes.score(name) for name in NAMES]
    assert len({score.sections[0].tempo.first for score in scores}) >= 10
    assert len({(score.key, score.transpose) for score in scores}) >= 8
    assert len({score.bar for score in scores}) >= 4
    assert len({tuple(sorted(part.patch for part in score.parts)) for score in scores}) >= 12


@pytest.mark.parametrize(
    ("name", "leader", "followers", "delay", "up"),
    [
        ("frere-jacques", "first", {"second": 1, "third": 2}, 8, {"second": 12, "third": 0}),
        ("canon-in-d", "first", {"second": 1, "third": 2}, 8, {"second": 0, "third": 0}),
    ],
)
def test_the_voices_of_a_canon_follow_each_other(
    name: str, leader: str, followers: dict[str, int], delay: int, up: dict[str, int]
) -> None:
    score = tunes.score(name)
    last = sum(section.bars for section in score.sections) * score.bar - score.bar
    lead = melody(score, leader)
    for follower, place in followers.items():
        shift = delay * place
        expected = [(s + shift, n, p + up[follower]) for s, n, p in lead if s + shift < last]
        heard = [note for note in melody(score, follower) if note[0] < last]
        assert heard
        assert heard == expected[: len(heard)]


def test_the_mountain_king_goes_faster_and_louder() -> None:
    song = tunes.load("mountain-king")
    bass = [
        (time, message[2]) for time, message in song.events if message[0] == 0x93 and message[2]
    ]
    gaps = np.diff([time for time, _ in bass])
    assert np.median(gaps[-24:-6]) < 0.65 * np.median(gaps[:18])
    assert np.mean([v for _, v in bass[-12:]]) > 1.5 * np.mean([v for _, v in bass[:12]])


def test_a_playlist_names_tunes_with_their_titles_and_lengths() -> None:
    assert 3 <= len(tunes.playlists()) <= 5
    listed = set()
    for path in tunes.playlists():
        lines = path.read_text("utf-8").splitlines()
        assert lines[0] == "#EXTM3U"
        entries = list(zip(lines[2::2], lines[3::2], strict=True))
        assert len(entries) >= 4
        for label, file in entries:
            song = tunes.load(Path(file).stem)
            assert label == f"#EXTINF:{round(song.duration_s)},{song.artist} - {song.title}"
            listed.add(Path(file).stem)
    assert 2 <= len(set(NAMES) - listed) <= 3


def test_an_unknown_tune_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match=r"name must be one of .*greensleeves.*, got 'yesterday'"):
        tunes.load("yesterday")


def test_a_ramp_of_tempo_and_level_covers_its_section() -> None:
    score = read_score(
        "title: T\nartist: A\nkey: C\nmetre: 4/4\ntempo: 60\npart lead: pluck, volume 100, gate 1\n"
        "[one]\ntempo: 60 -> 120\nlevel: 0.5 -> 1\nlead: C2 C2 C2 C2 | C8\n[two]\nlead: C8"
    )
    song = tunes.perform(score)
    starts = [time for time, message in song.events if message[0] == 0x90]
    loudness = [message[2] for _, message in song.events if message[0] == 0x90]
    # Eight beats at 60 + 60 (i + 1/2) / 8 beats a minute each, then four at 60.
    beats = [1 / (1 + (i + 0.5) / 8) for i in range(8)]
    assert starts == pytest.approx([0, *np.cumsum(beats)[[0, 1, 2, 3, 7]]], abs=1e-5)
    assert song.duration_s == pytest.approx(sum(beats) + 4, abs=1e-5)
    assert loudness == [
        round(100 * s * a)
        for s, a in zip(
            (0.5, 0.5625, 0.625, 0.6875, 0.75, 1.0), (1, 0.93, 0.93, 0.93, 1, 1), strict=True
        )
    ]
