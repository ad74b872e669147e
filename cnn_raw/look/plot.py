"""A run in one picture: accuracy and cost against the epoch, and the filters it learned.

cnn-raw plot RUN out.png
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnn_raw import InputError, files
from cnn_raw.runs.checkpoint import load_weights
from cnn_raw.runs.run import read_history

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TRAIN = {"color": "#0072b2", "marker": "o", "label": "training"}  # safe for the colour-blind
_TEST = {"color": "#d55e00", "marker": "s", "label": "test"}
_SAMPLE = {"color": "#777777", "marker": ".", "linestyle": ":", "label": "256 of the test images"}


def plot(run: str | os.PathLike, out: str | os.PathLike) -> None:
    """Draw the run in folder ``run`` into the PNG file ``out``; an older plot is replaced.

    Raises InputError if there is no such run, no epoch in it, no Matplotlib, or if ``out`` cannot
    be written.
    """
    files.check_picture(out)
    history = read_history(run)
    if not history:
        raise InputError(f"{run}: no epoch of it is over yet, there is nothing to draw")
    picture = figure(history, load_weights(run).w.numpy(), Path(run).resolve().name)
    files.write_picture(out, picture)


def figure(history: list[dict], w: np.ndarray, title: str) -> "Figure":
    """Return the figure of a run's ``history`` and its first filters, float32 (3, 3, 1, 32)."""
    from matplotlib.figure import Figure  # pyplot's global state is left alone
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figures = {name: [epoch[name] for epoch in history] for name in history[0]}
    picture = Figure(figsize=(11, 7), dpi=120, layout="constrained")
    curves, filters = picture.subfigures(2, 1, height_ratios=[3, 2])
    curves.suptitle(title, fontsize="x-large")

    accuracy, cost = curves.subplots(1, 2)
    accuracy.plot(figures["epoch"], figures["sample_accuracy"], **_SAMPLE)
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

    limit = float(np.abs(w).max()) or 1.0
    filters.suptitle("the 32 filters of the first layer, w[:, :, 0, 0] to w[:, :, 0, 31]")
    tiles = filters.subplots(2, 16)
    for i, axes in enumerate(tiles.flat):
        image = axes.imshow(w[:, :, 0, i], cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_title(i, fontsize="small")
        axes.set_xticks([])
        axes.set_yticks([])
    bar = filters.colorbar(image, ax=tiles, shrink=0.8)
    bar.set_label("weight")
    return picture
