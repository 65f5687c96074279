"""The service: clips and streams of other microphones are named, and none waits for ever."""

from __future__ import annotations

import io
import json
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from starlette.websockets import WebSocketDisconnect

from engine.errors import AudioFileError
from engine.io.device import HandStream
from engine.library import Library, ingest
from engine.session import Session
from engine.synth import Synth
from engine.web.admission import Admission, BusyError, Limits
from engine.web.app import create_app
from engine.web.clips import pieces, raw_format
from engine.web.desk import Desk
from engine.web.identifier import Identifier
from engine.web.settings import WebSettings

from ..conftest import RATE, cut_noisily, passes, tune
from .conftest import BASE, PORT, TOKEN, TestClient, Web


@pytest.fixture(scope="module")
def ear(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """Return a server whose library holds four tunes that can be heard."""
    folder = tmp_path_factory.mktemp("ear")
    for seed in (1, 2, 3):
        soundfile.write(folder / f"tune-{seed}.wav", tune(seed, 20.0), RATE)
    soundfile.write(folder / "passes.wav", passes(4)[0], RATE)
    synth = Synth()
    stream = HandStream(synth)
    settings = WebSettings(PORT, TOKEN, clip_bytes=3 << 19)
    with Library.open(folder / "library") as library:
        ingest.add(library, [folder], workers=0)
        with Session(library, synth, stream) as session:
            desk = Desk(session)
            app = create_app(session, settings, desk)
            headers = {"Authorization": f"Bearer {TOKEN}"}
            with TestClient(app, BASE, headers=headers) as client:
                yield Web(client, desk, stream, settings)
            desk.close()


def _clip(seed: int, start_s: float = 8.0, seconds: float = 6.0) -> Any:
    whole = tune(seed, 20.0)
    return whole[round(start_s * RATE) : round((start_s + seconds) * RATE)]


def _file(audio: Any, kind: str) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, audio, RATE, format=kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_clip_is_named_with_its_place_whatever_its_format(ear: Web, kind: str) -> None:
    answer = ear.client.post("/api/identify", content=_file(_clip(2), kind))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["state"] == "known"
    assert found["track"]["title"] == "tune-2"
    assert found["offset_s"] == pytest.approx(8.0, abs=0.2)
    assert found["confidence"] > 0.9
    assert found["speed"] == pytest.approx(1.0, abs=0.01)


def test_the_tracks_file_is_asked_which_repeat_a_clip_is_of(ear: Web) -> None:
    for place_s, clip in cut_noisily(passes(4)[1]):
        found = ear.client.post("/api/identify", content=_file(clip, "WAV")).json()
        assert found["track"]["title"] == "passes"
        assert found["offset_s"] == pytest.approx(place_s, abs=0.05)


def test_raw_samples_are_named_in_every_byte_order(ear: Web) -> None:
    whole = np.round(_clip(3) * 32767).astype(np.int16)
    for kind, data in {
        "audio/l16": whole.astype(">i2").tobytes(),
        "audio/x-s16le": whole.astype("<i2").tobytes(),
        "audio/x-f32le": _clip(3).astype("<f4").tobytes(),
    }.items():
        header = {"Content-Type": f"{kind}; rate={RATE}; channels=1"}
        answer = ear.client.post("/api/identify", content=data, headers=header)
        assert answer.json()["track"]["title"] == "tune-3", kind
    both = np.stack([_clip(3), _clip(3)], axis=1).astype("<f4").tobytes()
    header = {"Content-Type": f"audio/x-f32le; rate={RATE}; channels=2"}
    found = ear.client.post("/api/identify", content=both, headers=header).json()
    assert found["track"]["title"] == "tune-3"


def test_what_the_library_does_not_have_is_unknown(ear: Web) -> None:
    for audio in (_clip(99), np.zeros(RATE * 5, np.float32)):
        found = ear.client.post("/api/identify", content=_file(audio, "WAV")).json()
        assert (found["state"], found["track"], found["offset_s"]) == ("unknown", None, None)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "audio/wav"),
        (b"RIFF", "audio/wav"),
        (b"<html>", "text/html"),
        (b"\x00" * 5000, "application/octet-stream"),
        (struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 2**31, b"WAVEfmt ", 16, 1, 9, 1, 0, 0, 16,
                     b"data", 2**31 - 1), "audio/wav"),
        (b"\x00" * 100, "audio/l16"),
        (b"\x00" * 100, "audio/l16; rate=0"),
        (b"\x00" * 100, "audio/l16; rate=48000; channels=99"),
        (b"\x00" * 100, "audio/l16; rate=1e9"),
        (b"\x00", "audio/l16; rate=48000"),
    ],
)  # fmt: skip
def test_what_is_no_audio_is_told_so(ear: Web, data: bytes, kind: str) -> None:
    answer = ear.client.post("/api/identify", content=data, headers={"Content-Type": kind})
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]


def test_a_file_that_breaks_off_is_heard_as_far_as_it_goes(ear: Web) -> None:
    whole = _file(_clip(1, 4.0, 16.0), "FLAC")
    found = ear.client.post("/api/identify", content=whole[: len(whole) // 2]).json()
    assert found["track"]["title"] == "tune-1"


def test_a_clip_that_is_too_long_is_refused(ear: Web) -> None:
    data = b"\x00" * (ear.settings.clip_bytes + 1)
    assert ear.client.post("/api/identify", content=data).status_code == 413
    endless = (b"\x00" * 65536 for _ in range(100))
    assert ear.client.post("/api/identify", content=endless).status_code == 413
    admission = ear.client.app.state.identifier.admission  # type: ignore[attr-defined]
    assert (admission.inside, admission._bytes) == (0, 0)


def test_of_a_long_clip_half_a_minute_is_kept() -> None:
    parts, rate = pieces(_file(np.zeros(RATE * 90, np.float32), "WAV"), "audio/wav")
    assert rate == RATE
    assert [len(part) for part in parts] == [10 * RATE] * 3
    data = np.zeros(48_000 * 2 * 40, "<i2").tobytes()
    parts, rate = pieces(data, "audio/l16; rate=48000; channels=2")
    assert [len(part) for part in parts] == [480_000] * 3


def test_raw_formats_are_read_as_their_standard_says() -> None:
    assert raw_format("audio/wav") is None
    found = raw_format('AUDIO/L16 ; channels="2";rate=44100')
    assert found is not None
    assert (found.form, found.sample_rate, found.channels) == ("s16be", 44_100, 2)
    with pytest.raises(AudioFileError, match="rate must be between 1000 and 768000, got ''"):
        raw_format("audio/l16")


def test_a_crowd_is_answered_or_refused_at_once_with_a_time_to_come_again(ear: Web) -> None:
    service = ear.client.app.state.identifier  # type: ignore[attr-defined]
    go = threading.Event()
    for _ in range(service.admission.limits.workers):
        service.submit(go.wait)  # all are busy
    clip = _file(_clip(2), "WAV")
    answers: list[Any] = []

    def ask() -> None:
        answers.append(ear.client.post("/api/identify", content=clip))

    crowd = [threading.Thread(target=ask) for _ in range(60)]
    for one in crowd:
        one.start()
    while len(answers) < 60 - service.admission.inside:  # those that are refused need not wait
        crowd[0].join(0.01)
    refused = list(answers)
    go.set()
    for one in crowd:
        one.join()
    assert {one.status_code for one in answers} == {200, 503}
    assert len(answers) == 60
    assert all(one.status_code == 503 for one in refused)
    assert all(int(one.headers["Retry-After"]) >= 1 for one in refused)
    admitted = [one.json() for one in answers if one.status_code == 200]
    assert all(one["track"]["title"] == "tune-2" for one in admitted)
    assert service.admission.inside == 0


def test_one_address_cannot_take_all_places() -> None:
    admission = Admission(Limits(1, wait_s=100.0, waiting=10, per_client=4))
    for _ in range(4):
        admission.enter("greedy", 1)
    with pytest.raises(BusyError) as refused:
        admission.enter("greedy", 1)
    assert refused.value.status == 429
    admission.enter("modest", 1)
    admission.leave("greedy", 1, 0.1)
    admission.enter("greedy", 1)


def test_nobody_is_let_in_to_wait_longer_than_promised() -> None:
    admission = Admission(Limits(2, wait_s=0.5, waiting=1000, per_client=1000))
    for _ in range(200):
        admission.enter("a", 1)
        admission.leave("a", 1, 0.2)
    for _ in range(7):  # two are served; of those behind, the fifth waits for half a second
        admission.enter("a", 1)
    with pytest.raises(BusyError) as refused:
        admission.enter("a", 1)
    assert refused.value.status == 503
    assert refused.value.retry_s >= 1


def test_what_waited_too_long_is_refused_instead_of_answered_late(ear: Web) -> None:
    service: Identifier = ear.client.app.state.identifier  # type: ignore[attr-defined]
    with pytest.raises(BusyError) as refused:
        service.clip(b"", "audio/wav", time.monotonic() - 2.0 * service.admission.limits.wait_s)
    assert (refused.value.status, refused.value.retry_s) == (503, 1)


def test_bodies_that_wait_take_no_more_memory_than_was_set_aside() -> None:
    admission = Admission(Limits(8, body_bytes=1000))
    admission.enter("a", 600)
    with pytest.raises(BusyError, match="memory"):
        admission.enter("b", 600)
    admission.leave("a", 600)
    admission.enter("b", 600)


def _said(ear: Web, seconds: float) -> Any:
    """Return what is said of a stream of a second of silence and a tune, sent at once."""
    sound = np.concatenate([np.zeros(RATE), tune(1, 20.0)])[: round(seconds * RATE)]
    data = np.round(sound * 32767).astype("<i2").tobytes()
    with ear.socket("/api/identify/stream") as socket:
        socket.send_json({"type": "hello", "token": TOKEN, "rate": RATE, "format": "s16le"})
        for at in range(0, len(data), 8_191):  # in pieces that are no whole frames
            socket.send_bytes(data[at : at + 8_191])
        return json.loads(socket.receive_text())


def test_a_stream_of_another_microphone_is_told_what_it_hears(ear: Web) -> None:
    said = _said(ear, 4.9)
    assert (said["type"], said["state"], said["dropped_s"]) == ("heard", "known", 0.0)
    assert said["track"]["title"] == "tune-1"
    assert said["position_s"] == pytest.approx(said["at_s"] - 1.0, abs=0.1)


def test_of_a_stream_that_comes_too_fast_the_latest_is_heard_in_its_place(ear: Web) -> None:
    said = _said(ear, 20.0)
    assert said["track"]["title"] == "tune-1"
    assert said["position_s"] == pytest.approx(said["at_s"] - 1.0, abs=0.1)


@pytest.mark.parametrize(
    "hello",
    [{}, {"rate": 0}, {"rate": "x"}, {"rate": 48_000, "format": "mp3"},
     {"rate": 48_000, "channels": 0}, {"rate": 1e6}, {"rate": [48_000]}],
)  # fmt: skip
def test_a_stream_that_does_not_say_what_it_is_is_closed_with_the_reason(
    ear: Web, hello: dict[str, Any]
) -> None:
    with ear.socket("/api/identify/stream") as socket:
        socket.send_json({"type": "hello", "token": TOKEN, **hello})
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert closed.value.code == 4415
    assert "must be" in closed.value.reason


def test_requests_are_counted_by_what_became_of_them(ear: Web) -> None:
    ear.client.post("/api/identify", content=_file(_clip(1), "WAV"))
    ear.client.post("/api/identify", content=b"junk")
    answer = ear.client.get("/metrics", headers={"Authorization": ""})
    assert answer.status_code == 200
    lines = dict(
        line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#")
    )
    assert float(lines['antiphon_identify_requests_total{outcome="known"}']) >= 1
    assert float(lines['antiphon_identify_requests_total{outcome="unreadable"}']) >= 1
    assert float(lines["antiphon_library_tracks"]) == 4
    assert float(lines["antiphon_identify_inside"]) == 0
    calls = float(lines["antiphon_audio_callbacks_total"])
    ear.step(7)
    later = ear.client.get("/metrics").text
    assert f"antiphon_audio_callbacks_total {calls + 7}" in later


def test_the_folder_of_the_library_stays_as_it_was(ear: Web, tmp_path: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in ear.session.library.directory.rglob("*")}
    ear.client.post("/api/identify", content=_file(_clip(1), "WAV"))
    assert {p: p.stat().st_mtime_ns for p in ear.session.library.directory.rglob("*")} == before
