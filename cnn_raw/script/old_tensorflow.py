"""A module ``tensorflow`` as programs of 2015 to 2019 knew it: ``compat.v1`` and the table.

``install`` gives it to the reader's program and the files beside it, and to nothing else: what
those import of other packages, Keras for one, still finds TensorFlow 2.
"""

import builtins
import functools
import importlib
import importlib.machinery
import importlib.util
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow.compat.v1 as compat

from cnn_raw.diff import source
from cnn_raw.diff.names import ONLY_1, ROWS, Row
from cnn_raw.script import old_functions, old_mnist, python2, seeds

_ROWS = {row.old: row for row in ROWS if row.new}
_INSIDE = {
    ".".join(row.old.split(".")[:n])
    for row in _ROWS.values()
    for n in range(1, row.old.count(".") + 1)
}


class OldModule(types.ModuleType):
    """``tensorflow`` or one of its modules; ``real``, if there is one, is today's."""

    def __init__(self, path: str, real: Any, say: Callable[[str], None]):
        super().__init__(f"tensorflow.{path}" if path else "tensorflow")
        own = {"path": path, "real": real, "say": say}
        self.__dict__.update({f"_old_{key}": value for key, value in own.items()})
        self.__path__ = []  # it is a package
        if not path:
            self.__version__ = real.__version__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = _find(f"{self._old_path}.{name}".lstrip("."), self._old_real, self._old_say)
        self.__dict__[name] = value
        return value

    def __dir__(self) -> list[str]:
        prefix = f"{self._old_path}." if self._old_path else ""
        names = {old[len(prefix) :].split(".")[0] for old in _ROWS if old.startswith(prefix)}
        return sorted({*names, *(dir(self._old_real) if self._old_real is not None else ())})

    @property
    def __all__(self) -> list[str]:
        return [name for name in dir(self) if not name.startswith("_") and _is_there(self, name)]


def _is_there(module: OldModule, name: str) -> bool:
    try:
        getattr(module, name)
    except (AttributeError, ImportError):
        return False
    return True


def _find(path: str, real: Any, say: Callable[[str], None]) -> Any:
    """Return what ``tf.path`` was; ``real`` is today's module that should hold it."""
    if row := _ROWS.get(path):
        if row.new.startswith("@"):
            # Rows of single names come before the package that would have the rest.
            return OldModule(path, _Package(row), say) if path in _INSIDE else _imported(row)
        value = seeds.counted(row.new.lstrip(":"), _resolve(row.new))
        return _with_old_arguments(row, value, say) if row.order or row.keywords else value
    name = path.rpartition(".")[2]
    try:
        value = getattr(real, name)
    except (AttributeError, ImportError):
        if isinstance(real, _Package) and not real.is_there:
            raise
        if path in _INSIDE:
            return OldModule(path, None, say)
        raise AttributeError(
            f"module 'tensorflow{'.' if '.' in path else ''}{path.rpartition('.')[0]}' "
            f"has no attribute '{name}'"
        ) from None
    if isinstance(value, types.ModuleType):
        return OldModule(path, value, say)
    return seeds.counted(path, value)


def _resolve(new: str) -> Any:
    if new.startswith(":"):
        return getattr(old_functions, new[1:])
    return functools.reduce(getattr, new.split("."), compat)


class _Package:
    """What is imported for a row when something in it is asked for, and not before."""

    def __init__(self, row: Row):
        self._row = row

    @property
    def is_there(self) -> bool:
        return importlib.util.find_spec(self._row.new[1:].split(".")[0]) is not None

    def __getattr__(self, name: str) -> Any:
        return getattr(_imported(self._row), name)


def _imported(row: Row) -> Any:
    """Return the module, or what is in it, after the "@" of a row."""
    name = row.new[1:]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name.split(".")[0]:
            message = f"tf.{row.old} is in the package {error.name} today"
            raise ModuleNotFoundError(message, name=error.name) from None
        module, _, attribute = name.rpartition(".")
        return getattr(importlib.import_module(module), attribute)


def _with_old_arguments(row: Row, function: Callable, say: Callable[[str], None]) -> Callable:
    """Return ``function`` for calls with the arguments of old."""
    names = row.order.split()
    keywords = dict(pair.split("=") for pair in row.keywords.split())
    said = False

    @functools.wraps(function)
    def old(*arguments, **options):
        nonlocal said
        is_old = bool(names and arguments) and _is_old(row.when, names, arguments)
        if is_old:
            if len(arguments) > len(names):
                raise TypeError(f"{row.old}() takes {len(names)} arguments, not {len(arguments)}")
            options = {**dict(zip(names, arguments, strict=False)), **options}
            arguments = ()
        for key in [key for key in options if key in keywords]:
            options[keywords[key]] = options.pop(key)
        if is_old and row.when and not said:
            said = True
            taken = ", ".join(names[: max(2, len(arguments))])
            say(f"tf.{row.old}: arguments taken as TensorFlow 0.x had them ({taken})")
        return function(*arguments, **options)

    return old


def _is_old(when: str, names: list[str], arguments: tuple) -> bool:
    """Has a call the old order? ``when``: see ``Row``; ``names``: of its arguments then."""
    if when == "dimension":
        return isinstance(arguments[0], int) and not isinstance(arguments[0], bool)
    if when in ("labels", "name"):
        at = names.index(when)
        if at >= len(arguments) or when == "name":
            return at < len(arguments) and isinstance(arguments[at], str)
        dtype = getattr(arguments[at], "dtype", None) or np.asarray(arguments[at]).dtype
        return compat.as_dtype(dtype).is_integer
    return True


def edition(text: str) -> int:
    """Return the TensorFlow that a program was written for, 0 or 1, by what it uses."""
    return int(bool(re.search(ONLY_1, re.sub(r"#.*", "", text))))


class _Finder:
    """Finds the reader's modules beside the program, and reads them as the program is read."""

    def __init__(self, folder: Path, given: dict[str, Any]):
        self._folder, self._given = folder, given

    def find_spec(self, name: str, path=None, target=None):
        within = [entry for entry in path or [str(self._folder)] if self._is_ours(Path(entry))]
        spec = importlib.machinery.PathFinder.find_spec(name, within) if within else None
        if spec is not None and spec.origin and spec.origin.endswith(".py"):
            spec.loader = _Loader(name, spec.origin, self._given)
            return spec
        return None

    def _is_ours(self, folder: Path) -> bool:
        try:
            return "site-packages" not in folder.resolve().relative_to(self._folder).parts
        except ValueError:
            return False


def _is_tensorflows(path: Path) -> bool:
    """Is it the loader of 2015, as the tutorial told to download it, or not there at all?"""
    return not path.exists() or "def read_data_sets" in source.read(path).text


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, given: dict[str, Any]):
        super().__init__(name, path)
        self._given = given

    def get_code(self, fullname: str) -> types.CodeType:
        if not Path(self.path).read_bytes().strip():  # an empty __init__.py
            return compile("", self.path, "exec")
        text = source.read(self.path).text
        return python2.compile_program(text, self.path, python2.is_python2(text))

    def exec_module(self, module: types.ModuleType) -> None:
        module.__dict__["__builtins__"] = self._given
        super().exec_module(module)


def install(folder: Path, say: Callable[[str], None], python_2: bool) -> dict[str, Any]:
    """Return the builtins for a program in ``folder``: its imports find the old TensorFlow.

    ``say`` is told, once for each, how a call was taken that 0.x and 1.x understand differently.
    """
    tensorflow = OldModule("", compat, say)

    def import_(name, globals=None, locals=None, fromlist=(), level=0):
        if level == 0 and name.split(".")[0] == "tensorflow":
            return _import_tensorflow(tensorflow, name, fromlist)
        if level == 0 and name == "input_data" and _is_tensorflows(folder / "input_data.py"):
            return old_mnist
        return builtins.__import__(name, globals, locals, fromlist, level)

    given = {**vars(builtins), "__import__": import_, "get_ipython": _Notebook}
    if python_2:
        given.update(python2.BUILTINS)
    sys.meta_path.insert(0, _Finder(folder.resolve(), given))
    return given


def _import_tensorflow(tensorflow: OldModule, name: str, fromlist: tuple) -> Any:
    """Do ``import tensorflow.a.b`` or ``from tensorflow.a.b import c``."""
    module: Any = tensorflow
    for n, part in enumerate(parts := name.split(".")[1:], start=1):
        try:
            module = getattr(module, part)
        except AttributeError:
            try:  # tensorflow.python.framework.ops and the like are where they were
                module = importlib.import_module(name)
                break
            except ModuleNotFoundError:
                missing = ".".join(["tensorflow", *parts[:n]])
                raise ModuleNotFoundError(f"No module named '{missing}'", name=missing) from None
    return module if fromlist else tensorflow


class _Notebook:
    """What ``get_ipython()`` gives a notebook that was saved as a script: its magics do nothing."""

    def __getattr__(self, name: str) -> Callable:
        return lambda *arguments, **options: None
