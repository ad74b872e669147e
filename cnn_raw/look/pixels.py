"""Small pictures in plain NumPy, uint8 RGB: grids of filters and maps, a confusion matrix."""

import numpy as np

_WHITE = np.array([247, 247, 247], np.float32)
_RED = np.array([178, 24, 43], np.float32)  # with the blue, safe for the colour-blind
_BLUE = np.array([33, 102, 172], np.float32)

# The digits in 3x5 dots, a row each.
_FONT = """
 ### .#. ### ### #.# ### ### ### ### ###
 #.# ##. ..# ..# #.# #.. #.. ..# #.# #.#
 #.# .#. ### ### ### ### ### ..# ### ###
 #.# .#. #.. ..# ..# ..# #.# ..# #.# ..#
 ### ### ### ### ..# ### ### ..# ### ###
"""
_DOTS = np.array([[dot == "#" for dot in line.ljust(41)] for line in _FONT.strip("\n").split("\n")])
_DIGITS = [_DOTS[:, 1 + 4 * digit : 4 + 4 * digit] for digit in range(10)]


def signed(values: np.ndarray) -> np.ndarray:
    """Return colours, uint8 (..., 3): white for 0, red for the largest size, blue for minus it."""
    share = values / max(np.abs(values).max(), np.finfo(np.float32).tiny)
    colour = np.where(share[..., None] > 0, _RED, _BLUE)
    return np.uint8(np.rint(_WHITE + (colour - _WHITE) * np.abs(share)[..., None]))


def light(values: np.ndarray) -> np.ndarray:
    """Return greys, uint8 (..., 3): black for 0, white for the largest of values >= 0."""
    grey = np.uint8(np.rint(values / max(values.max(), np.finfo(np.float32).tiny) * 255))
    return np.repeat(grey[..., None], 3, axis=-1)


def grid(pictures: np.ndarray, columns: int, zoom: int) -> np.ndarray:
    """Return (N, H, W, 3) pictures side by side, each pixel ``zoom`` pixels wide, with gaps."""
    gap = 4
    pictures = pictures.repeat(zoom, axis=1).repeat(zoom, axis=2)
    count, height, width, _ = pictures.shape
    height, width = height + gap, width + gap
    rows = -(-count // columns)
    sheet = np.full((rows * height + gap, columns * width + gap, 3), 128, np.uint8)
    for i, picture in enumerate(pictures):
        top, left = i // columns * height + gap, i % columns * width + gap
        sheet[top : top + height - gap, left : left + width - gap] = picture
    return sheet


def confusion_picture(confusion: np.ndarray) -> np.ndarray:
    """Return the (10, 10) counts as a table, the darker the larger the share of the row.

    Rows are the true digits, columns the predicted ones; both are named at the edges, in red.
    """
    cell = 44
    sheet = np.full((11 * cell, 11 * cell, 3), 255, np.uint8)
    for i in range(10):
        _write(sheet, str(i), (i + 1, 0), cell, _RED, zoom=4)
        _write(sheet, str(i), (0, i + 1), cell, _RED, zoom=4)
        for j in range(10):
            share = (confusion[i, j] / max(confusion[i].sum(), 1)) ** 0.5  # single ones are seen
            top, left = (i + 1) * cell, (j + 1) * cell
            colour = np.rint(_WHITE + (_BLUE - _WHITE) * share)
            sheet[top + 1 : top + cell, left + 1 : left + cell] = colour
            if confusion[i, j]:
                ink = _WHITE if share > 0.5 else 0 * _WHITE
                _write(sheet, str(confusion[i, j]), (i + 1, j + 1), cell, ink, zoom=3)
    return sheet


def _write(
    sheet: np.ndarray, text: str, place: tuple[int, int], cell: int, ink: np.ndarray, zoom: int
) -> None:
    """Write digits into the middle of the cell in row and column ``place``."""
    gap = np.zeros((5, 1), bool)
    dots = np.hstack([piece for digit in text for piece in (_DIGITS[int(digit)], gap)])[:, :-1]
    dots = dots.repeat(zoom, axis=0).repeat(zoom, axis=1)
    top = place[0] * cell + (cell - dots.shape[0]) // 2
    left = place[1] * cell + (cell - dots.shape[1]) // 2
    sheet[top : top + dots.shape[0], left : left + dots.shape[1]][dots] = ink
