"""The steps of ``session.py`` in another Python, with the TensorFlow that is installed there."""

import contextlib
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence

import numpy as np

from cnn_raw import InputError
from cnn_raw.twin import session_steps
from cnn_raw.twin.session_steps import TENSORS, WEIGHTS


class OtherPython:
    """The steps of session.py in another Python, with the TensorFlow that it has.

    Use it in a ``with`` statement; the other Python is stopped at its end. Arrays are exchanged as
    .npz files in a temporary folder. Raises InputError if that Python cannot be started, has no
    TensorFlow or one without the API of 2016, ends too early, or takes more than ``time_limit``
    seconds to start or to make a step. ``version`` is that of its TensorFlow.
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
            assert self._process.stdin  # as _start() asked for
            self._input = self._process.stdin
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
            self._input.write(b"%d\n" % self._steps)
            self._input.flush()
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
            self._input.close()

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
