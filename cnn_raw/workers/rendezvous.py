"""The workers meet: over plain sockets, before TensorFlow is imported.

Every worker listens on its own address. Each connects to worker 0 and proves that it knows the
secret (HMAC-SHA256 of a random challenge); so does worker 0. When all are there worker 0 gives out
a random token, with which each connects to the next in the ring; then nobody listens any more. Last
they compare what they have. Whatever is wrong, every worker that has come is told.
"""

import hmac
import os
import secrets
import select
import socket
import time
from collections.abc import Mapping
from typing import Any

from cnn_raw import InputError
from cnn_raw.workers.cluster import Cluster
from cnn_raw.workers.line import PATIENCE, Line
from cnn_raw.workers.ring import Connections


def connect(cluster: Cluster, wait: float, secret: bytes = b"") -> Connections:
    """Return this worker's connections when all have come. ``wait``: seconds to wait for them.

    Raises InputError, which says who is missing, or why this worker cannot take part.
    """
    connections = Connections(cluster.worker, cluster.names)
    if len(cluster.addresses) == 1:
        return connections
    try:
        with _listen(cluster) as listener:
            deadline = time.monotonic() + wait
            if cluster.worker == 0:
                _gather(connections, listener, cluster, deadline, secret)
                token = secrets.token_hex(16)
                connections.tell(token=token)
            else:
                connections.lines[0], wait = _join(cluster, deadline, secret)
                token = _answer(connections, time.monotonic() + wait + PATIENCE)["token"]
            try:
                _close_ring(connections, listener, cluster, token)
            except OSError as error:
                connections.problem = str(error)
        return connections
    except BaseException:
        connections.close()
        raise


def agree(
    connections: Connections, mine: Mapping[str, Any], settings: Mapping[str, Any], wait: float
) -> dict:
    """Compare what the workers have, and return the settings: those of worker 0.

    ``mine`` says what must be the same everywhere, and how it is called. ``settings`` are those
    that this worker was given: all of them to worker 0, any or none to another. Raises InputError,
    with the same message on every worker, if something differs.
    """
    deadline = time.monotonic() + wait
    names, lines = connections.names, connections.lines
    if connections.worker:
        lines[0].send(problem=connections.problem, mine=mine, settings=settings)
        return _answer(connections, deadline + PATIENCE)["settings"]
    problem = connections.problem and f"{names[0]} {connections.problem}"
    for worker, line in lines.items():
        try:
            theirs = line.receive(deadline)
            found = theirs["problem"] or _difference(theirs, mine, settings)
        except (OSError, KeyError, TypeError, AttributeError):
            found = "has ended, or does not answer"
        problem = problem or (found and f"{names[worker]} {found}")
    connections.tell(**({"lost": problem} if problem else {"settings": settings}))
    if problem:
        raise InputError(problem)
    return dict(settings)


def read_secret(path: str) -> bytes:
    """Return what a file with the secret says, without spaces around it."""
    with open(path, "rb") as file:
        secret = file.read(10_000).strip()
    if not secret:
        raise InputError(f"{path}: is empty; give a file with some words that nobody can guess")
    return secret


def _listen(cluster: Cluster) -> socket.socket:
    """Listen on this worker's own address, and on no other."""
    host, port = cluster.addresses[cluster.worker]
    name = cluster.names[cluster.worker]
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except (socket.gaierror, UnicodeError) as error:
        raise InputError(f"{name}: there is no machine of that name") from error
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise InputError(
            f"{name}: cannot listen there ({reason}); is --worker right? Does another "
            "program use that port?"
        ) from error


def _gather(
    connections: Connections,
    listener: socket.socket,
    cluster: Cluster,
    deadline: float,
    secret: bytes,
) -> None:
    """Let the others come to worker 0. Tell those that are there if one does not come in time."""
    lines, refused = connections.lines, ""
    while len(lines) < len(cluster.addresses) - 1 and time.monotonic() < deadline:
        for worker, line in list(lines.items()):
            try:
                line.arrived()
            except OSError:  # it has left; it may come again
                lines.pop(worker).socket.close()
        if not select.select([listener], [], [], 0.1)[0]:
            continue
        connection, (host, *_) = listener.accept()
        line = Line(connection)
        try:
            worker = _admit(line, cluster, lines, deadline, secret)
        except (OSError, KeyError, TypeError, AttributeError) as error:
            connection.close()
            refused = f"; {host} came but was refused ({error})"
        else:
            lines[worker] = line
    missing = [name for k, name in enumerate(cluster.names) if k and k not in lines]
    if missing:
        problem = f"{' and '.join(missing)} did not come in time"
        connections.tell(lost=problem)
        raise InputError(f"{problem}{refused}")


def _admit(
    line: Line, cluster: Cluster, lines: Mapping[int, Line], deadline: float, secret: bytes
) -> int:
    """Return the number of the worker that has come to worker 0."""
    challenge = secrets.token_hex(32)
    line.send(challenge=challenge)
    theirs = line.receive(time.monotonic() + PATIENCE)
    if not hmac.compare_digest(theirs["proof"], _proof(secret, "worker", challenge)):
        line.send(lost="has another secret; give both the same --secret")
        raise ConnectionError("it does not know the secret")
    worker = theirs["worker"]
    problem = ""
    if theirs["addresses"] != [list(address) for address in cluster.addresses]:
        problem = "was given other addresses; give all workers the same, in one order"
    elif worker in lines or worker not in range(1, len(cluster.addresses)):
        problem = f"has met another worker {worker}; give each a number of its own"
    if problem:
        line.send(lost=problem)
        raise ConnectionError(f"worker 0 {problem}")
    wait = max(deadline - time.monotonic(), 0.0)
    line.send(proof=_proof(secret, "worker 0", theirs["challenge"]), wait=wait)
    return worker


def _join(cluster: Cluster, deadline: float, secret: bytes) -> tuple[Line, float]:
    """Go to worker 0 when it is there. Return the line, and how many seconds it waits for all."""
    name = cluster.names[0]
    while True:
        try:
            line = Line(_reach(cluster, 0))
            break
        except OSError as error:
            if time.monotonic() > deadline:
                reason = error.strerror or error
                raise InputError(f"{name} cannot be reached ({reason}); is it started?") from error
            time.sleep(0.2)
    try:
        said = line.receive(time.monotonic() + PATIENCE)
        challenge = secrets.token_hex(32)
        line.send(
            proof=_proof(secret, "worker", said["challenge"]),
            challenge=challenge,
            worker=cluster.worker,
            addresses=cluster.addresses,
        )
        said = line.receive(time.monotonic() + PATIENCE)
        problem = said.get("lost")
        if not problem and hmac.compare_digest(
            said["proof"], _proof(secret, "worker 0", challenge)
        ):
            return line, float(said["wait"])
    except (OSError, KeyError, TypeError, AttributeError):
        problem = None
    line.socket.close()
    raise InputError(f"{name} {problem or 'does not know the secret, or is no worker 0'}")


def _close_ring(
    connections: Connections, listener: socket.socket, cluster: Cluster, token: str
) -> None:
    """Go to the next worker, and let the one before come. Raises OSError, which says what fails."""
    workers = len(cluster.addresses)
    after, before = (cluster.worker + 1) % workers, (cluster.worker - 1) % workers
    try:
        ahead = _reach(cluster, after)
        connections.neighbours = (ahead,)  # to be closed, whatever happens
        ahead.sendall(token.encode())
    except OSError as error:
        raise ConnectionError(
            f"cannot reach {cluster.names[after]} ({error.strerror or error})"
        ) from error
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if select.select([listener], [], [], 0.1)[0]:
            connection, _ = listener.accept()
            connection.settimeout(PATIENCE)
            if hmac.compare_digest(connection.recv(len(token), socket.MSG_WAITALL), token.encode()):
                connections.neighbours = (_at_once(connection), ahead)
                return
            connection.close()
    raise ConnectionError(f"got no connection from {cluster.names[before]}")


def _reach(cluster: Cluster, worker: int) -> socket.socket:
    return _at_once(socket.create_connection(cluster.addresses[worker], timeout=PATIENCE))


def _at_once(connection: socket.socket) -> socket.socket:
    """Have what is sent leave at once."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _proof(secret: bytes, role: str, challenge: str) -> str:
    return hmac.new(secret, f"{role} {challenge}".encode(), "sha256").hexdigest()


def _answer(connections: Connections, deadline: float) -> dict:
    """Return what worker 0 says. Raises InputError if it says what is wrong, or nothing."""
    try:
        answer = connections.lines[0].receive(deadline)
    except OSError as error:
        raise InputError(f"{connections.names[0]} has ended, or does not answer") from error
    if "lost" in answer:
        raise InputError(str(answer["lost"]))
    return answer


def _difference(theirs: Mapping, mine: Mapping, settings: Mapping) -> str:
    """Return what a worker has that worker 0 has not, or ""."""
    for name, value in mine.items():
        if theirs["mine"].get(name) != value:
            return (
                f"has another {name} ({theirs['mine'].get(name)}) than worker 0 ({value}); give "
                "all workers the same"
            )
    for name, value in theirs["settings"].items():
        if settings.get(name) != value:
            return f"was given {name} {value}, worker 0 {settings.get(name)}; leave it out there"
    return ""
