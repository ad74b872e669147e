"""The loader: the data is MNIST, cut and scaled as in 2016, and damage is named in one line."""

import errno
import gzip
import hashlib
import os
import pickle
import shutil
import struct
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_raw import InputError, input_data
from cnn_raw.input_data import FILES, PACKAGE_DATA, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS

PUBLISHED_MD5 = (
    "6bbc9ace898e44ae57da46a324031adb",
    "a25bea736e30d166cdddb491f175f624",
    "2646ac647ad5339dbf082846283269ea",
    "27ae3e4e09519cfbb04c329615203637",
)


def idx(magic: int, *axes: int, body: bytes) -> bytes:
    return struct.pack(f">{1 + len(axes)}I", magic, *axes) + body


def images_file(count: int, fill: int = 7) -> bytes:
    return idx(2051, count, 28, 28, body=bytes([fill]) * (count * 784))


def labels_file(count: int, fill: int = 3) -> bytes:
    return idx(2049, count, body=bytes([fill]) * count)


@pytest.fixture
def small_set(tmp_path):
    """A folder with a set of 30 training and 20 test images, not gzipped."""
    contents = (images_file(30), labels_file(30), images_file(20), labels_file(20))
    for name, content in zip(FILES, contents, strict=True):
        (tmp_path / name.removesuffix(".gz")).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(("name", "md5"), list(zip(FILES, PUBLISHED_MD5, strict=True)))
def test_package_data_is_the_published_mnist(name, md5):
    content = gzip.decompress((PACKAGE_DATA / name).read_bytes())
    assert hashlib.md5(content).hexdigest() == md5


def test_read_data_sets_fills_an_empty_folder_with_the_tutorials_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mnist = input_data.read_data_sets("MNIST_DATA/", one_hot=True)
    assert sorted(path.name for path in (tmp_path / "MNIST_DATA").iterdir()) == sorted(FILES)
    for name in FILES:
        assert (tmp_path / "MNIST_DATA" / name).read_bytes() == (PACKAGE_DATA / name).read_bytes()
    for data, count in ((mnist.train, 55000), (mnist.validation, 5000), (mnist.test, 10000)):
        assert data.images.shape == (count, 784) and data.images.dtype == np.float32
        assert data.labels.shape == (count, 10) and data.labels.dtype == np.float32
        assert data.num_examples == count and data.epochs_completed == 0
        assert data.images.min() == 0 and data.images.max() == 1
        assert np.array_equal(data.labels.sum(axis=1), np.ones(count))


def test_read_data_sets_splits_and_scales_as_in_2016(mnist):
    raw = gzip.decompress((PACKAGE_DATA / TRAIN_IMAGES).read_bytes())[16:]
    raw = np.frombuffer(raw, np.uint8).reshape(60000, 784)
    labels = np.frombuffer(gzip.decompress((PACKAGE_DATA / TRAIN_LABELS).read_bytes())[8:], "u1")
    scaled = raw.astype(np.float32) * np.float32(1 / 255)
    assert np.array_equal(mnist.validation.images, scaled[:5000])
    assert np.array_equal(mnist.train.images, scaled[5000:])
    assert np.array_equal(np.argmax(mnist.validation.labels, axis=1), labels[:5000])
    assert np.array_equal(np.argmax(mnist.train.labels, axis=1), labels[5000:])


def test_read_data_sets_gives_class_numbers_unless_one_hot(mnist):
    labels = input_data.read_data_sets().test.labels
    assert labels.shape == (10000,) and labels.dtype == np.uint8
    assert np.array_equal(labels, np.argmax(mnist.test.labels, axis=1))


def test_read_data_sets_reads_another_set_gzipped_or_not(small_set):
    with gzip.open(small_set / TEST_LABELS, "wb") as file:
        file.write(labels_file(20, fill=9))
    (small_set / TEST_LABELS.removesuffix(".gz")).unlink()
    data = input_data.read_data_sets(small_set, validation_size=10)
    assert [part.num_examples for part in data] == [20, 10, 20]
    assert set(data.test.labels) == {9} and set(data.train.labels) == {3}
    assert np.all(data.train.images == np.float32(7) * np.float32(1 / 255))


def test_read_data_sets_never_mixes_two_sets(tmp_path):
    shutil.copy(PACKAGE_DATA / TRAIN_IMAGES, tmp_path)
    with pytest.raises(InputError, match=rf"{TRAIN_LABELS}.*t10k-images.*t10k-labels") as error:
        input_data.read_data_sets(tmp_path)
    assert TRAIN_IMAGES not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == [TRAIN_IMAGES]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_read_data_sets_leaves_nothing_when_the_files_cannot_be_put_there(
    tmp_path, monkeypatch, number
):
    fsync, calls = os.fsync, []

    def fails_at_the_third_file(descriptor):
        calls.append(descriptor)
        if len(calls) == 5:  # each file, and then the folder
            raise OSError(number, "the disk says no")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fails_at_the_third_file)
    with pytest.raises(InputError, match=r"t10k-images.*: cannot be written .the disk says no"):
        input_data.read_data_sets(tmp_path / "new" / "folder")
    assert list(tmp_path.iterdir()) == []


def peak_memory(*arguments):
    """Bytes that NumPy and Python held at most while the sets were read."""
    tracemalloc.start()
    try:
        input_data.read_data_sets(*arguments, one_hot=True)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_read_data_sets_keeps_the_bytes_of_the_files_and_maps_what_is_not_gzipped(tmp_path):
    assert 70000 * 785 < peak_memory() < 1.03 * 70000 * 785  # measured: 56.2 of 56.6 MB
    for name in FILES:
        content = gzip.decompress((PACKAGE_DATA / name).read_bytes())
        (tmp_path / name.removesuffix(".gz")).write_bytes(content)
    assert peak_memory(tmp_path) < 2e5  # measured: 70 KB


def test_images_and_labels_kept_as_bytes_are_the_arrays_in_all_that_is_done_with_them(mnist):
    raw = gzip.decompress((PACKAGE_DATA / FILES[2]).read_bytes())[16:]
    pixels = np.frombuffer(raw, np.uint8).reshape(-1, 784)
    images = pixels.astype(np.float32) * np.float32(1.0 / 255.0)
    classes = np.frombuffer(
        gzip.decompress((PACKAGE_DATA / TEST_LABELS).read_bytes())[8:], np.uint8
    )
    labels = np.float32(classes[:, None] == np.arange(10))
    some = np.array([3, 1, 4, 1, 5])
    for ours, array in ((mnist.test.images, images), (mnist.test.labels, labels)):
        assert (ours.shape, ours.ndim, ours.dtype) == (array.shape, array.ndim, array.dtype)
        assert len(ours) == len(array) and ours.size == array.size
        for of in (
            np.asarray,
            lambda x: x[:9],
            lambda x: x[7],
            lambda x: x[some],
            lambda x: x[2:5, 1],
            lambda x: x.take(some, axis=0),
            lambda x: x[:60].reshape(-1, 5),
            lambda x: x.reshape(len(x), -1, 1)[8:11],
            lambda x: 2 * x - x,
            lambda x: np.argmax(x, axis=1),
            lambda x: x.mean(axis=0),
            lambda x: x >= 0.5,
        ):
            np.testing.assert_array_equal(of(ours), of(array))
            assert np.asarray(of(ours)).dtype == of(array).dtype
        assert pickle.loads(pickle.dumps(ours)).shape == array.shape


def test_next_batch_shuffles_when_the_epoch_is_used_up(small_set):
    classes = np.arange(30) % 10
    content = idx(2051, 30, 28, 28, body=np.arange(30, dtype=np.uint8).repeat(784).tobytes())
    (small_set / TRAIN_IMAGES.removesuffix(".gz")).write_bytes(content)
    content = idx(2049, 30, body=bytes(classes.tolist()))
    (small_set / TRAIN_LABELS.removesuffix(".gz")).write_bytes(content)
    order = np.arange(30)
    np.random.RandomState(5).shuffle(order)
    for size in (12, 15):  # of 12 six are left, too few, and dropped; of 15 none
        data = input_data.read_data_sets(small_set, validation_size=0).train
        for k in range(2):
            images, labels = data.next_batch(size)
            expected = np.arange(k * size, (k + 1) * size)  # in file order
            assert np.array_equal(np.rint(images[:, 0] * 255), expected)
            assert np.array_equal(labels, classes[expected]) and data.epochs_completed == 0
        np.random.seed(5)
        images, labels = data.next_batch(size)
        assert np.array_equal(np.rint(images[:, 0] * 255), order[:size])
        assert np.array_equal(labels, classes[order[:size]]) and data.epochs_completed == 1


@pytest.mark.parametrize("size", [0, -1, 31])
def test_next_batch_refuses_a_size_it_cannot_give(small_set, size):
    data = input_data.read_data_sets(small_set, validation_size=0).train
    with pytest.raises(InputError, match="from 1 to 30"):
        data.next_batch(size)


GZIPPED = gzip.compress(images_file(4), mtime=0)
DAMAGED = {
    "empty": (b"", "is empty"),
    "text": (b"<html>not found</html>", "not an IDX file of images"),
    "labels": (labels_file(4), "starts with 2049, and must start with 2051"),
    "short header": (images_file(0)[:9], "ends inside its header"),
    "27x28": (idx(2051, 1, 27, 28, body=bytes(756)), "images are 27x28; they must be 28x28"),
    "promises one more": (idx(2051, 5, 28, 28, body=bytes(4 * 784)), "promises 5 images"),
    "promises 4 thousand million": (idx(2051, 2**32 - 1, 28, 28, body=bytes(784)), "promises"),
    "the same, gzipped": (
        gzip.compress(idx(2051, 2**32 - 1, 28, 28, body=bytes(784))),
        "more than the file can hold",
    ),
    "trailing": (images_file(4) + b"\0", "more bytes follow"),
    "trailing, gzipped": (gzip.compress(images_file(4) + bytes(10**7)), "more bytes follow"),
    "cut gzip": (GZIPPED[:-9], "is damaged .Compressed file ended"),
    "damaged gzip": (GZIPPED[:20] + b"\xff" * 8 + GZIPPED[28:], "is damaged"),
    "wrong checksum": (GZIPPED[:-8] + bytes(4) + GZIPPED[-4:], "is damaged"),
    "gzip's header alone": (b"\x1f\x8b", "is damaged .Compressed file ended"),
}


@pytest.mark.parametrize(("content", "message"), list(DAMAGED.values()), ids=list(DAMAGED))
def test_extract_images_names_the_damage_and_allocates_little(tmp_path, content, message):
    path = tmp_path / TRAIN_IMAGES
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=message) as error:
            input_data.extract_images(path)
        assert tracemalloc.get_traced_memory()[1] < 4e6
    finally:
        tracemalloc.stop()
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


def test_extract_images_names_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(InputError, match=r"nothing: cannot be read .No such file"):
        input_data.extract_images(tmp_path / "nothing")
    with pytest.raises(InputError, match="is a folder"):
        input_data.extract_images(tmp_path)


def test_extract_labels_refuses_a_class_above_nine(tmp_path):
    path = tmp_path / "labels"
    path.write_bytes(idx(2049, 3, body=b"\x09\x00\x0a"))
    with pytest.raises(InputError, match="label 2 is 10; classes go from 0 to 9"):
        input_data.extract_labels(path)


def test_read_data_sets_refuses_sets_that_do_not_fit(small_set):
    with pytest.raises(InputError, match="holds 30 images, fewer than the 5000"):
        input_data.read_data_sets(small_set)
    (small_set / TEST_LABELS.removesuffix(".gz")).write_bytes(labels_file(19))
    with pytest.raises(InputError, match=r"holds 20 images, but t10k-labels.* holds 19 labels"):
        input_data.read_data_sets(small_set, validation_size=10)
    with pytest.raises(InputError, match=r"is a file; give the folder"):
        input_data.read_data_sets(small_set / TEST_LABELS.removesuffix(".gz"))


@st.composite
def mutated(draw):
    """A good file, gzipped or not, with a few bytes changed, put in or cut off."""
    content = bytearray(draw(st.sampled_from([images_file(2), labels_file(9)])))
    late = draw(st.booleans())
    if not late:
        content = bytearray(gzip.compress(content, mtime=0))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        content[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    content = content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content
    return gzip.compress(content, mtime=0) if late and draw(st.booleans()) else bytes(content)


@settings(max_examples=400, deadline=None)
@given(content=st.binary(max_size=64) | mutated())
def test_reader_returns_arrays_or_the_one_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    path.write_bytes(content)
    for extract, width in ((input_data.extract_images, 784), (input_data.extract_labels, None)):
        try:
            array = extract(path)
        except InputError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)
        else:
            assert array.shape == ((len(array), width) if width else (len(array),))
            assert array.size == 0 or (array.min() >= 0 and array.max() <= (1 if width else 9))


def test_input_data_imports_no_tensorflow():
    code = "import sys, cnn_raw.input_data; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
