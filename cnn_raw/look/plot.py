"""A run or a test in one picture, drawn by Matplotlib.

cnn-raw plot RUN out.png
cnn-raw test RUN --plot out.png
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from cnn_raw.look.analysis import Analysis
from cnn_raw.look.pixels import SIGNED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_TRAIN: dict[str, Any] = {
    "color": "#0072b2",
    "marker": "o",
    "label": "training",
}  # safe for the colour-blind
_TEST: dict[str, Any] = {"color": "#d55e00", "marker": "s", "label": "test"}
_SAMPLE: dict[str, Any] = {"color": "#777777", "marker": ".", "linestyle": ":"}
_GALLERY = 36  # mistakes that are drawn


def run_figure(history: list[dict], w: np.ndarray, title: str) -> "Figure":
    """Return accuracy and cost by epoch, and the filters ``w``, float32 (3, 3, 1, 32).

    ``history`` is what ``read_history`` returns, of at least one epoch.
    """
    from matplotlib.figure import Figure  # leaves pyplot's global state alone

    picture = Figure(figsize=(11, 7), dpi=120, layout="constrained")
    curves, filters = picture.subfigures(2, 1, height_ratios=[3, 2], squeeze=False).flat
    curves.suptitle(title, fontsize="x-large")
    _draw_curves(history, *curves.subplots(1, 2))
    filters.suptitle("the 32 filters of the first layer, w[:, :, 0, 0] to w[:, :, 0, 31]")
    _draw_filters(w, filters)
    return picture


def _draw_curves(history: list[dict], accuracy: "Axes", cost: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figures = {name: [epoch[name] for epoch in history] for name in history[0]}
    accuracy.plot(figures["epoch"], figures["sample_accuracy"], label="256 test images", **_SAMPLE)
    accuracy.plot(figures["epoch"], figures["train_accuracy"], **_TRAIN)
    accuracy.plot(figures["epoch"], figures["test_accuracy"], **_TEST)
    accuracy.set_ylabel("accuracy (share of images right)")
    accuracy.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    cost.plot(figures["epoch"], figures["cost"], **{**_TRAIN, "label": "training, with dropout"})
    cost.plot(figures["epoch"], figures["test_cost"], **_TEST)
    cost.set_ylabel("cost (cross-entropy, nats)")
    cost.set_ylim(bottom=0)
    for axes in (accuracy, cost):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(alpha=0.3)
        axes.legend()


def _draw_filters(w: np.ndarray, figure: "SubFigure") -> None:
    from matplotlib.colors import LinearSegmentedColormap

    signed = LinearSegmentedColormap.from_list("signed", SIGNED)
    limit = float(np.abs(w).max()) or 1.0
    tiles = figure.subplots(2, 16)
    for i, axes in enumerate(tiles.flat):
        image = axes.imshow(w[:, :, 0, i], cmap=signed, vmin=-limit, vmax=limit)
        axes.set_title(i, fontsize="small")
        axes.set_xticks([])
        axes.set_yticks([])
    figure.colorbar(image, ax=tiles, shrink=0.8).set_label("weight")


def mistakes_figure(analysis: Analysis, images: np.ndarray) -> "Figure":
    """Return the confusion matrix and the worst mistakes of ``images``, float32 (N, 784)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 6.6), dpi=100, layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 0.95], squeeze=False).flat
    axes = left.subplots()
    draw_confusion(analysis.confusion, axes)
    axes.set_title(
        f"{analysis.accuracy:.2%} of {len(analysis.labels):,} images are right\n"
        f"(standard error {analysis.standard_error:.2%})"
    )
    worst = analysis.worst
    shown = worst[:_GALLERY]
    right.suptitle(f"{len(shown)} of {len(worst)} mistakes: digit, and the network's answer")
    for axes in right.subplots(6, 6).flat:
        axes.set_axis_off()
    for axes, index in zip(right.axes, shown, strict=False):
        axes.imshow(images[index].reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
        axes.set_title(f"{analysis.labels[index]} \u2192 {analysis.classes[index]}", fontsize=11)
    return figure


def draw_confusion(confusion: np.ndarray, axes: "Axes") -> None:
    """Draw counts by digit (row) and answer (column), int (10, 10), mistakes in colour."""
    mistakes = confusion * (1 - np.eye(10, dtype=int))
    axes.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(1, 1.3 * mistakes.max()))
    for label, answer in np.ndindex(10, 10):
        weight = "bold" if label == answer else "normal"
        if count := confusion[label, answer]:
            axes.text(answer, label, str(count), ha="center", va="center", weight=weight)
    axes.set(xticks=range(10), yticks=range(10), xlabel="the network's answer", ylabel="digit")
