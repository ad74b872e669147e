"""Ink made into an image like MNIST's own. NumPy only.

MNIST's authors put each digit's bounding box, made square, into 20x20 pixels, and moved that inside
28x28 pixels so that the centre of mass lies in the middle (Y. LeCun, C. Cortes, C. J. C. Burges,
"The MNIST database of handwritten digits"). A network that has seen nothing else needs the same
of a new digit::

    ink = rasterise(strokes)                       # float32 in [0, 1]: 0 is paper
    prepared = prepare_ink(ink, box_of(ink))
    prepared = prepare_picture(photo)              # photo.py: finds the ink and its box first
    prepared.image                                 # float32 (28, 28), as the network takes it
    warning_of(prepared)                           # "tooMuchInk", "severalDigits" or None

A digit of MNIST comes out as it went in.
"""

from typing import NamedTuple

import numpy as np

SIZE = 28  # pixels of an image's side
BOX = 20  # pixels of the box's side in it
MIDDLE = 14  # where MNIST has the centre of mass, in pixels counted from 0: |error| <= 0.5
EDGE = 0.2  # of the strongest ink: what is weaker does not widen the box
MOST_INK = 0.4  # mean of an image; of MNIST's 70,000 the largest is 0.398
DIGIT = 0.4  # of the height of all ink: two separate parts as high as this are two digits

Box = tuple[int, int, int, int]  # top, left, bottom, right in pixels, ends exclusive


class Prepared(NamedTuple):
    """Each stage of the preparation. Ink is light: 0 is paper, 1 the strongest ink."""

    ink: np.ndarray  # float32 (H, W): what was drawn, as ink on paper
    box: Box | None  # of the ink; None if there is none
    small: np.ndarray  # float32 (20, 20): the box, made square and reduced
    image: np.ndarray  # float32 (28, 28): ``small`` with its centre of mass in the middle
    shift: tuple[int, int]  # whole pixels (down, right) by which that moved it from the middle


def prepare_ink(ink: np.ndarray, box: Box | None, *, center: bool = True) -> Prepared:
    """Make an image like MNIST's of the ``box`` of ``ink``, and keep every stage of it.

    ``ink``: float32 (H, W) in [0, 1]. Without ``center`` the 20x20 pixels stay in the middle of
    the 28x28. With no box (no ink) ``small`` and ``image`` are zeros.
    """
    small = np.zeros((BOX, BOX), np.float32)
    image = np.zeros((SIZE, SIZE), np.float32)
    if box is None:
        return Prepared(ink, None, small, image, (0, 0))
    small = _square(ink, box)
    margin = (SIZE - BOX) // 2
    shift = _shift(small, margin) if center else (0, 0)
    top, left = margin + shift[0], margin + shift[1]
    image[top : top + BOX, left : left + BOX] = small
    return Prepared(ink, box, small, image, shift)


def warning_of(prepared: Prepared) -> str | None:
    """Return why it may not be one digit, by the page's name for it; None if it may.

    "tooMuchInk": the image has more ink than any of MNIST's digits. "severalDigits": see there.
    """
    if several_digits(prepared):
        return "severalDigits"
    return "tooMuchInk" if prepared.image.mean() > MOST_INK else None


def several_digits(prepared: Prepared) -> bool:
    """Return whether empty rows or columns part the ink in two, each as high as a digit."""
    if prepared.box is None:
        return False
    top, left, bottom, right = prepared.box
    inked = np.greater(prepared.ink[top:bottom, left:right], EDGE)
    for axis in (0, 1):
        full = inked.any(axis=1 - axis)
        for end in np.flatnonzero(full[:-1] & ~full[1:]) + 1:
            heights = [
                np.ptp(np.nonzero(p)[0]) + 1 for p in np.split(inked, [end], axis) if p.any()
            ]
            if len(heights) == 2 and min(heights) >= DIGIT * (bottom - top):
                return True
    return False


def box_of(ink: np.ndarray) -> Box | None:
    """Return the box of what is more than ``EDGE`` of the strongest ink; None if all is zero."""
    inked = ink > EDGE * ink.max()
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    if not rows.size:
        return None
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _square(ink: np.ndarray, box: Box) -> np.ndarray:
    """Return the box made square and reduced to float32 (20, 20), the ink as strong as before."""
    top, left, bottom, right = box
    scale = max(bottom - top, right - left) / BOX  # pixels of the picture to one of the result
    small = (
        _shares(ink.shape[0], top, bottom, scale)
        @ ink.astype(np.float64)
        @ _shares(ink.shape[1], left, right, scale).T
    )
    inked = small[small > EDGE]
    if inked.size:  # thin strokes have been averaged with paper
        small = np.clip(small / np.percentile(inked, 85), 0, 1)
    return small.astype(np.float32)


def _shares(length: int, start: int, end: int, scale: float) -> np.ndarray:
    """Return (20, length): the share of each of ``length`` pixels in each of 20, by area.

    ``start`` falls on a pixel's edge, so that a stroke's straight side stays sharp.
    """
    before = (BOX - int(np.ceil((end - start) / scale - 1e-6))) // 2
    edges = start + (np.arange(BOX + 1) - before) * scale
    low, high = edges[:-1, None], edges[1:, None]
    pixel = np.arange(length)
    overlap = np.minimum(high, pixel + 1) - np.maximum(low, pixel)
    return np.clip(overlap, 0, None) / scale


def _shift(small: np.ndarray, margin: int) -> tuple[int, int]:
    """Return the whole pixels (down, right) that bring the centre of mass to the middle.

    ``small`` lies ``margin`` pixels from the top and the left. It never leaves the 28x28 pixels.
    """
    small = small.astype(np.float64)
    total = small.sum()
    if total == 0:
        return 0, 0
    pixel = np.arange(BOX) + margin
    centre = (small.sum(axis=1) @ pixel / total, small.sum(axis=0) @ pixel / total)
    down, right = (int(np.clip(round(MIDDLE - c), -margin, margin)) for c in centre)
    return down, right
