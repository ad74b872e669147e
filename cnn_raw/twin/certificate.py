"""Certificates: which bits an environment computes; and the published table of them.

    python -m cnn_raw.twin.certificate > cnn_raw/twin/BITS.md

writes the table for readers. Its rows are the lines of ``certificates.jsonl``, each what ``cnn-raw
certify --json`` prints (certify.py makes it). No TensorFlow here.
"""

import json
import string
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from cnn_raw import InputError, environment, files
from cnn_raw.environment import Environment

FORMAT = 1
TABLE = Path(__file__).with_name("certificates.jsonl")

# bits[training][step]: 16 hexadecimal digits, a hash of all costs, weights and rms slots up to
# this step.
Bits = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Certificate:
    """What an environment computed in the fixed trainings of certify.py."""

    environment: Environment
    bits: Bits
    session: bool  # did compat.v1's Session compute the same as the tape?
    distance: dict[str, float]  # |cost - cost of TensorFlow 0.12.1| at a step of "he"; nats
    seconds: float

    @property
    def ok(self) -> bool:
        """Is nothing against the published table? Then the Session's bits are the tape's."""
        row = known(self.environment)
        return self.session and (row is None or row.bits == self.bits)

    def first_difference(self, other: "Certificate") -> str:
        """Return where the bits of two part, for instance "he: between steps 5 and 10"; or ""."""
        for training, steps in self.bits.items():
            before = "0"
            for step, digest in steps.items():
                if other.bits.get(training, {}).get(step) != digest:
                    return f"{training}: between steps {before} and {step}"
                before = step
        return ""

    def json(self) -> str:
        """Return it as one line: a row of the table."""
        return json.dumps({"format": FORMAT, **asdict(self)})


def parse(line: str | bytes, where: object) -> Certificate:
    """Return the certificate in a line of JSON.

    Raises InputError, which says ``where``, if it holds none, or one of a newer format.
    """
    try:
        kept = json.loads(line)
        number = kept["format"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{where}: holds no certificate of cnn-raw certify --json") from error
    if number != FORMAT:
        raise InputError(
            f"{where}: is a certificate of format {number}; this cnn_raw reads format {FORMAT}, "
            "so update cnn_raw"
        )
    try:
        return Certificate(
            environment.read(kept["environment"], where),
            {name: {str(at): str(bits) for at, bits in steps.items()}
             for name, steps in kept["bits"].items()},
            bool(kept["session"]),
            {str(step): float(by) for step, by in kept["distance"].items()},
            float(kept["seconds"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{where}: is a damaged certificate ({error})") from error


def read(path: str) -> Certificate:
    """Return the certificate in a file. Raises InputError."""
    with files.reading(Path(path)) as file:
        return parse(file.read(), path)


@cache
def table() -> tuple[Certificate, ...]:
    """Return the published certificates, in their order."""
    lines = TABLE.read_text("utf-8").splitlines()
    return tuple(parse(line, f"{TABLE}, line {i}") for i, line in enumerate(lines, start=1))


def known(where: Environment) -> Certificate | None:
    """Return the published certificate of an environment, if there is one."""
    return next((row for row in table() if row.environment.key == where.key), None)


def same_bits(bits: Bits) -> list[Certificate]:
    """Return the published certificates that have these bits."""
    return [row for row in table() if row.bits == bits]


def letter(bits: Bits) -> str:
    """Return the letter of bits in the table: A for the first row's; "?" if it has not these."""
    different: list[Bits] = []
    for row in table():
        if row.bits not in different:
            different.append(row.bits)
    return string.ascii_uppercase[different.index(bits)] if bits in different else "?"


def verdict(made: Certificate, other: Certificate | None) -> list[str]:
    """Return the lines that say which row of the table ``made`` is, or if it is as ``other``."""
    lines = [] if made.session else ["NOT the same: the Session's bits are not the tape's"]
    if other is not None:
        parts = made.first_difference(other)
        said = f"NOT the certificate's bits; they part in {parts}" if parts else "the same bits"
        return [*lines, f"{said} ({other.environment})"]
    row, alike = known(made.environment), same_bits(made.bits)
    if row is not None and row.bits != made.bits:
        parts = made.first_difference(row)
        return [*lines, f"NOT the bits of this environment's row {describe(row)}: {parts}"]
    if row is not None:
        return [*lines, f"row {describe(row)}: the published bits"]
    bits = f"the bits of row {describe(alike[0])}" if alike else "bits that no row has"
    return [*lines, f"a new environment, with {bits}; its row for certificates.jsonl:", made.json()]


def continuation(trained: Sequence[Environment], now: Environment) -> str:
    """Return the line that says whether a resumed training has an uninterrupted one's last bits.

    ``trained``: the environments that its epochs so far were trained in; none if nothing is known.
    """
    if not trained:
        return (
            "nothing is known about the environment that this run was trained in: the weights may "
            "differ in their last bits from an uninterrupted run's"
        )
    then = next((e for e in trained if e.key != now.key), trained[-1])
    differences = "; ".join(then.differences(now))
    if then.key == now.key:
        return f"{differences or 'same environment'}: bit-identical to an uninterrupted run"
    rows = known(then), known(now)
    if not rows[0] or not rows[1]:
        verdict = "the weights may differ in their last bits from an uninterrupted run's"
    elif rows[0].bits == rows[1].bits:
        verdict = "measured to give the same bits: bit-identical to an uninterrupted run"
    else:
        verdict = "the weights will differ in their last bits from an uninterrupted run's"
    return f"{differences}: {verdict}"


# --- BITS.md ---

INTRODUCTION = """# What the last bits depend on

`cnn-raw certify` makes four fixed trainings, 160 steps in all, and hashes every cost, weight and
`rms` slot. The same letter is the same bits, after every step. Op determinism is on, as in every
command. The Session of `compat.v1` and the GradientTape gave the same bits in every row.

Recorded by `python tests/golden/record_bits.py PYTHON...`, one Python for each TensorFlow, into
`certificates.jsonl`. This file is written by `python -m cnn_raw.twin.certificate`. All rows are
from one machine ({processor}, 2 cores): with another processor the bits may differ, since its
caches decide how sums are split. An empty cell is not recorded yet. `cnn-raw certify` says which
row yours is, or prints the new one.
"""
THREADS = (1, 2, 4)


def markdown() -> str:
    """Return the text of BITS.md, without the last newline."""
    rows = table()
    lines = [INTRODUCTION.format(processor=rows[0].environment.processor)]
    lines += ["| TensorFlow | oneDNN | instructions | 1 thread | 2 threads | 4 threads |"]
    lines += ["| --- | --- | --- | --- | --- | --- |"]
    kinds = {(e.tensorflow, e.onednn, e.instructions) for e in (row.environment for row in rows)}
    for kind in sorted(kinds, key=lambda kind: (kind[1], kind[2][::-1], _version(kind[0]))):
        cells = [_cell(rows, kind, threads) for threads in THREADS]
        version, onednn, instructions = kind
        lines += [
            f"| {version} | {'on' if onednn else 'off'} | {instructions} | {' | '.join(cells)} |"
        ]
    lines += ["", "How far the costs are from genuine TensorFlow 0.12.1's, in nats, by step:", ""]
    steps = list(rows[0].distance)
    lines += [f"| bits | {' | '.join(steps)} |", f"| --- {'| --- ' * len(steps)}|"]
    shown = {letter(row.bits): row for row in reversed(rows)}
    for name, row in sorted(shown.items()):
        lines += [f"| {name} | {' | '.join(f'{by:.1e}' for by in row.distance.values())} |"]
    return "\n".join(lines)


def _cell(rows: Sequence[Certificate], kind: tuple[str, bool, str], threads: int) -> str:
    for row in rows:
        e = row.environment
        if (e.tensorflow, e.onednn, e.instructions, e.threads) == (*kind, threads):
            return letter(row.bits)
    return ""


def _version(text: str) -> list[int]:
    return [int("".join(filter(str.isdigit, part)) or 0) for part in text.split(".")]


def describe(row: Certificate) -> str:
    """Return how a row of the table is called: its letter and its environment."""
    return f"{letter(row.bits)} ({row.environment})"


if __name__ == "__main__":
    print(markdown())
