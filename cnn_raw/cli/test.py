"""``cnn-raw test``: how good a trained network is, and where it errs."""

import argparse

from cnn_raw.cli.parser import DATA_HELP, RUN_HELP, import_tensorflow
from cnn_raw.settings import Settings

TEST_SIZE = 256  # cnn.test_size
HELP = "test a trained network, and see where it errs"
DESCRIPTION = (
    "Test a trained network on all images of a set, and see where it errs. Shows "
    "also how much the tutorial's figure wanders: the accuracy on 256 images drawn at random."
)


def add_options(command: argparse.ArgumentParser) -> None:
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


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from cnn_raw import files, input_data
    from cnn_raw.screen import track

    seed = Settings(seed=arguments.seed).seed
    data = getattr(input_data.read_data_sets(arguments.data, one_hot=True), arguments.split)
    import_tensorflow(arguments)
    from cnn_raw.look import analysis
    from cnn_raw.runs.checkpoint import load_weights

    size = min(TEST_SIZE, data.num_examples) if arguments.size is None else arguments.size
    analysis.check_samples(size, arguments.samples, data.num_examples)
    if arguments.plot:
        files.check_picture(arguments.plot)
    weights = load_weights(arguments.run)
    result = analysis.analyse(weights, data.images, data.labels, arguments.batch_size, track)
    sampled = result.samples(size, arguments.samples, seed)
    if arguments.plot:
        analysis.plot(result, data.images, arguments.plot)
    say = analysis.as_json if arguments.json else analysis.text
    print(say(result, sampled, size))
    return 0
