"""``cnn-raw draw``: serve the page to draw a digit on and to look inside the network."""

import argparse

from cnn_raw.cli.parser import RUN_HELP, check_run, import_tensorflow

HELP = "draw a digit in the browser and look inside the network"
DESCRIPTION = (
    "Serve a page on 127.0.0.1, for this machine only: draw a digit, see how it is prepared, the "
    "network's answer and every number on the way there. In a trial 94 to 95 % of strangers' "
    "digits were read right. Ctrl-C stops it. Needs the extra draw: pip install 'cnn-raw[draw]'."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "runs",
        nargs="*",
        metavar="RUN",
        help=f"{RUN_HELP}; two or more can be compared (default: the last run in runs/)",
    )
    command.add_argument(
        "--port", type=int, default=0, metavar="N", help="port to listen on; 0 is any free one"
    )
    command.add_argument(
        "--no-open", action="store_true", help="print the address, do not open a browser"
    )
    command.add_argument(
        "--train", action="store_true", help="first train one epoch and save it in runs/"
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from cnn_raw.draw import open_page

    if arguments.train:
        from cnn_raw import cli

        if status := cli.main(["train", "--epochs", "1"]):
            return status
    for run in arguments.runs:
        check_run(run)
    import_tensorflow(arguments)
    open_page(arguments.runs, arguments.port, browser=not arguments.no_open)
    return 0
