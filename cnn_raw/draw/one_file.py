"""A run's page as one HTML file, which needs neither a server nor the network.

    cnn-raw export RUN --to page three.html

The weights are in it as float16. The network, the strokes and the preparation are JavaScript
(static/engine), held by the tests to the Python they repeat; their constants are Python's own,
written into the file. What needs TensorFlow is left out: dropout's masks, learning, pictures.
"""

import base64
import hashlib
import html
import json
import os
from pathlib import Path

import numpy as np

from cnn_raw import InputError, input_data
from cnn_raw.cnn import Weights
from cnn_raw.draw import prepare, strokes
from cnn_raw.draw.bundle import script, style
from cnn_raw.draw.explain import EXPLAINED
from cnn_raw.look.activations import LAYERS
from cnn_raw.runs.weights import load_weights
from cnn_raw.train import build_predict_op

FIRST, WRONG = 60, 60  # test digits in the file: the first ones, and some that the network misses

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="cnn-raw">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src {style_hash}; script-src {script_hash}">
<title>Draw a digit, look inside: {name}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body class="cnn-raw-page">
<main id="draw">
<noscript>This page draws and computes with JavaScript: switch it on.</noscript>
</main>
<script type="application/json" id="data">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def page(run: str | os.PathLike) -> str:
    """Return the page of ``run``, anything that ``load_weights`` takes, as HTML.

    Raises InputError if ``run`` cannot be used, or if a weight is too large for float16.
    """
    name = Path(run).name
    weights = load_weights(run)
    data = {
        "known": constants(),
        "name": name,
        "weights": {key: _half(key, var.numpy()) for key, var in weights._asdict().items()},
        **_digits(weights),
    }
    # "<" as an escape: no text in the data can end the element that it stands in.
    return _filled(name, json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"))


def constants() -> dict:
    """Return what the JavaScript takes from Python."""
    return {
        "SIZE": strokes.SIZE, "THICKNESS": strokes.THICKNESS, "PEN": strokes.PEN,
        "FITTED": strokes.FITTED, "SPECK": strokes.SPECK, "MOST_INK": prepare.MOST_INK,
        "DIGIT": prepare.DIGIT, "BOX": prepare.BOX, "MIDDLE": prepare.MIDDLE,
        "EDGE": prepare.EDGE, "SHAPES": EXPLAINED, "LAYERS": LAYERS,
    }  # fmt: skip


def _filled(name: str, data: str) -> str:
    parts = {"style": style(), "script": script("file.js")}
    hashes = {f"{key}_hash": _hash(text) for key, text in parts.items()}
    return _PAGE.format(name=html.escape(name), data=data, **parts, **hashes)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _half(name: str, array: np.ndarray) -> str:
    if not (np.abs(array) <= np.finfo(np.float16).max).all():
        raise InputError(f"{name}: has a weight beyond 65,504, the largest number of float16")
    return base64.b64encode(array.astype("<f2").tobytes()).decode("ascii")


def _digits(weights: Weights) -> dict:
    """Return some test digits, and which of all the network gets wrong."""
    test = input_data.read_data_sets(one_hot=True).test
    images = test.images.reshape(-1, 28, 28, 1)
    predict = build_predict_op(weights)
    pieces = [predict(images[k : k + 500])["classes"].numpy() for k in range(0, len(images), 500)]
    answers, labels = np.concatenate(pieces), test.labels.argmax(axis=1)
    wrong = np.flatnonzero(answers != labels)
    chosen = np.union1d(np.arange(FIRST), wrong[:WRONG])
    pixels = np.rint(test.images[chosen] * 255).astype(np.uint8).tobytes()
    return {
        "tests": {
            "numbers": chosen.tolist(),
            "labels": labels[chosen].tolist(),
            "images": base64.b64encode(pixels).decode("ascii"),
        },
        "wrong": {
            "count": len(wrong),
            "looked": len(images),
            "digits": [{"test": int(i), "answer": int(answers[i])} for i in wrong[:WRONG]],
        },
    }
