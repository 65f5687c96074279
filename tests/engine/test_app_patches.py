"""`antiphon patches`, and the user's own patches: listed, chosen by tag, auditioned, kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from matplotlib import image

from engine.app import cli
from engine.app.patches import describe
from engine.app.spectrum_picture import spectrogram_db
from engine.audition import KINDS, kind_of, phrase
from engine.errors import PatchError
from engine.parts import Arpeggio, Filter, Oscillator, Reverb, Unison
from engine.patch import Patch, builtin_patches, find_patch, keep_patch, user_patches


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "own"
    monkeypatch.setenv("ANTIPHON_PATCHES", str(folder))
    return folder


def test_every_patch_is_listed_with_its_tags_and_parts(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["patches", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["name"]: tuple(line["tags"]) for line in lines} == {
        name: patch.tags for name, patch in builtin_patches().items()
    }
    assert all(line["parts"] for line in lines)


def test_a_tag_chooses_and_an_unknown_one_is_answered_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["patches", "--tag", "organ"]) == 0
    said = capsys.readouterr().out
    assert "church-organ" in said
    assert "round-bass" not in said
    assert cli.run(["patches", "--tag", "tuba"]) == 1
    assert "no patch is tagged 'tuba'; there are " in capsys.readouterr().err


def test_an_audition_writes_what_it_says_and_draws_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound, picture = tmp_path / "out.wav", tmp_path / "out.png"
    words = ["patches", "round-bass", "--audition", str(sound), "--picture", str(picture)]
    assert cli.run(words) == 0
    assert capsys.readouterr().out == f"{sound}, {picture}\n"
    audio, rate = soundfile.read(sound)
    end = max(start + length for start, _, _, length in phrase(find_patch("round-bass")))
    assert len(audio) == pytest.approx((end + 2.5) * rate, abs=1)
    assert np.abs(audio).max() > 0.05
    drawn = image.imread(picture)
    assert drawn.shape[:2] == (600, 1100)
    assert np.unique(drawn.reshape(-1, 4), axis=0).shape[0] > 100


def test_an_audition_of_nobody_is_wrong_usage(tmp_path: Path) -> None:
    assert cli.run(["patches", "--audition", str(tmp_path / "x.wav")]) == 2
    assert not (tmp_path / "x.wav").exists()


def test_the_picture_shows_a_tone_at_its_frequency_and_level() -> None:
    t = np.arange(48_000) / 48_000
    tone = np.sin(2 * np.pi * 1000.0 * t)[:, None].repeat(2, axis=1).astype(np.float32)
    frequencies, levels = spectrogram_db(tone, 48_000)
    middle = levels[len(levels) // 2]
    assert frequencies[middle.argmax()] == pytest.approx(1000.0, rel=0.02)
    assert middle.max() == pytest.approx(0.0, abs=1.5)  # a Hann window scallops by 1.4 dB
    assert middle[np.abs(frequencies - 4000).argmin()] < -90


def test_every_kind_of_patch_has_a_phrase_of_its_own() -> None:
    phrases = [phrase(Patch(tags=(kind,))) for kind in KINDS]
    assert [kind_of(Patch(tags=("soft", kind))) for kind in KINDS] == list(KINDS)
    for notes in phrases:
        assert all(start >= 0 and 0 <= key <= 127 and 0 < velocity <= 127 and length > 0
                   for start, key, velocity, length in notes)  # fmt: skip
    assert len({tuple(notes) for notes in phrases}) >= len(KINDS) - 3


def test_a_patch_is_described_by_its_parts() -> None:
    patch = Patch(
        oscillators=(Oscillator("pulse"), Oscillator("sine", 0.2)), noise=0.1,
        unison=Unison(3), filter=Filter("notch", slope=24, drive=6.0), playing="legato",
        glide=0.1, arpeggio=Arpeggio("up", "1/16"), reverb=Reverb(0.3),
    )  # fmt: skip
    assert describe(patch) == (
        "pulse + sine + noise, 3 x unison, notch 24 dB, drive, legato, glide, "
        "arpeggio up 1/16, reverb"
    )


def test_the_users_own_patch_is_found_before_the_built_in_one(own_folder: Path) -> None:
    own = replace(find_patch("pluck"), controls={20: "cutoff"})
    assert keep_patch(own) == own_folder / "pluck.json"
    assert find_patch("pluck") == own
    assert user_patches() == {"pluck": own}
    assert builtin_patches()["pluck"].controls == {}
    assert [path.name for path in own_folder.iterdir()] == ["pluck.json"]


def test_a_name_that_is_no_file_name_is_kept_all_the_same(own_folder: Path) -> None:
    own = Patch(name="../a/b: *?")
    assert keep_patch(own).parent == own_folder
    assert find_patch("../a/b: *?") == own


def test_a_broken_own_patch_is_named_and_a_folder_that_cannot_be_is_one_line(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own_folder.mkdir()
    (own_folder / "bad.json").write_text("{")
    with pytest.raises(PatchError, match=r"bad\.json: Expecting"):
        user_patches()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ANTIPHON_PATCHES", str(tmp_path / "file" / "x"))
    with pytest.raises(PatchError, match="cannot be written"):
        keep_patch(Patch())
