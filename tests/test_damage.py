"""Files that lie, FIFOs, closed streams: one line and status 2, never an abort, never for ever."""

import os
import random
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest

from cnn_raw import InputError, cli
from cnn_raw.cnn import Weights
from cnn_raw.runs import run
from cnn_raw.runs.index import check_index
from cnn_raw.runs.weights import SHAPES, VALUE, load_weights, open_checkpoint

CNN_RAW = [sys.executable, "-m", "cnn_raw"]
EXTREMES = (0, 1, 127, 255, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)


def crc32c(content):
    """The checksum of RFC 3720, bit by bit, masked as LevelDB masks it."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def table(entries):
    """A LevelDB table of one block, with the checksums it must have."""
    out = b""

    def add(pairs):
        nonlocal out
        block, places = b"", []
        for key, value in pairs:
            places.append(len(block))
            block += varint(0) + varint(len(key)) + varint(len(value)) + key + value
        block += b"".join(struct.pack("<I", place) for place in places or [0])
        block += struct.pack("<I", len(places or [0]))
        handle = varint(len(out)) + varint(len(block))
        out += block + b"\0" + struct.pack("<I", crc32c(block + b"\0"))
        return handle

    data, nothing = add(entries), add([])
    footer = nothing + add([(b"\xff", data)])
    return out + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def message(*fields):
    """A protocol buffer's message of (tag, number or bytes)."""
    return b"".join(
        varint(tag) + (varint(len(value)) + value if isinstance(value, bytes) else varint(value))
        for tag, value in fields
    )


def entry(shape, offset, size, dtype=1, *more):
    dims = message(*((0x12, message((8, length))) for length in shape))
    return message((8, dtype), (0x12, dims), (0x20, offset), (0x28, size), *more)


def lying_entry(chance):
    """An entry for the first weights whose dtype, shape, place, size or slices are anything."""
    shape, offset, size, dtype, more = list(SHAPES[0]), 0, 1152, 1, []
    for _ in range(chance.randint(1, 3)):
        kind, number = chance.randrange(6), chance.choice(EXTREMES)
        if kind == 0:
            shape[chance.randrange(len(shape))] = number
        elif kind == 1:
            shape = [chance.choice(EXTREMES) for _ in range(chance.choice((1, 3, 8, 255, 300)))]
        elif kind == 2:
            offset, size = chance.choice(((number, size), (offset, number)))
        elif kind == 3:
            dtype = number
        else:
            extents = ((0x0A, message((8, chance.choice(EXTREMES)), (16, number)))
                       for _ in range(chance.choice((1, 4, 20))))  # fmt: skip
            more.append((0x3A, message(*extents)))
    return entry(shape, offset, size, dtype, *more)


def test_checkpoints_with_right_checksums_that_lie_are_refused(tmp_path):
    name = f"weights/w{VALUE}".encode()
    (tmp_path / "ckpt-1.data-00000-of-00001").write_bytes(bytes(1152))
    chance, header = random.Random(2016), (b"", message((8, 1), (0x1A, message((8, 1)))))

    def read(value):
        (tmp_path / "ckpt-1.index").write_bytes(table([header, (name, value)]))
        with open_checkpoint(tmp_path / "ckpt-1") as read:
            return read(name.decode(), SHAPES[0])

    checksum = varint(0x35) + struct.pack("<I", crc32c(bytes(1152)))
    assert not read(entry(SHAPES[0], 0, 1152) + checksum).any()  # this one does not lie
    refused = 0
    for _ in range(300):
        lie = lying_entry(chance) + checksum
        if lie != entry(SHAPES[0], 0, 1152) + checksum:
            with pytest.raises(InputError, match="ckpt-1: "):
                read(lie)
            refused += 1
    assert refused > 290


def test_index_with_slices_or_hidden_entries_is_refused():
    good = table([(b"", b""), (b"w", entry((1,), 0, 4))])
    check_index(good)
    for value in (
        entry((1,), 0, 4, 1, (0x3A, b"")),  # a slice
        entry((1,), 0, 4) + b"\xba\x80\x00\x00",  # one under a longer tag
        entry((1,), 0, 4)[:-1],
    ):
        with pytest.raises(ValueError, match="its index"):
            check_index(table([(b"", b""), (b"w", value)]))
    for cut in range(len(good)):
        with pytest.raises(ValueError, match="its index"):
            check_index(good[:cut])


def test_npz_damaged_anywhere_is_refused_or_gives_finite_weights(tmp_path):
    path = tmp_path / "w.npz"
    zeros = {n: np.zeros(s, np.float32) for n, s in zip(Weights._fields, SHAPES, strict=True)}
    np.savez_compressed(path, **zeros)
    good, chance = path.read_bytes(), random.Random(2016)
    for number in range(200):
        content = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content[: chance.randrange(len(content))] if number % 9 == 0 else content)
        try:
            weights = load_weights(path)
        except InputError as error:
            assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
        else:
            assert all(np.isfinite(weight).all() for weight in weights)


@pytest.mark.parametrize("value", [1e300, np.inf, np.nan])
def test_npz_with_values_that_are_no_finite_float32_is_refused(tmp_path, value):
    arrays = {n: np.zeros(s) for n, s in zip(Weights._fields, SHAPES, strict=True)}
    arrays["w3"][0, 0, 0, 0] = value
    np.savez(tmp_path / "w.npz", **arrays)
    with pytest.raises(InputError, match="w3 has values that are not finite"):
        load_weights(tmp_path / "w.npz")


def test_fifos_are_refused_at_once(small_run, small_data, tmp_path, capsys):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    data = shutil.copytree(small_data, tmp_path / "data")
    (data / "t10k-labels-idx1-ubyte").unlink()
    os.mkfifo(data / "t10k-labels-idx1-ubyte")
    copy = shutil.copytree(small_run, tmp_path / "run")
    (copy / "lock").unlink()
    os.mkfifo(copy / "lock")
    for command in (
        ["test", str(fifo)],
        ["train", "--resume", str(fifo)],
        ["train", "--resume", str(copy), "--epochs", "9"],
        ["test", str(small_run), "--data", str(data)],
        ["diff", str(fifo)],
    ):
        assert cli.main(command) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert len(run.read_history(copy)) == 2


def test_test_of_no_images_says_so(small_run, small_data, tmp_path, capsys):
    data = shutil.copytree(small_data, tmp_path / "data")
    (data / "t10k-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, 0, 28, 28))
    (data / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, 0))
    assert cli.main(["test", str(small_run), "--data", str(data)]) == 2
    assert "there are no test images" in capsys.readouterr().err


def test_samples_are_bounded(small_run, small_data, capsys):
    command = ["test", str(small_run), "--data", str(small_data), "--samples", "1000000000"]
    assert cli.main(command) == 2
    assert "give a number from 1 to 10000" in capsys.readouterr().err


def test_training_outlives_its_screen(small_data, tmp_path):
    folder = tmp_path / "run"
    given = ["--data", str(small_data), "--batch-size", "50", "--epochs", "2"]
    words = " ".join([*CNN_RAW, "train", "--out", str(folder), *given])
    done = subprocess.run(
        ["sh", "-c", f"{words} | head -1"], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("\n") == 1 and done.stderr == ""
    assert len(run.read_history(folder)) == 2
    words = " ".join([*CNN_RAW, "train", "--resume", str(folder), "--epochs", "3"])
    subprocess.run(["sh", "-c", f"exec {words} <&- >&- 2>&-"], check=True)
    assert len(run.read_history(folder)) == 3


def test_answer_that_nobody_can_read_is_an_error():
    words = " ".join([*CNN_RAW, "why", "tf.placeholder"])
    for target in (">&-", "> /dev/full"):
        done = subprocess.run(
            ["sh", "-c", f"exec {words} {target}"], capture_output=True, text=True
        )
        assert done.returncode == 2
        assert done.stderr.startswith("cnn-raw: standard output cannot be written (")
        assert done.stderr.count("\n") == 1


def test_ctrl_c_while_a_command_starts_shows_no_traceback():
    code = (
        "import sys, signal, os, time\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'cnn_raw.cli': os.kill(os.getpid(), signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.meta_path.insert(0, Slow())\n"
        "from cnn_raw.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
