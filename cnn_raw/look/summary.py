"""What TensorBoard shows of a run: figures, histograms, pictures of the network, its graph.

    cnn-raw train --out runs/first
    tensorboard --logdir runs

Three writers share their tags, so that training, test and the tutorial's 256 test images appear
as curves in one chart.
"""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cnn_raw import files
from cnn_raw.cnn import Weights, batch_size, cost_op, model
from cnn_raw.input_data import Datasets
from cnn_raw.look.activations import activations
from cnn_raw.look.pixels import grid, light, signed
from cnn_raw.train import State, build_train_op

FOLDER = "events"  # in the run's folder; in it a folder for each writer
CONFUSION_IMAGES = 1000  # test images; all 10,000 would cost a twentieth of an epoch
_BUCKETS = 30  # of a histogram
STRONGEST = 32  # filters of the second and third layer that are shown


def write(run: Path | None, mnist: Datasets) -> "Summary | NoSummary":
    """Return the writer of events for the run in folder ``run``, which trains on ``mnist``.

    Without TensorBoard TensorFlow cannot write summaries, and nothing is written.
    """
    if run is None or importlib.util.find_spec("tensorboard") is None:
        return NoSummary()
    return Summary(run / FOLDER, mnist)


class NoSummary:
    """Stands in for ``Summary`` where no events are written."""

    where = "TensorBoard is not installed; no event files: pip install 'cnn-raw[tensorboard]'"

    def update(self, state: State, history: list[dict]) -> None:
        pass


class Summary:
    """Writes the events of each epoch. Does not touch the random streams of the training.

    An epoch has one file for each writer, named after its number: whole or absent.
    """

    def __init__(self, folder: Path, mnist: Datasets):
        self.where = f"tensorboard --logdir {folder}"
        self._folder = folder
        self._batch = (
            tf.constant(mnist.train.images[:batch_size].reshape(-1, 28, 28, 1)),
            tf.constant(mnist.train.labels[:batch_size]),
        )
        self._images = mnist.test.images[:CONFUSION_IMAGES].reshape(-1, 28, 28, 1)
        self._digits = mnist.test.labels[:CONFUSION_IMAGES].argmax(axis=1)
        self._look: Any = None

    def update(self, state: State, history: list[dict]) -> str | None:
        """Write the events of the epochs of ``history`` that have none; delete those of others.

        ``history`` has the figures that ``train`` yielded. What else is shown is computed from the
        network, so it is written of the last epoch, which ``state`` is after, and cannot be of
        those before; then a notice is returned. Raises OSError.
        """
        if self._look is None:
            self._look = _build_look(state.weights)
            self._gradient_norms = _build_gradient_norms(state.weights)
        missing = set()
        for writer in _FIGURES:
            folder = self._folder / writer
            there = _event_files(folder)
            for number in there.keys() - {figures["epoch"] for figures in history}:
                there[number].unlink()
            for figures in history:
                number = figures["epoch"]
                if number not in there:
                    folder.mkdir(parents=True, exist_ok=True)
                    files.replace(folder / _file_of(number), self._events(writer, state, figures))
                    if number != state.epoch and writer != "test_256":
                        missing.add(number)
        if not missing:
            return None
        return (
            f"TensorBoard's events of epochs {min(missing)} to {max(missing)} were missing: their "
            "figures are written now, without histograms and pictures"
        )

    def _events(self, writer: str, state: State, figures: dict) -> bytes:
        """Return an epoch's file of events: its figures, and what ``state`` shows if after it."""
        epoch = figures["epoch"]

        def write(folder: str) -> None:
            events = tf.summary.create_file_writer(folder)
            with events.as_default(step=epoch):
                for tag, figure, description in _FIGURES[writer]:
                    tf.summary.scalar(tag, figures[figure], description=description)
                if epoch == state.epoch and writer == "train":
                    self._write_weights(state.weights)
                if epoch == state.epoch and writer == "test":
                    self._write_pictures()
            if epoch == 1 and writer == "train":
                with events.as_default(step=0):
                    tf.summary.graph(_step_graph(state))
            events.close()

        (content,) = files.in_memory(write).values()
        return content

    def _write_weights(self, weights: Weights) -> None:
        """Write the gradients' norms, and the weights as histograms and pictures."""
        for name, norm in zip(weights._fields, self._gradient_norms(*self._batch), strict=True):
            tf.summary.scalar(f"gradient_norm/{name}", norm, description=_NORM)
        for name, var in weights._asdict().items():
            _write_histogram(f"weights/{name}", var.numpy())
        for name, picture, description in _filters(weights):
            tf.summary.image(f"filters/{name}", picture[None], description=description)

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
_FIGURES = {  # of each writer: tag, name in the run's history, description
    "train": (("accuracy", "train_accuracy", _ACCURACY), ("cost", "cost", _COST)),
    "test": (("accuracy", "test_accuracy", _ACCURACY), ("cost", "test_cost", _COST)),
    "test_256": (("accuracy", "sample_accuracy", _ACCURACY),),
}
_NORM = "Euclidean norm of the cost's gradient, first training batch, nothing dropped."
_CONFUSION = (
    f"The first {CONFUSION_IMAGES:,} test images. Rows: the digit. Columns: the network's answer. "
    "The mistakes are coloured."
)
_ACTIVATIONS = (
    "The first test image, a 7, after each convolution and relu. Black is 0, white the largest "
    "activation of the layer."
)


def _file_of(epoch: int) -> str:
    return f"events.out.tfevents.epoch-{epoch:05}"  # TensorBoard reads them in their names' order


def _event_files(folder: Path) -> dict[int, Path]:
    """Return the files of a writer by epoch; half-written ones of a killed process are removed."""
    if not folder.is_dir():
        return {}
    files.remove_temporary(folder)
    numbers = ((re.fullmatch(r".*\.epoch-(\d+)", path.name), path) for path in folder.iterdir())
    found = {int(match[1]): path for match, path in numbers if match}
    return {number: path for number, path in found.items() if path.name == _file_of(number)}


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
