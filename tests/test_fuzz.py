"""A few inputs of each kind that ``fuzz.py`` tries; README.md has the figures of many."""

import os
import re
import signal
import subprocess
import sys
import time

import fuzz
import pytest

from cnn_raw import InputError


def test_damaged_input_of_every_kind_is_answered_or_refused_in_one_line():
    command = [sys.executable, fuzz.__file__, "--inputs", "12", "--seed", "2016"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    tried = re.findall(r"(?m)^(\w+) +12 tried: \d+ answered, \d+ refused, 0 fault$", done.stdout)
    assert tried == [kind.__name__ for kind in fuzz.KINDS]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_fault_is_counted_whether_it_raises_aborts_hangs_or_is_told_in_two_lines(
    tmp_path, capsys, monkeypatch
):
    def broken(good, folder):
        at = int((good / "at").read_text()) if (good / "at").exists() else -1

        def attempt(chance):
            nonlocal at
            at += 1
            (good / "at").write_text(str(at))
            if at == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            if at == 2:
                raise KeyError("name")
            if at == 3:
                raise InputError("two\nlines")
            if at == 4:
                raise InputError("one line")
            if at == 5:
                time.sleep(30)

        return attempt

    monkeypatch.setattr(fuzz, "HANG", 1)
    assert fuzz.try_kind(broken, tmp_path, seed=0, seconds=60, inputs=7) == 4
    out = capsys.readouterr().out
    assert [int(at) for at in re.findall(r"broken:(\d)", out)] == [1, 2, 3, 5]
    assert out.endswith("7 tried: 2 answered, 1 refused, 4 fault\n")
