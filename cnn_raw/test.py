"""Accuracy over any number of images, in batches: the memory needed does not grow with them.

The 2016 script tested 256 images in one piece; given all 10,000 it ran out of memory.
"""

from collections.abc import Callable

import numpy as np


def accuracy(
    predict: Callable, images: np.ndarray, labels: np.ndarray, batch_size: int = 500
) -> float:
    """Return the share, 0 to 1, of ``images`` whose predicted class is their label's.

    ``predict`` takes float32 (n, 28, 28, 1) for any n up to ``batch_size`` and returns classes,
    (n,). ``images``: float32 (N, 28, 28, 1). ``labels``: one-hot, (N, 10).
    """
    correct = 0
    for start in range(0, len(images), batch_size):
        end = start + batch_size
        correct += np.sum(np.argmax(labels[start:end], axis=1) == predict(images[start:end]))
    return float(correct / len(images))


def accuracy_and_cost(
    test_op: Callable, images: np.ndarray, labels: np.ndarray, batch_size: int = 500
) -> tuple[float, float]:
    """Return the ``accuracy`` of ``images`` and their mean cost in nats, in one pass.

    ``test_op`` takes a batch of images and its labels, and returns their classes, (n,), and mean
    cost.
    """
    correct = cost = 0
    for start in range(0, len(images), batch_size):
        X, Y = images[start : start + batch_size], labels[start : start + batch_size]
        classes, batch_cost = test_op(X, Y)
        correct += np.sum(np.argmax(Y, axis=1) == classes)
        cost += float(batch_cost) * len(X)
    return float(correct / len(images)), cost / len(images)
