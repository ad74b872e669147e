"""What a diff is made of: rows of statements that do the same, each with what explains it.

And their lines, as the terminal and the page show them.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from cnn_raw.diff.copied import Mistake
from cnn_raw.diff.program import STEPS, Step
from cnn_raw.diff.reason import YOURS, Reason
from cnn_raw.diff.reasons import REASONS
from cnn_raw.diff.source import Source
from cnn_raw.diff.statements import Statement, Token, indent
from cnn_raw.text import translate

NEARLY_ALL = 0.85  # share of the program's steps: what it lacks then is left out, not otherwise
LONG_COMMENT = 48  # characters: a longer one stands on a line of its own, before its statement


class Sign(Enum):
    """How the two sides of a row differ. The value is what the terminal shows."""

    SAME = " "
    CHANGED = "~"
    ONLY_2016 = "-"
    ONLY_TF2 = "+"
    APART = "."  # without a counterpart, and nothing to explain

    @property
    def words(self) -> str:
        """The sign in words."""
        return {
            Sign.SAME: "the same",
            Sign.CHANGED: "changed",
            Sign.ONLY_2016: "only in 2016",
            Sign.ONLY_TF2: "only in TensorFlow 2",
            Sign.APART: "without a counterpart",
        }[self]


Marks = frozenset[tuple[Statement, Token]]


@dataclass(frozen=True)
class Row:
    """Statements that do the same, 2016's on the left.

    ``reasons``: YOURS first, if no edition of the tutorial has the left. ``changed``: the tokens
    that are not on the other side; none if hardly any are. ``edition``: what the tutorial has
    instead of what is yours, ``own`` the tokens on the left that this lacks.
    """

    sign: Sign
    left: tuple[Statement, ...] = ()
    right: tuple[Statement, ...] = ()
    reasons: tuple[Reason, ...] = ()
    changed: Marks = frozenset()
    edition: str = ""
    own: Marks = frozenset()

    @property
    def is_yours(self) -> bool:
        """Is it something that no edition of the tutorial has?"""
        return YOURS in self.reasons


class Diff(NamedTuple):
    """The rows; ``pairs``: which steps of the program the statements of the left are."""

    source: Source
    left: tuple[Statement, ...]
    rows: tuple[Row, ...]
    pairs: dict[int, Step]
    mistakes: tuple[Mistake, ...]

    @property
    def name(self) -> str:
        """The left file's name, without its folder."""
        return Path(self.source.name).name

    def count(self, sign: Sign) -> int:
        """How many statements of the left stand in rows of this sign."""
        return sum(len(row.left) for row in self.rows if row.sign is sign)

    @property
    def yours(self) -> list[Row]:
        """The rows that no edition of the tutorial has."""
        return [row for row in self.rows if row.is_yours]

    @property
    def left_out(self) -> list[Step]:
        """The steps that decide what is learned and that a copy of the whole program lacks."""
        found = {step.key for step in self.pairs.values()}
        whole = sum(1 for step in STEPS.values() if step.forms)
        if len(found) < NEARLY_ALL * whole:
            return []
        text = "\n".join(statement.full_code for statement in self.left)
        steps = [step for step in STEPS.values() if step.call]
        return [
            step
            for step in steps
            if step.key not in found
            and (step.key != "shuffle" or "first_256" in found)  # else all are tested
            and text.count(step.call) < sum(1 for other in steps if other.call == step.call)
        ]

    @property
    def reasons(self) -> list[Reason]:
        """All reasons met: YOURS, those of the table in its order, then the others as they come."""
        met = list(dict.fromkeys(reason for row in self.rows for reason in row.reasons))
        met += [m.reason for m in self.mistakes if m.reason and m.reason not in met]
        order = (YOURS, *REASONS)
        return [r for r in order if r in met] + [r for r in met if r not in order]

    def number(self, reason: Reason) -> str:
        """What a reason is numbered with: its place in the table, or the numbers after those."""
        if reason is YOURS:
            return "*"
        if reason in REASONS:
            return str(REASONS.index(reason) + 1)
        others = [r for r in self.reasons if r is not YOURS and r not in REASONS]
        return str(len(REASONS) + 1 + others.index(reason))


class Mark(NamedTuple):
    """Columns of a line, and what is in them: what the other side lacks, or what is yours."""

    start: int
    end: int
    own: bool


class Line(NamedTuple):
    """A line of a row. Columns count from 0 in ``text``."""

    place: str  # its number; for TensorFlow 2's files, their name before it
    text: str
    end: int  # where its code ends and a comment may follow
    marks: tuple["Mark", ...] = ()


def side_lines(row: Row, side: tuple[Statement, ...]) -> Iterator[Line]:
    """Yield the lines of one side of a row, the comments above its statements included.

    The layout of a statement over several lines is made even: 4 columns further in than its first.
    """
    for statement in side:
        for comment in statement.above:
            yield Line("", comment.rstrip(), 0)
        for n in range(len(statement.lines)):
            yield from _line(row, statement, n, place(statement, n, side is row.right))


def place(statement: Statement, n: int = 0, with_file: bool = False) -> str:
    """Return where a statement's line ``n`` stands: its number, after a notebook's cell."""
    where = statement.place
    number = str(where.line + n)
    if with_file:
        return f"{statement.file.removesuffix('.py')} {number}"
    return f"{where.cell}:{number}" if where.cell else number


def _line(row: Row, statement: Statement, n: int, number: str) -> Iterator[Line]:
    text, end = statement.lines[n], statement.ends[n]
    loose = max(0, indent(text) - statement.indent - 4) if n else 0
    comment = text[end:].strip()
    if end and len(comment) > LONG_COMMENT:
        yield Line("", " " * statement.indent + comment, 0)
        comment = ""
    code = text[loose:end].rstrip()
    marks = tuple(
        Mark(start - loose, stop - loose, own) for start, stop, own in _marks(statement, n, row)
    )
    yield Line(number, f"{code}  {comment}" if comment and code else code or text, len(code), marks)


def _marks(statement: Statement, n: int, row: Row) -> Iterator[Mark]:
    """Yield what is marked in line ``n``, joined where only spaces are between."""
    last: Mark | None = None
    for token in statement.tokens:
        own = (statement, token) in row.own
        if token.line == n and (own or (statement, token) in row.changed):
            between = statement.lines[n][last.end : token.start] if last else "x"
            if last and last.own == own and not between.strip():
                last = last._replace(end=token.end)
                continue
            if last:
                yield last
            last = Mark(token.start, token.end, own)
    if last:
        yield last


def fold_title(row: Row) -> str:
    """Say in a line which statements a row without a counterpart stands for."""
    parts = []
    for side in (row.left, row.right):
        stretches: list[list[Statement]] = []  # of statements that follow each other in a file
        for statement in side:
            last = stretches[-1][-1] if stretches else None
            if last and last.file == statement.file and last.first < statement.first:
                stretches[-1].append(statement)
            else:
                stretches.append([statement])
        for first, *more in stretches:
            where = place(first, 0, side is row.right)
            if more:
                where += f"-{place(more[-1], len(more[-1].lines) - 1)}"
            name = textwrap.shorten(first.code.replace(",", ", "), 48, placeholder=" ...")
            more_of_them = " " + translate(f"and {len(more)} more") if more else ""
            parts.append(f"{where}: {name}{more_of_them}")
    return "; ".join(parts)
