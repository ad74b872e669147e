"""The command line: one module per command, its options beside its ``main``.

Nothing slow is imported until a command needs it.
"""

import io
import os
import sys
from collections.abc import Sequence

from cnn_raw import InputError, __version__
from cnn_raw.cli import certify, compare, diff, draw, export, plot, predict, run, test, train, why
from cnn_raw.cli.parser import Parser

COMMANDS = (train, test, predict, plot, export, compare, certify, diff, run, why, draw)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    0: done. 1: a check failed, or a bug. 2: arguments or input that cannot be used. 130: stopped
    by Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.closed:
            stream.reconfigure(errors="backslashreplace")  # printing any file's name never fails
    parser = build_parser()
    arguments = parser.parse_args(argv)
    for name, value in vars(arguments).items():
        if value == "" or (isinstance(value, list) and "" in value):
            parser.error(f"{name.replace('_', '-')} is empty; give a value, or leave it out")
    try:
        return arguments.main(arguments)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # head, or a pager that was left, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
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
