"""Op seeds are those that genuine TensorFlow 0.12.1 counts, before and after the optimizer."""

import json
from pathlib import Path

import forked
import genuine
import pytest
import tensorflow as tf
from op_seeds import PROGRAMS
from tensorflow.python.framework import random_seed

from cnn_raw.script import running, seeds
from cnn_raw.script.process import Settings

SCRIPT = Path(__file__).parent / "op_seeds.py"
TUTORIAL = [5, 14, 23, 32, 41, 55, 69, 85, 98, 367]  # the last: read off genuine 0.12.1


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """The seeds under ``cnn-raw run``, with a seed: op determinism makes other graphs."""
    folder = tmp_path_factory.mktemp("seeds")
    with pytest.MonkeyPatch.context() as patch, open(folder / "out", "w+") as out:
        patch.setattr(running, "subprocess", forked)
        with running.process(Settings(str(SCRIPT), seed=7), (), folder, stdout=out) as child:
            assert running.wait(child) == 0
        return json.loads((folder / "out").read_text())


def test_seeds_are_those_of_the_tutorial(ours):
    assert ours["tutorial"] == TUTORIAL


@pytest.mark.parametrize("graph_seed", [0, 1, 2016, 2**31 - 1, 2**31])
@pytest.mark.parametrize("op_seed", [0, 1, 5, 2**31 - 1, 2**31])
def test_seeds_that_a_program_gives_are_tensorflows(graph_seed, op_seed):
    with tf.Graph().as_default() as graph:
        graph.seed = graph_seed
        assert seeds._get_seed(op_seed) == random_seed.get_seed(op_seed)


@pytest.mark.genuine
def test_seeds_are_those_that_genuine_0_12_1_counts(ours, genuine_python):
    done = genuine.run([genuine_python, SCRIPT])
    assert done.returncode == 0, done.stderr
    assert ours == json.loads(done.stdout) and ours.keys() == PROGRAMS.keys()
