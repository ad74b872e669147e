"""How the network learns: one step shown number by number, and a training that can be watched.

``Learning.answer`` takes a request and returns the reply, both plain dictionaries of what JSON
has, as ``Inside.answer`` does. The training runs in a process of its own, started by the first
request; it ends with this one. It is the tutorial's own ``train_op`` on MNIST's own batches, in
their order. Nothing is kept but on request. Errors are InputError, one line.

While the process starts, which takes seconds, every reply is {"starting": true}: nothing was done,
ask again.

Training. Each of these replies with the *progress* described below::

    begin      back to step 0. "knobs", all optional: "start": "2016", "he" or a model's name;
               "rms": 1 (2016's start of the slot) or 0; "learning_rate": 0.001;
               "p_keep_conv": 0.8; "p_keep_hidden": 0.5; "batch_size": 128 (1 to 128);
               "share": 0 (of each batch that is own digits: 0 none, 1 all); "seed": 2016
    step       "steps": 1 to 100 steps, one after the other
    play       steps without end, until "pause" (or "begin", or a minute without any request)
    pause
    progress   says only how far it is
    own        "digits": [{"source": ..., "label": 0 to 9}, ...], at most 100, in place of those
               given before; a source is {"strokes", "thickness"} or {"test"}, as for Inside

Every request may carry "since": n, to get only the points after step n, and "source", a digit
whose estimate is wanted. The progress is::

    training          another text after each "begin": what is known of an older one is void
    step, playing     steps done; whether it plays
    knobs             all of them, as they are
    costs             [[step, cost], ...]: each the cost before that step's update, in nats
    tests             [[step, train, test], ...]: the share, 0 to 1, of the first 1,000 training
                      images and of the first 1,000 test images that is right; at steps 0, 10,
                      20, ..., 100, 200, ... and whenever it is paused
    full              [step, share] of all 10,000 test images, measured when "full": true is asked
    filters           w, packed, (3, 3, 1, 32)
    probabilities     of "source": ten numbers, or null
    own               for each own digit {"label", "answer", "probability" of its label, "cost"}
    plateau           true while the cost is within 0.01 of ln 10 = 2.3026
    kept              the folder of the run last kept of this training, or null
    ms                a step's mean time in milliseconds

One step. ``backward`` shows the step to come, with the masks that it will draw; ``why`` explains
one number of it. Neither changes anything, and ``step`` then does just that::

    backward   "image": i, the digit of the batch whose columns are sent (default: 0)
               step, n, image; labels: n digits; images: packed (n, 28, 28)
               cost; costs: of each of the n images, in nats; probabilities: n lists of ten
               layers, gradients: packed, of that image, X (layers only), l1a, l1, l2a, ... py_x;
               a gradient is the derivative of the mean cost
               masks: packed, of that image, l1, l2, l3, l4: 1 is kept
               weights: of w, w2, w3, w_o {"weight", "gradient", "rms", "update"}, packed in
               the variable's shape; of w4 each as (256, 125), the strongest of blocks of 8 x 5
    why        "of": a layer ("image": i, "at": as for Inside's explain) or a weight ("at": its
               indices). Each reply has kind; value: the tape's; sum: of the products shown, in
               float64; difference: sum - value; and by its kind:

    softmax    py_x: probability, label (0 or 1), n: (probability - label) / n
    dense      l4, l3: terms, the strongest first: {"unit", "gradient", "mask", "keep", "gate",
               "weight", "product"}; others, rest: how many more there are, and their sum
    conv       l2, l1: channels, the strongest first: {"channel", "gradients", "gates", "filter",
               "products", "sum"}, 3x3 each, null outside of the map; others, rest
    pool       l3a, l2a, l1a: window: 2x2 activations; chosen: [row, column] of the largest;
               took: whether it is the one asked for; to: {"layer", "at", "gradient"}; mask; keep
    weight     w, w2, w3: terms: {"image", "at": [row, column], "input", "gradient", "gate",
               "product"}; images: the sum of each image. w4, w_o: {"image", "input", "gradient",
               "mask", "keep", "gate", "product"}. others, rest. update: {"weight", "gradient",
               "rms", "new_rms", "decay", "learning_rate", "epsilon", "change", "new_weight"}:
               new_rms = rms + (gradient^2 - rms) (1 - decay),
               change = learning_rate gradient / sqrt(new_rms + epsilon),
               new_weight = weight - change

gate is relu's: 1 where its input was above zero. mask is dropout's, keep the probability it was
drawn with; a gradient passes as gradient * mask / keep * gate. Packed arrays are those of Inside.
"""

import contextlib
import json
import os
import queue
import select
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from cnn_raw import InputError

if TYPE_CHECKING:
    from cnn_raw.cnn import Weights
    from cnn_raw.draw.trainer import Trainer

OPS = ("begin", "step", "play", "pause", "progress", "own", "keep", "backward", "why")
IDLE = 60  # seconds without a request, after which it no longer plays


class Learning:
    """The training process, started by the first request. ``models``: to start from, by name.

    ``data``: a folder with MNIST's files (default: the package's own). Safe to call from several
    threads: one request is answered at a time.
    """

    def __init__(self, models: "dict[str, Weights]", data: str | os.PathLike | None = None):
        self._models, self._data = models, data
        self._process: subprocess.Popen[str] | None = None
        self._starting: tempfile.TemporaryDirectory[str] | None = None  # with the models to load
        self._lock = threading.Lock()

    def answer(self, request: dict) -> dict:
        """Return the reply to a request. Raises InputError if it is not a good one."""
        with self._lock:
            try:
                process = self._process or self._start()
                if self._starting and not self._started(process):
                    return {"starting": True}
                reply = _exchange(process, request)
            except (OSError, ValueError):
                self._end()
                raise InputError("the training has ended unexpectedly; begin again") from None
        if "error" in reply:
            raise InputError(reply["error"])
        return reply

    def close(self) -> None:
        """End the process, if there is one; a request that it is answering fails."""
        if (process := self._process) is not None:
            process.kill()
        with self._lock:
            self._end()

    def _start(self) -> "subprocess.Popen[str]":
        self._starting = tempfile.TemporaryDirectory()
        # A session of its own: Ctrl-C is for this process, and the other ends with its input.
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            start_new_session=True,
        )
        files = {}
        for k, (name, weights) in enumerate(self._models.items()):
            files[name] = str(Path(self._starting.name, f"{k}.npz"))
            np.savez(files[name], **{w: var.numpy() for w, var in weights._asdict().items()})
        data = None if self._data is None else os.fspath(self._data)
        _send(self._process, {"models": files, "data": data})
        return self._process

    def _started(self, process: "subprocess.Popen[str]") -> bool:
        """Return whether the process has loaded the models; it says so in its first line."""
        assert process.stdout
        if not select.select([process.stdout], [], [], 0)[0]:
            return False
        _receive(process)
        self._loaded()
        return True

    def _loaded(self) -> None:
        if self._starting is not None:
            self._starting.cleanup()
            self._starting = None

    def _end(self) -> None:
        self._loaded()
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):  # what could not be written is lost
                    stream.close()  # type: ignore[union-attr]


def _exchange(process: "subprocess.Popen[str]", request: dict) -> dict:
    """Send a request and return the reply. Raises OSError or ValueError if there is none."""
    _send(process, request)
    return _receive(process)


def _send(process: "subprocess.Popen[str]", request: dict) -> None:
    assert process.stdin
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()


def _receive(process: "subprocess.Popen[str]") -> dict:
    assert process.stdout
    return json.loads(process.stdout.readline())


def main(requests: IO[str], replies: IO[str]) -> None:
    """Answer requests, a line of JSON each, until they end; train meanwhile where it plays."""
    if hasattr(os, "nice"):
        os.nice(10)  # the page, which draws and explains meanwhile, goes first
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in requests:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    first = lines.get()
    if first is None:
        return
    trainer = _trainer(json.loads(first))
    print(json.dumps({}), file=replies, flush=True)
    asked = time.monotonic()
    while True:
        if trainer.playing and lines.empty():
            trainer.step()
            trainer.playing = time.monotonic() < asked + IDLE
            continue
        line = lines.get()
        if line is None:
            return
        asked = time.monotonic()
        try:
            reply = trainer.answer(json.loads(line))
        except InputError as error:
            reply = {"error": str(error)}
        print(json.dumps(reply), file=replies, flush=True)


def _trainer(request: dict) -> "Trainer":
    import tensorflow as tf

    from cnn_raw import input_data
    from cnn_raw.draw.trainer import Trainer
    from cnn_raw.runs.weights import load_weights

    tf.config.experimental.enable_op_determinism()
    models = {name: load_weights(path) for name, path in request["models"].items()}
    mnist = input_data.read_data_sets(request["data"], one_hot=True)
    return Trainer(mnist, models, request["data"])


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
