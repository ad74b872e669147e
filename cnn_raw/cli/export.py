"""``cnn-raw export``: write a run's weights for other programs."""

import argparse

from cnn_raw.cli.parser import RUN_HELP, check_run, import_tensorflow

HELP = "write a run's weights for other programs"
DESCRIPTION = "Write a run's weights for other programs. No existing file is overwritten."


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("run", metavar="RUN", help=RUN_HELP)
    command.add_argument(
        "--to",
        required=True,
        choices=("saver", "savedmodel", "npz", "page"),
        help="saver: a checkpoint that the 2016 program's tf.train.Saver restores; savedmodel: "
        "a folder that TensorFlow loads without this package; npz: arrays for NumPy; page: one "
        "HTML file to draw on, as cnn-raw draw, that needs neither Python nor the network",
    )
    command.add_argument("out", metavar="OUT", help="what to write")


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    check_run(arguments.run)
    import_tensorflow(arguments)
    if arguments.to == "page":
        from cnn_raw import files
        from cnn_raw.draw.one_file import page

        files.check_free(arguments.out)
        files.write(arguments.out, page(arguments.run))
    else:
        from cnn_raw.runs.export import export_weights

        export_weights(arguments.run, arguments.to, arguments.out)
    print(f"{arguments.out}: written")
    return 0
