"""The reference itself: forward against values by hand, backward against finite differences."""

import numpy as np
import pytest
import reference
import tensorflow as tf
from reference import relative_error


def numerical_gradient(f, x, step=1e-5):
    """The derivative of the number f(x) by every element of ``x``, by central differences."""
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        there = [x.copy(), x.copy()]
        there[0][i] += step
        there[1][i] -= step
        gradient[i] = (f(there[0]) - f(there[1])) / (2 * step)
    return gradient


RANDOM = np.random.RandomState(2016)
X = RANDOM.normal(size=(2, 5, 4, 3))  # an odd height: the pool's last window is half outside
W = RANDOM.normal(size=(3, 3, 3, 2))
MASK = RANDOM.uniform(size=X.shape) < 0.8
ROWS, COLUMNS = RANDOM.normal(size=(4, 6)), RANDOM.normal(size=(6, 5))
LABELS = np.eye(6)[[0, 5, 2, 2]]
CASES = {  # name: (y as a function of x, x, dx as a function of dy)
    "conv2d, x": (
        lambda x: reference.conv2d(x, W),
        X,
        lambda dy: reference.conv2d_backward(dy, X, W)[0],
    ),
    "conv2d, w": (
        lambda w: reference.conv2d(X, w),
        W,
        lambda dy: reference.conv2d_backward(dy, X, W)[1],
    ),
    "max_pool": (reference.max_pool, X, lambda dy: reference.max_pool_backward(dy, X)),
    "relu": (reference.relu, X, lambda dy: reference.relu_backward(dy, reference.relu(X))),
    "dropout": (
        lambda x: reference.dropout(x, MASK, 0.8),
        X,
        lambda dy: reference.dropout_backward(dy, MASK, 0.8),
    ),
    "matmul, x": (
        lambda x: x @ COLUMNS,
        ROWS,
        lambda dy: reference.matmul_backward(dy, ROWS, COLUMNS)[0],
    ),
    "matmul, w": (
        lambda w: ROWS @ w,
        COLUMNS,
        lambda dy: reference.matmul_backward(dy, ROWS, COLUMNS)[1],
    ),
    "softmax_cross_entropy": (
        lambda x: reference.softmax_cross_entropy(x, LABELS),
        ROWS,
        lambda dy: dy * reference.softmax_cross_entropy_backward(ROWS, LABELS),
    ),
}


@pytest.mark.parametrize("name", list(CASES))
def test_reference_backward_is_the_finite_difference_of_forward(name):
    op, x, backward = CASES[name]
    dy = np.random.RandomState(1).normal(size=np.shape(op(x)))
    expected = numerical_gradient(lambda x: (op(x) * dy).sum(), x)
    assert relative_error(backward(dy), expected) < 1e-9  # measured: up to 1.3e-10


def test_reference_network_gradients_are_finite_differences_of_its_cost():
    # 7x7 images, pooled to 4x4, 2x2, 1x1; few outputs, so that every weight can be moved.
    random = np.random.RandomState(8)
    shapes = [3, 3, 1, 4], [3, 3, 4, 5], [3, 3, 5, 6], [6, 8], [8, 3]
    weights = [random.normal(size=shape) / np.sqrt(np.prod(shape[:-1]) / 2) for shape in shapes]
    images, labels = random.uniform(size=(3, 7, 7, 1)), np.eye(3)[[2, 0, 1]]
    masks = [
        random.uniform(size=(3, *shape)) < keep
        for shape, keep in [((4, 4, 4), 0.8), ((2, 2, 5), 0.8), ((6,), 0.8), ((8,), 0.5)]
    ]

    def cost(weights):
        return reference.softmax_cross_entropy(
            reference.forward(images, weights, masks, 0.8, 0.5).pyx, labels
        )

    value, gradients = reference.cost_and_gradients(images, labels, weights, masks, 0.8, 0.5)
    assert value == cost(weights)
    for k, gradient in enumerate(gradients):
        expected = numerical_gradient(
            lambda w, k=k: cost([*weights[:k], w, *weights[k + 1 :]]), weights[k]
        )
        assert np.count_nonzero(expected) > expected.size / 3  # the network is alive
        assert relative_error(gradient, expected) < 1e-8  # measured: up to 1.4e-10


def test_reference_conv2d_of_one_pixel_is_the_filter_turned_around():
    pixel = np.zeros((1, 5, 5, 1))
    pixel[0, 2, 2] = 1
    w = np.arange(9.0).reshape(3, 3, 1, 1)
    expected = np.pad(w[::-1, ::-1, 0, 0], 1)
    np.testing.assert_array_equal(reference.conv2d(pixel, w)[0, :, :, 0], expected)


def test_reference_max_pool_takes_7_to_4_and_gives_a_tie_to_the_first():
    x = np.array(
        [
            [1, 1, 0, 2, 0, 0, 3],
            [1, 1, 2, 2, 0, 5, 3],
            [0, 0, 7, 6, 4, 0, 0],
            [8, 8, 6, 7, 0, 4, 9],
            [0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0],
            [2, 2, 1, 3, 0, 0, -1],
        ],
        np.float64,
    )[None, :, :, None]
    pooled = reference.max_pool(x)[0, :, :, 0]
    np.testing.assert_array_equal(pooled, [[1, 2, 5, 3], [8, 7, 4, 9], [0, 0, 0, 0], [2, 3, 0, -1]])
    dy = np.arange(1, 17).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(
        reference.max_pool_backward(dy, x)[0, :, :, 0],
        [
            [1, 0, 0, 2, 0, 0, 4],
            [0, 0, 0, 0, 0, 3, 0],
            [0, 0, 6, 0, 7, 0, 0],
            [5, 0, 0, 0, 0, 0, 8],
            [9, 0, 10, 0, 11, 0, 12],
            [0, 0, 0, 0, 0, 0, 0],
            [13, 0, 0, 14, 15, 0, 16],
        ],
    )


@pytest.mark.parametrize("size", [28, 14, 7])
def test_reference_max_pool_and_its_ties_are_those_of_tensorflow(size):
    # Whole numbers from 0 to 3: two thirds of the windows are tied, and nothing is rounded.
    random = np.random.RandomState(size)
    x = random.randint(4, size=(2, size, size, 3)).astype(np.float32)
    with tf.GradientTape() as tape:
        images = tf.constant(x)
        tape.watch(images)
        y = tf.nn.max_pool(images, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
    dy = random.randint(1, 9, size=y.shape).astype(np.float32)
    np.testing.assert_array_equal(y, reference.max_pool(x))
    dx = tape.gradient(y, images, output_gradients=tf.constant(dy))
    np.testing.assert_array_equal(dx, reference.max_pool_backward(dy, x))


def test_reference_softmax_cross_entropy_by_hand():
    # Equal logits: log 3. Logits log 1, log 2, log 5: softmax 1/8, 2/8, 5/8. The mean of both.
    logits = np.log([[4.0, 4.0, 4.0], [1.0, 2.0, 5.0]])
    cost = reference.softmax_cross_entropy(logits, np.eye(3)[[0, 2]])
    assert cost == pytest.approx((np.log(3) + np.log(8 / 5)) / 2, rel=1e-15)
    far = reference.softmax_cross_entropy(np.array([[1e4, 0.0]]), np.eye(2)[[1]])
    assert far == 1e4


def test_reference_rmsprop_by_hand():
    # rms: 1 -> 0.9 + 0.1 * 4 = 1.3 -> 1.17 + 0.1 * 9 = 2.07
    var, rms, mom = reference.rmsprop(5.0, 2.0, 1.0, 0.0, 0.1, momentum=0.5, epsilon=0.0)
    assert (rms, mom) == pytest.approx((1.3, 0.2 / 1.3**0.5), rel=1e-15)
    assert var == pytest.approx(5 - mom, rel=1e-15)
    _, rms, second = reference.rmsprop(var, -3.0, rms, mom, 0.1, momentum=0.5, epsilon=0.0)
    assert (rms, second) == pytest.approx((2.07, mom / 2 - 0.3 / 2.07**0.5), rel=1e-15)
