"""The events, read back: the figures of the run, in one chart, and pictures that say what is so."""

import importlib.util
import shutil
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from cnn_raw import cli
from cnn_raw.cnn import cost_op, model
from cnn_raw.look import summary
from cnn_raw.look.pixels import grid, signed
from cnn_raw.runs import run
from cnn_raw.runs.checkpoint import Checkpoints
from cnn_raw.runs.weights import load_weights
from cnn_raw.settings import Settings
from cnn_raw.train import train

EVERYTHING = {"tensors": 0, "graph": 1}


def read(folder, writer):
    events = EventAccumulator(str(folder / "events" / writer), size_guidance=EVERYTHING)
    return events.Reload()


def points(events, tag):
    """Steps and values of a tag's points."""
    found = [(event.step, tf.make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)]
    return [step for step, _ in found], [value for _, value in found]


@pytest.mark.parametrize(
    ("writer", "tag", "figure"),
    [
        ("train", "accuracy", "train_accuracy"),
        ("test", "accuracy", "test_accuracy"),
        ("test_256", "accuracy", "sample_accuracy"),
        ("train", "cost", "cost"),
        ("test", "cost", "test_cost"),
    ],
)
def test_charts_share_their_tags_and_hold_the_figures_of_the_run(small_run, writer, tag, figure):
    steps, values = points(read(small_run, writer), tag)
    history = run.read_history(small_run)
    assert steps == [epoch["epoch"] for epoch in history] == [1, 2]
    np.testing.assert_array_equal(values, np.float32([epoch[figure] for epoch in history]))


def test_gradient_norms_are_those_of_the_first_batch(small_run, small_data):
    from cnn_raw import input_data

    mnist = input_data.read_data_sets(small_data, one_hot=True)
    X = mnist.train.images[:128].reshape(-1, 28, 28, 1)
    weights, keep = load_weights(small_run), tf.constant(1.0)
    with tf.GradientTape() as tape:
        cost = cost_op(model(X, *weights, keep, keep), mnist.train.labels[:128])
    gradients = tape.gradient(cost, weights)
    events = read(small_run, "train")
    for name, gradient in zip(weights._fields, gradients, strict=True):
        _, values = points(events, f"gradient_norm/{name}")
        expected = np.sqrt(np.sum(gradient.numpy().astype(float) ** 2))
        assert values[-1] == pytest.approx(expected, rel=2e-5)  # measured: 1e-6


def test_histograms_hold_every_weight(small_run):
    events = read(small_run, "train")
    for name, var in load_weights(small_run)._asdict().items():
        _, values = points(events, f"weights/{name}")
        left, right, counts = values[-1].T
        assert counts.sum() == tf.size(var).numpy()
        assert left[0] == pytest.approx(var.numpy().min(), abs=1e-7)
        assert right[-1] == pytest.approx(var.numpy().max(), abs=1e-7)
        middle = (left + right) / 2
        spread = np.sqrt(np.average(middle**2, weights=counts))
        assert spread == pytest.approx(np.sqrt(np.mean(var.numpy() ** 2)), rel=0.05)


def test_pictures_are_pngs_of_the_filters_maps_and_mistakes(small_run):
    train, test = read(small_run, "train"), read(small_run, "test")
    w = np.moveaxis(load_weights(small_run).w.numpy()[:, :, 0], 2, 0)
    expected = {"filters/w": grid(signed(w), columns=8, zoom=16)}
    for events, tags in ((train, ("filters/w", "filters/w2", "filters/w3")),
                         (test, ("confusion", "activations/l1a", "activations/l2a",
                                 "activations/l3a"))):  # fmt: skip
        for tag in tags:
            steps, values = points(events, tag)
            assert steps == [1, 2]
            width, height, png = values[-1]
            picture = tf.io.decode_png(png).numpy()
            assert picture.shape[:2] == (int(height), int(width)) and len(np.unique(picture)) > 2
            if tag in expected:
                np.testing.assert_array_equal(picture, expected[tag])


def test_signed_colours_have_zero_in_the_middle():
    blue, white, orange = signed(np.array([[-2.0, 0.0, 2.0]]).reshape(1, 1, 3))[0, 0]
    assert len(set(white.tolist())) == 1 and white[0] == max(white.max(), orange.max(), blue.max())
    assert orange[0] > orange[2] and blue[2] > blue[0]


def test_graph_is_the_training_steps(small_run):
    nodes = read(small_run, "train").Graph().node
    assert {"X", "Y", "p_keep_conv", "p_keep_hidden"} <= {node.name for node in nodes}
    kinds = Counter(node.op for node in nodes)
    assert kinds["Conv2D"] == kinds["Conv2DBackpropFilter"] == kinds["MaxPoolGrad"] == 3
    assert kinds["ResourceApplyRMSProp"] == 5


def test_events_change_nothing_of_the_training(
    small_run, small_data, tmp_path, monkeypatch, capsys
):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *a: None if name == "tensorboard" else find(name, *a),
    )
    options = ["--data", str(small_data), "--batch-size", "50", "--epochs", "2"]
    assert cli.main(["train", "--out", str(tmp_path / "run"), *options]) == 0
    assert "TensorBoard is not installed; no event files" in capsys.readouterr().out
    assert not (tmp_path / "run" / "events").exists()
    for ours, theirs in zip(load_weights(small_run), load_weights(tmp_path / "run"), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_resume_goes_on_in_the_same_charts(small_data, tmp_path):
    folder = tmp_path / "run"
    options = ["--data", str(small_data), "--batch-size", "50"]
    assert cli.main(["train", "--out", str(folder), *options, "--epochs", "1"]) == 0
    assert cli.main(["train", "--resume", str(folder), "--epochs", "3"]) == 0
    assert points(read(folder, "test"), "accuracy")[0] == [1, 2, 3]


def events_of(folder):
    """Every event but its times, by writer."""
    found = {}
    for writer in ("train", "test", "test_256"):
        events = read(folder, writer)
        found[writer] = {tag: points(events, tag) for tag in events.Tags()["tensors"]}
        found[writer]["graph"] = bool(events.Tags()["graph"])
    return found


def assert_same_events(one, two):
    np.testing.assert_equal(events_of(one), events_of(two))


@pytest.mark.parametrize("lost", ["all", "last", "half-written"])
def test_resume_writes_lost_events_again(small_run, tmp_path, lost):
    folder = shutil.copytree(small_run, tmp_path / "run")
    history = run.read_history(folder)
    if lost == "all":
        shutil.rmtree(folder / "events")
    else:
        path = folder / "events" / "test" / "events.out.tfevents.epoch-00002"
        path.rename(path.with_name(".cnn-raw-77.new"))
        if lost == "half-written":
            shutil.copy(small_run / "events/test" / path.name, path.with_name(path.name[:-1] + "3"))
    with run.resume(folder, epochs=3) as resumed:
        notice = Checkpoints(resumed, summary.write(folder, resumed.mnist)).notice
    if lost == "all":
        assert notice == (
            "TensorBoard's events of epochs 1 to 1 were missing: their figures are written now, "
            "without histograms and pictures"
        )
        steps, values = points(read(folder, "test"), "accuracy")
        assert steps == [1, 2]
        np.testing.assert_array_equal(values, np.float32([e["test_accuracy"] for e in history]))
        assert points(read(folder, "train"), "weights/w")[0] == [2]
        assert read(folder, "train").Tags()["graph"]
    else:
        assert notice is None
        assert_same_events(folder, small_run)
    names = {path.name for path in (folder / "events" / "test").iterdir()}
    assert names == {f"events.out.tfevents.epoch-0000{n}" for n in (1, 2)}


def test_events_that_cannot_be_written_are_one_line_and_come_later(small_data, tmp_path):
    folder = tmp_path / "run"
    with run.start(folder, Settings(epochs=2, batch_size=50), small_data) as started:
        checkpoints = Checkpoints(started, summary.write(folder, started.mnist))
        for epoch in train(started.mnist, started.settings, checkpoints.state):
            if epoch.epoch == 1:
                (folder / "events").write_text("in the way")
            else:
                (folder / "events").unlink()
            checkpoints.keep(epoch)
            if epoch.epoch == 1:
                assert checkpoints.notice.startswith("TensorBoard's events cannot be written (")
            else:
                assert "events of epochs 1 to 1 were missing" in checkpoints.notice
    assert points(read(folder, "test"), "accuracy")[0] == [1, 2]
