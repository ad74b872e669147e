"""``cnn-raw diff --html``: one page that needs no other file, for wide screens and for phones."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from cnn_raw import files
from cnn_raw.twin.diff import Diff, Line, Row, Statement, fold_title, side_lines
from cnn_raw.twin.reason import Reason
from cnn_raw.twin.reasons import NOT_TENSORFLOWS, REASONS

_SIGNS = {" ": "same", "~": "changed", "-": "only in 2016", "+": "only in TensorFlow 2"}

_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1c1c1c; --faint: #5c5c5c;
  --line: #d8d8d8; --shade: #f4f4f2; --old: #a01c1c; --old-ground: #fdeaea;
  --new: #14602c; --new-ground: #e6f6ea; --link: #0b4fa8; }
@media (prefers-color-scheme: dark) { :root { --ground: #161616; --text: #ececec;
  --faint: #a8a8a8; --line: #3a3a3a; --shade: #202020; --old: #ffa8a8; --old-ground: #3a1b1b;
  --new: #93e0a8; --new-ground: #15331f; --link: #92c0ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 110rem; background: var(--ground);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 0 0 .5rem; }
p { max-width: 48rem; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
code, .code, summary { font: .8125rem/1.5 ui-monospace, Menlo, Consolas, monospace;
  tab-size: 4; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
col.why { width: 6.5rem; }
th { text-align: left; padding: .4rem .5rem; background: var(--ground); position: sticky; top: 0;
  border-bottom: 2px solid var(--line); }
td { vertical-align: top; padding: .05rem .5rem; }
tr.spaced > td { padding-top: .9rem; }
tr.changed > td.code { background: var(--shade); }
tr.gone > td.old { background: var(--old-ground); }
tr.new > td.tf2 { background: var(--new-ground); }
.line { display: block; white-space: pre-wrap; overflow-wrap: anywhere;
  padding-left: calc(var(--in) * 1ch + 8.5ch); text-indent: calc(var(--in) * -1ch - 8.5ch); }
.place { display: inline-block; width: 3.5ch; margin-right: 1ch; color: var(--faint);
  text-align: right; text-indent: 0; user-select: none; }
.tf2 .line { padding-left: calc(var(--in) * 1ch + 14ch);
  text-indent: calc(var(--in) * -1ch - 14ch); }
.tf2 .place { width: 9ch; }
.comment { color: var(--faint); }
del { color: var(--old); background: var(--old-ground); font-weight: 700;
  text-decoration: line-through; }
ins { color: var(--new); background: var(--new-ground); font-weight: 700;
  text-decoration: underline; text-underline-offset: .2em; }
td.why { font-size: .875rem; line-height: 1.4; }
.why .sign { font-weight: 700; display: inline-block; min-width: 1.2ch; }
.why a { display: inline-block; min-width: 1.5rem; text-align: center; }
details { color: var(--faint); }
summary { cursor: pointer; overflow-wrap: anywhere; }
article { border-top: 1px solid var(--line); padding: 1rem 0; max-width: 60rem; }
article:target { background: var(--shade); outline: 2px solid var(--line); }
dl { margin: 0; display: grid; grid-template-columns: 9rem 1fr; gap: .35rem 1rem; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
@media (max-width: 60rem) {
  table, tbody, td { display: block; width: 100%; }
  thead { display: none; }
  tr, tr.spaced { display: flex; flex-direction: column; margin-top: .9rem; }
  tr:not(.spaced) { margin-top: 0; }
  td, tr.spaced > td { padding: .05rem 0; }
  td:empty, tr.same > .tf2, tr.same > .why { display: none; }
  .why { order: 3; }
  tr.changed, tr.gone, tr.new { border-left: 3px solid var(--line); padding-left: .4rem;
    margin-top: .6rem; }
  .line, .tf2 .line { padding-left: 0; text-indent: 0; }
  .text { display: block; padding-left: calc(var(--in) * 1ch + 2ch);
    text-indent: calc(var(--in) * -1ch - 2ch); }
  .place { display: none; }
  tr:not(.same, .fold) .line:first-child .place { display: block; width: auto; text-align: left; }
  tr.changed > .old .line:first-child .place::before, tr.gone .line:first-child .place::before
    { content: "- 2016 "; }
  tr.changed > .tf2 .line:first-child .place::before, tr.new .line:first-child .place::before
    { content: "+ "; }
  .why .sign { display: none; }
  .why a { min-width: 2.75rem; padding: .35rem; }
  .why a.first { display: block; text-align: left; }
  .why a.first::after { content: "  " attr(title); white-space: pre-wrap; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .6rem; }
}
"""


def write_page(diff: Diff, path: str | Path) -> None:
    """Write the page to ``path``; an older page is replaced. Raises InputError if it cannot be."""
    files.write(path, page(diff), files.PAGE)


def page(diff: Diff) -> str:
    """Return the page, HTML5."""
    name = escape(diff.name)
    title = f"{name} beside TensorFlow 2"
    told = set()
    rows = "\n".join(_row(row, told) for row in diff.rows)
    reasons = "\n".join(_reason(number) for number in diff.reasons)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="cnn-raw">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p>The 2016 convnet on MNIST, statement by statement, and the lines of cnn.py and train.py that do
the same. {diff.count(" ")} of {diff.statements} statements are the same, {diff.count("~")}
changed, {diff.count("-")} are gone. What was <del>taken out</del> is struck through, what was
<ins>put in</ins> is underlined; the numbers lead to the <a href="#reasons">reasons</a>.</p>
</header>
<main>
<section aria-labelledby="programs">
<h2 id="programs">The two programs</h2>
<table role="table">
<colgroup><col><col class="why"><col></colgroup>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">{name}</th>
<th role="columnheader" scope="col">why</th>
<th role="columnheader" scope="col">cnn.py and train.py</th></tr></thead>
<tbody role="rowgroup">
{rows}
</tbody>
</table>
</section>
<section aria-labelledby="reasons">
<h2 id="reasons">The reasons</h2>
{reasons}
</section>
</main>
</body>
</html>
"""


def _row(row: Row, told: set[int]) -> str:
    """A row of the table; ``told`` are the reasons that rows above have given."""
    spaced = " spaced" if any(statement.spaced for statement in row.left) else ""
    if row.sign == ".":
        return _cells(
            f"fold{spaced}", _fold(Row(".", row.left)), "", _fold(Row(".", (), row.right))
        )
    kind = {" ": "same", "~": "changed", "-": "gone", "+": "new"}[row.sign]
    if row.sign == " ":
        why = '<span class="hidden">same</span>'
    else:
        links = " ".join(_link(number, number not in told) for number in row.reasons)
        told.update(row.reasons)
        why = (
            f'<span class="sign" aria-hidden="true">{row.sign}</span>'
            f'<span class="hidden">{_SIGNS[row.sign]}: </span> {links}'
        )
    return _cells(f"{kind}{spaced}", _side(row, row.left), why, _side(row, row.right))


def _fold(row: Row) -> str:
    """One side's statements without a counterpart, to be opened; nothing if there are none."""
    if not row.left and not row.right:
        return ""
    lines = _side(row, row.left) + _side(row, row.right)
    return f"<details><summary>{escape(fold_title(row))}</summary>{lines}</details>"


def _link(number: int, first: bool) -> str:
    title = escape(_reason_of(number).title)
    kind = ' class="first"' if first else ""
    return f'<a href="#reason-{number}"{kind} title="{title}">{number or "*"}</a>'


def _cells(kind: str, left: str, why: str, right: str) -> str:
    return (
        f'<tr role="row" class="{kind}"><td role="cell" class="code old">{left}</td>'
        f'<td role="cell" class="why">{why}</td><td role="cell" class="code tf2">{right}</td></tr>'
    )


def _side(row: Row, side: tuple[Statement, ...]) -> str:
    tag = "ins" if side is row.right else "del"
    return "".join(_line(line, tag) for line in side_lines(row, side))


def _line(line: Line, tag: str) -> str:
    indent = len(line.text) - len(line.text.lstrip()) - line.loose
    return (
        f'<span class="line" style="--in:{indent}"><span class="place">{line.place}</span>'
        f'<span class="text">{"".join(_code(line, tag))}</span></span>'
    )


def _code(line: Line, tag: str) -> Iterator[str]:
    """The text of a line in pieces: what changed in ``tag``, a comment for itself."""
    at = line.loose
    for start, end in line.marks:
        yield escape(line.text[at:start])
        yield f"<{tag}>{escape(line.text[start:end])}</{tag}>"
        at = end
    yield escape(line.text[at : line.end])
    if comment := line.text[max(at, line.end) :]:
        comment = f"  {comment.lstrip()}" if line.end else comment  # without the columns
        yield f'<span class="comment">{escape(comment)}</span>'


def _reason(number: int) -> str:
    reason = _reason_of(number)
    forms = (("2016", reason.old), ("TensorFlow 2", reason.new))
    texts = (("why", reason.why), ("if you get it wrong", reason.wrong))
    items = [(name, _form(form, reason.where)) for name, form in forms if form]
    items += [(name, escape(text)) for name, text in texts if text]
    entries = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in items)
    return (
        f'<article id="reason-{number}"><h3>{number or "*"}. {escape(reason.title)}</h3>'
        f"<dl>{entries}</dl></article>"
    )


def _reason_of(number: int) -> Reason:
    return REASONS[number - 1] if number else NOT_TENSORFLOWS


def _form(code: str, where: str) -> str:
    return f"<code>{escape(code)}</code>" + (f" ({where})" if where else "")
