"""The server's connections, held within bounds: none may be slow for long, nor be too many.

uvicorn waits forever for a request that was half sent, and asyncio writes a traceback for each
connection that finds no file descriptor. Here a request has ``PATIENCE`` seconds to arrive and its
answer as many to be taken; with more than ``most_connections()`` the one that has been idle longest
is closed for the new one.
"""

import asyncio
import errno
import resource
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 10.0  # seconds

_FULL = (errno.EMFILE, errno.ENFILE)


def most_connections() -> int:
    """Return how many may be open: a quarter of the file descriptors that this process may have."""
    return max(8, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)


class Connection(H11Protocol):
    """One client's connection."""

    _timer: asyncio.TimerHandle | None = None
    _idle_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start()
        if len(self.connections) > most_connections():
            ours = (one for one in self.connections if isinstance(one, Connection))
            idle = (one for one in ours if not one._answering())
            min(idle, key=lambda one: one._idle_since, default=self).transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._timer is None:
            self._start()
        super().data_received(data)

    def on_response_complete(self) -> None:
        self._stop()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _answering(self) -> bool:
        """Whether a whole request is here whose answer is not sent yet."""
        return bool(self.cycle and not self.cycle.response_complete and not self.cycle.more_body)

    def _start(self) -> None:
        self._idle_since = self.loop.time()
        self._timer = self.loop.call_later(PATIENCE, self._expire)

    def _stop(self) -> None:
        self._idle_since = self.loop.time()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        if self._answering() and not self.transport.get_write_buffer_size():
            self._start()  # the client waits for us
        else:
            self.transport.abort()


class Server(uvicorn.Server):
    """uvicorn, quiet where there is no file descriptor left: it tries again a second later."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(_handle)
        await super().startup(sockets)


def _handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if not (isinstance(error, OSError) and error.errno in _FULL):
        loop.default_exception_handler(context)
