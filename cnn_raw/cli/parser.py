"""What the commands' options share, and how they are shown."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from cnn_raw import InputError
from cnn_raw.environment import cores
from cnn_raw.text import LANGUAGES, translate, using

DATA_HELP = (
    "folder with the four MNIST files or another set in their format (default: the package's own "
    "MNIST)"
)
RUN_HELP = (
    "folder of a run, one of its checkpoints (RUN/ckpt-3), a checkpoint that tf.train.Saver wrote "
    "(also TensorFlow 0.12's), or an .npz file with w, w2, w3, w4, w_o"
)


def add_language(command: argparse.ArgumentParser) -> None:
    """Add --lang, for ``shown_in``."""
    command.add_argument(
        "--lang", choices=LANGUAGES, default="en", help="language of what is explained"
    )


@contextmanager
def shown_in(language: str) -> Iterator[None]:
    """Use ``language`` inside a ``with``; English if standard output cannot show it."""
    with using(language):
        name = translate("English")  # its own name
    console = sys.stdout.isatty() and os.environ.get("TERM") == "linux"  # has 512 letters at most
    try:
        name.encode("ascii" if console else sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        print(f"cnn-raw: this terminal cannot show {language}; here is English", file=sys.stderr)
        language = "en"
    with using(language):
        yield


def add_threads(command: argparse.ArgumentParser) -> None:
    """Add --threads, which ``import_tensorflow`` obeys."""
    command.add_argument(
        "--threads",
        type=_threads,
        metavar="N",
        help="threads that one operation may use; another number gives other last bits (default: "
        f"one per core, {cores()} here)",
    )


def _threads(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= cores():
        raise argparse.ArgumentTypeError(
            f"{text}: this machine has {cores()} cores, so give 1 to {cores()}; for the bits of a "
            "machine with more, set the variable TF_NUM_INTRAOP_THREADS"
        )
    return int(text)


class Parser(argparse.ArgumentParser):
    """A parser that shows every default and reports an error in one line."""

    def __init__(self, **options):
        super().__init__(formatter_class=_Help, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False):  # the option's help already says what happens
            return action.help
        return super()._get_help_string(action)


def check_run(run: str) -> None:
    """Say that RUN does not exist before TensorFlow is imported, which takes seconds."""
    path = Path(run)
    checkpoint = path.name.startswith("ckpt-")  # a hint at those that exist comes later
    if not checkpoint and not path.exists() and not Path(f"{run}.index").exists():
        raise InputError(f"{run}: there is no such run, checkpoint or .npz file")


def import_tensorflow(arguments: argparse.Namespace) -> ModuleType:
    """Import TensorFlow quietly, make its operations deterministic and obey --threads."""
    from cnn_raw.screen import quiet_start

    if arguments.debug:
        tf = _without_optimizers()
    else:
        with quiet_start():
            tf = _without_optimizers()
    tf.config.experimental.enable_op_determinism()
    if getattr(arguments, "threads", None):
        tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    return tf


def _without_optimizers() -> ModuleType:
    """Import TensorFlow, but not Keras's optimizers, which take a third of the time.

    TensorFlow imports them only if it can. Who asks for ``tf.keras`` later still gets it.
    """
    keras = "keras.src.optimizers"
    if keras not in sys.modules:
        sys.modules[keras] = None  # type: ignore[assignment]  # a module that cannot be imported
    try:
        with contextlib.suppress(ImportError):  # of a TensorFlow that cannot do without
            import tensorflow  # noqa: F401
    finally:
        if sys.modules.get(keras) is None:
            del sys.modules[keras]
    import tensorflow as tf

    return tf
