"""The door is closed to whoever has no token, comes from elsewhere, or brings too much."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from engine.web.settings import WebSettings, new_token

from .conftest import PORT, TOKEN, Web

_FOREIGN = [
    "evil.example",
    f"evil.example:{PORT}",
    "127.0.0.1:1",
    "[::1]:1",
    "127.0.0.1",
    "",
    "null",
]
_OWN = [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LocalHost:{PORT}", f"[::1]:{PORT}"]


def _routes(web: Web) -> list[tuple[str, str]]:
    """Every method and path of the API, with numbers for what stands in braces."""
    paths = web.client.get("/openapi.json").json()["paths"]
    return [
        (method.upper(), "/".join("1" if "{" in part else part for part in path.split("/")))
        for path, methods in paths.items()
        for method in methods
    ]


@pytest.mark.parametrize("host", _FOREIGN)
def test_another_host_is_refused_on_every_route(web: Web, host: str) -> None:
    for method, path in [*_routes(web), ("GET", "/"), ("GET", "/css/none.css")]:
        answer = web.client.request(method, path, headers={"Host": host})
        assert answer.status_code == 400, path
        assert "host must be this server's own" in answer.json()["error"]


@pytest.mark.parametrize("host", _OWN)
def test_this_machines_own_names_are_answered(web: Web, host: str) -> None:
    assert web.client.get("/api/patches", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", f"https://127.0.0.1:{PORT}", "http://127.0.0.1",
     f"http://127.0.0.1:{PORT}.evil.example", "file://"],
)  # fmt: skip
def test_another_origin_is_refused_on_every_route(web: Web, origin: str) -> None:
    for method, path in [*_routes(web), ("GET", "/")]:
        answer = web.client.request(method, path, headers={"Origin": origin})
        assert answer.status_code == 403, path


def test_an_origin_that_equals_its_own_host_is_not_thereby_ours(web: Web) -> None:
    rebound = {"Host": f"evil.example:{PORT}", "Origin": f"http://evil.example:{PORT}"}
    assert web.client.get("/api/state", headers=rebound).status_code == 400


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x",
     f"Bearer {TOKEN} x", f"Token {TOKEN}", "Bearer \xe9"],
)  # fmt: skip
def test_without_the_token_no_route_of_the_api_answers(web: Web, given: str) -> None:
    for method, path in _routes(web):
        if path.startswith("/api"):
            header = {"Authorization": given.encode("latin-1")}
            answer = web.client.request(method, path, headers=header)
            assert answer.status_code == 401, path


def test_the_token_in_a_query_or_a_cookie_counts_for_nothing(web: Web) -> None:
    bare: Any = {"Authorization": b"", "Cookie": f"token={TOKEN}"}
    assert web.client.get(f"/api/state?token={TOKEN}", headers=bare).status_code == 401


def test_no_answer_sets_a_cookie_or_invites_other_origins_and_all_say_what_may_load(
    web: Web,
) -> None:
    answers = [
        web.client.get("/api/state"),
        web.client.get("/none"),
        web.client.get("/api/state", headers={"Host": "evil.example"}),
        web.client.options("/api/state", headers={"Origin": f"http://127.0.0.1:{PORT}"}),
    ]
    for answer in answers:
        names = {name.lower() for name in answer.headers}
        assert not {n for n in names if n.startswith("access-control")} | (names & {"set-cookie"})
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_what_a_form_of_another_page_can_send_is_refused(web: Web) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        answer = web.client.put(
            "/api/keys/master", content=b'{"gain_db": -6}', headers={"Content-Type": kind}
        )
        assert answer.status_code == 415, kind


def test_a_body_that_is_too_long_is_refused_before_it_is_read(web: Web) -> None:
    most = web.settings.json_bytes
    answer = web.client.post("/api/curves", content=b"{" + b" " * most)
    assert answer.status_code == 413
    read = 0

    def endless() -> Any:  # without a length, piece by piece
        nonlocal read
        for _ in range(10 * most // 1024):
            read += 1024
            yield b" " * 1024

    answer = web.client.post(
        "/api/curves", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff\xfe", b"[" * 100_000, b'{"gain_db": NaN}', b'{"gain_db": 1e999}', b"null", b"[]",
     b'"x"', b'{"gain_db": "loud"}', b'{"gain_db": true}', b'{"gain_db": 1, "other": 2}', b"{}"],
)  # fmt: skip
def test_a_malformed_body_is_told_in_one_line(web: Web, body: bytes) -> None:
    answer = web.client.put(
        "/api/keys/master", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    error = answer.json()["error"]
    assert error
    assert "\n" not in error


def test_no_get_changes_the_state(web: Web) -> None:
    def state() -> str:
        text = web.client.get("/api/state").text
        clock = ("at", "ends_at", "heard_for_s")
        parts = json.loads(text, object_hook=lambda d: d | {k: 0 for k in clock if k in d})
        return json.dumps(parts, sort_keys=True)

    before, heads = state(), web.desk.synth.state[0]["command_head"][0]
    for method, path in _routes(web):
        if method == "GET":
            web.client.get(path)
            web.client.head(path)
    assert state() == before
    assert web.desk.synth.state[0]["command_head"][0] == heads


def test_what_changes_the_state_does_not_answer_get(web: Web) -> None:
    gets = {path for method, path in _routes(web) if method == "GET"}
    for method, path in _routes(web):
        if method != "GET" and path not in gets and not path.startswith("/api/tracks/"):
            assert web.client.get(path).status_code in (404, 405), path


@pytest.mark.parametrize(
    "path",
    ["/../app.py", "/..%2fapp.py", "/%2e%2e/app.py", "/css/../../app.py", "//etc/passwd",
     "/css/..%5c..%5capp.py", "/%00", "/.%00./app.py", "/etc/passwd", "/~root"],
)  # fmt: skip
def test_no_path_leads_out_of_the_page(web: Web, path: str) -> None:
    answer = web.client.get(path)
    assert answer.status_code in (404, 405)
    assert b"create_app" not in answer.content
    assert b"root:" not in answer.content


def test_a_socket_from_elsewhere_is_refused_at_the_handshake(web: Web) -> None:
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": f"evil.example:{PORT}", "Origin": f"http://evil.example:{PORT}"},
    ):
        for path in ("/api/socket", "/api/identify/stream"):
            with pytest.raises(WebSocketDisconnect) as refused:
                web.socket(path, **headers).__enter__()
            assert refused.value.code == 4403


@pytest.mark.parametrize("path", ["/api/socket", "/api/identify/stream"])
@pytest.mark.parametrize(
    "first",
    ["", "{}", "[]", '{"type": "hello"}', '{"type": "hello", "token": 5}', "x" * 5000,
     '{"type": "hello", "token": "wrong-wrong-wrong-wrong"}', '{"type": "note_on", "note": 60}'],
)  # fmt: skip
def test_a_socket_says_nothing_to_who_has_no_token(web: Web, path: str, first: str) -> None:
    with web.socket(path) as socket:
        socket.send_text(first)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
        assert closed.value.code == 4401


def test_a_server_for_other_machines_guards_its_metrics_too(web: Web) -> None:
    open_to_all = WebSettings(PORT, TOKEN, host="0.0.0.0")
    assert open_to_all.hosts > web.settings.hosts
    assert not any("0.0.0.0" in host for host in open_to_all.hosts)
    assert all(host.endswith(f":{PORT}") for host in open_to_all.hosts)


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 32
    for wrong in ("", "short", "x" * 300, "é" * 20):
        with pytest.raises(ValueError, match="token must have 16 to 256"):
            WebSettings(PORT, wrong)
