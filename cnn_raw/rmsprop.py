"""RMSProp as TensorFlow 0.12 had it: ``tf.train.RMSPropOptimizer``.

It is not Keras's RMSprop. There the running mean of squares starts at zero, here at ONE, so that
the first steps are small; and epsilon, inside the root in both, is 1e-7 there and 1e-10 here.
Source of the algorithm: T. Tieleman and G. Hinton, "Lecture 6.5 - rmsprop", COURSERA, 2012.
"""

from collections.abc import Iterable

import tensorflow as tf


class RMSPropOptimizer:
    """Divide each gradient by the root of a running mean of its square.

    For every variable ``var`` with gradient ``g``, elementwise in float32::

        rms      <- rms + (g * g - rms) * (1 - decay)                    rms starts at ones
        momentum <- momentum * momentum_rate + learning_rate * g / sqrt(rms + epsilon)
        var      <- var - momentum                                       momentum starts at zeros

    Arguments, with the defaults of TensorFlow 0.12.1: ``learning_rate``; ``decay``, the share of
    the running mean that is kept; ``momentum``, the rate above; ``epsilon``.
    """

    def __init__(
        self,
        learning_rate: float,
        decay: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-10,
    ):
        self._learning_rate = learning_rate
        self._decay = decay
        self._momentum = momentum
        self._epsilon = epsilon
        self._slots: dict[tuple, tf.Variable] = {}

    def get_slot(self, var: tf.Variable, name: str) -> tf.Variable:
        """Return the slot ``name`` ("rms" or "momentum") of ``var``: its shape, its dtype.

        The slot is made, ones or zeros, when it is first asked for. Raises KeyError for
        another name.
        """
        start = {"rms": tf.ones_like, "momentum": tf.zeros_like}[name]
        key = var.ref(), name
        if key not in self._slots:
            self._slots[key] = tf.Variable(start(var), trainable=False)
        return self._slots[key]

    def create_slots(self, var_list: Iterable[tf.Variable]) -> None:
        """Make the slots of all these variables. In a ``tf.function`` it would cost a trace."""
        for var in var_list:
            self.get_slot(var, "rms")
            self.get_slot(var, "momentum")

    def apply_gradients(self, grads_and_vars: Iterable[tuple[tf.Tensor, tf.Variable]]) -> None:
        """Update every variable of the (gradient, variable) pairs, in their order.

        A variable whose gradient is None stays as it is. Raises ValueError if all of them are.
        """
        grads_and_vars = [(grad, var) for grad, var in grads_and_vars if grad is not None]
        if not grads_and_vars:
            raise ValueError("No gradients provided for any variable.")
        for grad, var in grads_and_vars:
            tf.raw_ops.ResourceApplyRMSProp(
                var=var.handle,
                ms=self.get_slot(var, "rms").handle,
                mom=self.get_slot(var, "momentum").handle,
                lr=self._learning_rate,
                rho=self._decay,
                momentum=self._momentum,
                epsilon=self._epsilon,
                grad=grad,
            )
