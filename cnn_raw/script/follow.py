"""The GradientTape that follows a reader's program: its weights, rates, seeds and batches.

    cnn-raw compare --script SCRIPT

The program runs as it is, in a process of its own. Here train.py's own training step is given
what went into each of the program's steps, as far as it has arguments for it.
"""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import random_seed

from cnn_raw import InputError
from cnn_raw.cnn import Weights
from cnn_raw.diff.source import Source
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.script import running
from cnn_raw.script.process import Settings
from cnn_raw.script.report import receive
from cnn_raw.train import build_train_op
from cnn_raw.twin.compare import Difference, differ
from cnn_raw.twin.session_steps import WEIGHTS

OP_SEEDS = (55, 69, 85, 98)  # of the dropouts in cnn.model
RATES = {"learning_rate": 0.001, "decay": 0.9, "momentum": 0.0, "epsilon": 1e-10}
KEEPS = (0.8, 0.8, 0.8, 0.5)


class Tape:
    """train.py's training step, with the weights and the rates of another program.

    ``seeds``: (graph seed, op seed) of each dropout of that program, in order.
    """

    def __init__(self, seeds: Sequence[tuple[int, int]], arrays: dict[str, np.ndarray]):
        self._pairs = dict(zip(OP_SEEDS, map(tuple, seeds), strict=False))
        self._weights = Weights(*(tf.Variable(arrays[f"before {name}"]) for name in WEIGHTS))
        self._rates = {name: tf.Variable(rate) for name, rate in RATES.items()}
        self._optimizer = RMSPropOptimizer(**self._rates)
        self._restart()
        train_op: Any = build_train_op(self._weights, self._optimizer)
        images = tf.TensorSpec([None, *arrays["X"].shape[1:]])
        labels = tf.TensorSpec([None, *arrays["Y"].shape[1:]])
        with self._op_seeds():
            # One trace for batches of any size: one random stream, as the program's graph has.
            keep = tf.TensorSpec([])
            self._train_op = train_op.get_concrete_function(images, labels, keep, keep)

    @property
    def variables(self) -> dict[str, tf.Variable]:
        """The weights and their slots under the names that the program's process gives them."""
        slots = {
            f"{name} {kind[:3]}": self._optimizer.get_slot(var, kind)
            for kind in ("rms", "momentum")
            for name, var in zip(WEIGHTS, self._weights, strict=True)
        }
        return dict(zip(WEIGHTS, self._weights, strict=True)) | slots

    def step(
        self, about: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Do the step that the program has done; return its cost, and weights and rms after it."""
        if about["restart"]:
            self._restart()
        for name, var in self.variables.items():
            if f"before {name}" in arrays:
                var.assign(arrays[f"before {name}"])
        for name, rate in self._rates.items():
            rate.assign(arrays.get(name, RATES[name]))
        keeps = [np.float32(arrays.get(f"keep {n}", keep)) for n, keep in enumerate(KEEPS)]
        for batch in about["draws"]:
            self._draw(batch, arrays)
        cost = self._train_op(arrays["X"], arrays["Y"], keeps[0], keeps[-1])
        return cost.numpy(), {
            name: var.numpy() for name, var in self.variables.items() if not name.endswith(" mom")
        }

    def _draw(self, batch: int, arrays: dict[str, np.ndarray]) -> None:
        """Have the dropouts draw for so many images, and nothing else happen."""
        kept = [(var, var.numpy()) for var in self.variables.values()]
        X, Y = (np.zeros([batch, *arrays[name].shape[1:]], np.float32) for name in "XY")
        self._train_op(X, Y, np.float32(1), np.float32(1))
        for var, value in kept:
            var.assign(value)

    def _restart(self) -> None:
        seeds = {pair[0] for pair in self._pairs.values()}
        tf.random.set_seed(seeds.pop() if seeds else 0)

    @contextlib.contextmanager
    def _op_seeds(self) -> Iterator[None]:
        """While cnn.model is traced: give its dropouts the program's seeds for their own."""
        own = random_seed.get_seed
        random_seed.get_seed = lambda op_seed: self._pairs.get(op_seed, own(op_seed))
        try:
            yield
        finally:
            random_seed.get_seed = own


@dataclass
class Following:
    """A program followed for ``steps`` steps; ``run`` fills in the rest.

    ``differences``: of each step. ``causes``: the statements that TensorFlow 2's side could not
    follow, and why. ``ended``: what the program said last, if it ended with an error.
    """

    source: Source
    settings: Settings
    steps: int
    text: bytes | None = None
    differences: list[Difference] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    took: list[str] = field(default_factory=list)
    stopped: str = ""

    @property
    def first(self) -> Difference | None:
        return next((difference for difference in self.differences if difference.first), None)

    @property
    def passed(self) -> bool:
        return bool(self.differences) and self.first is None

    def run(self, arguments: Sequence[str] = ()) -> Iterator[Difference]:
        """Run both and yield how they differ after each step.

        Raises InputError, with what the program said, if it trains nothing.
        """
        reading, writing = os.pipe()
        with contextlib.ExitStack() as stack:
            pipe = stack.enter_context(os.fdopen(reading, "rb"))
            log = stack.enter_context(tempfile.TemporaryFile())
            folder = stack.enter_context(running.working_folder(here=False))
            settings = replace(self.settings, report=writing, steps=self.steps)
            quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": log}
            started = running.process(
                settings, arguments, folder, self.text, pass_fds=[writing], **quiet
            )
            try:
                child = stack.enter_context(started)
            finally:
                os.close(writing)
            messages = receive(pipe)
            header, _ = next(messages, ({}, {}))
            self.causes = [self._cause(*found) for found in header.get("differences", ())]
            if header.get("can_follow"):
                yield from self._follow(header, messages)
            if not self.differences:
                child.wait()
                log.seek(0)
                self._say_why_not(header, log.read().decode(errors="replace"))

    def _follow(self, header: dict[str, Any], messages: Iterator) -> Iterator[Difference]:
        tape: Tape | None = None
        for about, arrays in messages:
            if "stop" in about:
                self.stopped = about["stop"]
                return
            if tape is None:
                tape = Tape(header["seeds"], arrays)
                self.took = took(header["seeds"], arrays)
                keep = arrays.get("keep 0")
                for n, line in enumerate(header["dropouts"][:-1]):
                    if arrays[f"keep {n}"] != keep:
                        what = f"keeps {arrays[f'keep {n}']:g}, the first {keep:g}; the TensorFlow "
                        self.causes.append(self._cause(line, what + "2 side has one for all three"))
            try:
                cost, after = tape.step(about, arrays)
            except tf.errors.InvalidArgumentError:  # a layer has another size
                raise self._cannot() from None
            theirs = {name: arrays[f"after {name}"] for name in after if f"after {name}" in arrays}
            ours = {name: after[name] for name in theirs}
            step = len(self.differences) + 1
            self.differences.append(differ(step, (arrays["cost"], theirs), (cost, ours)))
            yield self.differences[-1]

    def _cause(self, line: int | None, what: str) -> str:
        if line is None:
            return what
        text = self.source.text.splitlines()[line - 1].strip()
        return f"{self.source.places[line - 1]}: {what}: {text}"

    def _cannot(self) -> InputError:
        text = f"{self.source.name}: the TensorFlow 2 side cannot follow it"
        return InputError("; ".join([text, *self.causes]))

    def _say_why_not(self, header: dict, said: str) -> None:
        lines = [line for line in said.splitlines() if line.strip()]
        if header and not header["can_follow"]:
            raise self._cannot()
        errors = [line.strip() for line in lines if not line.startswith("cnn-raw:")]
        why = f"; it said: {errors[-1]}" if errors else ""
        raise InputError(f"{self.source.name}: did no training step{why}")


def took(seeds: list, arrays: dict[str, np.ndarray]) -> list[str]:
    """Say what the TensorFlow 2 side takes from the program, where it is not the tutorial's."""
    found = []
    for name, tutorial in RATES.items():
        if name in arrays and arrays[name] != np.float32(tutorial):
            found.append(f"{name} {float(arrays[name]):g}")
    keeps = [float(arrays[f"keep {n}"]) for n in range(len(KEEPS)) if f"keep {n}" in arrays]
    if not np.array_equal(np.array(keeps, np.float32), np.array(KEEPS, np.float32)):
        found.append("keep probabilities " + ", ".join(f"{keep:g}" for keep in keeps))
    shapes = [arrays[f"before {name}"].shape for name in WEIGHTS]
    if shapes != [(3, 3, 1, 32), (3, 3, 32, 64), (3, 3, 64, 128), (2048, 625), (625, 10)]:
        found.append("weights " + ", ".join("x".join(map(str, shape)) for shape in shapes))
    if len(arrays["X"]) != 128:
        found.append(f"batches of {len(arrays['X'])}")
    if [seed for _, seed in seeds] != list(OP_SEEDS):
        found.append("op seeds " + ", ".join(str(seed) for _, seed in seeds))
    return found
