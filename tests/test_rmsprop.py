"""RMSPropOptimizer against the float64 reference."""

import inspect

import numpy as np
import pytest
import reference
import tensorflow as tf
from reference import relative_error

from cnn_raw.rmsprop import RMSPropOptimizer

START = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -0.25]])
# From no gradient at all to one whose square the running mean cannot overlook.
GRADIENTS = [
    np.array([[0.0, 1e-4, 0.1], [1.0, -5.0, 100.0]]) * factor for factor in (1, -2, 0.5, 3, 0.1)
]


def variable():
    return tf.Variable(START, dtype=tf.float32)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("wrap", [lambda step: step, tf.function], ids=["eager", "tf.function"])
def test_rmsprop_equals_the_reference_step_after_step(wrap, momentum):
    var, optimizer = variable(), RMSPropOptimizer(0.01, 0.8, momentum, epsilon=1e-3)
    step = wrap(lambda gradient: optimizer.apply_gradients([(gradient, var)]))
    expected, rms, mom = START, np.ones_like(START), np.zeros_like(START)
    for gradient in GRADIENTS:
        step(tf.constant(gradient, tf.float32))
        expected, rms, mom = reference.rmsprop(
            expected, gradient, rms, mom, 0.01, 0.8, momentum, epsilon=1e-3
        )
        for actual, wanted in [
            (var, expected),
            (optimizer.get_slot(var, "rms"), rms),
            (optimizer.get_slot(var, "momentum"), mom),
        ]:
            np.testing.assert_allclose(actual, wanted, rtol=5e-6, atol=1e-9)  # measured: 1.4e-6


def test_rmsprop_defaults_are_those_of_tensorflow_0_12():
    parameters = list(inspect.signature(RMSPropOptimizer).parameters.values())
    assert [(p.name, p.default) for p in parameters] == [
        ("learning_rate", inspect.Parameter.empty),
        ("decay", 0.9),
        ("momentum", 0.0),
        ("epsilon", 1e-10),
    ]
    var = variable()
    RMSPropOptimizer(0.01).apply_gradients([(tf.constant(GRADIENTS[0], tf.float32), var)])
    expected, _, _ = reference.rmsprop(START, GRADIENTS[0], 1.0, 0.0, 0.01)
    assert relative_error(var, expected) < 1e-6  # measured: 3.3e-8


def test_rmsprop_first_step_is_smaller_than_one_that_starts_at_zero():
    gradient = np.array([0.001, 0.1, -1.0, 10.0])
    var = tf.Variable(tf.zeros(4))
    RMSPropOptimizer(0.001).apply_gradients([(tf.constant(gradient, tf.float32), var)])
    # rms = 0.9 * 1 + 0.1 g^2 here; 0.1 g^2 from zero, where the step is 0.001 / sqrt(0.1) for any g
    ones = -0.001 * gradient / np.sqrt(0.9 + 0.1 * gradient**2)
    zeros = -0.001 / np.sqrt(0.1) * np.sign(gradient)
    np.testing.assert_allclose(var, ones, rtol=1e-6)  # measured: 1.5e-7
    ratio = zeros / var.numpy()
    np.testing.assert_allclose(ratio, np.sqrt(1 + 9 / gradient**2), rtol=1e-6)  # measured: 1.5e-7
    assert ratio[[0, 2]] == pytest.approx([3000, 10**0.5], rel=1e-5)


def test_rmsprop_slots_start_at_ones_and_zeros_and_are_each_variables_own():
    first, second, optimizer = variable(), variable(), RMSPropOptimizer(0.01)
    for var in first, second:
        for name, start in ("rms", 1), ("momentum", 0):
            slot = optimizer.get_slot(var, name)
            assert isinstance(slot, tf.Variable) and not slot.trainable
            assert slot.dtype == tf.float32
            np.testing.assert_array_equal(slot, np.full(START.shape, start))
            assert optimizer.get_slot(var, name) is slot
    optimizer.apply_gradients([(tf.ones_like(first), first)])
    np.testing.assert_array_equal(optimizer.get_slot(second, "rms"), np.ones(START.shape))
    step = optimizer.get_slot(first, "momentum")
    assert relative_error(step, np.full(START.shape, 0.01)) < 1e-6  # measured: 2.2e-8
    assert step is not optimizer.get_slot(second, "momentum")


@pytest.mark.parametrize("name", ["velocity", "RMS", ""])
def test_rmsprop_get_slot_of_another_name_is_a_key_error(name):
    with pytest.raises(KeyError, match=repr(name)):
        RMSPropOptimizer(0.01).get_slot(variable(), name)


def test_rmsprop_leaves_a_variable_without_gradient_and_refuses_none_at_all():
    moved, still, optimizer = variable(), variable(), RMSPropOptimizer(0.01)
    with pytest.raises(ValueError, match="No gradients"):
        optimizer.apply_gradients([(None, moved), (None, still)])
    optimizer.apply_gradients(zip([None, tf.ones_like(moved)], [still, moved], strict=True))
    np.testing.assert_array_equal(still, START)
    np.testing.assert_array_equal(optimizer.get_slot(still, "rms"), np.ones(START.shape))
    assert relative_error(moved, START - 0.01) < 1e-6  # measured: 3.2e-9


def test_rmsprop_epsilon_stands_inside_the_root_and_keeps_the_step_finite():
    gradient = np.array([0.0, 1e-6, 1e-4, 1.0])
    var, optimizer = tf.Variable(tf.zeros(4)), RMSPropOptimizer(0.01)
    optimizer.get_slot(var, "rms").assign(tf.zeros(4))  # as after very many steps without gradient
    optimizer.apply_gradients([(tf.constant(gradient, tf.float32), var)])
    expected = -0.01 * gradient / np.sqrt(0.1 * gradient**2 + 1e-10)
    np.testing.assert_allclose(var, expected, rtol=1e-6)  # measured: 1.3e-7
