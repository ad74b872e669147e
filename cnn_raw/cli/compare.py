"""``cnn-raw compare``: the Session of 2016 and the GradientTape, step by step."""

import argparse
import os

from cnn_raw import InputError
from cnn_raw.cli.parser import import_tensorflow
from cnn_raw.settings import Settings

HELP = "run the Session of 2016 beside the GradientTape: the difference in every step"
DESCRIPTION = (
    "Train the 2016 program, on placeholders and a Session, and the one on a GradientTape, from "
    "the same weights and seeds. After steps 1, 2, 5, 10, 20, 50, ...: both costs and the "
    "differences. In one TensorFlow every cost, weight and rms slot must be identical to the last "
    "bit. Exit status 1 if they do not agree."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--steps",
        type=int,
        default=429,
        metavar="N",
        help="training steps; an epoch has 429",
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
        help="starting weights: of stddev sqrt(2 / inputs), or of 0.01 as in 2016; with those the "
        "cost stays at 2.3026 for some 170 steps, where nearly any two programs agree",
    )
    command.add_argument(
        "--python",
        metavar="PYTHON",
        help="run the Session in another Python, with its TensorFlow (0.12 to 2); there rounding "
        "may differ: the first cost must be equal, the first 10 within 2e-6, later ones are only "
        "shown; oneDNN is off unless TF_ENABLE_ONEDNN_OPTS is set",
    )
    command.add_argument(
        "--script",
        metavar="SCRIPT",
        help="your own script or notebook of 2015 to 2019 in the Session's place (- for standard "
        "input), from its own weights; if it differs, the statement that is the cause",
    )
    command.add_argument("--plot", metavar="FILE.png", help="plot the differences of every step")
    command.add_argument("--json", action="store_true", help="print one JSON object instead")
    command.add_argument(
        "--data",
        metavar="DIR",
        help="folder with the four MNIST files, as for train (default: the package's own MNIST)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from cnn_raw import files, input_data
    from cnn_raw.screen import TrainingScreen

    settings = Settings(seed=arguments.seed)
    if arguments.script:
        return _script(arguments)
    mnist = input_data.read_data_sets(arguments.data, one_hot=True, fill=False)
    if arguments.python:
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # 0.12.1 has no oneDNN
    tf = import_tensorflow(arguments)
    from cnn_raw.twin import compare_screen
    from cnn_raw.twin.compare import open_comparison

    if not arguments.debug:
        tf.get_logger().setLevel("ERROR")  # no warnings that the Session's API is deprecated
    if arguments.plot:
        files.check_picture(arguments.plot)
    options = arguments.steps, arguments.start, settings.seed, arguments.python
    with TrainingScreen(1, arguments.steps) as screen:
        try:
            with open_comparison(*options) as comparison:
                if arguments.json:
                    screen.print(compare_screen.as_json(comparison, mnist.train, screen))
                else:
                    compare_screen.show(comparison, mnist.train, screen)
        except KeyboardInterrupt:
            screen.print(f"stopped after {screen.step} of {screen.steps} steps")
            raise
        if arguments.plot:
            compare_screen.plot(comparison, arguments.plot)
            if not arguments.json:
                screen.print(f"{arguments.plot}: written")
    return 0 if comparison.passed else 1


def _script(arguments: argparse.Namespace) -> int:
    """Compare the reader's own script."""
    from cnn_raw.diff import source
    from cnn_raw.screen import TrainingScreen

    for option in ("python", "plot", "data"):
        if getattr(arguments, option):
            raise InputError(f"--{option}: cannot be used with --script")
    if arguments.steps < 1:
        raise InputError(f"--steps {arguments.steps}: must be at least 1")
    raw, program = source.read_bytes(arguments.script)
    import_tensorflow(arguments)
    from cnn_raw.script import follow_screen, process
    from cnn_raw.script.follow import Following

    settings = process.Settings(program.name, seed=arguments.seed, debug=arguments.debug)
    text = raw if arguments.script == "-" else None
    following = Following(program, settings, arguments.steps, text)
    with TrainingScreen(1, arguments.steps) as screen:
        try:
            if arguments.json:
                screen.print(follow_screen.as_json(following, (), screen))
            else:
                follow_screen.show(following, (), screen)
        except KeyboardInterrupt:
            screen.print(f"stopped after {screen.step} of {screen.steps} steps")
            raise
    return 0 if following.passed else 1
