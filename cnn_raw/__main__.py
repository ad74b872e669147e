"""``cnn-raw``, and ``python -m cnn_raw``."""

import os
import sys
from typing import NoReturn

from cnn_raw import cli


def main() -> NoReturn:
    """Run a command, then leave at once: TensorFlow takes 0.6 s to take itself apart."""
    status = cli.main()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
