"""``python -m cnn_raw`` is ``cnn-raw``."""

import sys

from cnn_raw.cli import main

if __name__ == "__main__":
    sys.exit(main())
