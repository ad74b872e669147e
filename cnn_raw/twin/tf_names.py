"""Names of TensorFlow 0.x and 1.x that TensorFlow 2 lacks, and what it has instead.

What it has is read from the files of the installed TensorFlow, which need not be imported: each
module of its public API lists its names. What a name became is read from its upgrade script's
table, from RENAMED for 0.x, and, where these only know ``compat.v1``, from ADVICE.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from cnn_raw.twin.statements import Statement

# Reached through Keras, which TensorFlow loads only when it is asked for.
_OF_KERAS = ("keras", "losses", "metrics", "optimizers", "initializers")

# Renamed before 1.0, so that the upgrade script does not know them.
RENAMED = {
    "mul": "multiply",
    "sub": "subtract",
    "neg": "negative",
    "inv": "math.reciprocal",
    "pack": "stack",
    "unpack": "unstack",
    "select": "where",
    "batch_matmul": "matmul",
    "listdiff": "sets.difference",
    "image.per_image_whitening": "image.per_image_standardization",
}

# Names that begin so: what to use in raw TensorFlow 2. The longest that fits counts.
ADVICE = {
    "app": "argparse, and main() called directly",
    "flags": "argparse",
    "contrib": "tf.nn, or the library that the part moved to",
    "contrib.layers.xavier_initializer": "tf.random.uniform within sqrt(6 / (inputs + outputs))",
    "contrib.slim": "the package tf_slim",
    "layers": "tf.nn with variables of your own",
    "get_variable": "tf.Variable(initial_value, name=...)",
    "variable_scope": "tf.name_scope, and variables of your own",
    "get_variable_scope": "variables of your own",
    "global_variables": "a list of your variables",
    "all_variables": "a list of your variables",
    "trainable_variables": "a list of your variables",
    "variables_initializer": "nothing: a variable has its value at once",
    "get_collection": "a list of your own",
    "add_to_collection": "a list of your own",
    "GraphKeys": "a list of your own",
    "get_default_graph": "nothing: operations run when they are called",
    "get_default_session": "nothing: operations run when they are called",
    "reset_default_graph": "nothing: operations run when they are called",
    "ConfigProto": "tf.config",
    "GPUOptions": "tf.config.experimental.set_memory_growth",
    "assign": "variable.assign(value)",
    "assign_add": "variable.assign_add(value)",
    "train.GradientDescentOptimizer": "variable.assign_sub(learning_rate * gradient)",
    "train.AdamOptimizer": "tf.raw_ops.ResourceApplyAdam (tf.optimizers.Adam has another epsilon)",
    "train.MomentumOptimizer": "tf.raw_ops.ResourceApplyMomentum",
    "train.AdagradOptimizer": "tf.raw_ops.ResourceApplyAdagrad",
    "train.AdadeltaOptimizer": "tf.raw_ops.ResourceApplyAdadelta",
    "train.FtrlOptimizer": "tf.raw_ops.ResourceApplyFtrl",
    "train.exponential_decay": "learning_rate * decay_rate ** (step / decay_steps)",
    "train.Saver": "tf.train.Checkpoint",
    "train.SummaryWriter": "tf.summary.create_file_writer",
    "train.get_global_step": "a variable of your own",
    "train.batch": "tf.data.Dataset.batch",
    "train.shuffle_batch": "tf.data.Dataset.shuffle, then batch",
    "train.string_input_producer": "tf.data.Dataset.from_tensor_slices",
    "train.slice_input_producer": "tf.data.Dataset.from_tensor_slices",
    "train.start_queue_runners": "tf.data, which needs none",
    "TFRecordReader": "tf.data.TFRecordDataset",
    "WholeFileReader": "tf.io.read_file",
    "TextLineReader": "tf.data.TextLineDataset",
    "summary.FileWriter": "tf.summary.create_file_writer",
    "summary.merge": "nothing: each summary is written when it is made",
    "merge_all_summaries": "nothing: each summary is written when it is made",
    "merge_summary": "nothing: each summary is written when it is made",
    "scalar_summary": "tf.summary.scalar, with a step",
    "histogram_summary": "tf.summary.histogram, with a step",
    "image_summary": "tf.summary.image, with a step",
    "losses": "the same sum written with tf.reduce_mean",
    "metrics": "the same mean written with NumPy or tf.reduce_mean",
    "estimator": "a training loop of your own",
    "nn.rnn_cell": "a cell of your own",
    "nn.dynamic_rnn": "a loop of your own (tf.while_loop or tf.scan)",
    "python": "the public name of the same function",
}


class Missing(NamedTuple):
    """A name that TensorFlow 2 lacks. Names leave out ``tf.``."""

    name: str
    module: str  # the Python module that was asked for it
    attribute: str  # and what it lacks
    instead: str  # what TensorFlow 2 has: a name with tf., or words; "" if that is not known
    renamed: bool  # is ``instead`` the same operation under another name?

    @property
    def error(self) -> str:
        """What Python says."""
        if not self.module:
            return f"ModuleNotFoundError: No module named '{self.attribute}'"
        return f"AttributeError: module '{self.module}' has no attribute '{self.attribute}'"


def aliases(statements: Sequence[Statement]) -> dict[str, str]:
    """Return what a program calls TensorFlow: ``tf``, and whatever it imports it as.

    The values are what has to be put before a name: "" or "compat.v1.".
    """
    found = {"tf": ""}
    for statement in statements:
        match = re.match(r"import tensorflow((?:\.\w+)*) as (\w+)$", statement.code)
        if match:
            found[match[2]] = f"{match[1][1:]}." if match[1] else ""
        elif statement.code == "import tensorflow":
            found["tensorflow"] = ""
    return found


def missing_in(statement: Statement, called: dict[str, str]) -> Iterator[Missing]:
    """Yield the names in a statement that TensorFlow 2 lacks, each once. ``called``: aliases."""
    seen = set()
    for name in _names(statement, called):
        if name not in seen and (found := missing(name)):
            seen.add(name)
            yield found
    words = statement.words
    if words[:1] in (("import",), ("from",)) and words[1:3] == ("tensorflow", "."):
        path = re.split(r" import\b|\bas\b|,", statement.code.partition(" ")[2])[0].strip()
        if not _is_module(path) and (gone := _first_missing(path)):
            name = path.removeprefix("tensorflow.")
            yield Missing(name, "", gone, *_instead(name))


def _names(statement: Statement, called: dict[str, str]) -> Iterator[str]:
    words = statement.words
    if words[0] in ("import", "from"):
        return
    for n, word in enumerate(words):
        if word in called and words[n - 1 : n] != (".",):
            name = []
            while words[n + 1 : n + 2] == (".",) and n + 2 < len(words):
                name.append(words[n + 2])
                n += 2
            if name:
                yield called[word] + ".".join(name)


@cache
def missing(name: str) -> Missing | None:
    """Return what TensorFlow 2 lacks of a dotted name without ``tf.``; None if it has it.

    Attributes of functions and classes are not looked up.
    """
    module: tuple[str, ...] = ()
    for part in name.split("."):
        names = _names_of(module)
        if names is None:
            return None  # an attribute of a function or a class
        if part not in names:
            return Missing(name, _python_name(module), part, *_instead(name))
        module = (*module, part)
    return None


def _instead(name: str) -> tuple[str, bool]:
    new = f"tf.{RENAMED[name]}" if name in RENAMED else _renames().get(f"tf.{name}", "")
    if new and not new.startswith("tf.compat.v1.") and not missing(new.removeprefix("tf.")):
        return new, True
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        if advice := ADVICE.get(".".join(parts[:n])):
            return advice, False
    return "", False


@cache
def _folder(package: str) -> Path:
    """Return where an installed package is, without importing it."""
    spec = find_spec(package)
    assert spec and spec.submodule_search_locations, package
    return Path(next(iter(spec.submodule_search_locations)))


@cache
def _names_of(module: tuple[str, ...]) -> frozenset[str] | None:
    """Return the public names of a module of the API, None if there is no such module."""
    if not module:
        file = _folder("tensorflow") / "__init__.py"
    elif module[0] in _OF_KERAS:
        below = module[1:] if module[0] == "keras" else module
        file = _folder("keras").joinpath("_tf_keras", "keras", *below, "__init__.py")
    else:
        file = _folder("tensorflow").joinpath("_api", "v2", *module, "__init__.py")
    if not file.is_file():
        return None
    text = file.read_text(encoding="utf-8")
    names = re.findall(r"^ *from .* import (?:\w+ as )?(\w+)", text, re.MULTILINE)
    return frozenset([*names, *(() if module else (*_OF_KERAS, "__version__"))])


def _python_name(module: tuple[str, ...]) -> str:
    """Return a module's name in Python's messages."""
    if not module:
        return "tensorflow"
    if module[0] in _OF_KERAS:
        below = module[1:] if module[0] == "keras" else module
        return ".".join(("keras._tf_keras.keras", *below))
    return ".".join(("tensorflow._api.v2", *module))


def _is_module(path: str) -> bool:
    """Is ``tensorflow.x.y`` a module that can be imported?"""
    return not _first_missing(path)


def _first_missing(path: str) -> str:
    """Return the first module on the way to ``path`` that is not there, "" if all are."""
    parts = path.split(".")
    for n in range(2, len(parts) + 1):
        names = _names_of(tuple(parts[1:n]))
        file = _folder("tensorflow").joinpath(*parts[1:n])
        if names is None and not file.is_dir() and not file.with_suffix(".py").is_file():
            return ".".join(parts[:n])
    return ""


@cache
def _renames() -> dict[str, str]:
    """Return the upgrade script's table: names of TensorFlow 1.x, and what they became."""
    found: dict[str, str] = {}
    for name, variable in (("renames_v2", "renames"), ("all_renames_v2", "manual_symbol_renames")):
        file = _folder("tensorflow") / "tools" / "compatibility" / f"{name}.py"
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == variable:
                found |= ast.literal_eval(node.value)
    return found
