"""The command line, as a person meets it: in a process of its own, on a terminal and in a pipe."""

import os
import pty
import re
import signal
import subprocess
import sys
import time

import pytest

from cnn_raw import __version__, cli, screen
from cnn_raw.settings import Settings

CNN_RAW = [sys.executable, "-m", "cnn_raw"]
DRY_RUN = [*CNN_RAW, "train", "--dry-run"]


def run(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*CNN_RAW, *arguments], capture_output=True, text=True, check=False, **options
    )


def figures(output: str) -> list[str]:
    """The words of the lines of epochs, without the seconds, which are never the same."""
    lines = [line.split() for line in output.splitlines()]
    return [words[:5] for words in lines if words and words[0].isdigit() and len(words) == 6]


def python(code: str) -> str:
    """Run a piece of Python in a process of its own and return what it printed."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_help_imports_neither_tensorflow_nor_numpy():
    code = (
        "import sys\nfrom cnn_raw import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('tensorflow', 'numpy', 'rich') if name in sys.modules])"
    )
    assert python(code).splitlines()[-1] == "[]"


def test_version_is_printed():
    assert run("--version").stdout == f"cnn-raw {__version__}\n"


def test_help_shows_every_default():
    text = " ".join(run("train", "--help").stdout.split())
    options = [vars(action) for action in parser_of("train")._actions]
    shown = [o for o in options if o["default"] not in (None, False, "==SUPPRESS==")]
    for name in ("epochs", "batch_size", "seed"):  # None, so that --resume knows what was given
        assert f"(default: {getattr(Settings, name)})" in text
    for option in shown:
        assert f"{option['help']} (default: {option['default']})" in text
    for option in options:  # what has no number of its own says in words what happens
        has_value = option["option_strings"] and option["nargs"] is None
        none = option["default"] is None and option["dest"] not in ("resume", "connected")
        if has_value and none:
            assert "default" in option["help"], option["option_strings"]
    assert (Settings.epochs, Settings.batch_size, Settings.seed) == (12, 128, 2016)


def parser_of(command):
    (commands,) = (a for a in cli.build_parser()._actions if a.dest == "==SUPPRESS==" and a.choices)
    return commands.choices[command]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["COMMAND"]),
        (["no-such-command"], ["no-such-command"]),
        (["train", "--no-such-option"], ["--no-such-option"]),
        (["train", "--epochs", "0"], ["epochs 0", "at least 1"]),
        (["train", "--epochs", "-1"], ["epochs -1", "at least 1"]),
        (["train", "--epochs", "abc"], ["--epochs", "abc"]),
        (["train", "--epochs", "1.5"], ["--epochs", "1.5"]),
        (["train", "--seed", "-1"], ["seed -1", "0 to 4294967295"]),
        (["train", "--seed", "4294967296"], ["seed 4294967296"]),
        (["train", "--seed", "1.5"], ["--seed", "1.5"]),
        (["train", "--batch-size", "0"], ["batch size 0", "at least 1"]),
        (["train", "--data", "{file}"], ["{file}", "is a file"]),
        (["train", "--resume", ""], ["resume is empty"]),
        (["train", "--out", ""], ["out is empty"]),
        (["test", "RUN", "--plot", ""], ["plot is empty"]),
        (["test", ""], ["run is empty"]),
        (["predict", "RUN", "a.png", ""], ["images is empty"]),
    ],
)
def test_bad_arguments_get_one_line_and_status_2(arguments, words, tmp_path, monkeypatch, capfd):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.chdir(tmp_path)
    try:
        status = cli.main([argument.format(file=file) for argument in arguments])
    except SystemExit as leaving:
        status = leaving.code
    out, err = capfd.readouterr()
    assert (status, out) == (2, "")
    assert err.startswith("cnn-raw") and err.count("\n") == 1
    for word in words:
        assert word.format(file=file) in err
    assert list(tmp_path.iterdir()) == [file]  # nothing was written


def test_more_images_in_a_batch_than_there_are_gets_one_line(tmp_path):
    done = run("train", "--batch-size", "60000", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "cnn-raw: batch size 60000: there are only 55000 training images"
    ]
    assert list(tmp_path.iterdir()) == []


def test_wrong_run_is_told_before_tensorflow_is_imported(tmp_path):
    code = (
        "import sys\nfrom cnn_raw import cli\n"
        "for command in ('test {}', 'predict {} x.png', 'draw {}', 'export {} --to npz x.npz'):\n"
        "    assert cli.main(command.format('runs/none').split()) == 2, command\n"
        "print('tensorflow' in sys.modules)"
    )
    assert python(code) == "False\n"


def test_tensorflow_is_imported_without_kerass_optimizers_and_tf_keras_still_works():
    code = (
        "import sys\nfrom cnn_raw.cli import build_parser\n"
        "from cnn_raw.cli.parser import import_tensorflow\n"
        "tf = import_tensorflow(build_parser().parse_args(['train']))\n"
        "print([n for n in ('keras.src.optimizers', 'matplotlib') if n in sys.modules])\n"
        "print(tf.keras.optimizers.RMSprop(0.5).learning_rate.numpy())"
    )
    assert python(code) == "[]\n0.5\n"


def test_names_that_the_locale_cannot_encode_are_printed(tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    done = run("test", str(tmp_path / "한글"), env=environment)
    assert done.returncode == 2 and "\\ud55c\\uae00: there is no such run" in done.stderr


def test_debug_shows_the_traceback(tmp_path):
    file = tmp_path / "file"
    file.touch()
    done = run("train", "--data", str(file), "--debug")
    assert done.returncode != 0
    assert "Traceback" in done.stderr and "InputError" in done.stderr


def test_importing_the_library_changes_nothing_outside_it():
    code = (
        "import os, random\nimport numpy as np\n"
        "import tensorflow as tf\n"
        "def state():\n"
        "    config = tf.config\n"
        "    return (dict(os.environ), tf.executing_eagerly(), config.optimizer.get_jit(),\n"
        "            config.experimental.is_op_determinism_enabled()\n"
        "            if hasattr(config.experimental, 'is_op_determinism_enabled') else None,\n"
        "            config.threading.get_inter_op_parallelism_threads(),\n"
        "            config.threading.get_intra_op_parallelism_threads(),\n"
        "            config.functions_run_eagerly(), tf.random.get_global_generator,\n"
        "            tf.get_logger().level, np.random.get_state()[1].tobytes(),\n"
        "            random.getstate())\n"
        "before = state()\n"
        "import cnn_raw, cnn_raw.cli, cnn_raw.cnn, cnn_raw.input_data, cnn_raw.rmsprop\n"
        "import cnn_raw.screen, cnn_raw.test, cnn_raw.train\n"
        "print(before == state())"
    )
    assert python(code) == "True\n"


@pytest.fixture(scope="module")
def dry_run():
    """What a dry run prints into a pipe."""
    return run("train", "--dry-run")


def test_dry_run_prints_plain_lines_and_the_figures_of_its_seed(dry_run, capsys):
    assert (dry_run.returncode, dry_run.stderr) == (0, "")
    assert "seed 2016" in dry_run.stdout
    assert "\x1b" not in dry_run.stdout and "\r" not in dry_run.stdout
    assert len(figures(dry_run.stdout)) == 1
    assert cli.main(["train", "--dry-run", "--seed", "1"]) == 0
    other = figures(capsys.readouterr().out)
    assert len(other) == 1 and other != figures(dry_run.stdout)


def test_terminal_shows_a_live_bar_with_speed_and_time_left_and_the_same_figures(dry_run):
    main, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(DRY_RUN, stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    seen = read_all(main)
    assert process.wait() == 0
    assert re.search(r"epoch 1/1 .*\d+/20.* \d+\.\d steps/s", seen)
    assert re.search(r"\d:\d\d:\d\d", seen)
    assert "Traceback" not in seen
    assert figures(re.sub(r"\x1b\[[?0-9;]*[A-Za-z]|\r", "\n", seen)) == figures(dry_run.stdout)


def read_all(descriptor: int) -> str:
    seen = b""
    try:
        while chunk := os.read(descriptor, 1 << 16):
            seen += chunk
    except OSError:  # so does a terminal end on Linux
        pass
    os.close(descriptor)
    return seen.decode()


def test_training_screen_counts_the_steps_that_are_done():
    shown = screen.TrainingScreen(epochs=3, steps=3, done=1)
    counts = [(shown.epoch, shown.step) for _ in shown.progress("abc")]
    assert counts == [(2, 0), (2, 1), (2, 2)]
    assert (shown.epoch, shown.step) == (2, 3)


def test_ctrl_c_ends_with_a_summary_and_status_130(tmp_path):
    process = subprocess.Popen(
        [*CNN_RAW, "train"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    for line in process.stdout:
        if line.startswith("epoch"):  # the table's head: the first step comes next
            break
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert re.search(r"stopped in epoch 1, after \d+ of 429 steps", out)
    assert re.search(r"cnn-raw train --resume runs/\S+ continues", out)
