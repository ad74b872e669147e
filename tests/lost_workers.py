"""Let workers fail, each in its way, and see that every other worker says so and ends.

    python tests/lost_workers.py              # each fault, and killed at ten moments
    python tests/lost_workers.py --only kill  # those whose name has "kill"

Each case starts real processes, ``cnn-raw train``, on the small set of MNIST. It prints what each
worker said last, its exit status and after how many seconds, and fails if one of them said
something else, did not end in time, or left a process or an empty folder behind.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import small_set
from teams import addresses

COMMAND = [sys.executable, "-m", "cnn_raw", "train"]
SMALL = ["--batch-size", "12", "--epochs", "500"]
MOMENTS = 10


class Case:
    """Workers of one training, each a process, and what came of them."""

    def __init__(self, scratch, data, workers=3):
        self.folder, self.data = Path(tempfile.mkdtemp(dir=scratch)), data
        self.addresses = [f"{host}:{port}" for host, port in addresses(workers)]
        self.processes, self.started = {}, time.monotonic()

    def start(self, worker, *options, listed=None, variables=None):
        """Start a worker of several machines."""
        listed = ",".join(listed or self.addresses)
        own = ["--out", "run", *SMALL] if worker == 0 else []
        command = ["--workers", listed, "--worker", str(worker), "--data", self.data, *own]
        self._popen(f"worker {worker}", [*command, *options], variables)

    def start_local(self, workers):
        options = ["--local-workers", str(workers), "--out", "run", "--data", self.data, *SMALL]
        self._popen("worker 0", options, None)

    def _popen(self, name, options, variables):
        name = f"{name} again" if name in self.processes else name
        self.processes[name] = subprocess.Popen(
            [*COMMAND, *map(str, options)],
            cwd=self.folder,
            env={**os.environ, **(variables or {})},
            stdout=open(self.folder / f"{name}.txt", "w"),  # noqa: SIM115
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def said(self, name):
        return (self.folder / f"{name}.txt").read_text()

    def until(self, epoch):
        """Wait until worker 0 has printed an epoch."""
        while not re.search(rf"^ +{epoch}  ", self.said("worker 0"), re.M):
            assert self.processes["worker 0"].poll() is None, self.said("worker 0")
            time.sleep(0.01)

    def children(self, name):
        """The processes that a worker has started."""
        pid = self.processes[name].pid
        return [int(k) for k in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def signal(self, worker, name):
        self.started = time.monotonic()
        self.processes[f"worker {worker}"].send_signal(getattr(signal, name))

    def outcome(self, seconds):
        """Each worker's last line, its status, and when it ended; those that did not are killed."""
        ended = {}
        while len(ended) < len(self.processes) and time.monotonic() - self.started < seconds:
            for name, process in self.processes.items():
                if name not in ended and process.poll() is not None:
                    ended[name] = time.monotonic() - self.started
            time.sleep(0.01)
        for process in self.processes.values():
            process.kill()
            process.wait()
        lines = {name: (self.said(name).strip().splitlines() or [""])[-1] for name in ended}
        return {
            name: (lines[name], self.processes[name].returncode, ended[name])
            for name in self.processes
            if name in ended
        }


def lost(case, worker, name):
    for k in range(3):
        case.start(k)
    case.until(2)
    case.signal(worker, name)


def killed_at(case, moment):
    """Kill worker 1 at one of ten moments, from its start to the third epoch."""
    for k in range(3):
        case.start(k)
    if moment < 6:
        time.sleep(0.6 * moment)
    else:
        case.until(1)
        time.sleep(0.05 * (moment - 6))
    case.signal(1, "SIGKILL")


def interrupted(case):
    case.start_local(3)
    case.until(2)
    case.children_were = case.children("worker 0")
    assert len(case.children_were) == 2
    case.started = time.monotonic()
    os.killpg(case.processes["worker 0"].pid, signal.SIGINT)


def local_worker_0_killed(case):
    case.start_local(3)
    case.until(2)
    case.children_were = case.children("worker 0")
    case.signal(0, "SIGKILL")


def local_frozen(case):
    case.start_local(3)
    case.until(2)
    case.children_were = case.children("worker 0")
    case.started = time.monotonic()
    os.kill(case.children_were[1], signal.SIGSTOP)


def wrong_address(case):
    other = [case.addresses[0], "127.0.0.1:9", case.addresses[2]]
    case.start(0, "--wait", 8)
    case.start(1, "--wait", 8, listed=["127.0.0.1:9", *case.addresses[1:]])
    case.start(2, "--wait", 8, listed=other)


def other_data(case, scratch):
    (case.folder / "data").mkdir()
    small_set.write(case.folder / "data", train=120, test=101)
    case.start(0)
    case.start(1)
    data, case.data = case.data, case.folder / "data"
    case.start(2)
    case.data = data


def not_divisible(case):
    for k in range(3):
        case.start(k, *(["--batch-size", "16"] if k == 0 else []))


def twice(case):
    case.start(0, "--wait", 8)
    case.start(1)
    case.start(1)


def late(case):
    case.start(0, "--wait", 4)
    case.start(1, "--wait", 4)


def cases(scratch):
    """Each case's name, what happens, what must be said by whom (a pattern), the seconds."""
    ended = "cnn-raw: worker {} \\(127.0.0.1:\\d+\\) has ended"
    frozen = "cnn-raw: worker {} \\(127.0.0.1:\\d+\\) has not answered for 10 s"
    for worker in (0, 1):
        others = {f"worker {k}": ended.format(worker) for k in {0, 1, 2} - {worker}}
        yield f"kill worker {worker}", lambda c, w=worker: lost(c, w, "SIGKILL"), others, 5
        others = {f"worker {k}": frozen.format(worker) for k in {0, 1, 2} - {worker}}
        yield f"freeze worker {worker}", lambda c, w=worker: lost(c, w, "SIGSTOP"), others, 20
    yield "Ctrl-C on worker 1", lambda c: lost(c, 1, "SIGINT"), {
        "worker 0": "cnn-raw: worker 1 .* was stopped with Ctrl-C",
        "worker 2": "cnn-raw: worker 1 .* was stopped with Ctrl-C",
    }, 5  # fmt: skip
    for moment in range(MOMENTS):
        others = dict.fromkeys(
            ("worker 0", "worker 2"), "cnn-raw: worker 1 .* (has ended|did not come in time)"
        )
        yield f"kill at moment {moment}", lambda c, m=moment: killed_at(c, m), others, 90
    yield "Ctrl-C, local workers", interrupted, {"worker 0": "right after 2 of 500 epochs"}, 8
    yield "kill worker 0 of local workers", local_worker_0_killed, {}, 8
    yield "freeze a local worker", local_frozen, {
        "worker 0": r"cnn-raw: worker 2 \(process \d+\) has not answered for 10 s"
    }, 30  # fmt: skip
    missing = "cnn-raw: worker 1 .* and worker 2 .* did not come in time"
    yield "wrong addresses", wrong_address, {
        "worker 0": missing,
        "worker 1": "cnn-raw: worker 0 .* cannot be reached \\(Connection refused\\); is it",
        "worker 2": "cnn-raw: worker 0 .*was given other addresses; give all workers the same",
    }, 40  # fmt: skip
    data = dict.fromkeys(("worker 0", "worker 1", "worker 2"), "worker 2 .* has another data set")
    yield "other data", lambda c: other_data(c, scratch), data, 40
    divide = "worker 0 .* has batches of 16 images, which 3 workers cannot share equally; give"
    names = ("worker 0", "worker 1", "worker 2")
    yield "batch not divisible", not_divisible, dict.fromkeys(names, divide), 40
    yield "one number twice", twice, {
        "worker 0": "worker 2 .* did not come in time",
        "worker 1 again|worker 1": "cannot listen there|worker 2 .* did not come in time",
    }, 40  # fmt: skip
    yield "one is late", late, {
        "worker 0": "worker 2 .* did not come in time", "worker 1": "worker 2 .* did not come in"
    }, 40  # fmt: skip


def wrong_with(case, outcome, expected, seconds):
    """What is wrong with the outcome of a case."""
    for names, pattern in expected.items():
        for name in names.split("|"):
            line, status, _ = outcome.get(name, ("", None, 0))
            if status not in (1, 2, 130) or not re.search(pattern, line):
                yield f"{name}: {line!r}, status {status}"
    run = case.folder / "run"
    if run.exists() and not (run / "settings.json").exists():
        yield f"a folder without a run is left: {os.listdir(run)}"
    for pid in getattr(case, "children_were", []):
        deadline = time.monotonic() + 5
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        if alive(pid):
            yield f"process {pid} is left"


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    arguments = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory(prefix="lost-") as scratch:
        (Path(scratch) / "data").mkdir()
        data = small_set.write(Path(scratch) / "data", train=120, test=100)
        for title, happen, expected, seconds in cases(scratch):
            if arguments.only not in title:
                continue
            case = Case(scratch, data)
            happen(case)
            outcome = case.outcome(seconds)
            wrong = list(wrong_with(case, outcome, expected, seconds))
            failures += bool(wrong)
            print(f"{title}: {'WRONG ' + str(wrong) if wrong else 'as it must be'}")
            for name, (line, status, after) in outcome.items():
                print(f"    {name}, after {after:.1f} s, status {status}: {line}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
