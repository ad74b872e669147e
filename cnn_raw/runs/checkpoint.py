"""Save and restore training; read weights also from a checkpoint of the 2016 program.

weights = load_weights("runs/first")        # a run's folder, its last epoch
weights = load_weights("runs/first/ckpt-3")
weights = load_weights("/tmp/model.ckpt")   # written by tf.train.Saver, also in 2016
weights = load_weights("weights.npz")
"""

import contextlib
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cnn_raw import InputError, files
from cnn_raw.cnn import Weights
from cnn_raw.runs.run import CHECKPOINT, HISTORY, Run, checkpoint_files, is_run, read_history
from cnn_raw.train import Epoch, initial_state

SHAPES = ((3, 3, 1, 32), (3, 3, 32, 64), (3, 3, 64, 128), (2048, 625), (625, 10))
SAVER_NAMES = ("Variable", "Variable_1", "Variable_2", "Variable_3", "Variable_4")
SAVER_SLOTS = {"rms": "RMSProp", "momentum": "RMSProp_1"}  # as 0.12 named them
_KEPT_CHECKPOINTS = 3
_SUFFIX = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"  # how tf.train.Checkpoint ends a variable's name
_RANDOM = ("key", "pos", "has_gauss", "gauss")


class Checkpoints:
    """The checkpoints of a run. ``state`` is where its training continues.

    The run's folder is written to only when that state has been restored whole. Raises InputError
    if the run's last checkpoint cannot be used, or does not fit its history.
    """

    def __init__(self, run: Run):
        self.state = initial_state(run.settings)
        self._run = run
        history = self._recover() if run.source == run.folder else run.history
        if history:
            self._restore(run.source / f"ckpt-{len(history)}", history)
        before, run.history = run.history, history
        run.begin()
        if run.source != run.folder and history:
            self._save(history)
            run.record(history)
        elif history != before:
            run.record(history)

    def keep(self, epoch: Epoch, events: Any = None) -> None:
        """Save the state after an epoch, then record the epoch.

        ``events``, a ``look.summary``, writes what TensorBoard shows before the epoch counts.
        Raises InputError if that fails, for instance on a full disk, or if the folder is no longer
        the one that was locked. The run then stands as it was after the epoch before.
        """
        run = self._run
        run.check()
        history = [*run.history, asdict(epoch)]
        try:
            if events is not None:
                events.epoch(self.state, epoch)
            self._save(history)
            run.record(history)
        except (tf.errors.OpError, OSError) as error:
            self._delete(lambda number: number == epoch.epoch)
            raise InputError(
                f"{run.folder}: epoch {epoch.epoch} cannot be saved ({_reason(error)}); the run "
                f"keeps what it had after epoch {len(run.history)}, and --resume continues it"
            ) from error
        self._delete(lambda number: number <= epoch.epoch - _KEPT_CHECKPOINTS)

    def _recover(self) -> list[dict]:
        """Return the history: history.jsonl's, or a newer checkpoint's if that file was cut."""
        run = self._run
        parts = [(number, path.suffix) for path, number in checkpoint_files(run.source)]
        numbers = {number for number, suffix in parts if suffix == ".index"}
        for number in sorted(numbers, reverse=True):
            if number <= len(run.history):
                break
            try:
                history = self._read_record(run.source / f"ckpt-{number}")["history"]
            except (InputError, KeyError):
                history = None
            if history and len(history) == number and history[: len(run.history)] == run.history:
                return history
            if number > len(run.history) + 1:  # no kill leaves that
                raise InputError(
                    f"{run.source / HISTORY}: has {len(run.history)} epochs, but ckpt-{number} "
                    "exists; restore the file, or give a copy of the run"
                )
        return run.history

    def _read_record(self, path: Path) -> dict:
        """Return what the checkpoint says of its run; of runs made by 0.1.0 nothing."""
        with _reading(path) as reader:
            name = f"record{_VALUE}"
            if not reader.has_tensor(name):
                return {}
            record = json.loads(reader.get_tensor(name))
        if not isinstance(record, dict) or not isinstance(record.get("history"), list):
            raise InputError(f"{path}: its record is damaged")
        return record

    def _restore(self, path: Path, history: list[dict]) -> None:
        weights, optimizer = load_weights(path), self.state.optimizer
        for name, value in weights._asdict().items():
            getattr(self.state.weights, name).assign(value)
        for slot in SAVER_SLOTS:
            arrays = _read_checkpoint(path, slot)
            if arrays is None:
                raise InputError(
                    f"{path}: has no {slot} slots, so training cannot continue from it"
                )
            _check_finite(path, arrays, f"{slot} of ")
            for var, array in zip(self.state.weights, arrays, strict=True):
                optimizer.get_slot(var, slot).assign(array)
        with _reading(path) as reader:
            self.state.epoch = int(reader.get_tensor(f"epoch{_VALUE}"))
            random = [reader.get_tensor(f"random/{name}{_VALUE}") for name in _RANDOM]
            self.state.random.set_state(("MT19937", *random))
        if self.state.epoch != len(history):
            raise InputError(f"{path}: holds the state after epoch {self.state.epoch}")
        record = self._read_record(path)
        if record and record.get("seed") != self._run.settings.seed:
            raise InputError(f"{path}: was made with seed {record.get('seed')}, not the run's")
        if record and record["history"] != history:
            raise InputError(f"{path}: its figures are not those of {HISTORY}")

    def _save(self, history: list[dict]) -> None:
        """Write the checkpoint of the state and fsync it."""
        folder, state = self._run.folder, self.state
        record = {"seed": self._run.settings.seed, "history": history}
        tensors = {f"weights/{name}": var for name, var in state.weights._asdict().items()}
        for slot in SAVER_SLOTS:
            for name, var in state.weights._asdict().items():
                tensors[f"{slot}/{name}"] = state.optimizer.get_slot(var, slot)
        for name, value in zip(_RANDOM, state.random.get_state()[1:], strict=True):
            tensors[f"random/{name}"] = np.asarray(value)
        tensors["epoch"] = np.int64(state.epoch)
        tensors["record"] = json.dumps(record)
        with tempfile.TemporaryDirectory(prefix="cnn-raw-") as links:
            link = Path(links) / "run"  # a path that TensorFlow cannot take for a pattern
            link.symlink_to(folder.resolve())
            tf.raw_ops.SaveV2(
                prefix=str(link / f"ckpt-{state.epoch}"),
                tensor_names=[f"{name}{_VALUE}" for name in tensors],
                shape_and_slices=[""] * len(tensors),
                tensors=[tf.convert_to_tensor(value) for value in tensors.values()],
            )
        for path, number in checkpoint_files(folder):
            if number == state.epoch:
                files.sync(path)
        files.sync(folder)

    def _delete(self, chosen: Any) -> None:
        """Delete the checkpoints whose epoch is ``chosen``: the index first, then the data."""
        for path, number in sorted(checkpoint_files(self._run.folder), reverse=True):
            if chosen(number):
                path.unlink(missing_ok=True)


def load_weights(path: str | os.PathLike) -> Weights:
    """Return the five weights that ``path`` holds, as new float32 variables.

    ``path`` is a run's folder (its last epoch is taken), one checkpoint of a run, a checkpoint
    written by ``tf.train.Saver`` (also in TensorFlow 0.12, in either of its formats; or the folder
    that holds it), or an .npz file with the arrays w, w2, w3, w4, w_o. Raises InputError if there
    is nothing of the kind, if it is damaged, or if the weights have other shapes or are not finite.
    """
    path = _find(Path(path))
    arrays = _read_npz(path) if zipfile.is_zipfile(path) else _read_checkpoint(path)
    _check_finite(path, arrays)
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
def _reading(path: Path) -> Iterator[Any]:
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
            why = _reason(error).replace(f"{folder}/ckpt", path.name)
            raise InputError(f"{path}: {what} ({why}){_before(path)}") from error


def _read_checkpoint(path: Path, slot: str | None = None) -> Weights | None:
    """Return the weights, or a slot of each, as arrays. TensorFlow verifies their checksums."""
    with _reading(path) as reader:
        shapes = reader.get_variable_to_shape_map()
        if SAVER_NAMES[0] in shapes:
            names = [f"{name}/{SAVER_SLOTS[slot]}" if slot else name for name in SAVER_NAMES]
        else:
            names = [f"{slot or 'weights'}/{name}{_VALUE}" for name in Weights._fields]
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


def _reason(error: Exception) -> str:
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


def _check_finite(path: Path, arrays: Weights, what: str = "") -> None:
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
