"""A picture of a digit, made into an image like MNIST's own. NumPy only.

MNIST's authors put each digit's bounding box, made square, into 20x20 pixels, and moved that inside
28x28 pixels so that the centre of mass lies in the middle (Y. LeCun, C. Cortes, C. J. C. Burges,
"The MNIST database of handwritten digits"). A network that has seen nothing else needs the same
of a new picture::

    prepared = prepare(picture)      # uint8 or float in [0, 1]; (H, W), (H, W, 3) or (H, W, 4)
    prepared.image                   # float32 (28, 28) in [0, 1], as the network takes it

What the paper looks like is read off the picture's border; ink is what differs from it, so that
dark on light and light on dark come out the same. A digit of MNIST comes out as it went in.
"""

from typing import NamedTuple

import numpy as np

from cnn_raw import InputError

SIZE = 28  # pixels of an image's side
BOX = 20  # pixels of the box's side in it
MIDDLE = 14  # where MNIST has the centre of mass, in pixels counted from 0: |error| <= 0.5

_FAINTEST = 0.06  # ink differs from the paper by this much (1 = from black to white) ...
_NOISE = 5  # ... and by this many standard deviations of the paper's noise
_EDGE = 0.2  # of the strongest ink: what is weaker does not widen the box
_SPECK = 0.05  # of the heaviest piece of ink: what is lighter is dirt
_LOOK = 512  # pixels: the box is looked for in a picture reduced to this


class Prepared(NamedTuple):
    """Each stage of the preparation. Ink is light: 0 is paper, 1 the strongest ink."""

    ink: np.ndarray  # float32 (H, W): the picture as ink on paper
    box: tuple[int, int, int, int] | None  # ink's top, left, bottom, right (ends exclusive)
    small: np.ndarray  # float32 (20, 20): the box, made square and reduced
    image: np.ndarray  # float32 (28, 28): ``small`` with its centre of mass in the middle
    shift: tuple[int, int]  # whole pixels (down, right) by which that moved it from the middle


def prepare(picture: np.ndarray, *, find_box: bool = True, center: bool = True) -> Prepared:
    """Make ``picture`` an image like MNIST's, and keep every stage of it.

    ``picture``: uint8, or float in [0, 1]; (H, W) grey, (H, W, 3) colour or (H, W, 4) with alpha.
    Without ``find_box`` the whole picture is taken for the ink's box; without ``center`` the 20x20
    pixels stay in the middle of the 28x28. Where there is no ink, ``box`` is None, and ``small``
    and ``image`` are zeros. Raises InputError if ``picture`` is something else.
    """
    ink, found = _ink_and_box(_colours(picture))
    small = np.zeros((BOX, BOX), np.float32)
    image = np.zeros((SIZE, SIZE), np.float32)
    if found is None:
        return Prepared(ink, None, small, image, (0, 0))
    box = found if find_box else (0, 0, *ink.shape)
    small = _square(ink, box)
    margin = (SIZE - BOX) // 2
    shift = _shift(small, margin) if center else (0, 0)
    top, left = margin + shift[0], margin + shift[1]
    image[top : top + BOX, left : left + BOX] = small
    return Prepared(ink, box, small, image, shift)


def _colours(picture: np.ndarray) -> np.ndarray:
    """Return float32 (H, W, 1 or 3) in [0, 1]; what is transparent shows paper."""
    if picture.ndim not in (2, 3) or picture.shape[2:] not in ((), (1,), (3,), (4,)):
        raise InputError(f"picture of shape {picture.shape}: give (H, W), (H, W, 3) or (H, W, 4)")
    if picture.size == 0:
        raise InputError(f"picture of shape {picture.shape}: it has no pixels")
    if picture.dtype == np.uint8:
        values = picture * np.float32(1 / 255)  # as the training images were scaled
    elif np.issubdtype(picture.dtype, np.floating):
        values = picture.astype(np.float32)
        if not (values.min() >= 0 and values.max() <= 1):  # NaN is neither
            raise InputError("picture of floats: give values from 0 to 1")
    else:
        raise InputError(f"picture of {picture.dtype}: give uint8, or floats from 0 to 1")
    if values.ndim == 2:
        return values[:, :, None]
    if values.shape[2] < 4:
        return values
    colours, alpha = values[:, :, :3], values[:, :, 3:]
    if alpha.min() == 1:
        return colours
    weight = _border(alpha)
    if np.median(weight) > 0.5:  # opaque paper with holes: they show more of it
        paper = np.average(_border(colours), axis=0, weights=weight[:, 0])
    else:  # ink on nothing: lay it on whichever of black and white it differs from
        total = alpha.sum()
        mean = (colours * alpha).sum() / (3 * total) if total else 0
        paper = np.float32(mean < 0.5)
    return (colours * alpha + paper * (1 - alpha)).astype(np.float32)


def _border(values: np.ndarray) -> np.ndarray:
    """Return the outermost pixels of (H, W, C) as (N, C)."""
    edges = values[0], values[-1], values[1:-1, 0], values[1:-1, -1]
    return np.concatenate(edges)


def _ink_and_box(colours: np.ndarray) -> tuple[np.ndarray, tuple[int, int, int, int] | None]:
    """Return ink in [0, 1], float32 (H, W), and its box, or zeros and None if there is none."""
    height, width, _ = colours.shape
    block = -(-max(height, width) // _LOOK)
    reduced = _block_means(colours, block)  # less noise, and quick to look through
    paper = _fit_plane(reduced)
    difference = reduced - _plane(paper, *reduced.shape[:2])

    # Grey runs along the colour in which most differs from paper: white to black has length 1.
    # Its sign makes ink positive.
    channels = colours.shape[2]
    spread = np.einsum("hwi,hwj->ij", difference, difference, dtype=np.float64)
    direction = (np.linalg.eigh(spread)[1][:, -1] / np.sqrt(channels)).astype(np.float32)
    grey = difference @ direction
    if np.sum(np.where(grey > 0, grey, 0) ** 2) < np.sum(np.where(grey < 0, grey, 0) ** 2):
        grey, direction = -grey, -direction

    noise = 1.4826 * np.median(np.abs(_border(grey[:, :, None])))
    if grey.max() < max(_FAINTEST, _NOISE * noise):
        return np.zeros((height, width), np.float32), None
    floor = _NOISE * noise
    pieces = grey > max(floor, _EDGE * grey.max())
    specks = _specks(pieces, grey)
    pieces &= ~specks
    strongest = grey[pieces].max()

    rows, columns = np.flatnonzero(pieces.any(1)), np.flatnonzero(pieces.any(0))
    box = (
        int(rows[0]) * block,
        int(columns[0]) * block,
        min(int(rows[-1] + 1) * block, height),
        min(int(columns[-1] + 1) * block, width),
    )
    ink = (colours - _plane(paper, height, width)) @ direction
    ink = np.clip((ink - floor) / (strongest - floor), 0, 1)
    ink[specks.repeat(block, 0).repeat(block, 1)[:height, :width]] = 0
    return ink, box


def _block_means(colours: np.ndarray, block: int) -> np.ndarray:
    """Return the means of blocks of ``block`` x ``block`` pixels; the last ones may be cut."""
    if block == 1:
        return colours
    height, width, _ = colours.shape
    rows, columns = np.arange(0, height, block), np.arange(0, width, block)
    sums = np.add.reduceat(np.add.reduceat(colours, rows, axis=0), columns, axis=1)
    heights, widths = np.diff(rows, append=height), np.diff(columns, append=width)
    return sums / (heights[:, None] * widths)[:, :, None].astype(np.float32)


def _plane_terms(height: int, width: int) -> np.ndarray:
    """Return 1, y and x of every pixel, float32 (H, W, 3); y and x go from -1 to 1."""
    y = (np.arange(height, dtype=np.float32) + 0.5) / height * 2 - 1
    x = (np.arange(width, dtype=np.float32) + 0.5) / width * 2 - 1
    y, x = np.meshgrid(y, x, indexing="ij")
    return np.stack([np.ones_like(y), y, x], axis=2)


def _fit_plane(colours: np.ndarray) -> np.ndarray:
    """Return the light on the paper, (3, C): the plane through the border, but for ink on it."""
    terms, values = _border(_plane_terms(*colours.shape[:2])), _border(colours)
    plane = np.zeros((3, values.shape[1]), np.float32)
    plane[0] = np.median(values, axis=0)
    for _ in range(2):  # the second time, what is ink is known better
        error = np.abs(values - terms @ plane).max(1)
        near = error <= 4 * np.median(error)
        plane = np.linalg.lstsq(terms[near], values[near], rcond=None)[0]
    return plane


def _plane(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    return _plane_terms(height, width) @ plane


def _specks(pieces: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """Return which pixels of the mask ``pieces`` belong to pieces too light to be a stroke."""
    # Each pixel points to one of its piece, at last all to the same: its first in reading order.
    root = np.arange(pieces.size).reshape(pieces.shape)
    here, there = [], []
    for a, b in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:-1, :-1], np.s_[1:, 1:]),
        (np.s_[:-1, 1:], np.s_[1:, :-1]),
    ):
        touching = pieces[a] & pieces[b]
        here.append(root[a][touching])
        there.append(root[b][touching])
    here, there, root = np.concatenate(here), np.concatenate(there), root.ravel()
    while (apart := root[here] != root[there]).any():
        here, there = here[apart], there[apart]
        ends = root[here], root[there]
        np.minimum.at(root, np.maximum(*ends), np.minimum(*ends))
        while (root[root] != root).any():
            root = root[root]
    mass = np.bincount(root, weights=(pieces * grey).ravel(), minlength=root.size)
    return pieces & (mass[root] < _SPECK * mass.max()).reshape(pieces.shape)


def _square(ink: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Return the box made square and reduced to float32 (20, 20), the ink as strong as before."""
    top, left, bottom, right = box
    scale = max(bottom - top, right - left) / BOX  # pixels of the picture to one of the result
    small = (
        _shares(ink.shape[0], top, bottom, scale)
        @ ink
        @ _shares(ink.shape[1], left, right, scale).T
    )
    inked = small[small > _EDGE]
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
    return (np.clip(overlap, 0, None) / scale).astype(np.float32)


def _shift(small: np.ndarray, margin: int) -> tuple[int, int]:
    """Return the whole pixels (down, right) that bring the centre of mass to the middle.

    ``small`` lies ``margin`` pixels from the top and the left. It never leaves the 28x28 pixels.
    """
    total = small.sum(dtype=np.float64)
    if total == 0:
        return 0, 0
    pixel = np.arange(BOX) + margin
    centre = (small.sum(1) @ pixel / total, small.sum(0) @ pixel / total)
    down, right = (int(np.clip(round(MIDDLE - c), -margin, margin)) for c in centre)
    return down, right
