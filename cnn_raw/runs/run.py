"""A run: the folder in which a training is kept. No TensorFlow; checkpoint.py has the weights.

    settings.json   what it was started with, and which data
    history.jsonl   one line of figures per epoch
    ckpt-3.index    the checkpoint after epoch 3 (and ckpt-3.data-...); the last few are there
    checkpoint      TensorFlow's list of them
    events/         what TensorBoard shows
    lock            held by the process that trains

An epoch counts when its line is in history.jsonl, and that is written when its checkpoint is safe
on the disk. So a process that is killed, at any moment, leaves a run that can go on.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from cnn_raw import InputError, files, input_data
from cnn_raw.settings import Settings

SETTINGS, HISTORY, LOCK = "settings.json", "history.jsonl", "lock"
FILES = (HISTORY, SETTINGS, "checkpoint", "events")  # besides the checkpoints and the lock
_CHECKPOINT = re.compile(r"ckpt-(\d+)")


@dataclass
class Run:
    """A training with its settings and its data, kept in ``folder`` (None: not kept at all).

    ``history`` has a dictionary for every epoch that counts: the fields of ``train.Epoch``.
    """

    folder: Path | None
    settings: Settings
    mnist: input_data.Datasets  # one-hot labels
    history: list[dict] = field(default_factory=list)

    def add(self, figures: dict) -> None:
        """Have an epoch count, with its figures: its checkpoint must be safe by now."""
        write_history(self.folder, [*self.history, figures])
        self.history.append(figures)

    def sweep(self) -> None:
        """Take away checkpoints of epochs that do not count: half-written ones, or given up."""
        for path in _checkpoints(self.folder, after=len(self.history)):
            _remove(path)
        for path in filter(files.is_temporary, list(self.folder.iterdir())):
            _remove(path)


@contextlib.contextmanager
def start(
    folder: str | os.PathLike | None,
    settings: Settings,
    data: str | os.PathLike | None = None,
    force: bool = False,
) -> Iterator[Run]:
    """Start a run in ``folder``, new or empty (default: ``runs/<date-time>``), and lock it.

    ``data`` is what ``read_data_sets`` takes. ``force`` takes away what another run has kept in
    the folder, and nothing else. Raises InputError if the folder holds anything, if another
    process trains in it, or if there are fewer training images than one batch.
    """
    mnist = input_data.read_data_sets(data, one_hot=True)
    images = mnist.train.num_examples
    if images < settings.batch_size:  # to know it before anything is taken away
        raise InputError(
            f"batch size {settings.batch_size}: there are only {images} training images"
        )
    folder = Path(folder or time.strftime("runs/%Y-%m-%d_%H-%M-%S"))
    if not force:
        _check_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        if force:
            for path in (*(folder / name for name in FILES), *_checkpoints(folder)):
                _remove(path)
        else:
            _check_free(folder)
        _write_settings(folder, settings, data, fingerprint(mnist))
        files.sync(folder.parent)
        yield Run(folder, settings, mnist)


@contextlib.contextmanager
def resume(
    path: str | os.PathLike, data: str | os.PathLike | None = None, **given: int
) -> Iterator[Run]:
    """Go on with the run in the folder ``path``, or from its checkpoint ``path``, and lock it.

    ``given`` may have ``epochs``, the new total, and is otherwise as the run was started.
    ``data`` says where the data is if it has moved. Raises InputError if ``path`` is no run, if
    another process trains in it, or if the settings or the data are not those it was started with.
    """
    folder, last = Path(path), None
    if (number := _CHECKPOINT.fullmatch(folder.name)) and not folder.is_dir():
        folder, last = folder.parent, int(number[1])
    read_settings(folder)
    with _locked(folder):
        started, kept_data, sha256 = read_settings(folder)
        settings = replace(started, **given)
        if replace(settings, epochs=started.epochs) != started:
            raise InputError(
                f"{folder}: was started with --batch-size {started.batch_size} --seed "
                f"{started.seed}; leave them out, or start another run"
            )
        history = read_history(folder)
        if last is not None and not 1 <= last <= len(history):
            raise InputError(f"{path}: the run has {len(history)} epochs")
        data = kept_data if data is None else data
        mnist = input_data.read_data_sets(data, one_hot=True)
        if fingerprint(mnist) != sha256:
            name = data or "the package's MNIST"
            raise InputError(f"{folder}: {name} is not the data it was started with; see --data")
        if settings != started:
            _write_settings(folder, settings, data, sha256)
        if last is not None:
            history = history[:last]
            write_history(folder, history)
        run = Run(folder, settings, mnist, history)
        run.sweep()
        yield run


def is_run(folder: str | os.PathLike) -> bool:
    """Return whether the folder holds a run."""
    return (Path(folder) / SETTINGS).is_file()


def read_settings(folder: Path) -> tuple[Settings, str | None, str]:
    """Return a run's settings, the folder of its data (None: the package's), the data's SHA-256.

    Raises InputError if the folder holds no run, or if its settings are damaged.
    """
    if not is_run(folder):
        raise InputError(f"{folder}: holds no run; give a folder that cnn-raw train has written")
    try:
        kept = json.loads((folder / SETTINGS).read_bytes())
        data, sha256 = kept.pop("data"), kept.pop("data_sha256")
        if any(type(value) is not int for value in kept.values()):
            raise ValueError("a setting is not a whole number")
        return Settings(**kept), data, sha256
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder / SETTINGS}: is damaged ({error})") from error


def read_history(folder: str | os.PathLike) -> list[dict]:
    """Return the figures of a run's epochs, in their order: the fields of ``train.Epoch``.

    Raises InputError if the folder holds no run, or if a line is damaged.
    """
    read_settings(Path(folder))
    path = Path(folder) / HISTORY
    history = []
    if path.exists():
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            try:
                history.append(json.loads(line))
                if history[-1]["epoch"] != number:
                    raise ValueError(f"epoch {number} is wanted")
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f"{path}: line {number} is damaged ({error})") from error
    return history


def write_history(folder: Path, history: list[dict]) -> None:
    """Write the figures of all epochs that count."""
    files.replace(folder / HISTORY, "".join(f"{json.dumps(figures)}\n" for figures in history))


def fingerprint(mnist: input_data.Datasets) -> str:
    """Return the SHA-256 of all images and labels, in hexadecimal."""
    digest = hashlib.sha256()
    for part in mnist:
        digest.update(part.images)
        digest.update(part.labels)
    return digest.hexdigest()


def _write_settings(
    folder: Path, settings: Settings, data: str | os.PathLike | None, sha256: str
) -> None:
    data = None if data is None else os.path.abspath(data)
    kept = {**asdict(settings), "data": data, "data_sha256": sha256}
    files.replace(folder / SETTINGS, json.dumps(kept, indent=2) + "\n")


def _check_free(folder: Path) -> None:
    """Raise InputError if the folder holds anything but what a start that was killed leaves."""
    if is_run(folder):
        raise InputError(f"{folder}: holds a run; --resume goes on with it, --force overwrites it")
    if folder.is_dir():
        others = {path.name for path in folder.iterdir() if not files.is_temporary(path)} - {LOCK}
        if others:
            raise InputError(f"{folder}: is not empty ({min(others)}); give a new folder")


def _checkpoints(folder: Path, after: int = 0) -> list[Path]:
    """Return what there is of the checkpoints after epoch ``after``, half-written or not."""
    matches = {path: _CHECKPOINT.match(path.name) for path in folder.iterdir()}
    return [path for path, match in matches.items() if match and int(match[1]) > after]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the folder. The system takes the lock back when the process ends, however it ends."""
    with open(folder / LOCK, "a") as file:
        try:
            if os.name == "nt":
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise InputError(f"{folder}: another process trains there; give another one") from error
        yield
