"""``cnn-raw plot``: draw a run's accuracy, cost and filters into a PNG file."""

import argparse

from cnn_raw.cli.parser import import_tensorflow

HELP = "draw a run's accuracy, cost and filters"
DESCRIPTION = (
    "Draw accuracy and cost against the epoch, for training and test images, and "
    "the 32 filters of the first layer."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("run", metavar="RUN", help="run folder")
    command.add_argument("out", metavar="OUT.png", help="file to write; an older plot is replaced")


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    import_tensorflow(arguments)
    from cnn_raw.look.plot import plot

    plot(arguments.run, arguments.out)
    return 0
