"""Write a run's weights for other programs.

cnn-raw export RUN --to saver model.ckpt       restored by the 2016 program's tf.train.Saver
cnn-raw export RUN --to savedmodel folder      loaded by TensorFlow 2 without this package
cnn-raw export RUN --to npz weights.npz        five arrays, for NumPy
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from cnn_raw import files
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.runs.weights import SAVER_NAMES, SAVER_SLOTS, load_slot, load_weights
from cnn_raw.train import build_predict_op


def export_weights(run: str | os.PathLike, to: str, out: str | os.PathLike) -> None:
    """Write the weights of ``run``, anything that ``load_weights`` takes, to ``out``.

    ``to`` is one of ``FORMATS``. Raises InputError if ``run`` cannot be used, or if ``out`` or a
    file of the checkpoint ``out`` already exists; nothing is left half-written.
    """
    files.write_all(out, lambda path: FORMATS[to](run, path))


def write_saver(run: str | os.PathLike, out: Path) -> None:
    """Write a checkpoint as ``tf.train.Saver`` of 2016 did, in its V2 format.

    The variables are named as TensorFlow 0.12 named the 2016 program's: ``Variable`` to
    ``Variable_4``, and their slots, ``Variable/RMSProp`` (rms) and ``Variable/RMSProp_1``
    (momentum). Slots that the run does not have are written as they start.
    """
    weights = load_weights(run)
    tensors = dict(zip(SAVER_NAMES, weights, strict=True))
    start = RMSPropOptimizer(0.001)
    for slot, slot_name in SAVER_SLOTS.items():
        slots = load_slot(run, slot) or [start.get_slot(var, slot) for var in weights]
        for name, value in zip(SAVER_NAMES, slots, strict=True):
            tensors[f"{name}/{slot_name}"] = value
    tf.raw_ops.SaveV2(
        prefix=str(out),
        tensor_names=list(tensors),
        shape_and_slices=[""] * len(tensors),
        tensors=[tf.convert_to_tensor(value) for value in tensors.values()],
    )


def write_savedmodel(run: str | os.PathLike, out: Path) -> None:
    """Write a SavedModel whose only signature takes ``images``, float32 (n, 28, 28, 1), any n.

    It gives what ``train.build_predict_op`` does: ``logits``, ``classes`` and ``probabilities``.
    """
    module = tf.Module()
    module.weights = load_weights(run)
    module.predict = build_predict_op(module.weights)
    tf.saved_model.save(module, str(out), signatures=module.predict)


def write_npz(run: str | os.PathLike, out: Path) -> None:
    """Write the arrays w, w2, w3, w4, w_o, float32, under these names."""
    weights = load_weights(run)._asdict()
    with open(out, "xb") as file:
        np.savez(file, **{name: var.numpy() for name, var in weights.items()})


FORMATS: dict[str, Callable] = {
    "saver": write_saver,
    "savedmodel": write_savedmodel,
    "npz": write_npz,
}
