"""A reader's program of 2015 to 2019, run: the process that ``cnn-raw run`` starts.

    python -m cnn_raw.script.process '{"path": "mine.py", ...}' ARGS...

It reads the program anew, makes ``tensorflow`` what it was, and runs the program as ``__main__``.
What it has to say itself goes to standard error and begins with "cnn-raw:".
"""

import json
import linecache
import os
import random
import re
import signal
import sys
import time
import traceback
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnn_raw.diff.source import Source, from_bytes
from cnn_raw.diff.why import answer
from cnn_raw.screen import quiet_start
from cnn_raw.script import python2
from cnn_raw.script.report import Reporter

# Packages that copies of the tutorial import, by the names that they import them by. Any other
# module may be a file of the program's own: pip could install a stranger's of the same name.
PACKAGES = {
    "cv2": "opencv-python",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "yaml": "pyyaml",
    "tf_slim": "tf-slim",
    **{name: name for name in (
        "h5py", "imageio", "keras", "matplotlib", "netCDF4", "pandas", "requests", "scipy",
        "seaborn", "six", "tflearn", "tqdm",
    )},
}  # fmt: skip

LONGEST_LINE = 200  # characters of a program's line that an error shows


@dataclass(frozen=True)
class Settings:
    """How a program is run. ``text``: its bytes are in this file, if not at ``path`` itself.

    ``report``: the number of a file descriptor for ``cnn-raw compare``.
    """

    path: str
    text: str | None = None
    steps: int | None = None
    seed: int | None = None
    trace: bool = False
    debug: bool = False
    report: int | None = None


def say(text: str) -> None:
    print(f"cnn-raw: {text}", file=sys.stderr, flush=True)


def main(settings: Settings, arguments: list[str]) -> int:
    """Run the program and return the exit status: its own, 1 after an error, 130 after Ctrl-C."""
    path = Path(settings.path).absolute()
    source = from_bytes(Path(settings.text or path).read_bytes(), settings.path)
    python_2 = source.python2 or python2.is_python2(source.text)
    if not settings.debug:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    with quiet_start():
        import tensorflow as tf
    from cnn_raw.script import old_mnist, old_tensorflow, seeds, watch

    _prepare(tf, settings)
    old_mnist.shuffles_first_epoch = old_tensorflow.edition(source.text) == 1
    old_mnist.serve_downloads()
    seeds.install(settings.seed)
    given = old_tensorflow.install(path.parent, say, python_2)
    reporter = None
    if settings.report is not None:
        reporter = Reporter(settings.report, source.name)
    watching = watch.Watch(settings.steps, say if settings.trace else None, reporter)
    watching.install()
    start = time.monotonic()
    # Before and after the program, Ctrl-C ends the process without a word; see ``running.START``.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    status = _run(source, path, python_2, given, arguments, settings.debug)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    say(
        f"{watching.calls} calls of Session.run, {watching.training_steps} of them trained; "
        f"{time.monotonic() - start:.1f} s"
    )
    return status


def _prepare(tf: types.ModuleType, settings: Settings) -> None:
    """Make the process one of 1.x: graphs at once, quiet, and reproducible with a seed."""
    import logging
    import warnings

    if not settings.debug:
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        warnings.simplefilter("ignore")
    tf.compat.v1.disable_v2_behavior()
    if settings.seed is not None:
        random.seed(settings.seed)
        np.random.seed(settings.seed % 2**32)
        tf.config.experimental.enable_op_determinism()
    python2.prepare_libraries()


def _run(
    source: Source, path: Path, python_2: bool, given: dict, arguments: list[str], debug: bool
) -> int:
    from cnn_raw.script.watch import StepsDone

    name = source.name
    lines = source.text.splitlines(keepends=True)
    linecache.cache[name] = (len(source.text), None, lines, name)
    module = types.ModuleType("__main__")
    module.__dict__.update(__builtins__=given, __file__=str(path))
    sys.modules["__main__"] = module
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.parent))
    if python_2:
        python2.prepare_modules()
    try:
        exec(python2.compile_program(source.text, name, python_2), module.__dict__)
    except StepsDone:
        say("stopped: the training steps that --steps asked for are done")
    except KeyboardInterrupt:
        say("stopped")
        return 130
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)
        return 1
    except BaseException as error:
        if debug:
            traceback.print_exc()
        for line in explain(error, source):
            print(line, file=sys.stderr)
        return 1
    finally:
        sys.stdout.flush()
    return 0


def explain(error: BaseException, source: Source) -> list[str]:
    """Return what is said of a program's error: where in the reader's file, the message, and why.

    Why it is said is what ``cnn-raw why`` answers, if it knows the message.
    """
    said: list[str] = []
    texts = source.text.splitlines()

    def say_line(line: int) -> None:
        n = min(line, len(texts)) - 1
        code = texts[n].strip()
        code = code if len(code) <= LONGEST_LINE else code[:LONGEST_LINE] + " ..."
        say_once(f"  {source.name}, {source.places[n]}: {code}")

    def say_once(line: str) -> None:
        if line not in said:  # a function that calls itself
            said.append(line)

    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == source.name and frame.lineno:
            say_line(frame.lineno)
        elif Path(frame.filename).parent == Path(source.name).absolute().parent:
            say_once(f"  {frame.filename}, line {frame.lineno}: {(frame.line or '').strip()}")
    if isinstance(error, SyntaxError) and error.filename == source.name and error.lineno:
        say_line(error.lineno)
    message = str(error).split("\n\nOriginal stack trace")[0]
    message = re.sub(
        r"(?s)Graph execution error:\s+Detected at node.*?\nNode: '.*?'\n", "", message
    )
    message = message.strip()
    if isinstance(error, SyntaxError):
        message = error.msg
    said.append(f"{type(error).__name__}: {message}" if message else type(error).__name__)
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.split(".")[0]
        if package := PACKAGES.get(top):
            said.append(f"cnn-raw: the program needs the package {package}: pip install {package}")
        elif top != "tensorflow":
            said.append(
                f"cnn-raw: the program needs the module {top}: {top}.py belongs beside it, if it "
                "is a file of the program's own"
            )
    if found := answer(said[-1]):
        said += [f"cnn-raw: why: {found.lines[0]}", *found.lines[1:]]
    return said


if __name__ == "__main__":
    sys.exit(main(Settings(**json.loads(sys.argv[1])), sys.argv[2:]))
