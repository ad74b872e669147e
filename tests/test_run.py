"""A run: killed at any moment it resumes bit-identically; nothing is ever lost."""

import contextlib
import dataclasses
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from cnn_raw import InputError, cli, files
from cnn_raw.input_data import DataSet, Datasets
from cnn_raw.runs import run
from cnn_raw.runs.checkpoint import Checkpoints
from cnn_raw.runs.weights import load_weights
from cnn_raw.settings import Settings
from cnn_raw.train import Epoch, train

EPOCHS = 5
SETTINGS = Settings(epochs=EPOCHS, batch_size=50, seed=7)
OPTIONS = ["--batch-size", "50", "--seed", "7", "--epochs", str(EPOCHS)]

# The command line, in a process that kills itself at its n-th fsync. They stand between all the
# steps in which an epoch is kept: data, index, folder, new history, folder.
DIES_AT_FSYNC = """
import os, signal, sys
from cnn_raw import cli
fsync, left = os.fsync, int(sys.argv.pop(1))
def fsync_or_die(descriptor):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(descriptor)
os.fsync = fsync_or_die
sys.exit(cli.main())
"""


def keep(folder, data, epochs=None, settings=SETTINGS, **options):
    """Train in this process and keep the run, for ``epochs`` of its epochs."""
    with run.start(folder, settings, data, **options) as started:
        checkpoints = Checkpoints(started)
        for epoch in train(started.mnist, settings, checkpoints.state):
            checkpoints.keep(epoch)
            if epoch.epoch == epochs:
                break
    return folder


def contents(folder):
    """Every array of the run's last checkpoint, and the figures without the seconds."""
    history = run.read_history(folder)
    reader = tf.train.load_checkpoint(str(folder / f"ckpt-{len(history)}"))
    arrays = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    record = json.loads(arrays.pop("figures/.ATTRIBUTES/VARIABLE_VALUE").tobytes())
    assert record == {"seed": SETTINGS.seed, "history": history}
    return arrays, [{**figures, "seconds": 0} for figures in history]


def assert_same_run(one, two):
    (arrays, history), (others, other_history) = contents(one), contents(two)
    assert history == other_history
    assert sorted(arrays) == sorted(others)
    for name, array in arrays.items():
        assert np.array_equal(array, others[name]), name


@pytest.fixture(scope="session")
def uninterrupted(small_data, tmp_path_factory):
    """A run of all its epochs, by the command line, in one go."""
    folder = tmp_path_factory.mktemp("uninterrupted") / "run"
    assert cli.main(["train", "--data", str(small_data), "--out", str(folder), *OPTIONS]) == 0
    return folder


@pytest.fixture
def copy(uninterrupted, tmp_path):
    """A copy of that run, to be damaged."""
    folder = tmp_path / "copy"
    return shutil.copytree(uninterrupted, folder)


def test_run_keeps_settings_figures_and_everything_that_training_changes(uninterrupted):
    kept = json.loads((uninterrupted / "settings.json").read_text())
    assert {name: kept[name] for name in ("epochs", "batch_size", "seed")} == {
        "epochs": EPOCHS,
        "batch_size": 50,
        "seed": 7,
    }
    arrays, history = contents(uninterrupted)
    assert [figures["epoch"] for figures in history] == list(range(1, EPOCHS + 1))
    assert all({"cost", "train_accuracy", "test_accuracy"} <= set(line) for line in history)
    groups = [name.split("/")[0] for name in arrays]
    assert [groups.count(name) for name in ("weights", "rms", "momentum")] == [5, 5, 5]
    assert arrays["epoch/.ATTRIBUTES/VARIABLE_VALUE"] == EPOCHS
    expected = np.random.RandomState(7)
    for _ in range(EPOCHS):
        expected.shuffle(np.arange(200))
    assert np.array_equal(arrays["random/key/.ATTRIBUTES/VARIABLE_VALUE"], expected.get_state()[1])
    assert arrays["random/pos/.ATTRIBUTES/VARIABLE_VALUE"] == expected.get_state()[2]
    names = {path.name for path in uninterrupted.iterdir() if path.is_file()}
    kept = {f"ckpt-{n}.{part}" for n in (3, 4, 5) for part in ("index", "data-00000-of-00001")}
    assert names == {"settings.json", "history.jsonl", "environments.jsonl", "lock", *kept}


def test_run_killed_at_many_moments_ends_as_one_never_interrupted(
    uninterrupted, small_data, tmp_path
):
    folder = tmp_path / "run"
    start = ["train", "--data", str(small_data), "--out", str(folder), *OPTIONS]
    resume = ["train", "--resume", str(folder)]
    chance = random.Random(2016)
    kills = [lambda command: die_at_fsync(command, 2)]  # the settings are there, and no epoch
    kills += [lambda command: die_at_fsync(command, 9)]  # crash.py tries each of them
    kills += [lambda command: kill_after(command, chance.uniform(0, 1.5))]
    for number, kill in enumerate(kills):
        kill(resume if number else start)
        assert run.is_run(folder)
    assert subprocess.run([sys.executable, "-m", "cnn_raw", *resume], check=False).returncode == 0
    assert_same_run(folder, uninterrupted)
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in uninterrupted.iterdir()}  # no half-written ones


def die_at_fsync(command, number):
    done = subprocess.run([sys.executable, "-c", DIES_AT_FSYNC, str(number), *command], check=False)
    assert done.returncode == -signal.SIGKILL


def kill_after(command, seconds):
    """Kill so many seconds after the first epoch has begun."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cnn_raw", *command], stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if line.startswith("epoch"):
            break
    time.sleep(seconds)
    process.kill()
    process.stdout.close()
    process.wait()


@pytest.mark.parametrize("name", ["ckpt-5.index", "ckpt-5.data-00000-of-00001"])
@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "gone"])
def test_damaged_checkpoint_is_named_and_the_one_before_goes_on(copy, uninterrupted, name, damage):
    path = copy / name
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    new = {"cut": content[: len(content) // 2], "changed": content, "empty": b"", "gone": None}
    path.unlink()
    if new[damage] is not None:
        path.write_bytes(new[damage])
    with run.resume(copy, epochs=EPOCHS + 1) as resumed, pytest.raises(InputError) as error:
        Checkpoints(resumed)
    assert re.search(rf"ckpt-5: .*; give {copy}/ckpt-4, the one before$", str(error.value))
    if damage == "changed":
        new = copy.parent / "new"
        assert cli.main(["train", "--resume", f"{copy}/ckpt-4", "--out", str(new)]) == 0
        assert_same_run(new, uninterrupted)


def test_resume_needs_no_checkpoint_that_does_not_count(copy, uninterrupted):
    lines = (copy / "history.jsonl").read_text().splitlines(keepends=True)
    (copy / "history.jsonl").write_text("".join(lines[:-1]))
    (copy / "ckpt-5.index").write_bytes(b"half")
    assert cli.main(["train", "--resume", str(copy)]) == 0
    assert_same_run(copy, uninterrupted)


def test_resume_of_a_finished_run_says_so_and_goes_on_when_told(copy, capsys):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    assert cli.main(["train", "--resume", str(copy)]) == 0
    assert "5 epochs are done; --epochs sets a larger total" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    assert cli.main(["train", "--resume", str(copy), "--epochs", "6"]) == 0
    assert len(run.read_history(copy)) == 6


def test_full_disk_is_reported_and_the_last_good_checkpoint_stays(small_data, tmp_path):
    folder = keep(tmp_path / "run", small_data, epochs=1)
    limit = (
        "import resource, signal, sys; from cnn_raw import cli\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9_000_000, 9_000_000))\n"
        "sys.exit(cli.main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", limit, "train", "--resume", folder], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"cnn-raw: {folder}: epoch 2 cannot be saved (File too large); the run keeps what "
        "it had after epoch 1, and --resume continues it\n"
    )
    names = {path.name for path in folder.iterdir() if path.name.startswith("ckpt")}
    assert names == {"ckpt-1.index", "ckpt-1.data-00000-of-00001"}
    with run.resume(folder) as resumed:
        assert Checkpoints(resumed).state.epoch == 1


def test_deletion_that_fails_half_way_leaves_no_index_without_its_data(tmp_path, monkeypatch):
    for number in (1, 2):
        for part in ("index", "data-00000-of-00001"):
            (tmp_path / f"ckpt-{number}.{part}").write_bytes(b"")
    unlink = Path.unlink

    def once(path, **options):
        monkeypatch.setattr(Path, "unlink", full)
        unlink(path, **options)

    def full(path, **options):
        raise OSError("no more")

    monkeypatch.setattr(Path, "unlink", once)
    checkpoints = Checkpoints.__new__(Checkpoints)
    checkpoints._run = SimpleNamespace(folder=tmp_path)
    with pytest.raises(OSError, match="no more"):
        checkpoints._delete(lambda number: True)
    for index in tmp_path.glob("*.index"):
        assert index.with_suffix(".data-00000-of-00001").exists()


@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_epoch_does_not_count_when_its_line_cannot_be_written(
    small_data, tmp_path, monkeypatch, at
):
    folder = keep(tmp_path / "run", small_data, epochs=1)
    where = (os, "fsync") if at == "fsync" else (files.Path, "replace")
    own, left = getattr(*where), 4 if at == "fsync" else 2  # of the checkpoint's two files

    def no_space(*arguments):
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(28, "No space left on device")
        return own(*arguments)

    with run.resume(folder) as resumed:
        checkpoints = Checkpoints(resumed)
        epoch = next(train(resumed.mnist, resumed.settings, checkpoints.state))
        with monkeypatch.context() as patch:
            patch.setattr(*where, no_space)
            with pytest.raises(
                InputError, match=r"epoch 2 cannot be saved \(No space left on device\)"
            ):
                checkpoints.keep(epoch)
    assert [figures["epoch"] for figures in run.read_history(folder)] == [1]
    with run.resume(folder) as resumed:
        assert Checkpoints(resumed).state.epoch == 1


def test_second_training_in_a_folder_is_refused(copy, capsys):
    with run.resume(copy):
        assert cli.main(["train", "--resume", str(copy), "--epochs", "6"]) == 2
        assert "another process trains there" in capsys.readouterr().err
    with run.resume(copy):
        pass


def test_folder_with_anything_in_it_is_not_overwritten(copy, tmp_path, capsys):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    assert cli.main(["train", "--out", str(copy)]) == 2
    assert "holds a run; --resume continues it; to start anew, give ano" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    assert cli.main(["train", "--out", str(other)]) == 2
    assert "is not empty (letter.txt)" in capsys.readouterr().err
    assert [path.name for path in other.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--resume", "{tmp}/nothing"], "nothing: holds no run"),
        (["--resume", "{tmp}"], "holds no run"),
        (["--resume", "{run}", "--seed", "8"], "was started with --batch-size 50 --seed 7"),
        (["--resume", "{run}", "--batch-size", "51"], "was started with --batch-size 50 --seed 7"),
        (["--resume", "{run}", "--data", "{other}"], "is not the data it was started with"),
        (["--resume", "{run}/ckpt-6"], "the run has 5 epochs"),
        (["--resume", "{run}/ckpt-0"], "the run has 5 epochs"),
        (["--resume", "{run}", "--epochs", "0"], "epochs 0"),
        (["--resume", "{run}/ckpt-3"], "ckpt-3: is not the run's last epoch; --out DIR continues"),
        (["--resume", "{run}", "--out", "{other}"], "other: is not empty"),
        (["--dry-run", "--out", "{tmp}/new"], "--dry-run keeps nothing"),
        (["--out", "{run}/settings.json"], "settings.json"),
    ],
)
def test_train_refuses_what_it_cannot_go_on_with(
    copy, tmp_path, small_data, capsys, arguments, words
):
    other = tmp_path / "other"
    other.mkdir()
    for path in small_data.iterdir():
        content = bytearray(path.read_bytes())
        content[-1] = 1  # one pixel, or one label
        (other / path.name).write_bytes(content)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    places = {"tmp": tmp_path, "run": copy, "other": other}
    try:
        status = cli.main(["train", *(word.format(**places) for word in arguments)])
    except SystemExit as leaving:
        status = leaving.code
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert words in err and err.count("\n") == 1
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("settings.json", b""),
        ("settings.json", b"[1]"),
        ("settings.json", b'{"epochs": 5, "data": null, "data_sha256": "", "speed": 9}'),
        ("settings.json", b'{"epochs": "5", "data": null, "data_sha256": ""}'),
        ("settings.json", b"\xff\xfe"),
        ("history.jsonl", b'{"epoch": 1}\n{"epo'),
        ("history.jsonl", b'{"epoch": 2}\n'),
        ("history.jsonl", b"7\n"),
    ],
)
def test_damaged_record_is_named(copy, capsys, name, content):
    (copy / name).write_bytes(content)
    assert cli.main(["train", "--resume", str(copy)]) == 2
    err = capsys.readouterr().err
    assert f"{copy / name}: " in err and "is damaged" in err and err.count("\n") == 1


def test_dry_run_keeps_nothing_and_says_what_it_tested(small_data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", "--data", str(small_data), "--batch-size", "9", "--dry-run"]) == 0
    assert list(tmp_path.iterdir()) == []
    header = ["epoch", "cost", "180", "train", "all", "test", "200", "test", "seconds"]
    assert header in [line.split() for line in capsys.readouterr().out.splitlines()]


def test_run_is_kept_under_the_date_when_no_folder_is_given(small_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with run.start(None, SETTINGS, small_data) as started:
        assert re.fullmatch(r"runs/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d", str(started.folder))
        started.begin()
        assert run.is_run(started.folder)


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


NAMES = ["run??", "run*", "run[1]", "a\\b", "한국어", "two words", "a\nb", "100%", "{}", "--", "-x"]


@pytest.mark.parametrize("name", NAMES)
def test_run_of_any_name_is_kept_rotated_and_read_and_touches_no_other(small_data, tmp_path, name):
    beside = tmp_path / "runab"
    beside.mkdir()
    for number in range(1, 5):
        for part in ("index", "data-00000-of-00001"):
            (beside / f"ckpt-{number}.{part}").write_bytes(b"mine")
    before = everything(beside)
    folder = tmp_path / name / name  # a parent's name is a pattern too
    with run.start(folder, SETTINGS, small_data) as started:
        checkpoints = Checkpoints(started)
        for number in range(1, 5):  # what is trained is not the point
            checkpoints.state.epoch = number
            checkpoints.keep(Epoch(number, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    kept = {path.name for path in folder.iterdir() if path.name.startswith("ckpt")}
    assert kept == {f"ckpt-{n}.{p}" for n in (2, 3, 4) for p in ("index", "data-00000-of-00001")}
    with run.resume(folder) as resumed:
        assert Checkpoints(resumed).state.epoch == 4
    for path in (folder, folder / "ckpt-3"):
        assert load_weights(path).w.shape == (3, 3, 1, 32)
    assert everything(beside) == before


@pytest.mark.parametrize("number", [1, 3, 4])
def test_resume_from_an_earlier_checkpoint_never_changes_the_run(copy, capsys, number):
    if number == 4:
        (copy / "ckpt-4.data-00000-of-00001").write_bytes(b"damaged")
    before = everything(copy)
    new = copy.parent / "new"
    assert cli.main(["train", "--resume", f"{copy}/ckpt-{number}"]) == 2
    assert "--out DIR continues from it as a new run" in capsys.readouterr().err
    status = cli.main(["train", "--resume", f"{copy}/ckpt-{number}", "--out", str(new)])
    assert status == (0 if number == 3 else 2)  # 1 is no longer kept
    assert everything(copy) == before
    assert new.exists() == (number == 3)


def test_damaged_last_checkpoint_changes_nothing(copy, capsys):
    (copy / "ckpt-5.data-00000-of-00001").write_bytes(b"damaged")
    before = everything(copy)
    assert cli.main(["train", "--resume", str(copy), "--epochs", "7"]) == 2
    assert "ckpt-5" in capsys.readouterr().err
    assert everything(copy) == before


@pytest.mark.parametrize("lines", [None, 0, 2, 4])
def test_lost_or_cut_history_is_rebuilt_from_the_checkpoint(copy, lines):
    path = copy / "history.jsonl"
    whole = path.read_bytes()
    path.unlink()
    if lines is not None:
        path.write_bytes(b"".join(whole.splitlines(keepends=True)[:lines]))
    with run.resume(copy) as resumed:
        assert Checkpoints(resumed).state.epoch == EPOCHS
    assert path.read_bytes() == whole
    assert len(run.checkpoint_files(copy)) == 6


def test_history_that_no_checkpoint_confirms_is_refused(copy, capsys):
    lines = (copy / "history.jsonl").read_text().splitlines(keepends=True)
    (copy / "history.jsonl").write_text(lines[0].replace('"cost": 2', '"cost": 3') + lines[1])
    before = everything(copy)
    assert cli.main(["train", "--resume", str(copy)]) == 2
    assert "has 2 epochs, but ckpt-5 exists" in capsys.readouterr().err
    assert everything(copy) == before


def test_checkpoint_of_another_epoch_or_seed_is_refused(copy, small_data, tmp_path, capsys):
    for part in ("index", "data-00000-of-00001"):
        (copy / f"ckpt-5.{part}").write_bytes((copy / f"ckpt-4.{part}").read_bytes())
    assert cli.main(["train", "--resume", str(copy), "--epochs", "6"]) == 2
    assert "holds the state after epoch 4" in capsys.readouterr().err
    other = keep(tmp_path / "other", small_data, epochs=1, settings=Settings(5, 50, seed=8))
    settings = json.loads((other / "settings.json").read_text())
    (other / "settings.json").write_text(json.dumps({**settings, "seed": 7}))
    assert cli.main(["train", "--resume", str(other)]) == 2
    assert "was made with seed 8" in capsys.readouterr().err


@pytest.mark.parametrize("change", ["deleted", "replaced", "renamed", "settings removed"])
def test_training_writes_nothing_into_a_folder_it_no_longer_owns(small_data, tmp_path, change):
    folder = tmp_path / "run"
    with run.start(folder, SETTINGS, small_data) as started:
        checkpoints = Checkpoints(started)
        if change == "renamed":
            folder.rename(tmp_path / "moved")
        elif change == "settings removed":
            (folder / "settings.json").unlink()
        else:
            shutil.rmtree(folder)
        with contextlib.ExitStack() as second:
            if change == "replaced":
                second.enter_context(run.start(folder, SETTINGS, small_data))
            before = everything(tmp_path)
            checkpoints.state.epoch = 1
            with pytest.raises(InputError, match="was removed, renamed or replaced"):
                checkpoints.keep(Epoch(1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
            assert everything(tmp_path) == before


def test_epoch_counts_only_after_its_events_and_without_them_if_need_be(small_data, tmp_path):
    folder, seen = tmp_path / "run", []

    class Events:
        def update(self, state, history):
            seen.append((len(history), run.read_history(folder), run.checkpoint_files(folder)))
            raise OSError(28, "No space left on device")

    with run.start(folder, SETTINGS, small_data) as started:
        checkpoints = Checkpoints(started, Events())
        checkpoints.state.epoch = 1
        checkpoints.keep(Epoch(1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    assert seen == [(0, [], []), (1, [], [])]
    assert checkpoints.notice == (
        "TensorBoard's events cannot be written (No space left on device); the training continues, "
        "and its next epoch tries again"
    )
    assert len(run.read_history(folder)) == 1 and len(run.checkpoint_files(folder)) == 2


def test_fingerprint_depends_on_every_image_and_label():
    arrays = [np.zeros((10_001, 2), np.float32) for _ in range(6)]

    def fingerprint():
        pairs = zip(arrays[::2], arrays[1::2], strict=True)
        return run.fingerprint(Datasets(*(DataSet(*pair) for pair in pairs)))

    found = {fingerprint()}
    for array in arrays:
        for at in (0, -1):
            array[at] = 1
            found.add(fingerprint())
            array[at] = 0
    assert len(found) == 13


def test_fewer_epochs_than_are_done_change_nothing(copy):
    before = everything(copy)
    assert cli.main(["train", "--resume", str(copy), "--epochs", "2"]) == 0
    assert everything(copy) == before


def test_only_train_fills_a_folder_and_only_an_empty_one(small_run, tmp_path, capsys, monkeypatch):
    full = tmp_path / "full"
    full.mkdir()
    (full / "letter.txt").write_text("dear")
    for command in (["test", str(small_run)], ["compare"], ["train", "--resume", str(small_run)]):
        assert cli.main([*command, "--data", str(tmp_path / "tset")]) == 2
        assert "tset: there is no such folder" in capsys.readouterr().err
    assert cli.main(["train", "--out", str(tmp_path / "run"), "--data", str(full)]) == 2
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "letter.txt"]


def test_two_runs_in_the_same_second_get_two_names(small_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "strftime", lambda form: "runs/now")
    with (
        run.start(None, SETTINGS, small_data) as one,
        run.start(None, SETTINGS, small_data) as two,
    ):
        assert [str(one.folder), str(two.folder)] == ["runs/now", "runs/now-2"]


@pytest.mark.parametrize("command", ["train", "dry"])
def test_no_test_images_are_refused_at_the_start(small_data, tmp_path, capsys, command):
    data = shutil.copytree(small_data, tmp_path / "data")
    (data / "t10k-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, 0, 28, 28))
    (data / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, 0))
    where = ["--dry-run"] if command == "dry" else ["--out", str(tmp_path / "run")]
    given = ["--data", str(data), "--batch-size", "9"]
    assert cli.main(["train", *given, *where]) == 2
    assert "there are no test images" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_fifo_in_a_run_is_refused_at_once(copy, capsys):
    for name in ("settings.json", "history.jsonl"):
        content = (copy / name).read_bytes()
        (copy / name).unlink()
        os.mkfifo(copy / name)
        assert cli.main(["train", "--resume", str(copy)]) == 2
        assert f"{name}: is not a regular file" in capsys.readouterr().err
        (copy / name).unlink()
        (copy / name).write_bytes(content)


def test_history_that_lacks_a_figure_is_damaged(copy, capsys):
    assert [field.name for field in dataclasses.fields(Epoch)] == run.FIGURES
    path = copy / "history.jsonl"
    first, *others = path.read_text().splitlines()
    for name in run.FIGURES:
        figures = {k: v for k, v in json.loads(first).items() if k != name}
        path.write_text("\n".join([json.dumps(figures), *others, ""]))
        assert cli.main(["train", "--resume", str(copy), "--epochs", "6"]) == 2
        err = capsys.readouterr().err
        assert f"history.jsonl: line 1 is damaged ({name!r})" in err or f"({name} is" in err


def test_start_looks_at_its_folder_before_it_reads_the_data(copy, monkeypatch):
    monkeypatch.setattr(run.input_data, "read_data_sets", None)
    with pytest.raises(InputError, match="holds a run"), run.start(copy, SETTINGS):
        pass


def test_record_nested_too_deep_or_with_wrong_types_is_damaged(copy, capsys):
    kept = json.loads((copy / "settings.json").read_text())
    for content in (b"[" * 100_000, json.dumps({**kept, "data": 5}).encode()):
        (copy / "settings.json").write_bytes(content)
        assert cli.main(["train", "--resume", str(copy)]) == 2
        assert "settings.json: is damaged" in capsys.readouterr().err
