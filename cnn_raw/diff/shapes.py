"""The shapes in a program's network, worked out from its text, and where they do not fit.

Only what the text says is followed: numbers, names of numbers, and the calls of the tutorial. What
is not known stays unknown, and nothing is said about it.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from cnn_raw.diff.statements import Statement

Shape = tuple[int | None, ...]  # without the batch: (height, width, channels) or (columns,)


class Network:
    """Names with their numbers and shapes, as they are after each statement."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.filters: dict[str, list[int | None]] = {}  # the lists that weights were made with
        self.shapes: dict[str, Shape] = {}
        self.faults: list[tuple[str, bool]] = []  # what does not fit; is it silent in TensorFlow 2?

    def take(self, statement: Statement) -> list[tuple[str, bool]]:
        """Follow a statement, and return the faults in it."""
        self.faults = []
        tree = _tree(statement)
        if isinstance(tree, ast.FunctionDef):
            return []
        value = tree.value if isinstance(tree, ast.Assign | ast.Return | ast.Expr) else None
        if value is None:
            return []
        target = statement.targets[0] if len(statement.targets) == 1 else ""
        number = self._number(value)
        if target and number is not None:
            self.numbers[target] = number
        elif target and (dimensions := self._weights(value)):
            self.filters[target] = dimensions
        else:
            shape = self._shape(value)
            if target and shape:
                self.shapes[target] = shape
            elif target:
                self.shapes.pop(target, None)
        return self.faults

    def call(self, parameters: Sequence[str], arguments: Sequence[str]) -> None:
        """Give a function's parameters what its arguments are."""
        self.numbers = _passed(self.numbers, parameters, arguments)
        self.filters = _passed(self.filters, parameters, arguments)
        self.shapes = _passed(self.shapes, parameters, arguments)

    def _number(self, node: ast.expr) -> int | None:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return node.value
        if isinstance(node, ast.Name):
            return self.numbers.get(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Add | ast.FloorDiv):
            a, b = self._number(node.left), self._number(node.right)
            if a is None or b is None or (isinstance(node.op, ast.FloorDiv) and not b):
                return None
            kind = type(node.op)
            return a * b if kind is ast.Mult else a + b if kind is ast.Add else a // b
        return None

    def _numbers(self, node: ast.expr | None) -> list[int | None]:
        if not isinstance(node, ast.List | ast.Tuple):
            return []
        return [self._number(element) for element in node.elts]

    def _weights(self, node: ast.expr) -> list[int | None]:
        """Return the list of a weight: ``init_weights([3, 3, 1, 32])`` and its like."""
        name = _name(node)
        if any(part in name.lower() for part in ("init", "weight", "variable")):
            for inner in ast.walk(node):
                numbers = self._numbers(inner) if isinstance(inner, ast.List) else []
                if len(numbers) in (2, 4):
                    return numbers
        return []

    def _shape(self, node: ast.expr) -> Shape | None:
        """Return the shape of an expression, and note what does not fit in it."""
        if isinstance(node, ast.Name):
            return self.shapes.get(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):  # a bias
            return self._shape(node.left)
        if not isinstance(node, ast.Call):
            return None
        name, arguments = _name(node), _Arguments(node)
        if name == "placeholder":
            dimensions = self._numbers(arguments.get(1, "shape"))
            return tuple(dimensions[1:]) if len(dimensions) in (2, 4) else None
        first = arguments.get(0, "input", "value", "x", "a", "features", "tensor")
        shape = self._shape(first) if first is not None else None
        if name in ("relu", "tanh", "sigmoid", "elu", "dropout", "identity", "bias_add"):
            return shape
        if name.startswith("conv2d"):
            return self._conv(shape, arguments)
        if "pool" in name:
            return self._pool(shape, name, arguments)
        if name == "reshape":
            return self._reshape(shape, arguments)
        return self._matmul(shape, arguments) if name == "matmul" else None

    def _filter(self, node: ast.expr | None) -> list[int | None]:
        return self.filters.get(node.id, []) if isinstance(node, ast.Name) else []

    def _conv(self, shape: Shape | None, arguments: "_Arguments") -> Shape | None:
        weight = arguments.get(1, "filter", "filters", "W")
        dimensions = self._filter(weight)
        if len(dimensions) != 4 or not shape or len(shape) != 3:
            return None
        *_, inputs, outputs = dimensions
        channels = shape[2]
        if inputs and channels and inputs != channels:
            groups = channels // inputs
            grouped = channels % inputs == 0 and not (outputs or 1) % groups
            text = f"takes {inputs} channels, its input has {channels}"
            self.faults.append((f"the filter {_text(weight)} {text}", grouped))
        height, width = self._strided(shape, arguments, (dimensions[0], dimensions[1]), 1)
        return height, width, outputs

    def _pool(self, shape: Shape | None, name: str, arguments: "_Arguments") -> Shape | None:
        if not shape or len(shape) != 3:
            return None
        known = arguments.get(2, "strides") is not None or name.endswith("2x2")
        ksize = self._numbers(arguments.get(1, "ksize")) or [None] * 4
        size = (ksize[1], ksize[2]) if len(ksize) == 4 else (None, None)
        height, width = self._strided(shape, arguments, size, 2 if known else None)
        return height, width, shape[2]

    def _strided(
        self,
        shape: Shape,
        arguments: "_Arguments",
        window: tuple[int | None, int | None],
        default: int | None,
    ) -> tuple[int | None, int | None]:
        """Return height and width after a ``window`` has gone over them in strides."""
        node, padding = arguments.get(2, "strides"), arguments.get(3, "padding")
        kind = padding.value if isinstance(padding, ast.Constant) else "" if padding else "SAME"
        strides = self._numbers(node) if node is not None else [1, default, default, 1]
        if kind not in ("SAME", "VALID") or len(strides) != 4:
            return None, None

        def after(size: int | None, over: int | None, by: int | None) -> int | None:
            if not size or not by or (kind == "VALID" and not over):
                return None
            return -(-(size if kind == "SAME" else size - (over or 1) + 1) // by)

        return after(shape[0], window[0], strides[1]), after(shape[1], window[1], strides[2])

    def _reshape(self, shape: Shape | None, arguments: "_Arguments") -> Shape | None:
        to = arguments.get(1, "shape")
        if not isinstance(to, ast.List) or len(to.elts) not in (2, 4):
            return None
        if len(to.elts) == 4:
            return tuple(self._numbers(to)[1:])
        size = 1
        for dimension in shape or (None,):
            if dimension is None:
                return (self._number(to.elts[1]),)
            size *= dimension
        wanted = self._number(to.elts[1])
        if wanted is None:  # w4.get_shape().as_list()[0]
            names = [n.id for n in ast.walk(to.elts[1]) if isinstance(n, ast.Name)]
            wanted = next((self.filters[n][0] for n in names if self.filters.get(n)), None)
        if wanted and wanted != size:
            self.faults.append(
                (f"the images have {' x '.join(map(str, shape or ()))} = {size} values here, "
                 f"and are reshaped to rows of {wanted}", False)
            )  # fmt: skip
        return (wanted or size,)

    def _matmul(self, shape: Shape | None, arguments: "_Arguments") -> Shape | None:
        weight = arguments.get(1, "b")
        dimensions = self._filter(weight)
        if len(dimensions) != 2:
            return None
        rows, columns = dimensions
        if shape and len(shape) == 3:
            first = _text(arguments.get(0, "a"))
            size = " x ".join(str(n or "?") for n in shape)
            self.faults.append(
                (f"tf.matmul takes rows, {first} is {size} per image: reshape it", False)
            )
        if shape and len(shape) == 1 and shape[0] and rows and shape[0] != rows:
            self.faults.append(
                (f"{_text(weight)} has {rows} rows, its input {shape[0]} columns", False)
            )
        return (columns,)


class _Arguments:
    """A call's arguments, by position or by one of several names."""

    def __init__(self, call: ast.Call):
        self._args = call.args
        self._keywords = {keyword.arg: keyword.value for keyword in call.keywords}

    def get(self, place: int, *names: str) -> ast.expr | None:
        for name in names:
            if name in self._keywords:
                return self._keywords[name]
        return self._args[place] if place < len(self._args) else None


def _name(node: ast.expr) -> str:
    """Return the last part of the name that a call calls."""
    if not isinstance(node, ast.Call):
        return ""
    called = node.func
    return str(getattr(called, "attr", "") or getattr(called, "id", ""))


def _text(node: ast.expr | None) -> str:
    return ast.unparse(node) if node else ""


Known = TypeVar("Known")


def _passed(
    known: dict[str, Known], parameters: Sequence[str], arguments: Sequence[str]
) -> dict[str, Known]:
    """Return what is known inside a function: of its parameters, what is of its arguments."""
    given = dict(zip(parameters, arguments, strict=False))
    inside = {name: value for name, value in known.items() if name not in parameters}
    return inside | {name: known[of] for name, of in given.items() if of in known}


def _tree(statement: Statement) -> ast.stmt | None:
    """Return a simple statement parsed, None for what is no Python 3 or has a block."""
    text = re.sub(r"\bself\W+", "", " ".join(token.text for token in statement.tokens))
    try:
        (node,) = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return node


def faults(
    statements: Sequence[Statement], order: Sequence[int], parameters: Mapping[int, Sequence[str]]
) -> Iterator[tuple[int, str, bool]]:
    """Yield what does not fit: the statement's index, a text, and if TensorFlow 2 is silent.

    ``order``: indices of the statements in the order in which the network is built.
    ``parameters``: for the index of a ``def``, the arguments of its call.
    """
    network = Network()
    for n in order:
        if n in parameters:
            inside = statements[n].code.partition("(")[2].rpartition(")")[0]
            names = [name.partition("=")[0] for name in inside.removeprefix("self,").split(",")]
            network.call(names, parameters[n])
            continue
        for text, silent in network.take(statements[n]):
            yield n, text, silent
