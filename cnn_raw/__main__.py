"""``cnn-raw``, and ``python -m cnn_raw``."""

import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run a command, then leave at once: TensorFlow takes 0.6 s to take itself apart.

    Ctrl-C ends it quietly, even while it starts.
    """
    try:
        from cnn_raw import cli

        status = cli.main()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except KeyboardInterrupt:
        status = 130
    os._exit(status)


if __name__ == "__main__":
    main()
