"""MNIST as the 2016 tutorial read it: ``tensorflow.examples.tutorials.mnist.input_data``.

    from cnn_raw import input_data
    mnist = input_data.read_data_sets("MNIST_DATA/", one_hot=True)

Behaves as in TensorFlow 0.12.1: the FIRST 5,000 training images are kept for validation and the
last 55,000 are for training; pixels are multiplied by float32(1/255), which is not always what
dividing by 255 gives; ``next_batch`` shuffles with NumPy's global generator when an epoch is used
up. Two things differ, and both are meant: the four files come from this package instead of the
network, and one-hot labels are float32, as the network takes them, where they were float64.
"""

import gzip
import os
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from cnn_raw import InputError, files

PACKAGE_DATA = Path(__file__).parent / "MNIST_DATA"
TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_LABELS = "train-labels-idx1-ubyte.gz"
TEST_IMAGES = "t10k-images-idx3-ubyte.gz"
TEST_LABELS = "t10k-labels-idx1-ubyte.gz"
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)

_IMAGES_MAGIC = 2051  # unsigned bytes, three axes: image, row, column
_LABELS_MAGIC = 2049  # unsigned bytes, one axis
_GZIP_MAGIC = b"\x1f\x8b"
_MOST_A_BYTE_OF_GZIP_HOLDS = 1032  # deflate's limit
_CHUNK = 1 << 20


class DataSet:
    """Images with their labels, handed out in batches.

    ``images``: float32 (N, 784) in [0, 1]. ``labels``: float32 one-hot (N, 10), or class numbers,
    uint8 (N,).
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray):
        self._images = images
        self._labels = labels
        self._epochs_completed = 0
        self._index_in_epoch = 0

    @property
    def images(self) -> np.ndarray:
        return self._images

    @property
    def labels(self) -> np.ndarray:
        return self._labels

    @property
    def num_examples(self) -> int:
        return len(self._images)

    @property
    def epochs_completed(self) -> int:
        return self._epochs_completed

    def next_batch(self, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the next ``batch_size`` images and their labels.

        When fewer are left in the epoch they are dropped, all examples are shuffled with
        ``np.random.shuffle``, and the next epoch starts (TensorFlow 0.12.1 did the same: seed
        it with ``np.random.seed``). Raises InputError if there are not so many examples.
        """
        if not 1 <= batch_size <= self.num_examples:
            raise InputError(
                f"batch_size is {batch_size}: give a number from 1 to {self.num_examples}, "
                "the number of examples"
            )
        start = self._index_in_epoch
        self._index_in_epoch += batch_size
        if self._index_in_epoch > self.num_examples:
            self._epochs_completed += 1
            perm = np.arange(self.num_examples)
            np.random.shuffle(perm)
            self._images = self._images[perm]
            self._labels = self._labels[perm]
            start = 0
            self._index_in_epoch = batch_size
        end = self._index_in_epoch
        return self._images[start:end], self._labels[start:end]


class Datasets(NamedTuple):
    """What ``read_data_sets`` returns."""

    train: DataSet
    validation: DataSet
    test: DataSet

    def first(self, train: int, test: int) -> "Datasets":
        """Return the first ``train`` training and ``test`` test examples, for a quick look."""
        return self._replace(
            train=DataSet(self.train.images[:train], self.train.labels[:train]),
            test=DataSet(self.test.images[:test], self.test.labels[:test]),
        )


def read_data_sets(
    train_dir: str | os.PathLike | None = None,
    *,
    one_hot: bool = False,
    validation_size: int = 5000,
    fill: bool = True,
) -> Datasets:
    """Read the four MNIST files, or another set in the same format, from the folder ``train_dir``.

    A missing or empty folder is filled with this package's MNIST first (2016 downloaded it), unless
    ``fill`` is False. Each file may be gzipped or not (then without ``.gz``). With no folder the
    package's own files are read in place. Raises InputError, which names the file, if the files
    cannot be used or put there; nothing is left half-written.
    """
    paths = [PACKAGE_DATA / name for name in FILES]
    if train_dir is not None:
        paths = maybe_copy(train_dir, fill)
    train_images, train_labels = _read_pair(paths[0], paths[1])
    if not 0 <= validation_size <= len(train_images):
        raise InputError(
            f"{paths[0]}: holds {len(train_images)} images, fewer than the {validation_size} kept "
            "for validation: give a larger set, or a smaller validation_size"
        )
    test_images, test_labels = _read_pair(paths[2], paths[3])
    if one_hot:
        train_labels = dense_to_one_hot(train_labels)
        test_labels = dense_to_one_hot(test_labels)
    return Datasets(
        train=DataSet(train_images[validation_size:], train_labels[validation_size:]),
        validation=DataSet(train_images[:validation_size], train_labels[:validation_size]),
        test=DataSet(test_images, test_labels),
    )


def maybe_copy(train_dir: str | os.PathLike, fill: bool = True) -> list[Path]:
    """Return the paths of the four files in a folder; ``fill`` it first if it is empty or missing.

    Raises InputError if a file is missing otherwise (two data sets are never mixed), or if the
    folder cannot be filled, and then removes what it had written.
    """
    folder = Path(train_dir)
    try:
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder}: is a file; give the folder that holds the MNIST files")
        paths = [_gzipped_or_not(folder / name) for name in FILES]
        missing = [path.name for path in paths if not path.exists()]
    except OSError as error:
        raise InputError(f"{folder}: cannot be looked into ({error.strerror})") from error
    if not missing:
        return paths
    if not fill and not folder.exists():
        raise InputError(f"{folder}: there is no such folder; give one with the four MNIST files")
    if not fill or (folder.exists() and any(folder.iterdir())):
        raise InputError(
            f"{folder}: has no {', no '.join(missing)}; give a folder that has all four files, or "
            "an empty one to train: MNIST is copied into it"
        )
    _copy_package_data(folder)
    return [folder / name for name in FILES]


def dense_to_one_hot(labels_dense: np.ndarray, num_classes: int = 10) -> np.ndarray:
    """Turn class numbers, (N,), into one-hot rows, float32 (N, num_classes)."""
    return np.eye(num_classes, dtype=np.float32)[labels_dense]


def extract_images(path: str | os.PathLike) -> np.ndarray:
    """Read an IDX file of 28x28 images: float32 (N, 784), each pixel times float32(1/255).

    Raises InputError, and no other error, if the file cannot be used.
    """
    raw = _read_idx(Path(path), _IMAGES_MAGIC, (28, 28))
    return np.multiply(raw, np.float32(1.0 / 255.0), dtype=np.float32)


def extract_labels(path: str | os.PathLike) -> np.ndarray:
    """Read an IDX file of labels: uint8 (N,), class numbers from 0 to 9.

    Raises InputError, and no other error, if the file cannot be used.
    """
    labels = _read_idx(Path(path), _LABELS_MAGIC, ()).reshape(-1)
    if labels.size and labels.max() > 9:
        first = int(np.argmax(labels > 9))
        raise InputError(f"{path}: label {first} is {labels[first]}; classes go from 0 to 9")
    return labels


def _gzipped_or_not(path: Path) -> Path:
    plain = path.with_suffix("")
    return plain if plain.exists() and not path.exists() else path


def _copy_package_data(folder: Path) -> None:
    """Put all four files into the folder, or none."""
    new_folders = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            files.write(folder / name, (PACKAGE_DATA / name).read_bytes())
            written.append(folder / name)
    except BaseException as error:
        for path in written:
            path.unlink(missing_ok=True)
        for parent in new_folders:
            if parent.exists() and not any(parent.iterdir()):
                parent.rmdir()
        if isinstance(error, OSError):
            raise InputError(f"{folder}: cannot be created ({error.strerror})") from error
        raise


def _read_pair(images_path: Path, labels_path: Path) -> tuple[np.ndarray, np.ndarray]:
    images, labels = extract_images(images_path), extract_labels(labels_path)
    if len(images) != len(labels):
        raise InputError(
            f"{images_path}: holds {len(images)} images, but {labels_path.name} holds "
            f"{len(labels)} labels; the two do not belong together"
        )
    return images, labels


def _read_idx(path: Path, magic: int, item: tuple[int, ...]) -> np.ndarray:
    """Read an IDX file, gzipped or not, whose items have the shape ``item``: uint8 (N, size)."""
    with files.reading(path) as file:
        zipped = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        most = path.stat().st_size * (_MOST_A_BYTE_OF_GZIP_HOLDS if zipped else 1)
        return _parse_idx(gzip.open(file) if zipped else file, path, magic, item, most)


def _parse_idx(
    file: BinaryIO | gzip.GzipFile, path: Path, magic: int, item: tuple[int, ...], most: int
) -> np.ndarray:
    axes = 1 + len(item)
    header = file.read(4 + 4 * axes)
    if not header:
        raise InputError(f"{path}: is empty")
    if int.from_bytes(header[:4], "big") != magic:
        raise InputError(
            f"{path}: is not an IDX file of {'images' if item else 'labels'}: it starts with "
            f"{int.from_bytes(header[:4], 'big')}, and must start with {magic}"
        )
    if len(header) < 4 + 4 * axes:
        raise InputError(f"{path}: ends inside its header; get the file again")
    count, *shape = (int(n) for n in np.frombuffer(header, ">u4", offset=4))
    if tuple(shape) != item:
        raise InputError(f"{path}: its images are {shape[0]}x{shape[1]}; they must be 28x28")
    size = int(np.prod(item, dtype=int))
    promised = f"{path}: its header promises {count} {'images' if item else 'labels'}"
    if len(header) + count * size > most:
        raise InputError(f"{promised}, more than the file can hold; get the file again")
    raw = bytearray()
    while len(raw) < count * size and (chunk := file.read(min(_CHUNK, count * size - len(raw)))):
        raw += chunk
    if len(raw) < count * size:
        raise InputError(f"{promised}, but it holds {len(raw) // size}; get the file again")
    if file.read(1):
        raise InputError(f"{promised}, but more bytes follow them; get the file again")
    return np.frombuffer(raw, np.uint8).reshape(count, size)
