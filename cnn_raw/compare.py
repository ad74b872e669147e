"""Two programs, one set of numbers: the Session of 2016 and the GradientTape, step by step.

    cnn-raw compare
    cnn-raw compare --python python2.7

Both start from the same weights with the same seeds and see the same batches. Inside one
TensorFlow they must agree to the last bit. Against the genuine TensorFlow 0.12.1 of another
Python only rounding may differ, which the training then makes larger with every step.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from cnn_raw import InputError, session_steps
from cnn_raw.cnn import Weights, batch_size
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.session_steps import TENSORS, WEIGHTS
from cnn_raw.settings import Settings
from cnn_raw.train import build_train_op, initial_state

STARTS = {"he": "normal, stddev sqrt(2 / inputs)", "2016": "normal, stddev 0.01"}

# Measured from the weights of `--start he --seed 2016` against TensorFlow 0.12.1: the first cost
# is equal, the first ten are at most 1.2e-6 apart.
BOUND_STEPS = 10
BOUND = 2e-6

# Of a program: takes a batch X, Y; returns its cost before the update and the TENSORS after it.
Step = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, Sequence[np.ndarray]]]


@dataclass(frozen=True)
class Difference:
    """One step of both programs. Costs are those before the update, in nats."""

    step: int  # counted from 1
    session_cost: float
    cost: float
    tensors: dict[str, float]  # the largest difference of each of the TENSORS after the step
    first: str | None  # the first thing that is not identical, "cost" or one of the TENSORS

    @property
    def cost_difference(self) -> float:
        return abs(self.session_cost - self.cost)

    def largest(self, names: Iterable[str]) -> float:
        return float(np.max([self.tensors[name] for name in names]))


def start_weights(start: str, seed: int) -> list[np.ndarray]:
    """Return five float32 arrays: as 2016 drew them, or scaled so that the costs fall at once.

    The 2016 weights lie on a plateau at cost 2.3026, where for some 170 steps nearly any program
    agrees with any other. "he" (K. He et al., "Delving Deep into Rectifiers", 2015) does not.
    """
    weights = initial_state(Settings(seed=seed)).weights
    if start == "2016":
        return [var.numpy() for var in weights]
    random = np.random.RandomState(seed)
    return [
        (random.standard_normal(var.shape) * np.sqrt(2 / np.prod(var.shape[:-1]))).astype("float32")
        for var in weights
    ]


def tape_program(seed: int, weights: Sequence[np.ndarray]) -> Step:
    """Return the steps of train.py. Sets TensorFlow's global seed."""
    tf.random.set_seed(seed)
    variables = Weights(*map(tf.Variable, weights))
    optimizer = RMSPropOptimizer(0.001, 0.9)
    train_op = build_train_op(variables, optimizer)
    p_keep_conv, p_keep_hidden = tf.constant(0.8), tf.constant(0.5)

    def step(X, Y):
        cost = train_op(X, Y, p_keep_conv, p_keep_hidden)
        slots = [optimizer.get_slot(var, "rms") for var in variables]
        return cost.numpy(), [var.numpy() for var in (*variables, *slots)]

    return step


def compare(
    trX: np.ndarray, trY: np.ndarray, steps: int, session_step: Step, tape_step: Step
) -> Iterator[Difference]:
    """Run both programs on the same ``steps`` batches and yield what differs after each.

    ``trX``: float32 (N, 28, 28, 1). ``trY``: one-hot (N, 10). The batches are consecutive; when
    the images are used up, they begin again.
    """
    batches = len(trX) // batch_size
    for i in range(steps):
        start = i % batches * batch_size
        X, Y = trX[start : start + batch_size], trY[start : start + batch_size]
        session_cost, session_tensors = session_step(X, Y)
        cost, tensors = tape_step(X, Y)
        pairs = list(zip(session_tensors, tensors, strict=True))
        same = [_identical(session_cost, cost), *(_identical(*pair) for pair in pairs)]
        yield Difference(
            step=i + 1,
            session_cost=float(session_cost),
            cost=float(cost),
            tensors={
                name: 0.0 if equal else float(np.max(np.abs(a - b)))
                for name, equal, (a, b) in zip(TENSORS, same[1:], pairs, strict=True)
            },
            first=next((n for n, equal in zip(["cost", *TENSORS], same) if not equal), None),
        )


def _identical(a: np.ndarray, b: np.ndarray) -> bool:
    """Are two float32 arrays equal to the last bit? Unlike with ==, NaN is NaN and -0 is not 0."""
    return np.array_equal(np.asarray(a).view(np.uint32), np.asarray(b).view(np.uint32))


class OtherPython:
    """The steps of session.py in another Python, with the TensorFlow that it has.

    Use it in a ``with`` statement, at whose end the other Python is stopped. Arrays go to and fro
    as .npz files in a temporary folder. Raises InputError if that Python cannot be started, has
    no TensorFlow or one without the API of 2016, ends too early, or takes more than
    ``time_limit`` seconds to start or over a step. ``version`` is its TensorFlow's.
    """

    def __init__(self, python: str, seed: int, weights: Sequence[np.ndarray], time_limit=120.0):
        self._python, self._time_limit = python, time_limit
        self._steps = 0
        with contextlib.ExitStack() as stack:
            self._folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cnn-raw-"))
            start = dict(zip(WEIGHTS, weights, strict=True))
            session_steps.save(self._path("start"), seed=np.array(seed), **start)
            self._log = stack.enter_context(open(os.path.join(self._folder, "log"), "w+b"))
            self._process = self._start()
            stack.callback(self._stop)
            self.version = str(self._wait_for("version")["version"])
            if int(self.version.split(".")[0]) > 2:
                raise InputError(
                    f"{python}: its TensorFlow {self.version} is too new to have the API of 2016; "
                    "give a Python with a TensorFlow from 0.12 to 2"
                )
            self._stack = stack.pop_all()

    def __enter__(self) -> "OtherPython":
        return self

    def __exit__(self, *error):
        self._stack.close()

    def step(self, X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """Do one training step there."""
        self._steps += 1
        session_steps.save(self._path(f"batch_{self._steps}"), X=X, Y=Y)
        with contextlib.suppress(BrokenPipeError):  # it has ended: _wait_for says so
            self._process.stdin.write(b"%d\n" % self._steps)
            self._process.stdin.flush()
        arrays = self._wait_for(f"step_{self._steps}")
        return arrays["cost"], [arrays[name] for name in TENSORS]

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, f"{name}.npz")

    def _start(self) -> subprocess.Popen:
        # Without the variables that are meant for this Python, and leaving no .pyc behind (-B).
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        try:
            return subprocess.Popen(
                [self._python, "-B", session_steps.__file__, self._folder],
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                env=environment,
            )
        except OSError as error:
            raise InputError(
                f"{self._python}: cannot be started ({error.strerror}); "
                "give the path of a Python that has TensorFlow"
            ) from error

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def _wait_for(self, name: str) -> dict[str, np.ndarray]:
        path, deadline = self._path(name), time.monotonic() + self._time_limit
        while not os.path.exists(path):
            ended = self._process.poll() is not None
            if ended and not os.path.exists(path):
                self._fail(f"ended with status {self._process.returncode}")
            if time.monotonic() > deadline:
                self._fail(f"said nothing for {self._time_limit:.0f} s")
            time.sleep(0.001)
        return session_steps.load(path)

    def _fail(self, what: str) -> None:
        """Raise InputError with the last lines that the other Python wrote."""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()[-5:]
        when = f"in step {self._steps}" if self._steps else "before the first step"
        if lines and "No module named" in lines[-1] and "tensorflow" in lines[-1]:
            raise InputError(
                f"{self._python}: has no TensorFlow; install one for it, or give another"
            )
        said = "".join(f"\n    {line}" for line in lines) or " nothing"
        raise InputError(f"{self._python}: {what} {when}; its last lines:{said}")


def is_shown(step: int, steps: int) -> bool:
    """Is it one of the steps 1, 2, 5, 10, 20, 50, ... or the last?"""
    return step == steps or str(step).rstrip("0") in ("1", "2", "5")


HEADER = "  step  Session cost   tape's cost  difference   any weight      any rms"


def line(difference: Difference) -> str:
    """Return the line of a step that stands under HEADER."""
    return (
        f"{difference.step:6}  {difference.session_cost:12.7f}  {difference.cost:12.7f}  "
        f"{difference.cost_difference:10.1e}  {difference.largest(WEIGHTS):11.1e}  "
        f"{difference.largest(TENSORS[5:]):11.1e}"
    )


def largest_differences(differences: Sequence[Difference]) -> dict[str, float]:
    """Return the largest difference of each of the TENSORS over all steps."""
    return {
        name: float(np.max([difference.tensors[name] for difference in differences]))
        for name in TENSORS
    }


def judge(differences: Sequence[Difference], version: str | None, measured: bool) -> tuple:
    """Return whether the programs agree, and the line that says so.

    Without ``version`` both ran in one TensorFlow, and must be identical. With it the Session ran
    in that other TensorFlow, and must keep within the bounds. ``measured``: are the starting
    weights those on which the bounds were measured?
    """
    steps = len(differences)
    first = next((d for d in differences if d.first), None)
    if first is None:
        return True, (
            f"identical to the last bit: {steps} costs, and after each step the five weights "
            "and their rms slots"
        )
    if version is None:
        size = first.cost_difference if first.first == "cost" else first.tensors[first.first]
        return False, f"not identical: first in step {first.step}, in {first.first}, by {size:.1e}"
    early = float(np.max([d.cost_difference for d in differences[:BOUND_STEPS]]))
    passed = early <= BOUND and (differences[0].cost_difference == 0 or not measured)
    all_costs = float(np.max([d.cost_difference for d in differences]))
    return passed, (
        f"{'within' if passed else 'NOT within'} the bounds: the first costs are "
        f"{differences[0].cost_difference:.1e} apart "
        f"({'0' if measured else f'at most {BOUND:.0e}'} is wanted), the first {BOUND_STEPS} up to "
        f"{early:.1e} (at most {BOUND:.0e}); all {steps} up to {all_costs:.1e}, as rounding grows"
    )
