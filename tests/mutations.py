"""Bytes, JSON and requests of the page with something wrong in them: what ``fuzz.py`` is made of.

Run as a program it sends many requests to a real server:

    python tests/mutations.py RUN [--requests 10000] [--seed 0]

Prints how many got an answer (200), how many one line that says what is wrong (4xx), how many
failed (5xx, or none at all), and the slowest answer.
"""

import argparse
import collections
import copy
import http.client
import json
import random
import re
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cnn_raw.runs.index import _block, _handle

SEVEN = {"strokes": [[[0.3, 0.2], [0.7, 0.2], [0.45, 0.85]]], "thickness": 0.08}
KNOBS = {"start": "he", "rms": 0, "learning_rate": 0.001, "p_keep_conv": 0.8, "batch_size": 2,
         "p_keep_hidden": 0.5, "share": 0.5, "seed": 7}  # fmt: skip
LOOK = [{"op": "estimate"}, {"op": "layers"}, {"op": "explain", "layer": "l2a", "at": [3, 4, 5]}]
GOOD = [
    {"op": "state"},
    {"op": "estimate", "source": SEVEN, "steps": {"box": False}},
    {"op": "look", "source": {"test": 3}, "asks": LOOK, "dropout": {"seed": 1}},
    {"op": "stages", "source": {"picture": {"shape": [2, 2], "data": "AAECAw=="}}},
    {"op": "explain", "source": SEVEN, "layer": "py_x", "at": [3], "against": 8},
    {"op": "try", "source": SEVEN, "filter": [[1, 0, -1]] * 3, "padding": "VALID", "stride": 2},
    {"op": "filters", "source": SEVEN},
    {"op": "wrong", "after": 9750},
    {"op": "begin", "knobs": KNOBS},
    {"op": "step", "steps": 1, "since": 0, "source": SEVEN},
    {"op": "own", "digits": [{"source": SEVEN, "label": 7}], "share": 0.5},
    {"op": "backward", "image": 1},
    {"op": "why", "of": "l2a", "image": 0, "at": [3, 4, 5]},
    {"op": "why", "of": "w4", "at": [100, 200]},
    {"op": "progress", "since": 0, "source": {"test": 5}},
    {"op": "pause"},
]  # fmt: skip
ODD = [
    *(None, True, False, 0, -1, 1, 2.5, 1e300, -1e-300, 10**400, 2**31),
    *("", "l1", "2016", "\0", "\ud800", "AAECAw=="),
    *([], [[]], [None], [0, 0, 0], ["a"] * 9, [[0.5, 0.5]] * 99, {}, {"op": "state"}),
]  # fmt: skip


ODD_BYTES = (b"\0", b"\xff", b"\x80", b"\x7f", b"\n", b'"', b"\0\0\0\1", b"\xff\xff\xff\xff")


def damaged(content: bytes, chance: random.Random, start: int = 0, end: int | None = None) -> bytes:
    """Return the bytes with one to four things changed between two places."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(start, max(start + 1, min(len(changed), end or len(changed))))
        kind, some = chance.random(), chance.choice((1, 1, 2, 4, 8, 100))
        if kind < 0.4:
            changed[at : at + 1] = bytes([chance.randrange(256)])
        elif kind < 0.7:
            odd = chance.choice(ODD_BYTES)
            changed[at : at + chance.choice((0, len(odd)))] = odd
        elif kind < 0.8:
            del changed[at : at + some]
        elif kind < 0.9:
            changed[at:at] = changed[at : at + some]
        elif kind < 0.95:
            del changed[at:]
        else:
            changed[at : at + some] = chance.randbytes(some)
    return bytes(changed)


def lying_table(content: bytes, chance: random.Random) -> bytes:
    """Return LevelDB's table with a small block damaged, and its checksum made right again."""
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    _, at = _handle(content[-48:], 0)
    listing, _ = _handle(content[-48:], at)
    blocks = [listing, *(_handle(value, 0)[0] for _, value in _block(content, *listing))]
    start, size = chance.choice([block for block in blocks if block[1] < 20_000])
    block = damaged(content[start : start + size], chance)[:size].ljust(size, b"\0") + b"\0"
    checksum = struct.pack("<I", masked_crc32c(block))
    return content[:start] + block + checksum + content[start + size + 5 :]


def places(value, at=()):
    """Return the paths to every value inside ``value``, itself included."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [at, *(path for key, one in inner for path in places(one, (*at, key)))]


def changed(value, chance: random.Random):
    """Return JSON with one to three things changed in it: replaced, removed, repeated."""
    value = copy.deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(places(value))
        if not path:
            continue
        parent = value
        for key in path[:-1]:
            parent = parent[key]
        kind = chance.random()
        if kind < 0.7:
            parent[path[-1]] = copy.deepcopy(chance.choice(ODD))
        elif kind < 0.85:
            del parent[path[-1]]
        elif isinstance(parent, list):
            parent.extend(copy.deepcopy(parent))
        else:
            parent[chance.choice(["op", "source", "x", "at"])] = copy.deepcopy(parent[path[-1]])
    return value


def mutated(chance: random.Random) -> dict | list | object:
    """Return a good request with one to three things changed in it."""
    return changed(chance.choice(GOOD), chance)


def body(chance: random.Random) -> bytes:
    """Return a mutated request as it is sent; of some a byte is changed, or the end is cut off."""
    content = bytearray(json.dumps(mutated(chance)).encode())
    if chance.random() < 0.1:
        content[chance.randrange(len(content))] = chance.randrange(256)
    if chance.random() < 0.05:
        del content[chance.randrange(len(content)) :]
    return bytes(content)


def ask(port: int, content: bytes) -> tuple[int, dict]:
    """Send a request's body to the server and return the answer's status and what it says."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    client.request("POST", "/api", content, {"Content-Type": "application/json"})
    answer = client.getresponse()
    reply = json.loads(answer.read())
    client.close()
    return answer.status, reply


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", metavar="RUN", help="anything that cnn-raw draw takes")
    parser.add_argument("--requests", type=int, default=10_000, help="how many (default: 10,000)")
    parser.add_argument("--seed", type=int, default=0, help="of what is changed (default: 0)")
    arguments = parser.parse_args()

    chance, statuses, failed = random.Random(arguments.seed), collections.Counter(), []
    command = [
        sys.executable,
        "-m",
        "cnn_raw",
        "draw",
        str(Path(arguments.run).resolve()),
        "--no-open",
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as server,
    ):
        try:
            port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", server.stdout.readline())[1])
            slowest = 0.0
            while "starting" in ask(port, b'{"op": "progress"}')[1]:
                time.sleep(0.5)
            for i in range(arguments.requests):
                content, start = body(chance), time.perf_counter()
                try:
                    status, reply = ask(port, content)
                except (OSError, ValueError, http.client.HTTPException) as error:
                    reply, status = {"error": repr(error)}, 599
                slowest = max(slowest, time.perf_counter() - start)
                statuses[status] += 1
                if status >= 500:
                    failed.append((i, content, reply))
                    print(status, content[:300], reply)
        finally:
            server.terminate()
    print(f"{arguments.requests:,} requests: {dict(statuses)}, {len(failed)} failed; "
          f"the slowest took {slowest:.1f} s")  # fmt: skip
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
