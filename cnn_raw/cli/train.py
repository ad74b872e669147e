"""``cnn-raw train``: train the network, test it after every epoch, and keep the run."""

import argparse
import contextlib
import functools
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_raw import InputError, __version__
from cnn_raw.cli import workers
from cnn_raw.cli.parser import DATA_HELP, add_threads, import_tensorflow
from cnn_raw.settings import Settings

if TYPE_CHECKING:
    from cnn_raw.input_data import Datasets
    from cnn_raw.runs.run import Run
    from cnn_raw.train import State
    from cnn_raw.workers.cluster import Cluster
    from cnn_raw.workers.ring import Ring

DRY_RUN_STEPS = 20
DRY_RUN_TESTS = 1000
HELP = "train the network and test it after every epoch"
DESCRIPTION = (
    "Train the 2016 network on MNIST. After every epoch: the mean cost, the "
    "accuracy on the first 10,000 training images, on all test images and on 256 test "
    "images drawn at random (the tutorial's figure), and the seconds it took."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        help=f"passes over the images, in total (default: {Settings.epochs})",
    )
    command.add_argument(
        "--batch-size",
        type=int,
        metavar="N",
        help=f"images a step (default: {Settings.batch_size})",
    )
    command.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="of the weights, the dropout masks and the 256 images; the same seed gives the "
        f"same numbers (default: {Settings.seed})",
    )
    command.add_argument(
        "--data", metavar="DIR", help=f"{DATA_HELP}; MNIST is copied into an empty or missing one"
    )
    command.add_argument(
        "--out",
        metavar="DIR",
        help="keep the run in this folder, new or empty: after every epoch a checkpoint and the "
        "figures (default: runs/<date-time>); nothing ever overwrites a run: to start it anew, "
        "remove its folder first",
    )
    command.add_argument(
        "--resume",
        metavar="DIR",
        help="resume the run in this folder with its settings and data; in the same "
        "environment the weights are bit-identical to an uninterrupted run's; --resume DIR/ckpt-3 "
        "--out NEW continues from an earlier epoch (the last three are there) as a new run, and "
        "leaves this one as it is",
    )
    add_threads(command)
    command.add_argument(
        "--dry-run",
        action="store_true",
        help=f"only see that it works: one epoch of {DRY_RUN_STEPS} steps, "
        f"{DRY_RUN_TESTS:,} test images; nothing is kept",
    )
    workers.add_options(command)


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    cluster = workers.cluster_of(arguments)
    if arguments.connected or (cluster and cluster.worker):
        _follow(arguments, cluster)
        return 0
    with _open_run(arguments) as run:
        if len(run.history) >= run.settings.epochs:
            print(f"{run.folder}: {len(run.history)} epochs are done; --epochs sets a larger total")
        else:
            with workers.together(arguments, run, cluster) as ring:
                _train(arguments, run, ring)
    return 0


def _train(arguments: argparse.Namespace, run: "Run", ring: "Ring | None") -> None:
    """Train the run, save each epoch and print its figures."""
    import_tensorflow(arguments)
    from cnn_raw.environment import environment
    from cnn_raw.look import summary
    from cnn_raw.runs import environments
    from cnn_raw.runs.checkpoint import Checkpoints
    from cnn_raw.screen import TrainingScreen, epoch_header, epoch_line
    from cnn_raw.train import train
    from cnn_raw.twin.certificate import continuation

    settings, kept = run.settings, not arguments.dry_run
    mnist = run.mnist if kept else _first(run.mnist, settings)
    events = summary.write(run.folder if kept else None, mnist)
    checkpoints = Checkpoints(run, events)
    started, done, now = time.monotonic(), len(run.history), environment()
    build = None
    if ring:
        now = replace(now, workers=ring.workers)
        build = _shared_steps(ring, checkpoints.state)
    trained = environments.read_environments(run.source, done)
    if kept:
        environments.record(run.folder, trained, done + 1, now)
    images, steps = mnist.train.num_examples, mnist.train.num_examples // settings.batch_size
    epoch = None
    with TrainingScreen(settings.epochs, steps, done) as screen:
        screen.print(
            f"cnn_raw {__version__}, {now}, seed {settings.seed}: "
            f"{images:,} training images in {steps} batches of {settings.batch_size}"
        )
        if ring:
            screen.print(workers.shares(ring.workers, settings.batch_size))
        if kept:
            screen.print(f"kept in {run.folder}" + (f", from epoch {done + 1}" if done else ""))
            screen.print(events.where)
            if checkpoints.notice:
                screen.print(checkpoints.notice)
        if done:
            screen.print(continuation([made for _, made in trained], now))
        screen.print(epoch_header(images, mnist.test.num_examples))
        try:
            for epoch in train(mnist, settings, checkpoints.state, screen.progress, build):
                checkpoints.keep(epoch)
                screen.print(epoch_line(epoch))
                if checkpoints.notice:
                    screen.print(checkpoints.notice)
        except (KeyboardInterrupt, ConnectionError):  # Ctrl-C, or a worker is lost
            screen.print(f"stopped in epoch {screen.epoch}, after {screen.step} of {steps} steps")
            if kept:
                screen.print(f"cnn-raw train --resume {run.folder} continues")
            raise
        finally:
            if epoch:
                screen.print(
                    f"{epoch.test_accuracy:.2%} of the {mnist.test.num_examples:,} test images "
                    f"are right after {epoch.epoch} of {settings.epochs} epochs, "
                    f"{time.monotonic() - started:.0f} s"
                )


def _follow(arguments: argparse.Namespace, cluster: "Cluster | None") -> None:
    """Train as one of the workers that keep nothing."""
    from cnn_raw import input_data
    from cnn_raw.runs.run import fingerprint

    mnist = input_data.read_data_sets(arguments.data, one_hot=True, fill=False)
    with workers.joined(arguments, cluster, fingerprint(mnist)) as (ring, given):
        dry_run, settings = given.pop("dry_run"), Settings(**given)
        from cnn_raw.train import initial_state, train

        if dry_run:
            mnist = _first(mnist, settings)
        state = initial_state(settings)
        build = _shared_steps(ring, state)
        print(f"worker {ring.worker} of {ring.workers} trains; worker 0 keeps the run", flush=True)
        for epoch in train(mnist, settings, state, build=build):
            print(f"epoch {epoch.epoch}/{settings.epochs}: {epoch.seconds:.1f} s", flush=True)


def _shared_steps(ring: "Ring", state: "State") -> Callable:
    """Give every worker the state of worker 0; return what builds the steps that they share."""
    from cnn_raw.workers.step import build_train_op, share

    share(ring, state)
    return functools.partial(build_train_op, ring)


def _first(mnist: "Datasets", settings: Settings) -> "Datasets":
    """Return the images of a dry run."""
    return mnist.first(DRY_RUN_STEPS * settings.batch_size, DRY_RUN_TESTS)


@contextlib.contextmanager
def _open_run(arguments: argparse.Namespace) -> Iterator["Run"]:
    """Open the run that ``train``'s arguments ask for: resumed, new, or a dry one."""
    from cnn_raw.runs.run import resume, start

    if arguments.dry_run and (arguments.out or arguments.resume):
        raise InputError("--dry-run keeps nothing: leave out --out and --resume")
    given = {name: getattr(arguments, name) for name in ("epochs", "batch_size", "seed")}
    given = {name: value for name, value in given.items() if value is not None}
    with contextlib.ExitStack() as stack:
        if arguments.resume:
            opened = resume(arguments.resume, arguments.data, arguments.out, **given)
        elif arguments.dry_run:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cnn-raw-"))
            opened = start(folder, Settings(**{**given, "epochs": 1}), arguments.data)
        else:
            settings = Settings(**given)
            opened = start(arguments.out, settings, arguments.data)
        fills = arguments.data and not (
            Path(arguments.data).is_dir() and any(Path(arguments.data).iterdir())
        )
        run = stack.enter_context(opened)
        if fills:
            print(f"{arguments.data}: MNIST was copied into it", flush=True)
        yield run
