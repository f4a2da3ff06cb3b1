"""Who may ask: this machine's browser, with the token of this server, on its own address.

A page of another site can't guess the token, can't send the cookie (SameSite), can't pass by
another name that resolves to this machine (Host), and can't write (Origin).
"""

import json
from hmac import compare_digest
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LARGEST_BODY = 65536  # bytes; a verdict with a long note has some thousand


LONGEST_DETAIL = 1000  # characters; what was asked for may stand in it


def refusal(status: int, detail: str) -> Response:
    """An error as every part of the server gives it: one line, whatever was asked for."""
    line = " ".join(detail.split())[:LONGEST_DETAIL]
    return Response(json.dumps({"detail": line}), status, media_type="application/json")


class Guard:
    """Stands before the application and lets through what may pass; adds headers to all answers."""

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self._app, self._token, self._cookie = app, token, f"nasion-{port}"
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self._origins = tuple(f"http://{host}" for host in self._hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})  # unaccepted: a 403
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                static = scope["path"].startswith("/static/")
                headers["Cache-Control"] = "no-cache" if static else "no-store"
            await send(message)

        app = self._answer(scope, Headers(scope=scope)) or self._app
        await app(scope, receive, send_guarded)

    def _answer(self, scope: Scope, headers: Headers) -> Response | None:
        """What is said in place of the application; None lets the request pass."""
        if headers.getlist("host") not in ([host] for host in self._hosts):
            return refusal(403, "this server answers to 127.0.0.1 alone")
        reads = scope["method"] in ("GET", "HEAD")
        if not reads and headers.get("origin") not in self._origins:
            return refusal(403, "only the page of this server may write")
        if scope["path"] == "/" and reads:
            tokens = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
            if tokens and all(map(self._is_token, tokens)):
                return self._entry()
        if not any(map(self._is_token, self._cookies(headers))):
            return refusal(401, "open the address that nasion review printed, with its token")
        if not reads and not self._is_small(headers):
            return refusal(413, f"more than {LARGEST_BODY} bytes, or of unknown length")
        return None

    def _entry(self) -> Response:
        """To the page, with the cookie, and without the token in the address."""
        response = RedirectResponse("/", 303)
        response.set_cookie(self._cookie, self._token, httponly=True, samesite="strict", path="/")
        return response

    def _cookies(self, headers: Headers) -> list[str]:
        """Values of our cookie; other servers of this machine may have set one of its name."""
        pairs = [part.partition("=") for part in "; ".join(headers.getlist("cookie")).split(";")]
        return [value.strip() for name, _, value in pairs if name.strip() == self._cookie]

    def _is_token(self, text: str) -> bool:
        return compare_digest(text.encode(), self._token.encode())

    @staticmethod
    def _is_small(headers: Headers) -> bool:
        """Without a length there is no body, unless it comes in chunks of any number."""
        length = headers.get("content-length", "0")
        numeric = length.isascii() and length.isdigit()
        return numeric and int(length) <= LARGEST_BODY and "transfer-encoding" not in headers
