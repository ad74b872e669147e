"""``cnn-raw diff`` in a terminal or a pipe: two columns where they fit, else one."""

from collections.abc import Iterator
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from cnn_raw.twin.diff import Diff, Line, Row, fold_title, side_lines
from cnn_raw.twin.reason import Reason
from cnn_raw.twin.reasons import NOT_TENSORFLOWS, REASONS

TWO_COLUMNS = 110  # a terminal at least this wide shows the programs side by side
_HANG = 4  # columns by which the rest of a line that does not fit is set in
_DIM = "dim"
_SIGN = "bold yellow"


def show(diff: Diff, console: Console) -> None:
    """Print the rows, then the reasons that they are numbered with."""
    layout = _TwoColumns if console.width >= TWO_COLUMNS else _OneColumn
    out = layout(console.width, diff)
    summary = _wrapped(Text(_summary(diff)), min(console.width, 100), 0)
    legend = _wrapped(Text(out.LEGEND, _DIM), console.width, 0)
    body = *out.head(diff), *_body(diff, out)
    for text in (*legend, Text(), *body, Text(), *summary, Text(), *_reasons(diff, console)):
        text.rstrip()
        console.print(text, soft_wrap=True, highlight=False)


def _summary(diff: Diff) -> str:
    left = f"{diff.statements} statements of {diff.name}"
    counts = ((" ", "the same"), ("~", "changed"), ("-", "gone"), (".", "without a counterpart"))
    numbers = ", ".join(f"{diff.count(sign)} {words}" for sign, words in counts)
    return f"{left}: {numbers}. {len(diff.reasons)} reasons:"


def _body(diff: Diff, out: "_TwoColumns | _OneColumn") -> Iterator[Text]:
    told = set()
    for row in diff.rows:
        if any(statement.spaced for statement in row.left):
            yield Text()
        if row.sign == ".":
            yield from out.fold(row)
            continue
        yield from out.row(row)
        for number in row.reasons:
            if number not in told:
                told.add(number)
                yield from out.reason(number)


class _TwoColumns:
    """2016 | sign and numbers | TensorFlow 2"""

    LEGEND = "~ changed   - only in 2016   + only in TensorFlow 2   . no counterpart, not shown"
    PLACES = 3, 9  # columns for the line numbers of either side

    def __init__(self, width: int, diff: Diff):
        self.width = width
        self.middle = max(len(_numbered(row)) for row in diff.rows)
        self.code = (width - sum(self.PLACES) - self.middle - 4) // 2

    def head(self, diff: Diff) -> Iterator[Text]:
        right = Text.assemble(" " * (self.PLACES[1] + 1), ("cnn.py and train.py", "bold"))
        yield self._line(Text(f"    {diff.name}", "bold"), "", right)

    def row(self, row: Row) -> Iterator[Text]:
        left = self._column(row, row.left, 0)
        right = self._column(row, row.right, 1)
        middle = _numbered(row)
        width = self.PLACES[0] if left else self.PLACES[1]
        numbered = (n for n, line in enumerate(left or right) if line.plain[:width].strip())
        first = next(numbered)  # not a comment
        for n, (one, other) in enumerate(zip_longest(left, right, fillvalue=Text())):
            yield self._line(one, middle if n == first else row.sign, other)

    def fold(self, row: Row) -> Iterator[Text]:
        return self._across(Text(f".  {fold_title(row)}", _DIM), 3)

    def reason(self, number: int) -> Iterator[Text]:
        return self._across(_title(number), 4)

    def _across(self, text: Text, hang: int) -> Iterator[Text]:
        """Lines that start in the middle and have all the room to the right of it."""
        start = self.PLACES[0] + self.code + 2
        for line in _wrapped(text, self.width - start, hang):
            yield Text.assemble(" " * start, line)

    def _column(self, row: Row, side: tuple, which: int) -> list[Text]:
        width, colour = self.PLACES[which], ("red", "green")[which]
        return [
            Text.assemble((f"{place:>{width}} ", _DIM), code)
            for line in side_lines(row, side)
            for place, code in _code(line, self.code, colour)
        ]

    def _line(self, left: Text, middle: str, right: Text) -> Text:
        gap = self.PLACES[0] + 1 + self.code - cell_len(left.plain)
        return Text.assemble(left, " " * (gap + 1), (f"{middle:<{self.middle}}", _SIGN), " ", right)


class _OneColumn:
    """Old lines above new ones, as in a patch; what is the same stands once."""

    LEGEND = "- 2016   + TensorFlow 2   [1] the reason   . no counterpart, not shown"
    PLACE = 10  # columns for the line numbers

    def __init__(self, width: int, _: Diff):
        self.width = width
        self.code = width - self.PLACE - 3

    def head(self, diff: Diff) -> Iterator[Text]:
        yield Text(f"- {diff.name}", "bold")
        yield Text("+ cnn.py and train.py", "bold")

    def row(self, row: Row) -> Iterator[Text]:
        if row.sign == " ":  # once is enough
            yield from self._side(" ", row, row.left, "")
            return
        lines = [*self._side("-", row, row.left, "red"), *self._side("+", row, row.right, "green")]
        numbers = Text(" ".join(f"[{_number(n)}]" for n in row.reasons), _SIGN)
        room = self.width - len(numbers)
        if cell_len(lines[-1].plain) + 2 > room:
            lines.append(Text())
        last = lines.pop()
        yield from lines
        yield Text.assemble(last, " " * (room - cell_len(last.plain)), numbers)

    def _side(self, sign: str, row: Row, side: tuple, colour: str) -> Iterator[Text]:
        for line in side_lines(row, side):
            for place, code in _code(line, self.code, colour):
                yield Text.assemble((sign, _SIGN), (f"{place:>{self.PLACE}}  ", _DIM), code)

    def fold(self, row: Row) -> Iterator[Text]:
        for line in _wrapped(Text(fold_title(row), _DIM), self.width - 2, self.PLACE + 1):
            yield Text.assemble((". ", _SIGN), line)

    def reason(self, number: int) -> Iterator[Text]:
        for line in _wrapped(_title(number), self.code, 4):
            yield Text.assemble(" " * (self.PLACE + 3), line)


def _code(line: Line, width: int, colour: str) -> Iterator[tuple[str, Text]]:
    """Yield (place, text) for a line, folded if it must be; a comment without room is left out."""
    text = Text(line.text)
    text.stylize(_DIM, line.end)
    for start, end in line.marks:
        text.stylize(f"bold underline {colour}", start, end)
    if line.end and cell_len(line.text) > width:
        text = text[: line.end]
    text = text[min(line.loose, max(0, cell_len(text.plain) - width)) :]
    indent = len(text.plain) - len(text.plain.lstrip())
    place = line.place
    for part in _wrapped(text, width, min(indent + _HANG, width // 2)):
        yield place, part
        place = ""


def _wrapped(text: Text, width: int, hang: int) -> Iterator[Text]:
    """Break a text at spaces, or where it must be; the later lines are set in by ``hang``."""
    plain, start, room = text.plain, 0, width
    indent = ""
    while cell_len(plain[start:]) > room:
        end = start + room
        while cell_len(plain[start:end]) > room:
            end -= 1
        best = max(plain.rfind(" ", start, end), plain.rfind("(", start, end)) + 1
        if plain[start:best].strip():
            end = best
        yield Text.assemble(indent, text[start:end])
        start = end
        indent, room = " " * hang, width - hang
    yield Text.assemble(indent, text[start:])


def _numbered(row: Row) -> str:
    return f"{row.sign} {' '.join(map(_number, row.reasons))}"


def _number(number: int) -> str:
    return str(number or "*")


def _title(number: int) -> Text:
    reason = REASONS[number - 1] if number else NOT_TENSORFLOWS
    return Text(f"{_number(number):>2}  {reason.title}", "italic")


def _reasons(diff: Diff, console: Console) -> Iterator[Text]:
    width = min(console.width, 100)
    for number in diff.reasons:
        reason: Reason = REASONS[number - 1] if number else NOT_TENSORFLOWS
        yield from _wrapped(Text(f"{_number(number):>2}  {reason.title}", "bold"), width, 4)
        parts = (
            ("2016", _form(reason.old, reason.where)),
            ("TF2", _form(reason.new, reason.where)),
            ("why", reason.why),
            ("if you get it wrong", reason.wrong),
        )
        for name, words in parts:
            if words:  # NOT_TENSORFLOWS has no forms
                text = Text.assemble((f"    {name}: ", _DIM), words)
                yield from _wrapped(text, width, 6)
        yield Text()


def _form(code: str, where: str) -> str:
    return f"{code} ({where})" if where and code else code
