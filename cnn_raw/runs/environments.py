"""Where a run's epochs were trained: ``environments.jsonl`` in its folder.

One line for each environment in which training started or resumed, with the first ``epoch``, from
1, that was trained there. How long each epoch took stands in history.jsonl.
"""

import json
from dataclasses import asdict
from pathlib import Path

from cnn_raw import InputError, files
from cnn_raw.environment import Environment, read

ENVIRONMENTS = "environments.jsonl"


def read_environments(folder: Path, epochs: int) -> list[tuple[int, Environment]]:
    """Return the environments of a run's first ``epochs`` epochs, each with its first epoch.

    Empty if nothing is known of the first epoch: the run is older than the file. Raises InputError
    if the file is damaged.
    """
    path = folder / ENVIRONMENTS
    if not path.exists():
        return []
    found = []
    with files.reading(path) as file:
        for number, line in enumerate(file.read().splitlines(), start=1):
            where = f"{path}: line {number}"
            try:
                kept = json.loads(line)
                epoch = kept["epoch"]
                if type(epoch) is not int:
                    raise ValueError("its epoch must be a whole number")
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise InputError(
                    f"{where} is damaged ({error}); remove the file to resume without it"
                ) from error
            found.append((epoch, read(kept, where)))
    found = [(epoch, environment) for epoch, environment in found if epoch <= epochs]
    return found if found and found[0][0] == 1 else []


def record(
    folder: Path, trained: list[tuple[int, Environment]], epoch: int, now: Environment
) -> None:
    """Write that from ``epoch`` on a run is trained in ``now``; ``trained`` is what was before."""
    if not trained or trained[-1][1] != now:
        trained = [*trained, (epoch, now)]
    lines = (json.dumps({"epoch": first, **asdict(made)}) + "\n" for first, made in trained)
    files.replace(folder / ENVIRONMENTS, "".join(lines))
