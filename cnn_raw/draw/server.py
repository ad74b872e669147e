"""The page on loopback: a fixed list of files, and one place that takes JSON.

Only this machine may ask, and only the page itself: the server binds 127.0.0.1, and refuses other
Host headers (a foreign name that was made to point here) and requests from other pages. No request
names a file: what may be served is listed, and read, when the server starts.
"""

import asyncio
import json
import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cnn_raw import InputError
from cnn_raw.draw.bundle import STATIC
from cnn_raw.draw.connection import Connection, Server
from cnn_raw.draw.learning import OPS

HOST = "127.0.0.1"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
FILES = {
    f"/{path.relative_to(STATIC).as_posix()}": path
    for path in sorted(STATIC.rglob("*"))
    if path.suffix in TYPES
}
FILES["/"] = FILES.pop("/index.html")
MOST_BYTES = 1_000_000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


Answer = Callable[[dict], dict]


def application(answer: Answer, learn: Answer | None = None) -> ASGIApp:
    """Return the ASGI application that serves the page and hands its requests to ``answer``.

    ``learn`` answers those of ``learning.OPS``, in a thread of its own: nobody else waits for it.
    """
    workers = {
        answer: ThreadPoolExecutor(1, "answer"),  # one at a time: TensorFlow has its own threads
        learn: ThreadPoolExecutor(1, "learn"),
    }

    async def ask(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _error(415, "Content-Type: application/json is wanted")
        try:
            question = _parsed(await _body(request))
            op = question.get("op") if isinstance(question, dict) else None
            asked = learn if learn and op in OPS else answer
            loop = asyncio.get_running_loop()
            reply = await loop.run_in_executor(workers[asked], asked, question)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody will read it
        except InputError as error:
            return _error(400, str(error))
        return JSONResponse(reply)

    routes = [_file_route(address, path) for address, path in FILES.items()]
    routes.append(Route("/api", ask, methods=["POST"]))
    handlers = {
        HTTPException: lambda _, error: _error(error.status_code, error.detail),
        Exception: lambda _, error: _error(500, f"error in the server: {error!r}"),
    }
    return _Guard(Starlette(routes=routes, exception_handlers=handlers))


def listen(port: int) -> socket.socket:
    """Return a socket that listens on 127.0.0.1 (port 0: a free one). Raises InputError."""
    # With the protocol said outright, asyncio lets no answer wait 40 ms for more to send.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "no such port"
        raise InputError(
            f"port {port}: cannot be listened on ({reason}); leave --port out for a free one"
        ) from error
    return listener


def build_server(answer: Answer, learn: Answer | None = None) -> uvicorn.Server:
    """Return the server of the page; ``run(sockets=[listener])`` serves until Ctrl-C."""
    config = uvicorn.Config(
        application(answer, learn),
        http=Connection,
        backlog=32,
        lifespan="off",
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=30,
    )
    return Server(config)


class _Guard:
    """Rejects foreign Host and Origin headers; adds the security headers to every answer."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # no websockets here: uvicorn refuses the handshake
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        refusal = _refusal(Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send_with_headers)


def _refusal(headers: Headers) -> Response | None:
    host = headers.get("host", "")  # without a port it is 80
    if not re.fullmatch(rf"({re.escape(HOST)}|localhost)(:\d+)?", host):
        return _error(403, f"Host: only http://{HOST} is served")
    if headers.get("origin", f"http://{host}") != f"http://{host}":
        return _error(403, "Origin: other pages may not ask")
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return _error(403, "Sec-Fetch-Site: other pages may not ask")
    return None


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise InputError(f"the body has more than {MOST_BYTES:,} bytes")
    return bytes(body)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_reject)
    except InputError:
        raise
    except (ValueError, RecursionError):
        raise InputError("the body is not JSON") from None


def _reject(name: str) -> None:
    raise InputError(f"{name}: numbers must be finite")


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status_code=status)


def _file_route(address: str, path: Path) -> Route:
    content, media_type = path.read_bytes(), TYPES[path.suffix]

    async def file(request: Request) -> Response:
        return Response(content, media_type=media_type)

    return Route(address, file, methods=["GET"])
