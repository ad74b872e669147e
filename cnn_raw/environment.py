"""Which environment this is: what the last bits of a training depend on.

"The same numbers" holds for one environment. With another number of threads, other instructions or
another TensorFlow the same sums may be added in another order, and round otherwise.
``twin/BITS.md`` has what was measured. Imports nothing slow before it is asked.
"""

import os
import platform
from dataclasses import asdict, dataclass
from typing import Any

from cnn_raw import InputError, __version__

# From the widest vectors down, each with NumPy's names for it (1.26's and 2.4's), and how oneDNN's
# variable ONEDNN_MAX_CPU_ISA begins that allows no wider ones.
INSTRUCTIONS = {
    "AVX-512": ({"AVX512_SKX", "X86_V4"}, "AVX512"),
    "AVX2": ({"AVX2", "X86_V3"}, "AVX2"),
    "AVX": ({"AVX", "X86_V3"}, "AVX"),
    "SSE4.1": ({"SSE41", "X86_V2"}, "SSE"),
    "NEON": ({"NEON", "ASIMD"}, "-"),
}
# What bits depend on. Python, NumPy (its old generator's stream is frozen) and cnn_raw's version
# are kept for the reader.
KEY = ("tensorflow", "onednn", "threads", "instructions", "deterministic", "processor", "workers")


@dataclass(frozen=True)
class Environment:
    """Where numbers were computed."""

    cnn_raw: str  # versions
    tensorflow: str
    numpy: str
    python: str
    onednn: bool  # are TensorFlow's oneDNN kernels on?
    threads: int  # that one operation may use
    instructions: str  # the widest that oneDNN may use: one of INSTRUCTIONS, or "unknown"
    deterministic: bool  # is TensorFlow's op determinism on?
    processor: str  # its model; caches set the size of the blocks in which Eigen adds
    workers: int = 1  # processes that share each step: cnn_raw/workers

    def __str__(self) -> str:
        return (
            f"TensorFlow {self.tensorflow}, oneDNN {'on' if self.onednn else 'off'}, "
            f"{count(self.threads)}, {self.instructions}"
            + (f", {self.workers} workers" if self.workers > 1 else "")
            + ("" if self.deterministic else ", op determinism off")
        )

    @property
    def key(self) -> tuple:
        """The part of it that bits depend on."""
        return tuple(getattr(self, name) for name in KEY)

    def differences(self, now: "Environment") -> list[str]:
        """Return what is different now, for instance "4 threads then, 2 now"."""
        then, today = asdict(self), asdict(now)
        return [
            f"{_name(name, then[name])} then, {_value(today[name])} now"
            for name in then
            if then[name] != today[name]
        ]


def environment() -> Environment:
    """Return this process's environment. Imports TensorFlow."""
    import numpy as np
    import tensorflow as tf
    from tensorflow.python.framework.config import is_op_determinism_enabled
    from tensorflow.python.util import _pywrap_util_port  # nothing public says what these two say

    return Environment(
        cnn_raw=__version__,
        tensorflow=tf.__version__,
        numpy=np.__version__,
        python=platform.python_version(),
        onednn=bool(_pywrap_util_port.IsMklEnabled()),
        threads=tf.config.threading.get_intra_op_parallelism_threads() or _default_threads(),
        instructions=instructions(),
        deterministic=is_op_determinism_enabled(),
        processor=_processor(),
    )


def read(kept: object, where: object) -> Environment:
    """Return the environment that a JSON object describes; what it has besides is left out.

    Raises InputError, which says ``where``, if it describes none.
    """
    try:
        fields: dict[str, Any] = {"workers": 1, **kept}  # type: ignore[dict-item]  # 1: it is older
        found = Environment(**{name: fields[name] for name in Environment.__annotations__})
    except (TypeError, KeyError) as error:
        raise InputError(f"{where}: describes no environment ({error})") from error
    for name, kind in Environment.__annotations__.items():
        if type(getattr(found, name)) is not kind:
            raise InputError(f"{where}: {name} must be a {kind.__name__}")
    return found


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def count(threads: int) -> str:
    """Return "1 thread", "2 threads"."""
    return f"{threads} thread{'s' * (threads != 1)}"


def instructions() -> str:
    """Return the widest of INSTRUCTIONS that the processor has and oneDNN may use."""
    import numpy as np

    config: Any = np.show_config("dicts")
    simd = config["SIMD Extensions"]
    has = {name for kind in ("baseline", "found") for name in simd.get(kind, [])}
    allowed = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    names = list(INSTRUCTIONS)
    top = next((i for i, name in enumerate(names) if allowed.startswith(INSTRUCTIONS[name][1])), 0)
    return next((name for name in names[top:] if has & INSTRUCTIONS[name][0]), "unknown")


def _default_threads() -> int:
    """How many threads TensorFlow uses when it was not told: the variable's, or one per core."""
    given = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    return int(given) if given.isdecimal() and int(given) else cores()


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model n")]
    except OSError:  # not Linux
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def _name(name: str, value: object) -> str:
    if name == "threads":
        return count(int(str(value)))
    if name == "workers":
        return f"{value} worker{'s' * (value != 1)}"
    if name in ("instructions", "processor"):
        return str(value)
    title = {
        "tensorflow": "TensorFlow",
        "numpy": "NumPy",
        "python": "Python",
        "onednn": "oneDNN",
        "deterministic": "op determinism",
    }.get(name, name)
    return f"{title} {_value(value)}"


def _value(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
