"""The lines of a diff's rows, as the terminal and the page show them."""

import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from cnn_raw.twin.diff_rows import Row
from cnn_raw.twin.statements import Statement, indent

LONG_COMMENT = 48  # characters: a longer one stands on a line of its own, before its statement


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
            parts.append(f"{where}: {name}" + (f" and {len(more)} more" if more else ""))
    return "; ".join(parts)
