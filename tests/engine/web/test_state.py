"""What the page shows of room, decks, queue and library, and the buttons beside it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.listener import Heard
from engine.web.shelf import NotAllowedError, Shelf

from .conftest import SCRIPT, Web

_BRIEF = {"id", "title", "artist", "album", "duration_s", "bpm", "key", "key_short", "lufs",
          "liked"}  # fmt: skip


def _part(web: Web, name: str) -> Any:
    return web.get("/api/state")[name]


def _until(true: Any) -> None:
    """Wait for the decks' threads."""
    pause = threading.Event()
    for _ in range(30_000):
        if true():
            return
        pause.wait(0.002)
    raise AssertionError("it did not happen")


@pytest.fixture
def files(web: Web) -> Any:
    """Give tracks 3 to 5 files of ten seconds."""
    paths = [web.session.library.track(number).path for number in (3, 4, 5)]
    t = np.arange(48_000 * 10) / 48_000
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, 0.2 * np.sin(2 * np.pi * 300 * t), 48_000)
    yield paths
    web.session.decks.stop()
    _until(lambda: (web.step(8), web.session.decks.playing is None)[1])
    for path in paths:
        path.unlink()


def test_the_state_is_json_with_every_part(web: Web) -> None:
    state = web.get("/api/state")
    assert state.keys() == {"status", "room", "decks", "queue", "keys", "library"}
    status = state["status"]
    assert (status["sample_rate"], status["block"]) == (48_000, 256)
    assert status["budget_ms"] == pytest.approx(1000 * 256 / 48_000, abs=0.001)
    assert status["error"] is None
    library = state["library"]
    assert (library["tracks"], library["playlists"], library["waiting"]) == (12, 12, 0)
    assert library["hours"] == pytest.approx(826 / 3600, abs=0.01)


def test_what_the_room_plays_is_shown_with_its_place_and_kept(web: Web) -> None:
    assert _part(web, "room")["state"] == "off"  # there is no microphone
    web.desk.synth.state[0]["input_channels"] = 1
    try:
        before = 1000 * time.time()
        web.session._take(Heard("known", 2, 12.5, 0.97, 1.01, 48_000, 1.25))
        room = _part(web, "room")
        assert room["state"] == "known"
        assert room["track"].keys() == _BRIEF
        assert (room["track"]["title"], room["track"]["key"]) == ("One", "A minor")
        assert (room["track"]["key_short"], room["track"]["bpm"]) == ("Am", 96.0)
        assert (room["position_s"], room["confidence"]) == (12.5, 0.97)
        assert room["answered_after_s"] == 1.25
        assert before - 1 <= room["at"] <= 1000 * time.time()
        web.session._take(Heard("unknown", None, None, 0.0, 1.0, 96_000, 5.0))
        room = _part(web, "room")
        assert (room["state"], room["track"]) == ("unknown", None)
        assert [one["state"] for one in room["history"][:2]] == ["unknown", "known"]
        assert room["history"][1]["track"]["id"] == 2
        assert room["history"][1]["seconds"] is not None
    finally:
        web.desk.synth.state[0]["input_channels"] = 0


def test_a_title_that_is_a_script_stays_text_everywhere(web: Web) -> None:
    (track,) = web.get("/api/library/search?q=mallory")["tracks"]
    assert track["title"] == SCRIPT
    entry = web.post("/api/queue", {"track_id": track["id"], "place": 0})["id"]
    answers = ["/api/state", "/api/queue.xspf", "/api/queue.m3u8", "/api/history.csv"]
    for path in answers:
        answer = web.client.get(path)
        assert answer.status_code == 200
        assert "html" not in answer.headers["content-type"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert SCRIPT not in web.client.get("/api/queue.xspf").text  # escaped: it is XML
    web.client.delete(f"/api/queue/{entry}")


def test_the_queue_is_added_to_moved_pinned_and_undone(web: Web) -> None:
    first = web.post("/api/queue", {"track_id": 5})["id"]
    second = web.post("/api/queue", {"track_id": 6, "place": 0})["id"]
    entries = _part(web, "queue")["entries"]
    assert [one["id"] for one in entries[:2]] == [second, first]
    assert [one["by"] for one in entries[:3]] == ["user", "user", "suggested"]
    assert entries[2]["reason"]
    assert entries[0]["track"].keys() == _BRIEF
    web.post(f"/api/queue/{first}/move", {"place": 0})
    web.post(f"/api/queue/{entries[2]['id']}/pin", {"pinned": True})
    after = _part(web, "queue")
    assert [one["id"] for one in after["entries"][:2]] == [first, second]
    assert next(e for e in after["entries"] if e["id"] == entries[2]["id"])["pinned"]
    assert after["can_undo"]
    starts = [one["starts_in_s"] for one in after["entries"]]
    assert starts == sorted(starts)
    assert after["ends_at"] > 1000 * time.time()
    for _ in range(4):
        assert web.post("/api/queue/undo")["done"]
    assert first not in [one["id"] for one in _part(web, "queue")["entries"]]
    assert web.post("/api/queue/redo")["done"]
    assert web.client.delete(f"/api/queue/{first}").status_code == 200
    assert web.client.delete(f"/api/queue/{first}").status_code == 404
    web.post("/api/queue/clear")
    assert all(one["by"] == "suggested" for one in _part(web, "queue")["entries"])
    while _part(web, "queue")["can_undo"]:
        web.post("/api/queue/undo")


def test_rules_are_changed_one_by_one_and_a_wrong_one_is_told(web: Web) -> None:
    put = web.client.put
    assert put("/api/queue/rules", json={"tempo_percent": 6.0}).status_code == 200
    rules = _part(web, "queue")["rules"]
    assert (rules["tempo_percent"], rules["artist_spacing"]) == (6.0, 3)
    assert put("/api/queue/rules", json={"tempo_percent": None}).status_code == 200
    for wrong in ({"familiarity": 2}, {"colour": "red"}, {"energy": "up"}, {"key_near": 1}):
        answer = put("/api/queue/rules", json=wrong)
        assert answer.status_code == 422
        assert next(iter(wrong)) in answer.json()["error"]
    assert _part(web, "queue")["rules"] == rules | {"tempo_percent": None}


def test_the_queue_is_filled_up_to_a_time(web: Web) -> None:
    shown = web.post("/api/queue/fit", {"seconds": 400.0})
    ends_in_s = shown["ends_at"] / 1000 - time.time()
    assert ends_in_s == pytest.approx(web.session.queue.ends_in_s, abs=1.0)
    assert 300.0 < ends_in_s < 401.0  # how exactly is the queue's own business
    web.post("/api/queue/renew")


def test_likes_and_skips_are_shown_and_change_the_queue(web: Web) -> None:
    web.post("/api/tracks/7/like")
    web.post("/api/tracks/8/skip")
    queue = _part(web, "queue")
    assert [track["id"] for track in queue["likes"]] == [7]
    assert queue["likes"][0]["liked"]
    assert [track["id"] for track in queue["skips"]] == [8]
    assert 8 not in [one["track"]["id"] for one in queue["entries"]]
    web.post("/api/tracks/7/more")
    web.post("/api/tracks/7/unlike")
    assert _part(web, "queue")["likes"] == []
    for path in ("like", "unlike", "skip", "more"):
        assert web.client.post(f"/api/tracks/999/{path}").status_code == 404


def _second(web: Web) -> float:
    now = web.session.decks.playing
    return 0.0 if now is None else now.position_s


def test_tracks_of_the_decks_are_played_held_sought_and_stopped(web: Web, files: Any) -> None:
    web.post("/api/decks/play", {"track_id": 3, "start_s": 2.0})
    _until(lambda: (web.step(), web.session.decks.playing is not None)[1])
    decks = _part(web, "decks")
    front = decks["decks"][decks["foreground"]]
    assert (front["state"], front["track"]["id"]) == ("playing", 3)
    assert front["position_s"] == pytest.approx(2.0, abs=0.5)
    assert front["duration_s"] == pytest.approx(10.0, abs=0.1)
    _until(lambda: (web.step(), _second(web) > 2.2)[1])
    web.post("/api/decks/seek", {"position_s": 7.0})
    _until(lambda: (web.step(), _second(web) >= 7.0)[1])
    web.post("/api/decks/pause")
    _until(lambda: (web.step(), _part(web, "decks")["paused"])[1])
    web.step(20)
    held = _second(web)
    web.step(50)
    assert _second(web) == held
    web.post("/api/decks/resume")
    _until(lambda: (web.step(), _second(web) > held)[1])
    web.post("/api/decks/cue", {"track_id": 4})
    _until(lambda: _part(web, "decks")["decks"][1 - decks["foreground"]]["state"] == "cued")
    web.post("/api/decks/crossfade", {"seconds": 0.5})

    def crossed() -> bool:
        web.step()
        now = web.session.decks.playing
        return now is not None and now.track_id == 4

    _until(crossed)
    web.post("/api/decks/stop")
    _until(lambda: (web.step(8), web.session.decks.playing is None)[1])


def test_how_the_decks_change_over_is_set_and_shown(web: Web) -> None:
    put = web.client.put
    shown = put("/api/decks/settings", json={"crossfade_s": 7.5, "target_lufs": None}).json()
    assert (shown["crossfade_s"], shown["target_lufs"], shown["auto"]) == (7.5, None, False)
    shown = put("/api/decks/settings", json={"auto": True}).json()
    assert (shown["crossfade_s"], shown["auto"]) == (7.5, True)
    for wrong in ({"crossfade_s": 31}, {"target_lufs": 0}, {"auto": 1}, {"speed": 2}):
        assert put("/api/decks/settings", json=wrong).status_code == 422
    put("/api/decks/settings", json={"crossfade_s": 4.0, "target_lufs": -16.0, "auto": False})


def test_a_track_says_all_that_is_known_and_is_drawn_from_its_file(web: Web, files: Any) -> None:
    track = web.get("/api/tracks/3")
    assert track.keys() > _BRIEF | {"cue_in_s", "cue_out_s", "energy_db", "beats_per_bar"}
    assert track["beats_per_bar"] == 4
    drawn = web.get("/api/tracks/3/waveform?bars=100")
    assert (len(drawn["peak"]), len(drawn["rms"])) == (100, 100)
    assert max(drawn["peak"]) == pytest.approx(0.2 * 255, abs=2)
    assert drawn["duration_s"] == pytest.approx(10.0, abs=0.1)
    assert web.client.get("/api/tracks/11/waveform").status_code == 422  # its file is gone
    for wrong in ("/api/tracks/999", "/api/tracks/999/waveform"):
        assert web.client.get(wrong).status_code == 404
    for wrong in ("/api/tracks/-1", "/api/tracks/x", "/api/tracks/3/waveform?bars=0"):
        assert web.client.get(wrong).status_code == 422


def test_the_library_is_searched_in_pages(web: Web) -> None:
    everything = web.get("/api/library/search?limit=5")
    assert (len(everything["tracks"]), everything["total"]) == (5, 12)
    rest = web.get("/api/library/search?limit=50&offset=5")["tracks"]
    assert not {t["id"] for t in rest} & {t["id"] for t in everything["tracks"]}
    found = web.get("/api/library/search?q=tun%20artist%201")
    assert {t["title"] for t in found["tracks"]} == {"Tune 5", "Tune 9", "Tune 10", "Tune 11"}
    assert found["total"] == 4
    for odd in ("%25", "'; DROP TABLE track; --", '"', "a*", "NEAR(", "\x00", "x" * 200):
        assert web.client.get("/api/library/search", params={"q": odd}).status_code == 200
    assert web.get("/api/library/search")["total"] == 12


def test_only_the_home_and_folders_of_the_library_can_be_looked_at(
    web: Web, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / "music" / "<b>").mkdir(parents=True)
    (home / ".hidden").mkdir()
    (tmp_path / "secret").mkdir()
    (home / "way-out").symlink_to(tmp_path / "secret")
    shelf = Shelf(web.session, home)
    assert [one["name"] for one in shelf.folders("")["folders"]] == ["music", "way-out"]
    inside = shelf.folders(str(home / "music"))
    assert [one["name"] for one in inside["folders"]] == ["<b>"]
    assert inside["parent"] == str(home)
    assert shelf.folders("")["parent"] is None
    for wrong in (tmp_path, tmp_path / "secret", home / "way-out", home / ".." / "secret",
                  "/etc", "/", "music", home / "none", "~root", f"{home}\0/x"):  # fmt: skip
        with pytest.raises(NotAllowedError, match="folder must"):
            shelf.allowed(str(wrong))
    for path in ("/etc", "/", "../..", "\x00"):
        assert web.client.get("/api/library/folders", params={"path": path}).status_code == 403
        assert web.client.post("/api/library/add", json={"folder": path}).status_code == 403


def test_the_history_can_be_taken_away(web: Web) -> None:
    web.session.history.note("like", web.session.library.track(2))
    rows = web.client.get("/api/history.csv").text.splitlines()
    events = json.loads(web.client.get("/api/history.json").text)
    assert len(rows) == len(events) + 1
    assert events[-1]["title"] == "One"
