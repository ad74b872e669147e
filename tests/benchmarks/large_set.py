"""Sets of many images: how long it takes to read them, and the memory that reading and a step need.

    python tests/benchmarks/large_set.py [IMAGES ...]

Repeats MNIST's training set to IMAGES images (default: 60,000, 600,000 and 8,100,000, the size of
infinite MNIST; 6.4 GB on the disk) in a temporary folder, not gzipped, then reads it and does a
training step on its last batch, in a process of its own (Linux).
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
from cnn_raw.train import build_train_op, initial_state, tf
from cnn_raw.settings import Settings

def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before, start = memory(), time.perf_counter()
mnist = input_data.read_data_sets(sys.argv[1], one_hot=True)
seconds, read = time.perf_counter() - start, memory()
state = initial_state(Settings())
images, labels = mnist.train.images[-128:].reshape(-1, 28, 28, 1), mnist.train.labels[-128:]
build_train_op(state.weights, state.optimizer)(images, labels, tf.constant(0.8), tf.constant(0.5))
print(f"{int(sys.argv[2]):10,} {seconds:10.2f} s  {read - before:9,.0f} MB  {memory():18,.0f} MB")
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
    parser.add_argument("images", type=int, nargs="*", default=[60_000, 600_000, 8_100_000])
    print("    images       read it   for the set   in all, with a step")
    for images in parser.parse_args().images:
        with tempfile.TemporaryDirectory() as folder:
            write_set(Path(folder), images)
            subprocess.run([sys.executable, "-c", READ, folder, str(images)], check=True)


if __name__ == "__main__":
    main()
