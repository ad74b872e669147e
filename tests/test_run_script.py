"""``cnn-raw run``: readers' programs run unchanged, and what is said when they cannot."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import forked
import numpy as np
import pytest
from editions import EDITIONS, OF_1X, TUTORIAL, change

from cnn_raw import InputError, cli
from cnn_raw.diff import source
from cnn_raw.diff.why import ALL
from cnn_raw.script import process, running

TITLES = {reason.key: reason.title for reason in ALL}
GOLDEN = json.loads((Path(__file__).parent / "golden" / "steps_tf012.json").read_text())
BOUND = 1e-6  # measured: 4.8e-7 over these ten steps, oneDNN off
# What a Session says: a traceback of TensorFlow's and ours around it.
GRAPH_ERROR = """Graph execution error:

Detected at node 'batch' defined at (most recent call last):
    File "script.py", line 1, in <module>
Node: 'batch'
the queue is empty
\t [[{{node batch}}]]

Original stack trace for 'batch':
  File "script.py", line 1, in <module>"""
# golden/ starts from these weights.
START = """
    random = np.random.RandomState(2016)
    weights = [w, w2, w3, w4, w_o]
    shapes = [var.get_shape().as_list() for var in weights]
    values = [random.standard_normal(shape) * np.sqrt(2.0 / np.prod(shape[:-1]))
              for shape in shapes]
    sess.run(tf.initialize_all_variables(),
             feed_dict=dict(zip([var.initial_value for var in weights], values)))
"""


def cnn_raw(*arguments, **options):
    """Run the command line in a process of its own; return its result, output as text."""
    command = [sys.executable, "-m", "cnn_raw", *map(str, arguments)]
    options = {"capture_output": True, "text": True, "timeout": 600, **options}
    return subprocess.run(command, **options)


@pytest.fixture
def write(tmp_path):
    def write(content, name="mine.py"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def run(monkeypatch, capfd):
    """Run the command here, and the program in a process that has imported TensorFlow already."""
    monkeypatch.setattr(running, "subprocess", forked)

    def run(*arguments):
        status = cli.main(["run", *map(str, arguments)])
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, status, out, err)

    return run


@pytest.mark.parametrize("name", EDITIONS)
def test_run_trains_every_edition(run, write, name):
    done = run(write(EDITIONS[name], name), "--steps", 1, "--trace")
    assert done.returncode == 0, done.stderr
    assert "Session.run 2 (trains): train_op <- X (128, 28, 28, 1) float32" in done.stderr
    assert "2 calls of Session.run, 1 of them trained" in done.stderr
    assert done.stderr.count("with your rights") == 1


def test_run_gives_the_costs_of_genuine_0_12_1(write):
    program = change(
        TUTORIAL,
        ("    tf.initialize_all_variables().run()\n", START),
        ("            sess.run(train_op,", "            c, _ = sess.run([cost, train_op],"),
        ("p_keep_hidden: 0.5})\n", "p_keep_hidden: 0.5})\n            print(repr(float(c)))\n"),
    )
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"}
    done = cnn_raw("run", write(program), "--steps", 11, "--seed", GOLDEN["seed"], env=environment)
    costs = [float(line) for line in done.stdout.split()]
    assert len(costs) == 10, done.stderr
    assert costs == pytest.approx(GOLDEN["costs"][:10], abs=BOUND)


def test_run_passes_arguments_reads_stdin_and_says_what_is_left(run, write, tmp_path, monkeypatch):
    program = (
        "import sys, os, random\nimport numpy as np\nimport tensorflow as tf\n"
        "print(random.random(), np.random.rand())\n"
        "print(sys.argv[1:], os.listdir('.'))\nopen('left.txt', 'w').write('x')\n"
        "sys.exit(7)\n"
    )
    own = ("a", "--lr", "1", "--", "--steps", "2")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(program.encode())))
    done = run("--seed", "2016", "-", *own)
    assert done.returncode == 7
    drawn, listed = done.stdout.splitlines()
    assert listed == "['a', '--lr', '1', '--steps', '2'] []"
    random.seed(2016)  # as a program that seeds both itself
    assert drawn == f"{random.random()} {np.random.RandomState(2016).rand()}"
    assert "it left in " in done.stderr and "left.txt" in done.stderr
    monkeypatch.chdir(tmp_path)
    done = run(write("import os\nprint(os.getcwd())\n"), "--here")
    assert done.stdout.strip() == str(tmp_path)


def test_run_shows_the_programs_own_error_on_its_line_and_why(run, write):
    program = change(OF_1X, ("feed_dict={X: trX[start:end], ", "feed_dict={"))
    done = run(write(program))
    assert done.returncode == 1 and "InvalidArgumentError: " in done.stderr
    assert f"cnn-raw: why: {TITLES['feed']}\n  cause: " in done.stderr
    program = change(OF_1X, ("predict_op = tf.argmax(py_x, 1)", "predict_op = tf.nothing(py_x)"))
    done = run(write(program))
    assert done.returncode == 1
    line = 1 + program[: program.index("predict_op = ")].count("\n")
    assert f"mine.py, line {line}: predict_op = tf.nothing(py_x)" in done.stderr
    assert "AttributeError: module 'tensorflow' has no attribute 'nothing'" in done.stderr
    assert "Traceback" not in done.stderr


def test_run_ends_a_program_that_never_does_with_ctrl_c(write):
    path = write("import time\nprint('on', flush=True)\nwhile True: time.sleep(0.1)\n")
    command = [sys.executable, "-m", "cnn_raw", "run", str(path)]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert child.stdout.readline() == b"on\n"
    start = time.monotonic()
    os.killpg(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130 and b"Traceback" not in err
    assert time.monotonic() - start < 30


def test_wait_says_which_signal_ended_a_program(capsys):
    child = subprocess.Popen([sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"])
    assert running.wait(child) == 128 + 11
    assert capsys.readouterr().err == "cnn-raw: the program was ended by SIGSEGV\n"


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "mine.py", "is empty"),
        (b"\x00\x01\x02", "mine.py", "is not text"),
        (b"#" * 10_000_000, "mine.py", "has more than 5,000,000 bytes"),
        (b'{"cells": [', "mine.ipynb", "is not a whole notebook"),
    ],
)
def test_run_refuses_what_is_no_program_in_one_line(write, capsys, content, name, message):
    path = write(content, name)
    for command in (["run", str(path)], ["compare", "--script", str(path)]):
        assert cli.main(command) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1
        assert err.startswith(f"cnn-raw: {path}: ") and message in err


def test_run_refuses_steps_and_options_that_make_no_sense(write, capsys):
    path = str(write("x = 1\n"))
    for command in (
        ["run", path, "--steps", "0"],
        ["compare", "--script", path, "--steps", "0"],
        ["compare", "--script", path, "--python", "python2.7"],
    ):
        assert cli.main(command) == 2
        assert capsys.readouterr().err.startswith("cnn-raw: --")


def explained(text, name="mine.py"):
    program = source.from_bytes(text.encode(), name)
    with pytest.raises(BaseException) as error:
        exec(compile(program.text, name, "exec"), {"__name__": "__main__"})
    return process.explain(error.value, program)


def test_explain_names_places_and_missing_packages():
    assert explained("x = 1\nif x:\n    import no_such_module\n") == [
        "  mine.py, line 3: import no_such_module",
        "ModuleNotFoundError: No module named 'no_such_module'",
        "cnn-raw: the program needs the module no_such_module: no_such_module.py belongs beside "
        "it, if it is a file of the program's own",
    ]
    said = explained("open('data/train.csv')\n")
    assert said[1].startswith("FileNotFoundError: [Errno 2] No such file or directory: 'data/train")
    assert said[2] == f"cnn-raw: why: {TITLES['no_such_file']}"
    assert said[3].startswith("  cause: ") and "--here" in said[4]
    said = explained(f"raise ValueError({GRAPH_ERROR!r})\n")
    assert said[1] == "ValueError: the queue is empty\n\t [[{{node batch}}]]"
    assert explained("raise ModuleNotFoundError('x', name='cv2.a')")[-1].endswith("opencv-python")
    said = explained("def f(n):\n    return f(n + 1)\nf(0)\n")  # a thousand frames
    assert said[:2] == ["  mine.py, line 3: f(0)", "  mine.py, line 2: return f(n + 1)"]
    assert said[2].startswith("RecursionError: ") and len(said) == 3
    (line, *_) = explained(f"x = {'(' * 5000}\n")
    assert len(line) < 250 and line.endswith(" ...")
    assert explained("x = = 1\n")[0] == "  mine.py, line 1: x = = 1"
    book = json.dumps(
        {"cells": [{"cell_type": "code", "source": ["x = 1\n", "y = x[0]"]}] * 2, "metadata": {}}
    )
    assert explained(book, "mine.ipynb")[0].startswith("  mine.ipynb, cell 1, line 2: y = x[0]")


def test_source_error_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        source.read(tmp_path / "none.py")
