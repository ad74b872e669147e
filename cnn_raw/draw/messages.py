"""What the page sends and gets, as JSON: checked on the way in, packed on the way out.

An array travels as {"shape", "scale", "data"}: base64 of int8, to be multiplied by ``scale``. That
is good enough for a picture; numbers that are explained are sent as they are. Whatever cannot be
used raises InputError, in one line.
"""

import base64
import binascii
import math

import numpy as np

from cnn_raw import InputError

MOST_POINTS = 20_000
MOST_SIDE = 512  # pixels of a picture


def packed(array: np.ndarray) -> dict:
    """Pack an array, of any shape, for the page."""
    largest = float(np.abs(array).max())
    scale = largest / 127 if largest > 0 else 1.0
    data = np.rint(array / scale).astype(np.int8).tobytes()
    return {
        "shape": list(array.shape),
        "scale": scale,
        "data": base64.b64encode(data).decode("ascii"),
    }


def listed(array: np.ndarray) -> list:
    """Return nested lists of a 2-D array; padding (NaN) becomes None."""
    return [[None if math.isnan(v) else float(v) for v in row] for row in array]


def whole(value: object, name: str, least: int, most: int) -> int:
    """Return ``value`` if it is a whole number from ``least`` to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"{name}: give a whole number from {least} to {most}")
    return value


def number(value: object, name: str, least: float, most: float) -> float:
    """Return ``value`` as a float if it is a number from ``least`` to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InputError(f"{name}: give a number from {least} to {most}")
    return float(value)


def numbers(value: object, name: str, most: float) -> np.ndarray:
    """Return a number, or nested lists of them, as float64, all of them within +-most."""
    try:
        array = np.array(value)
    except (ValueError, OverflowError):
        array = np.array("rows of different lengths")
    if array.dtype.kind not in "if" or not (np.abs(array.astype(np.float64)) <= most).all():
        raise InputError(f"{name}: give numbers within +-{most}")
    return array.astype(np.float64)


def position(value: object, shape: tuple[int, ...], name: str) -> list[int]:
    """Return the indices of one element of an array of ``shape``; ``name`` is the array's."""
    if not isinstance(value, list) or len(value) != len(shape):
        raise InputError(f"at: give {len(shape)} whole numbers for {name}")
    return [whole(n, "at", 0, most - 1) for n, most in zip(value, shape, strict=True)]


def strokes_of(value: object) -> list[list[tuple[float, float]]]:
    """Return the strokes in a request: lists of points [x, y]."""
    if not isinstance(value, list):
        raise InputError("strokes: give a list")
    strokes = [numbers(stroke, "strokes", 2) for stroke in value if stroke != []]
    if any(stroke.ndim != 2 or stroke.shape[1] != 2 for stroke in strokes):
        raise InputError("strokes: each is a list of points [x, y]")
    if sum(map(len, strokes)) > MOST_POINTS:
        raise InputError(f"strokes: give at most {MOST_POINTS:,} points")
    return [[(x, y) for x, y in stroke.tolist()] for stroke in strokes]


def picture_of(value: object) -> np.ndarray:
    """Return the picture in {"shape": [H, W] or [H, W, 3 or 4], "data": base64 of uint8}."""
    if not isinstance(value, dict) or not isinstance(value.get("shape"), list):
        raise InputError('picture: give an object with "shape" and "data"')
    shape = [whole(n, "picture: shape", 1, MOST_SIDE) for n in value["shape"]]
    try:
        data = base64.b64decode(value.get("data", ""), validate=True)
    except (ValueError, TypeError, binascii.Error):
        raise InputError("picture: data must be base64") from None
    if len(shape) not in (2, 3) or len(data) != math.prod(shape):
        raise InputError(f"picture: {len(data):,} bytes do not fit the shape {shape}")
    return np.frombuffer(data, np.uint8).reshape(shape)
