"""Weights for other programs, and from them: nothing of a number changes on the way."""

import io
import json
import subprocess
import sys
import zipfile

import genuine
import numpy as np
import pytest
import tensorflow as tf

from cnn_raw import InputError, cli, twin
from cnn_raw.cnn import Weights
from cnn_raw.runs.weights import SAVER_NAMES, load_weights

(TWIN,) = twin.__path__  # the folder of session.py

# For Python 2.7: restore model.ckpt with tf.train.Saver and say each test image's class; or, when
# there is none yet, assign the arrays of an .npz file, and save.
GENUINE = """
import sys
import numpy as np
import tensorflow as tf
folder, twin, weights = sys.argv[1:]
sys.path.insert(0, twin)
import session
X, Y, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden, py_x, cost, train_op, predict_op = \\
    session.build(2016)
images = np.load(folder + "/images.npy").astype(np.float32) * np.float32(1 / 255.)
saver = tf.train.Saver()
with tf.Session() as sess:
    if weights == "-":
        saver.restore(sess, folder + "/model.ckpt")
    else:
        tf.global_variables_initializer().run()
        arrays = np.load(weights)
        for name, var in (("w", w), ("w2", w2), ("w3", w3), ("w4", w4), ("w_o", w_o)):
            sess.run(var.assign(arrays[name]))
        saver.save(sess, folder + "/genuine.ckpt")
    classes = [sess.run(predict_op, {X: images[k:k + 500], p_keep_conv: 1.0, p_keep_hidden: 1.0})
               for k in range(0, len(images), 500)]
np.save(folder + "/classes.npy", np.concatenate(classes))
"""


def export(run, to, out):
    assert cli.main(["export", str(run), "--to", to, str(out)]) == 0
    return out


def arrays(path):
    return [var.numpy() for var in load_weights(path)]


def assert_equal(one, two):
    for mine, other in zip(one, two, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_npz_holds_the_five_arrays_of_the_run(small_run, tmp_path):
    with np.load(export(small_run, "npz", tmp_path / "w.npz"), allow_pickle=False) as file:
        assert file.files == list(Weights._fields)
        assert {file[name].dtype for name in file.files} == {np.dtype("<f4")}
        assert_equal([file[name] for name in file.files], arrays(small_run))
    assert_equal(arrays(tmp_path / "w.npz"), arrays(small_run))


def test_saver_holds_weights_and_slots_under_the_names_of_2016(small_run, tmp_path):
    out = export(small_run, "saver", tmp_path / "model.ckpt")
    reader, ours = (
        tf.train.load_checkpoint(str(out)),
        tf.train.load_checkpoint(f"{small_run}/ckpt-2"),
    )
    assert len(reader.get_variable_to_shape_map()) == 15
    for name, field in zip(SAVER_NAMES, Weights._fields, strict=True):
        for theirs, kind in ((name, "weights"), (f"{name}/RMSProp", "rms"),
                             (f"{name}/RMSProp_1", "momentum")):  # fmt: skip
            value = ours.get_tensor(f"{kind}/{field}/.ATTRIBUTES/VARIABLE_VALUE")
            np.testing.assert_array_equal(reader.get_tensor(theirs), value)
    assert_equal(arrays(out), arrays(small_run))


def test_savedmodel_works_where_there_is_no_cnn_raw(trained_npz, mnist, tmp_path):
    export(trained_npz, "savedmodel", tmp_path / "model")
    np.save(tmp_path / "images.npy", mnist.test.images[:300].reshape(-1, 28, 28, 1))
    code = (
        "import sys; sys.modules['cnn_raw'] = None\n"
        "import json, numpy as np, tensorflow as tf\n"
        "answer = tf.saved_model.load('model').signatures['serving_default']\n"
        "images = np.load('images.npy')\n"
        "several = answer(images=tf.constant(images))\n"
        "one = answer(images=tf.constant(images[:1]))\n"
        "error = abs(several['probabilities'].numpy().sum(axis=1) - 1).max()\n"
        "print(json.dumps([several['classes'].numpy().tolist(), one['classes'].numpy().tolist(),\n"
        "                  float(error)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    several, one, error = json.loads(done.stdout)
    right = np.argmax(mnist.test.labels[:300], axis=1)
    assert np.mean(np.array(several) == right) > 0.9
    assert one == several[:1]
    assert error < 1e-6  # measured: 2.4e-7


@pytest.mark.parametrize("to", ["npz", "saver", "savedmodel"])
def test_what_is_there_is_not_overwritten(small_run, tmp_path, to, capsys):
    out = export(small_run, to, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert cli.main(["export", str(small_run), "--to", to, str(out)]) == 2
    in_the_way = f"{out}.data-00000-of-00001" if to == "saver" else out
    assert capsys.readouterr().err == f"cnn-raw: {in_the_way}: already exists; give another name\n"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert cli.main(["export", str(small_run), "--to", to, str(tmp_path / "no" / "out")]) == 2


def npz(path, change=None):
    """An .npz file of zeros in the network's shapes, but for what ``change`` does to them."""
    shapes = ((3, 3, 1, 32), (3, 3, 32, 64), (3, 3, 64, 128), (2048, 625), (625, 10))
    content = {n: np.zeros(s, np.float32) for n, s in zip(Weights._fields, shapes, strict=True)}
    if change:
        change(content)
    np.savez(path, **content)
    return path


def objects(content):
    content["w"] = np.array([{}], dtype=object)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.pop("w3"), "holds no w3"),
        (lambda c: c.update(w=np.zeros((5, 5, 1, 32), np.float32)), r"w is \(5, 5, 1, 32\)"),
        (lambda c: c.update(w=np.full((3, 3, 1, 32), np.nan, np.float32)), "w has values that"),
        (lambda c: c.update(w_o=np.full((625, 10), np.inf, np.float32)), "w_o has values that"),
        (lambda c: c.update(w4=np.full((2048, 625), 1e300)), "w4 has values that"),
        (lambda c: c.update(w_o=np.zeros((625, 10), int)), "w_o is int64"),
        (objects, "is damaged|larger|w is"),
    ],
)
def test_npz_of_something_else_is_refused(tmp_path, change, words):
    path = npz(tmp_path / "w.npz", change)
    with pytest.raises(InputError, match=words) as error:
        load_weights(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_damaged_or_foreign_files_are_refused_in_one_line(tmp_path, capsys):
    good = npz(tmp_path / "good.npz").read_bytes()
    (tmp_path / "short.npz").write_bytes(good[: len(good) // 2])
    (tmp_path / "empty.npz").touch()
    (tmp_path / "text.txt").write_text("no weights\n")
    (tmp_path / "folder").mkdir()
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as file:
        large = io.BytesIO()
        np.save(large, np.zeros((3, 3, 1000, 1000), np.float32))
        file.writestr("w.npy", large.getvalue())
    for name in ("short.npz", "empty.npz", "text.txt", "folder", "bomb.npz", "nothing"):
        assert cli.main(["test", str(tmp_path / name)]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and str(tmp_path / name) in err, err


@pytest.mark.genuine
def test_genuine_checkpoints_go_both_ways(genuine_python, trained_npz, mnist, tmp_path, capsys):
    def genuine_classes(weights):
        done = genuine.run([genuine_python, "-c", GENUINE, tmp_path, TWIN, weights])
        assert done.returncode == 0, done.stderr
        return np.load(tmp_path / "classes.npy")

    some = 1000  # of the test images: the network gets about 50 of them wrong
    pixels = np.rint(mnist.test.images[:some] * 255).astype(np.uint8).reshape(-1, 28, 28, 1)
    np.save(tmp_path / "images.npy", pixels)
    export(trained_npz, "saver", tmp_path / "model.ckpt")
    ours = [m["taken_for"] for m in mistakes(trained_npz, capsys)]
    restored = genuine_classes("-")
    assert_equal(arrays(tmp_path / "model.ckpt"), arrays(trained_npz))

    saved = genuine_classes(trained_npz)
    assert_equal(arrays(tmp_path / "genuine.ckpt"), arrays(trained_npz))
    here = mistakes(tmp_path / "genuine.ckpt", capsys)
    expected = np.argmax(mnist.test.labels, axis=1)
    for one in here:
        expected[one["image"]] = one["taken_for"]
    expected = expected[:some]
    assert len(ours) == len(here)
    np.testing.assert_array_equal(restored, expected)
    np.testing.assert_array_equal(saved, expected)


def mistakes(run, capsys):
    capsys.readouterr()
    assert cli.main(["test", str(run), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["mistakes"]
