"""``cnn-raw test``: the accuracy of a trained network, and its mistakes."""

import argparse
import json
from typing import TYPE_CHECKING

from cnn_raw import InputError, files
from cnn_raw.cli.parser import DATA_HELP, RUN_HELP, check_run, import_tensorflow
from cnn_raw.settings import Settings

if TYPE_CHECKING:
    import numpy as np

    from cnn_raw.look.analysis import Analysis

TEST_SIZE = 256  # cnn.test_size
WORST = 10  # mistakes that are listed
HELP = "test a trained network and list its mistakes"
DESCRIPTION = (
    "Test a trained network on all images of a set. Prints the accuracy with its standard error, "
    "the confusion matrix and the worst mistakes, and how much the tutorial's figure varies: the "
    "accuracy on 256 images drawn at random."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("run", metavar="RUN", help=RUN_HELP)
    command.add_argument(
        "--split",
        choices=("train", "validation", "test"),
        default="test",
        help="which images: MNIST has 55,000 to train, 5,000 to validate and 10,000 to test",
    )
    command.add_argument("--data", metavar="DIR", help=DATA_HELP)
    command.add_argument(
        "--batch-size",
        type=int,
        default=500,
        metavar="N",
        help="images per batch; a larger batch needs more memory and gives the same figures",
    )
    command.add_argument(
        "--size",
        type=int,
        metavar="N",
        help=f"images in a random sample (default: {TEST_SIZE}, the tutorial's)",
    )
    command.add_argument(
        "--samples", type=int, default=20, metavar="K", help="number of random samples"
    )
    command.add_argument(
        "--seed", type=int, default=Settings.seed, metavar="N", help="seed of the samples"
    )
    command.add_argument("--json", action="store_true", help="print JSON, with all mistakes")
    command.add_argument(
        "--plot",
        metavar="FILE.png",
        help="draw the confusion matrix and the worst mistakes; needs cnn-raw[plot]",
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from cnn_raw import input_data
    from cnn_raw.screen import track

    if arguments.plot is not None:
        files.check_picture(arguments.plot)
    check_run(arguments.run)
    seed = Settings(seed=arguments.seed).seed
    data = getattr(
        input_data.read_data_sets(arguments.data, one_hot=True, fill=False), arguments.split
    )
    if not data.num_examples:
        raise InputError(f"there are no {arguments.split} images; give a data set that has some")
    import_tensorflow(arguments)
    from cnn_raw.look.analysis import analyse, check_samples
    from cnn_raw.runs.weights import load_weights

    size = min(TEST_SIZE, data.num_examples) if arguments.size is None else arguments.size
    check_samples(size, arguments.samples, data.num_examples)
    weights = load_weights(arguments.run)
    analysis = analyse(weights, data.images, data.labels, arguments.batch_size, track)
    sampled = analysis.samples(size, arguments.samples, seed)
    if arguments.plot is not None:
        from cnn_raw.look.plot import mistakes_figure

        files.write_picture(arguments.plot, mistakes_figure(analysis, data.images))
    show = as_json if arguments.json else as_text
    print(show(analysis, sampled, size))
    return 0


def as_text(analysis: "Analysis", sampled: "np.ndarray", size: int) -> str:
    """Return the analysis as text, with the accuracies ``sampled`` of ``size`` images each."""
    wrong = int((~analysis.correct).sum())
    lines = [
        f"{analysis.accuracy:.2%} of {len(analysis.labels):,} images are right, {wrong:,} are "
        f"wrong; the standard error is {analysis.standard_error:.2%}",
        f"{size:,} images drawn at random, {len(sampled):,} times: "
        f"mean {sampled.mean():.2%}, sd {_sd(sampled):.2%}, "
        f"min {sampled.min():.2%}, max {sampled.max():.2%}",
        "",
        "Confusion matrix: digit (row), the network's answer (column)",
        "     " + "".join(f"{digit:6}" for digit in range(10)) + "     right",
    ]
    for digit, row in enumerate(analysis.confusion):
        right = f"{row[digit] / row.sum():10.2%}" if row.any() else ""
        lines.append(f"{digit:5}" + "".join(f"{count:6}" for count in row) + right)
    if wrong:
        lines += ["", "The worst mistakes", "image  digit  answer  probability"]
    for index in analysis.worst[:WORST]:
        label, taken = analysis.labels[index], analysis.classes[index]
        confidence = analysis.probabilities[index, taken]
        lines.append(f"{index:5}  {label:5}  {taken:6}  {confidence:11.2%}")
    return "\n".join(lines)


def as_json(analysis: "Analysis", sampled: "np.ndarray", size: int) -> str:
    """Return what ``as_text`` shows, and all mistakes, as JSON. Accuracies go from 0 to 1."""
    shown = {
        "images": len(analysis.labels),
        "accuracy": analysis.accuracy,
        "standard_error": analysis.standard_error,
        "digits": [
            {"images": int(row.sum()), "accuracy": row[digit] / row.sum() if row.any() else None}
            for digit, row in enumerate(analysis.confusion)
        ],
        "confusion": analysis.confusion.tolist(),  # rows: digits, columns: what they were taken for
        "mistakes": [
            {
                "image": int(index),
                "digit": int(analysis.labels[index]),
                "taken_for": int(analysis.classes[index]),
                "probability": float(analysis.probabilities[index, analysis.classes[index]]),
            }
            for index in analysis.worst
        ],
        "samples": {
            "size": size,
            "accuracies": sampled.tolist(),
            "mean": sampled.mean(),
            "sd": _sd(sampled),
            "min": sampled.min(),
            "max": sampled.max(),
        },
    }
    return json.dumps(shown, indent=2)


def _sd(sampled: "np.ndarray") -> float:
    """Return the standard deviation of the population, estimated from a sample."""
    return float(sampled.std(ddof=1)) if len(sampled) > 1 else 0.0
