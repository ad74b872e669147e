"""Who the workers are: the addresses, and which of them is this one."""

import json
from dataclasses import dataclass

from cnn_raw import InputError


@dataclass(frozen=True)
class Cluster:
    """The (host, port) of every worker, and the number of this one. Worker 0 keeps the run.

    Raises InputError if an address occurs twice, or if there is no such worker.
    """

    addresses: tuple[tuple[str, int], ...]
    worker: int

    def __post_init__(self):
        twice = {address for address in self.addresses if self.addresses.count(address) > 1}
        if twice:
            host, port = min(twice)
            raise InputError(f"{host}:{port}: is given twice; give each worker its own")
        if not 0 <= self.worker < len(self.addresses):
            raise InputError(
                f"worker {self.worker}: there are {len(self.addresses)} workers, so give 0 to "
                f"{len(self.addresses) - 1}"
            )

    @property
    def names(self) -> list[str]:
        """How each worker is called on the screen."""
        return [f"worker {k} ({host}:{port})" for k, (host, port) in enumerate(self.addresses)]


def from_options(workers: str, worker: int | None) -> Cluster:
    """Return the cluster of ``--workers host1:2222,host2:2222 --worker 0``."""
    addresses = tuple(map(_address, workers.split(",")))
    if worker is None and len(addresses) > 1:
        raise InputError(f"say which of them this is: --worker 0 to {len(addresses) - 1}")
    return Cluster(addresses, worker or 0)


def from_tf_config(text: str) -> Cluster:
    """Return the cluster that the variable TF_CONFIG describes, as schedulers set it.

    A chief is worker 0, and is followed by the workers. Raises InputError if this task is none of
    them (a parameter server, an evaluator), or if the text is no TF_CONFIG.
    """
    try:
        config = json.loads(text)
        jobs, task = config["cluster"], config["task"]
        kind, index = task["type"], int(task["index"])
        chiefs = [*jobs.get("chief", []), *jobs.get("master", [])]
        addresses = tuple(map(_address, [*chiefs, *jobs.get("worker", [])]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, InputError):
            raise InputError(f"TF_CONFIG: {error}") from error
        raise InputError(
            'TF_CONFIG: cannot be read; give {"cluster": {"worker": ["host1:2222", ...]}, '
            '"task": {"type": "worker", "index": 0}}, or unset it'
        ) from error
    if kind not in ("chief", "master", "worker"):
        raise InputError(f"TF_CONFIG: this task is of type {kind}; only workers train")
    return Cluster(addresses, index + (len(chiefs) if kind == "worker" else 0))


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.strip().rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise InputError(f"{text!r}: is no address of a worker; give one such as host1:2222")
    return host.strip("[]"), int(port)
