"""What a diff is made of: rows of statements that do the same, each with what explains it."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from cnn_raw.twin.mistakes import Mistake
from cnn_raw.twin.program import Step
from cnn_raw.twin.reason import YOURS, Reason
from cnn_raw.twin.reasons import REASONS
from cnn_raw.twin.source import Source
from cnn_raw.twin.statements import Statement, Token


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
