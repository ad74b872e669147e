"""One number of an activation explained: what it was computed from. NumPy, and TensorFlow's ops.

``found`` has the activations of one digit, as ``activations`` names them, float32 with a first
axis of one, l3 of shape (1, 4, 4, 128). Every explanation gives TensorFlow's value and the float64
sum of the products that it shows.
"""

import numpy as np
import tensorflow as tf

from cnn_raw.cnn import Weights
from cnn_raw.draw.messages import listed, packed
from cnn_raw.look.activations import LAYERS

KEEP = {"l1": 0.8, "l2": 0.8, "l3": 0.8, "l4": 0.5}  # the tutorial's keep probabilities
SHAPES = {
    "X": (28, 28, 1), "l1a": (28, 28, 32), "l1": (14, 14, 32), "l2a": (14, 14, 64),
    "l2": (7, 7, 64), "l3a": (7, 7, 128), "l3": (4, 4, 128), "l4": (625,), "py_x": (10,),
}  # fmt: skip
EXPLAINED: dict[str, tuple[int, ...]] = {**SHAPES, "softmax": (10,)}
BEFORE = dict(zip(LAYERS[1:], LAYERS, strict=False)) | {"softmax": "py_x"}
FILTER_OF = {"l1a": "w", "l2a": "w2", "l3a": "w3", "l4": "w4", "py_x": "w_o"}
STRONGEST_CHANNELS, STRONGEST_INPUTS = 4, 8

Found = dict[str, np.ndarray]


def explain_value(
    found: Found, weights: Weights, layer: str, at: list[int], against: int | None = None
) -> dict:
    """Return the explanation of ``layer`` at the indices ``at``: its "kind" says which it is.

    With ``against`` it is that of the logit at ``at`` minus this one.
    """
    if layer == "X":
        return {"kind": "pixel", "value": float(found["X"][(0, *at)])}
    if layer == "softmax":
        return _softmax(found, at)
    if layer in ("l4", "py_x"):
        return _dense(found, getattr(weights, FILTER_OF[layer]).numpy(), layer, at, against)
    if layer in FILTER_OF:
        return _conv(found, getattr(weights, FILTER_OF[layer]).numpy(), layer, at)
    return _pool(found, layer, at)


def _conv(found: Found, w: np.ndarray, layer: str, at: list[int]) -> dict:
    row, column, channel = at
    before = BEFORE[layer]
    result = tf.nn.conv2d(found[before], w, strides=[1, 1, 1, 1], padding="SAME")
    padded = np.pad(found[before][0], ((1, 1), (1, 1), (0, 0)), constant_values=np.nan)
    patch = padded[row : row + 3, column : column + 3]  # NaN: padding
    products = np.nan_to_num(patch) * w[:, :, :, channel]
    sums = products.sum(axis=(0, 1), dtype=np.float64)
    order = np.argsort(-np.abs(sums), kind="stable")
    shown = order[:STRONGEST_CHANNELS]
    value, total = float(result[0, row, column, channel]), float(sums.sum())
    return {
        "kind": "conv",
        "value": float(found[layer][0, row, column, channel]),
        "channels": [
            {
                "channel": int(c),
                "patch": listed(patch[:, :, c]),
                "filter": listed(w[:, :, c, channel]),
                "products": listed(products[:, :, c]),
                "sum": float(sums[c]),
            }
            for c in shown
        ],
        "sums": sums.tolist(),
        "others": len(order) - len(shown),
        "rest": float(sums[order[len(shown) :]].sum()),
        "sum": total,
        "conv2d": value,
        "difference": total - value,
        "relu": float(found[layer][0, row, column, channel]),
        "from": {"layer": before, "rows": [row - 1, row + 1], "columns": [column - 1, column + 1]},
    }


def _pool(found: Found, layer: str, at: list[int]) -> dict:
    row, column, channel = at
    before = BEFORE[layer]
    window = pool_window(found[before][0, :, :, channel], row, column)
    chosen = np.unravel_index(np.nanargmax(window), window.shape)
    return {
        "kind": "pool",
        "value": float(found[layer][0, row, column, channel]),
        "candidates": listed(window),
        "chosen": [int(n) for n in chosen],
        "largest": float(window[chosen]),
        **dropped(found, layer, at),
        "from": {
            "layer": before,
            "rows": [2 * row, 2 * row + 1],
            "columns": [2 * column, 2 * column + 1],
        },
    }


def pool_window(source: np.ndarray, row: int, column: int) -> np.ndarray:
    """Return the 2x2 values of ``source``, (H, W), that one of its max-pool was taken from."""
    # SAME puts the odd row and column at the end, where nothing stands.
    padded = np.pad(source, ((0, len(source) % 2), (0, len(source) % 2)), constant_values=np.nan)
    return padded[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]


def dropped(found: Found, layer: str, at: list[int]) -> dict:
    """Return the keep probability and the mask, 1 or 0, of one value of l1, l2, l3 or l4."""
    mask = found.get(f"{layer}_mask")
    if mask is None:
        return {"keep": 1, "mask": 1}
    return {"keep": KEEP[layer], "mask": int(mask.reshape(SHAPES[layer])[tuple(at)])}


def _dense(found: Found, w: np.ndarray, layer: str, at: list[int], against: int | None) -> dict:
    (unit,) = at
    before = BEFORE[layer]
    inputs = found[before].reshape(1, -1)
    results, values = tf.matmul(inputs, w).numpy()[0].astype(np.float64), found[layer][0]
    result, value, column = results[unit], float(values[unit]), w[:, unit].astype(np.float64)
    if against is not None:
        result, value = result - results[against], value - float(values[against])
        column = column - w[:, against]
    result = float(result)
    products = inputs[0].astype(np.float64) * column
    order = np.argsort(-np.abs(products), kind="stable")
    shown = order[:STRONGEST_INPUTS]
    total = float(products.sum())
    reply = {
        "kind": "dense",
        "value": value,
        "inputs": [
            {
                "input": [int(n) for n in np.unravel_index(i, SHAPES[before])],
                "value": float(inputs[0, i]),
                "weight": float(column[i]),
                "product": float(products[i]),
            }
            for i in shown
        ],
        "products": packed(products.reshape(SHAPES[before])),
        "others": len(order) - len(shown),
        "rest": float(products[order[len(shown) :]].sum()),
        "sum": total,
        "matmul": result,
        "difference": total - result,
        "from": {"layer": before},
    }
    if layer == "l4":
        reply |= {"relu": max(result, 0.0), **dropped(found, layer, at)}
    return reply | ({} if against is None else {"against": against})


def _softmax(found: Found, at: list[int]) -> dict:
    (digit,) = at
    logits = found["py_x"][0].astype(np.float64)
    powers = np.exp(logits - logits.max())
    value = float(tf.nn.softmax(found["py_x"])[0, digit])
    total = float(powers[digit] / powers.sum())
    return {
        "kind": "softmax",
        "value": value,
        "logits": logits.tolist(),
        "powers": powers.tolist(),  # e to the logit less the largest logit
        "sum": total,
        "difference": total - value,
        "from": {"layer": "py_x"},
    }
