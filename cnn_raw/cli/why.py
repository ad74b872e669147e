"""``cnn-raw why``: the cause of a message, and what to write instead."""

import argparse
import sys

from cnn_raw import InputError
from cnn_raw.cli.parser import add_language, shown_in
from cnn_raw.text import translate

HELP = "explain a message of Python or TensorFlow about a 2016 program"
DESCRIPTION = (
    "Explain a message, or a whole traceback: its cause, the TensorFlow 2 form, the trap behind it "
    "and the notebook that shows it. For an unknown text: the three nearest reasons, and exit "
    "status 1."
)


def add_options(command: argparse.ArgumentParser) -> None:
    add_language(command)
    command.add_argument(
        "text", nargs="*", metavar="TEXT", help="what was said (default: standard input)"
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from cnn_raw.diff.why import LONGEST, answer, nearest

    text = " ".join(arguments.text)
    if not arguments.text or text == "-":
        text = sys.stdin.buffer.read().decode(errors="replace")[-LONGEST:]
    if not text.strip():
        raise InputError("why: no text; give the message, or a traceback on standard input")
    found = answer(text)
    with shown_in(arguments.lang):
        if found is None:
            print(translate("no reason is known for this; the three nearest:"))
            for reason in nearest(text):
                print(f"  {translate(reason.title)}")
        else:
            print("\n".join(found.lines))
    return 1 if found is None else 0
