"""Known mistakes in a copy of the tutorial: what runs, often without a message, and is wrong.

Each is found in the text alone, and only where the text says enough.
"""

import re
from collections.abc import Iterator, Sequence

from cnn_raw.diff import feeds, shapes
from cnn_raw.diff.copied import Copy, Mistake
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
            _shapes,
            _in_loops,
            _restored,
            _without_return,
            feeds.find,
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
        given = split(statement.code[match.end() :].replace("self.", ""))
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


def _shapes(copy: Copy) -> Iterator[Mistake]:
    """Find shapes that do not fit each other."""
    order, parameters = list(range(len(copy.statements))), {}
    for head in copy.at.get("model", [])[:1]:
        body = [n for n in order if head in copy.blocks[n]]
        order = [n for n in order if n != head and n not in body]
        calls = copy.at.get("py_x", [])
        if not calls:
            return
        match = re.search(r"=\(?(self\.)?\w+\(", copy.statements[calls[0]].code)
        if not match:
            return
        given = copy.statements[calls[0]].code[match.end() :].replace("self.", "")
        parameters[head] = split(given)
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
        softmax = re.match(
            r"(\w+=|return )(tf\.nn\.softmax\(|.*activation=(tf\.nn\.softmax\b|\"softmax\"))",
            statement.code,
        )
        inside = any(statement is copy.statements[n] for n in copy.at.get("pyx", []))
        if inline or (softmax and (given & set(statement.targets) or returned or inside)):
            yield Mistake(
                statement,
                "softmax is applied twice: softmax_cross_entropy_with_logits does it itself; "
                "give it the logits",
            )


def _wrong_axis(copy: Copy) -> Iterator[Mistake]:
    """Find the largest over the images, where the largest over the classes is asked for."""
    for statement in copy.statements:
        for match in re.finditer(
            r"(?P<of>tf|np|numpy)\.arg_?max\((?:self\.)?(?P<name>\w+)(?:\[[^\]]*\])?"
            r"(?P<axis>,(?:axis=|dimension=)?0(?=[,)]))?(?P<rest>[,)])",
            statement.code,
        ):
            rows = copy.logits | copy.labels | copy.loaded("labels")
            if match["name"] not in rows and not re.match(r"(?i)t[re]\w*_?y", match["name"]):
                continue
            if match["axis"]:
                yield Mistake(statement, "axis 0 runs over the images; the classes are axis 1")
            elif match["rest"] == ")" and match["of"] == "tf":
                yield Mistake(
                    statement, "axis 0, the images, is the default; the classes are axis 1"
                )
            elif match["rest"] == ")":
                yield Mistake(statement, "this is the largest of all rows at once; give axis=1")


def _data(copy: Copy) -> Iterator[Mistake]:
    """Find labels and pixels that are not what the network takes."""
    for statement in (copy.statements[n] for n in copy.at.get("mnist", [])):
        made = re.search(r"one_hot=True|\bone_hot\(|categorical|np\.eye|sparse_soft", copy.text)
        if not made and copy.labels:
            yield Mistake(statement, "the labels are numbers: one_hot=True gives rows of 10")
    columns, classes = (
        [re.search(r",(\d+)\]", copy.statements[n].code) for n in copy.at.get(key, [])]
        for key in ("w_o", "Y")
    )
    for n, given, wanted in zip(copy.at.get("w_o", []), columns, classes, strict=False):
        if given and wanted and given[1] != wanted[1] != "1":  # or the numbers of the classes
            text = f"gives {given[1]} columns, the labels have {wanted[1]}"
            yield Mistake(copy.statements[n], text)
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
        if re.search(r"tf\.(zeros|ones|constant|fill)\(", statement.code):
            yield Mistake(statement, "weights that start equal stay equal: draw them at random")
    for statement in (copy.statements[n] for n in copy.at.get("pyx", [])):
        if re.match(r"\w+=tf\.nn\.relu\(", statement.code):
            yield Mistake(statement, "relu makes every logit below 0 the same: leave it out here")
    costs = [copy.statements[n] for n in copy.at.get("cost", [])]
    if costs and not re.search(r"reduce_(mean|sum)|\.losses\.|tf\.add_n", copy.text):
        yield Mistake(costs[-1], "the cost is one number per image: take its mean, tf.reduce_mean")


# What adds to the graph, and what draws the weights.
_MAKES = re.compile(
    r"\btf\.(nn\.\w|arg_?max|equal\(|cast\(|reduce_\w|matmul|reshape|gradients\(|one_hot"
    r"|train\.\w+Optimizer|placeholder|Variable\(|summary\.(scalar|histogram|merge)|merge_all)"
)
_INITIALIZER = re.compile(r"(global_variables_initializer|initialize_all_variables)\(\)")


def _drawing(copy: Copy) -> set[Statement]:
    """Return the statements that run the initializer."""
    heads = [copy.statements[n] for n in copy.at.get("initialize", [])]
    named = {name for head in heads for name in head.targets}
    return {
        statement
        for statement in copy.statements
        if re.search(r"\.run\(", statement.code)
        and (
            _INITIALIZER.search(statement.code)
            or named & set(re.findall(r"\w+", statement.code.partition(".run(")[2]))
            or (re.match(r"(\w+)\.run\(", statement.code) and named & {statement.words[0]})
        )
    }


def _in_loops(copy: Copy) -> Iterator[Mistake]:
    """Find in the training's loops what belongs before them, and the reverse."""
    trained = next((s for s, _, trains in copy.runs() if trains), None)
    around = copy.blocks[copy.statements.index(trained)] if trained else ()
    built = [n for key in ("X", "train_op", "session") for n in copy.at.get(key, [])]
    loops = [
        b
        for b in around
        if copy.statements[b].words[0] in ("for", "while")
        and not any(b in copy.blocks[n] for n in built)  # a network for each turn
    ]
    if not loops:
        return
    drawing = _drawing(copy)
    for statement, within in zip(copy.statements, copy.blocks, strict=True):
        if loops[0] not in within or statement.words[0] in ("def", "return"):
            continue
        if statement in drawing:
            yield Mistake(statement, "this draws the weights anew in every turn of the loop")
        elif _MAKES.search(statement.code):
            yield Mistake(statement, "this adds operations to the graph in every turn of the loop")
    head = copy.statements[loops[-1]].code
    for n in copy.at.get("training_batch", []):
        zipped = re.match(r"(\w+)=zip\(", copy.statements[n].code)
        before = [b for b in loops[:-1] if b not in copy.blocks[n]]
        if zipped and before and re.search(rf"\bin {zipped[1]}:", head):
            text = "a zip is used up after one epoch in Python 3: make it in the loop, or a list"
            yield Mistake(copy.statements[n], text)


def _restored(copy: Copy) -> Iterator[Mistake]:
    """Find weights that are drawn after they were restored."""
    restored, drawing = False, _drawing(copy)
    for statement, within in zip(copy.statements, copy.blocks, strict=True):
        if any(copy.statements[b].words[0] in ("if", "else", "try", "except") for b in within):
            continue
        restored |= ".restore(" in statement.code
        if restored and statement in drawing:
            yield Mistake(statement, "this draws anew the weights that were restored before")


def _without_return(copy: Copy) -> Iterator[Mistake]:
    """Find a model that returns nothing."""
    calls = " ".join(copy.statements[n].code for n in copy.at.get("py_x", [])).replace("self.", "")
    for head in copy.at.get("model", []):
        name = copy.statements[head].words[1]
        body = [s for s, within in zip(copy.statements, copy.blocks, strict=True) if head in within]
        if f"={name}(" in calls and not any(s.words[0] in ("return", "yield") for s in body):
            yield Mistake(copy.statements[head], f"{name} returns nothing: end it with return")
