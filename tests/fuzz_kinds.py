"""The kinds of input that ``fuzz.py`` tries.

Each returns ``attempt(chance)``, which makes an input and hands it to what reads it.
"""

import gzip
import io
import json
import shutil
import struct
import zipfile
from pathlib import Path

import editions
import mutations
import numpy as np

from cnn_raw import InputError, input_data
from cnn_raw.cnn import Weights
from cnn_raw.environment import environment
from cnn_raw.runs import checkpoint, environments, run, weights
from cnn_raw.settings import Settings
from cnn_raw.twin import certificate

TABLES = (mutations.lying_table, mutations.lying_table, mutations.damaged)
MESSAGES = (
    "Traceback:\n  File \"n.py\", line 3\nAttributeError: module 'tensorflow' has no attribute "
    "'placeholder'",
    "ValueError: Only call `softmax_cross_entropy_with_logits` with named arguments",
    "No gradients provided for any variable.",
)


def write_set(folder: Path, train: int, test: int) -> None:
    folder.mkdir()
    for name in input_data.FILES:
        count = train if name.startswith("train") else test
        if "images" in name:
            content = struct.pack(">4I", 2051, count, 28, 28) + bytes(range(196)) * 4 * count
        else:
            content = struct.pack(">2I", 2049, count) + bytes(i % 10 for i in range(count))
        (folder / name.removesuffix(".gz")).write_bytes(content)


def write_good(folder: Path) -> None:
    """Fill a folder with good files of every kind."""
    import tensorflow as tf
    from PIL import Image

    from cnn_raw.runs.export import write_npz, write_saver
    from cnn_raw.train import Epoch

    write_set(folder / "few", 4, 4)
    write_set(folder / "data", 5004, 4)
    with run.start(folder / "run", Settings(3, 2), folder / "data") as started:
        checkpoints = checkpoint.Checkpoints(started)
        for number in (1, 2):
            checkpoints.state.epoch = number
            checkpoints.keep(Epoch(number, 2.0, 0.1, 0.1, 0.1, 1.0, 2.0))
    environments.record(folder / "run", [], 1, environment())
    (folder / "run" / "certificate").write_text(certificate.table()[0].json())
    write_npz(folder / "run", folder / "stored.npz")
    write_saver(folder / "run", folder / "model.ckpt")
    zeros = {n: np.zeros(s, "f4") for n, s in zip(Weights._fields, weights.SHAPES, strict=True)}
    np.savez_compressed(folder / "small.npz", **zeros)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        named = {
            n: tf.Variable(zero)
            for n, zero in zip(weights.SAVER_NAMES, zeros.values(), strict=True)
        }
        session.run(tf.compat.v1.global_variables_initializer())
        first = tf.compat.v1.train.Saver(named, write_version=1)
        first.save(session, str(folder / "first.ckpt"), write_meta_graph=False)
    picture = np.full((40, 30, 3), 255, np.uint8)
    picture[8:32, 12:16] = 10
    for suffix in ("png", "jpg", "bmp", "gif"):
        Image.fromarray(picture).save(folder / f"one.{suffix}")


def data(good: Path, folder: Path):
    def attempt(chance):
        victim = chance.choice(input_data.FILES).removesuffix(".gz")
        for path in folder.iterdir():
            path.unlink()
        for path in (good / "few").iterdir():
            content, zipped, late = path.read_bytes(), chance.random() < 0.5, chance.random() < 0.5
            if path.name == victim and not (zipped and late):
                content = mutations.damaged(content, chance, 0, chance.choice((16, None)))
            if zipped:
                content = gzip.compress(content, mtime=0)
                if path.name == victim and late:
                    content = mutations.damaged(content, chance)
            (folder / f"{path.name}{'.gz' if zipped else ''}").write_bytes(content)
        for part in input_data.read_data_sets(folder, one_hot=True, validation_size=2, fill=False):
            images, labels = part.images[:], part.labels[:]
            assert len(images) == len(labels) and np.all(labels.sum(axis=1) == 1)
            assert images.size == 0 or 0 <= images.min() <= images.max() <= 1

    return attempt


def records(good: Path, folder: Path):
    """The settings, the history and the environments of a run; a certificate."""
    names = (run.SETTINGS, run.HISTORY, environments.ENVIRONMENTS, "certificate")

    def attempt(chance):
        victim = chance.choice(names)
        for name in names:
            content = (good / "run" / name).read_bytes()
            if name == victim and chance.random() < 0.6:
                lines = [content] if name == run.SETTINGS else content.splitlines()
                changed = (mutations.changed(json.loads(line), chance) for line in lines)
                content = "\n".join(map(json.dumps, changed)).encode()
            elif name == victim:
                content = mutations.damaged(content, chance)
            (folder / name).write_bytes(content)
        run.read_settings(folder)
        run.read_history(folder)
        environments.read_environments(folder, 2)
        assert certificate.read(str(folder / "certificate")).json()

    return attempt


def resumed(good: Path, folder: Path):
    """A run to be continued. Refused, it stays as it is; continued, it has the right weights."""
    names = sorted(path.name for path in (good / "run").iterdir() if path.is_file())
    right = [var.numpy() for var in weights.load_weights(good / "run")]

    def state():
        found = {path.name: path.stat() for path in (folder / "run").iterdir()}
        return {name: (one.st_ino, one.st_size, one.st_mtime_ns) for name, one in found.items()}

    def attempt(chance):
        shutil.rmtree(folder / "run", ignore_errors=True)
        (folder / "run").mkdir()
        victim = chance.choice(names)
        lies = victim.endswith(".index") and chance.random() < 0.7
        for name in names:
            source, path = good / "run" / name, folder / "run" / name
            if name == victim:
                path.write_bytes(
                    (mutations.lying_table if lies else mutations.damaged)(
                        source.read_bytes(), chance
                    )
                )
            else:
                path.hardlink_to(source)
        before = state()
        try:
            with run.resume(folder / "run") as continued:
                restored = checkpoint.Checkpoints(continued).state.weights
        except InputError:
            assert state() == before, "the run was refused, and yet changed"
            raise
        assert lies or all(map(np.array_equal, right, restored)), "other weights were read"

    return attempt


def saver(good: Path, folder: Path):
    """A checkpoint of tf.train.Saver, in the format of 0.12 and later."""
    names = ("model.ckpt.data-00000-of-00001", "model.ckpt.index")

    def attempt(chance):
        victim = chance.choice((*names, names[1]))
        for name in names:
            (folder / name).unlink(missing_ok=True)
            if name == victim:
                change = chance.choice(TABLES) if name == names[1] else mutations.damaged
                (folder / name).write_bytes(change((good / name).read_bytes(), chance))
            else:
                (folder / name).symlink_to(good / name)
        weights.load_weights(folder / "model.ckpt")
        weights.load_slot(folder / "model.ckpt", "rms")

    return attempt


def first_saver(good: Path, folder: Path):
    """The format of before 0.12. It may abort: ``load_weights`` reads it in another process."""
    content, path = (good / "first.ckpt").read_bytes(), folder / "first.ckpt"

    def attempt(chance):
        path.write_bytes(chance.choice(TABLES)(content, chance))
        weights._arrays(path, None)  # what that process calls

    return attempt


def npz(good: Path, folder: Path):
    """An .npz file, compressed or not, damaged or with other arrays."""
    small, stored = ((good / name).read_bytes() for name in ("small.npz", "stored.npz"))
    path = folder / "weights.npz"

    def attempt(chance):
        if chance.random() < 0.2:
            kind = chance.choice(("f2", ">f8", "i4", "c8", "U3", "O", "M8[s]", "f4,f4"))
            shapes = (*weights.SHAPES, (), (0,), (3, 3, 1, 0))
            arrays = dict(zip(Weights._fields, map(np.zeros, weights.SHAPES), strict=True))
            name = chance.choice(Weights._fields)
            arrays[name] += chance.choice((0, 1e300, float("nan"), float("inf")))
            if chance.random() < 0.7:
                arrays[name] = np.zeros(chance.choice(shapes), kind)
            np.savez(path, **arrays)
        elif chance.random() < 0.5:  # damaged before it was zipped: the checksums are right
            with zipfile.ZipFile(good / "small.npz") as old, zipfile.ZipFile(path, "w") as new:
                for name in old.namelist():
                    content, wanted = old.read(name), chance.random() < 0.4
                    end = chance.choice((12, 128))
                    content = mutations.damaged(content, chance, 0, end) if wanted else content
                    new.writestr(name, content)
        else:
            content = chance.choice((small, small, stored))
            places = (0, content.find(b"NUMPY"), content.find(b"PK\1\2"), len(content) - 100)
            start = chance.choice(places)
            path.write_bytes(mutations.damaged(content, chance, max(start, 0), start + 300))
        assert all(np.all(np.isfinite(var)) for var in weights.load_weights(path)), "not finite"

    return attempt


def pictures(good: Path, folder: Path):
    from cnn_raw.draw.photo import prepare_picture
    from cnn_raw.draw.predict import read_picture

    def attempt(chance):
        content = (good / f"one.{chance.choice(('png', 'jpg', 'bmp', 'gif'))}").read_bytes()
        path = folder / f"one.{chance.choice(('png', 'jpg', 'txt'))}"
        path.write_bytes(mutations.damaged(content, chance, 0, chance.choice((60, 700, None))))
        image = prepare_picture(read_picture(path)).image
        assert image.shape == (28, 28) and 0 <= image.min() <= image.max() <= 1

    return attempt


def requests(good: Path, folder: Path):
    """The requests of the page; ``mutations.py`` sends them to a real server."""
    from cnn_raw.draw import server
    from cnn_raw.draw.inside import Inside
    from cnn_raw.draw.learning import OPS
    from cnn_raw.draw.trainer import Trainer

    mnist = input_data.read_data_sets(one_hot=True)
    models = {"one": weights.load_weights(good / "run")}
    inside, trainer = Inside(models, mnist.test), Trainer(mnist, models)

    def attempt(chance):
        request = server._parsed(mutations.body(chance))
        op = request.get("op") if isinstance(request, dict) else None
        asked = trainer if isinstance(op, str) and op in OPS else inside
        json.dumps(asked.answer(request), allow_nan=False)

    return attempt


def scripts(good: Path, folder: Path):
    """A copy of the 2016 program for diff: on a screen of any width, as JSON and as a page."""
    from rich.console import Console

    from cnn_raw.diff import page as diff_page
    from cnn_raw.diff import screen as diff_screen
    from cnn_raw.diff.diff import diff_file

    def attempt(chance):
        content, path = chance.choice(list(editions.EDITIONS.values())), folder / "script.py"
        if content.startswith(b"{") and chance.random() < 0.5:
            content = json.dumps(mutations.changed(json.loads(content), chance)).encode()
        else:
            lines = content.splitlines(keepends=True)
            for _ in range(chance.randrange(6)):
                at, other = chance.randrange(len(lines)), chance.choice(lines)
                lines[at] = chance.choice((other, b"", lines[at][: len(other)], b"\t", b"'''"))
            content = (
                mutations.damaged(b"".join(lines), chance)
                if chance.random() < 0.7
                else b"".join(lines)
            )
        path.write_bytes(content)
        diff = diff_file(path)
        width = chance.choice((0, 1, 17, 40, 80, 200))
        diff_screen.show(diff, Console(file=io.StringIO(), width=width))
        json.loads(diff_screen.as_json(diff))
        assert diff_page.page(diff).rstrip().endswith("</html>")

    return attempt


def messages(good: Path, folder: Path):
    """What was said, for why."""
    from cnn_raw.diff.why import answer, nearest

    def attempt(chance):
        text = mutations.damaged(chance.choice(MESSAGES).encode(), chance).decode(errors="replace")
        assert answer(text) or len(nearest(text)) == 3

    return attempt


KINDS = (data, records, resumed, saver, first_saver, npz, pictures, requests, scripts, messages)
