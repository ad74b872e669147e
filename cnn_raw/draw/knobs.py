"""What can be chosen of a training that is watched."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from cnn_raw import InputError
from cnn_raw.draw.messages import number, whole


@dataclass(frozen=True)
class Knobs:
    """The defaults are the tutorial's. learning.py says what each is."""

    start: str = "2016"
    rms: int = 1
    learning_rate: float = 0.001
    p_keep_conv: float = 0.8
    p_keep_hidden: float = 0.5
    batch_size: int = 128
    share: float = 0.0
    seed: int = 2016


def checked(asked: object, starts: Sequence[str]) -> Knobs:
    """Return the knobs that a request asks for. ``starts``: what "start" may be."""
    if not isinstance(asked, dict) or asked.keys() - asdict(Knobs()).keys():
        raise InputError(f"knobs: give an object of {', '.join(asdict(Knobs()))}")
    knobs = Knobs(**asked)
    if knobs.start not in starts:
        raise InputError(f"start: give one of {', '.join(starts)}")
    return Knobs(  # JSON may write 1 for 1.0, which TensorFlow would take for an int32
        start=knobs.start,
        rms=whole(knobs.rms, "rms", 0, 1),
        learning_rate=number(knobs.learning_rate, "learning_rate", 1e-6, 1),
        p_keep_conv=number(knobs.p_keep_conv, "p_keep_conv", 0.01, 1),
        p_keep_hidden=number(knobs.p_keep_hidden, "p_keep_hidden", 0.01, 1),
        batch_size=whole(knobs.batch_size, "batch_size", 1, 128),
        share=number(knobs.share, "share", 0, 1),
        seed=whole(knobs.seed, "seed", 0, 2**31 - 1),
    )
