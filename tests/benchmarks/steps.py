"""Milliseconds per training step, four ways, interleaved in one process; and peak memory.

    python tests/benchmarks/steps.py [--steps 429] [--rounds 3]

- loop:     cnn_raw.train.train, testing left out: what a user pays, each epoch's trace included
- bare:     the tf.function step alone, on one batch that never changes
- session:  the same graph in a tf.compat.v1 Session, RMSProp and minimize() as in 2016
- keras:    Keras fit, the same layers, its own RMSprop

Each round runs all four, in an order of its own. The figure of each is the median of its rounds;
the ratios are medians of the ratios within a round, so that a slow moment of the machine falls
on both sides. Memory: the largest resident size of ``cnn-raw train --epochs 1``.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import tensorflow as tf

from cnn_raw import input_data
from cnn_raw.settings import Settings
from cnn_raw.train import build_train_op, initial_state, train
from cnn_raw.twin import session

BATCH_SIZE = 128


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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=429, help="steps a round (default: 429)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    arguments = parser.parse_args()

    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(2016)
    mnist = input_data.read_data_sets(one_hot=True)
    ways = {"loop": loop, "bare": bare, "session": in_session, "keras": keras_fit}
    runs = {name: way(mnist, arguments.steps) for name, way in ways.items()}
    seconds = {name: [] for name in runs}
    for number in range(-1, arguments.rounds):
        for name in random.sample(list(runs), len(runs)):
            taken = runs[name]()
            if number >= 0:  # the first round traces and warms up
                seconds[name].append(taken)

    print(f"TensorFlow {tf.__version__}, {os.cpu_count()} cores, op determinism on")
    print(f"{arguments.rounds} rounds of {arguments.steps} steps of {BATCH_SIZE} images")
    print("          ms a step   min .. max      loop / it")
    for name, values in seconds.items():
        ms = [1000 * value / arguments.steps for value in values]
        ratios = [own / other for own, other in zip(seconds["loop"], values, strict=True)]
        print(
            f"{name:8}  {statistics.median(ms):9.1f}   {min(ms):.1f} .. {max(ms):.1f}"
            f"   {statistics.median(ratios):10.3f}"
        )
    print(f"peak memory of cnn-raw train --epochs 1: {peak_memory_mb():,.0f} MB")


if __name__ == "__main__":
    main()
