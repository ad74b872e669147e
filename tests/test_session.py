"""The 2016 program on its own API, inside today's TensorFlow."""

import logging
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from cnn_raw.settings import Settings
from cnn_raw.test import accuracy
from cnn_raw.train import build_predict_op, build_train_op, initial_state
from cnn_raw.twin import session


@pytest.fixture(scope="module")
def graph():
    """The program's graph, built under seed 7."""
    with tf.Graph().as_default() as graph:
        session.build(7)
    return graph


def test_session_leaves_tensorflow_2_switched_on(graph):
    assert graph.get_operations()
    assert tf.executing_eagerly()
    assert tf.compat.v1.resource_variables_enabled()
    assert (tf.constant(1) + 1).numpy() == 2


def test_session_gives_each_random_operation_the_op_seed_of_2016(graph):
    def seeds(kind):
        operations = [op for op in graph.get_operations() if op.type == kind]
        return [(op.get_attr("seed"), op.get_attr("seed2")) for op in operations]

    assert seeds("RandomStandardNormal") == [(7, 5), (7, 14), (7, 23), (7, 32), (7, 41)]
    assert seeds("RandomUniform") == [(7, 55), (7, 69), (7, 85), (7, 98)]


def test_session_draws_the_weights_that_train_draws():
    with tf.Graph().as_default(), session.tf.Session() as sess:
        program = session.build(3)
        session.tf.global_variables_initializer().run()
        drawn = sess.run([program.w, program.w2, program.w3, program.w4, program.w_o])
    for ours, theirs in zip(initial_state(Settings(seed=3)).weights, drawn, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs)


def test_session_prints_the_accuracy_that_train_reaches(mnist, monkeypatch, capsys):
    monkeypatch.setattr(logging.getLogger("tensorflow"), "level", logging.WARNING)
    monkeypatch.setattr(sys, "argv", ["session.py", "--epochs", "1", "--steps", "3"])
    session.main()
    first, *epochs = capsys.readouterr().out.splitlines()

    state = initial_state(Settings(seed=2016))
    train_op = build_train_op(state.weights, state.optimizer)
    images, labels = mnist.train.images.reshape(-1, 28, 28, 1), mnist.train.labels
    for start in (0, 128, 256):
        batch = images[start : start + 128], labels[start : start + 128]
        train_op(*batch, tf.constant(0.8), tf.constant(0.5))
    chosen = np.arange(10000)
    np.random.RandomState(2016).shuffle(chosen)
    chosen = chosen[:256]
    images, labels = mnist.test.images.reshape(-1, 28, 28, 1), mnist.test.labels
    reached = accuracy(build_predict_op(state.weights), images[chosen], labels[chosen])
    assert first.startswith(f"TensorFlow {tf.__version__}, Python 3")
    assert epochs == [f"0 {reached}"]


def test_session_runs_as_a_script():
    command = [sys.executable, session.__file__, "--epochs", "2", "--steps", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, *epochs = done.stdout.splitlines()
    assert first.startswith(f"TensorFlow {tf.__version__}, Python 3")
    assert [line.split()[0] for line in epochs] == ["0", "1"]
    assert all(0 <= float(line.split()[1]) <= 1 for line in epochs)
