"""What the page asks of the network: one digit, and every number on its way through.

``Inside.answer`` takes a request and returns the reply, both plain dictionaries of what JSON has.
The page sends them over loopback, the notebook's widget as messages. Every activation is a local
variable of ``cnn.model`` itself, read off as it returns. The requests, by their ``op``:

    look         several of these at once, of one source: its digit is prepared and computed once
    state        the models' names, and the shape of every activation
    estimate     the probabilities, and the stages of the preparation
    layers       every activation the tutorial names
    explain      one number of an activation: what it was computed from
    try          one 3x3 filter of the reader's own, SAME or VALID, stride 1 or 2
    filters      the first layer's 32 filters, and their maps
    next_wrong   the next test digit that the network gets wrong

A look has ``asks``, a list of requests; what they leave out is taken from the look itself. Its
reply has ``replies``, in the same order.

``source`` is {"strokes": [[[x, y], ...], ...], "thickness": t} or {"test": i}. ``steps`` says which
steps of the preparation are on: "prepare" (or the canvas is only shrunk), "pen", "box", "center".
``dropout`` is null, or {"seed": n} for one draw of the training's masks. An array travels as
{"shape", "scale", "data"}: base64 of int8, to be multiplied by ``scale``: good enough for a
picture, and ``explain`` gives the exact numbers.
"""

import base64
import math
import sys
from collections.abc import Callable
from types import FrameType

import numpy as np
import tensorflow as tf

from cnn_raw import InputError
from cnn_raw.cnn import Weights, model
from cnn_raw.draw.prepare import Prepared, box_of, prepare_ink
from cnn_raw.draw.strokes import SIZE, THICKNESS, fit, rasterise
from cnn_raw.input_data import DataSet

KEEP_CONV, KEEP_HIDDEN = 0.8, 0.5
LAYERS = ("l1a", "l1", "l2a", "l2", "l3a", "l3", "l4", "py_x")
SHAPES = {
    "X": (28, 28, 1), "l1a": (28, 28, 32), "l1": (14, 14, 32), "l2a": (14, 14, 64),
    "l2": (7, 7, 64), "l3a": (7, 7, 128), "l3": (4, 4, 128), "l4": (625,), "py_x": (10,),
}  # fmt: skip
BEFORE = dict(zip(LAYERS, ("X", *LAYERS), strict=False))
FILTER_OF = {"l1a": "w", "l2a": "w2", "l3a": "w3", "l4": "w4", "py_x": "w_o"}
STRONGEST_CHANNELS, STRONGEST_INPUTS = 4, 8
MOST_ASKS, MOST_POINTS = 10, 20_000


def activations(
    X: tf.Tensor, weights: Weights, p_keep_conv: tf.Tensor, p_keep_hidden: tf.Tensor
) -> dict[str, tf.Tensor]:
    """Return what ``cnn.model`` computes on its way: {"X": ..., "l1a": ..., ..., "py_x": ...}.

    Each is the local variable of that name when the function returns: l1, l2, l3 and l4 after
    their dropout, l3 reshaped to (n, 2048).
    """
    found = {}

    def profile(frame: FrameType, event: str, result: object) -> None:
        if event == "return" and frame.f_code is model.__code__:
            found.update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        py_x = model(X, *weights, p_keep_conv, p_keep_hidden)
    finally:
        sys.setprofile(before)
    return {"X": X, **{name: found[name] for name in LAYERS[:-1]}, "py_x": py_x}


class Inside:
    """Networks to look into: ``models`` has their weights by name. ``test``: digits, one-hot."""

    def __init__(self, models: dict[str, Weights], test: DataSet):
        self.models, self._test = models, test
        self._functions = {name: _function(weights) for name, weights in models.items()}
        self._answers: dict[str, np.ndarray] = {}
        self._shared: dict[tuple, tuple] = {}  # what the asks of one look have in common
        self._ops = {
            "look": self._look,
            "state": self._state,
            "estimate": self._estimate,
            "layers": self._layers,
            "explain": self._explain,
            "try": self._try,
            "filters": self._filters,
            "next_wrong": self._next_wrong,
        }
        for function in self._functions.values():  # traced before the first stroke
            function(tf.zeros((1, 28, 28, 1)))

    def answer(self, request: dict) -> dict:
        """Return the reply to a request. Raises InputError, one line, if it is not a good one."""
        if not isinstance(request, dict) or not isinstance(request.get("op"), str):
            raise InputError('request: an object with an "op" is wanted')
        if request["op"] not in self._ops:
            raise InputError(f"op {request['op'][:40]!r}: give one of {', '.join(self._ops)}")
        self._shared.clear()
        return self._ops[request["op"]](request)

    def _look(self, request: dict) -> dict:
        asks = request.get("asks")
        if not isinstance(asks, list) or not all(isinstance(ask, dict) for ask in asks):
            raise InputError("asks: a list of requests is wanted")
        if len(asks) > MOST_ASKS:
            raise InputError(f"asks: at most {MOST_ASKS} are taken")
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
            "shapes": {name: list(shape) for name, shape in SHAPES.items()},
            "thickness": THICKNESS,
        }

    def _estimate(self, request: dict) -> dict:
        raw, prepared = self._picture(request)
        probabilities = tf.nn.softmax(self._run(request, prepared.image)["py_x"])[0]
        height, width = prepared.ink.shape
        top, left, bottom, right = prepared.box or (0, 0, 0, 0)
        return {
            "empty": prepared.box is None,
            "probabilities": [float(p) for p in probabilities],
            "label": self._label(request["source"]),
            "stages": {
                "raw": _packed(raw),
                "ink": _packed(prepared.ink),
                "box": [top / height, left / width, bottom / height, right / width]
                if prepared.box
                else None,
                "small": _packed(prepared.small),
                "image": _packed(prepared.image),
                "shift": list(prepared.shift),
            },
        }

    def _layers(self, request: dict) -> dict:
        _, prepared = self._picture(request)
        found = self._run(request, prepared.image)
        return {"layers": {name: _packed(found[name][0]) for name in LAYERS}}

    def _filters(self, request: dict) -> dict:
        w = self._weights(request).w.numpy()
        reply = {"filters": _packed(w)}
        if request.get("source") is not None:
            _, prepared = self._picture(request)
            maps = tf.nn.conv2d(_batch(prepared.image), w, strides=[1, 1, 1, 1], padding="SAME")
            reply["maps"] = _packed(maps[0].numpy())
        return reply

    def _try(self, request: dict) -> dict:
        _, prepared = self._picture(request)
        padding = request.get("padding", "SAME")
        if padding not in ("SAME", "VALID"):
            raise InputError("padding: give SAME or VALID")
        stride = _whole(request.get("stride", 1), "stride", 1, 2)
        kernel = _numbers(request.get("filter"), "filter", 100)
        if kernel.shape != (3, 3):
            raise InputError("filter: three rows of three numbers are wanted")
        w = kernel.astype(np.float32).reshape(3, 3, 1, 1)
        strides = [1, stride, stride, 1]
        result = tf.nn.conv2d(_batch(prepared.image), w, strides=strides, padding=padding)
        return {"shape": list(result.shape[1:3]), "map": _packed(result[0, :, :, 0].numpy())}

    def _next_wrong(self, request: dict) -> dict:
        name = self._name(request)
        images = self._test.images.reshape(-1, 28, 28, 1)
        count = len(images)
        after = _whole(request.get("after", -1), "after", -1, count - 1)
        if name not in self._answers:
            predict = self._functions[name]
            pieces = [predict(images[k : k + 500])["py_x"] for k in range(0, count, 500)]
            self._answers[name] = np.argmax(np.concatenate(pieces), axis=1)
        answers, labels = self._answers[name], np.argmax(self._test.labels, axis=1)
        wrong = np.flatnonzero(answers != labels)
        if not len(wrong):
            return {"test": None, "label": None, "answer": None}
        i = int(wrong[np.searchsorted(wrong, after, side="right") % len(wrong)])
        return {"test": i, "label": int(labels[i]), "answer": int(answers[i])}

    def _explain(self, request: dict) -> dict:
        layer = request.get("layer")
        if layer not in LAYERS:
            raise InputError(f"layer: give one of {', '.join(LAYERS)}")
        shape, at = SHAPES[layer], request.get("at")
        if not isinstance(at, list) or len(at) != len(shape):
            raise InputError(f"at: {len(shape)} whole numbers are wanted for {layer}")
        at = [_whole(n, "at", 0, most - 1) for n, most in zip(at, shape, strict=True)]
        _, prepared = self._picture(request)
        found = self._run(request, prepared.image)
        explain = {1: _explain_dense, 3: _explain_pool}[len(shape)]
        if layer in ("l1a", "l2a", "l3a"):
            explain = _explain_conv
        reply = explain(found, self._weights(request), layer, at, bool(request.get("dropout")))
        return {"layer": layer, "at": at, **reply}

    def _name(self, request: dict) -> str:
        name = request.get("model", next(iter(self.models)))
        if not isinstance(name, str) or name not in self.models:
            raise InputError(f"model: give one of {', '.join(self.models)}")
        return name

    def _weights(self, request: dict) -> Weights:
        return self.models[self._name(request)]

    def _label(self, source: dict) -> int | None:
        return int(np.argmax(self._test.labels[source["test"]])) if "test" in source else None

    def _run(self, request: dict, image: np.ndarray) -> dict[str, np.ndarray]:
        """Return every activation of an image, as arrays with a first axis of one."""
        name, dropout = self._name(request), request.get("dropout")
        key = (name, id(dropout), id(image))
        if key not in self._shared:
            function = self._functions[name]
            if dropout is not None:
                seed = dropout.get("seed") if isinstance(dropout, dict) else None
                seed = _whole(seed, "dropout seed", 0, 2**31 - 1)
                function = _function(self.models[name], seed)  # its streams start anew
            found = {name: value.numpy() for name, value in function(_batch(image)).items()}
            found["l3"] = found["l3"].reshape(-1, *SHAPES["l3"])  # before it became (n, 2048)
            self._shared[key] = found
        return self._shared[key]

    def _picture(self, request: dict) -> tuple[np.ndarray, Prepared]:
        """Return the picture asked for, float32 (H, W), and the stages of its preparation."""
        key = (id(request.get("source")), id(request.get("steps")))
        if key not in self._shared:
            self._shared[key] = self._prepared(request)
        return self._shared[key]

    def _prepared(self, request: dict) -> tuple[np.ndarray, Prepared]:
        source, steps = request.get("source"), request.get("steps") or {}
        if not isinstance(source, dict) or not isinstance(steps, dict):
            raise InputError("source, steps: objects are wanted")
        on = {name: steps.get(name, True) for name in ("prepare", "pen", "box", "center")}
        if not all(isinstance(value, bool) for value in on.values()):
            raise InputError("steps: give true or false for each")
        if "test" in source:
            i = _whole(source["test"], "test", 0, self._test.num_examples - 1)
            raw = ink = self._test.images[i].reshape(28, 28)
        else:
            strokes = _strokes(source.get("strokes"))
            thickness = _numbers(source.get("thickness", THICKNESS), "thickness", 0.3)
            if thickness.ndim or thickness < 0.005:
                raise InputError("thickness: give a share of the side, from 0.005 to 0.3")
            thickness = float(thickness)
            raw = ink = rasterise(strokes, thickness)
            if on["pen"]:
                ink = rasterise(*fit(strokes, thickness))
        if not on["prepare"]:
            return raw, _shrunk(raw)
        box = box_of(ink)
        if box and not on["box"]:
            box = (0, 0, *ink.shape)
        prepared = prepare_ink(ink, box, center=on["center"])
        if "test" in source and on["box"] and on["center"]:
            prepared = prepared._replace(image=raw)  # MNIST's authors have prepared it
        return raw, prepared


def _function(weights: Weights, dropout_seed: int | None = None) -> Callable:
    """Return a compiled function from images, (n, 28, 28, 1), to their activations."""
    training = dropout_seed is not None

    @tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 1], tf.float32)], autograph=False)
    def function(X: tf.Tensor) -> dict[str, tf.Tensor]:
        if training:
            tf.random.set_seed(dropout_seed)  # of this function's graph, not of the program
        p_keep_conv = tf.constant(KEEP_CONV if training else 1.0)
        p_keep_hidden = tf.constant(KEEP_HIDDEN if training else 1.0)
        return activations(X, weights, p_keep_conv, p_keep_hidden)

    return function


def _explain_conv(found: dict, weights: Weights, layer: str, at: list, dropped: bool) -> dict:
    row, column, channel = at
    before = BEFORE[layer]
    w = getattr(weights, FILTER_OF[layer]).numpy()
    result = tf.nn.conv2d(found[before], w, strides=[1, 1, 1, 1], padding="SAME")
    padded = np.pad(found[before][0], ((1, 1), (1, 1), (0, 0)), constant_values=np.nan)
    patch = padded[row : row + 3, column : column + 3]  # NaN: padding
    products = np.nan_to_num(patch) * w[:, :, :, channel]
    sums = products.sum(axis=(0, 1), dtype=np.float64)
    order = np.argsort(-np.abs(sums), kind="stable")
    shown = order[:STRONGEST_CHANNELS]
    value = float(result[0, row, column, channel])
    total = float(sums.sum())
    return {
        "kind": "conv",
        "value": float(found[layer][0, row, column, channel]),
        "channels": [
            {
                "channel": int(c),
                "patch": _listed(patch[:, :, c]),
                "filter": _listed(w[:, :, c, channel]),
                "products": _listed(products[:, :, c]),
                "sum": float(sums[c]),
            }
            for c in shown
        ],
        "others": len(order) - len(shown),
        "rest": float(sums[order[len(shown) :]].sum()),
        "sum": total,
        "conv2d": value,
        "difference": total - value,
        "relu": float(found[layer][0, row, column, channel]),
        "from": {"layer": before, "rows": [row - 1, row + 1], "columns": [column - 1, column + 1]},
    }


def _explain_pool(found: dict, weights: Weights, layer: str, at: list, dropped: bool) -> dict:
    row, column, channel = at
    before = BEFORE[layer]
    source = found[before][0, :, :, channel]
    # SAME puts the odd row and column at the end, where nothing stands.
    padded = np.pad(source, ((0, len(source) % 2), (0, len(source) % 2)), constant_values=np.nan)
    window = padded[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
    chosen = np.unravel_index(np.nanargmax(window), window.shape)
    largest, value = float(window[chosen]), float(found[layer][0, row, column, channel])
    return {
        "kind": "pool",
        "value": value,
        "candidates": _listed(window),
        "chosen": [int(n) for n in chosen],
        "largest": largest,
        "keep": KEEP_CONV if dropped else 1,
        "mask": _mask(largest, value),
        "from": {
            "layer": before,
            "rows": [2 * row, 2 * row + 1],
            "columns": [2 * column, 2 * column + 1],
        },
    }


def _explain_dense(found: dict, weights: Weights, layer: str, at: list, dropped: bool) -> dict:
    (unit,) = at
    before = BEFORE[layer]
    inputs = found[before].reshape(1, -1)
    w = getattr(weights, FILTER_OF[layer]).numpy()
    result = float(tf.matmul(inputs, w)[0, unit])
    products = inputs[0].astype(np.float64) * w[:, unit]
    order = np.argsort(-np.abs(products), kind="stable")
    shown = order[:STRONGEST_INPUTS]
    total, value = float(products.sum()), float(found[layer][0, unit])
    reply = {
        "kind": "dense",
        "value": value,
        "inputs": [
            {
                "input": [int(n) for n in np.unravel_index(i, SHAPES[before])],
                "value": float(inputs[0, i]),
                "weight": float(w[i, unit]),
                "product": float(products[i]),
            }
            for i in shown
        ],
        "others": len(order) - len(shown),
        "rest": float(products[order[len(shown) :]].sum()),
        "sum": total,
        "matmul": result,
        "difference": total - result,
        "from": {"layer": before},
    }
    if layer == "l4":
        relu = max(result, 0.0)
        reply |= {
            "relu": relu,
            "keep": KEEP_HIDDEN if dropped else 1,
            "mask": _mask(relu, value),
        }
    return reply


def _mask(before: float, after: float) -> int:
    """Return 0 if dropout took it, 1 if not; of a zero it is not seen, and 1 is said."""
    return int(not (before != 0 and after == 0))


def _shrunk(picture: np.ndarray) -> Prepared:
    """Return ``picture`` reduced to 28x28 by area, and nothing else done to it."""
    block = len(picture) // 28
    image = picture.reshape(28, block, 28, block).mean(axis=(1, 3), dtype=np.float32)
    box = (0, 0, *picture.shape) if picture.any() else None
    return Prepared(picture, box, image[4:24, 4:24], image, (0, 0))


def _batch(image: np.ndarray) -> tf.Tensor:
    return tf.constant(image.reshape(1, 28, 28, 1))


def _packed(array: np.ndarray) -> dict:
    """Pack an array for the page: 8 bits are enough for a picture of it."""
    largest = float(np.abs(array).max())
    scale = largest / 127 if largest > 0 else 1.0
    data = np.rint(array / scale).astype(np.int8).tobytes()
    return {
        "shape": list(array.shape),
        "scale": scale,
        "data": base64.b64encode(data).decode("ascii"),
    }


def _listed(array: np.ndarray) -> list:
    """Return nested lists of an array; padding (NaN) becomes None."""
    return [[None if math.isnan(v) else float(v) for v in row] for row in array]


def _whole(value: object, name: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"{name}: give a whole number from {least} to {most}")
    return value


def _numbers(value: object, name: str, most: float) -> np.ndarray:
    """Return a number, or nested lists of them, as float64, all of them within +-most."""
    try:
        array = np.array(value)
    except (ValueError, OverflowError):
        array = np.array("rows of different lengths")
    if array.dtype.kind not in "if" or not (np.abs(array.astype(np.float64)) <= most).all():
        raise InputError(f"{name}: numbers within +-{most} are wanted")
    return array.astype(np.float64)


def _strokes(value: object) -> list[list[tuple[float, float]]]:
    if not isinstance(value, list):
        raise InputError("strokes: a list is wanted")
    strokes = [_numbers(stroke, "strokes", 2) for stroke in value if stroke != []]
    if any(stroke.ndim != 2 or stroke.shape[1] != 2 for stroke in strokes):
        raise InputError("strokes: each is a list of points [x, y]")
    if sum(map(len, strokes)) > MOST_POINTS:
        raise InputError(f"strokes: at most {MOST_POINTS:,} points are taken")
    return [stroke.tolist() for stroke in strokes]


assert SIZE % 28 == 0  # ``_shrunk`` takes whole blocks
