"""Synthetic photographs of digits written with a marker, for the tests of ``predict``.

    python tests/photographs.py RUN

prints, for each disturbance, how many of 100 of MNIST's test digits are recognised.
"""

import sys

import numpy as np

SIDE = 480  # pixels of a photograph
SCENES = ("plain", "small, off centre", "vignette", "shadow's edge", "ruled", "squared", "desk")


def photograph(digit: np.ndarray, scene: str, rng: np.random.RandomState) -> np.ndarray:
    """Return ``digit``, float (28, 28) in [0, 1], as dark ink in a ``scene``: uint8 (480, 480)."""
    zoom = 4 if scene == "small, off centre" else 11
    large = np.kron(digit, np.ones((zoom, zoom)))
    ink = np.zeros((SIDE, SIDE))
    span = SIDE - len(large)
    low, high = (span // 4, 3 * span // 4) if scene == "desk" else (span // 10, span * 9 // 10)
    top, left = rng.randint(low, high + 1, 2)
    ink[top : top + len(large), left : left + len(large)] = large
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    light = np.full((SIDE, SIDE), 0.85)
    if scene == "vignette":
        light *= 1 - 0.35 * (x**2 + y**2) / 2
    if scene == "shadow's edge":
        light *= np.where(x * np.cos(0.4) + y * np.sin(0.4) > rng.uniform(-0.5, 0.5), 0.6, 1)
    if scene in ("ruled", "squared"):
        light[24::48] -= 0.12
        light[25::48] -= 0.12
    if scene == "squared":
        light[:, 24::48] -= 0.12
        light[:, 25::48] -= 0.12
    if scene == "desk":
        light[(np.abs(x) > 0.85) | (np.abs(y) > 0.85)] = 0.3
    picture = light * (1 - 0.75 * ink) + rng.normal(0, 0.01, ink.shape)
    return np.uint8(np.clip(picture, 0, 1) * 255)


def accuracies(predict, images, labels, seed: int = 2016) -> dict[str, float]:
    """Return {scene: share recognised}; ``predict``: images (n, 28, 28, 1) -> classes."""
    from cnn_raw.draw.photo import prepare_picture

    shares = {}
    for scene in SCENES:
        rng = np.random.RandomState(seed)
        found = [prepare_picture(photograph(digit, scene, rng)).image for digit in images]
        answers = predict(np.stack(found)[..., None])["classes"].numpy()
        shares[scene] = float(np.mean(answers == labels))
    return shares


if __name__ == "__main__":
    from cnn_raw import input_data
    from cnn_raw.runs.weights import load_weights
    from cnn_raw.train import build_predict_op

    test = input_data.read_data_sets(one_hot=True).test
    images, labels = test.images[::100].reshape(-1, 28, 28), test.labels[::100].argmax(axis=1)
    for scene, share in accuracies(
        build_predict_op(load_weights(sys.argv[1])), images, labels
    ).items():
        print(f"{scene:20}{share:8.1%}")
