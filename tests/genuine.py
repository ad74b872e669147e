"""Genuine TensorFlow 0.12.1: finds a Python 2.7 and makes an environment that has it.

The fixture ``genuine_python`` (conftest.py) gives the environment's interpreter. Tests that use
it have the marker ``genuine``; they are skipped, with the reason, where there is none.
"""

import os
import shutil
import subprocess
from pathlib import Path

# The last releases for Python 2.7 that 0.12.1 runs with.
PACKAGES = ("tensorflow==0.12.1", "numpy==1.16.6", "protobuf<3.18", "mock<4")
VIRTUALENV = "virtualenv<20.16"  # makes a Python 2.7 environment and brings its pip along
VERSION = "import tensorflow; print(tensorflow.__version__)"


class Unavailable(Exception):
    """TensorFlow 0.12.1 cannot be installed here. The message says why."""


def environment(folder: Path) -> Path:
    """Return the Python of the environment in ``folder``, which is made if it does not work.

    Raises Unavailable.
    """
    python = folder / "env" / "bin" / "python"
    if not _works(python):
        shutil.rmtree(folder, ignore_errors=True)
        python27 = _find_python27()
        tool = folder / "virtualenv"
        _do([python27, "-m", "pip", "install", "--target", tool, VIRTUALENV])
        _do([python27, "-m", "virtualenv", folder / "env"], PYTHONPATH=str(tool))
        _do([python, "-m", "pip", "install", *PACKAGES])
        if not _works(python):
            raise Unavailable(f"{python} was installed, but does not run TensorFlow 0.12.1")
    return python


def run(command: list, timeout: float = 600, **variables: str) -> subprocess.CompletedProcess:
    """Run a command of Python 2.7 with its output, as text, in the result.

    Not with the variables that are meant for the Python of the tests; ``variables`` are added.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(word) for word in command],
        env={**env, "PYTHONDONTWRITEBYTECODE": "1", **variables},
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def _find_python27() -> Path:
    """Return a Python 2.7 that has pip: on the PATH, or one of pyenv's."""
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    on_path = shutil.which("python2.7")
    for python in [on_path, *sorted(versions.glob("2.7*/bin/python"))]:
        # On the PATH may be pyenv's own script, which fails when no 2.7 is chosen.
        if python and run([python, "-m", "pip", "--version"]).stdout.endswith("(python 2.7)\n"):
            return Path(python)
    raise Unavailable(f"no python2.7 with pip on the PATH or in {versions}")


def _works(python: Path) -> bool:
    return python.exists() and run([python, "-c", VERSION]).stdout.strip() == "0.12.1"


def _do(command: list, **variables: str) -> None:
    name = " ".join(map(str, command[1:5]))
    try:
        done = run(command, **variables)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{name} took more than {error.timeout:.0f} s") from None
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise Unavailable(f"{name} failed: {last}")
