"""The server of the review: on this machine only, one page and the numbers it draws."""

import mimetypes
import secrets
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles

from nasion.errors import NasionError
from nasion.review import routes
from nasion.review.connections import LIMITS, Limits, limited
from nasion.review.judgement import Unfit
from nasion.review.reviewer import Reviewer
from nasion.review.security import Guard, refusal
from nasion.review.session import Session
from nasion.review.shelf import Shelf
from nasion.review.why import Explainer

HOST = "127.0.0.1"
STATIC = Path(__file__).parent / "static"
AT_ONCE = 8  # requests that read files or compute
GRACE_S = 1  # for requests that go on when the server is told to stop


def create_app(
    folder: Path,
    *,
    token: str,
    port: int,
    blind: bool = False,
    reviewer: str = "",
    model: Path | str | None = None,
) -> FastAPI:
    """Make the application that serves the readings of a folder.

    Parameters
    ----------
    token
        Secret that the first address holds.
    port
        Where it will be reached; other hosts and ports in a request are refused.
    blind
        Whether predictions are hidden and random windows mixed in.
    reviewer
        Initials; the page asks for them where they are empty.
    model
        That made the readings, for its maps; by default the installed one that did.

    Raises
    ------
    NasionError
        If the folder holds no reading, or the initials are none.
    """
    person = Reviewer(routes.initials(reviewer, ""), blind)
    session = Session(Shelf(folder, token), person, Explainer(model))
    app = FastAPI(
        title="nasion review", docs_url=None, redoc_url=None, openapi_url=None,
        redirect_slashes=False, lifespan=_life,
    )  # fmt: skip
    app.state.session = session
    app.add_middleware(Guard, token=token, port=port)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    app.add_exception_handler(Unfit, _unfit)
    app.add_exception_handler(NasionError, _broken)
    app.add_exception_handler(OSError, _unwritten)
    app.add_exception_handler(MemoryError, _too_large)
    app.add_exception_handler(Exception, _failed)
    app.include_router(routes.router)
    # What Windows has registered for them may be anything, and `nosniff` then refuses a script.
    mimetypes.add_type("text/javascript", ".js")
    mimetypes.add_type("text/css", ".css")
    app.mount("/static", StaticFiles(directory=STATIC), "static")
    app.get("/")(_index)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """While it serves: few threads, so that memory is bounded however many ask at once."""
    current_default_thread_limiter().total_tokens = AT_ONCE
    yield
    app.state.session.explainer.close()


def _index() -> FileResponse:
    return FileResponse(STATIC / "index.html", media_type="text/html; charset=utf-8")


def _misunderstood(request: Request, error: Exception) -> Response:
    """One line in place of pydantic's list."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return refusal(422, f"{field}: {first['msg']}")


def _unfit(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unfit)
    return refusal(error.status, str(error))


def _broken(request: Request, error: Exception) -> Response:
    """Files are not as they should be, or can't be written."""
    return refusal(409, str(error))


def _unwritten(request: Request, error: Exception) -> Response:
    assert isinstance(error, OSError)
    return refusal(409, f"{error.filename}: {error.strerror}")


def _too_large(request: Request, error: Exception) -> Response:
    return refusal(503, "not enough memory for this; ask for less, or close other programs")


def _failed(request: Request, error: Exception) -> Response:
    """A defect: say where, but nothing of what the data are."""
    trace, place = error.__traceback__, "?"
    while trace:
        place = f"{trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return refusal(500, f"{type(error).__name__} inside nasion ({place})")


def serve(
    folder: Path,
    *,
    port: int = 0,
    blind: bool = False,
    reviewer: str = "",
    model: Path | str | None = None,
    no_browser: bool = False,
    announce: Callable[[str], None] = print,
    limits: Limits = LIMITS,
) -> None:
    """Serve the readings of a folder until it is interrupted.

    Parameters
    ----------
    port
        0 takes a free one.
    announce
        Is given the address, with its token, once requests would be answered.
    limits
        Of connections.

    Raises
    ------
    NasionError
        If the port is taken or the folder holds no reading.
    """
    import uvicorn

    # Stated as TCP, so that asyncio sends small answers at once (without, each waits 40 ms).
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((HOST, port))
        except (OSError, OverflowError):
            raise NasionError(f"--port {port}: can't be had; give another one") from None
        port, token = place.getsockname()[1], secrets.token_urlsafe(32)
        app = create_app(
            folder, token=token, port=port, blind=blind, reviewer=reviewer, model=model
        )
        # From here on the kernel lets browsers wait until the application answers.
        place.listen(128)
        address = f"http://{HOST}:{port}/?token={token}"
        announce(address)
        if not no_browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        config = uvicorn.Config(
            app, log_level="critical", access_log=False, server_header=False,
            timeout_graceful_shutdown=GRACE_S, http=limited(limits), ws="none",
            timeout_keep_alive=limits.idle_s,
        )  # fmt: skip
        try:
            uvicorn.Server(config).run(sockets=[place])
        except KeyboardInterrupt:  # how a review ends
            return
