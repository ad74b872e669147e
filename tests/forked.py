"""Readers' programs in processes of their own that have imported TensorFlow already.

    monkeypatch.setattr(running, "subprocess", forked)

lets ``cnn_raw.script.running`` start each program as a fork of one process that has done what all
of them begin with, the import of TensorFlow (3 s of CPU each). What comes after it is the same.
"""

import atexit
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from subprocess import DEVNULL, TimeoutExpired

from cnn_raw.script import running

SERVE = f"import sys; sys.path[:0] = {sys.path!r}; import forked; forked.serve(sys.argv[1])"


class Popen:
    """A program started as ``subprocess.Popen`` would start it."""

    def __init__(
        self, command, cwd, env, stdin=None, stdout=None, stderr=None, pass_fds=(), text=False
    ):
        assert command[:3] == [sys.executable, "-c", running.START]
        with contextlib.ExitStack() as stack:
            null = stack.enter_context(open(os.devnull, "r+b"))
            given = enumerate((stdin, stdout, stderr))
            files = [n if file is None else null if file == DEVNULL else file for n, file in given]
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(server())
            about = {"argv": command[3:], "cwd": str(cwd), "env": env, "fds": list(pass_fds)}
            fds = [file if isinstance(file, int) else file.fileno() for file in files]
            socket.send_fds(self._socket, [json.dumps(about).encode()], [*fds, *pass_fds])
        self.pid, self.returncode = int(self._socket.recv(20)), None

    def wait(self, timeout=None):
        if self.returncode is None:
            self._socket.settimeout(timeout)
            try:
                said = self._socket.recv(20)
            except (TimeoutError, BlockingIOError):
                raise TimeoutExpired("the program", timeout or 0) from None
            self.returncode = int(said) if said else -signal.SIGKILL
            self._socket.close()
        return self.returncode

    def poll(self):
        with contextlib.suppress(TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


@functools.cache
def server() -> str:
    """Start the process that programs are forks of, once; return its address.

    It ends with this one: its standard input is closed.
    """
    folder = tempfile.mkdtemp()
    address = str(Path(folder) / "socket")
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    atexit.register(process.communicate)  # closes its standard input, and waits
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    return address


def serve(address: str) -> None:
    """Fork for each connection, until standard input is closed."""
    import select

    import tensorflow  # noqa: F401

    from cnn_raw.script import old_mnist, old_tensorflow, process, seeds, watch  # noqa: F401

    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen()
    print("ready", flush=True)
    while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            _run(connection, process)
        connection.close()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _run(connection: socket.socket, process) -> None:
    """Be the program's process, and tell its exit status at its end."""
    message, fds, *_ = socket.recv_fds(connection, 1 << 20, 16)
    about = json.loads(message)
    for own, number in zip(fds, [0, 1, 2, *about["fds"]], strict=True):
        os.dup2(own, number)
    os.chdir(about["cwd"])
    os.environ.clear()
    os.environ.update(about["env"])
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    connection.send(str(os.getpid()).encode())
    status = 1
    try:
        options, *arguments = about["argv"]
        status = process.main(process.Settings(**json.loads(options)), arguments)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.send(str(status).encode())
        os._exit(status)
