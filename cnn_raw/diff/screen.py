"""``cnn-raw diff`` in a terminal or a pipe, two columns where they fit, else one; and as JSON."""

import json
from collections.abc import Iterator
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cnn_raw.diff.mistakes import other_data
from cnn_raw.diff.reason import YOURS, Reason
from cnn_raw.diff.rows import Diff, Line, Row, Sign, fold_title, place, side_lines
from cnn_raw.diff.statements import indent
from cnn_raw.text import translate

TWO_COLUMNS = 110  # a terminal at least this wide shows the programs side by side
FRAGMENT = 40  # statements; the smallest edition of the whole tutorial has 46
NARROWEST = 24  # columns; a narrower terminal breaks the lines itself
_DIM, _SIGN, _WRONG = "dim", "bold yellow", "bold red"


def show(diff: Diff, console: Console) -> None:
    """Print what is yours and what is wrong, then both programs, then the reasons."""
    console.width = max(console.width, NARROWEST)
    two = console.width >= TWO_COLUMNS
    programs = _two_columns(diff, console.width) if two else _one_column(diff, console.width)
    parts = [
        Text(summary(diff)), *_mistakes(diff), *_yours(diff, console.width),
        Text(_legend(diff, two), _DIM), programs, _reasons(diff),
    ]  # fmt: skip
    for part in parts:
        with console.capture() as capture:
            console.print(part, highlight=False)
        for line in capture.get().splitlines():
            print(line.rstrip(), file=console.file)
        print(file=console.file)


def summary(diff: Diff) -> str:
    """Return how many statements of the left changed, and how many are yours."""
    signs = (Sign.SAME, Sign.CHANGED, Sign.ONLY_2016, Sign.APART)
    counts = ", ".join(translate(f"{diff.count(sign)} {sign.words}") for sign in signs)
    text = translate(f"{diff.name}: {len(diff.left)} statements: {counts}.")
    if diff.yours:
        number = sum(len(row.left) for row in diff.yours)
        text += " " + translate(
            "1 is yours: in no edition of the tutorial."
            if number == 1
            else f"{number} are yours: in no edition of the tutorial."
        )
    if diff.yours and (data := other_data(diff.left, diff.pairs)):
        data = ", ".join(map(translate, data.split(", ")))
        text += " " + translate(f"This is another program, made from the tutorial: {data}.")
    elif len(diff.pairs) == len(diff.left) < FRAGMENT:
        text += " " + translate("This is a part of the tutorial.")
    return text + "".join(f" ({translate(note)})" for note in diff.source.notes)


def _legend(diff: Diff, two: bool) -> str:
    if two:
        text = translate("~ changed   - only in 2016   + only in TensorFlow 2   . no counterpart")
    else:
        text = translate("- 2016   + TensorFlow 2   [1] the reason   . no counterpart")
    yours = f"   * {translate('yours')}" if diff.yours else ""
    return text + yours + (f"   ! {translate('wrong')}" if diff.mistakes else "")


def _grid(*widths: int, fill: tuple[int, ...]) -> Table:
    """Return a table without lines; the columns in ``fill`` share the room that is left."""
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    for n, width in enumerate(widths):
        if n in fill:
            grid.add_column(ratio=1, overflow="fold")
        else:
            grid.add_column(width=width, overflow="fold")
    return grid


def _mistakes(diff: Diff) -> Iterator[RenderableType]:
    if diff.mistakes:
        grid = _grid(1, 8, 0, fill=(2,))
        for mistake in diff.mistakes:
            more = f" [{diff.number(mistake.reason)}]" if mistake.reason else ""
            where = Text(place(mistake.statement), _DIM)
            grid.add_row(Text("!", _WRONG), where, Text(f"{translate(mistake.text)}{more}"))
        yield Text(translate("Mistakes"), "bold")
        yield grid


def _yours(diff: Diff, width: int) -> Iterator[RenderableType]:
    if diff.yours or diff.left_out:
        grid = _grid(1, 8, 0, fill=(2,))
        for step in diff.left_out:
            grid.add_row(Text("-", _SIGN), Text(translate("left out"), _DIM), Text(step.forms[0]))
        for row in diff.yours:
            where = Text(place(row.left[0]), _DIM)
            if row.sign is Sign.APART and len(row.left) > 1:
                grid.add_row(Text("*", _SIGN), "", Text(fold_title(Row(Sign.APART, row.left))))
                continue
            only = Row(row.sign, row.left, own=row.own)
            for n, line in enumerate(line for line in side_lines(only, row.left) if line.place):
                mark = Text("*" if not n else "", _SIGN)
                grid.add_row(mark, where if not n else "", _code(line, "red", width - 11))
            if row.edition:
                grid.add_row("", "", Text(f"    {translate('the tutorial')}: {row.edition}", _DIM))
        yield Text(translate("Yours"), "bold")
        yield grid


def _two_columns(diff: Diff, width: int) -> Table:
    """2016 | sign and numbers | TensorFlow 2"""
    middle = max((len(_numbered(diff, row)) for row in diff.rows), default=1)
    widest = max((len(place(statement)) for statement in diff.left), default=1)
    room = (width - widest - middle - 9 - 5) // 2
    grid = _grid(widest, 0, middle, 9, 0, fill=(1, 4))
    grid.columns[0].justify = grid.columns[3].justify = "right"
    grid.add_row(
        "", Text(diff.name, "bold"), "", "", Text(translate("cnn.py and train.py"), "bold")
    )
    told: set[Reason] = set()
    for row in diff.rows:
        if any(statement.spaced for statement in row.left):
            grid.add_row()
        if row.sign is Sign.APART and row.left in ((), *(r.left for r in diff.yours)):
            left, right = (_fold(row, side) for side in (row.left, row.right))
            grid.add_row("", left, Text("." + " *" * row.is_yours, _DIM), "", right)
            continue
        sides = [list(side_lines(row, side)) for side in (row.left, row.right)]
        numbered = Text(_numbered(diff, row), _SIGN)
        for one, other in zip_longest(*sides):
            cells = [
                cell
                for line, colour in ((one, "red"), (other, "green"))
                for cell in ((Text(line.place, _DIM), _code(line, colour, room))
                             if line else ("", ""))
            ]  # fmt: skip
            first = (one and one.place) or (not one and other and other.place)
            grid.add_row(*cells[:2], numbered if first else Text(row.sign.value, _SIGN), *cells[2:])
            numbered = Text(row.sign.value, _SIGN) if first else numbered
        for text in _told(diff, row, told):
            grid.add_row("", "", "", "", text)
    return grid


def _one_column(diff: Diff, width: int) -> Table:
    """Old lines above new ones, as in a patch; what is the same stands once."""
    grid = _grid(1, 9, 0, fill=(2,))
    grid.columns[1].justify = "right"
    for sign, name in (("-", diff.name), ("+", translate("cnn.py and train.py"))):
        grid.add_row(Text(sign, _SIGN), "", Text(name, "bold"))
    told: set[Reason] = set()
    for row in diff.rows:
        if any(statement.spaced for statement in row.left):
            grid.add_row()
        if row.sign is Sign.APART and row.left in ((), *(r.left for r in diff.yours)):
            grid.add_row(Text(".", _SIGN), "*" * row.is_yours, Text(fold_title(row), _DIM))
            continue
        same = row.sign is Sign.SAME  # once is enough
        for sign, side, colour in (("-", row.left, "red"), ("+", row.right, "green")):
            for line in side_lines(row, side) if not (same and sign == "+") else ():
                code = _code(line, colour, width - 13)
                grid.add_row(Text(" " if same else sign, _SIGN), Text(line.place, _DIM), code)
        if row.reasons:
            numbers = " ".join(f"[{diff.number(reason)}]" for reason in row.reasons)
            grid.add_row("", "", Text(numbers, _SIGN, justify="right"))
        for text in _told(diff, row, told):
            grid.add_row("", "", text)
    return grid


def _told(diff: Diff, row: Row, told: set[Reason]) -> Iterator[Text]:
    """Yield what is said under a row: its mistakes, and reasons that no row above has."""
    for mistake in diff.mistakes:
        if mistake.statement in row.left:
            yield Text(f"!  {translate(mistake.text)}", _WRONG)
    for reason in row.reasons:
        if reason is not YOURS and reason not in told:
            told.add(reason)
            yield Text(f"{diff.number(reason)}  {translate(reason.title)}", "italic")


def _fold(row: Row, side: tuple) -> Text:
    return Text(fold_title(Row(row.sign, *((side, ()) if side is row.left else ((), side)))), _DIM)


def _code(line: Line, colour: str, width: int) -> RenderableType:
    """Return a line; what does not fit continues below, as far in as it, a comment first."""
    text = Text(line.text)
    text.stylize(_DIM, line.end)
    for start, end, own in line.marks:
        text.stylize(f"bold underline {'yellow' if own else colour}", start, end)
    margin = indent(line.text)
    parts = [text[margin:]]
    if line.end and cell_len(line.text) > width:
        parts = [text[margin : line.end], Text(line.text[line.end :].strip(), _DIM)]
    return Group(*(Padding(part, (0, 0, 0, min(margin, 16))) for part in parts if part))


def _numbered(diff: Diff, row: Row) -> str:
    return " ".join((row.sign.value, *map(diff.number, row.reasons)))


def _reasons(diff: Diff) -> Table:
    grid = _grid(3, 0, fill=(1,))
    grid.columns[0].justify = "right"
    for reason in diff.reasons:
        grid.add_row(Text(diff.number(reason)), Text(translate(reason.title), "bold"))
        for name, words in described(reason):
            grid.add_row("", Text.assemble((f"{name}: ", _DIM), words))
        grid.add_row()
    return grid


def described(reason: Reason) -> list[tuple[str, str]]:
    """Return what there is to say of a reason: names, and words that are not empty."""
    where = f" ({translate(reason.where)})" if reason.where else ""
    parts = (
        ("2016", reason.old and translate(reason.old) + where),
        ("TensorFlow 2", reason.new and translate(reason.new) + where),
        (translate("why"), translate(reason.why)),
        (translate("if you get it wrong"), translate(reason.wrong)),
    )
    return [(name, words) for name, words in parts if words]


def as_json(diff: Diff) -> str:
    """Return all of it as one JSON object."""

    def lines(row: Row, side: tuple) -> list[dict]:
        return [{"place": place(s, 0, side is row.right), "text": "\n".join(s.lines)} for s in side]

    return json.dumps(
        {
            "file": diff.source.name,
            "notes": list(diff.source.notes),
            "other data": other_data(diff.left, diff.pairs) or None,
            "statements": len(diff.left),
            "counts": {sign.words: diff.count(sign) for sign in Sign if sign is not Sign.ONLY_TF2},
            "left out": [step.forms[0] for step in diff.left_out],
            "mistakes": [
                {
                    "place": place(mistake.statement),
                    "text": mistake.text,
                    "reason": mistake.reason and mistake.reason.key,
                }
                for mistake in diff.mistakes
            ],
            "rows": [
                {
                    "sign": row.sign.words,
                    "2016": lines(row, row.left),
                    "tensorflow 2": lines(row, row.right),
                    "yours": row.is_yours,
                    "tutorial": row.edition or None,
                    "reasons": [reason.key for reason in row.reasons if reason is not YOURS],
                }
                for row in diff.rows
            ],
            "reasons": [
                {
                    "number": diff.number(reason),
                    "key": reason.key,
                    "title": reason.title,
                    "2016": reason.old,
                    "tensorflow 2": reason.new,
                    "why": reason.why,
                    "if you get it wrong": reason.wrong,
                }
                for reason in diff.reasons
                if reason is not YOURS
            ],
        },
        ensure_ascii=False,
    )
