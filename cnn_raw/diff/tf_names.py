"""Names and arguments of TensorFlow 0.x and 1.x that TensorFlow 2 lacks, and what it has instead.

What it has is read from its files (``tf_api``). What a name or an argument became is in the table
(``names``) or, for the names that it leaves out, in TensorFlow's upgrade script.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from cnn_raw.diff import tf_api
from cnn_raw.diff.names import ROWS, Row
from cnn_raw.diff.reason import Reason
from cnn_raw.diff.reasons import BY_KEY
from cnn_raw.diff.statements import Statement, split

_BY_NAME = {row.old: row for row in ROWS}


class Missing(NamedTuple):
    """A name that TensorFlow 2 lacks. Names leave out ``tf.``."""

    name: str
    module: str  # the Python module that was asked for it
    attribute: str  # and what it lacks
    instead: str  # what TensorFlow 2 has: a name with tf., or words; "" if that is not known
    renamed: bool  # is ``instead`` the same operation under another name?

    @property
    def error(self) -> str:
        """What Python says."""
        if not self.module:
            return f"ModuleNotFoundError: No module named '{self.attribute}'"
        return f"AttributeError: module '{self.module}' has no attribute '{self.attribute}'"


def aliases(statements: Sequence[Statement]) -> dict[str, str]:
    """Return what a program calls TensorFlow: ``tf``, and whatever it imports it as.

    The values are what has to be put before a name: "" or "compat.v1.".
    """
    found = {"tf": ""}
    for statement in statements:
        match = re.match(r"import tensorflow((?:\.\w+)*) as (\w+)$", statement.code)
        if match:
            found[match[2]] = f"{match[1][1:]}." if match[1] else ""
        elif statement.code == "import tensorflow":
            found["tensorflow"] = ""
    return found


def reasons_in(statement: Statement, called: dict[str, str]) -> list[Reason]:
    """Return why the names and arguments in a statement are others today. ``called``: aliases."""
    code = re.sub(r'"[^"\n]*"', '""', statement.code)
    found = [_module_reason(code)] if re.match(r"(import|from) tensorflow\.", code) else []
    if not re.match(r"(import|from) ", code):
        for match in re.finditer(r"(?<![\w.])(\w+)\.(\w+(?:\.\w+)*)", code):
            if match[1] in called:
                name = called[match[1]] + match[2]
                row, given = _row(name), split(code[match.end() + 1 :])
                if row and row.when == "flags" and not _is_old(row, given):
                    row = None
                else:
                    found.append(reason_for(name))
                if code[match.end() :][:1] == "(" and row is None:
                    found += _of_arguments(name, given)
    return list(dict.fromkeys(reason for reason in found if reason))


def reason_for(name: str) -> Reason | None:
    """Return why a name without ``tf.`` is another one today; None if it is as it was."""
    row, gone = _row(name.removeprefix("compat.v1.")), missing(name)
    if row and row.reason:
        return BY_KEY[row.reason]
    if gone:
        return _gone(gone)
    if row and row.today and not name.startswith("compat.v1."):
        return Reason(
            key=f"tf.{name}",
            title=f"tf.{name} works differently in TensorFlow 2",
            old=f"tf.{name}",
            new=row.today,
            why="The name still exists, but what it does has changed.",
            wrong="An error, or a result that is not that of 2016.",
        )
    return None


@cache
def _gone(name: Missing) -> Reason:
    if name.renamed:
        title, why = f"tf.{name.name} is now {name.instead}", "The same operation, renamed."
    elif name.instead or tf_api.was_there(name.name):
        title = f"TensorFlow 2 has no tf.{name.name}"
        why = "It was removed in TensorFlow 2.0; tf.compat.v1 may still have it, for a Session."
    else:
        title = f"Neither TensorFlow 2 nor 1.x has tf.{name.name}"
        why = "The name is misspelled, or belongs to a release that is not known here."
    new = name.instead or "another way to do the same"
    return Reason(f"tf.{name.name}", title, f"tf.{name.name}", new, why, f"{name.error}.")


def _module_reason(code: str) -> Reason | None:
    """Return the reason for a statement that imports a module that TensorFlow 2 lacks."""
    path = re.split(r" import\b|\bas\b|,", code.partition(" ")[2])[0].strip()
    name = path.removeprefix("tensorflow.")
    row = _row(name)
    gone = "" if tf_api.is_module(path) else tf_api.first_missing(path)
    if not gone:
        return None
    return (
        BY_KEY[row.reason]
        if row and row.reason
        else _gone(Missing(name, "", gone, *_instead(name)))
    )


def _row(name: str) -> Row | None:
    """Return the row that says what to write for a name: its own, or that of its module."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        row = _BY_NAME.get(".".join(parts[:n]))
        if row and (row.today or row.reason):
            return row
    return None


@cache
def missing(name: str) -> Missing | None:
    """Return what TensorFlow 2 lacks of a dotted name without ``tf.``; None if it has it.

    Attributes of functions and classes are not looked up.
    """
    module: tuple[str, ...] = ()
    for part in name.split("."):
        names = tf_api.names_of(module)
        if names is None:
            return None  # an attribute of a function or a class
        if part not in names:
            return Missing(name, tf_api.python_name(module), part, *_instead(name))
        module = (*module, part)
    return None


def _instead(name: str) -> tuple[str, bool]:
    """Return what TensorFlow 2 has instead, and if it is the same operation."""
    row = _BY_NAME.get(name)
    if row and row.today:
        return row.today, False
    if row and row.new[:1] not in ("", ":", "@") and row.new != name:
        return _instead(row.new) if missing(row.new) else (f"tf.{row.new}", True)
    new = tf_api.renames().get(f"tf.{name}", "")
    if new and not new.startswith("tf.compat.v1.") and not missing(new.removeprefix("tf.")):
        return new, True
    row = _row(name)
    return (row.today, False) if row else ("", False)


def _of_arguments(name: str, given: Sequence[str]) -> Iterator[Reason]:
    """Yield a reason for each argument of a call that TensorFlow 2 does not take so."""
    new = name
    if gone := missing(name):
        new = gone.instead.removeprefix("tf.") if gone.renamed else ""
    row = _BY_NAME.get(name, Row(name))
    there = name if row.new[:1] in ("", ":", "@") else row.new
    old, today = tf_api.parameters(there, old=True), tf_api.parameters(new, old=False)
    keywords = dict(pair.split("=") for pair in row.keywords.split())
    if today is None or (old is None and not row.order):
        return
    order = row.order.split() if row.order and _is_old(row, given) else old or ()
    place = list(order if old is None else old)

    def became(argument: str) -> str:
        """Its name today, "" if there is none."""
        argument = keywords.get(argument, argument)
        renamed = tf_api.argument_renames().get(f"tf.{name}", {})
        if argument in today:
            return argument
        if argument in renamed:
            return renamed[argument] if renamed[argument] in today else ""
        at = place.index(argument) if argument in place else len(today)
        return today[at] if at < len(today) and today[at] not in place else ""

    moved = False
    written = []
    for n, value in enumerate(given):
        keyword = re.match(r"(\w+)=(?!=)", value)
        if keyword:
            argument = became(keyword[1])
            if argument != keyword[1] and (keyword[1] in place or keyword[1] in keywords):
                yield _of_keyword(name, keyword[1], argument)
        elif value[:1] == "*" or n >= len(order):
            break
        else:
            argument = became(order[n])
            moved |= n >= len(today) or today[n] != argument
            written.append(f"{argument}=..." if argument else "")
    if moved:
        yield Reason(
            key=f"tf.{name}(...)",
            title=f"tf.{name} takes its arguments in another order",
            old=f"tf.{name}({', '.join(order[: len(written)])})",
            new=f"tf.{new}({', '.join(filter(None, written))})",
            why="Their places changed; their names say what they are.",
            wrong="An error, or another result without one.",
        )


def _is_old(row: Row, given: Sequence[str]) -> bool:
    """Has a call the order, or the meaning, that 0.x had? The text alone has to say."""
    if row.when == "dimension":
        return bool(given) and given[0].isdigit()
    if row.when == "flags":
        return any(re.match(r"(dims=)?\[?(True|False)\b", argument) for argument in given)
    if row.when in ("labels", "name"):
        at = row.order.split().index(row.when)
        looks = {"labels": r"(?i).*label", "name": '"'}[row.when]
        return at < len(given) and bool(re.match(looks, given[at]))
    return True


def _of_keyword(name: str, old: str, new: str) -> Reason:
    return Reason(
        key=f"tf.{name}({old})",
        title=f"tf.{name}: {old} is now {new}" if new else f"tf.{name} no longer has {old}",
        old=f"tf.{name}({old}=...)",
        new=f"tf.{name}({new}=...)" if new else f"tf.{name} without it",
        why="The argument was renamed." if new else "The argument was removed.",
        wrong=f"TypeError: got an unexpected keyword argument '{old}'.",
    )
