"""``cnn-raw train`` with several workers: the same run, whichever way they are connected."""

import json
import os
import signal
import subprocess
import sys
from unittest import mock

import numpy as np
import pytest
from teams import addresses, listening

from cnn_raw import cli, screen
from cnn_raw.cli import workers
from cnn_raw.runs.weights import load_weights
from cnn_raw.workers.cluster import Cluster

OPTIONS = ["--batch-size", "50", "--epochs", "2"]


@pytest.fixture(autouse=True)
def threads(monkeypatch):
    """This process has its threads already; workers that it starts have as many."""
    if "TF_NUM_INTRAOP_THREADS" not in os.environ:
        monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", str(len(os.sched_getaffinity(0))))


@pytest.fixture
def children(monkeypatch):
    """The processes that were started."""
    started, popen = [], subprocess.Popen

    def kept(*arguments, **options):
        started.append(popen(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", kept)
    return started


@pytest.fixture
def at_step(monkeypatch):
    """``at_step(epoch, step, action)``: have the screen's counting of steps do that alone."""
    progress = screen.TrainingScreen.progress

    def chosen(epoch, step, action):
        def acting(self, batches, name=None):
            for batch in progress(self, batches, name):
                if (self.epoch, self.step) == (epoch, step):
                    action()
                yield batch

        monkeypatch.setattr(screen.TrainingScreen, "progress", acting)

    return chosen


def figures(folder):
    lines = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    return [{**line, "seconds": 0} for line in lines]


def test_killed_worker_ends_the_command_and_resuming_gives_the_uninterrupted_run(
    small_data, tmp_path, monkeypatch, capsys, children, at_step
):
    whole, killed = tmp_path / "whole", tmp_path / "killed"

    # over TCP, told by TF_CONFIG
    listed = [f"{host}:{port}" for host, port in addresses(2)]
    configs = [
        json.dumps({"cluster": {"worker": listed}, "task": {"type": "worker", "index": k}})
        for k in range(2)
    ]
    other = subprocess.Popen(
        [sys.executable, "-m", "cnn_raw", "train", "--data", str(small_data)],
        env={**os.environ, "TF_CONFIG": configs[1]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
    )
    os.environ["TF_CONFIG"] = configs[0]
    options = ["train", "--data", str(small_data), *OPTIONS]
    at_step(1, 3, lambda: [open_ports.append(listening(pid)) for pid in (os.getpid(), other.pid)])
    open_ports = []
    before = listening(os.getpid())
    assert cli.main([*options, "--out", str(whole)]) == 0
    said, _ = other.communicate(timeout=30)
    assert other.returncode == 0 and "worker 1 of 2 trains; worker 0 keeps the run" in said
    assert "an SSH tunnel" in said and "an SSH tunnel" in capsys.readouterr().out
    assert open_ports == [before, set()]
    assert os.listdir(tmp_path) == ["whole"]
    del os.environ["TF_CONFIG"]

    # on one machine, in a folder where a student keeps programs, killed in the second epoch
    (tmp_path / "random.py").write_text("raise SystemExit('not the standard library')")
    monkeypatch.chdir(tmp_path)
    at_step(2, 2, lambda: children[1].send_signal(signal.SIGKILL))
    options = [*options, "--local-workers", "2"]
    assert cli.main([*options, "--out", str(killed)]) == 2
    out, err = capsys.readouterr()
    assert err == f"cnn-raw: worker 1 (process {children[1].pid}) has ended\n"
    assert "stopped in epoch 2, after 3 of 6 steps" in out or "after 2 of 6 steps" in out
    assert f"cnn-raw train --resume {killed} continues" in out

    at_step(2, 2, lambda: open_ports.append(listening(children[2].pid)))
    assert cli.main(["train", "--resume", str(killed), "--local-workers", "2"]) == 0
    out = capsys.readouterr().out
    assert "same environment: bit-identical to an uninterrupted run" in out
    assert open_ports[2:] == [set()]
    assert [child.poll() for child in children] == [0, -signal.SIGKILL, 0]
    assert figures(killed) == figures(whole)
    for ours, theirs in zip(load_weights(killed), load_weights(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "options, said",
    [
        (["--worker", "1"], "--worker: give all addresses too"),
        (["--workers", "a:1,b:1"], "say which of them this is: --worker 0 to 1"),
        (["--workers", "a:1,b:1", "--local-workers", "2"], "--local-workers needs no --workers"),
        (["--local-workers", "2", "--wait", "0"], "--wait 0: give a number of seconds above 0"),
        (["--local-workers", "2", "--wait", "nan"], "--wait nan: give a number of seconds"),
        (
            ["--batch-size", "64", "--batch-per-worker", "64"],
            "give --batch-size, of all workers, or",
        ),
        (
            ["--workers", "a:1,b:1", "--worker", "1", "--out", "x"],
            "--out is for worker 0; leave it",
        ),
        (["--workers", "a:1,b:1", "--worker", "1", "--secret", "no"], "[Errno 2] No such file"),
    ],
)
def test_options_that_cannot_be_are_refused_in_one_line(
    options, said, small_data, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", "--data", str(small_data), *options]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"cnn-raw: {said}") and err.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_batch_that_workers_cannot_share_leaves_no_folder(small_data, tmp_path, capsys):
    options = ["--data", str(small_data), "--batch-size", "50", "--out", str(tmp_path / "run")]
    assert cli.main(["train", *options, "--local-workers", "3"]) == 2
    assert capsys.readouterr().err == (
        "cnn-raw: worker 0 has batches of 50 images, which 3 workers cannot share equally; give a "
        "--batch-size that is a multiple of 3\n"
    )
    assert os.listdir(tmp_path) == []


def test_batch_per_worker_is_times_the_number_of_workers():
    arguments = cli.build_parser().parse_args(
        ["train", "--local-workers", "4", "--batch-per-worker", "32"]
    )
    assert workers.cluster_of(arguments) is None
    assert arguments.batch_size == 128
    arguments = cli.build_parser().parse_args(
        ["train", "--workers", "a:1,b:1,c:1", "--worker", "0", "--batch-per-worker", "128"]
    )
    assert workers.cluster_of(arguments) == Cluster((("a", 1), ("b", 1), ("c", 1)), 0)
    assert arguments.batch_size == 384
    assert workers.shares(2, 128) == (
        "each of 2 workers takes 64 images of a batch: one machine's training, but for rounding"
    )
    assert "--batch-size 384, another one than the tutorial's with 128" in workers.shares(3, 384)


@pytest.mark.parametrize("gpus, local, chosen, said", [
    ([], True, [], ""),
    (["gpu 0", "gpu 1"], True, [("gpu 1", "GPU")], ""),
    (["gpu 0"], False, [], ""),
    (["gpu 0", "gpu 1"], False, [], "sees 2 GPUs and can use one"),
])  # fmt: skip
def test_each_worker_of_a_machine_has_a_gpu_of_its_own(gpus, local, chosen, said):
    """With a stand-in for tf.config: this machine has no GPU."""
    tf, given = mock.Mock(), []
    tf.config.list_physical_devices.return_value = gpus
    tf.config.set_visible_devices = lambda *arguments: given.append(arguments)
    assert workers.choose_gpu(tf, 3, local).startswith(said)
    assert given == chosen
