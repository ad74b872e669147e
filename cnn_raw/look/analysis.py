"""How accurate a trained network is, which mistakes it makes, how the tutorial's figure varies.

cnn-raw test RUN
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cnn_raw import InputError
from cnn_raw.cnn import Weights
from cnn_raw.train import build_predict_op

MOST_SAMPLES = 10_000  # they take a second or two


@dataclass(frozen=True)
class Analysis:
    """The network's answers for N images, and their labels. Accuracies go from 0 to 1."""

    labels: np.ndarray  # int64 (N,)
    classes: np.ndarray  # int64 (N,)
    probabilities: np.ndarray  # float32 (N, 10)

    @property
    def correct(self) -> np.ndarray:
        """Whether each image's class is its label, bool (N,)."""
        return self.classes == self.labels

    @property
    def accuracy(self) -> float:
        return float(self.correct.mean())

    @property
    def standard_error(self) -> float:
        """Of the accuracy, binomial: sqrt(p (1 - p) / N)."""
        return float(np.sqrt(self.accuracy * (1 - self.accuracy) / len(self.labels)))

    @property
    def confusion(self) -> np.ndarray:
        """Number of images by label (row) and class (column), int64 (10, 10)."""
        counts = np.bincount(10 * self.labels + self.classes, minlength=100)
        return counts.reshape(10, 10)

    @property
    def worst(self) -> np.ndarray:
        """Indices of the mistakes, the most confident first."""
        mistakes = np.flatnonzero(~self.correct)
        confidence = self.probabilities[mistakes, self.classes[mistakes]]
        return mistakes[np.argsort(-confidence, kind="stable")]

    def samples(self, size: int, samples: int, seed: int) -> np.ndarray:
        """Return the accuracy on ``size`` images drawn at random, ``samples`` times: (samples,).

        They are drawn as after every epoch of the 2016 script: under one seed, the same ones.
        Raises InputError if there are not so many images.
        """
        check_samples(size, samples, len(self.labels))
        random = np.random.RandomState(seed)
        accuracies = []
        for _ in range(samples):
            test_indices = np.arange(len(self.labels))
            random.shuffle(test_indices)
            accuracies.append(self.correct[test_indices[0:size]].mean())
        return np.array(accuracies)


def check_samples(size: int, samples: int, images: int) -> None:
    """Raise InputError unless ``samples`` samples of ``size`` can be drawn from the images."""
    if not 1 <= size <= images:
        raise InputError(f"size {size}: give a number from 1 to {images}, the number of images")
    if not 1 <= samples <= MOST_SAMPLES:
        raise InputError(f"samples {samples}: give a number from 1 to {MOST_SAMPLES}")


def analyse(
    weights: Weights,
    images: np.ndarray,
    labels: np.ndarray,
    batch_size: int = 500,
    progress: Callable[[Sequence], Iterable] = iter,
) -> Analysis:
    """Test the network on ``images``, float32 (N, 784), with one-hot ``labels``, (N, 10).

    It works in batches, so that the memory needed does not grow with N. ``progress`` wraps the
    batches' starts, to show progress. Raises InputError if there are no images, or no batches.
    """
    if batch_size < 1:
        raise InputError(f"batch size {batch_size}: give a whole number of at least 1")
    if not len(images):
        raise InputError("there are no images to test")
    predict = build_predict_op(weights)
    images = images.reshape(-1, 28, 28, 1)
    answers = [
        predict(images[start : start + batch_size])
        for start in progress(range(0, len(images), batch_size))
    ]
    return Analysis(
        labels=np.argmax(labels, axis=1),
        classes=np.concatenate([answer["classes"] for answer in answers]),
        probabilities=np.concatenate([answer["probabilities"] for answer in answers]),
    )
