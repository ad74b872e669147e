"""The way back of one training step: every gradient, and what each of its numbers is the sum of.

``Step`` holds what the tape computed of a batch, as NumPy arrays. ``Step.why`` explains one number
of it: the products that it sums, in float64, beside the tape's value. learning.py says what the
explanations hold. A gradient is the derivative of the mean cost over the batch.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from cnn_raw.cnn import Weights, cost_op
from cnn_raw.draw.explain import BEFORE, FILTER_OF, SHAPES, pool_window
from cnn_raw.draw.messages import listed, packed
from cnn_raw.look.activations import LAYERS, KeepProbability, activations

STRONGEST = 8
LAYER_OF = {w: layer for layer, w in FILTER_OF.items()}
AFTER = {before: layer for layer, before in BEFORE.items() if layer != "softmax"}


def build_backward(weights: Weights) -> Callable:
    """Return ``backward(X, Y, p_keep_conv, p_keep_hidden)``: what ``train_op`` would compute.

    Arguments and shapes are those of ``train_op``. The result is a tuple: the activations and
    masks, the gradients of the layers by name, and the five gradients of the weights. Nothing is
    updated.
    """

    @tf.function(autograph=False)
    def backward(
        X: tf.Tensor, Y: tf.Tensor, p_keep_conv: KeepProbability, p_keep_hidden: KeepProbability
    ) -> tuple:
        with tf.GradientTape() as tape:
            found = activations(X, weights, p_keep_conv, p_keep_hidden)
            cost = cost_op(found["py_x"], Y)
        layers = {name: found[name] for name in LAYERS[1:]}
        gradients, by_weight = tape.gradient(cost, (layers, tuple(weights)))
        return found, gradients, by_weight

    return backward


class Update(NamedTuple):
    """The numbers of RMSProp."""

    learning_rate: float
    decay: float = 0.9
    epsilon: float = 1e-10


class Step(NamedTuple):
    """One step before it is made. Arrays are float32, of n images."""

    labels: np.ndarray  # (n, 10), one-hot
    found: dict[str, np.ndarray]  # activations and masks, l3 as (n, 4, 4, 128)
    gradients: dict[str, np.ndarray]  # of the layers, likewise
    weights: dict[str, np.ndarray]
    by_weight: dict[str, np.ndarray]  # the weights' gradients
    rms: dict[str, np.ndarray]  # the slots
    keep: dict[str, float]  # keep probabilities of l1 to l4
    update: Update

    def why(self, of: str, image: int, at: list[int]) -> dict:
        """Explain the gradient of a layer (of one image) or of a weight at the indices ``at``."""
        if of in LAYER_OF:
            return self._weight(of, at) | {"update": self._updated(of, at)}
        value = float(self.gradients[of][(image, *at)])
        explain = {"py_x": self._softmax, "l4": self._dense, "l3": self._dense,
                   "l2": self._conv, "l1": self._conv}.get(of, self._pool)  # fmt: skip
        return _checked(value, explain(of, image, at))

    def gate(self, layer: str) -> np.ndarray:
        """Return relu's gate, 0 or 1: where the input of the relu in ``layer`` was above zero.

        Of l4 it is only known where dropout kept the value; what it dropped has mask 0 anyway.
        """
        return (self.found[layer] > 0).astype(np.float64)

    def before_relu(self, layer: str) -> np.ndarray:
        """Return the gradient, float64, by what goes into the convolution's or product's relu."""
        gradient = self.gradients[layer].astype(np.float64)
        if layer == "py_x":
            return gradient
        if layer == "l4":
            gradient = gradient * self.found["l4_mask"] / self.keep["l4"]
        return gradient * self.gate(layer)

    def _softmax(self, of: str, image: int, at: list[int]) -> dict:
        logits = self.found["py_x"][image].astype(np.float64)
        powers = np.exp(logits - logits.max())
        probability, label = powers[at[0]] / powers.sum(), float(self.labels[image, at[0]])
        n = len(self.labels)
        return {"kind": "softmax", "probability": float(probability), "label": label, "n": n,
                "sum": float((probability - label) / n)}  # fmt: skip

    def _dense(self, of: str, image: int, at: list[int]) -> dict:
        after = AFTER[of]
        i = int(np.ravel_multi_index(at, SHAPES[of]))
        w = self.weights[FILTER_OF[after]][i]
        products = self.before_relu(after)[image] * w
        return _strongest("dense", products, lambda j: {
            "unit": [j],
            "gradient": float(self.gradients[after][image, j]),
            **self._passing(after, (image, j)),
            "weight": float(w[j]),
        })  # fmt: skip

    def _passing(self, layer: str, index: tuple[int, ...]) -> dict:
        """Return the mask, the keep probability and the gate on the way through l4; else ones."""
        if layer != "l4":
            return {"mask": 1, "keep": 1, "gate": 1}
        return {"mask": int(self.found["l4_mask"][index]), "keep": self.keep["l4"],
                "gate": int(self.gate("l4")[index])}  # fmt: skip

    def _conv(self, of: str, image: int, at: list[int]) -> dict:
        row, column, channel = at
        after = AFTER[of]
        # The place (a, b) of a filter that lay at (row + 1 - a, column + 1 - b) saw this value.
        filters = self.weights[FILTER_OF[after]][::-1, ::-1, channel]
        gradients, gates = (
            np.pad(array[image].astype(np.float64), ((1, 1), (1, 1), (0, 0)),
                   constant_values=np.nan)[row : row + 3, column : column + 3]
            for array in (self.gradients[after], self.gate(after))
        )  # fmt: skip
        products = np.nan_to_num(gradients * gates) * filters
        sums = products.sum(axis=(0, 1))
        order = np.argsort(-np.abs(sums), kind="stable")
        shown = order[: STRONGEST // 2]
        return {
            "kind": "conv",
            "channels": [
                {
                    "channel": int(c),
                    "gradients": listed(gradients[:, :, c]),
                    "gates": listed(gates[:, :, c]),
                    "filter": listed(filters[:, :, c]),
                    "products": listed(products[:, :, c]),
                    "sum": float(sums[c]),
                }
                for c in shown
            ],
            "others": len(order) - len(shown),
            "rest": float(sums[order[len(shown) :]].sum()),
            "sum": float(sums.sum()),
        }

    def _pool(self, of: str, image: int, at: list[int]) -> dict:
        row, column, channel = at
        after = AFTER[of]
        to = (row // 2, column // 2, channel)
        window = pool_window(self.found[of][image, :, :, channel], *to[:2])
        chosen = np.unravel_index(np.nanargmax(window), window.shape)  # the first of equal ones
        took = (int(chosen[0]), int(chosen[1])) == (row % 2, column % 2)
        gradient = float(self.gradients[after][(image, *to)])
        mask = int(self.found[f"{after}_mask"].reshape(len(self.labels), *SHAPES[after])[image][to])
        return {
            "kind": "pool",
            "window": listed(window),
            "chosen": [int(n) for n in chosen],
            "took": took,
            "to": {"layer": after, "at": list(to), "gradient": gradient},
            "mask": mask,
            "keep": self.keep[after],
            "sum": gradient * mask / self.keep[after] if took else 0.0,
        }

    def _weight(self, of: str, at: list[int]) -> dict:
        layer = LAYER_OF[of]
        inputs, back = self.found[BEFORE[layer]], self.before_relu(layer)
        if of in ("w4", "w_o"):
            i, j = at
            products = inputs.reshape(len(inputs), -1)[:, i] * back[:, j]
            reply = _strongest("weight", products, lambda n: {
                "image": n,
                "input": float(inputs.reshape(len(inputs), -1)[n, i]),
                "gradient": float(self.gradients[layer][n, j]),
                **self._passing(layer, (n, j)),
            })  # fmt: skip
        else:
            a, b, c, o = at
            height, width = back.shape[1:3]
            padded = np.pad(inputs[:, :, :, c], ((0, 0), (1, 1), (1, 1)))
            patch = padded[:, a : a + height, b : b + width]
            products = patch * back[:, :, :, o]

            def term(index: int) -> dict:
                place = tuple(int(n) for n in np.unravel_index(index, products.shape))
                return {"image": place[0], "at": list(place[1:]), "input": float(patch[place]),
                        "gradient": float(self.gradients[layer][..., o][place]),
                        "gate": int(self.gate(layer)[..., o][place])}  # fmt: skip

            reply = _strongest("weight", products.ravel(), term)
            reply["images"] = products.sum(axis=(1, 2)).tolist()
        return _checked(float(self.by_weight[of][tuple(at)]), reply)

    def _updated(self, of: str, at: list[int]) -> dict:
        """Spell out ``weight - learning_rate gradient / sqrt(new_rms + epsilon)``."""
        arrays = (self.weights[of], self.by_weight[of], self.rms[of])
        weight, gradient, rms = (float(array[tuple(at)]) for array in arrays)
        learning_rate, decay, epsilon = self.update
        new_rms = rms + (gradient * gradient - rms) * (1 - decay)
        change = learning_rate * gradient / np.sqrt(new_rms + epsilon)
        return {
            "weight": weight, "gradient": gradient, "rms": rms, "new_rms": new_rms,
            **self.update._asdict(), "change": float(change), "new_weight": float(weight - change),
        }  # fmt: skip


def weight_pictures(step: Step, name: str) -> dict:
    """Return weight, gradient, rms and update of one variable, packed; w4 in blocks of 8 x 5."""
    gradient, rms = step.by_weight[name].astype(np.float64), step.rms[name].astype(np.float64)
    learning_rate, decay, epsilon = step.update
    update = learning_rate * gradient / np.sqrt(rms + (gradient**2 - rms) * (1 - decay) + epsilon)
    arrays = {"weight": step.weights[name], "gradient": gradient, "rms": rms, "update": update}
    return {key: packed(_blocks(array) if name == "w4" else array) for key, array in arrays.items()}


def _blocks(array: np.ndarray) -> np.ndarray:
    """Return the strongest value of each block of 8 x 5, its sign kept."""
    height, width = array.shape
    blocks = array.reshape(height // 8, 8, width // 5, 5).swapaxes(1, 2).reshape(-1, 40)
    strongest = blocks[np.arange(len(blocks)), np.abs(blocks).argmax(axis=1)]
    return strongest.reshape(height // 8, width // 5)


def _strongest(kind: str, products: np.ndarray, term: Callable[[int], dict]) -> dict:
    """Return the strongest products with what they are made of, and the sum of all others."""
    order = np.argsort(-np.abs(products), kind="stable")
    shown = order[:STRONGEST]
    return {
        "kind": kind,
        "terms": [{**term(int(i)), "product": float(products[i])} for i in shown],
        "others": len(order) - len(shown),
        "rest": float(products[order[len(shown) :]].sum()),
        "sum": float(products.sum()),
    }


def _checked(value: float, reply: dict) -> dict:
    return {**reply, "value": value, "difference": reply["sum"] - value}
