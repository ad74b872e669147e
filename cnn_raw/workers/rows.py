"""A worker's rows of a batch: its images, and its rows of the one-machine dropout masks.

``tf.nn.dropout`` draws a mask for the images that it is given. With one seed for all workers each
would draw the SAME mask for its own images, and with a seed for each the masks would be others than
those of one machine. Here every worker draws the mask of the whole batch and takes its rows. The
network need not know: the keep probability that it is given is a ``Keep``, for which TensorFlow
calls ``dropout`` below in the place of ``tf.nn.dropout``.
"""

import tensorflow as tf


class Keep(tf.experimental.ExtensionType):
    """A keep probability, scalar float32, for the images of one worker out of ``workers``."""

    probability: tf.Tensor
    worker: int
    workers: int

    def __rsub__(self, one: float) -> "Rate":  # 1 - p_keep_conv
        return Rate(one - self.probability, self.worker, self.workers)


class Rate(tf.experimental.ExtensionType):
    """The rate of dropout, scalar float32, that belongs to a ``Keep``."""

    probability: tf.Tensor
    worker: int
    workers: int


@tf.experimental.dispatch_for_api(tf.nn.dropout, {"rate": Rate})
def dropout(
    x: tf.Tensor,
    rate: Rate,
    noise_shape: None = None,
    seed: int | None = None,
    name: str | None = None,
) -> tf.Tensor:
    """Drop what one machine would drop of these images: the n rows of ``x``, float32 (n, ...)."""
    n = x.shape[0]

    def rows_of_the_mask(shape: tf.TensorShape, dtype: tf.DType) -> tf.Tensor:
        whole = tf.random.uniform([n * rate.workers, *x.shape[1:]], dtype=dtype, seed=seed)
        return whole[rate.worker * n : (rate.worker + 1) * n]

    return tf.nn.experimental.general_dropout(
        x, rate.probability, rows_of_the_mask, noise_shape, name
    )
