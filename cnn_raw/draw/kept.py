"""A training that was watched, written as a run of one epoch, whatever its number of steps.

``test``, ``predict``, ``draw`` and ``export`` take such a run as any other. ``train --resume``
trains it further as the tutorial does: on MNIST alone, with its learning rate and its dropout.
"""

from pathlib import Path

import numpy as np

from cnn_raw.cnn import Weights, test_size
from cnn_raw.input_data import Datasets
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.runs import run
from cnn_raw.runs.checkpoint import Checkpoints
from cnn_raw.settings import Settings
from cnn_raw.test import accuracy, accuracy_and_cost
from cnn_raw.train import Epoch, State, build_predict_op


def keep(
    settings: Settings,
    data: str | None,
    weights: Weights,
    optimizer: RMSPropOptimizer,
    costs: list[float],
    seconds: float,
) -> Path:
    """Write the state of a training into ``runs/<date-time>`` and return that folder.

    ``costs``: of its steps. ``data``: where its images are from, as for ``read_data_sets``. Raises
    InputError if it cannot be written.
    """
    with run.start(None, settings, data) as kept:
        checkpoints = Checkpoints(kept)
        state = checkpoints.state
        for ours, theirs in zip(weights, state.weights, strict=True):
            theirs.assign(ours)
            for slot in ("rms", "momentum"):
                state.optimizer.get_slot(theirs, slot).assign(optimizer.get_slot(ours, slot))
        state.epoch = 1
        checkpoints.keep(_figures(state, kept.mnist, costs, seconds))
    return kept.folder


def _figures(state: State, mnist: Datasets, costs: list[float], seconds: float) -> Epoch:
    predict = build_predict_op(state.weights)
    train, test = mnist.train, mnist.test
    images = test.images.reshape(-1, 28, 28, 1)
    sample = np.arange(len(images))
    state.random.shuffle(sample)
    sample = sample[:test_size]
    test_accuracy, test_cost = accuracy_and_cost(predict, images, test.labels)
    return Epoch(
        epoch=state.epoch,
        cost=float(np.mean(costs)),
        train_accuracy=accuracy(
            predict, train.images[:10000].reshape(-1, 28, 28, 1), train.labels[:10000]
        ),
        test_accuracy=test_accuracy,
        sample_accuracy=accuracy(predict, images[sample], test.labels[sample]),
        seconds=seconds,
        test_cost=test_cost,
    )
