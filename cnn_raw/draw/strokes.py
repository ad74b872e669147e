"""Pen strokes made into a picture: what the page draws, and what tests replay. NumPy only.

    drawn = rasterise(strokes, 0.08)         # what the canvas shows
    ink = rasterise(*fit(strokes, 0.08))     # what the network is given: large, MNIST's pen

A stroke is a list of points (x, y), x to the right and y down, in shares of the canvas's side.
All sums are float64, and only the picture is float32, so that the page's JavaScript can compute
the same picture.
"""

from collections.abc import Sequence

import numpy as np

SIZE = 112  # pixels of the picture's side: four for each of the network's
THICKNESS = 0.08  # of the pen, in shares of the canvas's side
PEN = 0.10  # MNIST's pen, in shares of the larger side of the digit
FITTED = 80 / 112  # the larger side of a fitted digit, in shares of the canvas's side
SPECK = 0.05  # a stroke shorter than this share of the longest is an accident

Strokes = Sequence[Sequence[tuple[float, float]]]


def rasterise(strokes: Strokes, thickness: float = THICKNESS, size: int = SIZE) -> np.ndarray:
    """Return the picture of the strokes, float32 (size, size) in [0, 1], ink light on 0.

    The pen is round and ``thickness`` wide; its edge is one pixel soft. What lies outside the
    unit square is not seen.
    """
    picture = np.zeros((size, size), np.float32)
    reach = thickness * size / 2 + 0.5
    centres = np.arange(size) + 0.5
    for stroke in strokes:
        points = _thinned(np.asarray(stroke, np.float64).reshape(-1, 2) * size)
        for start, end in zip(points, [*points[1:], points[-1]], strict=True):
            low = np.clip(np.floor(np.minimum(start, end) - reach), 0, size).astype(int)
            high = np.clip(np.ceil(np.maximum(start, end) + reach), 0, size).astype(int)
            x, y = centres[None, low[0] : high[0]], centres[low[1] : high[1], None]
            distance = _distance(x, y, start, end)
            part = picture[low[1] : high[1], low[0] : high[0]]
            np.maximum(part, np.clip(reach - distance, 0, 1), out=part, casting="same_kind")
    return picture


def fit(strokes: Strokes, thickness: float = THICKNESS) -> tuple[Strokes, float]:
    """Return the strokes scaled and moved to fill the canvas's middle, and MNIST's pen for them.

    The larger side of the digit, pen included, becomes ``FITTED`` of the canvas, and the pen
    ``PEN`` of the digit, so that neither the size and place of a drawing nor its pen matter.
    Strokes shorter than ``SPECK`` of the longest are left out. A drawing smaller than a quarter
    of the pen is a dot, and is returned as it is.
    """
    arrays = [np.asarray(stroke, np.float64).reshape(-1, 2) for stroke in strokes]
    lengths = [np.sqrt((np.diff(points, axis=0) ** 2).sum(axis=1)).sum() for points in arrays]
    arrays = [points for points, length in zip(arrays, lengths, strict=True)
              if length >= SPECK * max(lengths)]  # fmt: skip
    points = np.concatenate([*arrays, np.zeros((0, 2))])
    if len(points) == 0 or np.ptp(points, axis=0).max() <= thickness / 4:
        return strokes, thickness
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (1 - PEN) * FITTED / (high - low).max()  # from pen's middle to pen's middle
    fitted = [((points - (low + high) / 2) * scale + 0.5).tolist() for points in arrays]
    return fitted, PEN * FITTED


def _thinned(points: np.ndarray) -> list[np.ndarray]:
    """Leave out points less than a pixel from the last one that stays; the ends stay."""
    kept = [points[0]]
    for point in points[1:-1]:
        if np.abs(point - kept[-1]).max() >= 1:
            kept.append(point)
    return [*kept, points[-1]] if len(points) > 1 else kept


def _distance(x: np.ndarray, y: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the distance of every (x, y) from the straight line between two points."""
    along_x, along_y = end - start
    squared = along_x * along_x + along_y * along_y
    x, y = x - start[0], y - start[1]
    t = np.clip((x * along_x + y * along_y) / squared, 0, 1) if squared else 0
    return np.sqrt((x - t * along_x) ** 2 + (y - t * along_y) ** 2)
