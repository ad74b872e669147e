"""What a program's training steps were made of and what came of them, told to another process.

``Reporter`` sits in the program's process, ``receive`` in that of ``cnn-raw compare``. Between
them goes a pipe of messages, each an .npz with its length before it.
"""

import io
import json
import os
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:  # compare receives, and has no need of the program's side
    from cnn_raw.script.watch import Run

LENGTH = struct.Struct("<Q")


def send(pipe: BinaryIO, about: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write one message: what JSON can hold, and arrays."""
    message = io.BytesIO()
    np.savez(message, about=np.array(json.dumps(about)), **arrays)  # type: ignore[arg-type]
    content = message.getbuffer()
    pipe.write(LENGTH.pack(len(content)))
    pipe.write(content)
    pipe.flush()


def receive(pipe: BinaryIO) -> Iterator[tuple[dict[str, Any], dict[str, np.ndarray]]]:
    """Pass on the messages until the other end is closed."""
    while len(head := pipe.read(LENGTH.size)) == LENGTH.size:
        (size,) = LENGTH.unpack(head)
        content = pipe.read(size)
        if len(content) < size:
            return
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        yield json.loads(str(arrays.pop("about"))), arrays


class Reporter:
    """Does the runs of a program for ``Watch``, and tells of each training step.

    The first message is ``Trained.about``. Each other has ``before NAME`` (if the program changed
    its weights between two steps), what went in (X, Y, keep 0, learning_rate, ...) and, after it,
    cost and ``after NAME``; ``draws`` are the batch sizes of dropouts drawn since the last step,
    ``restart`` says that the random streams began anew.
    """

    def __init__(self, descriptor: int, name: str):
        from cnn_raw.script.trained import Gradients, Trained

        self._pipe, self._name = os.fdopen(descriptor, "wb"), name
        self._gradients, self._make = Gradients(), Trained
        self._trained: Trained | None = None
        self._session: Any = None
        self._after: list[np.ndarray] = []
        self._draws: list[int] = []

    def train(
        self, session: Any, fetches: Any, feed_dict: Any, updates: list[Any], run: "Run"
    ) -> Any:
        """Do a training step."""
        if self._trained is None:
            self._trained = self._make(updates, self._gradients, self._name)
            send(self._pipe, self._trained.about, {})
        trained = self._trained
        if not trained.state or set(updates) != set(trained.updates):
            send(self._pipe, {"stop": "the program trains another network"}, {})
            return run(fetches, feed_dict)
        names, state = list(trained.state), list(trained.state.values())
        given, wanted = trained.inputs(feed_dict)
        before = run(state, None)
        result, fetched = run([fetches, wanted], feed_dict)
        after = run(state, None)
        arrays = {f"after {name}": array for name, array in zip(names, after, strict=True)}
        if not self._after or not all(map(np.array_equal, before, self._after)):
            arrays.update(zip((f"before {name}" for name in names), before, strict=True))
        about = {"draws": self._draws, "restart": session is not self._session}
        send(self._pipe, about, {**given, **fetched, **arrays})
        self._session, self._after, self._draws = session, after, []
        return result

    def other(
        self, session: Any, fetches: Any, feed_dict: Any, ancestors: set[str], run: "Run"
    ) -> Any:
        """Do a run that does not train. One graph serves both: its dropouts draw all the same."""
        draws = self._trained.draws if self._trained and session is self._session else []
        drawn = [op for op in draws if op.name in ancestors]
        if not drawn:
            return run(fetches, feed_dict)
        result, mask = run([fetches, drawn[-1].outputs[0]], feed_dict)
        self._draws.append(len(mask) if len(drawn) == len(draws) else 0)
        return result
