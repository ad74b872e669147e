"""Known mistakes in a copy of the tutorial: what runs, often without a message, and is wrong.

Each is found in the text alone, and only where the text says enough.
"""

import re
from collections.abc import Iterator, Sequence

from cnn_raw.diff import shapes
from cnn_raw.diff.copied import Copy, Mistake, assigned, kinds_of
from cnn_raw.diff.program import Step
from cnn_raw.diff.reasons import BY_KEY
from cnn_raw.diff.statements import Statement, split


def find(statements: Sequence[Statement], pairs: dict[int, Step]) -> list[Mistake]:
    """Return the known mistakes in a program, in its order. ``pairs``: see ``pairing.pair``."""
    copy = Copy(statements, pairs)
    found = [
        mistake
        for search in (
            _swapped,
            _softmax_twice,
            _tested_on_training_set,
            _dropout_in_tests,
            _shapes,
            _rows_apart,
            _wrong_axis,
            _data,
            _training,
        )
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


def _swapped(copy: Copy) -> Iterator[Mistake]:
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
            one, other = named.get("logits", "..."), named.get("labels", "...")
            text = f"labels and logits are swapped: write labels={one}, logits={other}"
            yield Mistake(statement, text, BY_KEY["labels_first"])
        elif not named and len(given) > 1 and (given[0] in copy.labels or given[1] in logits):
            yield Mistake(
                statement,
                f"labels and logits are swapped: TensorFlow 0.x takes ({given[1]}, {given[0]}), "
                f"1.x and 2 take labels={given[0]}, logits={given[1]}",
                BY_KEY["labels_first"],
            )


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


def _shapes(copy: Copy) -> Iterator[Mistake]:
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
            text = f"{text}: TensorFlow 0.x and 1.x refuse this, 2 makes it a grouped convolution"
        yield Mistake(copy.statements[n], text, BY_KEY["grouped_convolution"] if silent else None)


def _softmax_twice(copy: Copy) -> Iterator[Mistake]:
    """Find a softmax before the operation that has one of its own."""
    if "softmax_cross_entropy_with_logits" not in copy.text:
        return
    given: set[str] = set()
    for statement in copy.statements:
        if match := re.search(r"cross_entropy_with_logits\w*\(", statement.code):
            given |= set(re.findall(r"\w+", statement.code[match.end() :]))
    for statement in copy.statements:
        returned = statement.words[0] == "return" and given & copy.names("py_x")
        inline = re.search(
            r"cross_entropy_with_logits.*(?<![\w.])tf\.nn\.softmax\(", statement.code
        )
        softmax = re.match(r"(\w+=|return )tf\.nn\.softmax\(", statement.code)
        inside = any(statement is copy.statements[n] for n in copy.at.get("pyx", []))
        if inline or (softmax and (given & set(statement.targets) or returned or inside)):
            yield Mistake(
                statement,
                "softmax is applied twice: softmax_cross_entropy_with_logits does it itself; "
                "give it the logits",
            )


def _rows_apart(copy: Copy) -> Iterator[Mistake]:
    """Find images that are fed with the labels of other images."""
    kinds: dict[str, set[str]] = {}
    for statement in copy.statements:
        assigned(statement, kinds)
    for statement, fed, trains in copy.runs():
        images = next((fed[name] for name in copy.images if name in fed), "")
        labels = next((fed[name] for name in copy.labels if name in fed), "")
        kind, other = kinds_of(images, kinds), kinds_of(labels, kinds)
        if _rows(images) and _rows(labels) and _rows(images) != _rows(labels):
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


def _wrong_axis(copy: Copy) -> Iterator[Mistake]:
    """Find the largest over the images, where the largest over the classes is asked for."""
    for statement in copy.statements:
        match = re.search(
            r"arg_?max\((\w+)(?:\[[^\]]*\])?,(?:axis=|dimension=)?0\)", statement.code
        )
        if match and (
            match[1] in copy.logits | copy.labels or re.match(r"(?i)t[re]\w*_?y", match[1])
        ):
            yield Mistake(statement, "axis 0 runs over the images; the classes are axis 1")


def _data(copy: Copy) -> Iterator[Mistake]:
    """Find labels and pixels that are not what the network takes."""
    for statement in (copy.statements[n] for n in copy.at.get("mnist", [])):
        made = re.search(r"one_hot=True|\bone_hot\(|categorical|np\.eye|sparse_soft", copy.text)
        if not made and copy.labels:
            yield Mistake(statement, "the labels are numbers: one_hot=True gives rows of 10")
    images = {name for key in ("images", "reshape_trX", "reshape_teX") for name in copy.names(key)}
    for statement in copy.statements if "dtype=" not in copy.text else ():
        divided = re.search(r"/=?255|\*=?\(?1\.?0?/255", statement.code)
        if divided and copy.at.get("mnist") and images & set(statement.targets):
            yield Mistake(statement, "the loader has divided the pixels by 255 already")


def _training(copy: Copy) -> Iterator[Mistake]:
    """Find what keeps the network from learning, or from learning this."""
    on = [statement for statement, _, trains in copy.runs() if trains]
    if on and copy.at.get("session") and not re.search(
        r"initializ|restore\(|Supervisor|MonitoredTr", copy.text
    ):  # fmt: skip
        yield Mistake(
            on[0], "the variables are never initialized", BY_KEY["initialize_all_variables"]
        )
    for statement in copy.statements:
        if "cross_entropy_with_logits" in copy.text and re.search(
            r"\.minimize\((loss=)?-\w", statement.code
        ):
            yield Mistake(statement, "this makes the cost larger: minimize the cost, not -cost")
    for statement in (copy.statements[n] for n in copy.at.get("random_normal", [])):
        if re.search(r"tf\.(zeros|ones)\(", statement.code):
            yield Mistake(statement, "weights that start equal stay equal: draw them at random")
    for statement in (copy.statements[n] for n in copy.at.get("pyx", [])):
        if re.match(r"\w+=tf\.nn\.relu\(", statement.code):
            yield Mistake(statement, "relu makes every logit below 0 the same: leave it out here")
    costs = [copy.statements[n] for n in copy.at.get("cost", [])]
    if costs and not re.search(r"reduce_(mean|sum)|\.losses\.|tf\.add_n", copy.text):
        yield Mistake(costs[-1], "the cost is one number per image: take its mean, tf.reduce_mean")
    for statement, fed, trains in copy.runs():
        kept = [fed[name] for name in copy.keep if name in fed]
        if trains and kept and all(re.fullmatch(r"1\.?0*", value) for value in kept):
            yield Mistake(statement, "dropout is off in training: feed the keep probabilities")
