"""Read weights: of a run, of a checkpoint of the 2016 program, of an .npz file.

weights = load_weights("runs/first")        # a run's folder, its last epoch
weights = load_weights("runs/first/ckpt-3")
weights = load_weights("/tmp/model.ckpt")   # written by tf.train.Saver, also in 2016
weights = load_weights("weights.npz")
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cnn_raw import InputError, files
from cnn_raw.cnn import Weights
from cnn_raw.runs.index import TABLE_END, check_index
from cnn_raw.runs.run import CHECKPOINT, is_run, read_history

SHAPES = ((3, 3, 1, 32), (3, 3, 32, 64), (3, 3, 64, 128), (2048, 625), (625, 10))
SAVER_NAMES = ("Variable", "Variable_1", "Variable_2", "Variable_3", "Variable_4")
SAVER_SLOTS = {"rms": "RMSProp", "momentum": "RMSProp_1"}  # as 0.12 named them
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"  # how tf.train.Checkpoint ends a variable's name
_SUFFIX = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")


def load_weights(path: str | os.PathLike) -> Weights:
    """Return the five weights that ``path`` holds, as new float32 variables.

    ``path`` is a run's folder (its last epoch is taken), one checkpoint of a run, a checkpoint
    written by ``tf.train.Saver`` (also in TensorFlow 0.12, in either of its formats; or the folder
    that holds it), or an .npz file with the arrays w, w2, w3, w4, w_o. Raises InputError if there
    is nothing of the kind, if it is damaged, or if the weights have other shapes or are not finite.
    """
    path = _find(Path(path))
    arrays = _read_npz(path) if _is_npz(path) else read_checkpoint(path)
    assert arrays is not None  # only a slot may be missing
    check_finite(path, arrays)
    return Weights(*(tf.Variable(array, dtype=tf.float32) for array in arrays))


def load_slot(path: str | os.PathLike, slot: str) -> Weights | None:
    """Return the slots named ``slot`` ("rms" or "momentum") of the five weights, as arrays.

    ``path`` is as for ``load_weights``. None if it holds none. Raises InputError.
    """
    path = _find(Path(path))
    return None if _is_npz(path) else read_checkpoint(path, slot)


def _is_npz(path: Path) -> bool:
    return path.is_file() and zipfile.is_zipfile(path)  # opening a FIFO would block


def _find(path: Path) -> Path:
    """Return the checkpoint or file that ``path`` means, wherever its folder was moved to."""
    if not path.is_dir():
        return Path(_SUFFIX.sub("", str(path)))
    if is_run(path):
        history = read_history(path)
        if not history:
            raise InputError(f"{path}: no epoch is kept yet; train --resume {path} continues")
        return path / f"ckpt-{len(history)}"
    listed = path / "checkpoint"  # tf.train.Saver's list
    if listed.is_file():
        with files.reading(listed) as file:
            latest = re.match(rb'model_checkpoint_path: "(.+)"', file.read(4096))
            if latest:
                name = latest[1].decode("unicode_escape").encode("latin-1").decode()
                return path / Path(name).name
    raise InputError(f"{path}: holds no run and no checkpoint")


@contextlib.contextmanager
def open_checkpoint(path: Path) -> Iterator[Callable]:
    """Give ``read(name, shape, dtype)``: the checkpoint's array of that name, or None.

    Whatever is raised in the ``with`` block becomes InputError. TensorFlow takes a name for a
    pattern: it reads links with plain names, to regular files alone. The shape is asked for, not
    looked up: ``tf.train.load_checkpoint`` believes the index, and a false one aborts the process.
    """
    if not path.is_file() and not path.with_name(f"{path.name}.index").is_file():
        raise InputError(f"{path}: there is no such run, checkpoint or .npz file{_before(path)}")
    with tempfile.TemporaryDirectory(prefix="cnn-raw-") as folder:
        for file in path.parent.iterdir():
            if file.name.startswith(path.name) and file.is_file():
                suffix = file.name.removeprefix(path.name)
                if not suffix or _SUFFIX.fullmatch(suffix):
                    (Path(folder) / f"ckpt{suffix}").symlink_to(file.resolve())

        def read(name: str, shape: tuple = (), dtype: Any = tf.float32) -> np.ndarray | None:
            wanted = f"{' '.join(map(str, shape))} {':'.join('-' * len(shape))}" if shape else ""
            try:
                (value,) = tf.raw_ops.RestoreV2(
                    prefix=f"{folder}/ckpt",
                    tensor_names=[name],
                    shape_and_slices=[wanted],  # another shape is refused before memory is taken
                    dtypes=[dtype],
                )
            except tf.errors.NotFoundError as error:
                if "not found in checkpoint" in error.message:
                    return None
                raise
            except tf.errors.InvalidArgumentError as error:
                _refuse_other_kind(path, name, shape, dtype, error.message)
                raise
            return value.numpy()

        try:
            index = path.with_name(f"{path.name}.index")
            if index.is_file():
                check_index(index.read_bytes())
            yield read
        except InputError:
            raise
        except Exception as error:
            what = "is no checkpoint and no .npz file" if path.is_file() else "is damaged"
            why = reason_of(error).replace(f"{folder}/ckpt", path.name)
            raise InputError(f"{path}: {what} ({why}){_before(path)}") from error


def _refuse_other_kind(path: Path, name: str, shape: tuple, dtype: Any, message: str) -> None:
    """Raise InputError if TensorFlow's message is that the tensor has another shape or dtype."""
    name = name.removesuffix(VALUE)
    if stored := re.search(r"shape[^:]*: \[([\d,]*)\]", message):
        stored_shape = tuple(int(size) for size in stored[1].split(",") if size)
        raise InputError(_other_shape(path, name, stored_shape, shape))
    if other := re.search(r"original dtype (\w+)", message):
        raise InputError(f"{path}: {name} is {other[1]}; must be {dtype.name}")


def read_checkpoint(path: Path, slot: str | None = None) -> Weights | None:
    """Return the weights, or a slot of each, as arrays. TensorFlow verifies their checksums."""
    if not path.is_file():
        return _arrays(path, slot)
    with files.reading(path) as file:
        file.seek(max(0, path.stat().st_size - len(TABLE_END)))
        if file.read() != TABLE_END:
            raise InputError(f"{path}: is no checkpoint and no .npz file")
    return _read_first_format(path, slot)


def _read_first_format(path: Path, slot: str | None) -> Weights | None:
    """Read a checkpoint that is one file, as TensorFlow wrote until 0.11.

    In a process of its own: one whose content contradicts itself ends that process.
    """
    with tempfile.TemporaryDirectory(prefix="cnn-raw-") as folder:
        out = Path(folder) / "arrays.npz"
        command = [sys.executable, "-m", __name__, str(path), slot or "", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise InputError(done.stdout.strip() or f"{path}: is damaged (it ends TensorFlow)")
        return _read_npz(out) if out.exists() else None


def _arrays(path: Path, slot: str | None) -> Weights | None:
    with open_checkpoint(path) as read:
        if read(SAVER_NAMES[0], SHAPES[0]) is not None:
            names = [f"{name}/{SAVER_SLOTS[slot]}" if slot else name for name in SAVER_NAMES]
        else:
            names = [f"{slot or 'weights'}/{name}{VALUE}" for name in Weights._fields]
        arrays = [read(name, shape) for name, shape in zip(names, SHAPES, strict=True)]
        if slot and arrays[0] is None:
            return None
        _check_shapes(path, [None if array is None else array.shape for array in arrays])
        return Weights(*arrays)


def _before(path: Path) -> str:
    """Hint at the previous checkpoint of the run, if ``path`` is one and there is another."""
    number = CHECKPOINT.fullmatch(path.name)
    before = path.with_name(f"ckpt-{int(number[1]) - 1}") if number else path
    if number and before.with_name(f"{before.name}.index").exists():
        return f"; give {before}, the one before"
    return ""


def reason_of(error: Exception) -> str:
    """Return what an error of the system or of TensorFlow says, in a few words."""
    text = files.reason(error).split(": perhaps")[0].split(" [Op:")[0]
    return re.sub(r"^.*\}\} *", "", text).split("; ")[-1]


def _read_npz(path: Path) -> Weights:
    """Return the arrays w, w2, w3, w4, w_o of an .npz file."""
    with files.reading(path) as file:
        with zipfile.ZipFile(file) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
        for name, shape in zip(Weights._fields, SHAPES, strict=True):
            if sizes.get(f"{name}.npy", 0) > 8 * np.prod(shape) + 4096:
                raise InputError(f"{path}: {name} is larger than {shape}, the network's shape")
        file.seek(0)
        with np.load(file, allow_pickle=False) as content:
            arrays = [content.get(name) for name in Weights._fields]
        _check_shapes(path, [None if array is None else array.shape for array in arrays])
        for name, array in zip(Weights._fields, arrays, strict=True):
            if array.dtype.kind != "f":
                raise InputError(f"{path}: {name} is {array.dtype}; must be float32")
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
            return Weights(*(array.astype(np.float32) for array in arrays))


def check_finite(path: Path, arrays: Weights, what: str = "") -> None:
    """Raise InputError if an array has a value that is not a finite number."""
    for name, array in zip(Weights._fields, arrays, strict=True):
        if not np.all(np.isfinite(array)):
            raise InputError(f"{path}: {what}{name} has values that are not finite numbers")


def _check_shapes(path: Path, shapes: list) -> None:
    """Raise InputError unless the shapes are those of the network's weights."""
    for name, shape, wanted in zip(Weights._fields, shapes, SHAPES, strict=True):
        if shape is None:
            raise InputError(f"{path}: holds no {name}; it was not written by this network")
        if tuple(shape) != wanted:
            raise InputError(_other_shape(path, name, tuple(shape), wanted))


def _other_shape(path: Path, name: str, shape: tuple, wanted: tuple) -> str:
    return (
        f"{path}: {name} is {shape}, where this network has {wanted}; it belongs to a different "
        "network"
    )


if __name__ == "__main__":  # what _read_first_format starts
    try:
        found = _arrays(Path(sys.argv[1]), sys.argv[2] or None)
    except InputError as error:
        print(error)
        sys.exit(2)
    if found is not None:
        np.savez(sys.argv[3], **found._asdict())
