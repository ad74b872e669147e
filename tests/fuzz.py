"""Damaged and hostile input of every kind: an answer or one line of error, never anything else.

    python tests/fuzz.py 10                         ten minutes, in the kinds' SHARES
    python tests/fuzz.py --inputs 40                forty inputs of each kind
    python tests/fuzz.py --seed 7 --again npz:12    that input once more, with its traceback

Prints how many inputs of each kind were answered, refused in one line, and at fault. A fault is any
other exception, an error of several lines, no end within ``HANG`` seconds, an aborted process, or a
broken rule of the kind. Each kind has a process of its own; when an input ends it, the next begins
behind that input.
"""

import argparse
import itertools
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from fuzz_kinds import KINDS, first_saver, requests, resumed, scripts, write_good

from cnn_raw import InputError

FORK = multiprocessing.get_context("fork")
HANG = 60  # seconds, on a machine that may be busy
SHARES = {scripts: 6, requests: 4, resumed: 2}  # of the time; other kinds have 1
MEMORY = 24 << 30  # bytes of addresses: what asks for more fails, and harms no other process


def outcome(attempt, chance: random.Random) -> tuple[str, str]:
    """Return "answered", "refused" or "fault", and the words of the error."""
    try:
        attempt(chance)
    except InputError as error:
        one_line = str(error) and "\n" not in str(error)
        return "refused" if one_line else "fault", f"InputError: {error}"
    except Exception as error:
        return "fault", f"{type(error).__name__}: {error}"
    return "answered", ""


def work(kind, good: Path, seed: int, first: int, results) -> None:
    """Send the outcome of one input after the other. Never ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with open(good / "stderr", "wb") as errors:
        os.dup2(errors.fileno(), 2)
    folder = Path(tempfile.mkdtemp(dir=good))
    tempfile.tempdir = str(folder.parent)
    os.chdir(folder)
    attempt = kind(good, folder)
    for at in itertools.count(first):
        results.send(outcome(attempt, random.Random(f"{seed}:{kind.__name__}:{at}")))


def try_kind(kind, good: Path, seed: int, seconds: float, inputs: float) -> int:
    """Try a kind of input, print what came of it, and return the number of faults."""
    counts, at = dict.fromkeys(("answered", "refused", "fault"), 0), 0
    end = time.monotonic() + seconds
    while at < inputs and time.monotonic() < end:
        receiver, sender = multiprocessing.Pipe(duplex=False)
        process = FORK.Process(target=work, args=(kind, good, seed, at, sender), daemon=True)
        process.start()
        sender.close()
        alive = True
        while alive and at < inputs and time.monotonic() < end:
            result, words = "fault", f"no end in {HANG} s"
            if alive := receiver.poll(HANG):
                try:
                    result, words = receiver.recv()
                except EOFError:
                    alive, words = False, "the process was aborted"
                    result = "refused" if kind is first_saver else "fault"
            counts[result] += 1
            if result == "fault":
                print(f"  {kind.__name__}:{at}  {words}", flush=True)
            at += 1
        process.kill()
        process.join()
    shown = ", ".join(f"{number:,} {name}" for name, number in counts.items())
    print(f"{kind.__name__:<12} {at:>7,} tried: {shown}", flush=True)
    return counts["fault"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", metavar="MINUTES", type=float, nargs="?", default=1.0)
    parser.add_argument("--inputs", type=int, help="of each kind, in place of a time")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: the time")
    parser.add_argument("--again", metavar="KIND:N", help="try one input again, in this process")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cnn-raw-fuzz-") as name:
        good = Path(name)
        writer = FORK.Process(target=write_good, args=(good,))  # this process never computes
        writer.start()
        writer.join()
        if arguments.again:
            kind, at = arguments.again.split(":")
            (good / "again").mkdir()
            (function,) = (one for one in KINDS if one.__name__ == kind)
            function(good, good / "again")(random.Random(f"{arguments.seed}:{kind}:{at}"))
            return 0
        print(f"seed {arguments.seed}", flush=True)
        seconds = float("inf") if arguments.inputs else arguments.minutes * 60
        inputs = arguments.inputs or float("inf")
        shares = {kind: SHARES.get(kind, 1) for kind in KINDS}
        total = sum(shares.values())
        faults = [
            try_kind(kind, good, arguments.seed, seconds * share / total, inputs)
            for kind, share in shares.items()
        ]
    print(f"{sum(faults)} faults")
    return bool(sum(faults))


if __name__ == "__main__":
    sys.exit(main())
