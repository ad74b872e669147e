"""The page's server under load: one client's time from stroke to bars, then many at once.

    python tests/benchmarks/draw_load.py RUN [--clients 50] [--seconds 30]

Each client sends a drawing, waits for the estimate, and sends the next. Prints the median of one
client alone, then, of all together, the answers, the errors, the slowest, and by how much the
server's memory grew (Linux).
"""

import argparse
import http.client
import json
import re
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

STROKES = json.loads((Path(__file__).parent.parent / "strokes.json").read_text())["hands"]["round"]


def body(i: int) -> str:
    source = {"strokes": STROKES[str(i % 10)], "thickness": 0.08}
    return json.dumps({"op": "estimate", "source": source})


def ask(connection: http.client.HTTPConnection, i: int) -> float:
    """Ask for an estimate and return the seconds it took. Raises RuntimeError for an error."""
    start = time.perf_counter()
    connection.request("POST", "/api", body(i), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(content.decode())
    return time.perf_counter() - start


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024 / 1e6


def load(port: int, clients: int, seconds: float) -> tuple[list[float], list[str]]:
    taken, errors, end = [], [], time.monotonic() + seconds

    def client(number: int) -> None:
        connection, i = http.client.HTTPConnection("127.0.0.1", port), number
        while time.monotonic() < end:
            try:
                taken.append(ask(connection, i))
            except (OSError, RuntimeError, http.client.HTTPException) as error:
                errors.append(repr(error))
                connection.close()
            i += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, errors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", metavar="RUN", help="anything that cnn-raw draw takes")
    parser.add_argument("--clients", type=int, default=50, help="at once (default: 50)")
    parser.add_argument("--seconds", type=float, default=30, help="of load (default: 30)")
    arguments = parser.parse_args()

    command = [sys.executable, "-m", "cnn_raw", "draw", arguments.run, "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", server.stdout.readline())[1])
            alone, _ = load(port, 1, 5)
            print(f"one client: median {1000 * statistics.median(alone):.1f} ms of {len(alone)}")
            load(port, arguments.clients, 3)  # what many need at once is there before it counts
            before = resident_mb(server.pid)
            taken, errors = load(port, arguments.clients, arguments.seconds)
            grown = resident_mb(server.pid) - before
            print(
                f"{arguments.clients} clients, {arguments.seconds:.0f} s: {len(taken):,} answers, "
                f"{len(errors)} errors, median {1000 * statistics.median(taken):.0f} ms, "
                f"slowest {1000 * max(taken):.0f} ms; memory grew by {grown:.1f} MB"
            )
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
