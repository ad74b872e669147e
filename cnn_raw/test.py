"""Accuracy over any number of images, in batches: the memory needed does not grow with them.

The 2016 script tested 256 images in one piece; given all 10,000 it ran out of memory.
"""

from collections.abc import Callable

import numpy as np

from cnn_raw.cnn import cost_op


def accuracy(
    predict: Callable, images: np.ndarray, labels: np.ndarray, batch_size: int = 500
) -> float:
    """Return the share, 0 to 1, of ``images`` whose predicted class is their label's.

    ``predict`` is what ``train.build_predict_op`` returns. ``images``: float32 (N, 28, 28, 1).
    ``labels``: one-hot, (N, 10).
    """
    return accuracy_and_cost(predict, images, labels, batch_size)[0]


def accuracy_and_cost(
    predict: Callable, images: np.ndarray, labels: np.ndarray, batch_size: int = 500
) -> tuple[float, float]:
    """Return the ``accuracy`` of ``images`` and their mean cost in nats, in one pass."""
    correct = cost = 0.0
    for start in range(0, len(images), batch_size):
        X, Y = images[start : start + batch_size], labels[start : start + batch_size]
        answer = predict(X)
        correct += np.sum(np.argmax(Y, axis=1) == answer["classes"])
        cost += float(cost_op(answer["logits"], Y)) * len(X)
    return float(correct / len(images)), cost / len(images)
