"""A copy of the tutorial by its names: what it calls the images, the labels, the logits."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cnn_raw.diff.program import Step
from cnn_raw.diff.reason import Reason
from cnn_raw.diff.statements import Statement, parents, split


class Mistake(NamedTuple):
    """A mistake, the statement that it is in, and the reason that tells more."""

    statement: Statement
    text: str
    reason: Reason | None = None


class Copy:
    """A program, and its names for what the tutorial has."""

    def __init__(self, statements: Sequence[Statement], pairs: dict[int, Step]):
        self.statements = statements
        self.blocks = parents(statements)
        self.at: dict[str, list[int]] = {}
        for n in sorted(pairs):
            self.at.setdefault(pairs[n].key, []).append(n)
        self.images, self.labels = self.names("X"), self.names("Y")
        self.logits = self.names("py_x") or self.names("pyx")
        self.keep = {*self.names("p_keep_conv"), *self.names("p_keep_hidden")}
        self.train = self.names("train_op") or {"train_op"}
        self.text = "\n".join(statement.full_code for statement in statements)
        values = re.findall(r"(?m)^(\w+)=([\d.]+|\{.*\})$", self.text)
        self.values = {name: value for name, value in values if f"\n{name}=" not in self.text
                       .replace(f"\n{name}={value}", "", 1)}  # fmt: skip

    def names(self, key: str) -> set[str]:
        """The names that a step of the tutorial assigns to here."""
        return {name for n in self.at.get(key, []) for name in self.statements[n].targets}

    def loaded(self, what: str) -> set[str]:
        """The names that get the loader's "images" or "labels", without a change."""
        found: set[str] = set()
        for n in self.at.get("images", []):
            targets, value = self.statements[n].targets, self.statements[n].code.partition("=")[2]
            pairs = zip(targets, split(value), strict=False)
            found.update(name for name, part in pairs if part.endswith(f".{what}"))
        return found

    def uses(self, name: str) -> bool:
        """Is a name in a statement that neither makes it nor runs anything?"""
        return any(
            re.search(rf"\b{re.escape(name)}\b", statement.code)
            for statement in self.statements
            if name not in statement.targets
            and not re.search(r"\.(run|eval)\(|^def |feed", statement.code)
        )

    def is_test(self, statement: Statement) -> bool:
        """Does a statement test: is it the tutorial's test, or does it fetch a prediction?"""
        if any(self.statements[n] is statement for n in self.at.get("test", [])):
            return True
        fetched = re.search(r"\.(run|eval)\(([^{]*)", statement.full_code)
        predictions = self.names("predict_op") | self.logits | {"predict_op", "py_x"}
        return bool(fetched and predictions & set(re.findall(r"\w+", fetched[2])))

    def runs(self) -> Iterator[tuple[Statement, dict[str, str], bool]]:
        """Yield what is run or evaluated, what it is fed, and whether it trains."""
        for statement in self.statements:
            match = re.search(r"\.(run|eval)\(([^{]*)", statement.full_code)
            if match and (fed := self._feeds(statement.full_code)):
                trains = bool(self.train & set(re.findall(r"\w+", match[2])))
                yield statement, fed, trains

    def evaluations(self) -> Iterator[tuple[Statement, dict[str, str]]]:
        """Yield what is run or evaluated without training, and what it is fed."""
        return ((statement, fed) for statement, fed, trains in self.runs() if not trains)

    def _feeds(self, code: str) -> dict[str, str]:
        """Return what the first dictionary in a statement feeds: expressions by placeholders.

        Also if the dictionary, or a number in it, has a name of its own.
        """
        start = code.find("{")
        if start < 0:
            named = re.search(r"[(,](?:feed_dict=)?(\w+)\)", code)
            code = self.values.get(named[1], "") if named else ""
            start = code.find("{")
        inside = code[start + 1 :] if start >= 0 else ""
        inside = re.sub(r'\b\w+(?:\.|\[")(\w+)(?:"\])?(?=:)', r"\1", inside)  # g["X"], self.X
        entries = [entry.partition(":") for entry in split(inside)]
        return {
            name: self.values.get(value, value)
            for name, _, value in entries
            if re.fullmatch(r"[\w.]+", name)
        }


def assigned(statement: Statement, kinds: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return, and note in ``kinds``, which names get "train" or "test" data in a statement."""
    targets, value = statement.targets, statement.code.partition("=")[2]
    values = split(value) if len(targets) > 1 else [value]
    if len(values) != len(targets):
        values = [value] * len(targets)
    plain = re.compile(r"[\w.]+(\.(reshape|astype)\(.*\))?$")  # not a part, nor a computation
    new = {
        name: kind
        for name, part in zip(targets, values, strict=True)
        if plain.match(part) and (kind := kinds_of(part, kinds))
    }
    kinds.update(new)
    return new


def kinds_of(expression: str, kinds: dict[str, set[str]]) -> set[str]:
    """Return if an expression is of "train" or "test" data, by where it comes from, or its name."""
    found = set()
    expression = re.sub(r'"[^"]*"', "", expression)
    while (outside := re.sub(r"\[[^\[\]]*\]", "", expression)) != expression:
        expression = outside  # an index says nothing
    for name in re.findall(r"[A-Za-z_][\w.]*", expression):
        first = name.partition(".")[0]
        if match := re.search(r"\.(train|test|validation)\.", f"{name}."):
            found.add("train" if match[1] == "train" else "test")
        elif kinds.get(first):
            found |= kinds[first]
        elif re.search(r"(?i)test|valid|^te_?[XY]|^te_", first):
            found.add("test")
        elif re.search(r"(?i)train|^tr_?[XY]|^tr_", first):
            found.add("train")
    return found
