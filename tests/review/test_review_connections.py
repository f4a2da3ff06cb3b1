"""Connections that ask nothing, half of something, or never take their answer, end."""

import asyncio
import socket
import threading
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from time import monotonic, sleep

import pytest

uvicorn = pytest.importorskip("uvicorn")
from nasion.review.connections import Limits, limited  # noqa: E402

LARGE = 24_000_000  # bytes, more than systems keep for a connection
STRICT = Limits(ask_s=0.3, take_s=0.3, idle_s=1)
PATIENT = Limits(most=8, ask_s=60, take_s=1, idle_s=60)


async def answer(scope, receive, send):
    """A body as long as its path asks for, once all of the request has come."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    body = b"x" * (LARGE if scope["path"] == "/large" else 1)
    await send({"type": "http.response.body", "body": body})


@contextmanager
def served(limits):
    config = uvicorn.Config(
        answer, http=limited(limits), ws="none", lifespan="off", log_level="critical",
        timeout_keep_alive=limits.idle_s,
    )  # fmt: skip
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as place:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([place])))
        thread.start()
        yield server, place.getsockname()[1]
        server.should_exit = server.force_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def strict():
    with served(STRICT) as (server, port):
        yield server, port


@pytest.fixture(scope="module")
def patient():
    with served(PATIENT) as (_, port):
        yield port


def connected(port):
    return closing(socket.create_connection(("127.0.0.1", port), timeout=10))


def ends(connection):
    """All that comes until the server ends it, and after how many seconds that was."""
    begin, come = monotonic(), b""
    try:
        while part := connection.recv(1 << 16):
            come += part
    except ConnectionResetError:
        pass
    return come, monotonic() - begin


REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def test_a_request_is_answered_and_the_connection_goes_on(patient):
    with closing(HTTPConnection("127.0.0.1", patient, timeout=10)) as one:
        one.connect()
        first = one.sock
        for _ in range(3):
            one.request("GET", "/")
            assert one.sock is first
            assert one.getresponse().read() == b"x"


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        REQUEST + b"GET /",
    ],
)
def test_half_a_request_ends(strict, part):
    with connected(strict[1]) as half:
        half.sendall(part)
        come, waited_s = ends(half)
    assert come.startswith(b"HTTP/1.1 200") or not come
    assert waited_s < 5


def test_a_request_that_comes_byte_by_byte_ends(strict):
    with connected(strict[1]) as slow:
        begin = monotonic()
        try:
            for byte in b"GET / HTTP/1.1\r\nX: " + b"x" * 1000:
                slow.sendall(bytes([byte]))
                sleep(0.02)
                if monotonic() - begin > 5:
                    break
        except OSError:
            pass
        assert monotonic() - begin < 5


def test_an_answer_that_nobody_takes_ends(strict):
    server, port = strict
    with connected(port) as idle:
        idle.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(10)
        begin = monotonic()
        while server.server_state.connections and monotonic() - begin < 10:
            sleep(0.05)
        assert not server.server_state.connections


@pytest.mark.more
def test_an_answer_that_is_taken_slowly_comes_whole(patient):
    with connected(patient) as slow:
        slow.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        n, begin = 0, monotonic()
        while part := slow.recv(1 << 20):
            n += len(part)
            sleep(0.1)
    assert n > LARGE
    assert monotonic() - begin > 2 * PATIENT.take_s


def test_of_too_many_connections_the_idle_ones_make_room(patient):
    idle = [socket.create_connection(("127.0.0.1", patient), timeout=10) for _ in range(60)]
    with connected(patient) as one:
        one.sendall(REQUEST)
        assert one.recv(4096).startswith(b"HTTP/1.1 200")
    for connection in idle[:50]:
        assert ends(connection)[0] == b""
    for connection in idle:
        connection.close()
