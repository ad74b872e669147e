"""``tensorflow.examples.tutorials.mnist.input_data`` as 0.12 and 1.x had it, served from here.

A folder that holds the four files is read; where they would have been downloaded, the package's
are read and nothing is written. The screen need not say so: the images are the same.
"""

import os
import re
import urllib.request
from pathlib import Path
from urllib.parse import urlparse

import numpy as np

from cnn_raw import input_data
from cnn_raw.input_data import FILES, PACKAGE_DATA

NUM_CLASSES = 10
IMAGE_SIZE = 28
IMAGE_PIXELS = IMAGE_SIZE * IMAGE_SIZE
SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"

_OTHERS = re.compile(r"fashion|[ek]mnist|kuzushiji|not-?mnist", re.IGNORECASE)

shuffles_first_epoch = False  # TensorFlow 1.x: next_batch shuffles before the first epoch too


class DataSet(input_data.DataSet):
    """Images and labels as the old loader gave them: one-hot labels are float64."""

    def __init__(self, images, labels, fake_data=False, one_hot=False, **_others):
        super().__init__(images, labels)
        self._fresh = True

    def next_batch(self, batch_size, fake_data=False, shuffle=True):
        """0.12: the first epoch in the files' order. 1.x: shuffled, and joined to the next."""
        if not batch_size:
            return self._images[:0], self._labels[:0]
        if not shuffles_first_epoch:
            return super().next_batch(batch_size)
        if self._fresh and shuffle:
            self._shuffle()
        self._fresh = False
        start = self._index_in_epoch
        if start + batch_size <= self.num_examples:
            self._index_in_epoch += batch_size
            return self._images[start : start + batch_size], self._labels[
                start : start + batch_size
            ]
        self._epochs_completed += 1
        rest = self._images[start:], self._labels[start:]
        if shuffle:
            self._shuffle()
        self._index_in_epoch = batch_size - len(rest[0])
        begin = self._images[: self._index_in_epoch], self._labels[: self._index_in_epoch]
        return tuple(np.concatenate(pair) for pair in zip(rest, begin, strict=True))

    def _shuffle(self):
        order = np.arange(self.num_examples)
        np.random.shuffle(order)
        self._images, self._labels = self._images[order], self._labels[order]


def __getattr__(name):
    """Say what an ``input_data`` that was another file than the tutorial's lacks here."""
    raise AttributeError(
        f"the tutorial's input_data has no {name}: an input_data.py of the program's own belongs "
        "beside it"
    )


def read_data_sets(
    train_dir="", fake_data=False, one_hot=False, dtype=np.float32, reshape=True,
    validation_size=5000, seed=None, source_url=SOURCE_URL,
):  # fmt: skip
    """Return ``train``, ``validation`` and ``test`` as the old loader did."""
    if _OTHERS.search(source_url):
        raise OSError(f"{source_url}: is another set than MNIST, which is the only one here")
    dtype = np.dtype(getattr(dtype, "as_numpy_dtype", dtype))
    sets = input_data.read_data_sets(_folder(train_dir), validation_size=validation_size)

    def old(data: input_data.DataSet) -> DataSet:
        images, labels = np.asarray(data.images), data.labels
        if dtype == np.uint8:
            images = np.rint(images * 255).astype(np.uint8)
        if not reshape:
            images = images.reshape(-1, IMAGE_SIZE, IMAGE_SIZE, 1)
        return DataSet(images, dense_to_one_hot(labels) if one_hot else labels)

    return sets._replace(**{name: old(getattr(sets, name)) for name in sets._fields})


def load_mnist(train_dir="MNIST-data"):
    """tf.contrib.learn.datasets.mnist.load_mnist"""
    return read_data_sets(train_dir)


def load_dataset(name, *_, **__):
    """tf.contrib.learn.datasets.load_dataset: images flat, labels int32."""
    if name != "mnist":
        raise ValueError(f"name of dataset is not found: {name}; there is only mnist here")
    sets = read_data_sets()
    for data in sets:
        data._labels = data.labels.astype(np.int32)
    return sets


def load_data(path="mnist.npz"):
    """keras.datasets.mnist.load_data: all 60,000 training images, uint8 (n, 28, 28)."""
    sets = input_data.read_data_sets(validation_size=0)
    return tuple(
        (np.rint(data.images * 255).astype(np.uint8).reshape(-1, 28, 28), data.labels)
        for data in (sets.train, sets.test)
    )


def dense_to_one_hot(labels_dense, num_classes=10):
    """Class numbers as one-hot rows, float64."""
    return np.eye(num_classes)[labels_dense]


def extract_images(filename):
    """uint8 (n, 28, 28, 1) of an IDX file, or of what is opened."""
    images = input_data.extract_images(getattr(filename, "name", filename))
    return np.rint(images * 255).astype(np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE, 1)


def extract_labels(filename, one_hot=False, num_classes=10):
    """uint8 (n,) of an IDX file, or one-hot."""
    labels = input_data.extract_labels(getattr(filename, "name", filename))
    return dense_to_one_hot(labels, num_classes) if one_hot else labels


def maybe_download(filename, work_directory, source_url=SOURCE_URL):
    """Return the path of one of the four files: in the folder, or else the package's."""
    path = os.path.join(work_directory, filename)
    return path if os.path.exists(path) else str(PACKAGE_DATA / filename)


def _folder(train_dir) -> Path | None:
    """The folder to read, None for the package's own: if it holds none of the four files."""
    folder = Path(train_dir)
    names = [*FILES, *(name.removesuffix(".gz") for name in FILES)]
    return folder if any((folder / name).is_file() for name in names) else None


def serve_downloads() -> None:
    """Have ``urllib`` find the four files here, wherever a program would download them."""
    own = urllib.request.OpenerDirector.open

    def open_here(self, fullurl, *arguments, **options):
        url = getattr(fullurl, "full_url", fullurl)
        name = urlparse(url).path.rpartition("/")[2]
        if name in FILES and not _OTHERS.search(url):
            fullurl = (PACKAGE_DATA / name).as_uri()
        return own(self, fullurl, *arguments, **options)

    urllib.request.OpenerDirector.open = open_here  # type: ignore[method-assign]
