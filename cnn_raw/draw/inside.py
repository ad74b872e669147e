"""What the page asks of the network: one digit, and every number on its way through.

``Inside.answer`` takes a request and returns the reply, both plain dictionaries of what JSON has.
The page sends them over loopback, the notebook's widget as messages. Every activation is computed
by ``cnn.model`` itself. The requests, by their ``op``:

    look         several of these at once, of one source: its digit is prepared and computed once
    state        the models' names, and the shape of every activation
    estimate     the probabilities; a warning, by the page's name for it, or null
    stages       the stages of the preparation
    layers       every activation the tutorial names, and the image X
    explain      one number of an activation, or of "softmax": what it was computed from
    try          one 3x3 filter of the reader's own, SAME or VALID, stride 1 or 2
    filters      the first layer's 32 filters, and their maps
    wrong        the test digits that the network gets wrong, among the next 250

A look has ``asks``, a list of requests; what they leave out is taken from the look itself. Its
reply has ``replies``, in the same order.

``source`` and ``steps`` say which digit, and how it is prepared: source.py. ``dropout`` is null, or
{"seed": n} for one draw of the training's masks. Arrays travel as messages.py says.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from cnn_raw import InputError
from cnn_raw.cnn import Weights
from cnn_raw.draw.explain import EXPLAINED, KEEP, SHAPES, Found, explain_value
from cnn_raw.draw.messages import numbers, packed, position, whole
from cnn_raw.draw.source import Digit, digit_of
from cnn_raw.draw.strokes import THICKNESS
from cnn_raw.input_data import DataSet
from cnn_raw.look.activations import LAYERS, KeepProbability, activations

MOST_ASKS, TESTS_AT_ONCE = 10, 250


class Inside:
    """Networks to look into: ``models`` has their weights by name. ``test``: digits, one-hot."""

    def __init__(self, models: dict[str, Weights], test: DataSet):
        self.models, self._test = models, test
        self._functions = {name: _function(weights) for name, weights in models.items()}
        self._dropping = {name: _dropout_function(weights) for name, weights in models.items()}
        self._digits: dict[tuple, Digit] = {}  # what the asks of one look have in common
        self._found: dict[tuple, Found] = {}
        self._mistakes: dict[tuple, dict] = {}  # kept: to look through all again is slow
        self._ops: dict[str, Callable[[dict], dict]] = {
            "look": self._look,
            "state": self._state,
            "estimate": self._estimate,
            "stages": self._stages,
            "layers": self._layers,
            "explain": self._explain,
            "try": self._try,
            "filters": self._filters,
            "wrong": self._wrong,
        }
        for function in self._functions.values():  # traced before the first stroke
            function(tf.zeros((1, 28, 28, 1)))

    def answer(self, request: dict) -> dict:
        """Return the reply to a request. Raises InputError, one line, if it is not a good one."""
        if not isinstance(request, dict) or not isinstance(request.get("op"), str):
            raise InputError('request: give an object with an "op"')
        if request["op"] not in self._ops:
            raise InputError(f"op {request['op'][:40]!r}: give one of {', '.join(self._ops)}")
        self._digits.clear()
        self._found.clear()
        return self._ops[request["op"]](request)

    def _look(self, request: dict) -> dict:
        asks = request.get("asks")
        if not isinstance(asks, list) or not all(isinstance(ask, dict) for ask in asks):
            raise InputError("asks: give a list of requests")
        if len(asks) > MOST_ASKS:
            raise InputError(f"asks: give at most {MOST_ASKS}")
        common = {name: value for name, value in request.items() if name not in ("op", "asks")}
        replies = []
        for ask in asks:
            if not isinstance(ask.get("op"), str) or ask["op"] not in self._ops.keys() - {"look"}:
                raise InputError("asks: op: give any but look")
            replies.append(self._ops[ask["op"]]({**common, **ask}))
        return {"replies": replies}

    def _state(self, request: dict) -> dict:
        return {
            "models": list(self.models),
            "tests": self._test.num_examples,
            "shapes": {name: list(shape) for name, shape in EXPLAINED.items()},
            "thickness": THICKNESS,
            "dropout": True,
        }

    def _estimate(self, request: dict) -> dict:
        _, prepared, label, warning = self._digit(request)
        probabilities = tf.nn.softmax(self._run(request)["py_x"])[0]
        return {
            "empty": prepared.box is None,
            "probabilities": probabilities.numpy().tolist(),
            "label": label,
            "warning": warning,
        }

    def _stages(self, request: dict) -> dict:
        raw, prepared, _, _ = self._digit(request)
        height, width = prepared.ink.shape
        top, left, bottom, right = prepared.box or (0, 0, 0, 0)
        return {
            "raw": packed(raw),
            "ink": packed(prepared.ink),
            "box": [top / height, left / width, bottom / height, right / width]
            if prepared.box
            else None,
            "small": packed(prepared.small),
            "image": packed(prepared.image),
            "shift": list(prepared.shift),
        }

    def _layers(self, request: dict) -> dict:
        found = self._run(request)
        return {"layers": {name: packed(found[name][0]) for name in LAYERS}}

    def _filters(self, request: dict) -> dict:
        w = self.models[self._name(request)].w.numpy()
        reply = {"filters": packed(w)}
        if request.get("source") is not None:
            maps = tf.nn.conv2d(self._image(request), w, strides=[1, 1, 1, 1], padding="SAME")
            reply["maps"] = packed(maps[0].numpy())
        return reply

    def _try(self, request: dict) -> dict:
        padding = request.get("padding", "SAME")
        if padding not in ("SAME", "VALID"):
            raise InputError("padding: give SAME or VALID")
        stride = whole(request.get("stride", 1), "stride", 1, 2)
        kernel = numbers(request.get("filter"), "filter", 100)
        if kernel.shape != (3, 3):
            raise InputError("filter: give three rows of three numbers")
        w = kernel.astype(np.float32).reshape(3, 3, 1, 1)
        strides = [1, stride, stride, 1]
        result = tf.nn.conv2d(self._image(request), w, strides=strides, padding=padding)
        return {"shape": list(result.shape[1:3]), "map": packed(result[0, :, :, 0].numpy())}

    def _wrong(self, request: dict) -> dict:
        """Look through the next test digits, ``after`` so many: few, so that nobody waits long."""
        name = self._name(request)
        start = whole(request.get("after", 0), "after", 0, self._test.num_examples)
        if start % TESTS_AT_ONCE:  # the page does not ask so
            return self._look_through(name, start)
        if (name, start) not in self._mistakes:
            self._mistakes[name, start] = self._look_through(name, start)
        return self._mistakes[name, start]

    def _look_through(self, name: str, start: int) -> dict:
        end = min(start + TESTS_AT_ONCE, self._test.num_examples)
        images = self._test.images[start:end].reshape(-1, 28, 28, 1)
        answers = self._functions[name](images)["py_x"].numpy().argmax(axis=1)
        labels = self._test.labels[start:end].argmax(axis=1)
        digits = [
            {
                "test": start + int(i),
                "label": int(labels[i]),
                "answer": int(answers[i]),
                "image": packed(images[i, :, :, 0]),
            }
            for i in np.flatnonzero(answers != labels)
        ]
        return {"digits": digits, "looked": end, "done": end == self._test.num_examples}

    def _explain(self, request: dict) -> dict:
        layer, against = request.get("layer"), request.get("against")
        if not isinstance(layer, str) or layer not in EXPLAINED:
            raise InputError(f"layer: give one of {', '.join(EXPLAINED)}")
        at = position(request.get("at"), EXPLAINED[layer], layer)
        if against is not None:
            if layer != "py_x":
                raise InputError("against: give it for a logit, of py_x, alone")
            against = whole(against, "against", 0, 9)
        weights = self.models[self._name(request)]
        reply = explain_value(self._run(request), weights, layer, at, against)
        return {"layer": layer, "at": at, **reply}

    def _name(self, request: dict) -> str:
        name = request.get("model", next(iter(self.models)))
        if not isinstance(name, str) or name not in self.models:
            raise InputError(f"model: give one of {', '.join(self.models)}")
        return name

    def _digit(self, request: dict) -> Digit:
        key = (id(request.get("source")), id(request.get("steps")))
        if key not in self._digits:
            source, steps = request.get("source"), request.get("steps")
            self._digits[key] = digit_of(source, steps, self._test)
        return self._digits[key]

    def _image(self, request: dict) -> tf.Tensor:
        """Return the prepared image asked for, float32 (1, 28, 28, 1)."""
        return tf.constant(self._digit(request).prepared.image.reshape(1, 28, 28, 1))

    def _run(self, request: dict) -> Found:
        """Return every activation of the digit, as arrays with a first axis of one."""
        name, dropout = self._name(request), request.get("dropout")
        key = (name, id(request.get("source")), id(request.get("steps")), id(dropout))
        if key not in self._found:
            X = self._image(request)
            if dropout is None:
                result = self._functions[name](X)
            else:
                seed = dropout.get("seed") if isinstance(dropout, dict) else None
                seed = whole(seed, "dropout seed", 0, 2**31 - 1)
                result = self._dropping[name](X, tf.constant(seed, tf.int64))
            found = {name: value.numpy() for name, value in result.items()}
            found["l3"] = found["l3"].reshape(-1, *SHAPES["l3"])  # before it became (n, 2048)
            self._found[key] = found
        return self._found[key]


def _function(weights: Weights) -> Callable:
    """Return a compiled function from images, (n, 28, 28, 1), to their activations."""

    @tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 1], tf.float32)], autograph=False)
    def function(X: tf.Tensor) -> dict[str, tf.Tensor]:
        return activations(X, weights, 1.0, 1.0)

    return function


def _dropout_function(weights: Weights) -> Callable:
    """Return a compiled function of images and a seed: with the training's dropout."""
    signature = [tf.TensorSpec([None, 28, 28, 1], tf.float32), tf.TensorSpec([], tf.int64)]

    @tf.function(input_signature=signature, autograph=False)
    def function(X: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        first = tf.constant(0, tf.int64)
        p_keep_conv = KeepProbability(KEEP["l1"], seed, first)
        p_keep_hidden = KeepProbability(KEEP["l4"], seed, first)
        return activations(X, weights, p_keep_conv, p_keep_hidden)

    return function
