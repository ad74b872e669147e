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
from dataclasses import asdict
from pathlib import Path

import numpy as np
import tensorflow as tf

from cnn_raw import InputError, files
from cnn_raw.cnn import Weights
from cnn_raw.runs.run import Run, is_run, read_history
from cnn_raw.train import Epoch, initial_state

SHAPES = Weights((3, 3, 1, 32), (3, 3, 32, 64), (3, 3, 64, 128), (2048, 625), (625, 10))
SAVER_NAMES = Weights("Variable", "Variable_1", "Variable_2", "Variable_3", "Variable_4")
SAVER_SLOTS = {"rms": "RMSProp", "momentum": "RMSProp_1"}  # as 0.12 named them
_KEPT_CHECKPOINTS = 3
_SUFFIX = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")


class Checkpoints:
    """The checkpoints of a run. ``state`` is where its training goes on from.

    Raises InputError if the run's last checkpoint cannot be used.
    """

    def __init__(self, run: Run):
        self.state = initial_state(run.settings)
        self._run = run
        if run.folder is None:
            return
        weights = self.state.weights._asdict()
        slots = {
            slot: {name: self.state.optimizer.get_slot(var, slot) for name, var in weights.items()}
            for slot in SAVER_SLOTS
        }
        self._epoch = tf.Variable(0, dtype=tf.int64)
        random = zip(("key", "pos", "has_gauss", "gauss"), self._random_state(), strict=True)
        self._random = {name: tf.Variable(np.asarray(value)) for name, value in random}
        checkpoint = tf.train.Checkpoint(
            weights=weights, **slots, epoch=self._epoch, random=self._random
        )
        if run.history:
            self._restore(checkpoint, run.folder / f"ckpt-{len(run.history)}")
        self._manager = tf.train.CheckpointManager(checkpoint, run.folder, _KEPT_CHECKPOINTS)

    def keep(self, epoch: Epoch) -> None:
        """Keep the state after an epoch, and when it is safe on the disk have the epoch count.

        Raises InputError if it cannot be kept, for instance on a full disk. The run then stands
        as it was after the epoch before.
        """
        run = self._run
        if run.folder is None:
            return
        try:
            self._save()
            run.add(asdict(epoch))
        except (tf.errors.OpError, OSError) as error:
            raise InputError(
                f"{run.folder}: epoch {epoch.epoch} cannot be kept ({_reason(error)}); "
                f"{len(run.history)} epochs are kept, and --resume goes on after them"
            ) from error

    def _save(self) -> None:
        self._epoch.assign(self.state.epoch)
        for var, value in zip(self._random.values(), self._random_state(), strict=True):
            var.assign(value)
        try:
            path = Path(self._manager.save(checkpoint_number=self.state.epoch))
            for file in path.parent.glob(f"{path.name}.*"):
                files.sync(file)
            files.sync(path.parent)
        except (tf.errors.OpError, OSError):
            self._run.sweep()
            raise

    def _restore(self, checkpoint: tf.train.Checkpoint, path: Path) -> None:
        load_weights(path)  # says what is wrong with them
        try:
            checkpoint.restore(str(path)).assert_consumed()
        except (tf.errors.OpError, IndexError, ValueError, AssertionError) as error:
            raise _damaged(path, error) from error
        self.state.epoch = int(self._epoch)
        self.state.random.set_state(("MT19937", *(var.numpy() for var in self._random.values())))

    def _random_state(self) -> tuple:
        return self.state.random.get_state()[1:]


def load_weights(path: str | os.PathLike) -> Weights:
    """Return the five weights that ``path`` holds, as new float32 variables.

    ``path`` is a run's folder (its last epoch is taken), one checkpoint of a run, a checkpoint
    written by ``tf.train.Saver`` (also in TensorFlow 0.12, in either of its formats; or the folder
    that holds it), or an .npz file with the arrays w, w2, w3, w4, w_o. Raises InputError if there
    is nothing of the kind, if it is damaged, or if the weights have other shapes or are not finite.
    """
    path = _find(Path(path))
    arrays = _read_npz(path) if zipfile.is_zipfile(path) else _read_checkpoint(path)
    for name, array in zip(Weights._fields, arrays, strict=True):
        if not np.all(np.isfinite(array)):
            raise InputError(f"{path}: {name} has values that are not finite numbers")
    return Weights(*(tf.Variable(array, dtype=tf.float32) for array in arrays))


def load_slot(path: str | os.PathLike, slot: str) -> Weights | None:
    """Return the slots named ``slot`` ("rms" or "momentum") of the five weights, as arrays.

    ``path`` is as for ``load_weights``. None if it holds none. Raises InputError.
    """
    path = _find(Path(path))
    return None if zipfile.is_zipfile(path) else _read_checkpoint(path, slot)


def _find(path: Path) -> Path:
    """Return the checkpoint or file that ``path`` means, wherever its folder was moved to."""
    if not path.is_dir():
        return Path(_SUFFIX.sub("", str(path)))
    if is_run(path):
        history = read_history(path)
        if not history:
            raise InputError(f"{path}: no epoch is kept yet; train --resume {path} goes on")
        return path / f"ckpt-{len(history)}"
    try:
        state = tf.train.get_checkpoint_state(path)
    except (tf.errors.OpError, UnicodeError):
        state = None
    if state is None:
        raise InputError(f"{path}: holds no run and no checkpoint")
    return path / Path(state.model_checkpoint_path).name


def _read_checkpoint(path: Path, slot: str | None = None) -> Weights | None:
    """Return the weights, or a slot of each, as arrays. TensorFlow verifies their checksums."""
    if not path.is_file() and not path.with_name(f"{path.name}.index").is_file():
        raise InputError(f"{path}: there is no such run, checkpoint or .npz file{_before(path)}")
    try:
        reader = tf.train.load_checkpoint(str(path))
        shapes = reader.get_variable_to_shape_map()
        if SAVER_NAMES[0] in shapes:
            names = [f"{name}/{SAVER_SLOTS[slot]}" if slot else name for name in SAVER_NAMES]
        else:
            names = [
                f"{slot or 'weights'}/{name}/.ATTRIBUTES/VARIABLE_VALUE" for name in Weights._fields
            ]
        if slot and names[0] not in shapes:
            return None
        _check_shapes(path, [shapes.get(name) for name in names])
        return Weights(*(reader.get_tensor(name) for name in names))
    except InputError:
        raise
    except (tf.errors.OpError, IndexError, ValueError, RuntimeError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    what = "is no checkpoint and no .npz file" if path.is_file() else "is damaged"
    return InputError(f"{path}: {what} ({_reason(error)}){_before(path)}")


def _before(path: Path) -> str:
    """Offer the checkpoint before ``path``, if that is one of a run and there is one before."""
    number = re.fullmatch(r"ckpt-(\d+)", path.name)
    before = path.with_name(f"ckpt-{int(number[1]) - 1}") if number else path
    if number and before.with_name(f"{before.name}.index").exists():
        return f"; give {before}, the one before"
    return ""


def _reason(error: Exception) -> str:
    """Return what an error of the system or of TensorFlow says, in a few words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    text = (str(error).splitlines() or [type(error).__name__])[0]
    text = text.split(": perhaps")[0].split(" [Op:")[0]
    return text.split("; ")[-1] if text.startswith("{{") else text


def _read_npz(path: Path) -> Weights:
    """Return the arrays w, w2, w3, w4, w_o of an .npz file."""
    try:
        with zipfile.ZipFile(path) as file:
            sizes = {info.filename: info.file_size for info in file.infolist()}
        for name, shape in zip(Weights._fields, SHAPES, strict=True):
            if sizes.get(f"{name}.npy", 0) > 8 * np.prod(shape) + 4096:
                raise InputError(f"{path}: {name} is larger than {shape}, the network's shape")
        with np.load(path, allow_pickle=False) as file:
            arrays = [file.get(name) for name in Weights._fields]
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError) as error:
        raise InputError(f"{path}: is damaged ({_reason(error)})") from error
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
