"""A training step that all workers make together, from one state."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from cnn_raw.cnn import Weights, cost_op, model
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.train import State
from cnn_raw.workers.ring import Ring
from cnn_raw.workers.rows import Keep


def share(ring: Ring, state: State) -> None:
    """Give every worker the weights, the slots and the epoch of worker 0, to the last bit."""
    slots = [state.optimizer.get_slot(v, s) for s in ("rms", "momentum") for v in state.weights]
    variables = [*state.weights, *slots]
    bits = [var.numpy().reshape(-1).view(np.int32) for var in variables]
    mine = np.concatenate([*bits, [np.int32(state.epoch)]])
    *parts, (epoch,) = np.split(
        ring.sum(mine if ring.worker == 0 else np.zeros_like(mine)),
        np.cumsum([len(part) for part in bits]),
    )
    for var, part in zip(variables, parts, strict=True):
        var.assign(part.view(np.float32).reshape(var.shape))
    state.epoch = int(epoch)


def build_train_op(ring: Ring, weights: Weights, optimizer: RMSPropOptimizer) -> Callable:
    """Return a ``train_op`` that makes a step together with the other workers of the ring.

    It takes and returns what ``train.build_train_op``'s does: the whole batch, and its cost. Each
    worker works out the gradients of its rows, and each makes the same update with their mean.
    Raises WorkerLost if another worker is lost, or has come to other weights.
    """
    optimizer.create_slots(weights)
    shapes = [var.shape for var in weights]
    sizes = [shape.num_elements() for shape in shapes]
    worker, workers = ring.worker, ring.workers

    @tf.function
    def gradients_op(X, Y, p_keep_conv, p_keep_hidden):
        with tf.GradientTape() as tape:
            py_x = model(X, *weights, p_keep_conv, p_keep_hidden)
            cost = cost_op(py_x, Y)
        gradients = tape.gradient(cost, weights)
        checked = tf.one_hot(worker, workers, on_value=checksum(weights), off_value=0.0)
        return tf.concat([*(tf.reshape(g, [-1]) for g in gradients), [cost], checked], 0)

    @tf.function
    def apply_op(flat):
        gradients = map(tf.reshape, tf.split(flat, sizes), shapes)
        optimizer.apply_gradients(zip(gradients, weights, strict=True))

    def train_op(X, Y, p_keep_conv, p_keep_hidden):
        n = len(X) // workers
        mine = slice(worker * n, (worker + 1) * n)
        keep = (Keep(p, worker, workers) for p in (p_keep_conv, p_keep_hidden))
        vector = ring.sum(gradients_op(X[mine], Y[mine], *keep).numpy())
        ring.check_equal(vector[-workers:])
        mean = vector[:-workers] / workers
        apply_op(mean[:-1])
        return mean[-1]

    return train_op


def checksum(weights: Weights) -> tf.Tensor:
    """Return a whole number below 2**24, scalar float32, that all bits of the weights change."""
    bits = [tf.reduce_sum(tf.bitcast(var, tf.int32)) for var in weights]
    return tf.cast(tf.bitwise.bitwise_and(tf.add_n(bits), 2**24 - 1), tf.float32)
