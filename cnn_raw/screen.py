"""What a command shows while it works: progress bar, printed lines, silenced start-up."""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import rich.progress
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from cnn_raw.train import Epoch


def epoch_header(train: int, test: int) -> str:
    """Return the header of a training's table, for a set of ``train`` and ``test`` images."""
    train, sample = min(train, 10_000), min(test, 256)  # what train.train tests
    return f"epoch    cost  {f'{train:,} train':>13}   all test  {f'{sample} test':>9}   seconds"


def epoch_line(epoch: "Epoch") -> str:
    """Return the line of a ``train.Epoch`` that stands under ``epoch_header``."""
    return (
        f"{epoch.epoch:5}  {epoch.cost:6.4f}  {epoch.train_accuracy:13.2%}  "
        f"{epoch.test_accuracy:9.2%}  {epoch.sample_accuracy:9.2%}  {epoch.seconds:8.1f}"
    )


class _Speed(ProgressColumn):
    """Steps per second, once there is something to measure."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} steps/s" if task.speed else "")


class TrainingScreen:
    """Printed lines, and on a terminal a live bar under them for the current epoch.

    A file or a pipe gets only the lines, each at once. ``epoch`` (from 1), ``step`` and ``steps``
    say how far the training is; ``done`` epochs were finished before.
    """

    def __init__(self, epochs: int, steps: int, done: int = 0):
        self.epochs, self.steps = epochs, steps
        self.epoch, self.step = done, 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Speed(),
            TimeRemainingColumn(),
            console=Console(highlight=False, markup=False),
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> "TrainingScreen":
        if self._bar.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *error):
        if self._bar.console.is_terminal:  # elsewhere it would leave an empty line
            self._bar.stop()

    def print(self, line: str) -> None:
        if self._bar.console.is_terminal:
            self._bar.print(line, soft_wrap=True)
        else:
            print(line, flush=True)

    def progress(self, batches: Iterable, name: str | None = None) -> Iterator:
        """Pass an epoch's batches on, counting them: the ``progress`` that ``train`` takes.

        ``name`` is what the bar says instead of the epoch.
        """
        self.epoch += 1
        self.step = 0
        if self._task is not None:
            self._bar.remove_task(self._task)
        epoch = f"epoch {self.epoch}/{self.epochs}"
        task = self._task = self._bar.add_task(name or epoch, total=self.steps)
        for batch in batches:
            yield batch
            self.step += 1
            self._bar.advance(task)
        self._bar.update(task, description=name or f"{epoch}, testing")


def track(batches: Sequence) -> Iterable:
    """Pass batches on, on a terminal with a live bar (on stderr) that counts them."""
    console = Console(stderr=True)
    return rich.progress.track(
        batches, "testing", console=console, transient=True, disable=not console.is_terminal
    )


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Silence TensorFlow's C++ while it is imported.

    It writes to file descriptor 2 itself, some lines before it reads its log level.
    """
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # heeded once TensorFlow is loaded
    sys.stderr.flush()
    with contextlib.ExitStack() as restore, open(os.devnull, "w") as nowhere:
        with contextlib.suppress(OSError):  # there may be no descriptor 2
            screen = os.dup(2)
            restore.callback(os.close, screen)
            restore.callback(os.dup2, screen, 2)
            os.dup2(nowhere.fileno(), 2)
        yield
