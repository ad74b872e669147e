"""The options of ``cnn-raw train`` for several workers, and what a worker does with them."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from types import ModuleType
from typing import TYPE_CHECKING

from cnn_raw import InputError, __version__
from cnn_raw.cli.parser import import_tensorflow
from cnn_raw.environment import cores
from cnn_raw.settings import Settings

if TYPE_CHECKING:
    from cnn_raw.runs.run import Run
    from cnn_raw.workers.cluster import Cluster
    from cnn_raw.workers.ring import Connections, Ring

WAIT, IMPORT = 60.0, 120.0  # seconds
TENSORFLOWS = ("tensorflow", "tensorflow-cpu", "tf-nightly")
WARNING = (
    "warning: until all workers have met, {address} is open to whoever reaches it, and nothing "
    "that workers send is encrypted; use a private network, or an SSH tunnel"
)


def add_options(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group(
        "several workers",
        "Each batch is shared: every worker takes its rows of the images and of the one-machine "
        "dropout masks, so the training is the one-machine training but for the order in which "
        "gradients are added. Worker 0 keeps the run. While the workers meet, each listens on its "
        "own address, and nothing is encrypted: use a private network, or an SSH tunnel.",
    )
    group.add_argument(
        "--local-workers",
        type=_at_least_1,
        metavar="N",
        help="train with N processes on this machine; no port is opened; each takes one GPU where "
        "there are any, and else an equal share of the cores (default: this process alone)",
    )
    group.add_argument(
        "--workers",
        metavar="HOST:PORT,...",
        help="train with a worker on each of these addresses; start the command on every machine, "
        "with the same list (default: those of the variable TF_CONFIG, if it is set)",
    )
    group.add_argument(
        "--worker",
        type=int,
        metavar="N",
        help="which of them this is, from 0 (default: TF_CONFIG's)",
    )
    group.add_argument(
        "--batch-per-worker",
        type=_at_least_1,
        metavar="N",
        help="images a step for each worker, in the place of --batch-size, which is for all of "
        "them together: with a batch that grows it is another training (default: an equal share)",
    )
    group.add_argument(
        "--wait",
        type=float,
        default=WAIT,
        metavar="SECONDS",
        help="how long to wait for the other workers",
    )
    group.add_argument(
        "--secret",
        metavar="FILE",
        help="a file with the same words on every machine; a worker that does not know them "
        "is refused (default: whoever reaches the port can join)",
    )
    command.add_argument("--connected", help=argparse.SUPPRESS)  # to a process that started this


def _at_least_1(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: give a whole number of at least 1")
    return int(text)


def cluster_of(arguments: argparse.Namespace) -> "Cluster | None":
    """Return the cluster that the options describe, or else TF_CONFIG. Sets --batch-size."""
    from cnn_raw.workers.cluster import from_options, from_tf_config

    if arguments.local_workers and (arguments.workers or arguments.worker is not None):
        raise InputError("--local-workers needs no --workers and no --worker: leave them out")
    if arguments.worker is not None and not arguments.workers:
        raise InputError("--worker: give all addresses too: --workers host1:2222,host2:2222")
    if not 0 < arguments.wait < 1e6:
        raise InputError(f"--wait {arguments.wait:g}: give a number of seconds above 0")
    cluster = None
    if arguments.workers:
        cluster = from_options(arguments.workers, arguments.worker)
    elif not (arguments.local_workers or arguments.connected) and os.environ.get("TF_CONFIG"):
        cluster = from_tf_config(os.environ["TF_CONFIG"])
    if arguments.batch_per_worker:
        if arguments.batch_size:
            raise InputError("give --batch-size, of all workers, or --batch-per-worker")
        number = len(cluster.addresses) if cluster else arguments.local_workers or 1
        arguments.batch_size = arguments.batch_per_worker * number
    return cluster


@contextmanager
def together(
    arguments: argparse.Namespace, run: "Run", cluster: "Cluster | None"
) -> Iterator["Ring | None"]:
    """Start or meet the other workers, as worker 0; None if nothing was said of workers."""
    from cnn_raw.workers import local, rendezvous

    if not (cluster or arguments.local_workers):
        yield None
        return
    with contextlib.ExitStack() as stack:
        if cluster:
            connections = _meet(arguments, cluster)
            stack.callback(connections.close)
        else:
            number = arguments.local_workers
            if number > 1 and not (arguments.threads or os.environ.get("TF_NUM_INTRAOP_THREADS")):
                arguments.threads = max(1, cores() // number)
            data = arguments.data or run.kept["data"]
            command = [sys.executable, "-m", "cnn_raw", "train", "--wait", str(arguments.wait)]
            command += ["--threads", str(arguments.threads)] if arguments.threads else []
            command += ["--data", data] if data else []
            command += ["--debug"] if arguments.debug else []
            started = local.started(number, command, quiet=not arguments.debug)
            connections = stack.enter_context(started)
        number, batch_size = len(connections.names), run.settings.batch_size
        if batch_size % number:
            connections.problem = (
                f"has batches of {batch_size} images, which {number} workers cannot share equally; "
                f"give a --batch-size that is a multiple of {number}"
            )
        settings = {**asdict(run.settings), "dry_run": arguments.dry_run}
        rendezvous.agree(connections, _mine(run.kept["data_sha256"]), settings, arguments.wait)
        yield stack.enter_context(_ring(arguments, connections))


@contextmanager
def joined(
    arguments: argparse.Namespace, cluster: "Cluster | None", sha256: str
) -> Iterator[tuple["Ring", dict]]:
    """Join the others as another worker than worker 0, whose settings are given beside the ring.

    ``sha256`` is the fingerprint of this worker's data.
    """
    from cnn_raw.workers import local, rendezvous

    for name in ("out", "resume", "dry_run"):
        if getattr(arguments, name):
            raise InputError(f"--{name.replace('_', '-')} is for worker 0; leave it out here")
    given = {name: getattr(arguments, name) for name in ("epochs", "batch_size", "seed")}
    given = {name: value for name, value in given.items() if value is not None}
    met = _meet(arguments, cluster) if cluster else local.inherited(arguments.connected)
    with contextlib.closing(met) as connections:
        settings = rendezvous.agree(connections, _mine(sha256), given, arguments.wait)
        with _ring(arguments, connections) as ring:
            yield ring, settings


def _meet(arguments: argparse.Namespace, cluster: "Cluster") -> "Connections":
    """Say for whom this worker waits, warn, and connect it with all."""
    from cnn_raw.workers import rendezvous

    others = cluster.names[:1] if cluster.worker else cluster.names[1:]
    if others:
        address = "{}:{}".format(*cluster.addresses[cluster.worker])
        print(f"waiting up to {arguments.wait:g} s for {', '.join(others)}", flush=True)
        print(WARNING.format(address=address), flush=True)
    secret = rendezvous.read_secret(arguments.secret) if arguments.secret else b""
    return rendezvous.connect(cluster, arguments.wait, secret)


def shares(workers: int, batch_size: int) -> str:
    """Return what the screen says of the workers' shares of a batch."""
    said = f"each of {workers} workers takes {batch_size // workers} images of a batch"
    if batch_size == Settings.batch_size:
        return f"{said}: one machine's training, but for rounding"
    return (
        f"{said}: the training that one machine does with --batch-size {batch_size}, another one "
        f"than the tutorial's with {Settings.batch_size}"
    )


def _ring(arguments: argparse.Namespace, connections: "Connections") -> "Ring":
    """Import TensorFlow, and return the ring of workers when all have done so.

    Nobody is watched until then: where TensorFlow's files are far away it may take a minute.
    """
    from cnn_raw.workers import rendezvous
    from cnn_raw.workers.ring import Ring

    tf = import_tensorflow(arguments)
    local = bool(arguments.local_workers or arguments.connected)
    connections.problem = choose_gpu(tf, connections.worker, local)
    rendezvous.agree(connections, {}, {}, max(arguments.wait, IMPORT))
    return Ring(connections)


def choose_gpu(tf: ModuleType, worker: int, local: bool) -> str:
    """Give each worker of one machine, ``local``, a GPU of its own, where there are any.

    Returns what is wrong if another would have several. Has not been tried with a GPU.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and local:
        tf.config.set_visible_devices(gpus[worker % len(gpus)], "GPU")
    elif len(gpus) > 1:
        return f"sees {len(gpus)} GPUs and can use one; set CUDA_VISIBLE_DEVICES to it"
    return ""


def _mine(sha256: str) -> dict[str, str]:
    """What must be the same on every worker."""
    installed = {name: _version(name) for name in TENSORFLOWS}
    tensorflow = next((version for version in installed.values() if version), "unknown")
    return {"version of cnn_raw": __version__, "TensorFlow": tensorflow, "data set": sha256[:16]}


def _version(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
