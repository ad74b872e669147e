"""What the commands' options share, and how they are shown."""

import argparse
from types import ModuleType
from typing import NoReturn

DATA_HELP = (
    "folder with the four MNIST files or another set in their format (default: the package's own "
    "MNIST)"
)
RUN_HELP = (
    "folder of a run, one of its checkpoints (RUN/ckpt-3), a checkpoint that tf.train.Saver wrote "
    "(also TensorFlow 0.12's), or an .npz file with w, w2, w3, w4, w_o"
)


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


def import_tensorflow(arguments: argparse.Namespace) -> ModuleType:
    """Import TensorFlow quietly and make its operations deterministic."""
    from cnn_raw.screen import quiet_start

    if arguments.debug:
        import tensorflow as tf
    else:
        with quiet_start():
            import tensorflow as tf
    tf.config.experimental.enable_op_determinism()
    return tf
