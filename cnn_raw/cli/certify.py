"""``cnn-raw certify``: which bits this machine computes."""

import argparse

from cnn_raw.cli.parser import add_threads, import_tensorflow

HELP = "say which bits this machine computes: its row in the published table, or a new one"
DESCRIPTION = (
    "Make four fixed trainings, 160 steps in all, by the GradientTape and by compat.v1's Session, "
    "and hash every cost, weight and rms slot. Say which row of the published table "
    "(cnn_raw/twin/BITS.md) these bits are, or print the row to add; and how far the costs are "
    "from TensorFlow 0.12.1's. About a minute on 2 cores. Exit status 1 if the bits are not those "
    "of this environment's row, or not the certificate's."
)


def add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "certificate",
        nargs="?",
        metavar="FILE",
        help="compare with this certificate, from --json on another machine, instead of the table",
    )
    add_threads(command)
    command.add_argument("--json", action="store_true", help="print the certificate, one line")


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from cnn_raw import input_data
    from cnn_raw.screen import TrainingScreen
    from cnn_raw.twin import certificate

    other = certificate.read(arguments.certificate) if arguments.certificate else None
    mnist = input_data.read_data_sets(one_hot=True)
    tf = import_tensorflow(arguments)
    from cnn_raw.environment import environment
    from cnn_raw.twin.certify import STEPS, Certifying

    if not arguments.debug:
        tf.get_logger().setLevel("ERROR")  # no warnings that the Session's API is deprecated
    certifying = Certifying(mnist.train)
    with TrainingScreen(1, STEPS) as screen:
        if not arguments.json:
            screen.print(f"{environment()}")
        try:
            for line in screen.progress(certifying.run(), "certifying"):
                if line and not arguments.json:
                    screen.print(line)
        except KeyboardInterrupt:
            screen.print(f"stopped after {screen.step} of {STEPS} steps")
            raise
    made = certifying.certificate
    assert made is not None
    if arguments.json:
        print(made.json())
    else:
        distance = ", ".join(f"{by:.1e} at step {at}" for at, by in made.distance.items())
        print(f"costs differ from TensorFlow 0.12.1's by {distance}")
        print("\n".join(certificate.verdict(made, other)))
    if other:
        return 0 if made.session and made.bits == other.bits else 1
    return 0 if made.ok else 1
