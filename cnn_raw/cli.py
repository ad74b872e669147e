"""The command line: one small function per command. TensorFlow is imported when one runs."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Sequence

from cnn_raw import InputError, __version__
from cnn_raw.settings import Settings

DRY_RUN_STEPS = 20
DRY_RUN_TESTS = 1000
TEST_SIZE = 256  # cnn.test_size
DATA_HELP = (
    "folder with the four MNIST files or another set in their format; MNIST is put there if it "
    "has none of them (default: the package's own MNIST)"
)
RUN_HELP = (
    "folder of a run, one of its checkpoints (RUN/ckpt-3), a checkpoint that tf.train.Saver wrote "
    "(also TensorFlow 0.12's), or an .npz file with w, w2, w3, w4, w_o"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    0: done. 1: a check failed, or a fault of the program's own. 2: arguments or input that cannot
    be used. 130: stopped by Ctrl-C.
    """
    arguments = _parser().parse_args(argv)
    try:
        return arguments.command(arguments)
    except KeyboardInterrupt:
        return 130
    except (InputError, OSError) as error:
        if arguments.debug:
            raise
        print(f"cnn-raw: {error}", file=sys.stderr)
        return 2
    except Exception as error:
        if arguments.debug:
            raise
        name = type(error).__name__
        print(f"cnn-raw: {name}: {error}; --debug shows where", file=sys.stderr)
        return 1


def train(arguments: argparse.Namespace) -> int:
    """``cnn-raw train``: train the network, test it after every epoch, and keep the run."""
    from cnn_raw.screen import EPOCH_HEADER, TrainingScreen, epoch_line

    with _open_run(arguments) as run:
        mnist, settings, done = run.mnist, run.settings, len(run.history)
        if done >= settings.epochs:
            print(f"{run.folder}: {done} epochs are done; --epochs gives the total for more")
            return 0

        tf = _import_tensorflow(arguments)
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


def test(arguments: argparse.Namespace) -> int:
    """``cnn-raw test``: how good a trained network is, and where it errs."""
    from cnn_raw import input_data
    from cnn_raw.screen import track

    seed = Settings(seed=arguments.seed).seed
    data = getattr(input_data.read_data_sets(arguments.data, one_hot=True), arguments.split)
    _import_tensorflow(arguments)
    from cnn_raw.look import analysis
    from cnn_raw.runs.checkpoint import load_weights

    size = min(TEST_SIZE, data.num_examples) if arguments.size is None else arguments.size
    analysis.check_samples(size, arguments.samples, data.num_examples)
    if arguments.plot:
        analysis.check_plot(arguments.plot)
    weights = load_weights(arguments.run)
    result = analysis.analyse(weights, data.images, data.labels, arguments.batch_size, track)
    sampled = result.samples(size, arguments.samples, seed)
    if arguments.plot:
        analysis.plot(result, data.images, arguments.plot)
    say = analysis.as_json if arguments.json else analysis.text
    print(say(result, sampled, size))
    return 0


def predict(arguments: argparse.Namespace) -> int:
    """``cnn-raw predict``: say which digit is on each picture."""
    _import_tensorflow(arguments)
    from cnn_raw.draw.predict import predict_files, show
    from cnn_raw.runs.checkpoint import load_weights

    predictions = predict_files(load_weights(arguments.run), arguments.images, arguments.raw)
    return show(predictions, arguments.json)


def plot(arguments: argparse.Namespace) -> int:
    """``cnn-raw plot``: draw a run's accuracy, cost and filters into a PNG file."""
    _import_tensorflow(arguments)
    from cnn_raw.look.plot import plot

    plot(arguments.run, arguments.out)
    return 0


def export(arguments: argparse.Namespace) -> int:
    """``cnn-raw export``: write a run's weights for other programs."""
    _import_tensorflow(arguments)
    from cnn_raw.runs.export import export

    export(arguments.run, arguments.to, arguments.out)
    print(f"{arguments.out}: written")
    return 0


def compare(arguments: argparse.Namespace) -> int:
    """``cnn-raw compare``: the Session of 2016 and the GradientTape, step by step."""
    from cnn_raw import input_data
    from cnn_raw.screen import TrainingScreen

    settings = Settings(seed=arguments.seed)
    mnist = input_data.read_data_sets(arguments.data, one_hot=True)
    if arguments.python:
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # 0.12.1 has no oneDNN
    tf = _import_tensorflow(arguments)
    from cnn_raw.twin.compare import run

    if not arguments.debug:
        tf.get_logger().setLevel("ERROR")  # it would say that the Session's API is deprecated
    with TrainingScreen(1, arguments.steps) as screen:
        try:
            agree = run(
                mnist.train,
                screen,
                steps=arguments.steps,
                seed=settings.seed,
                start=arguments.start,
                python=arguments.python,
                plot=arguments.plot,
                as_json=arguments.json,
            )
        except KeyboardInterrupt:
            screen.print(f"stopped after {screen.step} of {screen.steps} steps")
            raise
    return 0 if agree else 1


def diff(arguments: argparse.Namespace) -> int:
    """``cnn-raw diff``: the 2016 program and TensorFlow 2's side by side, each change explained."""
    from rich.console import Console

    from cnn_raw.twin.diff import diff
    from cnn_raw.twin.diff_page import write_page
    from cnn_raw.twin.diff_screen import show

    both = diff(arguments.file)
    if arguments.html:
        write_page(both, arguments.html)
        print(f"{arguments.html}: open it in a browser")
    else:
        show(both, Console())
    return 0


def draw(arguments: argparse.Namespace) -> int:
    """``cnn-raw draw``: serve the page on which a digit is drawn and looked into."""
    from cnn_raw.draw import open_page

    if arguments.train:
        train(_parser().parse_args(["train", "--epochs", "1"]))
    _import_tensorflow(arguments)
    open_page(arguments.runs, arguments.port, browser=not arguments.no_open)
    return 0


def _import_tensorflow(arguments: argparse.Namespace):
    """Import TensorFlow without its chatter, and have its operations give the same every time."""
    from cnn_raw.screen import quiet_start

    if arguments.debug:
        import tensorflow as tf
    else:
        with quiet_start():
            import tensorflow as tf
    tf.config.experimental.enable_op_determinism()
    return tf


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    def _get_help_string(self, action: argparse.Action) -> str:
        if action.default in (None, False):  # says nothing: the help itself says what happens
            return action.help
        return super()._get_help_string(action)


class _Parser(argparse.ArgumentParser):
    """A parser that shows every default and says what is wrong in one line."""

    def __init__(self, **options):
        super().__init__(formatter_class=_Help, **options)

    def error(self, message: str) -> None:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="cnn-raw", description="The 2016 TensorFlow convnet on MNIST, in raw TensorFlow 2."
    )
    parser.add_argument("--version", action="version", version=f"cnn-raw {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = commands.add_parser(
        "train",
        help="train the network and test it after every epoch",
        description="Train the 2016 network on MNIST. After every epoch: the mean cost, the "
        "accuracy on the first 10,000 training images, on all test images and on 256 test "
        "images drawn at random (the tutorial's figure), and the seconds it took.",
    )
    command.set_defaults(command=train)
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

    command = commands.add_parser(
        "test",
        help="test a trained network, and see where it errs",
        description="Test a trained network on all images of a set, and see where it errs. Shows "
        "also how much the tutorial's figure wanders: the accuracy on 256 images drawn at random.",
    )
    command.set_defaults(command=test)
    command.add_argument("run", metavar="RUN", help=RUN_HELP)
    command.add_argument(
        "--split",
        choices=("train", "validation", "test"),
        default="test",
        help="which images: 55,000 for training, 5,000 for validation, 10,000 for tests",
    )
    command.add_argument("--data", metavar="DIR", help=DATA_HELP)
    command.add_argument(
        "--batch-size",
        type=int,
        default=500,
        metavar="N",
        help="images at a time; more need more memory, and give the same figures",
    )
    command.add_argument(
        "--size",
        type=int,
        metavar="N",
        help=f"images in a sample drawn at random (default: {TEST_SIZE}, the tutorial's)",
    )
    command.add_argument(
        "--samples", type=int, default=20, metavar="K", help="how often one is drawn"
    )
    command.add_argument(
        "--seed", type=int, default=Settings.seed, metavar="N", help="of the samples"
    )
    command.add_argument("--json", action="store_true", help="print all of it for programs")
    command.add_argument(
        "--plot",
        metavar="FILE.png",
        help="draw the confusion matrix and the worst mistakes; needs cnn-raw[plot]",
    )

    command = commands.add_parser(
        "predict",
        help="say which digit is on a picture",
        description="Prepare each picture as MNIST's were (dark on light or light on dark, any "
        "size) and print the probability of every digit. A picture that cannot be read does not "
        "keep the others from being answered; the exit status is 2 then.",
    )
    command.set_defaults(command=predict)
    command.add_argument("run", metavar="RUN", help=RUN_HELP)
    command.add_argument("images", metavar="IMAGE", nargs="+", help="PNG, JPEG, BMP or GIF file")
    command.add_argument(
        "--raw",
        action="store_true",
        help="the pictures are 28x28, light on black, as MNIST's: take them as they are",
    )
    command.add_argument("--json", action="store_true", help="print JSON")

    command = commands.add_parser(
        "plot",
        help="draw a run's accuracy, cost and filters",
        description="Draw accuracy and cost against the epoch, for training and test images, and "
        "the 32 filters of the first layer.",
    )
    command.set_defaults(command=plot)
    command.add_argument("run", metavar="RUN", help="run folder")
    command.add_argument("out", metavar="OUT.png", help="file to write; is replaced if it exists")

    command = commands.add_parser(
        "export",
        help="write a run's weights for other programs",
        description="Write a run's weights for other programs. Nothing that is there already is "
        "overwritten.",
    )
    command.set_defaults(command=export)
    command.add_argument("run", metavar="RUN", help=RUN_HELP)
    command.add_argument(
        "--to",
        required=True,
        choices=("saver", "savedmodel", "npz"),
        help="saver: a checkpoint that the 2016 program's tf.train.Saver restores; savedmodel: "
        "a folder that TensorFlow loads without this package; npz: arrays for NumPy",
    )
    command.add_argument("out", metavar="OUT", help="what to write")

    command = commands.add_parser(
        "compare",
        help="run the Session of 2016 beside the GradientTape: the difference in every step",
        description="Train with the program of 2016, on placeholders and a Session, and with the "
        "one on a GradientTape, from the same weights and seeds. For the steps 1, 2, 5, 10, 20, "
        "50, ...: both costs and what differs. Inside one TensorFlow every cost, weight and rms "
        "slot must be identical to the last bit. Exit status 1 if they do not agree.",
    )
    command.set_defaults(command=compare)
    command.add_argument(
        "--steps",
        type=int,
        default=429,
        metavar="N",
        help="training steps; 429 are an epoch, and after it the next begins",
    )
    command.add_argument(
        "--seed",
        type=int,
        default=Settings.seed,
        metavar="N",
        help="of the weights and the dropout masks",
    )
    command.add_argument(
        "--start",
        choices=["he", "2016"],
        default="he",
        help="weights to start from: of stddev sqrt(2 / inputs), or of 0.01 as in 2016; those lie "
        "on a plateau, cost 2.3026 for some 170 steps, where nearly any two programs agree",
    )
    command.add_argument(
        "--python",
        metavar="PYTHON",
        help="another Python, to run the Session in the TensorFlow that it has, 0.12 to 2; only "
        "rounding may differ: the first cost not, the first 10 costs by 2e-6, later ones grow "
        "apart and are shown; oneDNN is off unless TF_ENABLE_ONEDNN_OPTS is set",
    )
    command.add_argument(
        "--plot", metavar="FILE", help="write the differences in every step as a PNG"
    )
    command.add_argument("--json", action="store_true", help="print one JSON object instead")
    command.add_argument(
        "--data",
        metavar="DIR",
        help="folder with the four MNIST files, as for train (default: the package's own MNIST)",
    )

    command = commands.add_parser(
        "diff",
        help="the 2016 program and TensorFlow 2's side by side, each change explained",
        description="Show the 2016 program beside cnn.py and train.py, statement by statement. "
        "What changed is marked and numbered; the reasons follow, with what happens if you get "
        "it wrong. The programs are read as text: nothing is executed.",
    )
    command.set_defaults(command=diff)
    command.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="your own copy of the 2016 script, Python 2 or 3 (default: session.py of this "
        "package)",
    )
    command.add_argument("--html", metavar="OUT", help="write a page that needs no other file")
    command = commands.add_parser(
        "draw",
        help="draw a digit in the browser and look inside the network",
        description="Serve a page on 127.0.0.1, to this machine alone: draw a digit, see how it is "
        "prepared, what the network takes it for, and every number on the way there. Ctrl-C ends "
        "it. Needs the extra draw: pip install 'cnn-raw[draw]'.",
    )
    command.set_defaults(command=draw)
    command.add_argument(
        "runs",
        nargs="*",
        metavar="RUN",
        help=f"{RUN_HELP}; two or more can be compared (default: the last run in runs/)",
    )
    command.add_argument(
        "--port", type=int, default=0, metavar="N", help="port to listen on; 0 is any free one"
    )
    command.add_argument(
        "--no-open", action="store_true", help="print the address, open no browser"
    )
    command.add_argument(
        "--train", action="store_true", help="first train one epoch, and keep it in runs/"
    )
    for command in commands.choices.values():
        command.add_argument(
            "--debug", action="store_true", help="show tracebacks and what TensorFlow says"
        )
    return parser
