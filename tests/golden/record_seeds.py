"""Train one more seed for the question: does a training END the same as in 2016?

    python2.7 tests/golden/record_seeds.py cnn_raw/MNIST_DATA    # genuine TensorFlow 0.12.1
    python tests/golden/record_seeds.py cnn_raw/MNIST_DATA       # this package

After some 100 steps rounding makes any two programs differ, so bits cannot show it; the accuracies
of many seeds can. Laid down before the first seed was trained: 3 epochs; seeds 1, 2, 3, ...;
accuracy on all 10,000 test images; 20 seeds here, at least 10 of 0.12.1. The two count as
equivalent if the difference of their mean accuracies after 3 epochs is certainly (two one-sided
t tests, 5 % each) below MARGIN.

Each call takes the first seed that this TensorFlow has not been trained with, and adds one line to
seeds.jsonl when all its epochs are done: stop it at any time, and call it again. cnn_raw trains
with op determinism, as its command line does; 0.12.1 does not repeat to the last bit.
analyse_seeds.py works out what the lines say.
"""

from __future__ import print_function

import argparse
import io
import json
import os
import resource
import sys
import time

import numpy as np
import record
import tensorflow as tf

EPOCHS = 3
MARGIN = 0.0015  # 0.15 % of the 10,000 test images
SEEDS = {"cnn_raw": 20, "0.12.1": 10}  # how many are to be trained
THREADS = 2
FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seeds.jsonl")


def read_seeds():
    """The recorded seeds, one dictionary each."""
    if not os.path.exists(FILE):
        return []
    with io.open(FILE, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def train_2016(data, seed):
    """Yield (mean cost, accuracy, weights) after each epoch of the script of 2016."""
    from tensorflow.examples.tutorials.mnist import input_data

    trX, trY, teX, teY = record.images_and_labels(input_data.read_data_sets(data, one_hot=True))
    p, size = record.program(seed), record.batch_size
    config = tf.ConfigProto(intra_op_parallelism_threads=THREADS)
    with tf.Session(graph=p.graph, config=config) as sess:
        sess.run(record.initialize(p))
        while True:
            costs = []
            for start in range(0, len(trX) - size + 1, size):
                batch = record.feed(
                    p, trX[start : start + size], trY[start : start + size], 0.8, 0.5
                )
                costs.append(sess.run([p.cost, p.train_op], batch)[0])
            right = record.right(p, sess, teX, teY)
            yield np.mean(costs), right / float(len(teX)), sess.run(p.weights)


def train_today(data, seed):
    """Yield the same of this package."""
    from cnn_raw.input_data import read_data_sets
    from cnn_raw.settings import Settings
    from cnn_raw.train import initial_state, train

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.experimental.enable_op_determinism()
    settings = Settings(epochs=EPOCHS, seed=seed)
    state = initial_state(settings)
    for epoch in train(read_data_sets(data, one_hot=True), settings, state):
        yield epoch.cost, epoch.test_accuracy, [var.numpy() for var in state.weights]


def main():
    parser = argparse.ArgumentParser(description="Train one more seed and record its figures.")
    parser.add_argument("data", help="folder with the four MNIST files")
    data = parser.parse_args().data
    old = tf.__version__ == "0.12.1"
    program = "0.12.1" if old else "cnn_raw"
    done = [line["seed"] for line in read_seeds() if line["program"] == program]
    seed = min(set(range(1, len(done) + 2)) - set(done))
    if len(done) >= SEEDS[program]:
        print("%s: all %d seeds are trained" % (program, SEEDS[program]))
        return 0
    line = dict(record.versions(), program=program, seed=seed, threads=THREADS)
    line.update(costs=[], accuracies=[], weights_sha256=[], cpu_seconds=[])
    trained = (train_2016 if old else train_today)(data, seed)
    for _ in range(EPOCHS):
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.time()
        cost, accuracy, weights = next(trained)
        after = resource.getrusage(resource.RUSAGE_SELF)
        line["costs"].append(float(cost))
        line["accuracies"].append(float(accuracy))
        line["weights_sha256"].append([record.sha256(value) for value in weights])
        line["cpu_seconds"].append(
            round(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, 1)
        )
        took = time.time() - start
        print(
            "%s seed %d: cost %.4f, accuracy %.4f, %.0f s" % (program, seed, cost, accuracy, took)
        )
        sys.stdout.flush()
    with open(FILE, "ab") as file:
        file.write((json.dumps(line, sort_keys=True) + "\n").encode("ascii"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
