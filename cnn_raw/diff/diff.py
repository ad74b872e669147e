"""Both programs side by side: which line changed, and why.

    cnn-raw diff                      session.py beside cnn.py and train.py
    cnn-raw diff my_2016_script.py    your own copy of the 2016 script beside them
    cnn-raw diff --html diff.html     the same as a page

The order is that of the 2016 program: each of its statements stands beside the one that does the
same in TensorFlow 2, wherever that is. In a copy of yours, what no edition of the tutorial has is
marked as yours, and known mistakes are pointed out. Programs are read as text: nothing is run.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from pathlib import Path

from cnn_raw import InputError
from cnn_raw.diff.copied import Mistake
from cnn_raw.diff.mistakes import find
from cnn_raw.diff.pairing import pair
from cnn_raw.diff.program import FORMS, LOOPS, STEPS, Step
from cnn_raw.diff.reason import EDITIONS, YOURS, Reason
from cnn_raw.diff.reasons import REASONS
from cnn_raw.diff.rows import Diff, Marks, Row, Sign
from cnn_raw.diff.source import Source, read
from cnn_raw.diff.statements import Statement, Token, parents, read_own, read_source
from cnn_raw.diff.tf_names import aliases, reasons_in

PROGRAM_2016 = Path(__file__).parents[1] / "twin" / "session.py"
PROGRAM_TF2 = tuple(Path(__file__).parents[1] / name for name in ("cnn.py", "train.py"))
MARKED = 0.5  # below this likeness a row has changed as a whole, and words in common say nothing
WHOLE = 0.6  # share of the program's steps that a copy of the whole program has
MOSTLY = 0.5  # share of a fragment's statements that are of the program


def diff_file(path: str | Path | None = None) -> Diff:
    """Return the 2016 program at ``path`` ("-": standard input) beside cnn.py and train.py.

    Without a path it is session.py. Raises InputError for what cannot be read or is another
    program.
    """
    source = read(PROGRAM_2016 if path is None else path)
    right = [statement for file in PROGRAM_TF2 for statement in read_own(file)]
    both = align(source, read_source(source), right, yours=path is not None)
    if path is not None:
        _check(both)
    return both


def _check(both: Diff) -> None:
    """Raise InputError unless the copy is the program, or a part of it."""
    steps = len({step.key for step in both.pairs.values()})
    total = sum(1 for step in STEPS.values() if step.forms)
    if steps < WHOLE * total and len(both.pairs) < MOSTLY * max(len(both.left), 5):
        raise InputError(
            f"{both.source.name}: is another program: {len(both.pairs)} of its {len(both.left)} "
            f"statements are among the {total} of the tutorial's convolutional net; "
            "give a copy of that, or a part of one"
        )


def align(
    source: Source, left: Sequence[Statement], right: Sequence[Statement], yours: bool = True
) -> Diff:
    """Put each statement of ``left`` beside its counterparts among ``right``.

    ``yours``: mark on the left what no edition of the tutorial has.
    """
    pairs = pair(left)
    partners = [_partners(pairs.get(i), right) for i in range(len(left))]
    groups: list[tuple[list[int], list[int]]] = []  # indices of the left, and of the right
    for i in range(len(left)):
        if groups and partners[i] and partners[i] == groups[-1][1]:
            groups[-1][0].append(i)  # X and Y belong to one line of the right
        else:
            taken = any(partners[i] == indices for _, indices in groups)
            groups.append(([i], [] if taken else partners[i]))
    called = aliases(left)
    moved = _moved(left, pairs)
    rows = []
    for lefts, rights in groups:
        row = _row([left[i] for i in lefts], [right[j] for j in rights], called)
        if yours:
            row = _with_yours(row, [pairs.get(i) for i in lefts], [moved.get(i, "") for i in lefts])
        rows.append(row)
    rows = _with_the_others(rows, groups, right)
    mistakes = tuple(mistake for mistake in find(left, pairs) if yours)
    return Diff(source, tuple(left), tuple(_folded(rows, mistakes)), pairs, mistakes)


def _partners(step: Step | None, right: Sequence[Statement]) -> list[int]:
    if step is None:
        return []
    found = [j for j, s in enumerate(right) if re.search(step.counterpart, s.code)]
    return found if step.tf2 else found[:1]  # both files import TensorFlow


def _row(
    left: Sequence[Statement], right: Sequence[Statement], called: dict[str, str] | None = None
) -> Row:
    theirs = [word for statement in left for word in statement.words]
    ours = [word for statement in right for word in statement.words]
    if theirs == ours:
        return Row(Sign.SAME, tuple(left), tuple(right))
    reasons = _reasons(left, right, called or {})
    if left and right:
        changed = _marks(left, right, MARKED)
        return Row(Sign.CHANGED, tuple(left), tuple(right), reasons or (EDITIONS,), changed)
    sign = Sign.APART if not reasons else Sign.ONLY_2016 if left else Sign.ONLY_TF2
    return Row(sign, tuple(left), tuple(right), reasons)


def _reasons(
    left: Sequence[Statement], right: Sequence[Statement], called: dict[str, str]
) -> tuple[Reason, ...]:
    """Return what explains a row: reasons of the table in its order, then those of single names."""
    of_names = [reason for statement in left for reason in reasons_in(statement, called)]
    of_table = [
        reason
        for reason in REASONS
        if reason in of_names
        or _matches(reason.left, left)
        or (_matches(reason.right, right) and not _matches(reason.right, left))
    ]
    return tuple(dict.fromkeys([*of_table, *of_names]))


def _matches(pattern: str, side: Sequence[Statement]) -> bool:
    return any(re.search(pattern, statement.code) for statement in side)


def _marks(one: Sequence[Statement], other: Sequence[Statement], least: float) -> Marks:
    """Return the tokens that the other side lacks, none if the sides are less alike than that."""
    sides = [[(s, token) for s in side for token in s.tokens] for side in (one, other)]
    words = [[_plain(token.text) for _, token in side] for side in sides]
    matcher = SequenceMatcher(a=words[0], b=words[1], autojunk=False)
    changed: set[tuple[Statement, Token]] = set()
    if matcher.ratio() >= least:
        for kind, a, b, c, d in matcher.get_opcodes():
            if kind != "equal":
                changed.update(sides[0][a:b])
                changed.update(sides[1][c:d])
    return frozenset(changed)


def _plain(text: str) -> str:
    return f'"{text[1:-1]}"' if text[0] == "'" else text


def _moved(left: Sequence[Statement], pairs: dict[int, Step]) -> dict[int, str]:
    """Return the statements that stand in another loop than in the tutorial: as it has them."""
    found = {}
    steps = {step.key for step in pairs.values()}
    for n, around in enumerate(parents(left)):
        step = pairs.get(n)
        if step is None or LOOPS.get(step.key, "-") not in {*steps, ""}:
            continue
        loops = [m for m in around if left[m].words[0] in ("for", "while")]
        loop = pairs.get(loops[-1]) if loops else None
        if loops and loop is None:
            continue  # a loop that is yours already
        if (loop.key if loop else "") != LOOPS[step.key]:
            head = STEPS[LOOPS[step.key] or "session"].forms[0]
            found[n] = f"{head} {step.forms[0]}"
    return found


def _with_yours(row: Row, steps: Sequence[Step | None], moved: Sequence[str]) -> Row:
    """Mark a row as yours if no edition has one of its statements, or not twice, or elsewhere."""
    same = row.sign is Sign.SAME
    as_there = [
        (same or (statement.code in FORMS and step is not None)) and not place
        for statement, step, place in zip(row.left, steps, moved, strict=True)
    ]
    if all(as_there):
        return row
    reasons = (YOURS, *(reason for reason in row.reasons if reason is not EDITIONS))
    editions: list[str] = []
    own: set[tuple[Statement, Token]] = set()
    for statement, step, place in zip(row.left, steps, moved, strict=True):
        if step and step.forms and statement.code not in FORMS:
            nearest = max(step.statements, key=lambda form: _likeness(statement, form))
            own |= _marks([statement], [nearest], MARKED)
            editions += [place or " ".join(line.strip() for line in nearest.lines)]
        elif place:
            editions.append(place)
    edition = "; ".join(dict.fromkeys(editions))
    sign = Sign.CHANGED if row.right else Sign.ONLY_2016 if row.reasons else Sign.APART
    return Row(sign, row.left, row.right, reasons, row.changed, edition, frozenset(own))


def _likeness(statement: Statement, form: Statement) -> float:
    return SequenceMatcher(None, statement.words, form.words, autojunk=False).ratio()


def _with_the_others(
    rows: Sequence[Row], groups: Sequence[tuple[list[int], list[int]]], right: Sequence[Statement]
) -> list[Row]:
    """Add the statements of the right that have no counterpart, where their neighbours are."""
    place: dict[int, int] = {}  # index on the right -> index of its row
    for at, (_, indices) in enumerate(groups):
        for j in indices:
            place.setdefault(j, at)
    before, after = _homes(right, place)
    everything = [_row((), (statement,)) for statement in after.get(-1, [])]
    for at, row in enumerate(rows):
        everything += [_row((), (statement,)) for statement in before.get(at, [])]
        everything.append(row)
        everything += [_row((), (statement,)) for statement in after.get(at, [])]
    return everything


Homes = dict[int, list[Statement]]


def _homes(right: Sequence[Statement], place: dict[int, int]) -> tuple[Homes, Homes]:
    """Say where the statements without a counterpart go: before and after which rows.

    They stay with their neighbours in the file: the head of a function goes before what follows,
    other statements after what they follow. -1: before all rows.
    """
    before: Homes = {}
    after: Homes = {}
    run: list[Statement] = []
    previous, head = -1, False
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


def _folded(rows: Iterable[Row], mistakes: Sequence[Mistake]) -> Iterator[Row]:
    """Join neighbours that have neither a counterpart nor anything to explain."""
    wrong = {mistake.statement for mistake in mistakes}

    def is_apart(row: Row) -> bool:
        return row.sign is Sign.APART and wrong.isdisjoint(row.left)

    for apart, group in groupby(rows, key=is_apart):
        if not apart:
            yield from group
            continue
        several = list(group)
        left = tuple(statement for row in several for statement in row.left)
        right = tuple(statement for row in several for statement in row.right)
        reasons = tuple(dict.fromkeys(reason for row in several for reason in row.reasons))
        yield Row(Sign.APART, left, right, reasons)
