"""A tagger learns tags that can be heard, by song, and its scores are the textbook's."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.app import cli
from engine.library import tagged
from recommend import FormatError
from recommend.tag_scores import score

if os.environ.get("CI") != "true":  # which has it
    pytest.importorskip("torch", reason="no torch here: pip install 'antiphon[torch]'")

import torch

from recommend.neural.tagger import BANDS, Settings, Song, Tagger

SMALL = Settings(channels=12, hidden=12, epochs=12, batch=8, learning_rate=0.02)


def songs(count: int, seed: int, random_tags: bool = False) -> list[Song]:
    """Return songs of noise; tag 0: the low bands are loud, tag 1: they come and go."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        low, pulse = rng.random(2) < 0.5
        x = rng.standard_normal((3, 24, BANDS))
        x[:, :, :20] += 2.0 * low
        x[:, ::4, 40:60] += 4.0 * pulse
        tags = rng.random(2) < 0.5 if random_tags else np.array([low, pulse])
        made.append(Song(x.astype(np.float32), tags))
    return made


def weights(tagger: Tagger) -> np.ndarray:
    return np.concatenate([p.detach().numpy().ravel() for p in tagger._layers.parameters()])


def test_what_can_be_heard_is_told_of_songs_never_heard() -> None:
    tagger = Tagger(["low", "pulse"], SMALL).fit(songs(80, 1))
    found = tagger.evaluate(songs(60, 2))
    assert found.roc_auc.min() > 0.95
    assert found.exact > 0.8
    assert tagger.embed(songs(1, 3)[0].fragments).shape == (12,)


def test_tags_drawn_at_random_are_not_told_of_other_songs() -> None:
    tagger = Tagger(["a", "b"], SMALL).fit(songs(80, 1, random_tags=True))
    found = tagger.evaluate(songs(200, 2, random_tags=True))
    assert np.abs(found.roc_auc - 0.5).max() < 0.12
    assert found.exact < 0.4


def test_what_comes_later_does_not_change_what_was_heard_before() -> None:
    layers = Tagger(["low", "pulse"], SMALL)._layers
    x = torch.from_numpy(songs(1, 5)[0].fragments[:1])
    y = x.clone()
    y[:, 15:] += 3.0
    with torch.inference_mode():
        heard = []
        for part in (x, y):
            lstm_in: list[torch.Tensor] = []
            hook = layers.lstm.register_forward_hook(lambda _, __, out, to=lstm_in: to.append(out))
            layers(part)
            hook.remove()
            heard.append(lstm_in[0][0])
    torch.testing.assert_close(heard[0][:, :15], heard[1][:, :15])
    assert not torch.allclose(heard[0][:, 15:], heard[1][:, 15:])


def test_an_interrupted_training_goes_on_to_the_same_result(tmp_path: Path) -> None:
    some, path = songs(24, 1), tmp_path / "state"
    whole = Tagger(["low", "pulse"], SMALL).fit(some)

    def stop(epoch: int, loss: float) -> None:
        if epoch == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Tagger(["low", "pulse"], SMALL).fit(some, stop, path)
    seen: list[int] = []
    resumed = Tagger(["low", "pulse"], SMALL).fit(some, lambda epoch, _: seen.append(epoch), path)
    assert seen == list(range(6, SMALL.epochs + 1))
    np.testing.assert_array_equal(weights(resumed), weights(whole))
    assert not path.exists()


def test_a_checkpoint_of_other_songs_is_refused(tmp_path: Path) -> None:
    def stop(epoch: int, loss: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Tagger(["low", "pulse"], SMALL).fit(songs(8, 1), stop, tmp_path / "state")
    with pytest.raises(FormatError, match="other songs"):
        Tagger(["low", "pulse"], SMALL).fit(songs(8, 2), None, tmp_path / "state")


def test_a_saved_tagger_tells_the_same_and_a_cut_file_is_refused(tmp_path: Path) -> None:
    tagger = Tagger(["low", "pulse"], SMALL).fit(songs(16, 1))
    tagger.save(tmp_path / "t")
    again = Tagger.load(tmp_path / "t")
    one = songs(1, 9)[0].fragments
    np.testing.assert_array_equal(again.predict(one), tagger.predict(one))
    assert again.tags == tagger.tags
    (tmp_path / "t").write_bytes((tmp_path / "t").read_bytes()[:-40])
    with pytest.raises(FormatError, match="damaged"):
        Tagger.load(tmp_path / "t")


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: Tagger([]), "at least one"),
        (lambda: Tagger(["a", "a"]), "without repeats"),
        (lambda: Settings(epochs=0), "epochs must be at least 1"),
        (lambda: Tagger(["a"]).fit([]), "must not be empty"),
        (lambda: Tagger(["a"]).fit(songs(2, 1)), "must have 1 tags"),
        (lambda: Tagger(["a"]).fit([Song(np.zeros((0, 9, BANDS)), np.ones(1))]), "shape"),
        (lambda: score([[1]], [[2.0]]), "0 to 1"),
        (lambda: score([[1]], [[0.5, 0.5]]), "one shape"),
    ],
)
def test_bad_input_is_named(call: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        call()  # type: ignore[operator]


def test_scores_are_those_of_the_obvious_loops(rng: np.random.Generator) -> None:
    true = rng.random((30, 4)) < 0.4
    told = np.round(np.clip(0.3 * true + 0.7 * rng.random((30, 4)), 0, 1), 1)  # with ties
    true[:, 3] = True
    found = score(true, told)
    for tag in range(3):
        yes, no = told[true[:, tag], tag], told[~true[:, tag], tag]
        pairs = [(a > b) + 0.5 * (a == b) for a in yes for b in no]
        assert found.roc_auc[tag] == pytest.approx(np.mean(pairs))
        area, before = 0.0, 0.0
        for level in sorted(set(told[:, tag]), reverse=True):
            above = told[:, tag] >= level
            recall, precision = true[above, tag].sum() / len(yes), true[above, tag].mean()
            area, before = area + (recall - before) * precision, recall
        assert found.pr_auc[tag] == pytest.approx(area)
    assert np.isnan(found.roc_auc[3])
    wrong = ((told >= 0.5) != true).sum(axis=1)
    assert found.wrong.tolist() == [int((wrong == n).sum()) for n in range(5)]
    assert found.hamming == pytest.approx(1 - wrong.mean() / 4)
    assert found.exact == pytest.approx((wrong == 0).mean())


def test_no_song_is_on_both_sides() -> None:
    train, test = tagged.split(50, seed=3)
    assert sorted(train + test) == list(range(50))
    assert len(test) == 10


def test_the_command_trains_from_a_folder_and_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    t = np.arange(16_000 * 2) / 16_000
    lines = ["path,tags,by"]
    rng = np.random.default_rng(0)
    for i in range(24):
        high = i % 2
        tone = np.sin(2 * np.pi * (2500 if high else 200) * (1 + rng.random() / 3) * t)
        soundfile.write(tmp_path / f"{i}.wav", 0.2 * tone, 16_000)
        lines.append(f"{i}.wav,{'high; thin' if high else 'deep'},me")
    (tmp_path / "tags.csv").write_text("\n".join([*lines, "gone.wav,high,me"]))
    out = tmp_path / "t.model"
    arguments = ["models", "train-tagger", str(tmp_path), str(tmp_path / "tags.csv")]
    assert cli.run([*arguments, "--out", str(out), "--epochs", "12"]) == 0
    said = capsys.readouterr()
    assert "19 songs heard, 5 kept apart, 3 tags" in said.out
    assert "gone.wav" in said.err
    assert Tagger.load(out).tags == ("deep", "high", "thin")
    music = [str(tmp_path / f"{i}.wav") for i in (0, 1)]
    assert cli.run(["models", "tag", str(out), *music]) == 0
    told = [line.split("  ")[1].split()[0] for line in capsys.readouterr().out.splitlines()]
    assert sorted(told) == ["deep", "high"] or sorted(told) == ["deep", "thin"]
    assert cli.run(["models", "tag", str(out), music[0], str(tmp_path / "no.wav"), "--json"]) == 3
    said = capsys.readouterr()
    assert json.loads(said.out)["tags"].keys() == {"deep", "high", "thin"}
    assert "no.wav" in said.err
    for wrong in (tmp_path / "tags.csv", tmp_path / "no.model", tmp_path / "0.wav"):
        assert cli.run(["models", "tag", str(wrong), music[0]]) == 1
        assert capsys.readouterr().err.count("\n") == 1
    (tmp_path / "tags.csv").write_text("file,tags\n")
    assert cli.run(arguments) == 1
    assert "lacks the column path" in capsys.readouterr().err
    (tmp_path / "tags.csv").write_text("path,tags\n1.wav,high\n1.wav,deep\n")
    assert cli.run(arguments) == 1
    assert "twice" in capsys.readouterr().err
    (tmp_path / "tags.csv").write_text("path,tags\n1.wav,high\n")
    assert cli.run(arguments) == 1
    assert "no tag stands at 5 songs" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "torch", None)
    for module in [name for name in sys.modules if name.startswith("recommend.neural")]:
        monkeypatch.delitem(sys.modules, module)
    (tmp_path / "tags.csv").write_text("\n".join(lines))
    assert cli.run(arguments) == 1
    assert "pip install 'antiphon[torch]'" in capsys.readouterr().err
