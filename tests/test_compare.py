"""Both programs, step by step: that they agree, and that it shows when they do not."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import matplotlib.image
import numpy as np
import pytest

from cnn_raw import InputError, cli
from cnn_raw.twin import compare
from cnn_raw.twin.compare import BOUND, Comparison, Difference, start_weights, tape_program
from cnn_raw.twin.compare_screen import verdict
from cnn_raw.twin.other_python import OtherPython
from cnn_raw.twin.session_steps import TENSORS, WEIGHTS, session_program

FIRST_COST_TF012 = 4.14314079284668  # genuine 0.12.1, from the weights of --start he --seed 2016
ZEROS = dict.fromkeys(TENSORS, 0.0)
SAME = Difference(step=1, session_cost=1.0, cost=1.0, tensors=ZEROS, first=None)


@pytest.fixture(scope="module")
def training(mnist):
    return mnist.train.images.reshape(-1, 28, 28, 1), mnist.train.labels


def fixed_program(cost=1.0, **changed):
    """Return a program that learns nothing: its tensors are always 0, but for those given."""
    values = {name: changed.get(name.replace(" ", "_"), 0) for name in TENSORS}
    return lambda X, Y, look: (
        np.float32(cost),
        [np.full([2, 3], value, np.float32) for value in values.values()] if look else [],
    )


def comparison(differences, other=False, seed=2016):
    """A comparison that has run and found these differences."""
    steps = len(differences)
    return Comparison(steps, "he", seed, "0.12.1", fixed_program(), other, differences)


def one_step(session_step, tape_step):
    images, labels = np.zeros([128, 28, 28, 1], np.float32), np.zeros([128, 10], np.float32)
    (difference,) = compare.step_differences(images, labels, 1, session_step, tape_step)
    return difference


@pytest.mark.parametrize("start", ["he", "2016"])
def test_session_and_tape_are_identical_to_the_last_bit(training, start):
    weights = start_weights(start, 2016)
    programs = session_program(2016, weights), tape_program(2016, weights)
    differences = list(compare.step_differences(*training, 20, *programs))
    assert [difference.first for difference in differences] == [None] * 20
    costs = [difference.cost for difference in differences]
    assert len(set(costs)) > 10  # on the plateau of "2016" some are equal
    if start == "he":
        # 0 apart with oneDNN on and off; one unit in the last place is 4.8e-7
        assert costs[0] == pytest.approx(FIRST_COST_TF012, abs=5e-7)


def test_another_seed_is_seen(training):
    weights = start_weights("he", 1)
    programs = session_program(1, weights), tape_program(2, weights)
    (difference,) = compare.step_differences(*training, 1, *programs)
    assert difference.first == "cost"
    assert difference.cost_difference > 0.01  # 0.16: other dropout masks


def test_another_optimizer_is_seen_and_is_exit_status_1(monkeypatch, capfd):
    optimizer = functools.partial(compare.RMSPropOptimizer, epsilon=1e-3)
    monkeypatch.setattr(compare, "RMSPropOptimizer", optimizer)
    assert cli.main(["compare", "--steps", "2"]) == 1
    printed = capfd.readouterr()
    assert "NOT identical: the first to differ is w in step 1, by " in printed.out
    assert printed.err == ""


def test_one_unit_in_the_last_place_is_seen_in_the_tensor_that_has_it():
    next_up = np.nextafter(np.float32(1), np.float32(2))
    difference = one_step(fixed_program(w4_rms=1), fixed_program(w4_rms=next_up))
    assert difference.first == "w4 rms"
    assert difference.tensors == {**ZEROS, "w4 rms": 2.0**-23}
    later = [SAME, replace(difference, step=2), replace(difference, step=3, first="cost")]
    both = comparison(later)
    assert not both.passed
    assert verdict(both) == "NOT identical: the first to differ is w4 rms in step 2, by 1.2e-07"


def test_minus_zero_is_not_zero_and_nan_is_nan():
    assert one_step(fixed_program(w=0.0), fixed_program(w=-0.0)).first == "w"
    assert one_step(fixed_program(w=np.nan), fixed_program(w=np.nan)).first is None
    difference = one_step(fixed_program(cost=np.nan), fixed_program())
    assert difference.first == "cost"
    assert not comparison([difference], other=True, seed=1).passed


def test_batches_begin_again_when_the_images_are_used_up():
    seen = []

    def step(X, Y, look):
        seen.append((X[0, 0], Y[0, 0], len(X), look))
        return fixed_program()(X, Y, look)

    images, labels = np.arange(300).reshape(-1, 1), -np.arange(300).reshape(-1, 1)
    looked = list(
        compare.step_differences(images, labels, 5, step, step, look=lambda step: step == 2)
    )
    assert seen[::2] == [
        (0, 0, 128, False),
        (128, -128, 128, True),
        (0, 0, 128, False),
        (128, -128, 128, False),
        (0, 0, 128, False),
    ]
    assert [bool(difference.tensors) for difference in looked] == [False, True, False, False, False]
    with pytest.raises(InputError, match="127 training images: give at least 128"):
        list(compare.step_differences(images[:127], labels, 5, step, step))


def test_shown_are_1_2_5_10_20_50_and_so_on_and_the_last():
    shown = [step for step in range(1, 1288) if compare.is_shown(step, 1287)]
    assert shown == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1287]


@pytest.mark.parametrize(
    ["apart", "measured", "within"],
    [
        [{}, True, True],
        [{1: 1e-7}, True, False],
        [{1: 1e-7}, False, True],
        [{1: 3e-6}, False, False],
        [{10: BOUND}, True, True],
        [{10: 3e-6}, True, False],
        [{11: 5.0}, True, True],
        [{3: float("nan")}, True, False],
    ],
)
def test_another_tensorflow_is_judged_by_its_first_ten_costs(apart, measured, within):
    differences = [
        replace(SAME, step=step, session_cost=0.0, cost=apart.get(step, 0.0), first="cost")
        for step in range(1, 13)
    ]
    both = comparison(differences, other=True, seed=2016 if measured else 1)
    assert both.passed == within
    assert ("NOT within the bounds" in verdict(both)) == (not within)


def test_json_and_plot_hold_every_step(tmp_path, capfd):
    plot = tmp_path / "plot.png"
    assert cli.main(["compare", "--steps", "3", "--json", "--plot", str(plot)]) == 0
    printed = json.loads(capfd.readouterr().out)
    assert [step["step"] for step in printed["steps"]] == [1, 2, 3]
    assert list(printed["largest"]) == TENSORS
    assert printed["passed"] and printed["first"] is None
    assert matplotlib.image.imread(plot).shape == (600, 960, 4)
    assert list(tmp_path.iterdir()) == [plot]


@pytest.mark.parametrize(
    ["arguments", "message"],
    [
        [["--steps", "0"], "steps 0: give a whole number of at least 1"],
        [["--seed", "-1"], "seed -1: give a whole number"],
        [["--plot", "{}/none/plot.png"], "none/plot.png: there is no such folder to write into"],
        [["--plot", "{}"], ": give a name that ends in .png"],
        [["--python", "{}/python"], "python: cannot be started (No such file or directory)"],
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_bad_arguments_are_one_line_before_the_first_step(tmp_path, capfd, arguments, message):
    assert cli.main(["compare", *(word.format(tmp_path) for word in arguments)]) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert message in printed.err and printed.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def fake_python(tmp_path):
    """Return a function that writes a program to be taken for a Python, and returns its path."""

    def write(text):
        path = tmp_path / "python"
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    return write


# Tells a version, as session_steps.py does, and goes on.
VERSION = f"""#!{sys.executable}
import os, sys
import numpy as np
np.savez(sys.argv[3] + "/part.npz", version=np.array("{{}}"))
os.rename(sys.argv[3] + "/part.npz", sys.argv[3] + "/version.npz")
"""


@pytest.mark.parametrize(
    ["program", "message"],
    [
        [
            "#!/bin/sh\necho 'ImportError: No module named tensorflow' >&2; exit 1",
            "has no TensorFlow; install one for it, or give another",
        ],
        [
            f'#!/bin/sh\nexec {sys.executable} -S "$@"',  # without what is installed
            "has no TensorFlow; install one for it, or give another",
        ],
        [
            "#!/bin/sh\nfor i in 1 2 3 4 5 6; do echo line $i; done; exit 3",
            "ended with status 3 before the first step; its last lines:"
            + "".join(f"\n    line {i}" for i in range(2, 7)),
        ],
        ["#!/bin/sh\nexit 0", "ended with status 0 before the first step; its last lines: nothing"],
        [VERSION.format("3.1.0"), "its TensorFlow 3.1.0 is too new to have the API of 2016"],
        [
            VERSION.format("0.12.1") + "print(sys.stdin.readline())\nsys.exit('no memory')",
            "ended with status 1 in step 1; its last lines:\n    1\n    no memory",
        ],
    ],
    ids=["no TensorFlow", "no NumPy", "crash", "nothing", "too new", "crash in a step"],
)
def test_a_python_that_cannot_do_it_is_named_with_its_last_lines(fake_python, program, message):
    weights = [np.zeros(1, np.float32)] * 5
    with (
        pytest.raises(InputError) as error,
        OtherPython(fake_python(program), 1, weights) as other,
    ):
        other.step(weights[0], weights[0], True)
    assert message in str(error.value)


def test_a_python_that_hangs_is_stopped(fake_python):
    python = fake_python("#!/bin/sh\necho $$\nexec sleep 600")
    with pytest.raises(InputError, match="said nothing for 1 s before the first step") as error:
        OtherPython(python, 1, [np.zeros(1, np.float32)] * 5, time_limit=1)
    process = int(str(error.value).split()[-1])
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_ctrl_c_stops_the_other_python_too(fake_python, tmp_path):
    python = fake_python('#!/bin/sh\necho $$ > "${0%/*}/process"\nexec sleep 600')
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "cnn_raw", "compare", "--python", python]
    running = subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "process").exists() and running.poll() is None:
        time.sleep(0.05)
    assert len(list(temporary.iterdir())) == 1
    running.send_signal(signal.SIGINT)
    assert running.communicate() == ("stopped after 0 of 429 steps\n", "")
    assert running.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "process").read_text()), 0)
    assert list(temporary.iterdir()) == []


def test_the_session_runs_in_another_process_as_here(training):
    weights = start_weights("he", 2016)
    with OtherPython(sys.executable, 2016, weights) as other:
        steps = list(
            compare.step_differences(
                *training, 2, other.step, tape_program(2016, weights), lambda step: step == 1
            )
        )
    # 0 apart: the same TensorFlow, but not told there to have its operations give the same
    assert [difference.cost_difference for difference in steps] == pytest.approx([0, 0], abs=BOUND)
    assert max(steps[0].tensors[name] for name in WEIGHTS) < BOUND


@pytest.mark.genuine
def test_genuine_tensorflow_0_12_1_is_within_the_bounds(genuine_python):
    command = [sys.executable, "-m", "cnn_raw", "compare", "--python", str(genuine_python)]
    done = subprocess.run([*command, "--steps", "12", "--json"], capture_output=True, text=True)
    assert done.stderr == ""
    printed = json.loads(done.stdout)
    assert printed["tensorflow"]["session"] == "0.12.1"
    assert printed["passed"] and done.returncode == 0
    assert printed["steps"][0]["session_cost"] == FIRST_COST_TF012
    # measured: 1.5e-8 of the weights after one step
    assert 0 < max(printed["steps"][0]["tensors"][name] for name in WEIGHTS) < 1e-7
