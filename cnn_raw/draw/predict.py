"""Which digit is on a picture: read the file, prepare it, ask the network.

cnn-raw predict RUN three.png photo.jpg

It recognises 99.6 % of our own drawings; a trial on 3,498 pen-drawn digits by 14 strangers gave 94
to 95 % (the set is not included).
"""

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from cnn_raw import InputError
from cnn_raw.cnn import Weights, model
from cnn_raw.draw.photo import prepare_picture
from cnn_raw.draw.prepare import SIZE, warning_of

MOST_PIXELS = 50_000_000  # a larger picture is refused before it is decoded
_SIDE = 2048  # pixels: a larger picture is reduced to this at once, to save memory
_FORMATS = ("PNG", "JPEG", "BMP", "GIF")


class Prediction(NamedTuple):
    """What the network says of one picture, or why it could not be asked."""

    name: str  # the file
    digit: int | None = None  # the most probable one; None if the picture is empty or unreadable
    probabilities: list[float] | None = None  # of the digits 0 to 9
    error: str | None = None
    warning: str | None = None  # "tooMuchInk" or "severalDigits": it may not be one digit


def read_picture(path: str | Path, side: int | None = None) -> np.ndarray:
    """Return the picture in a PNG, JPEG, BMP or GIF file (its first frame), upright.

    uint8 (H, W, 3), or (H, W, 4) where something is transparent. Raises InputError if the file is
    none of these, damaged, holds more than ``MOST_PIXELS``, or is not ``side`` x ``side``.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise InputError("reading pictures needs Pillow: pip install 'cnn-raw[predict]'") from None

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: {'not a file' if path.exists() else 'no such file'}")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks; what cannot be used is an error here
        try:
            image: Image.Image = Image.open(file, formats=_FORMATS)
        except Image.DecompressionBombError:
            raise InputError(f"{path}: too large; at most {MOST_PIXELS:,} pixels") from None
        except UnidentifiedImageError:
            raise InputError(
                f"{path}: not a picture that can be read; give a PNG, JPEG, BMP or GIF file"
            ) from None
        except Exception as error:  # a damaged head: Pillow's readers raise many kinds
            raise InputError(f"{path}: damaged picture ({error})") from None
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise InputError(
                f"{path}: {width:,} x {height:,} is too large; at most {MOST_PIXELS:,} pixels"
            )
        if side and image.size != (side, side):
            raise InputError(f"{path}: {width} x {height} pixels; --raw takes {side} x {side}")
        if width * height == 0:
            raise InputError(f"{path}: the picture has no pixels ({width} x {height})")
        try:
            image.load()
            image = ImageOps.exif_transpose(image)  # as the camera was held
            if image.mode.startswith("I"):  # 16 bits of grey
                image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
            return np.asarray(image.reduce(-(-max(image.size) // _SIDE)))
        except Exception as error:
            raise InputError(f"{path}: damaged picture ({error})") from None


def as_it_is(picture: np.ndarray) -> np.ndarray:
    """Return a 28x28 picture of light ink on black, uint8 (28, 28, 3 or 4), as float32 (28, 28).

    Colours become grey by their luminance (ITU-R BT.601); what is transparent is black.
    """
    colours = picture.astype(np.float32) * np.float32(1 / 255)
    grey = colours[:, :, :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    return grey * colours[:, :, 3] if picture.shape[2] == 4 else grey


def probabilities_of(weights: Weights, images: np.ndarray) -> np.ndarray:
    """Return the probabilities of the ten digits, float32 (N, 10), of float32 (N, 28, 28)."""
    X = tf.constant(images, tf.float32)[..., None]
    return tf.nn.softmax(model(X, *weights, 1.0, 1.0)).numpy()


def predict_files(
    weights: Weights, paths: Iterable[str | Path], raw: bool = False
) -> Iterator[Prediction]:
    """Yield a ``Prediction`` for each file in turn; one that cannot be read does not end it."""
    for path in paths:
        try:
            picture = read_picture(path, SIZE if raw else None)
            prepared = None if raw else prepare_picture(picture)
            image = prepared.image if prepared else as_it_is(picture)
        except (InputError, OSError) as error:
            yield Prediction(str(path), error=str(error))
            continue
        if image.min() == image.max():
            yield Prediction(str(path))
            continue
        (probabilities,) = probabilities_of(weights, image[None])
        warning = warning_of(prepared) if prepared else None
        digit = int(probabilities.argmax())
        yield Prediction(str(path), digit, probabilities.tolist(), warning=warning)
