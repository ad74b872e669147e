"""What the installed TensorFlow has, read from its files: it need not be imported.

Each module of its public API, and of ``compat.v1``, lists its names and where they are defined.
Its upgrade script has tables of what the names and arguments of 1.x became. Names leave out
``tf.``.
"""

import ast
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Reached through Keras, which TensorFlow loads only when it is asked for.
_OF_KERAS = ("keras", "losses", "metrics", "optimizers", "initializers")


@cache
def _folder(package: str) -> Path:
    """Return where an installed package is, without importing it."""
    spec = find_spec(package)
    assert spec and spec.submodule_search_locations, package
    return Path(next(iter(spec.submodule_search_locations)))


@cache
def _api(module: tuple[str, ...], old: bool = False) -> str | None:
    """Return the text of a module of the API, or of compat.v1; None if there is no such module."""
    below = ("compat", "v1", *module) if old else module
    if not below:
        file = _folder("tensorflow") / "__init__.py"
    elif below[0] in _OF_KERAS:
        below = below[1:] if below[0] == "keras" else below
        file = _folder("keras").joinpath("_tf_keras", "keras", *below, "__init__.py")
    else:
        file = _folder("tensorflow").joinpath("_api", "v2", *below, "__init__.py")
    return file.read_text(encoding="utf-8") if file.is_file() else None


@cache
def parameters(name: str, old: bool) -> tuple[str, ...] | None:
    """Return the parameters of a function of TensorFlow 2, or of compat.v1; None if unknown."""
    *module, last = name.split(".")
    if last not in (imported := _imported(tuple(module), old)):
        return None
    path, own = imported[last]
    file = _folder("tensorflow").joinpath(*path.split(".")).with_suffix(".py")
    text, defined = _defined(file)
    start = defined.get(own)
    if start and text.startswith("class", start):
        start = next((at for at in defined.values() if at > start), None)
        start = start if start and text.startswith("  def __init__", start) else None
    if start is None:
        return None
    start = text.index("(", start) + 1
    end = re.compile(r"\)(\s*->[^\n]*)?:\s*(#.*)?$", re.MULTILINE).search(text, start)
    assert end, name
    function = ast.parse(f"def f({text[start : end.start()]}): ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return tuple(names[1:] if names[:1] == ["self"] else names)


@cache
def _imported(module: tuple[str, ...], old: bool) -> dict[str, tuple[str, str]]:
    """Return from where a module of the API has each name, and how it is called there."""
    imports = re.compile(r"^ *from tensorflow\.(\S+) import (\w+)(?: as (\w+))?", re.MULTILINE)
    found = imports.findall(_api(module, old) or "")
    return {last or own: (path, own) for path, own, last in found}


@cache
def _defined(file: Path) -> tuple[str, dict[str, int]]:
    """Return a file's text, and where in it each function, class and constructor begins."""
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    begins = re.compile(r"^(?:def|class) (\w+)[(:]|^  def __init__\(", re.MULTILINE)
    return text, {m[1] or f"__init__ {m.start()}": m.start() for m in begins.finditer(text)}


@cache
def names_of(module: tuple[str, ...], old: bool = False) -> frozenset[str] | None:
    """Return the public names of a module of the API, None if there is no such module.

    ``old``: of compat.v1.
    """
    text = _api(module, old)
    if text is None:
        return None
    names = re.findall(r"^ *from .* import (?:\w+ as )?(\w+)", text, re.MULTILINE)
    return frozenset([*names, *(() if module else (*_OF_KERAS, "__version__"))])


def was_there(name: str) -> bool:
    """Does compat.v1 have a dotted name, or was it in contrib?"""
    *module, last = name.split(".")
    return module[:1] == ["contrib"] or last in (names_of(tuple(module), old=True) or ())


def python_name(module: tuple[str, ...]) -> str:
    """Return a module's name in Python's messages."""
    if not module:
        return "tensorflow"
    if module[0] in _OF_KERAS:
        below = module[1:] if module[0] == "keras" else module
        return ".".join(("keras._tf_keras.keras", *below))
    return ".".join(("tensorflow._api.v2", *module))


def is_module(path: str) -> bool:
    """Is ``tensorflow.x.y`` a module that can be imported?"""
    return not first_missing(path)


def first_missing(path: str) -> str:
    """Return the first module on the way to ``path`` that is not there, "" if all are."""
    parts = path.split(".")
    for n in range(2, len(parts) + 1):
        names = names_of(tuple(parts[1:n]))
        file = _folder("tensorflow").joinpath(*parts[1:n])
        if names is None and not file.is_dir() and not file.with_suffix(".py").is_file():
            return ".".join(parts[:n])
    return ""


@cache
def renames() -> dict[str, str]:
    """Return the upgrade script's table: names of TensorFlow 1.x, and what they became."""
    found: dict[str, str] = {}
    for name, variable in (("renames_v2", "renames"), ("all_renames_v2", "manual_symbol_renames")):
        file = _folder("tensorflow") / "tools" / "compatibility" / f"{name}.py"
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == variable:
                found |= ast.literal_eval(node.value)
    return found


@cache
def argument_renames() -> dict[str, dict[str, Any]]:
    """Return the upgrade script's table: arguments of 1.x, and what they became, None if gone."""
    file = _folder("tensorflow") / "tools" / "compatibility" / "tf_upgrade_v2.py"
    text, _ = _defined(file)
    start = text.index("{", text.index("self.function_keyword_renames = "))
    return ast.literal_eval(text[start : text.index("\n    }", start) + 6])
