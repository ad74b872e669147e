"""One reason why a line of the 2016 program is another line in TensorFlow 2."""

import re
from collections.abc import Iterable
from typing import NamedTuple


class Reason(NamedTuple):
    """One thing that TensorFlow 2, or a program that is no script, changes.

    ``left`` and ``right`` are regular expressions over ``Statement.code``, a statement without its
    spaces and comments. A reason explains a change if its 2016 side matches ``left`` or its
    TensorFlow 2 side matches ``right``.
    """

    key: str  # names the reason's test, and its place on the page
    title: str  # one line, without a full stop
    old: str  # the 2016 form
    new: str  # the TensorFlow 2 form
    why: str
    wrong: str  # what happens if you get it wrong
    where: str = ""  # where both forms stand, if not in the program
    left: str = r"(?!)"  # matches nothing
    right: str = r"(?!)"
    says: str = r"(?!)"  # a regular expression for what Python or TensorFlow says then
    notebook: str = ""  # the name of the notebook that shows it


def table(reasons: Iterable[Reason]) -> str:
    """Return the reasons as a Markdown table, one per row."""
    header = ("2016", "TensorFlow 2", "why", "if you get it wrong")
    rows = [header, ("---",) * len(header)]
    for reason in reasons:
        forms = _form(reason.old, reason.where), _form(reason.new, reason.where)
        rows.append((*forms, _cell(reason.why), _cell(reason.wrong)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _form(code: str, where: str) -> str:
    """A form as Markdown code, if it is code at all, and where it stands."""
    text = f"`{code}`".replace("|", "\\|") if re.search("[(=@_]", code) else _cell(code)
    return f"{text} ({where})" if where else text


def _cell(text: str) -> str:
    for sign in "\\|_*<":
        text = text.replace(sign, f"\\{sign}")
    return text


YOURS = Reason(
    key="yours",
    title="Yours: no edition of the tutorial has this",
    old="",
    new="",
    why="The tutorial was copied from 2015 to 2019 in four editions. None of them has these "
    "statements.",
    wrong="",
)

EDITIONS = Reason(
    key="editions",
    title="The editions of the tutorial differ here; TensorFlow 2 does not ask for it",
    old="",
    new="",
    why="cnn.py and train.py follow the lesson of 2016.",
    wrong="",
)
