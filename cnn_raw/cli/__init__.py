"""The command line: one module per command, its options beside its ``main``.

Nothing slow is imported until a command needs it.
"""

import argparse
import contextlib
import io
import sys
from collections.abc import Sequence

from cnn_raw import InputError, __version__
from cnn_raw.cli import certify, compare, diff, draw, export, plot, predict, run, test, train, why
from cnn_raw.cli.output import UNREAD, Output, open_closed_streams
from cnn_raw.cli.parser import Parser

COMMANDS = (train, test, predict, plot, export, compare, certify, diff, run, why, draw)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    0: done. 1: a check failed, or a bug. 2: arguments or input that cannot be used. 130: stopped
    by Ctrl-C. 141: nobody reads its output any more (but ``train`` continues).
    """
    open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.closed:
            stream.reconfigure(errors="backslashreplace")  # printing any file's name never fails
    with contextlib.redirect_stderr(Output(sys.stderr, optional=True)):
        arguments = _parse(argv)
        is_training = arguments.main is train.main  # it outlives its screen
        with contextlib.redirect_stdout(Output(sys.stdout, optional=is_training)):
            return _run(arguments)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = build_parser()
    arguments = parser.parse_args(argv)
    for name, value in vars(arguments).items():
        if value == "" or (isinstance(value, list) and "" in value):
            parser.error(f"{name.replace('_', '-')} is empty; give a value, or leave it out")
    return arguments


def _run(arguments: argparse.Namespace) -> int:
    try:
        status = arguments.main(arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # head, or a pager that was left, has read enough
        return UNREAD
    except (InputError, OSError) as error:
        if arguments.debug:
            raise
        print(f"cnn-raw: {error}", file=sys.stderr)
        return 2
    except Exception as error:
        if arguments.debug:
            raise
        name = type(error).__name__
        print(f"cnn-raw: {name}: {error}; --debug shows where", file=sys.stderr)
        return 1


def build_parser() -> Parser:
    """Return the parser of all commands."""
    parser = Parser(
        prog="cnn-raw", description="The 2016 TensorFlow convnet on MNIST, in raw TensorFlow 2."
    )
    parser.add_argument("--version", action="version", version=f"cnn-raw {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in COMMANDS:
        name = module.__name__.rpartition(".")[2]
        command = commands.add_parser(name, help=module.HELP, description=module.DESCRIPTION)
        command.set_defaults(main=module.main)
        module.add_options(command)
        command.add_argument(
            "--debug", action="store_true", help="show tracebacks and TensorFlow's messages"
        )
    return parser
