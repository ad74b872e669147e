"""Save and restore training: the checkpoints of a run."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cnn_raw import InputError, files
from cnn_raw.runs.run import HISTORY, Run, checkpoint_files
from cnn_raw.runs.weights import (
    SAVER_SLOTS,
    VALUE,
    check_finite,
    load_weights,
    open_checkpoint,
    read_checkpoint,
    reason_of,
)
from cnn_raw.train import Epoch, initial_state

_KEPT_CHECKPOINTS = 3
_RANDOM = {  # the state of NumPy's generator
    "key": ((624,), tf.uint32),
    "pos": ((), tf.int64),
    "has_gauss": ((), tf.int64),
    "gauss": ((), tf.float64),
}
_RECORD = "figures"  # JSON: what the run's other files say, too
_PARTS = ("data-00000-of-00001", "index")  # the index last: without it there is no checkpoint


class Checkpoints:
    """The checkpoints of a run. ``state`` is where its training continues.

    The run's folder is written to only when that state has been restored whole. ``events``, a
    ``look.summary``, writes what TensorBoard shows; ``notice`` is what to say about that, or None.
    Raises InputError if the run's last checkpoint cannot be used, or does not fit its history.
    """

    def __init__(self, run: Run, events: Any = None):
        self.state = initial_state(run.settings)
        self.notice: str | None = None
        self._run, self._events = run, events
        history = self._recover() if run.source == run.folder else run.history
        if history:
            self._restore(run.source / f"ckpt-{len(history)}", history)
        before, run.history = run.history, history
        run.begin()
        if run.source != run.folder and history:
            self._save(history)
        if history != before or run.source != run.folder:
            run.record(history)
        self._write_events(history)

    def keep(self, epoch: Epoch) -> None:
        """Save the state after an epoch, then record the epoch.

        Its events are written before it counts; if they cannot be, the training still continues.
        Raises InputError if the epoch cannot be saved, for instance on a full disk, or if the
        folder is no longer the one that was locked. The run then stands as it was after the epoch
        before.
        """
        run = self._run
        run.check()
        history = [*run.history, asdict(epoch)]
        self._write_events(history)
        try:
            self._save(history)
            run.record(history)
        except (tf.errors.OpError, OSError) as error:
            self._delete(lambda number: number == epoch.epoch)
            raise InputError(
                f"{run.folder}: epoch {epoch.epoch} cannot be saved ({reason_of(error)}); the run "
                f"keeps what it had after epoch {len(run.history)}, and --resume continues it"
            ) from error
        self._delete(lambda number: number <= epoch.epoch - _KEPT_CHECKPOINTS)

    def _write_events(self, history: list[dict]) -> None:
        """Write the events of the epochs that have none."""
        self.notice = None
        if self._events is not None:
            try:
                self.notice = self._events.update(self.state, history)
            except (tf.errors.OpError, OSError) as error:
                self.notice = (
                    f"TensorBoard's events cannot be written ({reason_of(error)}); the training "
                    "continues, and its next epoch tries again"
                )

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
        with open_checkpoint(path) as read:
            text = read(f"{_RECORD}{VALUE}", dtype=tf.uint8)
            if text is None:
                return {}
            record = json.loads(text.tobytes())
        if not isinstance(record, dict) or not isinstance(record.get("history"), list):
            raise InputError(f"{path}: its record is damaged")
        return record

    def _restore(self, path: Path, history: list[dict]) -> None:
        weights, optimizer = load_weights(path), self.state.optimizer
        for name, value in weights._asdict().items():
            getattr(self.state.weights, name).assign(value)
        for slot in SAVER_SLOTS:
            arrays = read_checkpoint(path, slot)
            if arrays is None:
                raise InputError(
                    f"{path}: has no {slot} slots, so training cannot continue from it"
                )
            check_finite(path, arrays, f"{slot} of ")
            for var, array in zip(self.state.weights, arrays, strict=True):
                optimizer.get_slot(var, slot).assign(array)
        with open_checkpoint(path) as read:
            self.state.epoch = int(read(f"epoch{VALUE}", dtype=tf.int64))
            random = [read(f"random/{name}{VALUE}", *kind) for name, kind in _RANDOM.items()]
            self.state.random.set_state(("MT19937", *random))
        if self.state.epoch != len(history):
            raise InputError(f"{path}: holds the state after epoch {self.state.epoch}")
        record = self._read_record(path)
        if record and record.get("seed") != self._run.settings.seed:
            raise InputError(f"{path}: was made with seed {record.get('seed')}, not the run's")
        if record and record["history"] != history:
            raise InputError(f"{path}: its figures are not those of {HISTORY}")

    def _save(self, history: list[dict]) -> None:
        """Write the checkpoint of the state, each of its files whole or not at all."""
        state = self.state
        tensors: dict[str, Any] = {}
        for name, var in state.weights._asdict().items():
            tensors[f"weights/{name}"] = var
        for slot in SAVER_SLOTS:
            for name, var in state.weights._asdict().items():
                tensors[f"{slot}/{name}"] = state.optimizer.get_slot(var, slot)
        for name, value in zip(_RANDOM, list(state.random.get_state())[1:], strict=True):
            tensors[f"random/{name}"] = np.asarray(value)
        tensors["epoch"] = np.int64(state.epoch)
        record = json.dumps({"seed": self._run.settings.seed, "history": history})
        tensors[_RECORD] = np.frombuffer(record.encode(), np.uint8)
        written = files.in_memory(
            lambda folder: tf.raw_ops.SaveV2(
                prefix=f"{folder}/ckpt",
                tensor_names=[f"{name}{VALUE}" for name in tensors],
                shape_and_slices=[""] * len(tensors),
                tensors=[tf.convert_to_tensor(value) for value in tensors.values()],
            )
        )
        for part in _PARTS:
            files.replace(self._run.folder / f"ckpt-{state.epoch}.{part}", written[f"ckpt.{part}"])

    def _delete(self, chosen: Any) -> None:
        """Delete the checkpoints whose epoch is ``chosen``: the index first, then the data."""
        for path, number in sorted(checkpoint_files(self._run.folder), reverse=True):
            if chosen(number):
                path.unlink(missing_ok=True)
