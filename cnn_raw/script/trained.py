"""What a program's optimizer trains, seen in its graph beside the tutorial's."""

from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf
from tensorflow.python.ops import gradients_util

from cnn_raw.script import network
from cnn_raw.twin import session
from cnn_raw.twin.session_steps import WEIGHTS

RMSPROP = ("learning_rate", "decay", "momentum", "epsilon")  # inputs 3 to 6 of its operation


class Gradients:
    """Remembers, from when it is made, which cost the gradients of a variable are of."""

    def __init__(self) -> None:
        self.costs: dict[tuple[int, str], tf.Tensor] = {}
        self.names: set[tuple[int, str]] = set()
        own = gradients_util._GradientsHelper

        def helper(ys: Any, xs: Any, *arguments: Any, **options: Any) -> Any:
            gradients = own(ys, xs, *arguments, **options)
            cost = ys[0] if isinstance(ys, (list, tuple)) else ys
            for x, gradient in zip(xs, gradients, strict=False):
                if tf.is_tensor(x) and tf.is_tensor(gradient):
                    self.costs[id(x.graph), x.op.name] = cost
                    self.names.add((id(x.graph), gradient.name))
            return gradients

        gradients_util._GradientsHelper = helper


class Trained:
    """The network that the ``updates`` of an optimizer train. ``name`` is the program's file.

    ``state``: its weights under the tutorial's names, and their slots, if there are as many and
    of the same kinds as in the tutorial; else empty. ``draws``: the dropouts' random operations.
    ``about``: what ``cnn-raw compare`` must know, JSON: the ``differences`` that TensorFlow 2's
    side cannot follow, each (line of the program or None, what), and the dropouts' ``seeds``.
    """

    def __init__(self, updates: list[tf.Operation], gradients: Gradients, name: str):
        self.updates, self._graph = updates, updates[0].graph
        self._by_weight = {network.variable_of(update.inputs[0]): update for update in updates}
        costs = [gradients.costs.get((id(self._graph), weight or "")) for weight in self._by_weight]
        self._cost = costs[0]
        self.state: dict[str, Any] = {}
        self.draws: list[tf.Operation] = []
        self._dropouts: list[int | None] = []
        found = self._optimizer(gradients, name)
        if self._cost is None or any(cost is not self._cost for cost in costs):
            found.append((None, "the weights are not trained on the gradients of one cost"))
        else:
            self._network = network.read(self._cost, name)
            self.draws = self._network.draws
            self._dropouts = [la.line for la in self._network.layers if la.kind == "dropout"]
            found = network.differences(self._network, _tutorial()) + found
            self.state = self._find_state()
        self.about = {
            "differences": found,
            "can_follow": bool(self.state),
            "dropouts": self._dropouts,
            "seeds": [[int(op.get_attr(n)) for n in ("seed", "seed2")] for op in self.draws],
        }

    def inputs(self, feed_dict: Any) -> tuple[dict[str, np.ndarray], dict[str, tf.Tensor]]:
        """Return what goes into a step: what is known before it, and what is to be fetched."""
        wanted = {"X": self._network.X, "Y": self._network.Y}
        wanted.update((f"keep {n}", keep) for n, keep in enumerate(self._network.keeps))
        update = self._by_weight[self._network.weights[0]]
        if _is_rmsprop(update):
            wanted.update(zip(RMSPROP, update.inputs[3:7], strict=True))
        fed = {
            self._graph.as_graph_element(key).name: value
            for key, value in dict(feed_dict or {}).items()
        }
        given = {
            name: np.asarray(fed.get(tensor.name) if tf.is_tensor(tensor) else tensor, np.float32)
            for name, tensor in wanted.items()
            if not tf.is_tensor(tensor) or tensor.name in fed
        }
        fetched = {name: tensor for name, tensor in wanted.items() if name not in given}
        return given, {**fetched, "cost": self._cost}

    def _optimizer(self, gradients: Gradients, name: str) -> list[tuple[int | None, str]]:
        """Return where the updates are not those of RMSProp with the gradients as they are."""
        for update in self.updates:
            if not _is_rmsprop(update):
                kind = update.type.removeprefix("Resource").removeprefix("Apply")
                what = f"the optimizer is {kind}; the TensorFlow 2 side has RMSProp only"
                return [(network.line_of(update, name), what)]
            gradient = update.inputs[-1]
            if (id(self._graph), gradient.name) not in gradients.names:
                what = "the gradients are changed before they are applied"
                return [(network.line_of(gradient.op, name), what)]
        return []

    def _find_state(self) -> dict[str, Any]:
        weights = self._network.weights
        variables = {v.op.name: v for v in self._graph.get_collection("variables")}
        ranks = [variables[weight].shape.rank for weight in weights]
        if ranks != [4, 4, 4, 2, 2] or self._network.Y is None or len(self.draws) > 4:
            return {}
        if not all(weight in self._by_weight for weight in weights):
            return {}
        state = dict(zip(WEIGHTS, (variables[weight] for weight in weights), strict=True))
        for index, kind in ((1, "rms"), (2, "mom")):
            for own, weight in zip(WEIGHTS, weights, strict=True):
                update = self._by_weight[weight]
                if _is_rmsprop(update):
                    slot = network.variable_of(update.inputs[index])
                    state[f"{own} {kind}"] = variables[slot]
        return state


def _is_rmsprop(update: tf.Operation) -> bool:
    return update.type.removeprefix("Resource") == "ApplyRMSProp"


def _tutorial() -> network.Network:
    with tf.Graph().as_default():
        return network.read(session.build(0).cost, "")
