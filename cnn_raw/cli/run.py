"""``cnn-raw run``: a reader's own script of 2015 to 2019, unchanged, on today's TensorFlow."""

import argparse

from cnn_raw import InputError
from cnn_raw.cli.parser import Parser

HELP = "run your own script or notebook of 2015 to 2019, unchanged"
DESCRIPTION = (
    "Run a script or notebook that was written for TensorFlow 0.5 to 1.x and Python 2 or 3, "
    "unchanged, on today's TensorFlow. Its MNIST comes from this package. It runs in a process "
    "and in a new, empty folder of its own, with your rights: it can do all that you can."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("script", metavar="SCRIPT", help=".py, .ipynb, or - for standard input")
    command.add_argument(
        "arguments",
        metavar="ARGS",
        nargs=argparse.REMAINDER,
        help="the script's own arguments; after -- also those that are called as the options here",
    )
    _add_own(command)


def _add_own(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--steps", type=int, metavar="N", help="stop after N training steps (default: never)"
    )
    command.add_argument(
        "--trace",
        action="store_true",
        help="print every Session.run: what it fetched, what it was fed, and its time",
    )
    command.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="the graph's seed, and NumPy's: the same seed gives the same numbers; op seeds are "
        "those that TensorFlow 0.12 counted (default: the script's own, or none)",
    )
    command.add_argument(
        "--here", action="store_true", help="run it in the current folder, not in a new one"
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from cnn_raw.diff import source
    from cnn_raw.script import running
    from cnn_raw.script.process import Settings, say

    rest = _take_own(arguments)
    if arguments.steps is not None and arguments.steps < 1:
        raise InputError(f"--steps {arguments.steps}: must be at least 1")
    raw, program = source.read_bytes(arguments.script)
    for note in program.notes:
        say(note)
    settings = Settings(
        path=program.name,
        steps=arguments.steps,
        seed=arguments.seed,
        trace=arguments.trace,
        debug=arguments.debug,
    )
    return running.run(settings, rest, arguments.here, raw if arguments.script == "-" else None)


def _take_own(arguments: argparse.Namespace) -> list[str]:
    """Take the options that stand behind SCRIPT into ``arguments``; return the script's own."""
    given, separator, rest = arguments.arguments, [], []
    if "--" in given:
        at = given.index("--")
        given, separator, rest = given[:at], given[at : at + 1], given[at + 1 :]
    parser = Parser(prog="cnn-raw run", add_help=False, allow_abbrev=False)
    _add_own(parser)
    parser.add_argument("--debug", action="store_true")
    _, left = parser.parse_known_args(given, arguments)
    return [*left, *rest] if separator else left
