"""The workers of one machine. Nothing listens: socket pairs connect them before they start.

Worker 0 is the process that starts the others; they inherit their ends of the pairs.
"""

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from cnn_raw.workers.line import PATIENCE, Line
from cnn_raw.workers.ring import Connections


@contextlib.contextmanager
def started(workers: int, command: Sequence[str], quiet: bool = True) -> Iterator[Connections]:
    """Start the processes of worker 1 and those after it; give worker 0's connections.

    ``--connected`` and what ``inherited`` takes are added to the ``command`` of each. When the
    ``with`` is left no process is left either.
    """
    ring = [socket.socketpair() for _ in range(workers if workers > 1 else 0)]
    lines = [socket.socketpair() for _ in range(workers - 1)]
    connections = Connections(0, ["worker 0"])
    with contextlib.ExitStack() as stack:
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for worker 0 alone
        try:
            for worker in range(1, workers):
                ends = lines[worker - 1][1], ring[worker - 1][1], ring[worker][0]
                process = stack.enter_context(_process(worker, workers, ends, command, quiet))
                connections.names.append(f"worker {worker} (process {process.pid})")
        finally:
            signal.signal(signal.SIGINT, interrupt)
        stack.callback(connections.close)
        if ring:
            connections.neighbours = ring[-1][1], ring[0][0]
            connections.lines = {k: Line(ours) for k, (ours, _) in enumerate(lines, start=1)}
        for end in (*(theirs for _, theirs in lines), *(end for pair in ring for end in pair)):
            if end not in connections.neighbours:
                end.close()
        yield connections


@contextlib.contextmanager
def _process(
    worker: int,
    workers: int,
    ends: Sequence[socket.socket],
    command: Sequence[str],
    quiet: bool,
) -> Iterator[subprocess.Popen]:
    """Start a worker, which inherits its ``ends``; when the ``with`` is left it has ended."""
    numbers = [end.fileno() for end in ends]
    connected = ",".join(map(str, [worker, workers, *numbers]))
    output = subprocess.DEVNULL if quiet else None
    # It finds this package, and not a random.py of the reader's in the present folder.
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [*command, "--connected", connected],
        pass_fds=numbers,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )
    try:
        yield process
    finally:
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:  # it was stopped, or hangs
            process.kill()
            process.wait()


def inherited(text: str) -> Connections:
    """Return the connections of a worker that ``started`` has started."""
    worker, workers, *numbers = map(int, text.split(","))
    names = [f"worker {k}" for k in range(workers)]
    names[worker] += f" (process {os.getpid()})"
    sockets = [socket.socket(fileno=number) for number in numbers]
    return Connections(worker, names, {0: Line(sockets[0])}, (sockets[1], sockets[2]))
