"""A short selection of crash.py: a training killed while it keeps an epoch loses nothing."""

import subprocess
import sys
from pathlib import Path


def test_training_killed_at_some_calls_loses_nothing():
    command = [sys.executable, Path(__file__).with_name("crash.py"), "--every", "33"]
    done = subprocess.run(
        [*command, "--signals", "KILL", "INT"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 losses" in done.stdout
