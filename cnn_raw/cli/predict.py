"""``cnn-raw predict``: recognise the digit in each picture."""

import argparse

from cnn_raw.cli.parser import RUN_HELP, import_tensorflow

HELP = "recognise the digit in a picture"
DESCRIPTION = (
    "Prepare each picture as MNIST's were (dark on light or light on dark, any size) and print the "
    "probability of every digit. A picture that cannot be read is reported, the others are still "
    "answered, and the exit status is 2."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("run", metavar="RUN", help=RUN_HELP)
    command.add_argument("images", metavar="IMAGE", nargs="+", help="PNG, JPEG, BMP or GIF file")
    command.add_argument(
        "--raw",
        action="store_true",
        help="use 28x28 pictures, light on black like MNIST's, without preparing them",
    )
    command.add_argument("--json", action="store_true", help="print JSON")


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    import_tensorflow(arguments)
    from cnn_raw.draw.predict import predict_files, show
    from cnn_raw.runs.checkpoint import load_weights

    predictions = predict_files(load_weights(arguments.run), arguments.images, arguments.raw)
    return show(predictions, arguments.json)
