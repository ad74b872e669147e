"""The network that a graph of 1.x trains, read off its operations: layers, weights, optimizer.

``differences`` says, statement by statement, where it is not the tutorial's.
"""

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

import tensorflow.compat.v1 as tf

# What an operation's call looks like, and which of its attributes make it what it is.
KINDS = {
    "Conv2D": ("tf.nn.conv2d", ("strides", "padding", "dilations", "data_format")),
    "MaxPool": ("tf.nn.max_pool", ("ksize", "strides", "padding", "data_format")),
    "Relu": ("tf.nn.relu", ()),
    "MatMul": ("tf.matmul", ("transpose_a", "transpose_b")),
    "Reshape": ("tf.reshape", ()),
    "Mean": ("tf.reduce_mean", ()),
    "Sum": ("tf.reduce_sum", ()),
    "dropout": ("tf.nn.dropout", ()),
    "SoftmaxCrossEntropyWithLogits": ("tf.nn.softmax_cross_entropy_with_logits", ()),
    "AddV2": ("+", ()),
    "ApplyRMSProp": ("tf.train.RMSPropOptimizer", ()),
}
_VARIABLES = ("VariableV2", "Variable", "VarHandleOp")


@dataclass(frozen=True)
class Layer:
    """One operation on the way from the images to the cost. ``line``: of the program's text."""

    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    line: int | None = None
    weight: str | None = None  # name of the variable's operation

    @property
    def call(self) -> str:
        return KINDS.get(self.kind, (self.kind, ()))[0]


@dataclass
class Network:
    """``layers`` from the images to the cost. ``X``, ``Y``: what comes in, float tensors.

    ``keeps``: the scalar tensor that each dropout keeps by. ``draws``: each dropout's random
    operation.
    """

    layers: list[Layer]
    X: tf.Tensor
    Y: tf.Tensor | None
    keeps: list[tf.Tensor | float]
    draws: list[tf.Operation]

    @property
    def weights(self) -> list[str]:
        return [layer.weight for layer in self.layers if layer.weight]


def read(loss: tf.Tensor, name: str) -> Network:
    """Return the network below a cost. ``name`` is the program's file, for the lines."""
    layers: list[Layer] = []
    keeps: list[tf.Tensor | float] = []
    draws: list[tf.Operation] = []
    labels, tensor, depends = None, loss, _Depends()
    while depends(tensor):
        op = tensor.op
        settings, line = _settings(op), line_of(op, name)
        if op.type in ("Identity", "StopGradient") or _is_inside_loss(op, layers):
            tensor = op.inputs[0]
        elif loss_inputs := _cross_entropy(op):
            logits, labels = (_plain(given) for given in loss_inputs)
            if depends(labels) and not depends(logits):
                settings["labels"], settings["logits"] = "the network", "the labels"
                logits, labels = labels, logits
            layers.append(Layer("SoftmaxCrossEntropyWithLogits", settings, line))
            tensor = logits
        elif dropout := _dropout(op):
            tensor, keep, draw = dropout
            layers.append(Layer("dropout", {}, line))
            keeps.append(keep)
            draws.append(draw)
        else:
            weight = variable_of(op.inputs[1]) if op.type in ("Conv2D", "MatMul") else None
            layers.append(Layer(op.type, settings, line, weight))
            if op.type in _VARIABLES:
                break
            ways = [given for given in op.inputs if depends(given) and not variable_of(given)]
            tensor = ways[0] if ways else op.inputs[0]
            if not ways and variable_of(op.inputs[0]):
                break
    return Network(layers[::-1], tensor, labels, keeps[::-1], draws[::-1])


def differences(network: Network, tutorial: Network) -> list[tuple[int | None, str]]:
    """Return where a network is not the tutorial's: the program's line, and what is otherwise."""
    ours, theirs = tutorial.layers, network.layers
    found: list[tuple[int | None, str]] = []
    matcher = SequenceMatcher(
        None, [layer.kind for layer in ours], [layer.kind for layer in theirs], autojunk=False
    )
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            for our, their in zip(ours[i1:i2], theirs[j1:j2], strict=True):
                for key in sorted({*our.settings, *their.settings}):
                    if our.settings.get(key) != their.settings.get(key):
                        text = f"{their.call} has {key} {their.settings.get(key)}"
                        if key in our.settings:
                            text += f", the tutorial's {our.settings[key]}"
                        found.append((their.line, text))
            continue
        for their in theirs[j1:j2]:
            found.append((their.line, f"{their.call} is not in the tutorial here"))
        for our in ours[i1:i2]:
            after = next((t.line for t in reversed(theirs[:j1]) if t.line), None)
            found.append((after, f"{our.call} of the tutorial is missing after this"))
    return found


def variable_of(tensor: tf.Tensor) -> str | None:
    """Return the name of the variable that a tensor is the value of, None if it is of none."""
    op = tensor.op
    while op.type in ("Identity", "ReadVariableOp", "Enter"):
        op = op.inputs[0].op
    return op.name if op.type in _VARIABLES else None


def line_of(op: tf.Operation, name: str) -> int | None:
    """Return the line of the program ``name`` that made an operation, the innermost."""
    frames = [frame for frame in op.traceback or [] if frame.filename == name]
    return frames[-1].lineno if frames else None


def _settings(op: tf.Operation) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, bytes):
            return value.decode()
        return [int(n) for n in value] if isinstance(value, (list, tuple)) else value

    return {name: plain(op.get_attr(name)) for name in KINDS.get(op.type, ("", ()))[1]}


def _cross_entropy(op: tf.Operation) -> tuple[tf.Tensor, tf.Tensor] | None:
    """Return the logits and labels of a softmax_cross_entropy_with_logits.

    With op determinism on it is -sum(labels * log_softmax(logits)).
    """
    if op.type == "SoftmaxCrossEntropyWithLogits":
        return op.inputs[0], op.inputs[1]
    if op.type != "Neg" or "softmax_cross_entropy" not in op.name:
        return None
    labels, log_softmax = op.inputs[0].op.inputs[0].op.inputs
    return log_softmax.op.inputs[0], labels


def _is_inside_loss(op: tf.Operation, layers: list[Layer]) -> bool:
    """Is it one of the reshapes that softmax_cross_entropy_with_logits is made of?"""
    if op.type != "Reshape" or "softmax_cross_entropy" not in op.name:
        return False
    below = bool(layers) and layers[-1].kind == "SoftmaxCrossEntropyWithLogits"
    return below or _cross_entropy(op.inputs[0].op) is not None


def _plain(tensor: tf.Tensor) -> tf.Tensor:
    """Return what was given to softmax_cross_entropy_with_logits, before it was reshaped."""
    while tensor.op.type in ("Reshape", "StopGradient", "Identity") and (
        "softmax_cross_entropy" in tensor.op.name
    ):
        tensor = tensor.op.inputs[0]
    return tensor


def _dropout(op: tf.Operation) -> tuple[tf.Tensor, tf.Tensor | float, tf.Operation] | None:
    """Return what a dropout drops, by which share it keeps, and its random operation."""
    if op.type != "SelectV2" or op.inputs[0].op.type != "GreaterEqual":
        return None
    draw, scaled = op.inputs[0].op.inputs[0].op, op.inputs[1].op
    if draw.type != "RandomUniform" or scaled.type not in ("RealDiv", "Mul"):
        return None
    if scaled.type == "Mul":  # by a number, 1 / keep_prob
        return scaled.inputs[0], float(1 / tf.get_static_value(scaled.inputs[1])), draw
    keep = scaled.inputs[1]  # 1 - rate, where rate is 1 - keep_prob
    rate = keep.op.inputs[1].op
    if rate.type == "Sub" and tf.get_static_value(rate.inputs[0]) == 1:
        keep = rate.inputs[1]
    return scaled.inputs[0], keep, draw


class _Depends:
    """Says whether a tensor depends on a trainable variable."""

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}
        self._trainable: set[str] | None = None

    def __call__(self, tensor: tf.Tensor) -> bool:
        if self._trainable is None:
            variables = tensor.graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)
            self._trainable = {variable.op.name for variable in variables}
        waiting = [tensor.op]
        while waiting:
            op = waiting[-1]
            before = [given.op for given in op.inputs if given.op.name not in self._known]
            if op.name not in self._known and before:
                self._known[op.name] = False  # in a loop
                waiting += before
                continue
            self._known[op.name] = op.name in self._trainable or any(
                self._known[given.op.name] for given in op.inputs
            )
            waiting.pop()
        return self._known[tensor.op.name]
