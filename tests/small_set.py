"""The first images of MNIST as a set of its own, for tests in which the size is not the point."""

import gzip
import struct
from pathlib import Path

from cnn_raw import input_data


def write(folder: Path, train: int, test: int) -> Path:
    """Write the four files, not gzipped, of ``train`` training and ``test`` test images."""
    for name in input_data.FILES:
        raw = gzip.decompress((input_data.PACKAGE_DATA / name).read_bytes())
        count = 5000 + train if name.startswith("train") else test  # 5,000 are for validation
        size, header = (784, 16) if "images" in name else (1, 8)
        content = raw[:4] + struct.pack(">I", count) + raw[8 : header + count * size]
        (folder / name.removesuffix(".gz")).write_bytes(content)
    return folder
