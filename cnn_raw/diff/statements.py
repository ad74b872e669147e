"""A program's text cut into statements, without running or even parsing it: Python 2 or 3.

Comments, docstrings, annotations and layout are not part of a statement's ``code``, which is what
is compared.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from cnn_raw.diff.source import Place, Source

LONGEST = 2000  # characters of a statement's code that patterns look at: the 2016 script's have 180

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>[rRbBuUfF]{0,2}(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}
        |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<newline>\n)
    |(?P<space>[^\S\n]+|\\\n)
    |(?P<word>\w+(?:\.\d+)?)
    |(?P<sign>\*\*|->|[-+*/=!<>]=|.)""",
    re.VERBOSE | re.DOTALL,
)
_STARTS = re.compile(r"(def|class|import|from|with|for|if)\b")


class Token(NamedTuple):
    """A word, string or sign, and where it stands: line from 0 in its statement, columns."""

    text: str
    line: int
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement, or the first line of a compound one: ``with tf.Session() as sess:``.

    ``tokens`` leave out comments and annotations. ``ends``: where each line's code ends and its
    comment may follow. ``above``: the comment lines before it. ``spaced``: an empty line stands
    before those. ``place``: of its first line in the file that the reader has.
    """

    file: str
    first: int  # line number in the text, from 1
    place: Place
    lines: tuple[str, ...]
    tokens: tuple[Token, ...]
    ends: tuple[int, ...]
    above: tuple[str, ...] = ()
    spaced: bool = False

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The tokens' texts; quotes of either kind are one, a last semicolon is none."""
        words = [
            f'"{token.text[1:-1]}"' if token.text[0] == "'" else token.text for token in self.tokens
        ]
        while words[1:] and words[-1] == ";":
            del words[-1]
        return tuple(words)

    @cached_property
    def full_code(self) -> str:
        """The tokens on one line, with a space only between two words."""
        return re.sub(r"(?<=\w) (?!\w)|(?<!\w) ", "", " ".join(self.words))

    @cached_property
    def code(self) -> str:
        """The first LONGEST characters of ``full_code``: what patterns look at."""
        return self.full_code[:LONGEST]

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The names that it assigns to: ``trX, trY = ...`` has two."""
        match = re.match(r"\(?(?:self\.)?(\w+(?:,\w+)*)\)?[-+*/]?=(?!=)", self.code)
        return tuple(match[1].split(",")) if match else ()

    @property
    def indent(self) -> int:
        """The column at which it begins."""
        return indent(self.lines[0])


def indent(line: str) -> int:
    """Return the number of spaces that a line begins with."""
    return len(line) - len(line.lstrip())


def read_own(path: Path) -> list[Statement]:
    """Return the statements of one of the package's own files."""
    text = path.read_text(encoding="utf-8")
    return cut(text, path.name, [Place(0, n + 1) for n in range(text.count("\n") + 1)])


def read_source(source: Source) -> list[Statement]:
    """Return the statements of a reader's program."""
    text = source.text.replace("\f", " ")
    mixed = re.search(r"(?m)^ {4}", text) and re.search(r"(?m)^ *\t", text)
    text = text.expandtabs(8 if mixed else 4)  # Python 2 counted 8
    text = "".join(  # nothing that could steer a terminal
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cf") and c != "\n" else c
        for c in text
    )
    return cut(text, Path(source.name).name, source.places)


def cut(text: str, file: str, places: Sequence[Place]) -> list[Statement]:
    """Cut a program's text into statements, docstrings left out. Any text will do.

    ``places`` are those of its lines.
    """
    lines = text.split("\n")
    found: list[Statement] = []
    tokens: list[Token] = []
    above: list[str] = []
    depth, first, spaced = 0, 1, False
    line, column = 1, 0

    def end() -> None:
        nonlocal tokens, above, spaced
        if tokens and not all(token.text[-1] in "\"'" for token in tokens):
            where = file, first, places[first - 1]
            found.append(_statement(where, lines, tokens, tuple(above), spaced))
        if tokens:
            tokens, above, spaced = [], [], False

    for match in _TOKEN.finditer(text):
        kind, piece = match.lastgroup, match.group()
        if column == 0 and depth and _STARTS.match(text, match.start()):
            depth = 0  # a bracket was left open above: do not take the whole file with it
            end()
        if kind == "newline":
            if not depth:
                if not tokens and not lines[line - 1].strip():
                    spaced, above = True, []
                end()
        elif kind == "comment":
            if not tokens:
                above.append(lines[line - 1])
        elif kind != "space":
            if not tokens:
                first = line
            tokens.append(Token(piece, line - first, column, column + len(piece)))
            depth = max(0, depth + (piece in "([{") - (piece in ")]}"))
        breaks = piece.count("\n")
        line += breaks
        column = len(piece) - piece.rfind("\n") - 1 if breaks else column + len(piece)
    end()
    return found


def _statement(
    where: tuple[str, int, Place],
    lines: Sequence[str],
    tokens: list[Token],
    above: tuple[str, ...],
    spaced: bool,
) -> Statement:
    """Return the statement of these tokens; ``where``: its file, first line and place."""
    first = where[1]
    last = first + tokens[-1].line + tokens[-1].text.count("\n")
    text = tuple(lines[first - 1 : last])
    ends = [0] * len(text)
    for token in tokens:
        inside = token.text.count("\n")  # the lines over which a long string continues
        for n in range(token.line, token.line + inside + 1):
            ends[n] = len(text[n]) if inside else token.end
    kept = tuple(_without_annotations(tokens))
    return Statement(*where, text, kept, tuple(ends), above, spaced)


def _without_annotations(tokens: list[Token]) -> Iterator[Token]:
    """Leave out what Python 2 did not have: ``def f(x: int) -> int:`` becomes ``def f(x):``."""
    depth, skipping = 0, False
    is_def = tokens[0].text == "def"
    for token in tokens:
        if is_def:
            if (depth, token.text) in ((1, ":"), (0, "->")):
                skipping = True
            elif skipping and (
                (depth == 1 and token.text in (",", "=", ")")) or (depth == 0 and token.text == ":")
            ):
                skipping = False
            depth += (token.text in "([{") - (token.text in ")]}")
        if not skipping:
            yield token


def parents(statements: Sequence[Statement]) -> list[tuple[int, ...]]:
    """Return for each statement the indices of those in whose blocks it stands, outermost first."""
    found: list[tuple[int, ...]] = []
    open_blocks: list[int] = []
    for n, statement in enumerate(statements):
        while open_blocks and statements[open_blocks[-1]].indent >= statement.indent:
            open_blocks.pop()
        found.append(tuple(open_blocks))
        if statement.words[-1] == ":":
            open_blocks.append(n)
    return found


def split(code: str) -> list[str]:
    """Cut what is in a bracket at its commas; it ends with the bracket, if that is there."""
    parts, depth, start = [], 0, 0
    for n, sign in enumerate(code):
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0 or (sign == "," and not depth):
            parts.append(code[start:n])
            start = n + 1
        if depth < 0:
            break
    else:
        parts.append(code[start:])
    return [part for part in parts if part]
