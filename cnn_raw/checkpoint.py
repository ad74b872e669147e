"""Keep a run and bring it back, also one that the 2016 program kept.

weights = load_weights("runs/first")        # a run's folder, its last epoch
weights = load_weights("runs/first/ckpt-3")
weights = load_weights("/tmp/model.ckpt")   # written by tf.train.Saver, also in 2016
weights = load_weights("weights.npz")
"""

import os
import re
import zipfile
import zlib
from pathlib import Path

import numpy as np
import tensorflow as tf

from cnn_raw import InputError
from cnn_raw.cnn import Weights

SHAPES = Weights((3, 3, 1, 32), (3, 3, 32, 64), (3, 3, 64, 128), (2048, 625), (625, 10))
SAVER_NAMES = Weights("Variable", "Variable_1", "Variable_2", "Variable_3", "Variable_4")
_RUN_NAMES = Weights(*(f"weights/{name}/.ATTRIBUTES/VARIABLE_VALUE" for name in Weights._fields))
_CHECKPOINT_FILE = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")


def load_weights(path: str | os.PathLike) -> Weights:
    """Return the five weights that ``path`` holds, as new float32 variables.

    ``path`` is a run's folder (its last epoch is taken), one checkpoint of a run, a checkpoint
    written by ``tf.train.Saver`` (also in TensorFlow 0.12, in either of its formats; or the folder
    that holds it), or an .npz file with the arrays w, w2, w3, w4, w_o. Raises InputError if there
    is nothing of the kind, if it is damaged, or if the weights have other shapes or are not finite.
    """
    path = Path(path)
    if path.is_dir():
        path = _last_checkpoint(path)
    if zipfile.is_zipfile(path):
        arrays = _read_npz(path)
    else:
        arrays = _read_checkpoint(path)
    for name, array in zip(Weights._fields, arrays, strict=True):
        if not np.all(np.isfinite(array)):
            raise InputError(f"{path}: {name} has values that are not finite: it is of no use")
    return Weights(*(tf.Variable(array, dtype=tf.float32) for array in arrays))


def _last_checkpoint(folder: Path) -> Path:
    """Return the prefix of the newest checkpoint, wherever the folder may have been moved."""
    try:
        state = tf.train.get_checkpoint_state(str(folder))
    except (tf.errors.OpError, UnicodeError):
        state = None
    if state is None:
        raise InputError(f"{folder}: holds no run and no checkpoint; give the folder of a run")
    return folder / Path(state.model_checkpoint_path).name


def _read_checkpoint(path: Path) -> Weights:
    """Return the weights of a checkpoint as arrays. TensorFlow verifies their checksums."""
    prefix = Path(_CHECKPOINT_FILE.sub("", str(path)))
    if not prefix.is_file() and not prefix.with_name(f"{prefix.name}.index").is_file():
        raise InputError(f"{path}: there is no such run, checkpoint or .npz file")
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        shapes = reader.get_variable_to_shape_map()
        names = _RUN_NAMES if _RUN_NAMES[0] in shapes else SAVER_NAMES
        _check_shapes(path, [shapes.get(name) for name in names])
        return Weights(*(reader.get_tensor(name) for name in names))
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        if prefix.is_file():
            reason = "is no checkpoint and no .npz file"
        else:
            reason = "is damaged"
        raise InputError(f"{path}: {reason} ({_first_line(error)})") from error


def _read_npz(path: Path) -> Weights:
    """Return the arrays w, w2, w3, w4, w_o of an .npz file."""
    try:
        with zipfile.ZipFile(path) as file:
            sizes = {info.filename: info.file_size for info in file.infolist()}
        for name, shape in zip(Weights._fields, SHAPES, strict=True):
            if sizes.get(f"{name}.npy", 0) > 8 * np.prod(shape) + 4096:
                raise InputError(f"{path}: {name} is larger than the network's {shape}")
        with np.load(path, allow_pickle=False) as arrays:
            arrays = [arrays[name] if name in arrays else None for name in Weights._fields]
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: is damaged ({_first_line(error)})") from error
    _check_shapes(path, [None if array is None else array.shape for array in arrays])
    for name, array in zip(Weights._fields, arrays, strict=True):
        if array.dtype.kind != "f":
            raise InputError(f"{path}: {name} is {array.dtype}; float32 is wanted")
    return Weights(*arrays)


def _check_shapes(path: Path, shapes: list) -> None:
    """Raise InputError unless the shapes are those of the network's weights."""
    for name, shape, wanted in zip(Weights._fields, shapes, SHAPES, strict=True):
        if shape is None:
            raise InputError(f"{path}: holds no {name}; it was not written by this network")
        if tuple(shape) != wanted:
            raise InputError(
                f"{path}: {name} is {tuple(shape)}, where this network has {wanted}; it was "
                "written by another one"
            )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
