"""``cnn-raw diff``: the 2016 program and TensorFlow 2's side by side, each change explained."""

import argparse

HELP = "the 2016 program and TensorFlow 2's side by side, each change explained"
DESCRIPTION = (
    "Show the 2016 program beside cnn.py and train.py, statement by statement. "
    "What changed is marked and numbered; the reasons follow, with what happens if you get "
    "it wrong. The programs are read as text: nothing is executed."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="your own copy of the 2016 script, Python 2 or 3 (default: session.py of this "
        "package)",
    )
    command.add_argument("--html", metavar="OUT", help="write a page that needs no other file")


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from rich.console import Console

    from cnn_raw.twin.diff import diff
    from cnn_raw.twin.diff_page import write_page
    from cnn_raw.twin.diff_screen import show

    both = diff(arguments.file)
    if arguments.html:
        write_page(both, arguments.html)
        print(f"{arguments.html}: open it in a browser")
    else:
        show(both, Console())
    return 0
