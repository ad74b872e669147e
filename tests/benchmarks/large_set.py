"""A set of many images: how long it takes to read, and the memory that reading and a step need.

    python tests/benchmarks/large_set.py [IMAGES]

Repeats MNIST's training set to IMAGES images (8,100,000: the size of infinite MNIST; 6.4 GB on the
disk) in a temporary folder, not gzipped, then reads it in a process of its own (Linux).
"""

import argparse
import gzip
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from cnn_raw.input_data import FILES, PACKAGE_DATA

READ = """
import resource, sys, time
from cnn_raw import input_data
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
mnist = input_data.read_data_sets(sys.argv[1], one_hot=True)
seconds = time.perf_counter() - start
batch = mnist.train.images[-128:], mnist.train.labels[-128:]
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"{mnist.train.num_examples:,} training images: read in {seconds:.2f} s, "
      f"with {after / 1024:,.0f} MB in all, {(after - before) / 1024:,.0f} MB of them for the set")
"""


def write_set(folder: Path, images: int) -> None:
    """Write the four files, the training set repeated to ``images`` images."""
    for name in FILES:
        raw = gzip.decompress((PACKAGE_DATA / name).read_bytes())
        size, header = (784, 16) if "images" in name else (1, 8)
        count = images if name.startswith("train") else 10_000
        with open(folder / name.removesuffix(".gz"), "wb") as file:
            file.write(raw[:4] + struct.pack(">I", count) + raw[8:header])
            body = raw[header:]
            for start in range(0, count, 60_000):
                file.write(body[: (count - start) * size])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=int, nargs="?", default=600_000)
    images = parser.parse_args().images
    with tempfile.TemporaryDirectory() as folder:
        write_set(Path(folder), images)
        subprocess.run([sys.executable, "-c", READ, folder], check=True)


if __name__ == "__main__":
    main()
