"""The one way in which a file is written, and the one in which it is read.

Written: whole or not at all, and never over a file that is not this program's. Read: whatever is
wrong with the file becomes an ``InputError``, whichever library found it.
"""

import contextlib
import importlib.util
import os
import re
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from cnn_raw import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Content = bytes | str | Callable[[BinaryIO], object]  # or a function that writes it


class Kind(NamedTuple):
    """A kind of file that a command writes, and replaces where an older one is found."""

    name: str
    start: bytes  # the first bytes of such a file
    mark: bytes  # among its first 1,024: says that this program wrote it


PICTURE = Kind("picture", b"\x89PNG\r\n\x1a\n", b"Software\0cnn-raw")
PAGE = Kind("page", b"<!DOCTYPE html>", b'<meta name="generator" content="cnn-raw">')


def write(path: str | os.PathLike, content: Content, kind: Kind | None = None) -> None:
    """Write a file that does not exist yet, or replace one of the same ``kind``.

    A symbolic link stays; the file it points to is written. Raises InputError if something else is
    there (a folder, a device, a FIFO, a file that this program did not write), or if the file
    cannot be written; what was there before is then unchanged.
    """
    path = check_free(path, kind)

    def write_checked(file: BinaryIO) -> None:
        _write(file, content)
        check_free(path, kind)  # again: it may have taken long

    with _writing(path):
        replace(path, write_checked)


def write_picture(path: str | os.PathLike, figure: "Figure") -> None:
    """Write a Matplotlib figure as a PNG; an older picture is replaced. Raises as ``write``."""
    mark = {"Software": "cnn-raw"}
    write(path, lambda file: figure.savefig(file, format="png", metadata=mark), PICTURE)


def write_all(out: str | os.PathLike, build: Callable[[Path], object]) -> None:
    """Write something new that may be several files, or a folder, named after ``out``.

    ``build(path)`` writes them in a folder of its own: ``path`` or files whose names start with
    its name. They are then moved to where ``out`` is. Raises InputError as ``write`` does.
    """
    out = check_free(out)
    temporary = _temporary(out)
    with _writing(out):
        try:
            temporary.mkdir()
            build(temporary / out.name)
            for path in sorted(temporary.rglob("*")):
                sync(path)
            built = sorted(temporary.iterdir())  # a checkpoint's .data before its .index
            for path in built:
                check_free(out.with_name(path.name))
            for path in built:
                path.rename(out.with_name(path.name))
            sync(out.parent)
        finally:
            if temporary.exists():
                shutil.rmtree(temporary)


def check_free(path: str | os.PathLike, kind: Kind | None = None) -> Path:
    """Return where ``write`` would write ``path``; raise InputError if it would refuse."""
    target = Path(os.path.realpath(path))
    with _writing(path):
        try:
            mode = target.lstat().st_mode
        except FileNotFoundError:
            if not target.parent.is_dir():
                raise InputError(f"{path}: there is no such folder to write into") from None
            if not os.access(target.parent, os.W_OK | os.X_OK):
                raise InputError(f"{path}: its folder cannot be written to") from None
            return target
        if kind is None:
            raise InputError(f"{path}: already exists; give another name")
        if stat.S_ISDIR(mode):
            raise InputError(f"{path}: is a folder; give the name of a file")
        if not stat.S_ISREG(mode):
            raise InputError(f"{path}: is not a regular file; give another name")
        with open(target, "rb") as file:
            head = file.read(1024)
        if not head.startswith(kind.start) or kind.mark not in head:
            raise InputError(
                f"{path}: already exists and is not a {kind.name} that cnn-raw wrote; "
                "give another name"
            )
    return target


def check_picture(path: str | os.PathLike) -> None:
    """Raise InputError unless Matplotlib can draw into the file ``path``."""
    if importlib.util.find_spec("matplotlib") is None:
        raise InputError("plots need Matplotlib: pip install 'cnn-raw[plot]'")
    if Path(path).suffix.lower() != ".png":
        raise InputError(f"{path}: give a name that ends in .png")
    check_free(path, PICTURE)


def replace(path: Path, content: Content) -> None:
    """Write or replace a file: at any moment it is whole, the old one or the new one.

    The caller knows that it may be replaced. Raises OSError, and leaves the old one then.
    """
    temporary = _temporary(path)
    try:
        temporary.unlink(missing_ok=True)
        with open(temporary, "xb") as file:
            _write(file, content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def in_memory(build: Callable[[str], object]) -> dict[str, bytes]:
    """Return the files, by name, that ``build(folder)`` has TensorFlow write to a folder in memory.

    Written to the disk by ``replace`` they are whole or absent, and each error is raised: some of
    TensorFlow's own writers work in the background and only log it.
    """
    from tensorflow.io import gfile

    folder = f"ram://cnn-raw-{uuid.uuid4()}"
    gfile.makedirs(folder)
    try:
        build(folder)
        names = gfile.listdir(folder)
        return {name: gfile.GFile(f"{folder}/{name}", "rb").read() for name in names}
    finally:
        gfile.rmtree(folder)


def remove_temporary(folder: Path) -> None:
    """Remove the half-written files that a killed process left in the folder."""
    for path in filter(is_temporary, list(folder.iterdir())):
        if path.is_file():
            path.unlink()


def is_temporary(path: Path) -> bool:
    """Return whether a killed process left this file behind, half-written."""
    return re.fullmatch(r"\.cnn-raw-\d+\.new", path.name) is not None


def sync(path: Path) -> None:
    """fsync a file's content, or a folder's list of files."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def reading(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a regular file; turn whatever is raised in the ``with`` block into InputError.

    The block only reads. What libraries raise for damaged files (NumPy and zipfile a dozen kinds)
    is then one line with the file's name. A FIFO or a device, which could block, is refused.
    """
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{path}: is a folder; give a file")
        if not stat.S_ISREG(mode):
            raise InputError(f"{path}: is not a regular file")
        file = open(path, "rb")  # noqa: SIM115
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({reason(error)})") from error
    with file:
        try:
            yield file
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"{path}: is damaged ({reason(error)})") from error


def reason(error: Exception) -> str:
    """Return what an error of the system or of a library says, in a few words."""
    text = (isinstance(error, OSError) and error.strerror) or str(error)
    return text.splitlines()[0] if text else type(error).__name__


def _write(file: BinaryIO, content: Content) -> None:
    if callable(content):
        content(file)
    else:
        file.write(content.encode() if isinstance(content, str) else content)


def _temporary(path: Path) -> Path:
    return path.with_name(f".cnn-raw-{os.getpid()}.new")


@contextlib.contextmanager
def _writing(path: str | os.PathLike) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({reason(error)})") from error
