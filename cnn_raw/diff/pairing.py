"""Which step of the tutorial's program each statement of a copy is.

A copy may have other names, other layers, other data, and its parts in another order. Statements
are never paired by their punctuation: one is a step only if it is worded as in an edition, or
matches the step's pattern, a call or a target. Among these, each section of the program is laid
along the copy so that nothing crosses and as much as possible is alike.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from cnn_raw.diff.program import SECTIONS, Step
from cnn_raw.diff.statements import Statement, parents

COMPARED = 200  # words of a statement: one of the 2016 script's has 60
MUCH = 0.6  # of what a section can be laid along: more lies in one function, or outside of all
AS_WRITTEN = 3.0  # what a statement that an edition has counts; one that is like it, 1 to 2


def pair(statements: Sequence[Statement]) -> dict[int, Step]:
    """Return the steps that statements are, by the statements' indices."""
    found: dict[int, Step] = {}
    blocks = parents(statements)
    names = {"model": "model", "train": "train_op", "predict": "predict_op"}
    for section, steps in SECTIONS.items():
        candidates: Sequence[int] = [n for n in range(len(statements)) if n not in found]
        if section == "session":
            candidates = _without_other_loops(candidates, statements, blocks, names)
        paired = _lay_along(candidates, steps, statements, names)
        if any(step.is_function for step in steps):
            candidates, whole = _in_function(candidates, steps, statements, blocks, names)
            steps = steps if whole else tuple(step for step in steps if not step.of_function)
            paired = _lay_along(candidates, steps, statements, names)
        paired |= _out_of_order(candidates, steps, statements, paired, names)
        paired |= _beside(candidates, statements, paired, names)
        found.update(paired)
        _learn_names(paired, statements, names)
    return found


def _learn_names(
    paired: dict[int, Step], statements: Sequence[Statement], names: dict[str, str]
) -> None:
    """Note what the copy calls the model, and the operations that train and predict."""
    for n in sorted(paired):
        statement, key = statements[n], paired[n].key
        if key == "model":
            names["model"] = statement.words[1]
        elif key in ("train_op", "predict_op") and statement.targets:
            names[key.removesuffix("_op")] = statement.targets[-1]


def _lay_along(
    candidates: Sequence[int],
    steps: Sequence[Step],
    statements: Sequence[Statement],
    names: dict[str, str],
) -> dict[int, Step]:
    """Pair statements with steps, both in their order, so that the sum of likenesses is largest."""
    patterns = [_pattern(step, names) for step in steps]
    likely = [n for n in candidates if any(p.search(statements[n].code) for p in patterns)]
    likeness = [
        [_likeness(statements[n], step, p) for step, p in zip(steps, patterns, strict=True)]
        for n in likely
    ]
    # best[i][j]: of the first i statements and j steps
    best = [[0.0] * (len(steps) + 1) for _ in range(len(likely) + 1)]
    for i, row in enumerate(likeness):
        for j, value in enumerate(row):
            paired = best[i][j] + value if value else 0.0
            best[i + 1][j + 1] = max(best[i][j + 1], best[i + 1][j], paired)
    found = {}
    i, j = len(likely), len(steps)
    while i and j:
        if best[i][j] == best[i - 1][j]:
            i -= 1
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            found[likely[i]] = steps[j]
    return found


def _pattern(step: Step, names: dict[str, str]) -> re.Pattern:
    like = step.like
    for name, own in names.items():
        like = like.replace(f"{{{name}}}", re.escape(own))
    return re.compile(like)


def _likeness(statement: Statement, step: Step, pattern: re.Pattern) -> float:
    """0: is not this step. AS_WRITTEN: is one of its forms. Between 1 and 2.5: does the same."""
    if statement.code in step.codes:
        return AS_WRITTEN
    if not pattern.search(statement.code):
        return 0.0
    words = statement.words[:COMPARED]
    alike = max((_ratio(words, form.words) for form in step.statements), default=0.0)
    return 1 + alike + 0.5 * bool(step.targets and step.targets[0] in statement.targets)


def _ratio(words: Sequence[str], form: Sequence[str]) -> float:
    return SequenceMatcher(None, words, form, autojunk=False).ratio()


def _in_function(
    candidates: Sequence[int],
    steps: Sequence[Step],
    statements: Sequence[Statement],
    blocks: Sequence[tuple[int, ...]],
    names: dict[str, str],
) -> tuple[Sequence[int], bool]:
    """Return which candidates a section can be laid along that the program has as a function.

    Those are the function of the copy that has most of it, and True; or what stands outside of
    functions, such as a helper that makes any layer; or, if neither has much of it, all.
    """

    def functions(n: int) -> list[int]:
        return [b for b in blocks[n] if statements[b].words[0] == "def"]

    places: list[tuple[list[int], bool]] = []
    pattern = next(_pattern(step, names) for step in steps if step.is_function)
    for head in candidates:
        if pattern.search(statements[head].code):
            block = [n for n in candidates if head in blocks[n]]
            inner = [n for n in block if functions(n)[-1:] != [head]]
            returns = [n for n in inner if statements[n].words[0] == "return"]
            places.append(([head, *(n for n in block if n not in returns)], True))
    places.append(([n for n in candidates if not functions(n)], False))
    sizes = [len(_lay_along(place, steps, statements, names)) for place, _ in places]
    most = max(sizes)
    if most > 1 and most >= MUCH * len(_lay_along(candidates, steps, statements, names)):
        return places[sizes.index(most)]
    return candidates, False


def _without_other_loops(
    candidates: Sequence[int],
    statements: Sequence[Statement],
    blocks: Sequence[tuple[int, ...]],
    names: dict[str, str],
) -> list[int]:
    """Leave out loops that do not train."""
    (run,) = [step for step in SECTIONS["session"] if step.key == "run"]
    pattern = _pattern(run, names)
    trains = [n for n in candidates if pattern.search(statements[n].code)]
    around = set(blocks[trains[0]]) if trains else set()
    return [n for n in candidates if statements[n].words[0] not in ("for", "while") or n in around]


def _out_of_order(
    candidates: Sequence[int],
    steps: Sequence[Step],
    statements: Sequence[Statement],
    paired: dict[int, Step],
    names: dict[str, str],
) -> dict[int, Step]:
    """Pair what stands in another order than the program's: as written there, or the only one."""
    more: dict[int, Step] = {}
    for step in steps:
        if step not in paired.values():
            free = [n for n in candidates if n not in paired and n not in more]
            same = [n for n in free if statements[n].code in step.codes]
            pattern = _pattern(step, names)
            alike = [n for n in free if pattern.search(statements[n].code)]
            if same or (len(alike) == 1 and step.alone):
                more[(same or alike)[0]] = step
    return more


def _beside(
    candidates: Sequence[int],
    statements: Sequence[Statement],
    paired: dict[int, Step],
    names: dict[str, str],
) -> dict[int, Step]:
    """Pair the neighbours over which a copy distributes a step."""
    more: dict[int, Step] = {}
    for n, step in paired.items():
        if step.divides:
            pattern = _pattern(step, names)
            for way in (-1, 1):
                m = n + way
                while m in candidates and m not in paired and pattern.search(statements[m].code):
                    more[m] = step
                    m += way
    return more
