"""The digit that a request is about: drawn, one of MNIST's test images, or a picture.

``source`` is {"strokes": [[[x, y], ...], ...], "thickness": t}, {"test": i}, or {"picture":
{"shape", "data"}} (``messages.picture_of``). ``steps`` says which steps of the preparation are on:
"prepare" (or the canvas is only shrunk), "pen", "box", "center"; what it leaves out is on.
"""

from typing import NamedTuple

import numpy as np

from cnn_raw import InputError
from cnn_raw.draw.messages import number, picture_of, strokes_of, whole
from cnn_raw.draw.prepare import BOX, Prepared, box_of, prepare_ink, warning_of
from cnn_raw.draw.prepare import SIZE as SIDE
from cnn_raw.draw.strokes import SIZE, THICKNESS, fit, rasterise
from cnn_raw.input_data import DataSet


class Steps(NamedTuple):
    """Which steps of the preparation are on."""

    prepare: bool = True
    pen: bool = True
    box: bool = True
    center: bool = True


class Digit(NamedTuple):
    """What was asked for."""

    raw: np.ndarray  # float32 (H, W) in [0, 1], ink light: as it was drawn
    prepared: Prepared
    label: int | None  # of a test image
    warning: str | None  # the page's name for it


def digit_of(source: object, steps: object, test: DataSet) -> Digit:
    """Return the digit of a ``source``, prepared. ``test``: one-hot. Raises InputError."""
    if not isinstance(source, dict):
        raise InputError("source: give an object")
    on = _steps(steps)
    if "test" in source:
        i = whole(source["test"], "test", 0, test.num_examples - 1)
        raw = test.images[i].reshape(SIDE, SIDE)
        prepared = _prepared(raw, on)
        if on.box and on.center:
            prepared = prepared._replace(image=raw)  # MNIST's authors have prepared it
        return Digit(raw, prepared, int(np.argmax(test.labels[i])), None)
    if "picture" in source:
        from cnn_raw.draw.photo import prepare_picture

        prepared = prepare_picture(picture_of(source["picture"]))
        return Digit(prepared.ink, prepared, None, warning_of(prepared))
    strokes = strokes_of(source.get("strokes"))
    thickness = number(source.get("thickness", THICKNESS), "thickness", 0.005, 0.3)
    raw = rasterise(strokes, thickness)
    fitted = on.prepare and on.pen
    prepared = _prepared(rasterise(*fit(strokes, thickness)) if fitted else raw, on)
    return Digit(raw, prepared, None, warning_of(prepared))


def _steps(steps: object) -> Steps:
    if steps is not None and not isinstance(steps, dict):
        raise InputError("steps: give an object")
    on = Steps(*((steps or {}).get(name, True) for name in Steps._fields))
    if not all(isinstance(value, bool) for value in on):
        raise InputError("steps: give true or false for each")
    return on


def _prepared(ink: np.ndarray, on: Steps) -> Prepared:
    if not on.prepare:
        return _shrunk(ink)
    box = box_of(ink)
    if box and not on.box:
        box = (0, 0, *ink.shape)
    return prepare_ink(ink, box, center=on.center)


def _shrunk(picture: np.ndarray) -> Prepared:
    """Return ``picture`` reduced to 28x28 by area, and nothing else done to it."""
    block = len(picture) // SIDE
    image = picture.reshape(SIDE, block, SIDE, block).mean(axis=(1, 3), dtype=np.float32)
    margin = (SIDE - BOX) // 2
    small = image[margin : margin + BOX, margin : margin + BOX]
    box = (0, 0, *picture.shape) if picture.any() else None
    return Prepared(picture, box, small, image, (0, 0))


assert SIZE % SIDE == 0  # ``_shrunk`` takes whole blocks
