"""A run: the folder in which a training is kept. No TensorFlow; checkpoint.py has the weights.

    settings.json   what it was started with, and which data
    history.jsonl   one line of figures per epoch
    environments.jsonl  where they were trained (environments.py)
    ckpt-3.index    the checkpoint after epoch 3 (and ckpt-3.data-...); the last three are there
    events/         what TensorBoard shows: of each epoch a file for each of three writers
    lock            held by the process that trains

An epoch's events are written first; it counts once its checkpoint is on disk; its line in
history.jsonl is written last. Each checkpoint repeats the figures so far. Every file is written
whole or not at all (``files.replace``). A process killed at any moment leaves a run that resumes.
"""

import contextlib
import hashlib
import itertools
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cnn_raw import InputError, files, input_data
from cnn_raw.runs.lock import LOCK, locked
from cnn_raw.settings import Settings

SETTINGS, HISTORY = "settings.json", "history.jsonl"
FIGURES = [
    "epoch",
    "cost",
    "train_accuracy",
    "test_accuracy",
    "sample_accuracy",
    "seconds",
    "test_cost",
]
CHECKPOINT = re.compile(r"ckpt-(\d+)")
_CHECKPOINT_FILE = re.compile(r"ckpt-([1-9]\d*)\.(index|data-00000-of-00001)")


@dataclass
class Run:
    """A training with its settings and its data, kept in ``folder``.

    ``history`` has a dictionary for every epoch that counts: the fields of ``train.Epoch``.
    ``source`` is the folder whose checkpoint it continues from; another one than ``folder`` stays
    as it is.
    """

    folder: Path
    settings: Settings
    mnist: input_data.Datasets  # one-hot labels
    lock: BinaryIO
    kept: dict  # what settings.json says
    source: Path
    history: list[dict] = field(default_factory=list)

    def record(self, history: list[dict]) -> None:
        """Write the figures of all epochs that count: those whose checkpoint is on disk."""
        lines = "".join(f"{json.dumps(figures)}\n" for figures in history)
        files.replace(self.folder / HISTORY, lines)
        self.history = history

    def check(self) -> None:
        """Raise InputError unless the folder is still the one that this process locked."""
        with contextlib.suppress(OSError):
            held = os.path.samestat(os.fstat(self.lock.fileno()), (self.folder / LOCK).stat())
            if held and is_run(self.folder):
                return
        raise InputError(
            f"{self.folder}: was removed, renamed or replaced while it was trained; "
            "nothing more is written to it"
        )

    def begin(self) -> None:
        """Write the settings, and delete checkpoints newer than the history.

        To be called when the state to train from has been restored whole.
        """
        self.kept |= asdict(self.settings)
        if not is_run(self.folder) or _read_record(self.folder) != self.kept:
            files.replace(self.folder / SETTINGS, json.dumps(self.kept, indent=2) + "\n")
            files.sync(self.folder.parent)
        for path, number in checkpoint_files(self.folder):
            if number > len(self.history):
                path.unlink()
        files.remove_temporary(self.folder)


@contextlib.contextmanager
def start(
    folder: str | os.PathLike | None,
    settings: Settings,
    data: str | os.PathLike | None = None,
) -> Iterator[Run]:
    """Start a run in ``folder``, new or empty (default: ``runs/<date-time>``), and lock it.

    ``data`` is what ``read_data_sets`` takes. Before ``Run.begin`` the folder holds a lock alone,
    and goes when the run is left. Raises InputError if the folder holds anything, if
    another process trains in it, if there are fewer training images than one batch, or no test
    images.
    """
    if folder:
        _check_free(Path(folder))
    mnist = input_data.read_data_sets(data, one_hot=True)
    _check_images(mnist, settings)
    folder = Path(folder) if folder else _new_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder) as lock:
        _check_free(folder)
        kept = _kept(settings, data, fingerprint(mnist))
        yield Run(folder, settings, mnist, lock, kept, folder)


@contextlib.contextmanager
def resume(
    path: str | os.PathLike,
    data: str | os.PathLike | None = None,
    out: str | os.PathLike | None = None,
    **given: int,
) -> Iterator[Run]:
    """Continue the run in the folder ``path``, or from its checkpoint ``path``, and lock it.

    With ``out`` it continues as a new run in that folder, and ``path`` stays as it is. From a
    checkpoint before the last one it continues only so. ``given`` may have ``epochs``, the new
    total, and is otherwise as the run was started. ``data`` says where the data is if it has
    moved. Nothing is written before ``Run.begin``. Raises InputError if ``path`` is no run, if
    another process trains in it, or if the settings or the data are not those it was started with.
    """
    source, last = Path(path), None
    if (number := CHECKPOINT.fullmatch(source.name)) and not source.is_dir():
        source, last = source.parent, int(number[1])
    started, kept_data, sha256 = read_settings(source)
    settings = replace(started, **given)
    if replace(settings, epochs=started.epochs) != started:
        raise InputError(
            f"{source}: was started with --batch-size {started.batch_size} --seed "
            f"{started.seed}; leave them out, or start another run"
        )
    with contextlib.ExitStack() as stack:
        if out is None:
            folder = source
        else:
            folder = Path(out)
            _check_free(folder)
            folder.mkdir(parents=True, exist_ok=True)
        lock = stack.enter_context(locked(folder))
        history = read_history(source)
        if last is not None:
            if not 1 <= last <= len(history):
                raise InputError(f"{path}: the run has {len(history)} epochs")
            if last < len(history) and out is None:
                raise InputError(
                    f"{path}: is not the run's last epoch; --out DIR continues from it as a new run"
                )
            history = history[:last]
        data = kept_data if data is None else data
        mnist = input_data.read_data_sets(data, one_hot=True, fill=False)
        if fingerprint(mnist) != sha256:
            name = data or "the package's MNIST"
            raise InputError(f"{source}: {name} is not the data it was started with; see --data")
        _check_images(mnist, settings)
        kept = _kept(settings, data, sha256)
        yield Run(folder, settings, mnist, lock, kept, source, history)


def is_run(folder: str | os.PathLike) -> bool:
    """Return whether the folder holds a run."""
    return (Path(folder) / SETTINGS).is_file()


def checkpoint_files(folder: Path) -> list[tuple[Path, int]]:
    """Return the files of the checkpoints in a run's folder, each with its epoch."""
    matches = ((path, _CHECKPOINT_FILE.fullmatch(path.name)) for path in folder.iterdir())
    return [(path, int(match[1])) for path, match in matches if match and path.is_file()]


def read_settings(folder: Path) -> tuple[Settings, str | None, str]:
    """Return a run's settings, the folder of its data (None: the package's), the data's SHA-256.

    Raises InputError if the folder holds no run, or if its settings are damaged.
    """
    if not (folder / SETTINGS).exists():
        raise InputError(f"{folder}: holds no run; give a folder that cnn-raw train has written")
    kept = _read_record(folder)
    try:
        data, sha256 = kept.pop("data"), kept.pop("data_sha256")
        if not isinstance(data, str | None) or not isinstance(sha256, str):
            raise ValueError("data and data_sha256 must be strings")
        if any(type(value) is not int for value in kept.values()):
            raise ValueError("a setting is not a whole number")
        return Settings(**kept), data, sha256
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / SETTINGS}: is damaged ({error})") from error


def read_history(folder: str | os.PathLike) -> list[dict]:
    """Return the figures of a run's epochs, in their order: the fields of ``train.Epoch``.

    Raises InputError if the folder holds no run, or if a line is damaged.
    """
    read_settings(Path(folder))
    path = Path(folder) / HISTORY
    history: list[dict] = []
    if path.exists():
        with files.reading(path) as file:
            for number, line in enumerate(file.read().splitlines(), start=1):
                try:
                    figures = json.loads(line)
                    if figures["epoch"] != number:
                        raise ValueError(f"its epoch must be {number}")
                    if missing := [name for name in FIGURES if name not in figures]:
                        raise ValueError(f"{missing[0]} is missing")
                    if any(type(figure) not in (int, float) for figure in figures.values()):
                        raise ValueError("a figure is not a number")
                except (ValueError, KeyError, TypeError, RecursionError) as error:
                    raise InputError(f"{path}: line {number} is damaged ({error})") from error
                history.append(figures)
    return history


def fingerprint(mnist: input_data.Datasets) -> str:
    """Return the SHA-256 of all images and labels, in hexadecimal."""
    digest = hashlib.sha256()
    for array in (array for part in mnist for array in (part.images, part.labels)):
        for start in range(0, len(array), 10_000):  # read as float32, which takes memory
            digest.update(np.ascontiguousarray(array[start : start + 10_000]).data)
    return digest.hexdigest()


def _read_record(folder: Path) -> dict:
    with files.reading(folder / SETTINGS) as file:
        kept = json.loads(file.read())
        if not isinstance(kept, dict):
            raise ValueError("must be a JSON object")
        return kept


def _kept(settings: Settings, data: str | os.PathLike | None, sha256: str) -> dict:
    return {**asdict(settings), "data": data and os.path.abspath(data), "data_sha256": sha256}


def _check_images(mnist: input_data.Datasets, settings: Settings) -> None:
    images = mnist.train.num_examples
    if images < settings.batch_size:
        raise InputError(
            f"batch size {settings.batch_size}: there are only {images} training images"
        )
    if not mnist.test.num_examples:
        raise InputError("there are no test images; give a data set that has some")


def _new_folder() -> Path:
    """Make and return runs/<date-time>; the second run of a second gets another name."""
    name = time.strftime("runs/%Y-%m-%d_%H-%M-%S")
    for suffix in itertools.chain([""], (f"-{n}" for n in itertools.count(2))):
        with contextlib.suppress(FileExistsError):
            Path(name + suffix).mkdir(parents=True)
            break
    return Path(name + suffix)


def _check_free(folder: Path) -> None:
    """Raise InputError if the folder holds anything but what a start that was killed leaves."""
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise InputError(f"{folder}: is a file; give a new folder")
    if is_run(folder):
        raise InputError(
            f"{folder}: holds a run; --resume continues it; to start anew, give another folder or "
            "remove this one"
        )
    others = {path.name for path in folder.iterdir() if not files.is_temporary(path)} - {LOCK}
    if others:
        raise InputError(f"{folder}: is not empty ({min(others)}) and holds no run; give a new one")
