"""Workers in threads of one process, for the tests of several workers."""

import contextlib
import functools
import os
import socket
import threading
from pathlib import Path

from cnn_raw.workers import ring
from cnn_raw.workers.line import Line
from cnn_raw.workers.ring import Connections, Ring


def connected(workers):
    """The connections of every worker, by socket pairs."""
    names = [f"worker {k}" for k in range(workers)]
    found = [Connections(k, names) for k in range(workers)]
    if workers > 1:
        pairs = [socket.socketpair() for _ in range(workers)]  # from each to the next
        for k in range(workers):
            found[k].neighbours = pairs[k - 1][1], pairs[k][0]
    for k in range(1, workers):
        ours, theirs = socket.socketpair()
        found[0].lines[k], found[k].lines[0] = Line(ours), Line(theirs)
    return found


def in_threads(works):
    """What each function returns or raises, each in a thread of its own."""
    results = [None] * len(works)

    def run(k):
        try:
            results[k] = works[k]()
        except BaseException as error:
            results[k] = error

    threads = [threading.Thread(target=run, args=(k,)) for k in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    return results


def in_rings(workers, work, silence=ring.SILENCE):
    """What ``work(ring)`` returns or raises in each of the workers."""

    def run(connections):
        with Ring(connections, silence) as entered:
            return work(entered)

    return in_threads([functools.partial(run, each) for each in connected(workers)])


def addresses(workers):
    """Free addresses of this machine."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(workers)]
    found = tuple(server.getsockname() for server in servers)
    for server in servers:
        server.close()
    return found


def listening(pid):
    """The TCP ports on which a process listens."""
    inodes = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(os.readlink(path))
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports
