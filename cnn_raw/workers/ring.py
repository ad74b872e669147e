"""Sums over all workers, in a ring, and the watch over those that work.

Each worker sends to the next and receives from the one before. A vector is cut into as many pieces
as there are workers. Each piece goes round once, and every worker adds its own; then each sum goes
round once. So every worker sends 2 (N - 1) / N of the vector, each piece is added in one order, and
all workers get the same bits. (P. Patarasu, X. Yuan, "Bandwidth optimal all-reduce algorithms for
clusters of workstations", J. Parallel Distrib. Comput. 69, 2009.)

Worker 0 has a line to each of the others. Every second each end tells the other that it is alive.
"""

import contextlib
import select
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cnn_raw.workers.line import Line

SILENCE = 10.0  # seconds after which a worker that says nothing counts as lost


class WorkerLost(ConnectionError):
    """The workers cannot continue together. The message says which of them is the reason."""


@dataclass
class Connections:
    """What connects a worker to the others: the lines, and the sockets of its neighbours.

    ``lines``: worker 0's to every other worker, or another's to worker 0. A ring of one worker has
    none, and no neighbours. ``names`` says how each worker is called on the screen.
    """

    worker: int
    names: list[str]
    lines: dict[int, Line] = field(default_factory=dict)
    neighbours: tuple[socket.socket, ...] = ()  # the one before, the one after
    problem: str = ""  # why this worker has not all of them

    def tell(self, **message: object) -> None:
        """Send a message on every line that is not lost."""
        for line in self.lines.values():
            with contextlib.suppress(OSError):  # what has ended is seen when it is read
                line.send(**message)

    def close(self) -> None:
        for end in (*(line.socket for line in self.lines.values()), *self.neighbours):
            end.close()


class Ring:
    """One worker's place among all: sums with the others, and watches over them.

    In a ``with``: when it is left the others are told, and the connections are closed.
    """

    def __init__(self, connections: Connections, silence: float = SILENCE):
        self.worker, self.workers = connections.worker, len(connections.names)
        self._connections, self._silence = connections, silence
        self._reason: str | None = None
        self._lost, self._left = threading.Event(), False
        self._watch = threading.Thread(target=self._watch_over, daemon=True)

    def __enter__(self) -> "Ring":
        for end in self._connections.neighbours:
            end.setblocking(False)
        self._watch.start()
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        name = self._connections.names[self.worker]
        if error is None or isinstance(error, GeneratorExit):
            self._connections.tell(left=True)
        elif not isinstance(error, WorkerLost):
            said = "was stopped with Ctrl-C" if kind is KeyboardInterrupt else f"stopped: {error}"
            self._connections.tell(lost=f"{name} {said}")
        self._left = True
        self._watch.join(1.0)
        self._connections.close()

    def sum(self, vector: np.ndarray) -> np.ndarray:
        """Return the sum of all workers' vectors of this call, of one length and dtype.

        Raises WorkerLost when a worker is lost.
        """
        total = vector.copy()
        pieces = np.array_split(total, self.workers)
        room = np.empty_like(pieces[0])
        for step in range(self.workers - 1):
            mine = pieces[(self.worker - step - 1) % self.workers]
            self._exchange(pieces[(self.worker - step) % self.workers], room[: len(mine)])
            mine += room[: len(mine)]
        for step in range(self.workers - 1):
            mine = pieces[(self.worker - step) % self.workers]
            self._exchange(pieces[(self.worker - step + 1) % self.workers], mine)
        return total

    def check_equal(self, values: np.ndarray) -> None:
        """Raise WorkerLost unless all workers, each of which gave a value, gave the same."""
        for worker, value in enumerate(values):
            if value != values[0]:
                raise WorkerLost(
                    f"{self._connections.names[worker]} no longer has the weights of worker 0: its "
                    "machine computes other last bits; train on machines of one kind"
                )

    def _exchange(self, out: np.ndarray, into: np.ndarray) -> None:
        """Send to the next worker while receiving from the one before."""
        before, after = self._connections.neighbours
        sending, receiving = (memoryview(part).cast("B") for part in (out, into))  # type: ignore[arg-type]
        try:
            while sending or receiving:
                reads, writes = [before] * bool(receiving), [after] * bool(sending)
                reads, writes, _ = select.select(reads, writes, [], 0.1)
                if self._lost.is_set():
                    raise ConnectionError
                with contextlib.suppress(BlockingIOError):  # select was mistaken
                    if reads:
                        received = before.recv_into(receiving)
                        if not received:
                            raise ConnectionError
                        receiving = receiving[received:]
                    if writes:
                        sending = sending[after.send(sending) :]
        except (OSError, ValueError):
            self._lost.wait(2.0)  # the watch learns why
            raise WorkerLost(self._reason or "the connection to a worker broke") from None

    def _watch_over(self) -> None:
        """Tell the others every second that this worker is alive; see that they are."""
        lines, names = dict(self._connections.lines), self._connections.names
        looked, said = time.monotonic(), 0.0
        heard = dict.fromkeys(lines, looked)
        while lines and not self._left and not self._lost.is_set():
            now = time.monotonic()
            if now - looked > 2.0:  # this process was stopped, Ctrl-Z, and continues
                heard = dict.fromkeys(lines, now)
            looked = now
            if now - said > 1.0:
                said = now
                self._connections.tell()
            arrived, _, _ = select.select([line.socket for line in lines.values()], [], [], 0.1)
            for worker, line in list(lines.items()):
                if line.socket in arrived:
                    heard[worker] = now
                    try:
                        messages = line.arrived()
                    except OSError:
                        self._fail(f"{names[worker]} has ended")
                        break
                    for message in messages:
                        if "lost" in message:
                            self._fail(str(message["lost"]))
                        elif "left" in message:
                            lines.pop(worker, None)
                elif now - heard[worker] > self._silence:
                    self._fail(f"{names[worker]} has not answered for {self._silence:g} s")

    def _fail(self, reason: str) -> None:
        """Tell the others, and this worker itself when it next waits for its neighbours."""
        if self._reason is None:  # the first is the cause of the rest
            self._reason = reason
            self._connections.tell(lost=reason)
            self._lost.set()
