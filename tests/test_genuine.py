"""Genuine TensorFlow 0.12.1, run here: the files in golden/ are its own, session.py runs on it.

What today's TensorFlow gives is compared with it in test_golden.py (the tests named "live").
"""

import json
from pathlib import Path

import genuine
import numpy as np
import pytest
import tensorflow as tf
from golden import record

import cnn_raw
from cnn_raw.cnn import init_all_weights
from cnn_raw.input_data import PACKAGE_DATA

GOLDEN = Path(record.__file__).parent
SESSION = Path(cnn_raw.__file__).parent / "twin" / "session.py"

pytestmark = pytest.mark.genuine


@pytest.mark.parametrize("name", ["data", "draws", "steps"])
def test_recorded_files_are_what_genuine_gives(genuine_recording, name):
    recorded, anew = (
        json.loads((folder / f"{name}_tf012.json").read_text())
        for folder in (GOLDEN, genuine_recording)
    )
    assert not list(record.beyond_bounds(recorded, anew))


def test_all_initial_weights_are_within_the_last_bits(genuine_python, tmp_path):
    code = "import sys, numpy, record; numpy.savez(sys.argv[1], *record.initial_weights())"
    done = genuine.run([genuine_python, "-c", code, tmp_path / "w.npz"], PYTHONPATH=str(GOLDEN))
    assert done.returncode == 0, done.stderr
    tf.random.set_seed(record.SEED)
    with np.load(tmp_path / "w.npz", allow_pickle=False) as genuine_weights:
        for i, var in enumerate(init_all_weights()):
            recorded = genuine_weights[f"arr_{i}"]
            difference = np.abs(var.numpy() - recorded)
            assert difference.max() <= 1e-8  # measured: 7.5e-9
            assert np.max(difference / np.spacing(np.abs(recorded))) <= 4  # measured: 3
            assert np.mean(difference > 0) < 0.15  # measured: 0.11


def test_session_trains_there_as_the_original_did(genuine_python):
    """Epochs of five steps: each accuracy tells which of the 256 images, drawn anew, are right.

    Recorded from the original on the same 0.12.1: record.run on the first 640 images.
    """
    recorded = [21, 20, 27, 30, 29, 31]  # of 256
    command = [genuine_python, SESSION, "--data", PACKAGE_DATA, "--epochs", 6, "--steps", 5]
    done = genuine.run(command)
    assert done.returncode == 0, done.stderr
    assert "0.12.1" in done.stdout.splitlines()[0]
    printed = dict(record.printed_accuracies(done.stdout))
    assert [printed[str(i)] * 256 for i in range(6)] == recorded
