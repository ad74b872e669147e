"""Pen strokes made into a picture: what the page draws, and what tests replay. NumPy only.

    picture = rasterise([[(0.2, 0.3), (0.8, 0.3), (0.5, 0.9)]])    # a 7 on the unit square

A stroke is a list of points (x, y), x to the right and y down, in shares of the canvas's side.
"""

from collections.abc import Sequence

import numpy as np

SIZE = 112  # pixels of the picture's side: four for each of the network's
THICKNESS = 0.08  # of the pen, in shares of the canvas's side
PEN = (0.10, 0.14)  # MNIST's pens, in shares of the larger side of the ink's box

Strokes = Sequence[Sequence[tuple[float, float]]]


def rasterise(strokes: Strokes, thickness: float = THICKNESS, size: int = SIZE) -> np.ndarray:
    """Return the picture of the strokes, float32 (size, size) in [0, 1], ink light on 0.

    The pen is round and ``thickness`` wide; its edge is one pixel soft. What lies outside the
    unit square is not seen.
    """
    picture = np.zeros((size, size), np.float32)
    radius = thickness * size / 2
    reach = radius + 0.5
    centres = np.arange(size, dtype=np.float32) + 0.5
    for stroke in strokes:
        points = _thinned(np.asarray(stroke, np.float32).reshape(-1, 2) * size)
        for start, end in zip(points, np.concatenate([points[1:], points[-1:]]), strict=True):
            low = np.clip(np.floor(np.minimum(start, end) - reach), 0, size).astype(int)
            high = np.clip(np.ceil(np.maximum(start, end) + reach), 0, size).astype(int)
            x, y = centres[None, low[0] : high[0]], centres[low[1] : high[1], None]
            distance = _distance(x, y, start, end)
            there = picture[low[1] : high[1], low[0] : high[0]]
            np.maximum(there, np.clip(reach - distance, 0, 1), out=there)
    return picture


def pen_of(strokes: Strokes, thickness: float) -> float:
    """Return ``thickness``, or where MNIST has no such pen for a digit of this size, the nearest.

    A small digit drawn with a wide pen would come out of the preparation as a blot.
    """
    points = np.concatenate([np.asarray(stroke, np.float32).reshape(-1, 2) for stroke in strokes])
    side = np.ptp(points, axis=0).max()  # between the pen's middles: the box is a pen wider
    narrowest, widest = (side * share / (1 - share) for share in PEN)
    return float(np.clip(thickness, narrowest, widest)) if side > thickness / 4 else thickness


def _thinned(points: np.ndarray) -> np.ndarray:
    """Leave out points less than a pixel from the last one that stays; the ends stay."""
    kept = [points[0]]
    for point in points[1:]:
        if np.abs(point - kept[-1]).max() >= 1:
            kept.append(point)
    if len(points) > 1 and kept[-1] is not points[-1]:
        kept.append(points[-1])
    return np.array(kept)


def _distance(x: np.ndarray, y: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the distance of every (x, y) from the straight line between two points."""
    along = end - start
    length = float(along @ along)
    x, y = x - start[0], y - start[1]
    t = np.clip((x * along[0] + y * along[1]) / length, 0, 1) if length else 0
    return np.hypot(x - t * along[0], y - t * along[1])
