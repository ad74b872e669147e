"""``cnn-raw plot``: draw a run's accuracy, cost and filters into a PNG file."""

import argparse
from pathlib import Path

from cnn_raw import InputError, files
from cnn_raw.cli.parser import import_tensorflow

HELP = "draw a run's accuracy, cost and filters"
DESCRIPTION = (
    "Draw accuracy and cost against the epoch, for training and test images, and the 32 filters "
    "of the first layer."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("run", metavar="RUN", help="folder of a run")
    command.add_argument(
        "out", metavar="OUT.png", help="file to write; a picture that cnn-raw drew is replaced"
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from cnn_raw.runs.run import read_history

    files.check_picture(arguments.out)
    history = read_history(arguments.run)
    if not history:
        raise InputError(f"{arguments.run}: has no finished epoch to plot")
    import_tensorflow(arguments)
    from cnn_raw.look.plot import run_figure
    from cnn_raw.runs.weights import load_weights

    w = load_weights(arguments.run).w.numpy()
    figure = run_figure(history, w, Path(arguments.run).resolve().name)
    files.write_picture(arguments.out, figure)
    return 0
