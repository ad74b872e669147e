"""Op seeds as TensorFlow 0.12 gave them: the number of operations that its graph had so far.

Today's graphs get a few other operations from the same program (dropout had 11 or 12, it has 10
or 8), so this counts what 0.12 would have made. Every number here was read off graphs that genuine
0.12.1 made. ``tests/test_seeds.py`` does it again.
"""

import functools
import inspect
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from tensorflow.python.framework import ops, random_seed
from tensorflow.python.ops import array_ops, random_ops

_MOST = 2**31 - 1


class Count(NamedTuple):
    """Operations that a call made in 0.12: ``total``, or ``more`` than today.

    ``seed``: how many of them came before the one that draws. ``first``: how many came before
    all that the call makes today, which has them at its end.
    """

    total: int | None = None
    more: int = 0
    seed: int | None = None
    first: int = 0


# Operations that the gradient of one operation was made of in 0.12, where it is not as today.
GRADIENTS = {
    "Add": 7,
    "AddV2": 7,
    "Sub": 8,
    "Mul": 9,
    "RealDiv": 12,
    "Maximum": 14,
    "Minimum": 14,
    "Conv2D": 4,
    "Softmax": 7,
    "Softplus": 1,
    "Pow": 19,
    "StridedSlice": 2,
}
# The same for operations that are part of a call which 0.12 made of others.
INSIDE = {
    "dropout": {"SelectV2": 9, "RealDiv": 12, "Mul": 12},  # 0.12: Mul and Div
    # With op determinism on, -sum(labels * log_softmax(logits)). What is negative joins the
    # gradient with that of the labels, for which 0.12 had none.
    "nn.softmax_cross_entropy_with_logits": {
        "SoftmaxCrossEntropyWithLogits": 0, "Mul": -3, "LogSoftmax": 4, "Neg": 0, "Sum": 0,
    },
}  # fmt: skip


class _Graph:
    """What is counted of one graph."""

    def __init__(self) -> None:
        self.more = 0  # operations that 0.12 would have more
        self.seed: int | None = None  # inside a counted call: the seed of what it draws
        self.inside: dict[str, str] = {}  # operations of the calls INSIDE, by their names


_graphs: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def count(graph: tf.Graph) -> int:
    """Return how many operations 0.12 would have put into a graph so far."""
    return graph.version + _of(graph).more


def counted(name: str, function: Callable) -> Callable:
    """Return the function ``tf.name`` so that what it makes is counted as in 0.12."""
    rule = COUNTS.get(name)
    if rule is None or hasattr(function, "_counted"):
        return function
    signature = inspect.signature(function)

    @functools.wraps(function)
    def counting(*arguments: Any, **options: Any) -> Any:
        graph = ops.get_default_graph()
        known = _of(graph)
        if tf.executing_eagerly() or known.seed is not None or not _is_plain(graph):
            return function(*arguments, **options)
        try:
            bound = signature.bind(*arguments, **options)
        except TypeError:
            return function(*arguments, **options)  # says what is wrong
        bound.apply_defaults()
        made = rule(bound.arguments)
        start, version = count(graph), graph.version
        if made.seed is not None:
            known.seed = start + made.seed
        known.more += made.first
        try:
            result = function(*arguments, **options)
        finally:
            known.seed = None
            known.more -= made.first
        if made.total is not None:
            known.more = start + made.total - graph.version
        else:
            known.more += made.more
        name_inside = name.removesuffix("_v2")
        if name_inside in INSIDE and graph.version > version:
            created = graph.get_operations()[version - graph.version :]
            known.inside.update((op.name, name_inside) for op in created)
        return result

    counting._counted = True  # type: ignore[attr-defined]
    return counting


def install(seed: int | None) -> None:
    """Give random operations 0.12's op seeds from here on, and every new graph ``seed``.

    For a process that runs programs of 2016 and nothing else: it cannot be undone.
    """
    random_seed.get_seed = _get_seed
    for module, name in (
        (random_ops, "random_uniform"),
        (array_ops, "zeros"),
        (array_ops, "ones"),
    ):
        setattr(module, name, counted(name, getattr(module, name)))
    average = tf.train.ExponentialMovingAverage
    average.apply = counted("ExponentialMovingAverage.apply", average.apply)
    tf.train.Saver.__init__ = counted("Saver.__init__", tf.train.Saver.__init__)
    tf.Variable.initialized_value = counted("initialized_value", tf.Variable.initialized_value)
    ops.get_gradient_function = _counting_gradients(ops.get_gradient_function)
    if seed is not None:
        own = ops.Graph.__init__

        def seeded(self: tf.Graph, *arguments: Any, **options: Any) -> None:
            own(self, *arguments, **options)
            self.seed = seed

        ops.Graph.__init__ = seeded


def _of(graph: tf.Graph) -> _Graph:
    return _graphs.setdefault(graph, _Graph())


def _is_plain(graph: tf.Graph) -> bool:
    return type(graph) is ops.Graph  # not that of a function, which 0.12 did not have


def _get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """``random_seed.get_seed`` of 0.12."""
    graph = ops.get_default_graph()
    if graph.seed is None:
        return (None, None) if op_seed is None else (random_seed.DEFAULT_GRAPH_SEED, op_seed)
    if op_seed is None:
        known = _of(graph)
        op_seed = count(graph) if known.seed is None else known.seed
    seeds = graph.seed % _MOST, op_seed % _MOST
    return (0, _MOST) if seeds == (0, 0) else seeds  # the kernels take 0, 0 for no seed


def _counting_gradients(find: Callable) -> Callable:
    def get_gradient_function(op: tf.Operation) -> Callable | None:
        gradient = find(op)
        graph = op.graph
        if gradient is None or not _is_plain(graph):
            return gradient

        def counting(*arguments: Any) -> Any:
            version = graph.version
            result = gradient(*arguments)
            known = _of(graph)
            table = INSIDE.get(known.inside.get(op.name, ""), GRADIENTS)
            made = table.get(op.type, _reduction(op))
            if made is not None:
                known.more += made - (graph.version - version)
            return result

        return counting

    return get_gradient_function


def _reduction(op: tf.Operation) -> int | None:
    """Return what the gradient of a Sum or Mean was made of: less if it is over all axes."""
    if op.type not in ("Sum", "Mean"):
        return {"ConcatV2": 1 + len(op.inputs)}.get(op.type)
    rank, axes = op.inputs[0].shape.rank, tf.get_static_value(op.inputs[1])
    over_all = rank is not None and axes is not None and np.size(axes) == rank
    return (4 if over_all else 16) + (11 if op.type == "Mean" else 0)


def _constants(*values: Any) -> int:
    """How many of the arguments became constants: those that are no tensors yet."""
    return sum(not isinstance(value, (tf.Tensor, tf.Variable)) for value in values)


def _dropout(given: dict[str, Any]) -> Count:
    keep = given["keep_prob"]
    if keep is None:  # rate: 0.12 had none, so this is as if 1 - rate had been given
        keep = given["rate"]
    if isinstance(keep, tf.Tensor):
        return Count(0) if tf.get_static_value(keep) == 1 else Count(11, seed=3)
    return Count(1) if given["keep_prob"] == 1 else Count(12, seed=4)


def _uniform(given: dict[str, Any]) -> Count:
    constants = _constants(given["shape"], given["minval"], given["maxval"])
    return Count(constants + (1 if tf.as_dtype(given["dtype"]).is_integer else 4), seed=constants)


def _filled(given: dict[str, Any]) -> Count:
    shape = given["shape"]
    return Count() if isinstance(shape, tf.Tensor) else Count(1)  # a large one is filled today


def _moments(given: dict[str, Any]) -> Count:
    shape = tf.convert_to_tensor(given["x"]).shape
    known = shape.rank is not None and all(shape[axis] is not None for axis in given["axes"])
    return Count(11 if known else 16)  # else it had to count what it divides by


def _saver(given: dict[str, Any]) -> Count:
    variables = given["var_list"]
    number = len(tf.global_variables() if variables is None else variables)
    return Count(more=0 if given["defer_build"] else 3 * number - 5)


def _moving_average(given: dict[str, Any]) -> Count:
    averaged = given["var_list"]
    variables = tf.trainable_variables() if averaged is None else averaged
    return Count(more=sum(-12 if isinstance(v, tf.Variable) else 20 for v in variables))


COUNTS: dict[str, Callable[[dict[str, Any]], Count]] = {
    "dropout": _dropout,
    "zeros": _filled,
    "ones": _filled,
    "random_uniform": _uniform,
    "random.uniform": _uniform,
    "nn.softmax_cross_entropy_with_logits": lambda given: Count(31),
    "nn.softmax_cross_entropy_with_logits_v2": lambda given: Count(31),
    "nn.in_top_k": lambda given: Count(more=-1),
    "nn.embedding_lookup": lambda given: Count(more=-2),
    "get_variable": lambda given: Count(first=0 if tf.is_tensor(given["initializer"]) else 1),
    "image.random_flip_left_right": lambda given: Count(13, seed=3),
    "image.random_flip_up_down": lambda given: Count(13, seed=3),
    "nn.moments": _moments,
    "nn.sparse_softmax_cross_entropy_with_logits": lambda given: Count(
        2 + _constants(given["labels"], given["logits"])
    ),
    "Saver.__init__": _saver,
    "ExponentialMovingAverage.apply": _moving_average,
    "initialized_value": lambda given: Count(1),
    "gather": lambda given: Count(more=-1),
    "transpose": lambda given: Count(more=6 if given["perm"] is None else 0),
    "linspace": lambda given: Count(1 + _constants(given["start"], given["stop"], given["num"])),
}
