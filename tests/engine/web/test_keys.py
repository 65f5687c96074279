"""Patches on the page: listed, chosen, turned, kept; the beat and the level by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.patch import Patch, builtin_patches, user_folder
from engine.web.parameters import parameters, with_value

from .conftest import Web

_KEYS = "/api/keys"


@pytest.fixture(autouse=True)
def _soft_lead(web: Web) -> Iterator[None]:
    web.client.put(f"{_KEYS}/patch", json={"name": "soft-lead"})
    yield
    web.desk.synth.panic()
    web.step(8)


def _spectrum_above(web: Web, hz: float) -> float:
    sound = np.concatenate([web.stream.step().copy() for _ in range(40)])[:, 0]
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    return float(10 * np.log10(power[int(hz * len(sound) / 48_000) :].sum() / power.sum()))


def test_all_patches_are_listed_and_can_be_had(web: Web) -> None:
    listed = web.get("/api/patches")
    assert [one["name"] for one in listed] == sorted(builtin_patches())
    for one in listed[::9]:
        data = web.get(f"/api/patches/{one['name']}")
        assert Patch.from_dict(data) == builtin_patches()[one["name"]]
        assert data["tags"] == one["tags"]


@pytest.mark.parametrize(
    "name", ["none", "../secret", "..%2f..%2fetc%2fpasswd", "soft-lead.json", "%00", "x" * 300]
)
def test_a_name_that_is_no_patch_is_not_found(web: Web, name: str) -> None:
    assert web.client.get(f"/api/patches/{name}").status_code == 404
    if "%" not in name:
        assert web.client.put(f"{_KEYS}/patch", json={"name": name}).status_code == 404


def test_a_chosen_patch_is_played_from_the_next_note_on(web: Web) -> None:
    answer = web.client.put(f"{_KEYS}/patch", json={"name": "glass-keys"}).json()
    assert answer["name"] == "glass-keys"
    assert not answer["changed"]
    web.step(2)
    assert web.desk.synth.patch().name == "glass-keys"


def test_a_turned_cutoff_is_heard_on_the_note_that_is_held(web: Web) -> None:
    web.desk.synth.note_on(45)
    web.step(40)
    before = _spectrum_above(web, 1_000.0)
    answer = web.client.patch(f"{_KEYS}/patch", json={"path": "filter.cutoff", "value": 150.0})
    assert answer.status_code == 200
    web.step(40)
    assert _spectrum_above(web, 1_000.0) < before - 12.0
    assert web.get("/api/state")["keys"]["changed"]


def test_a_whole_patch_can_be_played_and_a_wrong_one_leaves_the_old(web: Web) -> None:
    patch = builtin_patches()["pluck"].to_dict() | {"name": "mine", "gain": -9.0}
    assert web.client.put(f"{_KEYS}/patch", json=patch).json()["name"] == "mine"
    web.step(2)
    assert web.desk.synth.patch().gain == -9.0
    for wrong in ({**patch, "gain": 99}, {**patch, "what": 1}, {**patch, "lfos": "x"}, {"name": 5}):
        answer = web.client.put(f"{_KEYS}/patch", json=wrong)
        assert answer.status_code == 422
        assert answer.json()["error"]
    assert web.get("/api/state")["keys"]["patch"]["gain"] == -9.0


def test_a_saved_patch_is_among_the_users_own_and_no_name_leaves_the_folder(web: Web) -> None:
    before = _all_files()
    for name in ("my lead", "../../evil", "a/b", ".hidden", "CON", "é~$(rm)"):
        web.client.patch(f"{_KEYS}/patch", json={"path": "noise", "value": 0.25})
        assert web.client.post(f"{_KEYS}/patch/save", json={"name": name}).status_code == 200
        kept = web.get("/api/state")["keys"]
        assert (kept["name"], kept["changed"]) == (name, False)
        assert name in [one["name"] for one in web.get("/api/patches")]
    made = _all_files() - before
    assert len(made) == 6
    assert {path.parent for path in made} == {user_folder()}
    for wrong in ("", "x" * 61, 5, None):
        assert web.client.post(f"{_KEYS}/patch/save", json={"name": wrong}).status_code == 422
    for path in made:
        path.unlink()


def _all_files() -> set[Path]:
    return {path for path in user_folder().parent.parent.rglob("*.json") if path.is_file()}


def test_every_parameter_has_a_range_that_the_patch_keeps() -> None:
    init = Patch()
    assert len(parameters()) > 60
    for path, one in parameters().items():
        assert json.loads(json.dumps(one)) == one
        ends = [one["low"], one["high"]] if one["kind"] == "number" else one["choices"] or []
        if one["kind"] == "bool":
            ends = [True, False]
        if one["kind"] == "text":
            ends = ["1/4", "1/8t"]
        assert ends
        for value in [*ends, one["default"]]:
            with_value(init, path, value)
        wrong = [one["high"] * 1.01 + 0.01] if one["kind"] == "number" else ["none", 99]
        for value in [*wrong, [], {}]:
            with pytest.raises(ValueError, match=r"must|note value"):
                with_value(init, path, value)
        if one["scale"] == "log":
            assert one["low"] > 0


def test_a_changed_parameter_is_the_only_one_that_changes() -> None:
    init = Patch()
    for path, one in parameters().items():
        if one["kind"] != "number":
            continue
        value = 0.5 * (one["low"] + one["high"])
        before, after = init.to_dict(), with_value(init, path, value).to_dict()
        at: Any = before
        *owners, name = path.split(".")
        for owner in owners:
            at = at[int(owner) if owner.isdigit() else owner]
        at[name] = value
        assert json.dumps(after) == json.dumps(before)


def test_a_tempo_by_hand_ends_the_following_until_it_is_wished_again(web: Web) -> None:
    web.post(f"{_KEYS}/tempo", {"bpm": 97.5})
    web.step(2)
    status = web.get("/api/state")["status"]
    assert status["tempo"] == {
        "bpm": 97.5, "source": "own", "locked": False, "beats_per_bar": None,
    }  # fmt: skip
    assert not status["follow_beat"]
    web.client.put(f"{_KEYS}/follow", json={"beat": True})
    status = web.get("/api/state")["status"]
    assert status["follow_beat"]
    assert status["follow_tuning"]


def test_three_taps_are_a_tempo(web: Web) -> None:
    said = []
    for _ in range(4):
        said.append(web.post(f"{_KEYS}/tap")["bpm"])
        web.step(100)  # of 256 frames: 0.533 s
    assert said[:2] == [None, None]
    assert said[3] == pytest.approx(112.5, abs=0.5)
    status = web.get("/api/state")["status"]
    assert status["tempo"]["source"] == "tap"
    assert status["tempo"]["bpm"] == pytest.approx(112.5, abs=0.5)
    web.post(f"{_KEYS}/tempo", {"bpm": 120.0})


def test_nudges_add_up_and_have_an_end(web: Web) -> None:
    assert web.post(f"{_KEYS}/nudge", {"ms": 20.0})["ms"] == 20.0
    assert web.post(f"{_KEYS}/nudge", {"ms": -30.0})["ms"] == -10.0
    for _ in range(5):
        last = web.post(f"{_KEYS}/nudge", {"ms": 500.0})["ms"]
    assert last == 500.0
    web.desk.session.follower.nudge_s = 0.0


def test_the_level_of_everything_is_that_which_was_set(web: Web) -> None:
    web.client.put(f"{_KEYS}/patch", json=Patch(name="plain").to_dict())
    web.desk.synth.note_on(57, 100)
    web.step(150)
    loud = np.abs(np.concatenate([web.stream.step().copy() for _ in range(20)])).max()
    assert web.client.put(f"{_KEYS}/master", json={"gain_db": -12.0}).status_code == 200
    web.step(20)
    soft = np.abs(np.concatenate([web.stream.step().copy() for _ in range(20)])).max()
    assert 20 * np.log10(soft / loud) == pytest.approx(-12.0, abs=0.5)
    web.client.put(f"{_KEYS}/master", json={"gain_db": 0.0})
    web.step(20)


def test_panic_silences_every_note(web: Web) -> None:
    for note in range(40, 60):
        web.desk.synth.note_on(note)
    web.step(10)
    assert web.get("/api/state")["status"]["voices"] == 20
    web.post(f"{_KEYS}/panic")
    web.step(10)
    assert web.get("/api/state")["status"]["voices"] == 0


def test_a_recording_is_a_file_of_what_went_out_and_only_one_at_a_time(web: Web) -> None:
    name = web.post("/api/record")["name"]
    assert web.get("/api/state")["status"]["recording"]["name"] == name
    assert web.client.post("/api/record").status_code == 409
    web.step(100)
    path = web.client.delete("/api/record").json()["path"]
    assert path.endswith(name)
    import soundfile

    assert soundfile.info(path).frames == 100 * 256
    assert web.get("/api/state")["status"]["recording"] is None
    assert web.client.delete("/api/record").json()["path"] is None


def test_keys_snap_into_the_scale_and_out_of_it(web: Web) -> None:
    from engine.analysis import Key

    web.desk.harmony.take(Key(0, "major"))
    web.client.put(f"{_KEYS}/follow", json={"snap": True})
    web.step(2)
    assert web.desk.synth.state[0]["tuning"][61] == 60.0
    patch = web.desk.instrument.patch
    for wants in (True, False):
        web.desk.instrument.replace(replace(patch, follow=replace(patch.follow, scale=wants)))
        status = web.get("/api/state")["status"]
        assert (status["snap"], status["snapping"]) == (True, wants)
    web.desk.instrument.replace(patch)
    web.client.put(f"{_KEYS}/follow", json={"snap": False})
    web.step(2)
    assert (web.desk.synth.state[0]["tuning"] == np.arange(128)).all()
    web.desk.harmony.take(None)
