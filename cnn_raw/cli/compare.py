"""``cnn-raw compare``: the Session of 2016 and the GradientTape, step by step."""

import argparse
import os

from cnn_raw.cli.parser import import_tensorflow
from cnn_raw.settings import Settings

HELP = "run the Session of 2016 beside the GradientTape: the difference in every step"
DESCRIPTION = (
    "Train with the program of 2016, on placeholders and a Session, and with the "
    "one on a GradientTape, from the same weights and seeds. For the steps 1, 2, 5, 10, 20, "
    "50, ...: both costs and what differs. Inside one TensorFlow every cost, weight and rms "
    "slot must be identical to the last bit. Exit status 1 if they do not agree."
)


def add_options(command: argparse.ArgumentParser) -> None:
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


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from cnn_raw import input_data
    from cnn_raw.screen import TrainingScreen

    settings = Settings(seed=arguments.seed)
    mnist = input_data.read_data_sets(arguments.data, one_hot=True)
    if arguments.python:
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # 0.12.1 has no oneDNN
    tf = import_tensorflow(arguments)
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
