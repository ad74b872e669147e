"""Record this folder's files anew from genuine TensorFlow 0.12.1, or check them against it.

    python2.7 -m pip install tensorflow==0.12.1 numpy==1.16.6 "protobuf<3.18"
    python2.7 tests/golden/record.py cnn_raw/MNIST_DATA            # writes all files, half an hour
    python2.7 tests/golden/record.py cnn_raw/MNIST_DATA --quick    # only the JSON, half a minute
    python2.7 tests/golden/record.py cnn_raw/MNIST_DATA --check    # writes nothing, compares

The graph is the 2016 script's, statement by statement. Its random operations are NOT given op
seeds: 0.12.1 counts them out itself, and what it draws then is what is recorded.

    data_tf012.json             digests of what the data loader returns and of its batches
    draws_tf012.json            initial weights, digests of the dropout masks
    steps_tf012.json            100 training steps from starting weights that NumPy draws
    run_tf012_seed2016.txt      what the script printed, seeded, 12 epochs
    accuracy_tf012_seed2016.txt the same with all 10,000 test images after each epoch

The functions that only digest (``sha256``, ``data``, ``summary``, ``starting_weights``) serve the
tests too, which run them on today's side; so they work under Python 3 as well.
"""

from __future__ import print_function

import argparse
import collections
import fnmatch
import hashlib
import io
import json
import os
import sys
import time

import numpy as np
import tensorflow as tf

SEED = 2016
NAMES = ["w", "w2", "w3", "w4", "w_o"]
SHAPES = [[3, 3, 1, 32], [3, 3, 32, 64], [3, 3, 64, 128], [128 * 4 * 4, 625], [625, 10]]
ACTIVATIONS = ["l1a", "l1", "l2a", "l2", "l3a", "l3", "l4"]

batch_size = 128
test_size = 256


# --- The 2016 script, its two halves in functions ---


def init_weights(shape):
    return tf.Variable(tf.random_normal(shape, stddev=0.01))


def model(X, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden):
    l1a = tf.nn.relu(tf.nn.conv2d(X, w, strides=[1, 1, 1, 1], padding="SAME"))
    l1 = tf.nn.max_pool(l1a, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
    l1 = tf.nn.dropout(l1, p_keep_conv)

    l2a = tf.nn.relu(tf.nn.conv2d(l1, w2, strides=[1, 1, 1, 1], padding="SAME"))
    l2 = tf.nn.max_pool(l2a, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
    l2 = tf.nn.dropout(l2, p_keep_conv)

    l3a = tf.nn.relu(tf.nn.conv2d(l2, w3, strides=[1, 1, 1, 1], padding="SAME"))
    l3 = tf.nn.max_pool(l3a, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
    l3 = tf.reshape(l3, [-1, w4.get_shape().as_list()[0]])
    l3 = tf.nn.dropout(l3, p_keep_conv)

    l4 = tf.nn.relu(tf.matmul(l3, w4))
    l4 = tf.nn.dropout(l4, p_keep_hidden)

    pyx = tf.matmul(l4, w_o)
    return pyx


Program = collections.namedtuple(
    "Program",
    "graph X Y weights p_keep_conv p_keep_hidden py_x cost optimizer gradients train_op predict_op",
)


def program(seed=SEED):
    """The script's graph, under a seed: the one line that is added to it."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(seed)

        X = tf.placeholder("float", [None, 28, 28, 1])
        Y = tf.placeholder("float", [None, 10])

        weights = [init_weights(shape) for shape in SHAPES]

        p_keep_conv = tf.placeholder("float")
        p_keep_hidden = tf.placeholder("float")
        w, w2, w3, w4, w_o = weights
        py_x = model(X, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden)

        cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(py_x, Y))
        # minimize() is these two lines; here the gradients are needed.
        optimizer = tf.train.RMSPropOptimizer(0.001, 0.9)
        gradients = optimizer.compute_gradients(cost)
        train_op = optimizer.apply_gradients(gradients)
        predict_op = tf.argmax(py_x, 1)

        return Program(
            graph, X, Y, weights, p_keep_conv, p_keep_hidden, py_x, cost, optimizer,
            [gradient for gradient, _ in gradients], train_op, predict_op,
        )  # fmt: skip


def run(mnist, epochs, test_all):
    """The script's loop: the lines that it prints. ``test_all`` adds those on all 10,000."""
    trX, trY, teX, teY = images_and_labels(mnist)
    p = program()
    np.random.seed(SEED)
    start_time = time.time()
    with tf.Session(graph=p.graph) as sess:
        sess.run(initialize(p))
        for i in range(epochs):
            training_batch = zip(
                range(0, len(trX), batch_size), range(batch_size, len(trX) + 1, batch_size)
            )
            for start, end in training_batch:
                sess.run(p.train_op, feed_dict=feed(p, trX[start:end], trY[start:end], 0.8, 0.5))

            if test_all:
                yield "('full', %d, %r)" % (i, right(p, sess, teX, teY) / 10000.0)

            test_indices = np.arange(len(teX))  # Get A Test Batch
            np.random.shuffle(test_indices)
            test_indices = test_indices[0:test_size]
            correct = right(p, sess, teX[test_indices], teY[test_indices])
            yield "(%d, %r)" % (i, correct / float(test_size))
    if not test_all:
        yield "time elapsed: %.2fs" % (time.time() - start_time)


# --- Its parts ---


def images_and_labels(mnist):
    trX, trY = mnist.train.images, mnist.train.labels
    teX, teY = mnist.test.images, mnist.test.labels
    return trX.reshape(-1, 28, 28, 1), trY, teX.reshape(-1, 28, 28, 1), teY


def initialize(p):
    with p.graph.as_default():
        return tf.global_variables_initializer()  # initialize_all_variables() warns


def feed(p, X, Y, p_keep_conv, p_keep_hidden):
    return {p.X: X, p.Y: Y, p.p_keep_conv: p_keep_conv, p.p_keep_hidden: p_keep_hidden}


def right(p, sess, X, Y):
    """How many images are classed right. In batches of 1,000: all at once take 3 GB."""
    correct = 0
    for start in range(0, len(X), 1000):
        x, y = X[start : start + 1000], Y[start : start + 1000]
        classes = sess.run(p.predict_op, feed_dict=feed(p, x, y, 1.0, 1.0))
        correct += int(np.sum(np.argmax(y, axis=1) == classes))
    return correct


def activations(p):
    """The tensors of ACTIVATIONS, by name: relus and pools, before dropout."""
    operations = p.graph.get_operations()
    relus = [op.outputs[0] for op in operations if op.type == "Relu"]
    pools = [op.outputs[0] for op in operations if op.type == "MaxPool"]
    return dict(zip(["l1a", "l2a", "l3a", "l4", "l1", "l2", "l3"], relus + pools))


def masks(p):
    """The four dropouts' 0/1 tensors: floor(keep probability + uniform)."""
    return [op.outputs[0] for op in p.graph.get_operations() if op.type == "Floor"]


def op_seeds(p, kind):
    """The seeds that 0.12.1 gave the operations of a kind, in the graph's order."""
    return [op.get_attr("seed2") for op in p.graph.get_operations() if op.type == kind]


# --- What is recorded ---


def sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def mask_sha256(mask):
    """Of the mask's bits, eight in a byte; True and 1.0 mean kept."""
    return sha256(np.packbits(np.asarray(mask).ravel() != 0))


def summary(array, count=16):
    """``count`` values spread evenly, with their places in the flat array; float64 sum and norm."""
    flat = np.ravel(array)
    at = np.linspace(0, flat.size - 1, min(count, flat.size)).astype(int)
    wide = flat.astype(np.float64)
    return {
        "at": at.tolist(),
        "values": flat[at].tolist(),
        "sum": float(wide.sum()),
        "l2": float(np.sqrt((wide * wide).sum())),
    }


def versions():
    return {
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "python": sys.version.split()[0],
        "seed": SEED,
    }


def starting_weights():
    """He's weights from NumPy's frozen generator: off the plateau on which 2016's start."""
    random = np.random.RandomState(SEED)
    return [
        (random.standard_normal(shape) * np.sqrt(2.0 / np.prod(shape[:-1]))).astype(np.float32)
        for shape in SHAPES
    ]


def data(mnist):
    """Digests of a loader's arrays and of 900 batches: the training set is shuffled twice.

    Labels as float32, which is what the network is given.
    """
    recorded = {}
    for name in ["train", "validation", "test"]:
        part = getattr(mnist, name)
        recorded[name] = {
            "images": sha256(part.images),
            "labels": sha256(part.labels.astype(np.float32)),
            "shapes": [list(part.images.shape), list(part.labels.shape)],
        }
    images, labels = hashlib.sha256(), hashlib.sha256()
    np.random.seed(SEED)
    for _ in range(900):
        batch_x, batch_y = mnist.train.next_batch(batch_size)
        images.update(np.ascontiguousarray(batch_x).data)
        labels.update(np.ascontiguousarray(batch_y, np.float32).data)
    recorded["next_batch"] = {
        "batches": "900 of 128 after np.random.seed(seed)",
        "images": images.hexdigest(),
        "labels": labels.hexdigest(),
        "epochs_completed": mnist.train.epochs_completed,
    }
    return recorded


def initial_weights():
    """The five arrays that the script starts from."""
    p = program()
    with tf.Session(graph=p.graph) as sess:
        sess.run(initialize(p))
        return sess.run(p.weights)


def draws():
    """500 values of each initial weight, and the masks of three training steps."""
    weights = dict((name, summary(w, 500)) for name, w in zip(NAMES, initial_weights()))
    p = program()
    images = np.zeros([batch_size, 28, 28, 1], np.float32)
    labels = np.zeros([batch_size, 10], np.float32)
    with tf.Session(graph=p.graph) as sess:
        sess.run(initialize(p))
        calls = [sess.run(masks(p), feed(p, images, labels, 0.8, 0.5)) for _ in range(3)]
    return {
        "weights": weights,
        "weights_op_seeds": op_seeds(p, "RandomStandardNormal"),
        "masks": {
            "op_seeds": op_seeds(p, "RandomUniform"),
            "shapes": [list(mask.shape) for mask in calls[0]],
            "kept": [[int(mask.sum()) for mask in call] for call in calls],
            "sha256": [[mask_sha256(mask) for mask in call] for call in calls],
        },
    }


def steps(mnist):
    """100 training steps from ``starting_weights``, and what the network computes with these."""
    trX, trY, teX, teY = images_and_labels(mnist)
    p = program()
    start = starting_weights()
    assign = [var.initializer for var in p.weights]
    values = dict((var.initial_value, value) for var, value in zip(p.weights, start))
    rms = [p.optimizer.get_slot(var, "rms") for var in p.weights]
    recorded = {
        "weights": "np.random.RandomState(seed).standard_normal(shape) * sqrt(2/fan_in) as float32,"
        " drawn in the order w, w2, w3, w4, w_o; fan_in = product of all axes but the last",
        "batches": "training images 5000..59999 in file order, batches of 128, "
        "keep probabilities 0.8 / 0.5",
        "dropout_op_seeds": op_seeds(p, "RandomUniform"),
        "sha256": {"train_images": sha256(trX), "test_images": sha256(teX)},
        "costs": [],
        "after": {},
    }
    for name, value in zip(NAMES, start):
        recorded["sha256"]["w0_" + name] = sha256(value)

    with tf.Session(graph=p.graph) as sess:
        sess.run(initialize(p))
        sess.run(assign, values)
        for i in range(100):
            batch = slice(i * batch_size, (i + 1) * batch_size)
            cost, gradients, _ = sess.run(
                [p.cost, p.gradients, p.train_op], feed(p, trX[batch], trY[batch], 0.8, 0.5)
            )
            recorded["costs"].append(float(cost))
            if i == 0:
                recorded["gradients_step_1"] = dict(zip(NAMES, map(summary, gradients)))
            if i + 1 in (1, 10, 100):
                recorded["after"][str(i + 1)] = {
                    "weights": dict(zip(NAMES, map(summary, sess.run(p.weights)))),
                    "rms": dict(zip(NAMES, map(summary, sess.run(rms)))),
                }
        recorded["correct_of_10000_after_100_steps"] = right(p, sess, teX, teY)

        sess.run(assign, values)
        shown = feed(p, teX[:16], teY[:16], 1.0, 1.0)
        recorded["logits_first_16_test_images"] = sess.run(p.py_x, shown).tolist()
        recorded["activations_first_16_test_images"] = dict(
            (name, dict(summary(value), shape=list(value.shape)))
            for name, value in sess.run(activations(p), shown).items()
        )
    return recorded


# --- How far apart two recordings may be ---

# Genuine 0.12.1 does not repeat itself to the last bit: its threads add in the order in which
# they finish. Each line: the bound, and in its comment the largest difference measured between
# two of its own runs, then between it and TensorFlow 2.21 (with oneDNN's kernels and without,
# for AVX-512, AVX2 and SSE4.1). What no line names must be equal.
BOUNDS = [
    # draws_tf012.json. Units in the last place: 0; 3 (more than one in 2.5 % of the weights, none
    # in 89.6 %; in all at most 7.5e-9). Logarithm, sine and cosine round otherwise.
    ("weights/*/values", lambda recorded: 4 * np.spacing(np.abs(recorded).astype(np.float32))),
    ("weights/*/l2", 1e-7),  # 0; 1.7e-9
    ("weights/*/sum", 2e-6),  # 0; 1.0e-7
    # steps_tf012.json. Costs of step 1, 2 to 7, 8 to 10, to 20, to 50, to 100. At step 8 AVX2 and
    # AVX-512 kernels see a near tie resolved otherwise; from step 20 on any rounding grows.
    ("costs", np.repeat([5e-7, 2e-6, 1e-5, 1e-3, 0.02, 0.5], [1, 6, 3, 10, 30, 50])),
    # 0, 4.8e-7, 0, 1.2e-6, 1.5e-3, 0.18; 4.8e-7 (AVX2, else 0), 4.8e-7, 4.1e-6, 8.2e-5, 2.6e-3,
    # 0.11
    ("correct_of_10000_after_100_steps", 500),  # 142; 28
    ("gradients_step_1/*/values", 5e-7),  # 4.5e-8; 2.1e-7
    ("gradients_step_1/*/l2", 1e-6),  # 2.6e-8; 4.3e-7
    ("gradients_step_1/*/sum", 1e-4),  # 1.5e-7; 2.0e-5
    ("after/1/weights/*/values", 6e-8),  # 0; 2.3e-10
    ("after/1/weights/*/l2", 1e-8),  # 9.1e-14; 5.4e-10
    ("after/1/weights/*/sum", 1e-6),  # 2.3e-10; 1.3e-7
    ("after/1/rms/*/values", 2e-7),  # 6.0e-8; 0
    ("after/1/rms/*/l2", 5e-8),  # 7.0e-9; 3.5e-9
    ("after/1/rms/*/sum", 1e-5),  # 1.2e-7; 2.0e-6
    ("after/10/weights/*/values", 1e-5),  # 5.8e-11; 1.0e-6
    ("after/10/weights/*/l2", 5e-7),  # 6.1e-9; 4.5e-8
    ("after/10/weights/*/sum", 1e-3),  # 1.9e-7; 2.3e-4
    ("after/10/rms/*/values", 1e-4),  # 3.0e-8; 1.7e-5
    ("after/10/rms/*/l2", 2e-5),  # 9.3e-9; 3.7e-6
    ("after/10/rms/*/sum", 2e-3),  # 1.5e-6; 4.2e-4
    ("after/100/weights/*/values", 0.02),  # 4.2e-3; 3.8e-3
    ("after/100/weights/*/l2", 0.01),  # 5.2e-4; 1.2e-3
    ("after/100/weights/*/sum", 40),  # 3.8; 8.1 (of w4's 1,280,000)
    ("after/100/rms/*/values", 0.02),  # 1.8e-3; 5.3e-3
    ("after/100/rms/*/l2", 0.03),  # 4.3e-3; 6.9e-3
    ("after/100/rms/*/sum", 3),  # 0.12; 0.62
    ("logits_first_16_test_images", 1e-5),  # 0; 1.9e-6
    ("activations_first_16_test_images/*/values", 1e-5),  # 0; 1.4e-6
    ("activations_first_16_test_images/*/l2", 1e-5),  # 0; 1.0e-6
    ("activations_first_16_test_images/*/sum", 1e-3),  # 0; 1.8e-4
]


def entries(record, path=""):
    """Yield (path, entry) of the strings, numbers and lists in a recording."""
    for key in sorted(record):
        if isinstance(record[key], dict):
            for entry in entries(record[key], path + key + "/"):
                yield entry
        else:
            yield path + key, record[key]


def beyond_bounds(recorded, other, only="*"):
    """Compare two recordings: lines that name what differs by more than BOUNDS allow.

    ``only`` picks paths. What ``other`` lacks differs. The versions do not count.
    """
    found = dict(entries(other))
    for path, value in entries(recorded):
        if path in ("tensorflow", "numpy", "python") or not fnmatch.fnmatch(path, only):
            continue
        bounds = [bound for pattern, bound in BOUNDS if fnmatch.fnmatch(path, pattern)]
        if path not in found:
            yield path + " is missing"
        elif not bounds:
            if found[path] != value:
                yield "%s is %.80r, where %.80r is recorded" % (path, found[path], value)
        else:
            value, bound = np.asarray(value), bounds[0]
            limit = bound(value) if callable(bound) else bound
            difference = np.abs(np.asarray(found[path]) - value)
            if not np.all(difference <= limit):  # nor is NaN within bounds
                worst = np.argmax(np.ravel(difference / limit))
                yield "%s differs by %.2g, more than %.2g" % (
                    path,
                    np.ravel(difference)[worst],
                    np.broadcast_to(limit, difference.shape).ravel()[worst],
                )


def printed_accuracies(text):
    """The (name, accuracy) pairs of a text file, for instance ("full 0", 0.9536)."""
    for line in text.splitlines():
        if line.startswith("("):
            what, accuracy = line.strip("()").rsplit(", ", 1)
            yield what.replace("'", "").replace(",", ""), float(accuracy)


def accuracy_bound(what, accuracy):
    """How far another training's accuracy may be from a printed one.

    On 256 images: three standard errors of the difference. On all 10,000: rounding alone gave
    95.36 and 95.79 % after the first epoch in two runs of 0.12.1, 95.85 and 96.06 % in TensorFlow
    2.21 with kernels for AVX-512 and for AVX2.
    """
    if what.startswith("full"):
        return 0.015
    return 3 * np.sqrt(2 * accuracy * (1 - accuracy) / test_size)


def unlike(recorded, other):
    """Compare two text files: lines that name accuracies further apart than ``accuracy_bound``."""
    found = dict(printed_accuracies(other))
    for what, accuracy in printed_accuracies(recorded):
        if what not in found or abs(found[what] - accuracy) > accuracy_bound(what, accuracy):
            yield "%s is %r, where %r is recorded" % (what, found.get(what), accuracy)


# --- The files ---


def text(record):
    return json.dumps(record, indent=1, sort_keys=True)


def record_files(read, quick):
    """Yield (file name, text). ``read`` reads the data: ``data`` leaves it shuffled."""
    yield "data_tf012.json", text(dict(versions(), **data(read())))
    mnist = read()
    yield "draws_tf012.json", text(dict(versions(), **draws()))
    yield "steps_tf012.json", text(dict(versions(), **steps(mnist)))
    if not quick:
        header = [
            "# TensorFlow 0.12.1, Python 2.7: the 2016 program, seed 2016, 12 epochs, with one"
            " addition: after each epoch it also",
            "# tests all 10,000 images ('full'). That draws from the dropout streams, so later"
            " epochs differ from run_tf012_seed2016.txt.",
        ]
        yield "run_tf012_seed2016.txt", "\n".join(run(mnist, 12, test_all=False)) + "\n"
        printed = list(run(mnist, 12, test_all=True))
        yield "accuracy_tf012_seed2016.txt", "\n".join(header + printed) + "\n"


def main():
    parser = argparse.ArgumentParser(
        description="Record the golden files anew from genuine TensorFlow 0.12.1."
    )
    parser.add_argument("data", help="folder with the four MNIST files")
    parser.add_argument("--quick", action="store_true", help="leave out the two of 12 epochs")
    parser.add_argument("--check", action="store_true", help="write nothing, compare instead")
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--out", default=here, help="folder of the files (default: this one)")
    arguments = parser.parse_args()
    if tf.__version__ != "0.12.1":
        parser.error("this is TensorFlow %s; run it with 0.12.1" % tf.__version__)
    from tensorflow.examples.tutorials.mnist import input_data

    def read():
        return input_data.read_data_sets(arguments.data, one_hot=True)

    failed = False
    for name, content in record_files(read, arguments.quick):
        path = os.path.join(arguments.out, name)
        if not arguments.check:
            with io.open(path + ".new", "w", encoding="utf-8") as file:
                file.write(content.decode("ascii"))
            os.rename(path + ".new", path)
            print("%s: recorded" % path)
            continue
        with io.open(path, encoding="utf-8") as file:
            recorded = file.read()
        if name.endswith(".json"):
            found = list(beyond_bounds(json.loads(recorded), json.loads(content)))
        else:
            found = list(unlike(recorded, content))
        failed = failed or bool(found)
        print("%s: %s" % (path, "DIFFERS" if found else "the same within bounds"))
        for line in found:
            print("  " + line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
