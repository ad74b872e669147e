"""The network: the top half of the 2016 script, in raw TensorFlow 2.

Read it beside the original: the names, the order of the statements and the layout are the
same. A line differs only where TensorFlow 2 forces it, and a comment there gives the old form.

The numbers called ``seed`` are op seeds. TensorFlow 0.12 gave every random operation one of its
own when ``tf.set_random_seed`` had been called (it counted the operations of the graph so far);
TensorFlow 2 has to be told. With these, and ``tf.random.set_seed(S)`` in place of
``tf.set_random_seed(S)``, the dropout masks are those of 2016 to the last bit.
"""

from typing import NamedTuple

import tensorflow as tf

batch_size = 128
test_size = 256


class Weights(NamedTuple):
    """The five weight variables, float32, in the order in which ``model`` takes them."""

    w: tf.Variable
    w2: tf.Variable
    w3: tf.Variable
    w4: tf.Variable
    w_o: tf.Variable


def init_weights(shape: list[int], seed: int | None = None) -> tf.Variable:
    """Return a float32 variable of ``shape``, drawn from a normal distribution (0, 0.01)."""
    return tf.Variable(tf.random.normal(shape, stddev=0.01, seed=seed))  # 2016: tf.random_normal


def init_all_weights() -> Weights:
    """Return the network's five weights, drawn under the seed that ``tf.random.set_seed`` set."""
    w = init_weights([3, 3, 1, 32], seed=5)         # 3x3x1 conv, 32 outputs
    w2 = init_weights([3, 3, 32, 64], seed=14)      # 3x3x32 conv, 64 outputs
    w3 = init_weights([3, 3, 64, 128], seed=23)     # 3x3x64 conv, 128 outputs (2016: "3x3x32")
    w4 = init_weights([128 * 4 * 4, 625], seed=32)  # FC 128 * 4 * 4 inputs, 625 outputs
    w_o = init_weights([625, 10], seed=41)          # FC 625 inputs, 10 outputs (labels)
    return Weights(w, w2, w3, w4, w_o)


def model(X, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden) -> tf.Tensor:
    """Return the logits, float32 (?, 10), of images ``X``, float32 (?, 28, 28, 1) in [0, 1].

    ``w`` to ``w_o`` are the five ``Weights``. ``p_keep_conv`` and ``p_keep_hidden`` are the
    probabilities of keeping an activation, scalar float32 TENSORS: a Python float gives other
    last bits than 2016 did, and is traced anew by ``tf.function`` whenever it changes.
    """
    l1a = tf.nn.relu(tf.nn.conv2d(X, w,                       # l1a shape=(?, 28, 28, 32)
                        strides=[1, 1, 1, 1], padding='SAME'))
    l1 = tf.nn.max_pool(l1a, ksize=[1, 2, 2, 1],              # l1 shape=(?, 14, 14, 32)
                        strides=[1, 2, 2, 1], padding='SAME')
    l1 = tf.nn.dropout(l1, rate=1 - p_keep_conv, seed=55)     # 2016: dropout(l1, p_keep_conv)

    l2a = tf.nn.relu(tf.nn.conv2d(l1, w2,                     # l2a shape=(?, 14, 14, 64)
                        strides=[1, 1, 1, 1], padding='SAME'))
    l2 = tf.nn.max_pool(l2a, ksize=[1, 2, 2, 1],              # l2 shape=(?, 7, 7, 64)
                        strides=[1, 2, 2, 1], padding='SAME')
    l2 = tf.nn.dropout(l2, rate=1 - p_keep_conv, seed=69)     # 2016: dropout(l2, p_keep_conv)

    l3a = tf.nn.relu(tf.nn.conv2d(l2, w3,                     # l3a shape=(?, 7, 7, 128)
                        strides=[1, 1, 1, 1], padding='SAME'))
    l3 = tf.nn.max_pool(l3a, ksize=[1, 2, 2, 1],              # l3 shape=(?, 4, 4, 128)
                        strides=[1, 2, 2, 1], padding='SAME')
    l3 = tf.reshape(l3, [-1, w4.get_shape().as_list()[0]])    # reshape to (?, 2048)
    l3 = tf.nn.dropout(l3, rate=1 - p_keep_conv, seed=85)     # 2016: dropout(l3, p_keep_conv)

    l4 = tf.nn.relu(tf.matmul(l3, w4))                        # l4 shape=(?, 625)
    l4 = tf.nn.dropout(l4, rate=1 - p_keep_hidden, seed=98)   # 2016: dropout(l4, p_keep_hidden)

    pyx = tf.matmul(l4, w_o)                                  # pyx shape=(?, 10)
    return pyx


def cost_op(py_x, Y) -> tf.Tensor:
    """Return the mean cross-entropy, scalar float32 in nats, of logits and one-hot labels.

    ``py_x`` and ``Y`` are float32 (?, 10). In 2016 the logits came first: given by position,
    TensorFlow 2 takes them for the labels, without an error.
    """
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=Y, logits=py_x))


def predict_op(py_x) -> tf.Tensor:
    """Return the class of the largest logit, int64 (?,), for logits ``py_x``, (?, 10)."""
    return tf.argmax(py_x, 1)
