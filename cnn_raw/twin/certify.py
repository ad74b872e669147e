"""Make a certificate: which bits this environment computes.

    cnn-raw certify

Fixed trainings from 2016's weights and from He's, with dropout and without, by the GradientTape of
train.py and by compat.v1's Session. After every step the cost, the weights and the ``rms`` slots
are added to a hash, so that two certificates show where their bits part. The 2016 weights are on a
plateau at cost 2.3026, where costs hide differences; the hashes of the weights do not.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from cnn_raw.cnn import batch_size
from cnn_raw.environment import environment
from cnn_raw.input_data import DataSet
from cnn_raw.settings import Settings
from cnn_raw.twin.certificate import Bits, Certificate
from cnn_raw.twin.compare import is_shown, start_weights, tape_program
from cnn_raw.twin.session_steps import session_program

# Costs of genuine TensorFlow 0.12.1 before some of the steps of "he": tests/golden/steps_tf012.json
COSTS_TF012 = {
    1: 4.14314079284668,
    2: 4.0327301025390625,
    5: 4.019027233123779,
    10: 3.4499807357788086,
    20: 3.079928159713745,
    50: 2.15510892868042,
    100: 1.18575119972229,
}


@dataclass(frozen=True)
class Training:
    """A fixed training, of ``steps`` batches of 128 in file order. Seed 2016."""

    start: str  # one of compare.STARTS
    keep: tuple[float, float]  # p_keep_conv, p_keep_hidden
    steps: int


TRAININGS = {
    "he": Training("he", (0.8, 0.5), 100),
    "he, nothing dropped": Training("he", (1.0, 1.0), 20),
    "2016": Training("2016", (0.8, 0.5), 20),
    "2016, nothing dropped": Training("2016", (1.0, 1.0), 20),
}
STEPS = sum(training.steps for training in TRAININGS.values())


@dataclass
class Certifying:
    """A certificate in the making: ``run`` yields, and ``certificate`` is there when it is done."""

    data: DataSet  # at least 100 batches; labels one-hot
    certificate: Certificate | None = None

    def run(self) -> Iterator[str | None]:
        """Yield after every step: None, or at the end of a training the line that says so."""
        started = time.monotonic()
        bits: Bits = {}
        distance: dict[str, float] = {}
        session = True
        for name, training in TRAININGS.items():
            seed = Settings.seed
            weights = start_weights(training.start, seed)
            tape = session_hash = ""
            bits[name] = {}
            tape_step = tape_program(seed, weights, training.keep)
            session_step = session_program(seed, weights, training.keep)
            for step in range(1, training.steps + 1):
                cost, tape = self._step(tape_step, step, tape)
                _, session_hash = self._step(session_step, step, session_hash)
                if is_shown(step, training.steps):
                    bits[name][str(step)] = tape
                if name == "he" and step in COSTS_TF012:
                    distance[str(step)] = abs(float(cost) - COSTS_TF012[step])
                yield None
            session &= tape == session_hash
            same = "the same" if tape == session_hash else f"NOT the same: {session_hash}"
            yield f"{name:22} {training.steps:4} steps  {tape}  Session: {same}"
        took = round(time.monotonic() - started, 1)
        self.certificate = Certificate(environment(), bits, session, distance, took)

    def _step(self, program: Callable, step: int, before: str) -> tuple[np.ndarray, str]:
        """Train on a batch and return its cost and the hash so far."""
        batch = slice((step - 1) * batch_size, step * batch_size)
        images = self.data.images[batch].reshape(-1, 28, 28, 1)
        cost, tensors = program(images, self.data.labels[batch], True)
        digest = hashlib.sha256(before.encode())
        for array in (cost, *tensors):
            digest.update(np.ascontiguousarray(array).data)
        return cost, digest.hexdigest()[:16]
