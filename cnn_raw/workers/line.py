"""A line: short messages, JSON objects, on a socket."""

import json
import select
import socket
import time
from typing import Any

PATIENCE = 5.0  # seconds that sending may take
LONGEST = 100_000  # bytes of a message: a stranger cannot fill the memory


class Line:
    """One end of a line. An empty message only says that the worker is alive."""

    def __init__(self, connection: socket.socket):
        self.socket = connection
        self.socket.settimeout(PATIENCE)
        self._received = b""

    def send(self, **message: Any) -> None:
        """Send a message. Raises OSError if the other end is lost."""
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, deadline: float) -> dict:
        """Return the next message. Raises OSError if the other end is lost.

        TimeoutError, which is one, is raised when ``time.monotonic()`` passes the ``deadline``.
        """
        while b"\n" not in self._received:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            self._read()
        self.socket.settimeout(PATIENCE)
        text, _, self._received = self._received.partition(b"\n")
        return _message(text)

    def arrived(self) -> list[dict]:
        """Return the messages that have arrived. Raises OSError if the other end is lost."""
        if select.select([self.socket], [], [], 0)[0]:
            self._read()
        *texts, self._received = self._received.split(b"\n")
        return [_message(text) for text in texts]

    def _read(self) -> None:
        received = self.socket.recv(LONGEST)
        self._received += received
        if not received or len(self._received) > LONGEST:
            raise ConnectionError("the connection was closed")


def _message(text: bytes) -> dict:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise ConnectionError("what came is not a message")
    return message
