"""Both programs side by side: which line changed, and why.

    cnn-raw diff                      session.py beside cnn.py and train.py
    cnn-raw diff my_2016_script.py    your own copy of the 2016 script beside them
    cnn-raw diff --html diff.html     the same as a page

The order is that of the 2016 program: each of its statements stands beside the one that does the
same in TensorFlow 2, wherever that is. Programs are read as text: nothing is executed, and Python
2 will do. Docstrings, annotations, comments and layout are not compared, nor are imports that only
TensorFlow 2's files have.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from cnn_raw import InputError
from cnn_raw.twin.reasons import REASONS

PROGRAM_2016 = Path(__file__).parent / "session.py"
PROGRAM_TF2 = tuple(Path(__file__).parents[1] / name for name in ("cnn.py", "train.py"))
LARGEST = 100_000  # bytes; the 2016 script has 4,000
ALIKE = 0.65  # share of the words that two statements must have in common, in the same order
MARKED = 0.5  # below this, a row has changed as a whole, and words in common say nothing
ENOUGH = 0.7  # share of the 2016 program that a file must hold to be called that program

# Where the wording alone does not show which statements belong together: regular expressions over
# ``Statement.code``, 2016 on the left, TensorFlow 2 on the right. The first that matches counts.
COUNTERPARTS = (
    (r"import input_data", r"import Datasets"),
    (r"^(\w+\.)?set_random_seed|tf\.set_random_seed", r"tf\.random\.set_seed\(settings"),
    (r"^np\.random\.seed", r"np\.random\.RandomState\("),
    (r"read_data_sets\(", r"^def train\("),
    (r"=\w+\.(train|test)\.images", r"=\w+\.(train|test)\.images"),
    (r"^[XY]=tf\.placeholder", r"^@tf\.function$|^def train_op\("),
    (r"^p_keep_conv=tf\.placeholder", r"^p_keep_conv=tf\.constant"),
    (r"^p_keep_hidden=tf\.placeholder", r"^p_keep_hidden=tf\.constant"),
    (r"^py_x=model\(", r"^with tf\.GradientTape|^py_x=model\("),
    (r"^cost=", r"^def cost_op\(|softmax_cross_entropy_with_logits|^cost=cost_op\("),
    (r"^train_op=", r"RMSPropOptimizer\(0\.001|tape\.gradient|\.apply_gradients\("),
    (r"^predict_op=", r"^def predict_op\(|^return tf\.argmax"),
    (r"^for \w+ in x?range\(", r"^for i in range\("),
    (r"^for start,end in ", r"^for start,end in "),
    (r"sess\.run\(train_op", r"^costs\.append\(train_op"),
    (r"np\.random\.shuffle", r"random\.shuffle"),
    (
        r"sess\.run\(predict_op",
        r"^@tf\.function\(input|^def predict\(|^p_keep=tf\.constant|^return predict_op\("
        r"|^predict=build|^yield Epoch",
    ),
)

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
    before those.
    """

    file: str
    first: int  # line number, from 1
    lines: tuple[str, ...]
    tokens: tuple[Token, ...]
    ends: tuple[int, ...]
    above: tuple[str, ...] = ()
    spaced: bool = False

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The tokens' texts; quotes of either kind are one."""
        return tuple(
            f'"{token.text[1:-1]}"' if token.text[0] == "'" else token.text for token in self.tokens
        )

    @cached_property
    def code(self) -> str:
        """The tokens on one line, with a space only between two words."""
        return re.sub(r"(?<=\w) (?!\w)|(?<!\w) ", "", " ".join(self.words))


class Row(NamedTuple):
    """Statements that do the same, 2016's on the left. ``sign`` is one of

    " " nothing changed, "~" changed, "-" only in 2016, "+" only in TensorFlow 2,
    "." statements of TensorFlow 2's files, or of the reader's, that have no counterpart.

    ``reasons``: numbers from 1, places in ``REASONS``; 0 is a change that TensorFlow 2 does not
    ask for. ``changed``: the tokens that are not on the other side; none if hardly any are.
    """

    sign: str
    left: tuple[Statement, ...] = ()
    right: tuple[Statement, ...] = ()
    reasons: tuple[int, ...] = ()
    changed: frozenset[tuple[Statement, Token]] = frozenset()


class Diff(NamedTuple):
    """The rows, and how much was recognised: statements of the left file, and of the program."""

    name: str
    rows: tuple[Row, ...]
    recognised: int
    statements: int
    found: int  # statements of the TensorFlow 2 program with a counterpart on the left

    def count(self, sign: str) -> int:
        """How many statements of the left stand in rows of this sign."""
        return sum(len(row.left) for row in self.rows if row.sign == sign)

    @property
    def reasons(self) -> list[int]:
        """The numbers of all reasons met, in their order; 0 last."""
        return sorted({n for row in self.rows for n in row.reasons}, key=lambda n: n or 999)


def diff(path: Path | None = None) -> Diff:
    """Return the 2016 program at ``path`` (without it: session.py) beside cnn.py and train.py.

    Raises InputError for a file that cannot be read as text or is not that program.
    """
    right = [statement for file in PROGRAM_TF2 for statement in statements(_read(file), file.name)]
    ours = align(statements(_read(PROGRAM_2016), PROGRAM_2016.name), right)
    if path is None:
        return ours
    path = Path(path)
    theirs = align(statements(_read(path), path.name), right)
    if theirs.found < ENOUGH * ours.found:
        raise InputError(
            f"{path}: is not the 2016 program: {theirs.recognised} of the file's "
            f"{theirs.statements} statements were recognised, and {theirs.found} of that "
            f"program's {ours.found}; give a copy of its convolutional net on MNIST"
        )
    return theirs


def _read(path: Path) -> str:
    """Return a program's text: UTF-8 or else Latin-1; any line ends; tabs to every 4th column."""
    try:
        with open(path, "rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not raw.strip():
        raise InputError(f"{path}: is empty; give a copy of the 2016 script")
    if len(raw) > LARGEST:
        raise InputError(
            f"{path}: has more than {LARGEST:,} bytes; the 2016 script has about 4,000"
        )
    if re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", raw):
        raise InputError(f"{path}: is not text; give the script itself, a .py file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ").expandtabs(4)
    return "".join(  # nothing that could steer a terminal
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cf") and c != "\n" else c
        for c in text
    )


def statements(text: str, file: str) -> list[Statement]:
    """Cut a program's text into statements, docstrings left out. Any text will do."""
    lines = text.split("\n")
    found, tokens, above = [], [], []
    depth, first, spaced = 0, 1, False
    line, column = 1, 0

    def end() -> None:
        nonlocal tokens, above, spaced
        if tokens and not all(token.text[-1] in "\"'" for token in tokens):
            last = first + tokens[-1].line + tokens[-1].text.count("\n")
            text = tuple(lines[first - 1 : last])
            ends = [0] * len(text)
            for token in tokens:
                inside = token.text.count("\n")  # the lines that a long string goes on over
                for n in range(token.line, token.line + inside + 1):
                    ends[n] = len(text[n]) if inside else token.end
            kept = tuple(_without_annotations(tokens))
            found.append(Statement(file, first, text, kept, tuple(ends), tuple(above), spaced))
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


def align(left: list[Statement], right: list[Statement]) -> Diff:
    """Put each statement of ``left`` beside its counterparts among ``right``."""
    partners = _counterparts(left, right)
    groups = []  # (statements of the left, indices of the right)
    for i, statement in enumerate(left):
        if groups and partners[i] and partners[i] == groups[-1][1]:
            groups[-1][0].append(statement)  # X and Y belong to one line of the right
        else:
            taken = any(partners[i] == indices for _, indices in groups)
            groups.append(([statement], [] if taken else partners[i]))
    rows = [_row(tuple(lefts), tuple(right[j] for j in indices)) for lefts, indices in groups]

    place = {}  # index on the right -> index of its row
    for at, (_, indices) in enumerate(groups):
        for j in indices:
            place.setdefault(j, at)
    before, after = _homes(right, place)
    everything = [_row((), (statement,)) for statement in after.get(-1, [])]
    for at, row in enumerate(rows):
        everything += [_row((), (statement,)) for statement in before.get(at, [])]
        everything.append(row)
        everything += [_row((), (statement,)) for statement in after.get(at, [])]
    recognised = sum(len(row.left) for row in rows if row.right or row.reasons)
    name = left[0].file if left else ""
    return Diff(name, tuple(_folded(everything)), recognised, len(left), len(place))


def _names_differ(one: Statement, other: Statement) -> bool:
    """Whether these are imports, functions or classes of another name: never counterparts."""
    kinds = ("import", "from", "def", "class")
    if one.words[0] not in kinds and other.words[0] not in kinds:
        return False
    if one.words[0] in ("import", "from"):
        return one.words != other.words
    return one.words[:2] != other.words[:2]


def _homes(
    right: list[Statement], place: dict[int, int]
) -> tuple[dict[int, list[Statement]], dict[int, list[Statement]]]:
    """Say where the statements without a counterpart go: before and after which rows.

    They stay with their neighbours in the file: the head of a function goes before what follows,
    other statements after what they follow. -1: before all rows.
    """
    before, after = {}, {}
    previous, run, head = -1, [], False
    for j, statement in enumerate(right):
        if j and statement.file != right[j - 1].file:
            after.setdefault(previous, []).extend(run)
            run, head = [], True
        if j in place:
            before.setdefault(place[j], []).extend(run)
            previous, run, head = place[j], [], False
        elif re.match(r"(import|from) ", statement.code):
            continue  # says nothing about the program
        elif head or re.match(r"def |class |@", statement.code):
            run.append(statement)
            head = True
        else:
            after.setdefault(previous, []).append(statement)
    after.setdefault(previous, []).extend(run)
    return before, after


def _counterparts(left: list[Statement], right: list[Statement]) -> list[list[int]]:
    """Return for each statement of ``left`` the indices of its counterparts in ``right``."""
    partners = [[] for _ in left]
    free_left, free_right = set(range(len(left))), set(range(len(right)))
    for old, new in COUNTERPARTS:
        theirs = [i for i in sorted(free_left) if re.search(old, left[i].code)]
        ours = [j for j in sorted(free_right) if re.search(new, right[j].code)]
        if theirs and ours:
            for i in theirs:
                partners[i] = ours
            free_left -= set(theirs)
            free_right -= set(ours)

    bags = [Counter(statement.words) for statement in right]
    scores = []
    for i in free_left:
        words, bag = left[i].words, Counter(left[i].words)
        for j in free_right:
            if _names_differ(left[i], right[j]):
                continue
            total = len(words) + len(right[j].words)
            if 2 * (bag & bags[j]).total() < ALIKE * total:  # cannot be alike
                continue
            ratio = SequenceMatcher(None, words, right[j].words, autojunk=False).ratio()
            if ratio >= ALIKE:
                scores.append((-ratio, abs(i / len(left) - j / len(right)), i, j))
    for _, _, i, j in sorted(scores):
        if i in free_left and j in free_right:
            partners[i] = [j]
            free_left.discard(i)
            free_right.discard(j)
    return partners


def _row(left: tuple[Statement, ...], right: tuple[Statement, ...]) -> Row:
    theirs = [word for statement in left for word in statement.words]
    ours = [word for statement in right for word in statement.words]
    if theirs == ours:
        return Row(" ", left, right)
    reasons = tuple(
        number
        for number, reason in enumerate(REASONS, 1)
        if _matches(reason.left, left)
        or (_matches(reason.right, right) and not _matches(reason.right, left))
    )
    if not (left and right):
        sign = "." if not reasons else "-" if left else "+"
        return Row(sign, left, right, reasons)
    changed = set()
    places = [[(s, token) for s in side for token in s.tokens] for side in (left, right)]
    matcher = SequenceMatcher(None, theirs, ours, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal" and matcher.ratio() >= MARKED:
            changed.update(places[0][a:b])
            changed.update(places[1][c:d])
    return Row("~", left, right, reasons or (0,), frozenset(changed))


def _matches(pattern: str, side: tuple[Statement, ...]) -> bool:
    return any(re.search(pattern, statement.code) for statement in side)


def _folded(rows: Iterable[Row]) -> Iterator[Row]:
    """Join neighbours that have neither a counterpart nor a reason."""
    for sign, group in groupby(rows, key=lambda row: row.sign):
        if sign == ".":
            group = list(group)
            left = tuple(statement for row in group for statement in row.left)
            right = tuple(statement for row in group for statement in row.right)
            yield Row(".", left, right)
        else:
            yield from group


class Line(NamedTuple):
    """A line of a row, as it is shown."""

    place: str  # its number; for TensorFlow 2's files, their name before it
    text: str
    loose: int  # spaces before it that only lay it out: it goes on with the line above
    end: int  # where its code ends and a comment may follow
    marks: tuple[tuple[int, int], ...]  # columns (start, end) of what changed


def side_lines(row: Row, side: tuple[Statement, ...]) -> Iterator[Line]:
    """Yield the lines of one side of a row, the comments above its statements included."""
    for statement in side:
        for comment in statement.above:
            yield Line("", comment, 0, 0, ())
        for n, text in enumerate(statement.lines):
            number = str(statement.first + n)
            if side is row.right:
                number = f"{statement.file.removesuffix('.py')} {number}"
            marks = []
            for token in statement.tokens:
                if token.line == n and (statement, token) in row.changed:
                    if marks and not text[marks[-1][1] : token.start].strip():
                        marks[-1] = marks[-1][0], token.end
                    else:
                        marks.append((token.start, token.end))
            loose = max(0, _indent(text) - _indent(statement.lines[0]) - 4) if n else 0
            yield Line(number, text, loose, statement.ends[n], tuple(marks))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def fold_title(row: Row) -> str:
    """Say in a line which statements a row of sign "." stands for."""
    parts = []
    for side in (row.left, row.right):
        stretches = []  # of statements that follow each other in a file
        for statement in side:
            last = stretches[-1][-1] if stretches else None
            if last and last.file == statement.file and last.first < statement.first:
                stretches[-1].append(statement)
            else:
                stretches.append([statement])
        for first, *more in stretches:
            place = str(first.first)
            if more:
                place += f"-{more[-1].first + len(more[-1].lines) - 1}"
            if side is row.right:
                place = f"{first.file.removesuffix('.py')} {place}"
            name = first.code if len(first.code) <= 44 else f"{first.code[:41]}..."
            parts.append(f"{place}: {name}" + (f" and {len(more)} more" if more else ""))
    return "; ".join(parts)
