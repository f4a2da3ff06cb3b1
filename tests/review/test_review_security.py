import re

import pytest
from fastapi.testclient import TestClient
from visitor import ORIGIN, PORT, TOKEN, id_of

from nasion.errors import NasionError
from nasion.review.security import HEADERS, LARGEST_BODY
from nasion.review.server import create_app, serve

COOKIE = f"nasion-{PORT}"
WRITES = ("verdicts", "undo", "reviewer", "export")


@pytest.fixture
def stranger(made):
    """A client without a cookie that follows no redirect."""
    app = create_app(made, token=TOKEN, port=PORT, reviewer="AB")
    with TestClient(
        app, base_url=ORIGIN, headers={"Origin": ORIGIN}, follow_redirects=False
    ) as client:
        yield client


def test_the_token_becomes_a_cookie_and_leaves_the_address(stranger):
    answer = stranger.get(f"/?token={TOKEN}")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith(f"{COOKIE}={TOKEN};")
    assert {"httponly", "samesite=strict", "path=/"} <= set(cookie.lower().split("; "))
    assert stranger.get("/").status_code == 200
    assert stranger.get("/api/readings").status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ä", "%00"])
def test_another_token_is_refused(stranger, token):
    answer = stranger.get(f"/?token={token}")
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert stranger.get("/", headers={"Cookie": f"{COOKIE}={token}".encode()}).status_code == 401


@pytest.mark.parametrize(
    "path", ["/", "/static/index.html", "/api/readings", "/api/readings/x", "/none", "/docs"]
)
def test_nothing_is_told_without_the_cookie(stranger, path):
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert set(answer.json()) == {"detail"}


def test_the_token_counts_in_the_first_address_alone(stranger):
    assert stranger.get(f"/api/readings?token={TOKEN}").status_code == 401
    assert stranger.post(f"/?token={TOKEN}").status_code == 401


def test_a_cookie_of_another_server_of_this_machine_does_not_lock_out(stranger):
    cookies = f"{COOKIE}=planted; other=1; {COOKIE}={TOKEN}"
    assert stranger.get("/", headers={"Cookie": cookies}).status_code == 200
    assert stranger.get("/", headers={"Cookie": f"nasion-1={TOKEN}"}).status_code == 401


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "localhost", f"127.0.0.1:{PORT + 1}",
     f"127.0.0.1:{PORT}.evil.example", "0.0.0.0:8765", ""],
)  # fmt: skip
def test_another_host_is_refused_even_with_the_token(visit, host):
    client = visit()
    for path in ("/", f"/?token={TOKEN}", "/api/readings", "/static/index.html"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_both_names_of_this_machine_are_let_in(visit):
    client = visit()
    for host in ("127.0.0.1", "localhost"):
        headers = {"Host": f"{host}:{PORT}", "Origin": f"http://{host}:{PORT}"}
        number = id_of(client)
        assert client.get("/api/readings", headers=headers).status_code == 200
        assert client.post(f"/api/readings/{number}/undo", headers=headers).status_code == 200


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", f"https://127.0.0.1:{PORT}", f"http://127.0.0.1:{PORT + 1}",
     f"http://127.0.0.1:{PORT}.evil.example", None],
)  # fmt: skip
def test_another_origin_may_not_write(visit, readings, write, origin):
    client = visit()
    number = id_of(client)
    del client.headers["origin"]
    headers = {} if origin is None else {"Origin": origin}
    answer = client.post(f"/api/readings/{number}/{write}", json={}, headers=headers)
    assert answer.status_code == 403
    assert not list(readings.glob("*/verdicts.jsonl"))


def test_only_json_writes(visit):
    client = visit()
    body = b'{"initials": "CD"}'
    path = f"/api/readings/{id_of(client)}/reviewer"
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert client.post(path, content=body, headers={"Content-Type": kind}).status_code == 422
    assert client.post(path, json={"initials": "CD"}).status_code == 200


def test_a_large_body_is_refused_unread(visit):
    client = visit()
    path = f"/api/readings/{id_of(client)}/verdicts"
    assert client.post(path, content=b" " * (LARGEST_BODY + 1)).status_code == 413
    assert client.post(path, content=iter([b"{}"])).status_code == 413


def test_every_answer_has_the_headers(visit, stranger):
    client = visit()
    answers = [
        client.get("/"),
        client.get("/static/index.html"),
        client.get("/api/readings"),
        client.get("/none"),
        client.get("/", headers={"Host": "evil.example"}),
        stranger.get("/"),
        stranger.get(f"/?token={TOKEN}"),
    ]
    for answer in answers:
        assert HEADERS.items() <= dict(answer.headers).items() | HEADERS.items()
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert "server" not in answer.headers
    assert client.get("/api/readings").headers["cache-control"] == "no-store"


def test_the_policy_lets_nothing_in_from_elsewhere():
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "*" not in policy


@pytest.mark.parametrize(
    "path",
    ["/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py",
     "/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fpyproject.toml", "/static//etc/passwd",
     "/static/..\\server.py", "/static/%00", "/../reading.json"],
)  # fmt: skip
def test_static_files_end_at_their_folder(visit, path):
    answer = visit().get(path)
    assert answer.status_code in (404, 405)
    assert "import" not in answer.text


@pytest.mark.parametrize(
    "name",
    ["..%2freading.json", "%2e%2e%2freading.json", "reading.json", "../reading.json",
     "verdicts.jsonl", "..%5creading.json", "%2fetc%2fpasswd", "events.tsv%00", "votes"],
)  # fmt: skip
def test_only_exports_can_be_downloaded(visit, name):
    client = visit()
    number = id_of(client)
    client.post(f"/api/readings/{number}/export", json={"kind": "bids"})
    answer = client.get(f"/api/readings/{number}/export/{name}")
    assert answer.status_code in (404, 405)
    assert "duration_s" not in answer.text


@pytest.mark.parametrize("number", ["stay-217", "..", "%2e%2e", "..%2f..", "x" * 5000, "é"])
def test_readings_have_numbers_not_names(visit, number):
    answer = visit().get(f"/api/readings/{number}/trends?start_s=0&stop_s=1&columns=1")
    assert answer.status_code == 404


def test_numbers_tell_nothing_of_names_and_differ_between_servers(visit, made):
    numbers = [one["id"] for one in visit().get("/api/readings").json()["readings"]]
    app = create_app(made, token="another", port=PORT)
    with TestClient(app, base_url=ORIGIN) as client:
        client.get("/?token=another")
        others = [one["id"] for one in client.get("/api/readings").json()["readings"]]
    assert all(re.fullmatch("[0-9a-f]{16}", number) for number in numbers + others)
    assert len({*numbers, *others}) == 4


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"])
def test_there_is_no_description_of_the_server(visit, path):
    assert visit().get(path).status_code == 404


def test_a_websocket_is_closed(visit):
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises((WebSocketDisconnect, AssertionError)), visit().websocket_connect("/api"):
        pass


def test_a_port_that_is_taken_is_said(made):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NasionError, match=f"--port {port}: can't be had"):
            serve(made, port=port, no_browser=True)
