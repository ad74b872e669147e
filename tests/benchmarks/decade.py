"""What ten years bought: CPU time per training step of 128 images, in 2016's program and today's.

    python2.7 tests/benchmarks/decade.py                              # TensorFlow 0.12.1
    python tests/benchmarks/decade.py                                 # this TensorFlow
    TF_ENABLE_ONEDNN_OPTS=0 ONEDNN_MAX_CPU_ISA=SSE41 python tests/benchmarks/decade.py

The same ``session.py`` runs in both: placeholders and a Session. Today the ``tf.function`` of
train.py runs too. CPU time, of all threads, counts work and hardly depends on what else the machine
does; the time on the clock does. Two threads, 30 steps after 3 that are not counted.
"""

from __future__ import print_function

import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "2")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))

import numpy as np
import tensorflow as tf

from cnn_raw.twin.session_steps import session_program

STEPS, WARM_UP = 30, 3
SHAPES = [[3, 3, 1, 32], [3, 3, 32, 64], [3, 3, 64, 128], [128 * 4 * 4, 625], [625, 10]]


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(name, step):
    """Print the milliseconds of CPU and of the clock that a step takes."""
    random = np.random.RandomState(2016)
    X = random.random_sample((128, 28, 28, 1)).astype(np.float32)
    Y = np.eye(10, dtype=np.float32)[random.randint(10, size=128)]
    for _ in range(WARM_UP):
        step(X, Y, False)
    cpu, clock = cpu_seconds(), time.time()
    for _ in range(STEPS):
        step(X, Y, False)
    cpu, clock = cpu_seconds() - cpu, time.time() - clock
    figures = tf.__version__, name, 1000 * cpu / STEPS, 1000 * clock / STEPS
    print("TensorFlow %s, %s: %.0f ms of CPU a step, %.0f ms on the clock" % figures)


def main():
    random = np.random.RandomState(2016)
    weights = [(0.01 * random.standard_normal(shape)).astype(np.float32) for shape in SHAPES]
    measure("Session", session_program(2016, weights))
    if not tf.__version__.startswith("0."):
        from cnn_raw.twin.compare import tape_program

        measure("tf.function", tape_program(2016, weights))


if __name__ == "__main__":
    main()
