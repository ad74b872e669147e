"""The ink in a photograph, a scan or a drawing program's picture. NumPy only.

    prepared = prepare_picture(picture)    # uint8 or float in [0, 1]; (H, W), (H, W, 3 or 4)

What the paper looks like is read off the picture's border; ink is what differs from it, so that
dark on light and light on dark come out the same. Where that finds nothing, or more than a
digit, the light is uneven or there is a desk: then the paper is looked for around each pixel.
"""

import numpy as np

from cnn_raw import InputError
from cnn_raw.draw.prepare import EDGE, Box, Prepared, prepare_ink

_FAINTEST = 0.06  # ink differs from the paper by this much (1 = from black to white) ...
_NOISE = 5  # ... and by this many standard deviations of the paper's noise
_SPECK = 0.05  # of the heaviest piece of ink: what is lighter is dirt
_PAPER = 0.4  # of the shorter side: what is narrower may be ink, and is paper underneath
_PHOTO = 100  # pixels of the shorter side: a smaller picture is no photograph
_STROKE = 0.3  # of the longer side: no stroke is as wide
_MOST = 0.6  # of the picture: what has a larger box is no digit
_LOOK = 512  # pixels: the box is looked for in a picture reduced to this


def prepare_picture(picture: np.ndarray) -> Prepared:
    """Find the ink in ``picture``, and make it an image like MNIST's.

    ``picture``: uint8, or float in [0, 1]; (H, W) grey, (H, W, 3) colour or (H, W, 4) with alpha.
    Raises InputError if it is something else.
    """
    colours = _colours(picture)
    ink, box = find_ink(colours)
    if min(ink.shape) >= _PHOTO and (box is None or _doubtful(ink, box)):
        local_ink, local_box = find_ink_locally(colours)
        if local_box is not None:
            ink, box = local_ink, local_box
    return prepare_ink(ink, box)


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
        paper = np.full(3, mean < 0.5, np.float32)
    return (colours * alpha + paper * (1 - alpha)).astype(np.float32)


def _border(values: np.ndarray) -> np.ndarray:
    """Return the outermost pixels of (H, W, C) as (N, C)."""
    edges = values[0], values[-1], values[1:-1, 0], values[1:-1, -1]
    return np.concatenate(edges)


def find_ink(colours: np.ndarray) -> tuple[np.ndarray, Box | None]:
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
    pieces = grey > max(floor, EDGE * grey.max())
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


def _doubtful(ink: np.ndarray, box: Box) -> bool:
    """Return whether what was found may be a shadow, or paper on a desk.

    A part of it is wider than a stroke, and it is at the border of the picture, or large.
    """
    (top, left, bottom, right), (height, width) = box, ink.shape
    at_border = top == 0 or left == 0 or bottom == height or right == width
    if not at_border and (bottom - top) * (right - left) < _MOST * height * width:
        return False
    block = -(-max(height, width) // 100)  # fine enough for this
    inked = (ink[::block, ::block] > EDGE).astype(np.int8)
    return bool(_running_min(inked, round(_STROKE * max(inked.shape))).any())


def find_ink_locally(colours: np.ndarray) -> tuple[np.ndarray, Box | None]:
    """Return what ``find_ink`` does, for paper in uneven light, or not filling the picture.

    The paper around each pixel is a morphological closing of the picture (for light ink, an
    opening): it follows a shadow's edge, and the edge of the paper. What touches the border of the
    picture is no ink.
    """
    height, width, _ = colours.shape
    block = -(-max(height, width) // _LOOK)
    grey = _running_mean(_block_means(colours, block).mean(axis=2))
    dark, light = _dark_ink(grey), _dark_ink(-grey)
    ink, box, stands_out = max(dark, light, key=lambda found: found[2])
    full = ink.repeat(block, 0).repeat(block, 1)[:height, :width]
    if box is None or stands_out < _FAINTEST:
        return np.zeros_like(full), None
    top, left, bottom, right = (n * block for n in box)
    return full, (top, left, min(bottom, height), min(right, width))


def _dark_ink(grey: np.ndarray) -> tuple[np.ndarray, Box | None, float]:
    """Return ink darker than the paper around it, its box, and how much it stands out."""
    size = round(_PAPER * min(grey.shape))
    difference = _running_min(_running_max(grey, size), size) - grey
    usual = np.median(difference)
    floor = usual + _NOISE * 1.4826 * np.median(np.abs(difference - usual))
    nothing = np.zeros_like(grey), None, -1.0
    if difference.max() < max(_FAINTEST, floor):
        return nothing
    mask = difference > max(floor, EDGE * difference.max())
    roots = _roots(mask)
    mask &= ~np.isin(roots, np.unique(_border(roots[:, :, None])[_border(mask[:, :, None])]))
    mask &= ~_specks(mask, difference)
    if not mask.any():
        return nothing
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
    ink = np.clip((difference - floor) / (difference[mask].max() - floor), 0, 1) * mask
    return ink.astype(np.float32), box, float(_around(grey, box) - grey[mask].mean())


def _around(grey: np.ndarray, box: Box) -> float:
    """Return the grey that three quarters of the pixels just outside of ``box`` exceed."""
    top, left, bottom, right = box
    wide = 1 + max(bottom - top, right - left) // 4
    outside = np.ones(grey.shape, bool)
    outside[top:bottom, left:right] = False
    near = np.s_[max(0, top - wide) : bottom + wide, max(0, left - wide) : right + wide]
    return np.percentile(grey[near][outside[near]], 25)


def _running_mean(grey: np.ndarray) -> np.ndarray:
    """Return the mean of 3 x 3 pixels around each."""
    padded = np.pad(grey, 1, mode="edge")
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9


def _running_max(values: np.ndarray, size: int) -> np.ndarray:
    """Return the maximum of ``size`` x ``size`` (made odd) pixels around each; edges go on."""
    reach = size // 2
    for _ in range(2):
        values = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
        covered = 1
        while covered < 2 * reach + 1:  # a window twice as large from two of them
            step = min(covered, 2 * reach + 1 - covered)
            values = np.maximum(values[:-step], values[step:])
            covered += step
        values = values.T
    return values


def _running_min(values: np.ndarray, size: int) -> np.ndarray:
    return -_running_max(-values, size)


def _block_means(colours: np.ndarray, block: int) -> np.ndarray:
    """Return the means of blocks of ``block`` x ``block`` pixels; the last ones may be cut."""
    if block == 1:
        return colours
    height, width, _ = colours.shape
    rows, columns = np.arange(0, height, block), np.arange(0, width, block)
    sums = np.add.reduceat(np.add.reduceat(colours, rows, axis=0), columns, axis=1)
    heights, widths = np.diff(rows, append=height), np.diff(columns, append=width)
    return sums / (heights[:, None] * widths)[:, :, None].astype(np.float32)


def _fit_plane(colours: np.ndarray) -> np.ndarray:
    """Return the light on the paper, (3, C): the plane through the border, but for ink on it."""
    terms = _border(_plane(np.eye(3, dtype=np.float32), *colours.shape[:2]))
    values = _border(colours)
    plane = np.zeros((3, values.shape[1]), np.float32)
    plane[0] = np.median(values, axis=0)
    for _ in range(2):  # the second time, what is ink is known better
        error = np.abs(values - terms @ plane).max(1)
        near = error <= 4 * np.median(error)
        plane = np.linalg.lstsq(terms[near], values[near], rcond=None)[0]
    return plane


def _plane(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return 1, y and x of every pixel times ``plane``, (H, W, C); y and x go from -1 to 1."""
    y = (np.arange(height, dtype=np.float32) + 0.5) / height * 2 - 1
    x = (np.arange(width, dtype=np.float32) + 0.5) / width * 2 - 1
    return (plane[0] + y[:, None] * plane[1])[:, None] + x[:, None] * plane[2]


def _roots(pieces: np.ndarray) -> np.ndarray:
    """Return for each pixel the first one, in reading order, of its piece of the mask."""
    # Each pixel points to one of its piece, at last all to the same: its first in reading order.
    root: np.ndarray = np.arange(pieces.size).reshape(pieces.shape)
    pairs = []
    for a, b in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:-1, :-1], np.s_[1:, 1:]),
        (np.s_[:-1, 1:], np.s_[1:, :-1]),
    ):
        touching = pieces[a] & pieces[b]
        pairs.append((root[a][touching], root[b][touching]))
    here, there = (np.concatenate(ends) for ends in zip(*pairs, strict=True))
    root = root.ravel()
    while (apart := root[here] != root[there]).any():
        here, there = here[apart], there[apart]
        ends = root[here], root[there]
        np.minimum.at(root, np.maximum(*ends), np.minimum(*ends))
        while (root[root] != root).any():
            root = root[root]
    return root.reshape(pieces.shape)


def _specks(pieces: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """Return which pixels of the mask ``pieces`` belong to pieces too light to be a stroke."""
    rows, columns = np.flatnonzero(pieces.any(1)), np.flatnonzero(pieces.any(0))
    specks = np.zeros_like(pieces)
    if rows.size:
        inner = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        root = _roots(pieces[inner]).ravel()
        mass = np.bincount(root, weights=(pieces * grey)[inner].ravel(), minlength=root.size)
        specks[inner] = (mass[root] < _SPECK * mass.max()).reshape(pieces[inner].shape)
    return pieces & specks
