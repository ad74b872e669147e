"""Kill a training at every call that changes its folder, resume it, and see what was lost.

    python tests/crash.py              # each call, each signal
    python tests/crash.py --every 20   # each 20th call
    python tests/crash.py --train      # with real epochs, which take five times as long

Two trainings are recorded once: which calls they make that change the folder, and what each epoch
gives. One starts a run and keeps its first epoch; one resumes a run and keeps its fourth, which is
when the first checkpoint is deleted. Each is then done again and again with a signal at one of its
calls (one of them is in the middle of each file's writing), resumed, and continued by an epoch.
What the run has then is compared with one that nothing interrupted: weights, slots, random state,
figures, events, names of files. Epochs are not computed anew but replayed, once it is checked that
the state they start from is to the last bit the recorded one.
"""

import argparse
import collections
import contextlib
import functools
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from unittest import mock

import numpy as np
import small_set
import tensorflow as tf  # its operations run in children alone: a fork inherits no threads
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event

import cnn_raw.train
from cnn_raw import cli, files
from cnn_raw.look import summary
from cnn_raw.train import Epoch

SIGNALS = ("KILL", "TERM", "INT", "HUP", "STOP")
OPTIONS = ["--batch-size", "20", "--seed", "7"]
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGING = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}


class Calls:
    """Counts the calls that change a folder, and sends this process a signal at one of them."""

    def __init__(self, folder, at=None, name=None):
        self.folder, self.at, self.signal = str(folder), at, name and getattr(signal, f"SIG{name}")
        self.seen = []
        sys.addaudithook(self._audit)
        self._fsync, os.fsync = os.fsync, self._counted_fsync
        self._write, files._write = files._write, self._half_written

    def _audit(self, event, arguments):
        if event in CHANGING or (event == "open" and (arguments[2] or 0) & WRITING):
            path = os.fspath(arguments[0]) if not isinstance(arguments[0], int) else ""
            if str(path).startswith(self.folder):
                self._call(f"{event} {Path(path).name}")

    def _counted_fsync(self, descriptor):
        self._call("fsync")
        self._fsync(descriptor)

    def _half_written(self, file, content):
        content = content.encode() if isinstance(content, str) else content
        self._write(file, content[: len(content) // 2])
        file.flush()
        self._call("half written")
        self._write(file, content[len(content) // 2 :])

    def _call(self, what):
        self.seen.append(what)
        if len(self.seen) == self.at:
            os.kill(os.getpid(), self.signal)


def in_child(work):
    """Return how a forked child ended that did ``work``, and what it returned, through JSON.

    A child that was stopped is continued.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.close(reading)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 1)
            answer = work()
            with open(writing, "w") as file:
                file.write(json.dumps(answer))
            status = answer["status"]
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading) as file:
        while os.WIFSTOPPED(ended := os.waitpid(child, os.WUNTRACED)[1]):
            os.kill(child, signal.SIGCONT)
        return os.waitstatus_to_exitcode(ended), file.read()


@contextlib.contextmanager
def replayed(recording):
    """Have ``train`` and the events' writer give what was recorded, from the recorded state."""

    def train(mnist, settings, state, progress, build):
        for number in range(state.epoch, settings.epochs):
            before, after = recording / str(number), recording / str(number + 1)
            assert state_of(state) == json.loads((before / "state.json").read_text()), "state"
            weights, _ = weights_of(state)
            arrays = np.load(after / "arrays.npz")
            for i, var in enumerate(weights):
                var.assign(arrays[f"arr_{i}"])
            state.random.set_state(("MT19937", *(arrays[f"random_{i}"] for i in range(4))))
            state.epoch = number + 1
            yield Epoch(**json.loads((after / "epoch.json").read_text()))

    def events(self, writer, state, figures):
        return (recording / str(figures["epoch"]) / writer).read_bytes()

    with (
        mock.patch.object(cnn_raw.train, "train", train),
        mock.patch.object(summary.Summary, "_events", events),
    ):
        yield


@contextlib.contextmanager
def recorded(recording):
    """Record what each epoch gives: its state, its figures, its files of events."""
    train, events = cnn_raw.train.train, summary.Summary._events

    def recorded_train(mnist, settings, state, progress, build):
        record(state)
        for epoch in train(mnist, settings, state, progress, build):
            record(state)
            (recording / str(epoch.epoch) / "epoch.json").write_text(json.dumps(asdict(epoch)))
            yield epoch

    def record(state):
        folder = recording / str(state.epoch)
        folder.mkdir(parents=True, exist_ok=True)
        weights, random = weights_of(state)
        arrays = {f"random_{i}": value for i, value in enumerate(random)}
        np.savez(folder / "arrays.npz", *(var.numpy() for var in weights), **arrays)
        (folder / "state.json").write_text(json.dumps(state_of(state)))

    def recorded_events(self, writer, state, figures):
        content = events(self, writer, state, figures)
        (recording / str(figures["epoch"]) / writer).write_bytes(content)
        return content

    with (
        mock.patch.object(cnn_raw.train, "train", recorded_train),
        mock.patch.object(summary.Summary, "_events", recorded_events),
    ):
        yield


def weights_of(state):
    """The variables of a state: weights and slots; and what its random generator is made of."""
    slots = [state.optimizer.get_slot(v, s) for s in ("rms", "momentum") for v in state.weights]
    return [*state.weights, *slots], state.random.get_state()[1:]


def state_of(state):
    """A digest of everything in a state."""
    weights, random = weights_of(state)
    parts = [np.asarray(part).tobytes() for part in (*weights, *random)]
    return [state.epoch, *(hashlib.sha256(part).hexdigest() for part in parts)]


def train(folder, data, epochs, calls=None):
    """Train in this process as far as ``epochs``; start the run, or resume it if it is one."""
    start = ["--data", str(data), "--out", str(folder), *OPTIONS]
    given = ["--resume", str(folder)] if (folder / "settings.json").exists() else start
    calls = calls and Calls(folder, *calls)
    status = cli.main(["train", *given, "--epochs", str(epochs)])
    return {"status": status, "calls": calls and calls.seen, **({} if status else content(folder))}


def content(folder):
    """What a run has: digests of the arrays and events, figures without seconds, files' names."""
    history = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    reader = tf.train.load_checkpoint(str(folder / f"ckpt-{len(history)}"))
    found = {}
    for name in reader.get_variable_to_shape_map():
        array = reader.get_tensor(name)
        if name.startswith("figures"):
            assert json.loads(array.tobytes())["history"] == history
        else:
            found[name] = hashlib.sha256(array.tobytes()).hexdigest()
    events = collections.defaultdict(list)
    for path in sorted(folder.glob("events/*/*tfevents*")):
        for event in map(Event.FromString, RawEventFileLoader(str(path)).Load()):
            for value in event.summary.value:
                digest = hashlib.sha256(value.SerializeToString(deterministic=True)).hexdigest()
                events[f"{path.parent.name} {event.step} {value.tag}"].append(digest)
            if event.graph_def:
                events[f"{path.parent.name} graph"].append("")
    return {
        "arrays": found,
        "history": [{**figures, "seconds": 0} for figures in history],
        "events": events,
        "names": sorted(str(path.relative_to(folder)) for path in folder.rglob("*")),
    }


class Crashes:
    """The trainings of one scenario, killed and resumed."""

    def __init__(self, scratch, data, base, epochs, around):
        self.folder, self.data, self.base, self.epochs = scratch / "run", data, base, epochs
        self.around, self.known = around, {}
        whole = self._copy(scratch / f"whole-{epochs}")
        train_on = self._child(whole, epochs, (0, None))
        self.calls = train_on["calls"]
        self.expected = self._child(whole, epochs + 1)

    def wrong_after(self, at, name):
        """Return what is wrong with a run that got a signal at call ``at`` and was resumed."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._copy(self.folder)
        ended, _ = self._run(self.folder, self.epochs, (at, name))
        if ended != {"STOP": 0, "INT": 130}.get(name, -getattr(signal, f"SIG{name}")):
            return [f"ended with {ended}"]
        left = self._digest()
        if left not in self.known:
            self.known[left] = self._wrong_when_resumed()
        return self.known[left]

    def _wrong_when_resumed(self):
        ended, answer = self._run(self.folder, self.epochs + 1)
        if ended:
            return [f"resumed with {ended}"]
        found = json.loads(answer)
        return [part for part in ("arrays", "history", "events", "names")
                if found[part] != self.expected[part]]  # fmt: skip

    def _digest(self):
        """What is on the disk, to the last byte: what was resumed once need not be again."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            name = re.sub(r"\d+\.new", "", str(path))
            digest.update(f"{name} {path.stat().st_size if path.is_file() else ''}\n".encode())
            digest.update(path.read_bytes() if path.is_file() else b"")
        return digest.hexdigest()

    def _copy(self, folder):
        if self.base:
            shutil.copytree(self.base, folder)
        return folder

    def _run(self, folder, epochs, calls=None):
        def work():
            with self.around():
                return train(folder, self.data, epochs, calls)

        return in_child(work)

    def _child(self, *arguments):
        ended, answer = self._run(*arguments)
        assert ended == 0
        return json.loads(answer)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="each N-th call")
    parser.add_argument("--signals", nargs="+", default=SIGNALS, choices=SIGNALS)
    parser.add_argument("--train", action="store_true", help="do not replay epochs: train")
    arguments = parser.parse_args()
    kills, resumed, losses, started = collections.Counter(), 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crash-") as name:
        scratch, base = Path(name), Path(name) / "base"
        (scratch / "data").mkdir()
        data = small_set.write(scratch / "data", train=100, test=100)

        def recording():
            with recorded(scratch / "recording"):
                train(scratch / "recorded", data, 5)
            with replayed(scratch / "recording"):
                return train(base, data, 3)

        assert in_child(recording)[0] == 0
        around = contextlib.nullcontext
        if not arguments.train:
            around = functools.partial(replayed, scratch / "recording")
        for scenario, where, epochs in (("start", None, 1), ("resume", base, 4)):
            crashes = Crashes(scratch, data, where, epochs, around)
            chosen = range(arguments.every, len(crashes.calls) + 1, arguments.every)
            for at, signal_name in itertools.product(chosen, arguments.signals):
                wrong = crashes.wrong_after(at, signal_name)
                kills[signal_name] += 1
                if wrong:
                    losses += 1
                    print(f"{scenario}, call {at}, {crashes.calls[at - 1]}, {signal_name}: {wrong}")
            resumed += len(crashes.known)
            print(
                f"{scenario}: {len(crashes.calls)} calls, {len(chosen)} of them tried", flush=True
            )
    each = ", ".join(f"{signal_name} {count}" for signal_name, count in kills.items())
    print(f"{kills.total()} kills ({each}) left {resumed} different states: {losses} losses")
    print(f"{time.monotonic() - started:.0f} s; {sum(os.times()[:4]):.0f} s of CPU time")
    return 1 if losses else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
