"""``cnn-raw train``: train the network, test it after every epoch, and keep the run."""

import argparse
import contextlib
import time

from cnn_raw import InputError, __version__
from cnn_raw.cli.parser import DATA_HELP, import_tensorflow
from cnn_raw.settings import Settings

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
    command.add_argument("--data", metavar="DIR", help=DATA_HELP)
    folder = command.add_mutually_exclusive_group()
    folder.add_argument(
        "--out",
        metavar="DIR",
        help="keep the run in this folder: after every epoch a checkpoint and the figures "
        "(default: runs/<date-time>)",
    )
    folder.add_argument(
        "--resume",
        metavar="DIR",
        help="go on with the run in this folder, or from one of its checkpoints (DIR/ckpt-3); its "
        "settings and data are used again, and the weights become those of a run that was never "
        "interrupted",
    )
    folder.add_argument(
        "--dry-run",
        action="store_true",
        help=f"only see that it works: one epoch of {DRY_RUN_STEPS} steps, "
        f"{DRY_RUN_TESTS:,} test images; nothing is kept",
    )
    command.add_argument(
        "--force",
        action="store_true",
        help="with --out: overwrite the run that the folder holds",
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from cnn_raw.screen import EPOCH_HEADER, TrainingScreen, epoch_line

    with _open_run(arguments) as run:
        mnist, settings, done = run.mnist, run.settings, len(run.history)
        if done >= settings.epochs:
            print(f"{run.folder}: {done} epochs are done; --epochs gives the total for more")
            return 0

        tf = import_tensorflow(arguments)
        from cnn_raw.look import summary
        from cnn_raw.runs.checkpoint import Checkpoints
        from cnn_raw.train import train

        checkpoints = Checkpoints(run)
        events = summary.write(run.folder, mnist)
        started = time.monotonic()
        images, steps = mnist.train.num_examples, mnist.train.num_examples // settings.batch_size
        epoch = None
        with TrainingScreen(settings.epochs, steps, done) as screen:
            screen.print(
                f"cnn_raw {__version__}, TensorFlow {tf.__version__}, seed {settings.seed}: "
                f"{images:,} training images in {steps} batches of {settings.batch_size}"
            )
            if run.folder:
                screen.print(f"kept in {run.folder}" + (f", from epoch {done + 1}" if done else ""))
                screen.print(events.where)
            screen.print(EPOCH_HEADER)
            try:
                for epoch in train(mnist, settings, checkpoints.state, screen.progress):
                    checkpoints.keep(epoch)
                    events.epoch(checkpoints.state, epoch)
                    screen.print(epoch_line(epoch))
            except KeyboardInterrupt:
                screen.print(
                    f"stopped in epoch {screen.epoch}, after {screen.step} of {steps} steps"
                )
                if run.folder:
                    screen.print(f"cnn-raw train --resume {run.folder} goes on")
                raise
            finally:
                if epoch:
                    screen.print(
                        f"{epoch.test_accuracy:.2%} of the {mnist.test.num_examples:,} test images "
                        f"are right after {epoch.epoch} of {settings.epochs} epochs, "
                        f"{time.monotonic() - started:.0f} s"
                    )
    return 0


def _open_run(arguments: argparse.Namespace):
    """Return the run that ``train``'s arguments ask for: resumed, new, or a dry one."""
    from cnn_raw import input_data
    from cnn_raw.runs import run

    if arguments.force and not arguments.out:
        raise InputError("--force: give the folder to overwrite with --out DIR")
    given = {name: getattr(arguments, name) for name in ("epochs", "batch_size", "seed")}
    given = {name: value for name, value in given.items() if value is not None}
    if arguments.resume:
        return run.resume(arguments.resume, arguments.data, **given)
    if not arguments.dry_run:
        return run.start(arguments.out, Settings(**given), arguments.data, arguments.force)
    settings = Settings(**{**given, "epochs": 1})
    mnist = input_data.read_data_sets(arguments.data, one_hot=True)
    mnist = mnist.first(DRY_RUN_STEPS * settings.batch_size, DRY_RUN_TESTS)
    return contextlib.nullcontext(run.Run(None, settings, mnist))
