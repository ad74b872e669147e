"""MNIST as the 2016 tutorial read it: ``tensorflow.examples.tutorials.mnist.input_data``.

    from cnn_raw import input_data
    mnist = input_data.read_data_sets("MNIST_DATA/", one_hot=True)

Behaves as in TensorFlow 0.12.1: the FIRST 5,000 training images are kept for validation and the
last 55,000 are for training; pixels are multiplied by float32(1/255), which is not always what
dividing by 255 gives; ``next_batch`` shuffles with NumPy's global generator when an epoch is used
up. Two things differ, and both are meant: the four files come from this package instead of the
network, and one-hot labels are float32, as the network takes them, where they were float64.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cnn_raw import InputError, files, idx

PACKAGE_DATA = Path(__file__).parent / "MNIST_DATA"
TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_LABELS = "train-labels-idx1-ubyte.gz"
TEST_IMAGES = "t10k-images-idx3-ubyte.gz"
TEST_LABELS = "t10k-labels-idx1-ubyte.gz"
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)


class Lazy(np.lib.mixins.NDArrayOperatorsMixin):
    """A float32 array that is kept as bytes: what is taken from it is converted then.

    ``raw``: uint8. ``convert`` makes the items of ``raw`` float32, and may give each the further
    axes ``item``. Slices are arrays; so is the result of whatever else an array can do.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, raw: np.ndarray, convert: Callable, item: tuple[int, ...] = ()):
        self.raw, self.convert, self.item = raw, convert, item
        self.shape = raw.shape + item
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return len(self.raw)

    def __getitem__(self, index: Any) -> np.ndarray:
        if isinstance(index, tuple) and self.item:
            return self.convert(self.raw)[index]
        return self.convert(self.raw[index])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        arrays = (np.asarray(value) if isinstance(value, Lazy) else value for value in inputs)
        return getattr(ufunc, method)(*arrays, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # pickle and copy ask before there is anything
            raise AttributeError(name)
        return getattr(np.asarray(self), name)

    def reshape(self, *shape: Any) -> "Lazy | np.ndarray":
        if self.item:
            return np.asarray(self).reshape(*shape)
        return Lazy(self.raw.reshape(*shape), self.convert)

    def take(self, indices: np.ndarray, axis: int = 0) -> "Lazy":
        assert axis == 0
        return Lazy(self.raw[indices], self.convert, self.item)


class DataSet:
    """Images with their labels, handed out in batches.

    ``images``: float32 (N, 784) in [0, 1]. ``labels``: float32 one-hot (N, 10), or class numbers,
    uint8 (N,).
    """

    def __init__(self, images: "np.ndarray | Lazy", labels: "np.ndarray | Lazy"):
        self._images: Any = images
        self._labels: Any = labels
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
            self._images = self._images.take(perm, axis=0)
            self._labels = self._labels.take(perm, axis=0)
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

    def data_set(images: np.ndarray, labels: np.ndarray) -> DataSet:
        return DataSet(
            Lazy(images, _scale), Lazy(labels, dense_to_one_hot, (10,)) if one_hot else labels
        )

    return Datasets(
        train=data_set(train_images[validation_size:], train_labels[validation_size:]),
        validation=data_set(train_images[:validation_size], train_labels[:validation_size]),
        test=data_set(test_images, test_labels),
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
    return _scale(idx.read(Path(path), idx.IMAGES))


def extract_labels(path: str | os.PathLike) -> np.ndarray:
    """Read an IDX file of labels: uint8 (N,), class numbers from 0 to 9.

    Raises InputError, and no other error, if the file cannot be used.
    """
    labels = idx.read(Path(path), idx.LABELS)
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


def _scale(raw: np.ndarray) -> np.ndarray:
    return np.multiply(raw, np.float32(1.0 / 255.0), dtype=np.float32)


def _read_pair(images_path: Path, labels_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the images as bytes, uint8 (N, 784), and their classes, uint8 (N,)."""
    images, labels = idx.read(images_path, idx.IMAGES), extract_labels(labels_path)
    if len(images) != len(labels):
        raise InputError(
            f"{images_path}: holds {len(images)} images, but {labels_path.name} holds "
            f"{len(labels)} labels; the two do not belong together"
        )
    return images, labels
