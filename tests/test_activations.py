"""The activations read off ``cnn.model``'s graph are NumPy's, and the masks are training's."""

import numpy as np
import pytest
import tensorflow as tf
from reference import forward, relative_error

from cnn_raw.cnn import Weights, init_all_weights, model
from cnn_raw.look.activations import LAYERS, KeepProbability, activations
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.train import build_train_op


def he_weights():
    rng = np.random.RandomState(2016)
    shapes = [var.shape.as_list() for var in init_all_weights()]
    return Weights(*(tf.Variable(np.float32(rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)))
                     for shape in shapes))  # fmt: skip


@pytest.fixture(scope="module")
def images():
    return tf.constant(np.random.RandomState(7).uniform(size=(8, 28, 28, 1)).astype(np.float32))


def keep(probability, seed, step):
    return KeepProbability(probability, tf.constant(seed, tf.int64), tf.constant(step, tf.int64))


@pytest.mark.parametrize("drawn", [False, True])
def test_activations_are_numpys_and_the_logits_are_the_models_to_the_last_bit(images, drawn):
    tf.random.set_seed(2016)
    weights = he_weights()
    p_keep = (keep(0.8, 3, 0), keep(0.5, 3, 0)) if drawn else (1.0, 1.0)
    look = tf.function(lambda X, *p: activations(X, weights, *p))
    found = look(images, *p_keep)
    np.testing.assert_array_equal(
        found["py_x"], tf.function(model)(images, *weights, *p_keep), strict=True
    )
    ones = [np.ones(found[name].shape) for name in ("l1", "l2", "l3", "l4")]
    masks = [found.get(f"l{k}_mask", one) for k, one in enumerate(ones, 1)]
    expected = forward(
        images.numpy().astype(np.float64),
        [var.numpy().astype(np.float64) for var in weights],
        [np.asarray(mask) for mask in masks],
        *((0.8, 0.5) if drawn else (1, 1)),
    )
    for name in LAYERS[1:]:
        value = getattr(expected, name if name != "py_x" else "pyx")
        assert relative_error(found[name], value) < 4e-6, name  # measured: 1.3e-6


@pytest.mark.parametrize("seed", [5, 4_000_000_000])
def test_keep_probability_draws_the_masks_that_training_draws(images, seed):
    labels = tf.one_hot(tf.range(8), 10)
    costs, trained = [], []
    for own_masks in (True, False):
        tf.random.set_seed(2016)
        weights = he_weights()
        tf.random.set_seed(seed)
        train_op = build_train_op(weights, RMSPropOptimizer(0.001, 0.9))
        for step in range(4):
            p_keep = (keep(0.8, seed, step), keep(0.5, seed, step))
            if not own_masks:
                p_keep = (tf.constant(0.8), tf.constant(0.5))
            costs.append(float(train_op(images, labels, *p_keep)))
        assert train_op.experimental_get_tracing_count() == 1
        trained.append([var.numpy() for var in weights])
    assert costs[:4] == costs[4:] and len(set(costs)) == 4
    for one, other in zip(*trained, strict=True):
        np.testing.assert_array_equal(one, other)
