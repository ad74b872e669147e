"""How good a trained network is, where it errs, and how much the tutorial's figure wanders.

cnn-raw test RUN
"""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from cnn_raw import InputError, files
from cnn_raw.cnn import Weights, model, predict_op

_WORST = 10  # mistakes that are listed
_GALLERY = 36  # mistakes that are drawn


@dataclass(frozen=True)
class Analysis:
    """What the network says of N images, and what they are. Accuracies go from 0 to 1."""

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
        """The indices of the mistakes, the one that the network was surest of first."""
        mistakes = np.flatnonzero(~self.correct)
        sureness = self.probabilities[mistakes, self.classes[mistakes]]
        return mistakes[np.argsort(-sureness, kind="stable")]

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
    if samples < 1:
        raise InputError(f"samples {samples}: give a whole number of at least 1")


def build_answer_op(weights: Weights) -> Callable:
    """Return ``answer(images)`` for float32 (n, 28, 28, 1), any n.

    It gives a dictionary: ``classes``, int64 (n,), and ``probabilities``, float32 (n, 10).
    """

    @tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 1], tf.float32, name="images")])
    def answer(images: tf.Tensor) -> dict[str, tf.Tensor]:
        p_keep = tf.constant(1.0)  # nothing is dropped
        py_x = model(images, *weights, p_keep, p_keep)
        return {"classes": predict_op(py_x), "probabilities": tf.nn.softmax(py_x)}

    return answer


def analyse(
    weights: Weights,
    images: np.ndarray,
    labels: np.ndarray,
    batch_size: int = 500,
    progress: Callable[[Iterable], Iterable] = iter,
) -> Analysis:
    """Ask the network about ``images``, float32 (N, 784), with one-hot ``labels``, (N, 10).

    It is asked in batches: the memory needed does not grow with N. ``progress`` wraps the batches'
    starts, to show how far they are. Raises InputError if there are no images, or no batches.
    """
    if batch_size < 1:
        raise InputError(f"batch size {batch_size}: give a whole number of at least 1")
    if not len(images):
        raise InputError("there are no images to test")
    answer = build_answer_op(weights)
    images = images.reshape(-1, 28, 28, 1)
    answers = [
        answer(images[start : start + batch_size])
        for start in progress(range(0, len(images), batch_size))
    ]
    return Analysis(
        labels=np.argmax(labels, axis=1),
        classes=np.concatenate([answer["classes"] for answer in answers]),
        probabilities=np.concatenate([answer["probabilities"] for answer in answers]),
    )


def text(analysis: Analysis, sampled: np.ndarray, size: int) -> str:
    """Return the analysis in words and tables, with the accuracies ``sampled`` of ``size``."""
    wrong = int(np.sum(~analysis.correct))
    lines = [
        f"{analysis.accuracy:.2%} of {len(analysis.labels):,} images are right, {wrong:,} are "
        f"wrong; the standard error is {analysis.standard_error:.2%}",
        f"{size:,} images drawn at random, {len(sampled):,} times: "
        f"mean {sampled.mean():.2%}, sd {_sd(sampled):.2%}, "
        f"min {sampled.min():.2%}, max {sampled.max():.2%}",
        "",
        "How often a digit (row) was taken for which (column)",
        "     " + "".join(f"{digit:6}" for digit in range(10)) + "     right",
    ]
    for digit, row in enumerate(analysis.confusion):
        right = f"{row[digit] / row.sum():10.2%}" if row.any() else ""
        lines.append(f"{digit:5}" + "".join(f"{count:6}" for count in row) + right)
    if wrong:
        lines += ["", "The worst mistakes", "image  digit  taken for  probability"]
    for index in analysis.worst[:_WORST]:
        label, taken = analysis.labels[index], analysis.classes[index]
        sureness = analysis.probabilities[index, taken]
        lines.append(f"{index:5}  {label:5}  {taken:9}  {sureness:11.2%}")
    return "\n".join(lines)


def as_json(analysis: Analysis, sampled: np.ndarray, size: int) -> str:
    """Return what ``text`` says, and all mistakes, for programs. Accuracies go from 0 to 1."""
    said = {
        "images": len(analysis.labels),
        "accuracy": analysis.accuracy,
        "standard_error": analysis.standard_error,
        "digits": [
            {"images": int(row.sum()), "accuracy": row[digit] / row.sum() if row.any() else None}
            for digit, row in enumerate(analysis.confusion)
        ],
        "confusion": analysis.confusion.tolist(),  # rows: digits, columns: what they were taken for
        "mistakes": [
            {
                "image": int(index),
                "digit": int(analysis.labels[index]),
                "taken_for": int(analysis.classes[index]),
                "probability": float(analysis.probabilities[index, analysis.classes[index]]),
            }
            for index in analysis.worst
        ],
        "samples": {
            "size": size,
            "accuracies": sampled.tolist(),
            "mean": sampled.mean(),
            "sd": _sd(sampled),
            "min": sampled.min(),
            "max": sampled.max(),
        },
    }
    return json.dumps(said, indent=2)


def _sd(sampled: np.ndarray) -> float:
    """Return the standard deviation of the population, estimated from a sample."""
    return float(sampled.std(ddof=1)) if len(sampled) > 1 else 0.0


def plot(analysis: Analysis, images: np.ndarray, path: str | os.PathLike) -> None:
    """Draw the confusion matrix and the worst mistakes of ``images``, (N, 784), into a PNG file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 6.6), dpi=100, layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 0.95))

    axes = left.subplots()
    confusion = analysis.confusion
    mistakes = confusion * (1 - np.eye(10, dtype=int))
    axes.imshow(mistakes, cmap="Reds", vmin=0, vmax=max(1, 1.3 * mistakes.max()))
    for label, answer in np.ndindex(10, 10):
        weight = "bold" if label == answer else "normal"
        if count := confusion[label, answer]:
            axes.text(answer, label, count, ha="center", va="center", weight=weight)
    axes.set(xticks=range(10), yticks=range(10), xlabel="taken for", ylabel="digit")
    axes.set_title(
        f"{analysis.accuracy:.2%} of {len(analysis.labels):,} images are right\n"
        f"(standard error {analysis.standard_error:.2%})"
    )

    worst = analysis.worst
    shown = worst[:_GALLERY]
    right.suptitle(f"{len(shown)} of the {len(worst)} mistakes: digit, and what it was taken for")
    for axes in right.subplots(6, 6).flat:
        axes.set_axis_off()
    for axes, index in zip(right.axes, shown, strict=False):
        axes.imshow(images[index].reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
        axes.set_title(f"{analysis.labels[index]} → {analysis.classes[index]}", fontsize=11)

    files.write_picture(path, figure)
