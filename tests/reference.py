"""The network of ``cnn_raw/cnn.py`` and its training step, in NumPy float64, without TensorFlow.

What the tests hold TensorFlow to. Written from the equations, which stand above the statements;
``test_reference.py`` holds the backward pass to finite differences of the forward pass. Images
are (n, height, width, channels). In a backward pass ``dy`` is the derivative of the cost by ``y``.
"""

from typing import NamedTuple

import numpy as np

# --- Operations ---------------------------------------------------------------------------------


def conv2d(x, w):
    """Stride 1, padding SAME: x (n, H, W, c), w (k, k, c, o) with odd k -> y (n, H, W, o)."""
    # y[n,i,j,o] = sum over a,b,c of x[n,i+a-r,j+b-r,c] w[a,b,c,o],  r = (k - 1) / 2,  x = 0 outside
    return sum(patch @ w[a, b] for a, b, patch in _shifted(_surrounded(x, w), w))


def conv2d_backward(dy, x, w):
    """Return (dx, dw)."""
    x_padded = _surrounded(x, w)
    dx_padded, dw = np.zeros_like(x_padded), np.zeros_like(w)
    # dw[a,b,c,o] = sum over n,i,j of x[n,i+a-r,j+b-r,c] dy[n,i,j,o]
    for a, b, patch in _shifted(x_padded, w):
        dw[a, b] = np.einsum("nijc,nijo->co", patch, dy, optimize=True)
    # dx[n,i+a-r,j+b-r,c] = sum over a,b,o of w[a,b,c,o] dy[n,i,j,o]
    for a, b, patch in _shifted(dx_padded, w):
        patch += dy @ w[a, b].T
    r = len(w) // 2
    return dx_padded[:, r:-r, r:-r], dw


def _surrounded(x, w):
    r = len(w) // 2
    return np.pad(x, ((0, 0), (r, r), (r, r), (0, 0)))


def _shifted(x_padded, w):
    """Yield (a, b, the view of the padded images that w[a, b] is multiplied with)."""
    k = len(w)
    height, width = x_padded.shape[1] - k + 1, x_padded.shape[2] - k + 1
    for a in range(k):
        for b in range(k):
            yield a, b, x_padded[:, a : a + height, b : b + width]


def max_pool(x):
    """2x2, stride 2, padding SAME: x (n, H, W, c) -> y (n, ceil(H / 2), ceil(W / 2), c)."""
    # y[n,i,j,c] = max over a,b in {0, 1} of x[n,2i+a,2j+b,c],  x = -inf outside
    return _windows(x).max(axis=3)


def max_pool_backward(dy, x):
    """Return dx. Of equal maxima the first in scan order (row by row) takes the whole of dy."""
    n, height, width, c = x.shape
    # dx[n,2i+a,2j+b,c] = dy[n,i,j,c] if 2a + b = argmax over the window, else 0
    first = _windows(x).argmax(axis=3)  # NumPy's argmax is the first one
    dx = dy[:, :, :, None] * (first[:, :, :, None] == np.arange(4)[:, None])
    dx = dx.reshape(*dy.shape[:3], 2, 2, c).swapaxes(2, 3)
    return dx.reshape(n, 2 * dy.shape[1], 2 * dy.shape[2], c)[:, :height, :width]


def _windows(x):
    """(n, H, W, c) -> (n, ceil(H / 2), ceil(W / 2), 4, c); a missing row or column is the last."""
    n, height, width, c = x.shape
    outside = ((0, 0), (0, height % 2), (0, width % 2), (0, 0))
    x = np.pad(x, outside, constant_values=-np.inf)
    rows, columns = x.shape[1] // 2, x.shape[2] // 2
    return x.reshape(n, rows, 2, columns, 2, c).swapaxes(2, 3).reshape(n, rows, columns, 4, c)


def relu(x):
    # y = max(x, 0)
    return np.maximum(x, 0)


def relu_backward(dy, y):
    # dx = dy where y > 0, else 0
    return dy * (y > 0)


def dropout(x, mask, p_keep):
    """``mask``: True where an activation is kept."""
    # y = x / p_keep where kept, else 0
    return x * mask / p_keep


def dropout_backward(dy, mask, p_keep):
    # dx = dy / p_keep where kept, else 0
    return dy * mask / p_keep


def matmul_backward(dy, x, w):
    """Return (dx, dw) of y = x w."""
    # dx = dy w^T,  dw = x^T dy
    return dy @ w.T, x.T @ dy


def softmax_cross_entropy(logits, labels):
    """The mean over the n rows, in nats; ``labels`` are distributions, (n, classes)."""
    # cost = -1/n sum over n,k of labels[n,k] log softmax(logits)[n,k]
    return -(labels * _log_softmax(logits)).sum() / len(logits)


def softmax_cross_entropy_backward(logits, labels):
    # dlogits = (softmax(logits) - labels) / n
    return (np.exp(_log_softmax(logits)) - labels) / len(logits)


def _log_softmax(x):
    # log softmax(x)[k] = x[k] - log sum over j of exp(x[j]);  the maximum is taken off both
    x = x - x.max(axis=1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


# --- The network --------------------------------------------------------------------------------


class Activations(NamedTuple):
    """What the statements of ``cnn.model`` assign, in their order; the name goes up to the _."""

    l1a: np.ndarray
    l1_pooled: np.ndarray
    l1: np.ndarray
    l2a: np.ndarray
    l2_pooled: np.ndarray
    l2: np.ndarray
    l3a: np.ndarray
    l3_pooled: np.ndarray
    l3_reshaped: np.ndarray
    l3: np.ndarray
    l4_kept: np.ndarray
    l4: np.ndarray
    pyx: np.ndarray


def forward(X, weights, masks, p_keep_conv, p_keep_hidden):
    """``weights``: w, w2, w3, w4, w_o. ``masks``: those of l1, l2, l3 and l4."""
    w, w2, w3, w4, w_o = weights
    m1, m2, m3, m4 = masks

    l1a = relu(conv2d(X, w))
    l1_pooled = max_pool(l1a)
    l1 = dropout(l1_pooled, m1, p_keep_conv)

    l2a = relu(conv2d(l1, w2))
    l2_pooled = max_pool(l2a)
    l2 = dropout(l2_pooled, m2, p_keep_conv)

    l3a = relu(conv2d(l2, w3))
    l3_pooled = max_pool(l3a)
    l3_reshaped = l3_pooled.reshape(-1, len(w4))
    l3 = dropout(l3_reshaped, m3, p_keep_conv)

    l4_kept = relu(l3 @ w4)
    l4 = dropout(l4_kept, m4, p_keep_hidden)

    pyx = l4 @ w_o
    return Activations(
        l1a, l1_pooled, l1, l2a, l2_pooled, l2, l3a, l3_pooled, l3_reshaped, l3, l4_kept, l4, pyx
    )


def cost_and_gradients(X, Y, weights, masks, p_keep_conv, p_keep_hidden):
    """Return (cost, its derivatives by w, w2, w3, w4 and w_o)."""
    _, w2, w3, w4, w_o = weights
    m1, m2, m3, m4 = masks
    a = forward(X, weights, masks, p_keep_conv, p_keep_hidden)

    dpyx = softmax_cross_entropy_backward(a.pyx, Y)
    dl4, dw_o = matmul_backward(dpyx, a.l4, w_o)

    dl4 = relu_backward(dropout_backward(dl4, m4, p_keep_hidden), a.l4_kept)
    dl3, dw4 = matmul_backward(dl4, a.l3, w4)

    dl3 = dropout_backward(dl3, m3, p_keep_conv).reshape(a.l3_pooled.shape)
    dl3a = relu_backward(max_pool_backward(dl3, a.l3a), a.l3a)
    dl2, dw3 = conv2d_backward(dl3a, a.l2, w3)

    dl2 = dropout_backward(dl2, m2, p_keep_conv)
    dl2a = relu_backward(max_pool_backward(dl2, a.l2a), a.l2a)
    dl1, dw2 = conv2d_backward(dl2a, a.l1, w2)

    dl1 = dropout_backward(dl1, m1, p_keep_conv)
    dl1a = relu_backward(max_pool_backward(dl1, a.l1a), a.l1a)
    _, dw = conv2d_backward(dl1a, X, weights[0])

    return softmax_cross_entropy(a.pyx, Y), (dw, dw2, dw3, dw4, dw_o)


# --- The training step --------------------------------------------------------------------------


def rmsprop(var, g, rms, mom, learning_rate, decay=0.9, momentum=0.0, epsilon=1e-10):
    """Return (var, rms, mom) after one step. TensorFlow 0.12 starts with rms = 1, mom = 0."""
    # rms <- decay rms + (1 - decay) g^2
    rms = decay * rms + (1 - decay) * g**2
    # mom <- momentum mom + learning_rate g / sqrt(rms + epsilon)
    mom = momentum * mom + learning_rate * g / np.sqrt(rms + epsilon)
    # var <- var - mom
    return var - mom, rms, mom


# --- How far apart ------------------------------------------------------------------------------


def relative_error(actual, expected):
    """The largest difference of two arrays of one shape, over the largest expected value."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape, f"{actual.shape} is not {expected.shape}"
    return np.abs(actual - expected).max() / np.abs(expected).max()
