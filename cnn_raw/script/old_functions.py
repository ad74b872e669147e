"""Functions of TensorFlow 0.x and 1.x that ``compat.v1`` has not, or not with the same result.

Each has the arguments that it had then. ``names.ROWS`` says for which name each one stands.
"""

import numbers
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf


def dropout(x, keep_prob=None, noise_shape=None, seed=None, name=None, rate=None):
    """As 0.12: x / keep_prob where it is kept, to the last bit, whatever ``keep_prob`` is.

    Today's multiplies by 1 / keep_prob if that is a number, and the optimizer of graphs makes it
    one if that is a constant. A placeholder with a default value is neither.
    """
    if keep_prob is None:
        return tf.nn.dropout(x, noise_shape=noise_shape, seed=seed, name=name, rate=rate)
    x = tf.convert_to_tensor(x)
    if not tf.is_tensor(keep_prob) and not 0 < keep_prob <= 1:
        raise ValueError(f"keep_prob must be in the range (0, 1], got {keep_prob:g}")
    keep_prob = tf.convert_to_tensor(keep_prob, dtype=x.dtype)
    if tf.get_static_value(keep_prob) == 1:
        return x
    if keep_prob.op.type == "Const":
        keep_prob = tf.placeholder_with_default(keep_prob, keep_prob.shape)
    return tf.nn.dropout(x, keep_prob, noise_shape=noise_shape, seed=seed, name=name)


def resize_images(images, *size, **options):
    """0.x: (images, height, width, method, align_corners). 1.x: (images, size, method, ...)."""
    options.update(zip(("new_height", "new_width"), size[:2], strict=False))
    if len(size) >= 2 and isinstance(size[0], numbers.Integral):
        size = ([size[0], size[1]], *size[2:])
    elif "new_height" in options and "new_width" in options and not size:
        size = ([options["new_height"], options["new_width"]],)
    options.pop("new_height", None), options.pop("new_width", None)
    return tf.image.resize_images(images, *size, **options)


def reverse(tensor, axis=None, name=None, dims=None):
    """0.x: ``dims``, a bool for every axis. 1.x: ``axis``, their numbers."""
    axis = dims if axis is None else axis
    if isinstance(axis, (list, tuple)) and all(isinstance(flag, bool) for flag in axis):
        axis = [n for n, flag in enumerate(axis) if flag]
    return tf.reverse(tensor, axis, name)


def zeros_initializer(*arguments, **options):
    """0.x: zeros of a shape. 1.x: what makes them; ``initializer=tf.zeros_initializer`` is both."""
    if "shape" in options or isinstance((*arguments, None)[0], (list, tuple, tf.TensorShape)):
        options.pop("partition_info", None)
        return tf.zeros(*arguments, **options)
    return tf.zeros_initializer(*arguments, **options)


def summary_writer(logdir, graph=None, max_queue=10, flush_secs=120, graph_def=None):
    """0.5 to 0.7 took a GraphDef where later releases take a Graph."""
    if isinstance(graph, tf.GraphDef):
        graph, graph_def = None, graph
    return tf.summary.FileWriter(logdir, graph, max_queue, flush_secs, graph_def)


def _soft_placement(config: Any):
    """Let operations that ask for a GPU run where there is none."""
    own = tf.ConfigProto()
    if config is not None:
        own.CopyFrom(config)
    own.allow_soft_placement = True
    return own


class Session(tf.Session):
    """A Session that runs what asks for a GPU on the CPU if there is none."""

    def __init__(self, target="", graph=None, config=None):
        super().__init__(target, graph, _soft_placement(config))


class InteractiveSession(tf.InteractiveSession):
    """The same, made the default one at once."""

    def __init__(self, target="", graph=None, config=None):
        super().__init__(target, graph, _soft_placement(config))


def accuracy(predictions, labels, weights=None):
    """tf.contrib.metrics.accuracy: the share of equal elements."""
    right = tf.cast(tf.equal(predictions, labels), tf.float32)
    if weights is None:
        return tf.reduce_mean(right)
    return tf.reduce_sum(right * weights) / tf.reduce_sum(tf.ones_like(right) * weights)


def xavier_initializer(uniform=True, seed=None, dtype=tf.float32):
    """X. Glorot, Y. Bengio, "Understanding the difficulty of training deep networks", 2010."""
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


def variance_scaling_initializer(
    factor=2.0, mode="FAN_IN", uniform=False, seed=None, dtype=tf.float32
):
    """1.x: a normal distribution is cut at two deviations, its variance multiplied by 1.3."""

    def initializer(shape, dtype=dtype, partition_info=None):
        shape = [int(n) for n in shape]
        field = np.prod(shape[:-2]) if len(shape) > 2 else 1
        fan_in, fan_out = (shape[-2] if len(shape) > 1 else shape[-1]) * field, shape[-1] * field
        n = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2}[mode]
        if uniform:
            limit = np.sqrt(3.0 * factor / n)
            return tf.random_uniform(shape, -limit, limit, dtype, seed=seed)
        return tf.truncated_normal(shape, 0.0, np.sqrt(1.3 * factor / n), dtype, seed=seed)

    return initializer


def l1_regularizer(scale, scope=None):
    """scale * sum(abs(weights))"""
    return lambda weights: scale * tf.reduce_sum(tf.abs(weights)) if scale else None


def l2_regularizer(scale, scope=None):
    """scale * sum(weights ** 2) / 2"""
    return lambda weights: scale * tf.nn.l2_loss(weights) if scale else None


def batch_normalization(
    inputs, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True, training=False,
    trainable=True, name=None, reuse=None, **others,
):  # fmt: skip
    """tf.layers.batch_normalization over the last axis, its updates in UPDATE_OPS."""
    if axis not in (-1, len(inputs.shape) - 1):
        raise NotImplementedError(f"tf.layers.batch_normalization of axis {axis}: only the last")
    if others:
        raise NotImplementedError(f"tf.layers.batch_normalization({', '.join(others)})")
    size, axes = [int(inputs.shape[-1])], list(range(len(inputs.shape) - 1))
    with tf.variable_scope(name, "batch_normalization", [inputs], reuse=reuse):
        ones, zeros = tf.ones_initializer(), tf.zeros_initializer()
        gamma = tf.get_variable("gamma", size, initializer=ones, trainable=trainable)
        beta = tf.get_variable("beta", size, initializer=zeros, trainable=trainable)
        moving = [
            tf.get_variable("moving_mean", size, initializer=zeros, trainable=False),
            tf.get_variable("moving_variance", size, initializer=ones, trainable=False),
        ]
        training = tf.cast(tf.convert_to_tensor(training), tf.bool)
        mean, variance = tf.cond(
            training,
            lambda: tf.nn.moments(inputs, axes),
            lambda: (tf.identity(moving[0]), tf.identity(moving[1])),
        )
        for var, value in zip(moving, (mean, variance), strict=True):
            update = tf.assign_sub(var, (var - value) * (1 - momentum))
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
        return tf.nn.batch_normalization(
            inputs, mean, variance, beta if center else None, gamma if scale else None, epsilon
        )
