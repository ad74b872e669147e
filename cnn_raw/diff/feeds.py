"""Known mistakes in what a copy of the tutorial feeds: the wrong images, labels or dropout.

Each is found in the text alone, and only where the text says enough.
"""

import re
from collections.abc import Iterator

from cnn_raw.diff.copied import Copy, Mistake, assigned, kinds_of
from cnn_raw.diff.reasons import BY_KEY
from cnn_raw.diff.statements import split


def find(copy: Copy) -> Iterator[Mistake]:
    """Yield the mistakes in what a copy feeds."""
    for search in (
        _tested_on_training_set,
        _dropout_in_tests,
        _dropout_in_training,
        _rows_apart,
        _not_fed,
        _not_reshaped,
    ):
        yield from search(copy)


def _tested_on_training_set(copy: Copy) -> Iterator[Mistake]:
    """Find tests that are fed training images, if no other is fed test images."""
    kinds: dict[str, set[str]] = {}
    for statement in copy.statements:
        for name, kind in assigned(statement, kinds).items():
            if re.match("te(st)?_?[XY]", name, re.IGNORECASE) and kind == {"train"}:
                yield Mistake(statement, f"{name} is training data: a test on it shows nothing")
    fed = {
        statement: kinds_of(feed[name], kinds)
        for statement, feed in copy.evaluations()
        for name in copy.images & set(feed)
    }
    if not any("test" in kind for kind in fed.values()):
        for statement, kind in fed.items():
            if kind == {"train"} and copy.is_test(statement):
                yield Mistake(statement, "this tests on the training set: feed it the test images")


def _dropout_in_tests(copy: Copy) -> Iterator[Mistake]:
    """Find tests in which activations are dropped, or all of them are."""
    drawn = BY_KEY["testing_draws"]
    for statement, feed in copy.evaluations():
        if not copy.is_test(statement):
            continue
        on = {name: feed[name] for name in copy.keep & set(feed) if _is_share(feed[name])}
        if on:
            values = ", ".join(f"{name}: {value}" for name, value in sorted(on.items()))
            yield Mistake(statement, f"dropout is on in this test ({values}): feed 1.0", drawn)
        for name in sorted(copy.keep & set(feed)):
            if re.fullmatch(r"0\.?0*", feed[name]):
                yield Mistake(statement, f"{name} is the share that is kept: 0 keeps nothing")
        for name in feed:
            if re.search(r"(?i)train", name) and feed[name] == "True":
                text = f"this test runs as training does ({name}: True): feed False"
                yield Mistake(statement, text, drawn)
    for statement in copy.statements:
        match = re.match(r"[\w.]+=.*(?<!layers\.)\bdropout\(", statement.code)
        given = split(statement.code[match.end() :]) if match else []
        if len(given) > 1 and _is_share(given[1].removeprefix("keep_prob=")):
            text = "this dropout is always on, in tests too: feed the keep probability"
            yield Mistake(statement, text, drawn)


def _dropout_in_training(copy: Copy) -> Iterator[Mistake]:
    """Find training without any dropout, where the program has it."""
    for statement, fed, trains in copy.runs():
        kept = [fed[name] for name in copy.keep if name in fed]
        if trains and kept and all(re.fullmatch(r"1\.?0*", value) for value in kept):
            yield Mistake(statement, "dropout is off in training: feed the keep probabilities")
    for statement in copy.statements:
        match = re.search(r"\btf\.layers\.dropout\(", statement.code)
        given = split(statement.code[match.end() :]) if match else []
        if given and len(given) < 5 and not any(g.startswith("training=") for g in given):
            yield Mistake(statement, "tf.layers.dropout drops nothing without training=True")


def _is_share(text: str) -> bool:
    return bool(re.fullmatch(r"0?\.\d*[1-9]\d*", text))


def _rows_apart(copy: Copy) -> Iterator[Mistake]:
    """Find images that are fed with the labels of other images."""
    kinds: dict[str, set[str]] = {}
    for statement in copy.statements:
        assigned(statement, kinds)
    pixels, numbers = copy.loaded("images"), copy.loaded("labels")
    for statement, fed, trains in copy.runs():
        images = next((fed[name] for name in copy.images if name in fed), "")
        labels = next((fed[name] for name in copy.labels if name in fed), "")
        kind, other = kinds_of(images, kinds), kinds_of(labels, kinds)
        if _base(images) in numbers or _base(labels) in pixels:
            yield Mistake(statement, f"{images} is fed for images, {labels} for labels")
        elif _rows(images) and _rows(labels) and _rows(images) != _rows(labels):
            yield Mistake(statement, f"{images} and {labels} are not the same rows")
        elif {*kind, *other} == {"train", "test"} and (trains or kind == {"test"}):
            yield Mistake(statement, f"{images} and {labels} are not of the same set")
        elif trains and kind == {"test"}:
            yield Mistake(statement, "this trains on the test set")
    for statement in copy.statements:
        match = re.match(r"(?:np|numpy|random)\.(?:random\.)?shuffle\((\w+)\)", statement.code)
        if match and kinds.get(match[1]):
            text = f"{match[1]} is shuffled alone: images and labels no longer belong together"
            yield Mistake(statement, text)
        ends = re.findall(r"range\((?:\w+,)?len\((\w+)\)(?:\+1)?,(\w+)\)", statement.code)
        if "zip(" in statement.code and len(ends) == 2:
            (one, step), (other_one, other_step) = ends
            if step != other_step or kinds_of(one, kinds) != kinds_of(other_one, kinds):
                text = "the two ranges do not make batches that follow each other"
                yield Mistake(statement, text)


def _rows(expression: str) -> str:
    """Return which rows a slice ``name[rows]`` or ``name[rows, ...]`` takes, "" if it is none."""
    match = re.fullmatch(r"[A-Za-z_]\w*\[([^\[\],]*[A-Za-z:][^\[\],]*)(,.*)?\]", expression)
    return match[1] if match else ""


def _base(expression: str) -> str:
    return re.split(r"[\[.(]", expression)[0]


def _not_fed(copy: Copy) -> Iterator[Mistake]:
    """Find training steps that are not fed all that they need."""
    for statement, fed, trains in copy.runs():
        needed = [name for names in (copy.images, copy.labels, copy.keep) for name in sorted(names)]
        if trains and copy.images & set(fed) and copy.at.get("py_x"):
            lacking = [name for name in needed if name not in fed and copy.uses(name)]
            if lacking:
                text = f"You must feed a value: {', '.join(lacking)} is fed nothing here"
                yield Mistake(statement, text)


def _not_reshaped(copy: Copy) -> Iterator[Mistake]:
    """Find the loader's rows of 784 fed where images of 28 x 28 x 1 are taken."""
    square = any(
        re.search(r"\[\w+,(28|\w*size\w*),(28|\w*size\w*),1\]", copy.statements[n].code)
        for n in copy.at.get("X", [])
    )
    if not square or re.search(r"read_data_sets\([^)]*reshape=False", copy.text):
        return
    for name in sorted(copy.loaded("images")):
        uses = re.sub(rf"(?<!\w)len\({name}\)", "", copy.text)
        shaped = re.search(rf"\b{name}(\[[^\]]*\])?\.(reshape|shape=)|\breshape\({name}\b", uses)
        fed = [s for s, feed, _ in copy.runs() if any(_base(f) == name for f in feed.values())]
        if fed and not shaped:
            text = f"{name} has rows of 784 values: {name} = {name}.reshape(-1, 28, 28, 1)"
            yield Mistake(fed[0], text)
