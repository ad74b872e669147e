"""Read weights: of a run, of a checkpoint of the 2016 program, of an .npz file.

weights = load_weights("runs/first")        # a run's folder, its last epoch
weights = load_weights("runs/first/ckpt-3")
weights = load_weights("/tmp/model.ckpt")   # written by tf.train.Saver, also in 2016
weights = load_weights("weights.npz")
"""

import contextlib
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cnn_raw import InputError, files
from cnn_raw.cnn import Weights
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
    arrays = _read_npz(path) if zipfile.is_zipfile(path) else read_checkpoint(path)
    assert arrays is not None  # only a slot may be missing
    check_finite(path, arrays)
    return Weights(*(tf.Variable(array, dtype=tf.float32) for array in arrays))


def load_slot(path: str | os.PathLike, slot: str) -> Weights | None:
    """Return the slots named ``slot`` ("rms" or "momentum") of the five weights, as arrays.

    ``path`` is as for ``load_weights``. None if it holds none. Raises InputError.
    """
    path = _find(Path(path))
    return None if zipfile.is_zipfile(path) else read_checkpoint(path, slot)


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
def open_checkpoint(path: Path) -> Iterator[Any]:
    """Open a checkpoint; turn whatever is raised in the ``with`` block into InputError.

    TensorFlow takes a name for a pattern: it reads links with plain names, to regular files alone.
    """
    if not path.is_file() and not path.with_name(f"{path.name}.index").is_file():
        raise InputError(f"{path}: there is no such run, checkpoint or .npz file{_before(path)}")
    with tempfile.TemporaryDirectory(prefix="cnn-raw-") as folder:
        for file in path.parent.iterdir():
            if file.name.startswith(path.name) and file.is_file():
                suffix = file.name.removeprefix(path.name)
                if not suffix or _SUFFIX.fullmatch(suffix):
                    (Path(folder) / f"ckpt{suffix}").symlink_to(file.resolve())
        try:
            yield tf.train.load_checkpoint(f"{folder}/ckpt")
        except InputError:
            raise
        except Exception as error:
            what = "is no checkpoint and no .npz file" if path.is_file() else "is damaged"
            why = reason_of(error).replace(f"{folder}/ckpt", path.name)
            raise InputError(f"{path}: {what} ({why}){_before(path)}") from error


def read_checkpoint(path: Path, slot: str | None = None) -> Weights | None:
    """Return the weights, or a slot of each, as arrays. TensorFlow verifies their checksums."""
    with open_checkpoint(path) as reader:
        shapes = reader.get_variable_to_shape_map()
        if SAVER_NAMES[0] in shapes:
            names = [f"{name}/{SAVER_SLOTS[slot]}" if slot else name for name in SAVER_NAMES]
        else:
            names = [f"{slot or 'weights'}/{name}{VALUE}" for name in Weights._fields]
        if slot and names[0] not in shapes:
            return None
        _check_shapes(path, [shapes.get(name) for name in names])
        dtypes = reader.get_variable_to_dtype_map()
        for field, name in zip(Weights._fields, names, strict=True):
            if dtypes[name] != tf.float32:
                raise InputError(f"{path}: {field} is {dtypes[name].name}; must be float32")
        return Weights(*(reader.get_tensor(name) for name in names))


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
            raise InputError(
                f"{path}: {name} is {tuple(shape)}, where this network has {wanted}; it "
                "belongs to a different network"
            )
