"""What a training run depends on, besides its data. Imports nothing slow."""

from dataclasses import dataclass

from cnn_raw import InputError


@dataclass(frozen=True)
class Settings:
    """The defaults are the 2016 script's, but for the epochs. Raises InputError for bad values."""

    epochs: int = 12  # as far as the tutorial's author got; the script said 100
    batch_size: int = 128  # cnn.batch_size
    seed: int = 2016  # of the weights, the dropout masks and the 256 test images

    def __post_init__(self):
        for name, value in (("epochs", self.epochs), ("batch size", self.batch_size)):
            if value < 1:
                raise InputError(f"{name} {value}: give a whole number of at least 1")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"seed {self.seed}: give a whole number from 0 to 4294967295")
