"""Start a reader's program in a process and a working folder of its own, and see it to its end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from cnn_raw.script.process import Settings, say

GRACE = 5.0  # seconds that a program has to end after Ctrl-C
# python -m cnn_raw.script.process, and Ctrl-C ends it without a word while it imports.
START = """\
import runpy, signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
runpy.run_module("cnn_raw.script.process", run_name="__main__", alter_sys=True)
"""


@contextlib.contextmanager
def working_folder(here: bool) -> Iterator[Path]:
    """Give a new folder, or the current one. A new one is removed again if nothing is in it."""
    if here:
        yield Path.cwd()
        return
    folder = Path(tempfile.mkdtemp(prefix="cnn-raw-run-"))
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()


def run(settings: Settings, arguments: Sequence[str], here: bool, text: bytes | None = None) -> int:
    """Run a program to its end, its output on the screen, and return its exit status.

    ``text``: its bytes, if they came by standard input.
    """
    with working_folder(here) as folder:
        say(f"{settings.path} runs in {folder}, with your rights")
        with process(settings, arguments, folder, text) as child:
            status = wait(child)
        if not here and (names := sorted(path.name for path in folder.iterdir())):
            say(f"it left in {folder}: {', '.join(names)}")
    return status


@contextlib.contextmanager
def process(
    settings: Settings, arguments: Sequence[str], folder: Path, text: bytes | None = None, **options
) -> Iterator[subprocess.Popen]:
    """Start the program in ``folder``; it is ended with the block.

    ``text``: its bytes, if they came by standard input. ``options`` are for ``Popen``.
    """
    with contextlib.ExitStack() as stack:
        if text is not None:
            kept = stack.enter_context(tempfile.TemporaryDirectory(prefix="cnn-raw-"))
            (Path(kept) / "text").write_bytes(text)
            settings = replace(settings, text=str(Path(kept) / "text"))
        path = settings.path if text is not None else str(Path(settings.path).absolute())
        settings = replace(settings, path=path)
        root = str(Path(__file__).parents[2])
        inherited = os.environ.get("PYTHONPATH")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([root, *([inherited] if inherited else [])]),
            "PYTHONUNBUFFERED": "1",
        }
        command = [sys.executable, "-c", START, json.dumps(asdict(settings))]
        child = subprocess.Popen([*command, *arguments], cwd=folder, env=environment, **options)
        stack.callback(end, child)
        yield child


def wait(child: subprocess.Popen) -> int:
    """Return the exit status of a program that ends by itself or is ended by Ctrl-C: 130."""
    try:
        status = child.wait()
    except KeyboardInterrupt:
        try:
            child.wait(GRACE)  # the terminal has told it too
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            child.kill()
        raise
    if status < 0:
        say(f"the program was ended by {signal.Signals(-status).name}")
        return 128 - status
    return status


def end(child: subprocess.Popen) -> None:
    """End a program that has not ended: as Ctrl-C would, and if it does not listen, by force."""
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(GRACE)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            child.kill()
            child.wait()
