"""Two programs, one set of numbers: the Session of 2016 and the GradientTape, step by step.

    cnn-raw compare
    cnn-raw compare --python python2.7

Both start from the same weights with the same seeds and see the same batches. Inside one
TensorFlow they must agree to the last bit. Against the genuine TensorFlow 0.12.1 of another
Python only rounding may differ, which the training then makes larger with every step.
"""

import contextlib
import importlib.util
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import BinaryIO

import numpy as np
import tensorflow as tf

from cnn_raw import InputError
from cnn_raw.cnn import Weights, batch_size
from cnn_raw.input_data import DataSet
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.screen import TrainingScreen
from cnn_raw.settings import Settings
from cnn_raw.train import build_train_op, initial_state
from cnn_raw.twin import session_steps
from cnn_raw.twin.session_steps import TENSORS, WEIGHTS

STARTS = {"he": "weights of stddev sqrt(2 / inputs)", "2016": "weights of stddev 0.01"}

# Against TensorFlow 0.12.1, oneDNN off (0.12.1 had none): from the weights MEASURED the first cost
# is equal and the first ten are at most 9.5e-7 apart. From those of the seeds 1 to 7 the same
# holds but for one unit in the first cost's last place. With oneDNN on, 3.8e-6 and 6.2e-5.
MEASURED = ("he", 2016)
BOUND_STEPS = 10
BOUND = 2e-6

# step(X, Y, look) of a program: trains on a batch and returns its cost before the update and, if
# it is to look, the TENSORS after it, float32 arrays.
Step = Callable[[np.ndarray, np.ndarray, bool], tuple[np.ndarray, Sequence[np.ndarray]]]


@dataclass(frozen=True)
class Difference:
    """What differs in one step of both programs. Costs are those before the update, in nats."""

    step: int  # counted from 1
    session_cost: float
    cost: float
    tensors: dict[str, float]  # the largest difference of each of the TENSORS, where looked at
    first: str | None  # the first that is not identical: "cost" or one of the TENSORS

    @property
    def cost_difference(self) -> float:
        return abs(self.session_cost - self.cost)

    @property
    def first_difference(self) -> float:
        return self.cost_difference if self.first == "cost" else self.tensors[self.first]


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

    def step(X: np.ndarray, Y: np.ndarray, look: bool):
        cost = train_op(X, Y, p_keep_conv, p_keep_hidden)
        slots = [optimizer.get_slot(var, "rms") for var in variables]
        return cost.numpy(), [var.numpy() for var in (*variables, *slots)] if look else []

    return step


def compare(
    trX: np.ndarray,
    trY: np.ndarray,
    steps: int,
    session_step: Step,
    tape_step: Step,
    look: Callable[[int], bool] = lambda step: True,
) -> Iterator[Difference]:
    """Run both programs on the same ``steps`` batches and yield what differs after each.

    ``trX``: float32 (N, 28, 28, 1). ``trY``: one-hot (N, 10). The batches are consecutive; when
    the images are used up they begin again. ``look`` says after which steps to look at the
    tensors, counted from 1. Raises InputError if there are fewer images than one batch.
    """
    batches = len(trX) // batch_size
    if batches < 1:
        raise InputError(f"{len(trX)} training images: give at least {batch_size}, one batch")
    for i in range(steps):
        start = i % batches * batch_size
        batch = trX[start : start + batch_size], trY[start : start + batch_size], look(i + 1)
        session_cost, session_tensors = session_step(*batch)
        cost, tensors = tape_step(*batch)
        names = ["cost", *TENSORS] if tensors else ["cost"]
        pairs = zip([session_cost, *session_tensors], [cost, *tensors], strict=True)
        differences = dict(zip(names, (_difference(*pair) for pair in pairs), strict=True))
        yield Difference(
            step=i + 1,
            session_cost=float(session_cost),
            cost=float(cost),
            tensors={name: differences[name] or 0.0 for name in names[1:]},
            first=next((name for name in names if differences[name] is not None), None),
        )


def _difference(a: np.ndarray, b: np.ndarray) -> float | None:
    """Return the largest difference of two float32 arrays, None if they are the same bits."""
    a, b = np.asarray(a), np.asarray(b)
    if np.array_equal(a.view(np.uint32), b.view(np.uint32)):
        return None
    return float(np.max(np.abs(a - b)))


class OtherPython:
    """The steps of session.py in another Python, with the TensorFlow that it has.

    Use it in a ``with`` statement, at whose end the other Python is stopped. Arrays go to and fro
    as .npz files in a temporary folder. Raises InputError if that Python cannot be started, has
    no TensorFlow or one without the API of 2016, ends too early, or takes more than
    ``time_limit`` seconds to start or over a step. ``version`` is its TensorFlow's.
    """

    def __init__(
        self, python: str, seed: int, weights: Sequence[np.ndarray], time_limit: float = 120.0
    ):
        self._python, self._time_limit = python, time_limit
        self._steps = 0
        with contextlib.ExitStack() as stack:
            self._folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cnn-raw-"))
            start = dict(zip(WEIGHTS, weights, strict=True), seed=np.array(seed))
            session_steps.save(self._path("start"), start)
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

    def step(self, X: np.ndarray, Y: np.ndarray, look: bool) -> tuple[np.ndarray, list]:
        """Do one training step there."""
        self._steps += 1
        session_steps.save(
            self._path(f"batch_{self._steps}"), {"X": X, "Y": Y, "look": np.bool_(look)}
        )
        with contextlib.suppress(BrokenPipeError):  # it has ended: _wait_for says so
            self._process.stdin.write(b"%d\n" % self._steps)
            self._process.stdin.flush()
        arrays = self._wait_for(f"step_{self._steps}")
        return arrays["cost"], [arrays[name] for name in TENSORS if look]

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
        lines = self._log.read().decode(errors="replace").splitlines()
        lines = [line for line in lines if line.strip()][-5:]
        when = f"in step {self._steps}" if self._steps else "before the first step"
        if lines and re.search("No module named '?(tensorflow|numpy)", lines[-1]):
            raise InputError(
                f"{self._python}: has no TensorFlow; install one for it, or give another"
            )
        said = "".join(f"\n    {line}" for line in lines) or " nothing"
        raise InputError(f"{self._python}: {what} {when}; its last lines:{said}")


def is_shown(step: int, steps: int) -> bool:
    """Is it one of the steps 1, 2, 5, 10, 20, 50, ... or the last?"""
    return step == steps or str(step).rstrip("0") in ("1", "2", "5")


HEADER = "  step  Session cost     tape cost  difference  any weight     any rms"


def line(difference: Difference) -> str:
    """Return the line under HEADER of a step whose tensors were looked at."""
    weights, rms = (
        _number(np.max([difference.tensors[name] for name in names]))
        for names in (WEIGHTS, TENSORS[len(WEIGHTS) :])
    )
    return (
        f"{difference.step:6}  {difference.session_cost:12.7f}  {difference.cost:12.7f}"
        f"{_number(difference.cost_difference)}{weights}{rms}"
    )


def _number(value: float) -> str:
    return f"{'0' if value == 0 else f'{value:.1e}':>12}"


def largest(differences: Sequence[Difference]) -> dict[str, float]:
    """Return the largest difference of each of the TENSORS in any step looked at."""
    looked_at = [difference.tensors for difference in differences if difference.tensors]
    return {name: float(np.max([tensors[name] for tensors in looked_at])) for name in TENSORS}


def judge(differences: Sequence[Difference], other: bool, measured: bool) -> tuple[bool, str]:
    """Return whether the programs agree, and the line that says so.

    In one TensorFlow they must be identical. If the Session ran in an ``other`` one, its costs
    must keep within the bounds. ``measured``: are the starting weights those of the bounds?
    """
    steps = len(differences)
    first = next((difference for difference in differences if difference.first), None)
    if first is None:
        where = "in the steps shown" if other else "after each"
        return True, (
            f"identical to the last bit: {steps} costs, and the five weights and their rms slots "
            f"{where}"
        )
    if not other:
        return False, (
            f"NOT identical: the first to differ is {first.first} in step {first.step}, "
            f"by {first.first_difference:.1e}"
        )
    costs = np.array([difference.cost_difference for difference in differences])
    early = costs[:BOUND_STEPS]
    passed = bool(np.all(early <= BOUND) and (costs[0] == 0 or not measured))
    verdict = (
        f"{'within' if passed else 'NOT within'} the bounds: the first cost differs by "
        f"{costs[0]:.1g} ({'0 is wanted' if measured else f'at most {BOUND:.0e} is wanted'}), "
        f"the first {len(early)} by up to {np.max(early):.1e} (at most {BOUND:.0e} is wanted)"
    )
    if steps > BOUND_STEPS:
        verdict += f"; later ones, by up to {np.max(costs):.1e}, are not judged: rounding grows"
    return passed, verdict


def draw(differences: Sequence[Difference], title: str, file: BinaryIO) -> None:
    """Draw as a PNG how the differences grow: of every cost, and of the weights looked at."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), dpi=120, layout="constrained")
    axes = figure.subplots()
    steps = [difference.step for difference in differences]
    costs = [difference.cost_difference for difference in differences]
    axes.plot(steps, costs, "k.", markersize=3, clip_on=False, label="cost")
    looked_at = [difference for difference in differences if difference.tensors]
    for name, marker in zip(WEIGHTS, "osv^D", strict=True):
        steps = [difference.step for difference in looked_at]
        largest = [difference.tensors[name] for difference in looked_at]
        axes.plot(steps, largest, marker=marker, markersize=4, clip_on=False, label=name)
    axes.set_yscale("symlog", linthresh=1e-8)  # logarithmic, but with a place for 0
    axes.set_ylim(0, max(1e-7, 2 * axes.get_ylim()[1]))
    axes.set(title=title, xlabel="step", ylabel="largest difference")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file, format="png")


def check_can_draw(path: str) -> None:
    """Raise InputError if a PNG cannot be drawn, or not be written to ``path``."""
    if importlib.util.find_spec("matplotlib") is None:
        raise InputError('--plot needs matplotlib: pip install "cnn-raw[plot]"')
    if os.path.isdir(path):
        raise InputError(f"{path}: is a folder; give the name of a file")
    try:
        tempfile.TemporaryFile(dir=os.path.dirname(path) or ".").close()
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); give a file in a folder that can be"
        ) from error


def run(
    data: DataSet,
    screen: TrainingScreen,
    *,
    steps: int,
    seed: int,
    start: str,
    python: str | None = None,
    plot: str | None = None,
    as_json: bool = False,
) -> bool:
    """Compare, print what comes of it (lines, or one JSON object), and return if they agree.

    ``start`` is one of STARTS. ``python``, if given, runs the Session. ``plot`` is the PNG to
    write. Raises InputError before the first step if one of them cannot be used.
    """
    if steps < 1:
        raise InputError(f"steps {steps}: give a whole number of at least 1")
    if plot:
        check_can_draw(plot)

    def say(text: str) -> None:
        if not as_json:
            screen.print(text)

    weights = start_weights(start, seed)
    with contextlib.ExitStack() as stack:
        if python:
            other = stack.enter_context(OtherPython(python, seed, weights))
            session_step, session_version = other.step, other.version
        else:
            session_step = session_steps.session_program(seed, weights)
            session_version = tf.__version__
        say(
            f"a Session in TensorFlow {session_version} and a GradientTape in {tf.__version__}: "
            f"{steps} steps from {STARTS[start]}, seed {seed}"
        )
        say(HEADER)
        differences = []
        for difference in screen.progress(
            compare(
                data.images.reshape(-1, 28, 28, 1),
                data.labels,
                steps,
                session_step,
                tape_program(seed, weights),
                look=lambda step: not python or is_shown(step, steps),
            ),
            "comparing",
        ):
            differences.append(difference)
            if is_shown(difference.step, steps):
                say(line(difference))

    largest_of = largest(differences)
    say("largest difference   weight         rms")
    for name, rms in zip(WEIGHTS, TENSORS[len(WEIGHTS) :], strict=True):
        say(f"{name:15}{_number(largest_of[name])}{_number(largest_of[rms])}")
    measured = (start, seed) == MEASURED
    passed, verdict = judge(differences, bool(python), measured)
    say(verdict)
    if plot:
        title = f"TensorFlow {tf.__version__} beside {session_version}, from {start}, seed {seed}"
        _write(plot, lambda file: draw(differences, title, file))
        say(f"{plot}: written")
    if as_json:
        first = next((difference for difference in differences if difference.first), None)
        screen.print(
            json.dumps(
                {
                    "tensorflow": {"session": session_version, "tape": tf.__version__},
                    "start": start,
                    "seed": seed,
                    "steps": [asdict(difference) for difference in differences],
                    "largest": largest_of,
                    "first": first and {"step": first.step, "what": first.first},
                    "passed": passed,
                    "verdict": verdict,
                }
            )
        )
    return passed


def _write(path: str, write: Callable[[BinaryIO], None]) -> None:
    """Write a file under a temporary name in its folder, then rename it."""
    temporary = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            write(file)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)
        raise
