"""The lock of a run's folder: one process trains in it at a time."""

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cnn_raw import InputError

LOCK = "lock"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[BinaryIO]:
    """Lock the folder. The system releases the lock when the process ends, however it ends."""
    new = not os.path.lexists(folder / LOCK)
    flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW
    descriptor = os.open(folder / LOCK, flags, 0o666)
    with open(descriptor, "r+b", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InputError(f"{folder / LOCK}: is not a regular file")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{folder}: another process trains there; give another one") from error
        try:
            yield file
        finally:
            if new and folder.is_dir() and [path.name for path in folder.iterdir()] == [LOCK]:
                (folder / LOCK).unlink()
                folder.rmdir()
