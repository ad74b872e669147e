"""Known mistakes in a copy of the tutorial: what runs, often without a message, and is wrong.

Each is found in the text alone, and only where the text says enough.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cnn_raw.twin import shapes
from cnn_raw.twin.program import Step
from cnn_raw.twin.reason import Reason
from cnn_raw.twin.reasons import BY_KEY
from cnn_raw.twin.statements import Statement, parents, split


class Mistake(NamedTuple):
    """A mistake, the statement that it is in, and the reason that tells more."""

    statement: Statement
    text: str
    reason: Reason | None = None


def find(statements: Sequence[Statement], pairs: dict[int, Step]) -> list[Mistake]:
    """Return the known mistakes in a program, in its order. ``pairs``: see ``pairing.pair``."""
    copy = _Copy(statements, pairs)
    found = [
        mistake
        for search in (_swapped, _tested_on_training_set, _dropout_in_tests, _shapes)
        for mistake in search(copy)
    ]
    return sorted(found, key=lambda mistake: mistake.statement.first)


def other_data(statements: Sequence[Statement], pairs: dict[int, Step]) -> str:
    """Return in a few words which other images or classes a copy has, "" for MNIST's."""
    found = []
    for n, step in sorted(pairs.items()):
        if step.key in ("X", "Y"):
            dimensions = re.search(r"\[\w+,([\d,]+)\]", statements[n].code)
            shape = dimensions[1].split(",") if dimensions else []
            if step.key == "X" and shape not in ([], ["784"], ["28", "28", "1"]):
                found.append(f"images of {' x '.join(shape)}")
            elif step.key == "Y" and shape not in ([], ["10"]):
                found.append(f"{shape[0]} {'class' if shape[0] == '1' else 'classes'}")
    code = " ".join(statement.code for statement in statements)
    if name := re.search(r"(?i)cifar\w*|data_batch|fashion\w*|imagenet|svhn", code):
        found.append("CIFAR" if name[0] == "data_batch" else name[0])
    return ", ".join(found)


class _Copy:
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

    def names(self, key: str) -> set[str]:
        """The names that a step of the tutorial assigns to here."""
        return {name for n in self.at.get(key, []) for name in self.statements[n].targets}

    def is_test(self, statement: Statement) -> bool:
        """Does a statement test: is it the tutorial's test, or does it fetch a prediction?"""
        if any(self.statements[n] is statement for n in self.at.get("test", [])):
            return True
        fetched = re.search(r"\.(run|eval)\(([^{]*)", statement.full_code)
        predictions = self.names("predict_op") | self.logits | {"predict_op", "py_x"}
        return bool(fetched and predictions & set(re.findall(r"\w+", fetched[2])))

    def evaluations(self) -> Iterator[tuple[Statement, dict[str, str]]]:
        """Yield what is run or evaluated without training, and what it is fed."""
        for statement in self.statements:
            match = re.search(r"\.(run|eval)\(([^{]*)", statement.full_code)
            fed = feeds(statement.full_code)
            if match and fed and not self.train & set(re.findall(r"\w+", match[2])):
                yield statement, fed


def feeds(code: str) -> dict[str, str]:
    """Return what the first dictionary in a statement feeds: expressions by placeholders."""
    start = code.find("{")
    if start < 0:
        return {}
    entries = split(code[start + 1 :])
    pairs = (entry.partition(":") for entry in entries)
    return {name: value for name, _, value in pairs if re.fullmatch(r"[\w.]+", name)}


def _swapped(copy: _Copy) -> Iterator[Mistake]:
    """Find logits given as labels, and labels as logits."""
    logits = copy.logits or {"py_x"}
    for statement in copy.statements:
        match = re.search(r"cross_entropy_with_logits\w*\(", statement.code)
        if not match:
            continue
        given = split(statement.code[match.end() :])
        named = {name: value for name, sign, value in (g.partition("=") for g in given) if sign}
        stopped = re.fullmatch(r"tf\.stop_gradient\((\w+)\)", named.get("labels", ""))
        if stopped and stopped[1] in logits | {"py_x"}:
            yield Mistake(
                statement,
                "the upgrade script took the logits for labels: no gradient reaches a weight; "
                "write labels=Y, logits=py_x",
                BY_KEY["upgrade_script"],
            )
        elif named.get("labels") in logits or named.get("logits") in copy.labels:
            text = f"labels and logits are swapped: write labels={named.get('logits', '...')}, "
            yield Mistake(
                statement, f"{text}logits={named.get('labels', '...')}", BY_KEY["labels_first"]
            )
        elif not named and len(given) > 1 and (given[0] in copy.labels or given[1] in logits):
            yield Mistake(
                statement,
                f"labels and logits are swapped: TensorFlow 0.x takes ({given[1]}, {given[0]}), "
                f"1.x and 2 take labels={given[0]}, logits={given[1]}",
                BY_KEY["labels_first"],
            )


def _tested_on_training_set(copy: _Copy) -> Iterator[Mistake]:
    """Find tests that are fed training images, if no other is fed test images."""
    kinds: dict[str, set[str]] = {}
    for statement in copy.statements:
        for name, kind in _assigned(statement, kinds).items():
            if re.match("te(st)?_?[XY]", name, re.IGNORECASE) and kind == {"train"}:
                yield Mistake(statement, f"{name} is training data: a test on it shows nothing")
    fed = {
        statement: _kinds(feed[name], kinds)
        for statement, feed in copy.evaluations()
        for name in copy.images & set(feed)
    }
    if not any("test" in kind for kind in fed.values()):
        for statement, kind in fed.items():
            if kind == {"train"} and copy.is_test(statement):
                yield Mistake(statement, "this tests on the training set: feed it the test images")


def _assigned(statement: Statement, kinds: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return, and note in ``kinds``, which names get "train" or "test" data in a statement."""
    targets, value = statement.targets, statement.code.partition("=")[2]
    values = split(value) if len(targets) > 1 else [value]
    if len(values) != len(targets):
        values = [value] * len(targets)
    plain = re.compile(r"[\w.]+(\.(reshape|astype)\(.*\))?$")  # not a part, nor a computation
    new = {
        name: kind
        for name, part in zip(targets, values, strict=True)
        if plain.match(part) and (kind := _kinds(part, kinds))
    }
    kinds.update(new)
    return new


def _kinds(expression: str, kinds: dict[str, set[str]]) -> set[str]:
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


def _dropout_in_tests(copy: _Copy) -> Iterator[Mistake]:
    """Find tests in which activations are dropped."""
    for statement, feed in copy.evaluations():
        on = {name: feed[name] for name in copy.keep & set(feed) if _is_share(feed[name])}
        if on and copy.is_test(statement):
            values = ", ".join(f"{name}: {value}" for name, value in sorted(on.items()))
            yield Mistake(
                statement,
                f"dropout is on in this test ({values}): feed 1.0",
                BY_KEY["testing_draws"],
            )
    for statement in copy.statements:
        match = re.match(r"[\w.]+=.*dropout\(", statement.code)
        given = split(statement.code[match.end() :]) if match else []
        if len(given) > 1 and _is_share(given[1].removeprefix("keep_prob=")):
            yield Mistake(
                statement,
                "this dropout is always on, in tests too: feed the keep probability",
                BY_KEY["testing_draws"],
            )


def _is_share(text: str) -> bool:
    return bool(re.fullmatch(r"0?\.\d*[1-9]\d*", text))


def _shapes(copy: _Copy) -> Iterator[Mistake]:
    """Find shapes that do not fit each other."""
    order, parameters = list(range(len(copy.statements))), {}
    for head in copy.at.get("model", [])[:1]:
        body = [n for n in order if head in copy.blocks[n]]
        order = [n for n in order if n != head and n not in body]
        calls = copy.at.get("py_x", [])
        if not calls:
            return
        match = re.search(r"=\(?\w+\(", copy.statements[calls[0]].code)
        if not match:
            return
        parameters[head] = split(copy.statements[calls[0]].code[match.end() :])
        if calls[0] not in order:
            return  # the model calls itself
        at = order.index(calls[0])
        order[at:at] = [head, *body]
    for n, text, silent in shapes.faults(copy.statements, order, parameters):
        if silent:
            text += ": TensorFlow 0.x and 1.x refuse this, 2 makes it a grouped convolution"
        yield Mistake(copy.statements[n], text, BY_KEY["grouped_convolution"] if silent else None)
