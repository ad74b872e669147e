"""``cnn-raw predict``: say which digit is on each picture."""

import argparse

from cnn_raw.cli.parser import RUN_HELP, import_tensorflow

HELP = "say which digit is on a picture"
DESCRIPTION = (
    "Prepare each picture as MNIST's were (dark on light or light on dark, any "
    "size) and print the probability of every digit. A picture that cannot be read does not "
    "keep the others from being answered; the exit status is 2 then."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("run", metavar="RUN", help=RUN_HELP)
    command.add_argument("images", metavar="IMAGE", nargs="+", help="PNG, JPEG, BMP or GIF file")
    command.add_argument(
        "--raw",
        action="store_true",
        help="the pictures are 28x28, light on black, as MNIST's: take them as they are",
    )
    command.add_argument("--json", action="store_true", help="print JSON")


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    import_tensorflow(arguments)
    from cnn_raw.draw.predict import predict_files, show
    from cnn_raw.runs.checkpoint import load_weights

    predictions = predict_files(load_weights(arguments.run), arguments.images, arguments.raw)
    return show(predictions, arguments.json)
