"""Small pictures in plain NumPy, uint8 RGB: grids of filters and of activation maps.

One colour scale for signed numbers everywhere: white is zero, orange positive, blue negative.
The page's style and the notebooks' ``SIGNED`` colormap use the same two ends.
"""

import numpy as np

WHITE = np.array((255, 255, 255))
ORANGE, BLUE = np.array((165, 75, 0)), np.array((5, 80, 160))  # safe for the colour-blind
SIGNED = ["#{:02x}{:02x}{:02x}".format(*colour.tolist()) for colour in (BLUE, WHITE, ORANGE)]


def signed(values: np.ndarray) -> np.ndarray:
    """Return colours, uint8 (..., 3), of ``values``, float (...): white for 0.

    The value of the largest size is fully orange if it is positive, fully blue if negative.
    """
    share = (values / max(np.abs(values).max(), np.finfo(np.float32).tiny))[..., None]
    end = np.where(share > 0, ORANGE, BLUE)
    return np.rint(WHITE + (end - WHITE) * np.abs(share)).astype(np.uint8)


def light(values: np.ndarray) -> np.ndarray:
    """Return greys, uint8 (..., 3): black for 0, white for the largest of ``values`` >= 0."""
    grey = np.rint(values / max(values.max(), np.finfo(np.float32).tiny) * 255).astype(np.uint8)
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
