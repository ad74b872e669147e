"""What ``cnn.model`` computes on its way to the logits, by the script's names.

    @tf.function
    def look(X):
        return activations(X, weights, 1.0, 1.0)    # {"X": ..., "l1a": ..., ..., "py_x": ...}

``cnn.model`` stays as it is: its values are read off the graph that TensorFlow makes of it.
"""

from typing import Any

import tensorflow as tf

from cnn_raw.cnn import Weights, model

LAYERS = ("X", "l1a", "l1", "l2a", "l2", "l3a", "l3", "l4", "py_x")


class _DropRate(tf.experimental.ExtensionType):
    rate: tf.Tensor
    seed: tf.Tensor
    step: tf.Tensor


class KeepProbability(tf.experimental.ExtensionType):
    """A keep probability for ``cnn.model`` that says which masks are drawn with it.

    ``tf.nn.dropout`` draws what it would draw at call number ``step``, from 0, of a
    ``tf.function`` traced under ``tf.random.set_seed(seed)``, to the last bit; the arguments of
    the earlier calls must have had the same shapes. Unlike there the seed is an argument: another
    one is no new trace, and nothing global is set.
    """

    keep: tf.Tensor  # scalar float32
    seed: tf.Tensor  # scalar int64
    step: tf.Tensor  # scalar int64

    def __rsub__(self, one: int) -> _DropRate:
        return _DropRate(one - self.keep, self.seed, self.step)


@tf.experimental.dispatch_for_api(tf.nn.dropout, {"rate": _DropRate})
def _dropout(
    x: tf.Tensor, rate: _DropRate, noise_shape: Any = None, seed: Any = None, name: Any = None
) -> tf.Tensor:
    # A RandomUniform with the seeds (seed, op seed) is Philox with the key ``seed``, counting from
    # (0, op seed); each call leaves room for 256 draws per element. set_seed's is taken modulo
    # 2^31 - 1.
    drawn = rate.step * tf.size(x, out_type=tf.int64) * 256
    uniform = tf.raw_ops.StatelessRandomUniformV2(
        shape=tf.shape(x),
        key=tf.cast([rate.seed % (2**31 - 1)], tf.uint64),
        counter=tf.cast([drawn, tf.constant(seed, tf.int64)], tf.uint64),
        alg=1,
    )
    return tf.where(uniform >= rate.rate, x / (1 - rate.rate), 0.0)


def activations(
    X: tf.Tensor, weights: Weights, p_keep_conv: Any, p_keep_hidden: Any
) -> dict[str, tf.Tensor]:
    """Return what ``cnn.model`` computes of ``X``, float32 (n, 28, 28, 1), in ``LAYERS``' order.

    Each is the value of that name when ``model`` returns: l1, l2, l3 and l4 after their dropout,
    l3 reshaped to (n, 2048). Where dropout was drawn, "l1_mask" to "l4_mask", bool, say what it
    kept. Call it in a ``tf.function``: outside there is no graph to read (AttributeError).
    """
    py_x = model(X, *weights, p_keep_conv, p_keep_hidden)
    ops: dict[str, list[tf.Operation]] = {}
    for op in py_x.graph.get_operations():
        ops.setdefault(op.type, []).append(op)
    convs, pools, matmuls = ops["Conv2D"][-3:], ops["MaxPool"][-3:], ops["MatMul"][-2:]
    l1, l2 = (op.inputs[0] for op in convs[1:])
    l1a, l2a, l3a = (op.inputs[0] for op in pools)
    l3, l4 = (op.inputs[0] for op in matmuls)
    found = dict(zip(LAYERS, (X, l1a, l1, l2a, l2, l3a, l3, l4, py_x), strict=True))
    drawn = [op.outputs[0] for op in ops.get("GreaterEqual", [])[-4:]]
    masks = zip(("l1_mask", "l2_mask", "l3_mask", "l4_mask"), drawn, strict=bool(drawn))
    return found | dict(masks)
