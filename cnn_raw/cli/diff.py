"""``cnn-raw diff``: the 2016 program and TensorFlow 2's side by side, each change explained."""

import argparse

from cnn_raw.cli.parser import add_language, shown_in
from cnn_raw.text import using

HELP = "show the 2016 program, or your copy of it, beside TensorFlow 2's"
DESCRIPTION = (
    "Show the 2016 program beside cnn.py and train.py, statement by statement, each change with "
    "its reason and with what happens if you get it wrong. In your own copy it first shows what "
    "is yours, in no edition of the tutorial, and known mistakes. Nothing is run."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="your copy of the 2016 script: a .py or .ipynb file, Python 2 or 3, or - for standard "
        "input (default: session.py of this package)",
    )
    add_language(command)
    form = command.add_mutually_exclusive_group()
    form.add_argument("--html", metavar="OUT", help="write a page that needs no other file")
    form.add_argument("--json", action="store_true", help="print one JSON object")


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from rich.console import Console

    from cnn_raw.diff import page as diff_page
    from cnn_raw.diff import screen as diff_screen
    from cnn_raw.diff.diff import diff_file

    diff = diff_file(arguments.file)
    if arguments.html:
        with using(arguments.lang):
            diff_page.write_page(diff, arguments.html)
        print(f"{arguments.html}: open it in a browser")
    elif arguments.json:
        print(diff_screen.as_json(diff))
    else:
        with shown_in(arguments.lang):
            diff_screen.show(diff, Console())
    return 0
