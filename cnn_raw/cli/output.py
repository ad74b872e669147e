"""The standard streams: closed ones, ones that nobody reads, full disks."""

import os
import sys
from typing import Any, TextIO

from cnn_raw import InputError

UNREAD = 141  # the status of a program that a broken pipe ends


class Output:
    """A standard stream whose failure is one clear error, or is ignored if it is ``optional``.

    After the first failure whatever is written is dropped.
    """

    def __init__(self, stream: TextIO, optional: bool):
        self._stream, self._optional = stream, optional

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._try(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def _try(self, function: Any, *arguments: str) -> None:
        try:
            function(*arguments)
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
            if self._optional:
                return
            if isinstance(error, BrokenPipeError):
                raise
            raise InputError(f"standard output cannot be written ({error.strerror})") from None


def open_closed_streams() -> None:
    """Open the standard streams that are closed: the next file would get their descriptor.

    What is written to standard output then fails, and to standard error is dropped.
    """
    for descriptor, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, mode), True)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
