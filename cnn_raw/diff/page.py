"""``cnn-raw diff --html``: one page that needs no other file, for wide screens and for phones."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from cnn_raw import files, text
from cnn_raw.diff.reason import YOURS, Reason
from cnn_raw.diff.rows import Diff, Line, Mark, Row, Sign, fold_title, place, side_lines
from cnn_raw.diff.screen import described, summary
from cnn_raw.diff.statements import Statement, indent
from cnn_raw.text import translate

_KINDS = {Sign.SAME: "same", Sign.CHANGED: "changed", Sign.ONLY_2016: "gone",
          Sign.ONLY_TF2: "new", Sign.APART: "apart"}  # fmt: skip

PHONE = 34  # characters that a line of a phone's screen has: no empty line before a longer word
_STYLE = Path(__file__).with_suffix(".css")


def write_page(diff: Diff, path: str | Path) -> None:
    """Write the page to ``path``; an older page is replaced. Raises InputError if it cannot be."""
    files.write(path, page(diff), files.PAGE)


def page(diff: Diff) -> str:
    """Return the page, HTML5."""
    name = escape(diff.name)
    title = translate(f"{name} beside TensorFlow 2")
    told: set[Reason] = set()
    rows = "\n".join(_row(diff, row, told) for row in diff.rows)
    others = [reason for reason in diff.reasons if reason is not YOURS]
    reasons = "\n".join(_reason(diff, reason) for reason in others)
    return f"""<!DOCTYPE html>
<html lang="{text.language()}">
<head>
<meta charset="utf-8">
<meta name="generator" content="cnn-raw">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p>{escape(summary(diff))} {_legend()}</p>
</header>
<main>
{_mistakes(diff)}{_yours(diff)}<section aria-labelledby="programs">
<h2 id="programs">{translate("The two programs")}</h2>
<table role="table">
<colgroup><col><col class="why"><col></colgroup>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">{name}</th>
<th role="columnheader" scope="col">{translate("why")}</th>
<th role="columnheader" scope="col">{translate("cnn.py and train.py")}</th></tr></thead>
<tbody role="rowgroup">
{rows}
</tbody>
</table>
</section>
<section aria-labelledby="reasons">
<h2 id="reasons">{translate("The reasons")}</h2>
{reasons}
</section>
</main>
</body>
</html>
"""


def _legend() -> str:
    return translate(
        "Each statement stands beside the lines of cnn.py and train.py that do the same. What "
        "TensorFlow 2 <del>takes out</del> is struck through, what it <ins>puts in</ins> is "
        'underlined; the numbers lead to the <a href="#reasons">reasons</a>.'
    )


def _mistakes(diff: Diff) -> str:
    """The section of known mistakes, nothing if there are none."""
    if not diff.mistakes:
        return ""
    items = "".join(
        f'<li><a href="#{_id(mistake.statement)}">{_where(mistake.statement)}</a>: '
        f"{escape(translate(mistake.text))}"
        + (f" ({_link(diff, mistake.reason, False)})" if mistake.reason else "")
        + "</li>\n"
        for mistake in diff.mistakes
    )
    return (
        f'<section aria-labelledby="mistakes">\n<h2 id="mistakes">{translate("Mistakes")}</h2>\n'
        f'<ul class="wrong">\n{items}</ul>\n</section>\n'
    )


def _yours(diff: Diff) -> str:
    """The section of what no edition of the tutorial has, nothing if that is nothing."""
    if not (diff.yours or diff.left_out):
        return ""
    items = [
        f"<li>{translate('left out')}: <code>{escape(step.forms[0])}</code>"
        for step in diff.left_out
    ]
    for row in diff.yours:
        where = f'<a href="#{_id(row.left[0])}">{_where(row.left[0])}</a>'
        if row.sign is Sign.APART and len(row.left) > 1:
            items.append(f"<li>{where} <code>{escape(fold_title(Row(row.sign, row.left)))}</code>")
            continue
        only = Row(row.sign, row.left, own=row.own)
        margin = row.left[0].indent
        lines = [_moved(line, margin) for line in side_lines(only, row.left) if line.place]
        code = "".join(
            f'<span class="text" style="--in:{indent(line.text)}">'
            f"{''.join(_code(line, 'del'))}</span>"
            for line in lines
        )
        tutorial = (
            f'<span class="text old">{translate("the tutorial")}: {escape(row.edition)}</span>'
        )
        items.append(f"<li>{where} <code>{code}{tutorial if row.edition else ''}</code>")
    note = translate(
        "No edition of the tutorial has these statements, and all have those that are left out."
        if diff.left_out
        else "No edition of the tutorial has these statements."
    )
    return (
        f'<section aria-labelledby="yours">\n<h2 id="yours">{translate("Yours")}</h2>\n'
        f"<p>{note}</p>\n"
        f'<ul class="yours">\n{chr(10).join(items)}\n</ul>\n</section>\n'
    )


def _moved(line: Line, margin: int) -> Line:
    """A line without the first ``margin`` columns, which are empty."""
    marks = tuple(Mark(start - margin, end - margin, own) for start, end, own in line.marks)
    return Line(line.place, line.text[margin:], line.end - margin, marks)


def _where(statement: Statement) -> str:
    return escape(str(statement.place))


def _id(statement: Statement) -> str:
    return f"line-{place(statement).replace(':', '-')}"


def _row(diff: Diff, row: Row, told: set[Reason]) -> str:
    """A row of the table; ``told`` are the reasons that rows above have given."""
    kind = _KINDS[row.sign]
    if any(statement.spaced for statement in row.left):
        kind += " spaced"
    mistakes = [m for m in diff.mistakes if m.statement in row.left]
    if row.sign is Sign.APART and len(row.left) != 1:
        why = _own() if row.is_yours else ""
        return _cells(kind, row, _fold(Row(row.sign, row.left)), why,
                      _fold(Row(row.sign, (), row.right)))  # fmt: skip
    right = _side(row, row.right)
    if row.sign is Sign.APART:  # one statement of the reader's
        right = _fold(Row(row.sign, (), row.right))
    why = f'<span class="hidden">{translate(row.sign.words)}</span>'
    if row.reasons:
        links = " ".join(
            _link(diff, reason, reason not in told) for reason in row.reasons if reason is not YOURS
        )
        told.update(row.reasons)
        why = (
            f'<span class="sign" aria-hidden="true">{row.sign.value}</span>'
            f'<span class="hidden">{translate(row.sign.words)}: </span> '
            f"{_own() if row.is_yours else ''} {links}"
        )
    said = [escape(translate(mistake.text)) for mistake in mistakes]
    wrong = "".join(f'<strong class="wrong">{words}</strong>' for words in said)
    return _cells(kind, row, _side(row, row.left) + wrong, why, right)


def _own() -> str:
    return f'<span class="own">{translate("yours")}</span>'


def _fold(row: Row) -> str:
    """One side's statements without a counterpart, to be opened; nothing if there are none."""
    if not row.left and not row.right:
        return ""
    lines = _side(row, row.left) + _side(row, row.right)
    return f"<details><summary>{escape(fold_title(row))}</summary>{lines}</details>"


def _link(diff: Diff, reason: Reason, first: bool) -> str:
    number, kind = diff.number(reason), ' class="first"' if first else ""
    return (
        f'<a href="#reason-{number}"{kind} title="{escape(translate(reason.title))}">{number}</a>'
    )


def _cells(kind: str, row: Row, left: str, why: str, right: str) -> str:
    identity = f' id="{_id(row.left[0])}"' if row.left else ""
    return (
        f'<tr role="row" class="{kind}"{identity}><td role="cell" class="code old">{left}</td>'
        f'<td role="cell" class="why">{why}</td><td role="cell" class="code tf2">{right}</td></tr>'
    )


def _side(row: Row, side: tuple[Statement, ...]) -> str:
    tag = "ins" if side is row.right else "del"
    return "".join(_line(line, tag) for line in side_lines(row, side))


def _line(line: Line, tag: str) -> str:
    word = line.text.split(maxsplit=1)[:1]
    long = " long" if indent(line.text) + len("".join(word)) > PHONE else ""
    return (
        f'<span class="line{long}" style="--in:{indent(line.text)}">'
        f'<span class="place">{line.place}</span>'
        f'<span class="text">{"".join(_code(line, tag))}</span></span>'
    )


def _code(line: Line, changed: str) -> Iterator[str]:
    """The text of a line in pieces, what is marked in tags: ``changed``, or mark for yours."""
    at = 0
    for start, end, own in line.marks:
        tag = "mark" if own else changed
        yield escape(line.text[at:start])
        yield f"<{tag}>{escape(line.text[start:end])}</{tag}>"
        at = end
    rest = escape(line.text[at : line.end])
    yield rest.replace("-&gt;", '<span class="whole">-&gt;</span>')
    if comment := line.text[max(at, line.end) :]:
        yield f'<span class="comment">{escape(comment)}</span>'


def _reason(diff: Diff, reason: Reason) -> str:
    number = diff.number(reason)
    entries = "".join(
        f"<dt>{name}</dt><dd>{_words(name, words)}</dd>" for name, words in described(reason)
    )
    title = escape(translate(reason.title))
    return f'<article id="reason-{number}"><h3>{number}. {title}</h3><dl>{entries}</dl></article>'


def _words(name: str, words: str) -> str:
    return f"<code>{escape(words)}</code>" if name in _FORMS else escape(words)


_FORMS = ("2016", "TensorFlow 2")
