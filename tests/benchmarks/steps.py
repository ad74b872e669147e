"""Milliseconds per training step, ours and the peers', interleaved in rounds; and peak memory.

    python tests/benchmarks/steps.py [--steps 429] [--rounds 3] [--peers PYTHON]

- loop:     cnn_raw.train.train, testing left out: what a user pays, each epoch's trace included
- bare:     the tf.function step alone, on one batch that never changes
- session:  the same graph in a tf.compat.v1 Session, RMSProp and minimize() as in 2016
- keras:    Keras fit, the same layers, its own RMSprop
- torch, torch-last (channels last), torch-comp (that, by torch.compile), jax: with --peers, a
  Python that has PyTorch and JAX; ``peers.py`` says how to make one. Without, they are left out.

Each round runs all of them, in an order of its own, and measures the machine's peak: products of
two float32 matrices of 4096x4096. The figure of each is the median of its rounds; "x loop" and "of
peak" are medians of the ratios within a round, so that a slow moment of the machine falls on both
sides. Memory: the largest resident size of ``cnn-raw train --epochs 1``.
"""

import argparse
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import peers
import tensorflow as tf

from cnn_raw import input_data
from cnn_raw.environment import cores
from cnn_raw.runs.weights import SHAPES
from cnn_raw.settings import Settings
from cnn_raw.train import build_predict_op, build_train_op, initial_state, train
from cnn_raw.twin import session

BATCH_SIZE = peers.BATCH_SIZE
# Multiplications and additions of a step: forward, the gradients of the weights, and, but for the
# first layer, of the activations.
PRODUCTS = [28 * 28 * 9 * 32, 14 * 14 * 9 * 32 * 64, 7 * 7 * 9 * 64 * 128, 2048 * 625, 625 * 10]
OPERATIONS = 2 * BATCH_SIZE * (3 * sum(PRODUCTS) - PRODUCTS[0])


def loop(mnist, steps):
    """A function that runs ``steps`` steps of the package's own loop and returns the seconds."""
    state = initial_state(Settings())
    few = mnist.first(steps * BATCH_SIZE, 1)
    stop = []

    def only_the_steps(batches):
        start = time.perf_counter()
        yield from batches
        state.weights.w.numpy()  # waits for the last step
        stop.append(time.perf_counter() - start)

    epochs = iter(train(few, Settings(epochs=10**6), state, only_the_steps))

    def run():
        next(epochs)
        return stop.pop()

    return run


def bare(mnist, steps):
    state = initial_state(Settings())
    train_op = build_train_op(state.weights, state.optimizer)
    X = tf.constant(mnist.train.images[:BATCH_SIZE].reshape(-1, 28, 28, 1))
    Y = tf.constant(mnist.train.labels[:BATCH_SIZE])
    keep = tf.constant(0.8), tf.constant(0.5)

    def run():
        start = time.perf_counter()
        for _ in range(steps):
            train_op(X, Y, *keep)
        state.weights.w.numpy()
        return time.perf_counter() - start

    return run


def in_session(mnist, steps):
    images, labels = mnist.train.images.reshape(-1, 28, 28, 1), mnist.train.labels
    with tf.Graph().as_default():
        program = session.build(seed=2016)
        sess = tf.compat.v1.Session()
        sess.run(tf.compat.v1.global_variables_initializer())

    def run():
        start = time.perf_counter()
        for k in range(0, steps * BATCH_SIZE, BATCH_SIZE):
            feed = {
                program.X: images[k : k + BATCH_SIZE],
                program.Y: labels[k : k + BATCH_SIZE],
                program.p_keep_conv: 0.8,
                program.p_keep_hidden: 0.5,
            }
            sess.run(program.train_op, feed_dict=feed)
        return time.perf_counter() - start

    return run


def keras_fit(mnist, steps):
    layers = [keras.Input((28, 28, 1))]
    for filters in (32, 64, 128):
        layers += [
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu", use_bias=False),
            keras.layers.MaxPooling2D(2, padding="same"),
            keras.layers.Dropout(0.2),
        ]
    layers.insert(-1, keras.layers.Flatten())
    layers += [
        keras.layers.Dense(625, activation="relu", use_bias=False),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(10, use_bias=False),
    ]
    network = keras.Sequential(layers)
    network.compile(
        keras.optimizers.RMSprop(0.001, 0.9),
        keras.losses.CategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    n = steps * BATCH_SIZE
    images, labels = mnist.train.images[:n].reshape(-1, 28, 28, 1), mnist.train.labels[:n]

    def run():
        start = time.perf_counter()
        network.fit(images, labels, batch_size=BATCH_SIZE, shuffle=False, verbose=0)
        return time.perf_counter() - start

    return run


def peak(mnist, steps):
    """Seconds in which the machine could do the multiplications and additions of ``steps``."""
    matrix = tf.random.normal([4096, 4096], seed=1)
    product = tf.function(lambda: tf.reduce_sum(matrix @ matrix))

    def run():
        start = time.perf_counter()
        product().numpy()
        return (time.perf_counter() - start) / (2 * 4096**3) * OPERATIONS * steps

    return run


class Missing(Exception):
    """A peer cannot run. The message says why."""


def peer(way, python, folder, stack, steps):
    """Return what a peer says first, and its ``run``, in a process that ends with ``stack``.

    Raises Missing.
    """
    log = Path(folder, f"{way}.log")
    errors = stack.enter_context(log.open("w"))
    process = subprocess.Popen(
        [python, peers.__file__, way, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    stack.callback(process.wait)
    stack.callback(process.kill)

    def answer():
        line = process.stdout.readline()
        if not line:
            raise Missing((log.read_text().strip() or "it ended").splitlines()[-1])
        return json.loads(line)

    def run():
        print(steps, file=process.stdin, flush=True)
        return answer()

    started = answer()
    run()  # compiles: a peer that cannot is missing
    return started, run


def all_peers(python, mnist, steps, stack):
    """Return the ``run`` of every peer that works, by their names, and print what they are."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    random_start = np.random.RandomState(2016)
    weights = {
        name: (random_start.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:-1]))).astype("f4")
        for name, shape in zip(peers.WEIGHTS, SHAPES, strict=True)
    }
    n = steps * BATCH_SIZE
    images, labels = mnist.train.images[:n].reshape(-1, 28, 28, 1), mnist.train.labels[:n]
    np.savez(f"{folder}/peers.npz", images=images, labels=labels, threads=cores(), **weights)
    logits = build_predict_op([*map(tf.constant, weights.values())])(images[:8])["logits"]
    runs = {}
    for way in peers.WAYS:
        try:
            started, runs[way] = peer(way, python, folder, stack, steps)
            np.testing.assert_allclose(started["logits"], logits, rtol=0, atol=1e-5)  # one network
            print(f"{way}: {started['version']}")
        except Missing as error:
            print(f"{way}: left out: {error}")
    return runs


def peak_memory_mb() -> float:
    """The largest resident size of ``cnn-raw train --epochs 1``, in MB (10**6 bytes)."""
    code = (
        "import resource, subprocess, sys; "
        "subprocess.run([sys.executable, '-m', 'cnn_raw', 'train', '--epochs', '1'], "
        "stdout=subprocess.DEVNULL, check=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout) * 1024 / 1e6


def measured(runs, rounds):
    """Return the seconds of each way in each round."""
    seconds = {name: [] for name in runs}
    for number in range(-1, rounds):
        for name in random.sample(list(runs), len(runs)):
            taken = runs[name]()
            if number >= 0:  # the first round traces and warms up
                seconds[name].append(taken)
    return seconds


def show(seconds, steps):
    """Print a line for each way."""

    def ratio(first, second):
        return statistics.median(a / b for a, b in zip(first, second, strict=True))

    print("            ms a step   min .. max    x loop  of peak")
    for name, values in seconds.items():
        ms = [1000 * value / steps for value in values]
        print(
            f"{name:10}  {statistics.median(ms):9.1f}   {min(ms):.1f} .. {max(ms):.1f}"
            f"   {ratio(values, seconds['loop']):6.2f}  {ratio(seconds['peak'], values):7.0%}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=429, help="steps a round (default: 429)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--peers", metavar="PYTHON", help="that has PyTorch, JAX or both")
    arguments = parser.parse_args()

    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(2016)
    mnist = input_data.read_data_sets(one_hot=True)
    ways = {"loop": loop, "bare": bare, "session": in_session, "keras": keras_fit}
    print(f"TensorFlow {tf.__version__}, {cores()} cores, op determinism on")
    with contextlib.ExitStack() as stack:
        runs = {name: way(mnist, arguments.steps) for name, way in ways.items()}
        if arguments.peers:
            runs |= all_peers(arguments.peers, mnist, arguments.steps, stack)
        runs["peak"] = peak(mnist, arguments.steps)
        print(f"{arguments.rounds} rounds of {arguments.steps} steps of {BATCH_SIZE} images")
        show(measured(runs, arguments.rounds), arguments.steps)
    print(f"peak memory of cnn-raw train --epochs 1: {peak_memory_mb():,.0f} MB")


if __name__ == "__main__":
    main()
