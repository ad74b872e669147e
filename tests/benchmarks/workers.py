"""Does it pay? Milliseconds per step with 1, 2 and 4 workers, and a model of more machines.

    python tests/benchmarks/workers.py [--steps 40] [--threads 4]
    python tests/benchmarks/workers.py --tensorflow  # beside TensorFlow's own ring

All workers run on this machine, with ``--threads`` in all, so that a step's arithmetic takes as
long with many as with one: what is longer is what working together costs. Of each number of
workers: the time of a step, the part of it spent in the ring (waiting included), and the bytes that
a worker sends.

Then the time of a step on N machines, each as fast as this one,

    t(N) = F + C / N + 2 (N - 1) / N G / b + 2 (N - 1) l

G: the bytes of the gradients. F, C: fitted to the fastest step alone on 128 / N images; F is what
each worker does whole, the masks and the update. b: the network's bytes per second. l: the time of
a message besides, that of short sums on this machine; a network adds its own. Strong scaling shares
128 images, as --batch-size does; weak scaling has 128 for each worker, as --batch-per-worker.

``--tensorflow`` makes the same steps with the sums of ``tf.distribute.MultiWorkerMirroredStrategy``
(whose server listens on every address while it runs), and compares the weights' bits.
"""

import argparse
import contextlib
import functools
import hashlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

from cnn_raw.workers import local, rendezvous
from cnn_raw.workers.ring import Connections, Ring

BATCH_SIZE = 128
WORKERS = (1, 2, 4)
MACHINES = (1, 2, 4, 8, 16, 32, 64)
GIGABITS = (1, 10, 100)
WARM_UP = 5


class Timed:
    """A ring whose sums are timed."""

    def __init__(self, ring):
        self._ring, self.worker, self.workers = ring, ring.worker, ring.workers
        self.check_equal = getattr(ring, "check_equal", lambda values: None)
        self.seconds, self.bytes = [], 0

    def sum(self, vector):
        self.bytes = vector.nbytes
        start = time.perf_counter()
        total = self._ring.sum(vector)
        self.seconds.append(time.perf_counter() - start)
        return total


class TensorFlowRing:
    """The sums of TensorFlow's own engine, which TF_CONFIG describes."""

    def __init__(self):
        import tensorflow as tf

        config = json.loads(os.environ["TF_CONFIG"])
        self.worker, self.workers = config["task"]["index"], len(config["cluster"]["worker"])
        options = tf.distribute.experimental.CommunicationOptions(
            implementation=tf.distribute.experimental.CommunicationImplementation.RING
        )
        strategy = tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)

        def all_reduce(vector):
            vector = tf.identity(vector)  # it has a device then
            return tf.distribute.get_replica_context().all_reduce("SUM", vector)

        self._sum = tf.function(lambda vector: strategy.run(all_reduce, (vector,)))

    def sum(self, vector):
        return self._sum(vector).numpy()


def steps(ring, count, batch_size=BATCH_SIZE):
    """Return the figures of ``count`` steps, and a digest of the weights after them."""
    import tensorflow as tf

    from cnn_raw import input_data
    from cnn_raw.settings import Settings
    from cnn_raw.train import initial_state
    from cnn_raw.workers.step import build_train_op

    images = input_data.read_data_sets(one_hot=True).train
    X, Y = images.images[:batch_size].reshape(-1, 28, 28, 1), images.labels[:batch_size]
    state, timed = initial_state(Settings()), Timed(ring)
    train_op = build_train_op(timed, state.weights, state.optimizer)
    keep, took = (tf.constant(0.8), tf.constant(0.5)), []
    for _ in range(WARM_UP + count):
        start = time.perf_counter()
        train_op(X, Y, *keep)
        took.append(time.perf_counter() - start)
    bits = hashlib.sha256(b"".join(var.numpy().tobytes() for var in state.weights)).hexdigest()
    return {
        "step": 1000 * statistics.median(took[WARM_UP:]),
        "fastest": 1000 * min(took[WARM_UP:]),
        "ring": 1000 * statistics.median(timed.seconds[WARM_UP:]),
        "bytes": timed.bytes,
        "bits": bits,
    }


def short_sum(ring, times=50):
    """Return the milliseconds of a sum that has next to nothing to carry."""
    vector, took = np.ones(100, np.float32), []
    for _ in range(times):
        start = time.perf_counter()
        ring.sum(vector)
        took.append(time.perf_counter() - start)
    return 1000 * statistics.median(took)


def work(arguments):
    """Be one of the workers; worker 0 starts the others, and prints what it measured."""
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    with contextlib.ExitStack() as stack:
        if "TF_CONFIG" in os.environ:
            ring = TensorFlowRing()
        else:
            if arguments.connected:
                connections = local.inherited(arguments.connected)
            else:
                command = [sys.executable, *sys.argv]
                connections = stack.enter_context(
                    local.started(arguments.as_worker, command, False)
                )
            rendezvous.agree(connections, {}, {}, 120)  # all have imported TensorFlow
            ring = stack.enter_context(Ring(connections))
        figures = steps(ring, arguments.steps)
        if "TF_CONFIG" not in os.environ:
            figures["short_sum"] = short_sum(ring)
        if arguments.as_worker == 1:
            alone = Ring(Connections(0, ["worker 0"]))
            sizes = [BATCH_SIZE // n for n in WORKERS]
            figures["shares"] = [steps(alone, arguments.steps, size)["fastest"] for size in sizes]
    if ring.worker == 0:
        print(json.dumps(figures))
    sys.stdout.flush()
    os._exit(0)  # TensorFlow's server would wait for the others


def measured(workers, threads, count, **variables):
    """Return the figures of worker 0 of a training on so many workers."""
    each = str(max(1, threads // workers))
    command = [sys.executable, __file__, "--as-worker", str(workers), "--steps", str(count)]
    environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": each, **variables}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def answer(process):
    output, _ = process.communicate()
    assert process.returncode == 0
    return json.loads(output) if output else None


def beside_tensorflow(arguments):
    """Print a step with the sums of TensorFlow's engine beside one with ours; compare the bits."""
    for workers in WORKERS[1:]:
        ours = answer(measured(workers, arguments.threads, arguments.steps))
        servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(workers)]
        listed = ["{}:{}".format(*server.getsockname()) for server in servers]
        for server in servers:
            server.close()
        processes = []
        for k in range(workers):
            config = {"cluster": {"worker": listed}, "task": {"type": "worker", "index": k}}
            start = functools.partial(measured, workers, arguments.threads, arguments.steps)
            processes.append(start(TF_CONFIG=json.dumps(config)))
        theirs, *_ = [answer(process) for process in processes]
        print(
            f"{workers} workers: {ours['step']:.1f} ms a step, {ours['ring']:.1f} in the ring; "
            f"TensorFlow's ring {theirs['step']:.1f}, {theirs['ring']:.1f}; after "
            f"{WARM_UP + arguments.steps} steps the weights are "
            f"{'the same to the last bit' if ours['bits'] == theirs['bits'] else 'not the same'}"
        )


def print_model(found):
    """Fit the model to what was measured, and print it for more machines."""
    shares = dict(zip(WORKERS, found[1]["shares"], strict=True))
    per_image, fixed = np.polyfit([BATCH_SIZE / n for n in WORKERS], list(shares.values()), 1)
    latency = statistics.mean(found[n]["short_sum"] / (2 * (n - 1)) for n in WORKERS if n > 1)
    size, arithmetic = found[1]["bytes"], BATCH_SIZE * per_image
    print(
        f"\nF = {fixed:.1f} ms, C = {arithmetic:.1f} ms (measured alone: "
        + ", ".join(f"{BATCH_SIZE // n} images {ms:.1f} ms" for n, ms in shares.items())
        + f"); G = {size / 1e6:.2f} MB; l = {latency:.2f} ms"
    )
    print("ms a step, and images a second as a multiple of one machine's:\n        ", end="")
    print("".join(f"{f'strong, {b} Gbit/s':>20}{f'weak, {b} Gbit/s':>20}" for b in GIGABITS))
    alone, strong = fixed + arithmetic, {}
    for n in MACHINES:
        print(f"{n:3}     ", end="")
        for b in GIGABITS:
            ring = 2 * (n - 1) / n * size * 8 / (b * 1e6) + 2 * (n - 1) * latency
            strong[b, n], weak = fixed + arithmetic / n + ring, alone + ring
            print(f"{strong[b, n]:13.1f}{f'x{alone / strong[b, n]:.2f}':>7}", end="")
            print(f"{weak:13.1f}{f'x{n * alone / weak:.2f}':>7}", end="")
        print()
    for b in GIGABITS:
        n = min(MACHINES, key=lambda n: strong[b, n])
        print(
            f"{b} Gbit/s: {BATCH_SIZE} images in all are fastest on {n} machine{'s' * (n > 1)}, "
            f"x{alone / strong[b, n]:.2f}"
        )
    print(
        "Beyond that 128 images do not pay: each worker's share of the arithmetic shrinks, but the "
        "masks,\nthe update and the gradients that the network carries do not."
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=40, help="steps that count (default: 40)")
    parser.add_argument("--threads", type=int, default=4, help="of all workers (default: 4)")
    parser.add_argument("--tensorflow", action="store_true", help="beside TensorFlow's own ring")
    parser.add_argument("--as-worker", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--connected", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.as_worker:
        work(arguments)
    if arguments.tensorflow:
        beside_tensorflow(arguments)
        return
    found = {n: answer(measured(n, arguments.threads, arguments.steps)) for n in WORKERS}
    print(f"{arguments.threads} threads in all, {os.cpu_count()} cores, {BATCH_SIZE} images a step")
    print("workers   ms a step   in the ring   share   MB that each sends")
    for n, figures in found.items():
        sent = 2 * (n - 1) / n * figures["bytes"] / 1e6
        step, ring = figures["step"], figures["ring"]
        print(f"{n:7}{step:12.1f}{ring:14.1f}{ring / step:8.0%}{sent:21.2f}")
    print_model(found)


if __name__ == "__main__":
    main()
