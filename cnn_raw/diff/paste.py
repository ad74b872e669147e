"""What comes with a pasted program and is not Python is taken away: prompts, numbers, prose.

Only on the evidence of the line itself: two names side by side, a curly quote or ``>>>`` outside
strings and comments are never Python. Anything else stays, also if it is wrong.
"""

import html
import keyword
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

QUOTED = 0.6  # share of lines; a program that is repeated as a whole imports anew
Line = tuple[Any, str]  # where it stood in the reader's file, and what it says

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>[rRbBuUfF]{0,2}(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}
        |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<curly>[\u201c\u201d\u201f\u201e][^\u201c\u201d"\n]*[\u201c\u201d"]
        |[\u2018\u2019\u201b][^\u2018\u2019'\n]*[\u2018\u2019'])
    |(?P<newline>\n)
    |(?P<joined>\\\n)
    |(?P<space>[^\S\n]+)
    |(?P<word>[^\W\d]\w*)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_STARTS = re.compile(r"(def|class|import|from|with|for|if)\b|[%!]")
_NOT_NAMES = {*keyword.kwlist, "print", "exec"}
_PLAIN = str.maketrans(
    {
        "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"',
        "\u2018": "'", "\u2019": "'", "\u201b": "'",
        "\u2013": "-", "\u2212": "-",
        **{c: " " for c in "\xa0\u2002\u2003\u2007\u2009\u202f\u3000"},
        **{c: None for c in "\u200b\u200c\u200d\u2060\ufeff\xad"},
    }
)  # fmt: skip
_STOPS = re.compile("[\u3001\u3002\uff0c\uff1b\uff01\uff1f]")  # Chinese and Japanese sentences


def clean(lines: list[Line]) -> tuple[list[Line], list[str]]:
    """Return the lines of the program, and in a few words each what was taken away."""
    notes = []
    for take_away, what in (
        (_out_of_html, "the HTML around the program"),
        (_without_prompts, "prompts and what they printed"),
        (_without_numbers, "line numbers"),
        (_without_prose, "the text around the program"),
    ):
        cleaned = take_away(lines)
        if cleaned != lines:
            notes.append(f"{what} left out")
            lines = cleaned
    lines, magics = without_magics(lines)
    if magics:
        lines_of = "1 line" if magics == 1 else f"{magics} lines"
        notes.append(f"{lines_of} of Jupyter's own (%, ! or ?) left out")
    return plain(lines), notes


def plain(lines: list[Line]) -> list[Line]:
    """Return the lines with straight quotes and plain spaces outside strings and comments."""
    text = _text(lines)
    if text.isascii():
        return lines
    pieces = []
    for match in _tokens(text):
        piece = match.group()
        if match.lastgroup == "curly":
            quote = piece[0].translate(_PLAIN)
            piece = quote + piece[1:-1].replace(quote, "\\" + quote) + quote
        elif match.lastgroup in ("space", "sign"):
            piece = piece.translate(_PLAIN)
        pieces.append(piece)
    return _with_places(lines, "".join(pieces))


def without_magics(lines: list[Line]) -> tuple[list[Line], int]:
    """Return the lines with Jupyter's ``%magic``, ``!command`` and ``help?`` as comments.

    And how many they were. ``%time`` and its like leave the statement that they measure.
    """
    count = 0
    changed = list(lines)
    for n in _beginnings(lines):
        place, line = lines[n]
        code = line.lstrip()
        indent = line[: len(line) - len(code)]
        if match := re.match(r"%(time|timeit|prun)\s+(?!-)(\S.*)", code):
            changed[n] = (place, indent + match[2])
        elif re.match(r"%{1,2}[a-zA-Z]|!+\s*\S|\?+\s*[\w.]+\s*$", code) or re.match(
            r"[\w.]+\?{1,2}\s*$|\w+ *= *(!|%[a-z])", code
        ):
            changed[n] = (place, f"{indent}{'pass  ' if indent else ''}# {code}")
        else:
            continue
        count += 1
    return changed, count


def _text(lines: list[Line]) -> str:
    return "\n".join(line for _, line in lines)


def _with_places(lines: list[Line], text: str) -> list[Line]:
    return [(place, new) for (place, _), new in zip(lines, text.split("\n"), strict=True)]


def _tokens(text: str) -> Iterator[re.Match]:
    return _TOKEN.finditer(text)


def _beginnings(lines: list[Line]) -> list[int]:
    """Return the indices of the lines on which a statement begins: not in a string or bracket."""
    text = _text(lines)
    found, line, depth, fresh = [], 0, 0, True
    for match in _tokens(text):
        kind, piece = match.lastgroup, match.group()
        at_margin = match.start() == 0 or text[match.start() - 1] == "\n"
        if fresh and kind not in ("space", "newline"):
            if depth and at_margin and _STARTS.match(text, match.start()):
                depth = 0  # a bracket was left open above
            if not depth:
                found.append(line)
            fresh = False
        if kind == "sign":
            depth = max(0, depth + (piece in "([{") - (piece in ")]}"))
        line += piece.count("\n")
        fresh = fresh or kind == "newline"
    return found


def _out_of_html(lines: list[Line]) -> list[Line]:
    """Take the contents of ``<pre>``, or of a Markdown post's fences, out of what is around."""
    text = _text(lines)
    if re.search(r"<pre\b", text) and re.search(r"</pre>", text):
        kept, inside = [], False
        for place, line in lines:
            pieces = re.split(r"(<pre\b[^>]*>|</pre>)", line)
            code = ""
            for piece in pieces:
                if re.match(r"<pre\b", piece):
                    inside = True
                elif piece == "</pre>":
                    inside = False
                    kept.append((place, html.unescape(code)))
                    code = ""
                elif inside:
                    code += re.sub(r"</?(code|span|div|font|b|i|a|p|br)\b[^>]*>", "", piece)
            if inside or code:
                kept.append((place, html.unescape(code)))
        return kept
    fences = [n for n, (_, line) in enumerate(lines) if re.match(r"\s*(```|~~~)", line)]
    if len(fences) < 2:
        return lines
    other = re.compile(r"\s*\W{3,}\s*(bash|sh|shell|console|text|output|json|yaml|html|c)\b")
    blocks = [
        lines[start + 1 : end]
        for start, end in zip(fences[::2], fences[1::2], strict=False)
        if not other.match(lines[start][1])
    ]
    return _one_program(blocks)


def _without_prompts(lines: list[Line]) -> list[Line]:
    """Keep what was typed after ``>>>``, ``...`` or ``In [3]:``, without what was printed."""
    prompt = re.compile(r"\s*(?:>>>|In \[\d*\]:)(?: |$)(.*)", re.DOTALL)
    more = re.compile(r"\s*\.\.\.+(?::)?(?: |$)(.*)", re.DOTALL)
    text = [line for _, line in lines]
    if not any(prompt.match(text[n]) for n in _beginnings(lines)):
        return lines
    ipython = not any(re.match(r"\s*>>>", line) for line in text)
    kept, typed = [], False
    for place, line in lines:
        if match := prompt.match(line):
            kept.append((place, match[1]))
            typed = True
        elif typed and (match := more.match(line)):
            kept.append((place, match[1]))
        elif ipython and not re.match(r"\s*Out ?\[\d*\]", line):
            kept.append((place, line))  # a cell goes on without a prompt
        else:
            typed = False
    return kept


def _without_numbers(lines: list[Line]) -> list[Line]:
    """Take away the numbers 1, 2, 3, ... before the lines, or on lines of their own."""
    number = re.compile(r"\s*(\d+)[:.|)]?(?:[ \t](.*)|$)", re.DOTALL)
    filled = [n for n, (_, line) in enumerate(lines) if line.strip()]
    matches = {n: match for n in filled if (match := number.match(lines[n][1]))}
    counted = [int(match[1]) for match in matches.values()]
    if len(counted) < 3 or any(b != a + 1 for a, b in pairwise(counted)):
        return lines
    alone = sum(1 for match in matches.values() if not (match[2] or "").strip())
    if len(counted) < 0.8 * len(filled) and alone < 0.4 * len(filled):
        return lines
    kept = [
        (place, (matches[n][2] or "") if n in matches else line)
        for n, (place, line) in enumerate(lines)
    ]
    margin = min((len(line) - len(line.lstrip(" ")) for _, line in kept if line.strip()), default=0)
    return [(place, line[margin:]) for place, line in kept]


def _without_prose(lines: list[Line]) -> list[Line]:
    """Take away sentences, and all but the longest of several programs between them."""
    pairs: Counter[int] = Counter()
    stops, beginning = set(), set(_beginnings(lines))
    n, before = 0, None
    for match in _tokens(_text(lines)):
        kind, piece = match.lastgroup, match.group()
        name = kind == "word" and piece not in _NOT_NAMES
        if name and before == "name":
            pairs[n] += 1
        if kind == "sign" and _STOPS.match(piece):
            stops.add(n)
        if kind != "space":
            before = "name" if name else None
        n += piece.count("\n")
    magic = re.compile(r"\s*[%!?]")
    sentence = re.compile(r"\s*[A-Z][\w ,'-]*[.:!?]\s*")
    prose = {
        n
        for n in beginning
        if (n in stops or pairs[n] >= 2 or (pairs[n] and sentence.fullmatch(lines[n][1])))
        and not magic.match(lines[n][1])
    }
    first = next((n for n, (_, line) in enumerate(lines) if line.strip()), 0)
    if len(prose) < 2 and first not in prose:
        return lines
    for order in (range(len(lines)), range(len(lines) - 1, -1, -1)):
        close = False
        for n in order:  # "Thanks!" beside a sentence
            text = lines[n][1].strip()
            if text:
                close = n in prose or (close and not re.search(r"[=()\[\]@#\"']", text))
                close = close and not re.match(r"(import|from|pass|break|else|try)\b", text)
                if close:
                    prose.add(n)
    blocks: list[list[Line]] = [[]]
    for n, line in enumerate(lines):
        if n in prose:
            blocks.append([])
        else:
            blocks[-1].append(line)
    return _one_program([block for block in blocks if _text(block).strip()])


def _one_program(blocks: list[list[Line]]) -> list[Line]:
    """Join the blocks; if several import TensorFlow, only those of the longest program.

    A part of it that is quoted before or after it is left out.
    """
    programs: list[list[Line]] = []
    for block in blocks:
        begins = re.search(r"^\s*(import|from) tensorflow\b", _text(block), re.MULTILINE)
        if not programs or (begins and re.search(r"\btf\.|tensorflow", _text(programs[-1]))):
            programs.append([])
        if not _is_quoted(block, programs[-1]):
            programs[-1] += block
    program = max(programs, key=lambda program: len(_text(program)), default=[])
    filled = [n for n, (_, line) in enumerate(program) if line.strip()]
    return program[filled[0] : filled[-1] + 1] if filled else []


def _is_quoted(block: list[Line], program: list[Line]) -> bool:
    """Does the program have most of a block's lines already?"""
    known = {line.strip() for _, line in program}
    own = [line.strip() for _, line in block if line.strip()]
    return bool(own) and sum(line in known for line in own) > QUOTED * len(own)
