"""Several workers train as one machine does."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from teams import in_rings

from cnn_raw.cnn import Weights
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.settings import Settings
from cnn_raw.train import build_train_op, initial_state
from cnn_raw.workers import step
from cnn_raw.workers.ring import WorkerLost
from cnn_raw.workers.rows import Keep

STEPS = 20
P_KEEP_CONV, P_KEEP_HIDDEN = tf.constant(0.8), tf.constant(0.5)


def he_start():
    """He's weights: off the plateau of 2016's, where nearly any program agrees."""
    random = np.random.RandomState(1)
    shapes = [(3, 3, 1, 32), (3, 3, 32, 64), (3, 3, 64, 128), (2048, 625), (625, 10)]
    scales = [np.sqrt(2 / np.prod(shape[:-1])) for shape in shapes]
    arrays = [random.standard_normal(s) * scale for s, scale in zip(shapes, scales, strict=True)]
    return Weights(*(tf.Variable(array.astype(np.float32)) for array in arrays))


def trained(mnist, build, steps=STEPS):
    """Each step's cost, and the bits of the weights after it, from He's start, dropout on."""
    weights, optimizer = he_start(), RMSPropOptimizer(0.001, 0.9)
    tf.random.set_seed(2016)
    train_op = build(weights, optimizer)
    images, labels, found = mnist.train.images.reshape(-1, 28, 28, 1), mnist.train.labels, []
    for start in range(0, steps * 128, 128):
        batch = slice(start, start + 128)
        cost = train_op(images[batch], labels[batch], P_KEEP_CONV, P_KEEP_HIDDEN)
        found.append((float(cost), hash(b"".join(var.numpy().tobytes() for var in weights))))
    return found


def trained_by(workers, mnist, steps=STEPS):
    def work(ring):
        return trained(mnist, functools.partial(step.build_train_op, ring), steps)

    return in_rings(workers, work)


@pytest.fixture(scope="module")
def alone(mnist):
    """What one machine computes, without any worker."""
    return trained(mnist, build_train_op)


def largest_difference(found, alone):
    return max(abs(a - b) for (a, _), (b, _) in zip(found, alone, strict=False))


def test_one_worker_is_the_plain_training_to_the_last_bit(alone, mnist):
    assert trained_by(1, mnist, 5) == [alone[:5]]


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_compute_what_one_machine_does_and_agree_to_the_last_bit(alone, mnist, workers):
    found = trained_by(workers, mnist)
    assert all(each == found[0] for each in found[1:])  # costs and weights, after each step
    assert len({weights for _, weights in found[0]}) == STEPS
    assert largest_difference(found[0], alone) < 1e-6  # measured: 4.8e-7, of costs around 3
    assert trained_by(workers, mnist, 5)[0] == found[0][:5]  # the same again


def test_one_seed_for_all_without_taking_rows_is_another_training(alone, mnist, monkeypatch):
    monkeypatch.setattr(step, "Keep", lambda probability, worker, workers: probability)
    found = trained_by(2, mnist, 5)
    assert found[0] == found[1]
    assert largest_difference(found[0], alone) > 0.1  # measured: 0.67


def test_workers_masks_are_the_rows_of_one_machines(mnist):
    x = tf.random.stateless_uniform([12, 5, 7], seed=[1, 2])

    def masks(rate, rows):
        tf.random.set_seed(2016)
        drop = tf.function(lambda x: tf.nn.dropout(x, rate=rate, seed=55))
        return np.stack([drop(x[rows]) for _ in range(3)])

    whole = masks(1 - P_KEEP_CONV, slice(None))
    keeps = [Keep(P_KEEP_CONV, worker, 3) for worker in range(3)]
    rows = [masks(1 - keep, slice(4 * keep.worker, 4 * keep.worker + 4)) for keep in keeps]
    np.testing.assert_array_equal(np.concatenate(rows, axis=1), whole)
    assert 0 < np.count_nonzero(whole[0]) < np.count_nonzero(whole[0] != whole[1]) * 4


def test_every_worker_starts_from_the_state_of_worker_0():
    def work(ring):
        state = initial_state(Settings(seed=7 + ring.worker))
        state.weights.w.assign(-tf.zeros_like(state.weights.w) - 0.0)
        state.optimizer.get_slot(state.weights.w4, "rms").assign_add(
            tf.fill([2048, 625], float(ring.worker + 1))
        )
        state.epoch = 3 - ring.worker
        before = bits(state)
        step.share(ring, state)
        return state.epoch, before, bits(state)

    def bits(state):
        slots = [state.optimizer.get_slot(v, s) for v in state.weights for s in ("rms", "momentum")]
        return [var.numpy().tobytes() for var in (*state.weights, *slots)]

    (epoch, expected, found), (epoch_1, before_1, found_1) = in_rings(2, work)
    assert (epoch, epoch_1) == (3, 3)
    assert found == expected == found_1 != before_1


def test_workers_whose_weights_differ_stop_at_the_next_step(mnist):
    def work(ring):
        def build(weights, optimizer):
            if ring.worker == 2:
                last = weights.w4[0, 0].numpy()
                weights.w4[0, 0].assign(np.nextafter(last, np.float32(9)))
            return step.build_train_op(ring, weights, optimizer)

        return trained(mnist, build, 1)

    for error in in_rings(4, work):
        assert isinstance(error, WorkerLost)
        assert str(error).startswith("worker 2 no longer has the weights of worker 0")
