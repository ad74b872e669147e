"""IDX files, gzipped or not: the format of MNIST's four files, one array of unsigned bytes each."""

import gzip
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from cnn_raw import InputError, files

IMAGES, LABELS = (28, 28), ()  # the shape of an item
_MAGIC = {IMAGES: 2051, LABELS: 2049}  # unsigned bytes; three axes (image, row, column), or one
_GZIP_MAGIC = b"\x1f\x8b"
_MOST_A_BYTE_OF_GZIP_HOLDS = 1032  # deflate's limit
_CHUNK = 1 << 20


def read(path: Path, item: tuple[int, ...]) -> np.ndarray:
    """Read a file of ``IMAGES``, uint8 (N, 784), or ``LABELS``, uint8 (N,).

    What is not gzipped is mapped, not read: the memory needed does not grow with it. Raises
    InputError, and no other error, if the file cannot be used.
    """
    size, what = int(np.prod(item, dtype=int)), "images" if item else "labels"
    with files.reading(path) as file:
        zipped = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        stream = gzip.GzipFile(fileobj=file) if zipped else file
        header, count = _read_header(stream, path, item)
        promised = f"{path}: its header promises {count} {what}"
        if zipped and header + count * size > path.stat().st_size * _MOST_A_BYTE_OF_GZIP_HOLDS:
            raise InputError(f"{promised}, more than the file can hold; get the file again")
        raw = _unzip(stream, count * size) if zipped else _map(file, header)
        if len(raw) < count * size:
            raise InputError(f"{promised}, but it holds {len(raw) // size}; get the file again")
        if len(raw) > count * size:
            raise InputError(f"{promised}, but more bytes follow them; get the file again")
    return raw.reshape(count, size) if item else raw


def _read_header(
    file: BinaryIO | gzip.GzipFile, path: Path, item: tuple[int, ...]
) -> tuple[int, int]:
    """Return the header's length and the number of items that it promises."""
    length = 4 + 4 * (1 + len(item))
    header = file.read(length)
    if not header:
        raise InputError(f"{path}: is empty")
    magic = int.from_bytes(header[:4], "big")
    if magic != _MAGIC[item]:
        raise InputError(
            f"{path}: is not an IDX file of {'images' if item else 'labels'}: it starts with "
            f"{magic}, and must start with {_MAGIC[item]}"
        )
    if len(header) < length:
        raise InputError(f"{path}: ends inside its header; get the file again")
    count, *shape = (int(n) for n in np.frombuffer(header, ">u4", offset=4))
    if tuple(shape) != item:
        raise InputError(f"{path}: its images are {shape[0]}x{shape[1]}; they must be 28x28")
    return length, count


def _unzip(file: Any, size: int) -> np.ndarray:
    """Read up to ``size`` bytes, and one more if there are more."""
    raw = np.empty(size + 1, np.uint8)
    filled = 0
    while filled <= size and (n := file.readinto(raw.data[filled:][:_CHUNK])):
        filled += n
    return raw[:filled]


def _map(file: BinaryIO, header: int) -> np.ndarray:
    """Map the bytes after the header."""
    if file.seek(0, os.SEEK_END) == header:
        return np.empty(0, np.uint8)  # nothing cannot be mapped
    return np.memmap(file, np.uint8, mode="r", offset=header).view(np.ndarray)
