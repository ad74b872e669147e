"""What TensorBoard shows of a run: figures, histograms, pictures of the network, its graph.

    cnn-raw train --out runs/first
    tensorboard --logdir runs

Three writers share their tags, so that training, test and the tutorial's 256 test images appear
as curves in one chart.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cnn_raw.cnn import Weights, batch_size, cost_op, model
from cnn_raw.input_data import Datasets
from cnn_raw.look.activations import activations
from cnn_raw.look.pixels import grid, light, signed
from cnn_raw.train import Epoch, State, build_train_op

FOLDER = "events"  # in the run's folder
WRITERS = ("train", "test", "test_256")  # folders in it
CONFUSION_IMAGES = 1000  # test images; all 10,000 would cost a twentieth of an epoch
_BUCKETS = 30  # of a histogram
STRONGEST = 32  # filters of the second and third layer that are shown


def write(run: Path | None, mnist: Datasets) -> "Summary | NoSummary":
    """Return the writer of events for the run in folder ``run``, which trains on ``mnist``.

    Nothing is written before the first epoch has ended. Without TensorBoard TensorFlow cannot
    write summaries, and nothing is written at all.
    """
    if run is None or importlib.util.find_spec("tensorboard") is None:
        return NoSummary()
    return Summary(run / FOLDER, mnist)


class NoSummary:
    """Stands in for ``Summary`` where no events are written."""

    where = "TensorBoard is not installed; no event files: pip install 'cnn-raw[tensorboard]'"

    def epoch(self, state: State, epoch: Epoch) -> None:
        pass


class Summary:
    """Writes the events of each epoch. Does not touch the random streams of the training."""

    def __init__(self, folder: Path, mnist: Datasets):
        self.where = f"tensorboard --logdir {folder}"
        self._folder = folder
        self._batch = (
            tf.constant(mnist.train.images[:batch_size].reshape(-1, 28, 28, 1)),
            tf.constant(mnist.train.labels[:batch_size]),
        )
        self._images = mnist.test.images[:CONFUSION_IMAGES].reshape(-1, 28, 28, 1)
        self._digits = mnist.test.labels[:CONFUSION_IMAGES].argmax(axis=1)
        self._writers: list = []

    def epoch(self, state: State, epoch: Epoch) -> None:
        """Write the figures that ``train`` yielded, and pictures of the state after the epoch."""
        if not self._writers:
            self._start(state, epoch)
        weights = state.weights._asdict()
        train, test, test_256 = self._writers
        with train.as_default(step=epoch.epoch):
            tf.summary.scalar("accuracy", epoch.train_accuracy, description=_ACCURACY)
            tf.summary.scalar("cost", epoch.cost, description=_COST)
            for name, norm in zip(weights, self._gradient_norms(*self._batch), strict=True):
                tf.summary.scalar(f"gradient_norm/{name}", norm, description=_NORM)
            for name, var in weights.items():
                _write_histogram(f"weights/{name}", var.numpy())
            for name, picture, description in _filters(state.weights):
                tf.summary.image(f"filters/{name}", picture[None], description=description)
        with test.as_default(step=epoch.epoch):
            tf.summary.scalar("accuracy", epoch.test_accuracy, description=_ACCURACY)
            tf.summary.scalar("cost", epoch.test_cost, description=_COST)
            self._write_pictures()
        with test_256.as_default(step=epoch.epoch):
            tf.summary.scalar("accuracy", epoch.sample_accuracy, description=_ACCURACY)
        for writer in self._writers:
            writer.flush()

    def _start(self, state: State, epoch: Epoch) -> None:
        """Open the writers, write the graph, and trace the functions that each epoch calls."""
        folders = [self._folder / name for name in WRITERS]
        if epoch.epoch == 1:  # a new run: delete the events of an older one
            for folder in folders:
                for stale in folder.glob("events.out.tfevents.*"):
                    stale.unlink()
        self._writers = [tf.summary.create_file_writer(str(folder)) for folder in folders]
        self._look = _build_look(state.weights)
        self._gradient_norms = _build_gradient_norms(state.weights)
        with self._writers[0].as_default(step=0):
            tf.summary.graph(_step_graph(state))

    def _write_pictures(self) -> None:
        """Write the confusion matrix, and the activation maps of the first test image."""
        confusion = np.zeros((10, 10), int)
        for start in range(0, len(self._images), 500):
            digits = self._digits[start : start + 500]
            py_x = self._look(self._images[start : start + 500])["py_x"]
            np.add.at(confusion, (digits, py_x.numpy().argmax(axis=1)), 1)
        if (picture := _confusion_picture(confusion)) is not None:
            tf.summary.image("confusion", picture[None], description=_CONFUSION)

        found = self._look(self._images[:1])
        for name, columns in (("l1a", 8), ("l2a", 8), ("l3a", 16)):
            maps = np.moveaxis(found[name][0].numpy(), 2, 0)
            picture = grid(light(maps), columns, zoom=max(1, 56 // maps.shape[1]))
            tf.summary.image(f"activations/{name}", picture[None], description=_ACTIVATIONS)


_ACCURACY = (
    "Share of images whose digit is right: the first 10,000 training images, all test images, and "
    "256 test images drawn at random after each epoch (the tutorial's figure)."
)
_COST = (
    "Mean cross-entropy in nats. Training: over the epoch's steps, each before its update, with "
    "dropout. Test: all images after the epoch, nothing dropped."
)
_NORM = "Euclidean norm of the cost's gradient, first training batch, nothing dropped."
_CONFUSION = (
    f"The first {CONFUSION_IMAGES:,} test images. Rows: the digit. Columns: the network's answer. "
    "The mistakes are coloured."
)
_ACTIVATIONS = (
    "The first test image, a 7, after each convolution and relu. Black is 0, white the largest "
    "activation of the layer."
)


def _confusion_picture(confusion: np.ndarray) -> np.ndarray | None:
    """Return the confusion matrix as Matplotlib draws it, uint8 RGBA; None without Matplotlib."""
    if importlib.util.find_spec("matplotlib") is None:
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from cnn_raw.look.plot import draw_confusion

    canvas = FigureCanvasAgg(Figure(figsize=(6, 6), dpi=80, layout="constrained"))
    draw_confusion(confusion, canvas.figure.subplots())
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def _write_histogram(tag: str, values: np.ndarray) -> None:
    """Do as ``tf.summary.histogram``, in a fifth of its time."""
    from tensorboard.plugins.histogram import metadata

    counts, edges = np.histogram(values[np.isfinite(values)], bins=_BUCKETS)
    buckets = np.stack([edges[:-1], edges[1:], counts], axis=1).astype(np.float64)
    tf.summary.write(tag, buckets, metadata=metadata.create_summary_metadata(None, None))


def _filters(weights: Weights) -> list[tuple[str, np.ndarray, str]]:
    """Return name, picture and description of the convolutions' filters."""
    scale = "White is 0, orange positive, blue negative; the strongest colour is {:.3f}."
    w = np.moveaxis(weights.w.numpy()[:, :, 0], 2, 0)
    pictures = [("w", w, "All 32 filters of the first layer, 3x3. ")]
    for name in ("w2", "w3"):
        filters = getattr(weights, name).numpy()
        filters = np.moveaxis(filters.reshape(3, 3, -1), 2, 0)  # one for each input and output
        order = np.argsort(-np.linalg.norm(filters, axis=(1, 2)), kind="stable")
        text = f"The {STRONGEST} strongest of {len(filters):,} 3x3 filters, by their norm. "
        pictures.append((name, filters[order[:STRONGEST]], text))
    return [
        (
            name,
            grid(signed(filters), columns=8, zoom=16),
            text + scale.format(np.abs(filters).max()),
        )
        for name, filters, text in pictures
    ]


def _build_look(weights: Weights) -> Callable:
    """Return ``look(X)``: the ``activations`` of float32 (n, 28, 28, 1), any n."""

    @tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 1], tf.float32)])
    def look(X: tf.Tensor) -> dict[str, tf.Tensor]:
        return activations(X, weights, 1.0, 1.0)

    return look


def _build_gradient_norms(weights: Weights) -> Callable:
    """Return ``gradient_norms(X, Y)``: one scalar float32 for each of the weights."""

    @tf.function
    def gradient_norms(X: tf.Tensor, Y: tf.Tensor):
        p_keep = tf.constant(1.0)
        with tf.GradientTape() as tape:
            cost = cost_op(model(X, *weights, p_keep, p_keep), Y)
        return [tf.norm(gradient) for gradient in tape.gradient(cost, weights)]

    return gradient_norms


def _step_graph(state: State) -> tf.Graph:
    """Return the graph of the training step, for batches of any size."""
    train_op: Any = build_train_op(state.weights, state.optimizer)
    return train_op.get_concrete_function(
        tf.TensorSpec([None, 28, 28, 1], tf.float32, name="X"),
        tf.TensorSpec([None, 10], tf.float32, name="Y"),
        tf.TensorSpec([], tf.float32, name="p_keep_conv"),
        tf.TensorSpec([], tf.float32, name="p_keep_hidden"),
    ).graph
