"""Python 2's programs as today's Python: the same text where it can be, the same meaning always.

The syntax is rewritten by fissix, the kept fork of lib2to3, line for line. Division stays Python
2's: ``7 / 2`` is 3 there, also between whole NumPy arrays.
"""

import __future__

import ast
import functools
import importlib
import logging
import re
import sys
import time
import types
import warnings
from typing import Any

import numpy as np

from cnn_raw import InputError

# Those of fissix's fixers that leave every statement on its line. What the others are for is
# among the BUILTINS.
FIXERS = (
    "apply basestring dict except exec execfile filter getcwdu has_key imports imports2 "
    "input isinstance itertools itertools_imports long map metaclass methodattrs ne next nonzero "
    "numliterals operator paren print raise raw_input renames repr standarderror throw "
    "tuple_params types unicode urllib xrange xreadlines zip"
)
# Names that only Python 2 has, and texts that only it allows: either says which Python was meant.
ONLY_PYTHON2 = re.compile(
    r"\b(xrange|raw_input|unicode|basestring|unichr|iteritems|itervalues|iterkeys|has_key|urllib2"
    r"|cPickle|execfile|setdefaultencoding|reduce\(|long\(|import (ConfigParser|Queue|StringIO))\b"
    r"|\brange\([^()]*[^/ ] */ *\w+ *\)",
    re.MULTILINE,
)


def classic_division(a: Any, b: Any) -> Any:
    """Return ``a / b`` as Python 2 had it: rounded down if both are whole numbers."""
    old = getattr(type(a), "__div__", None)  # TensorFlow's tensors still have it
    if old is not None:
        return old(a, b)
    if _is_whole(a) and _is_whole(b):
        return a // b
    return a / b


def _is_whole(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    if isinstance(dtype, np.dtype):
        return dtype.kind in "iub"
    return isinstance(value, int)


# What Python 2 had as builtins and the fixers do not replace.
BUILTINS = {
    "reduce": functools.reduce,
    "intern": sys.intern,
    "reload": lambda module: module if module is sys else importlib.reload(module),
    "unichr": chr,
    "cmp": lambda a, b: (a > b) - (a < b),
    "_classic_division": classic_division,
}


def prepare_modules() -> None:
    """Give modules of today what they had when the programs were written."""
    sys.setdefaultencoding = lambda name: None  # type: ignore[attr-defined]
    sys.maxint = sys.maxsize  # type: ignore[attr-defined]


def prepare_libraries() -> None:
    """Give Python and NumPy back the names that they dropped after 2019."""
    time.clock = time.perf_counter  # type: ignore[attr-defined]
    for name, kind in (
        ("int", int), ("float", float), ("bool", bool), ("complex", complex), ("object", object),
        ("str", str), ("unicode", str), ("long", int), ("float_", np.float64), ("Inf", np.inf),
        ("NaN", np.nan), ("product", np.prod), ("asscalar", lambda array: array.item()),
    ):  # fmt: skip
        if name not in vars(np):
            setattr(np, name, kind)


def is_python2(text: str) -> bool:
    """Say whether a program is Python 2: only that can read it, or it uses what only that has."""
    try:
        _parse(text)
    except SyntaxError:
        try:
            convert(text)
        except SyntaxError:
            return False
        return True
    if re.match(r"#!.*python2", text):
        return True
    code = re.sub(r"#.*", "", text)
    guarded = re.search(r"\bfrom (six|past|builtins)\b|^\s*xrange *= *range", code, re.MULTILINE)
    return bool(ONLY_PYTHON2.search(code)) and not guarded


def compile_program(text: str, name: str, python2: bool) -> types.CodeType:
    """Return a program's code; ``name`` stands in its tracebacks. Raises SyntaxError."""
    text = expand_tabs(text)
    if not python2:
        return compile(_parse(text, name), name, "exec", dont_inherit=True)
    tree = _parse(convert(text), name)
    if not _has_future(tree, "division"):
        tree = ast.fix_missing_locations(_ClassicDivision().visit(tree))
    return compile(tree, name, "exec", dont_inherit=True)


def convert(text: str) -> str:
    """Return a Python 2 program in today's syntax, every statement on its line.

    Raises SyntaxError if it is not Python 2 either.
    """
    tool = _tool()
    try:
        return str(tool.refactor_string(expand_tabs(text) + "\n", "program"))
    except Exception as error:  # fissix raises ParseError, TokenError and others
        line = getattr(error, "context", ("", (None, 0)))[1][0]
        raise SyntaxError(str(error), ("program", line, None, None)) from error


def expand_tabs(text: str) -> str:
    """Return the text with the tabs that indent it as spaces to every 8th column, as Python 2's."""
    return re.sub(r"(?m)^[ \t\f]*\t[ \t\f]*", lambda indent: indent[0].expandtabs(8), text)


@functools.cache
def _tool():
    try:
        from fissix import refactor
    except ImportError:
        raise InputError(
            "the program is Python 2 and needs the package fissix: pip install fissix"
        ) from None
    logging.getLogger("RefactoringTool").setLevel(logging.CRITICAL)
    names = [f"fissix.fixes.fix_{name}" for name in FIXERS.split()]
    return refactor.RefactoringTool(names)


def _parse(text: str, name: str = "program") -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a string: the reader's own affair
        return ast.parse(expand_tabs(text), name)


def _has_future(tree: ast.Module, feature: str) -> bool:
    assert hasattr(__future__, feature)
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == feature for alias in node.names)
        for node in tree.body
    )


class _ClassicDivision(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        return ast.copy_location(_divide(node.left, node.right), node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div) or not isinstance(node.target, ast.Name):
            return node
        value = _divide(ast.Name(node.target.id, ast.Load()), node.value)
        return ast.copy_location(ast.Assign([node.target], value), node)


def _divide(left: ast.expr, right: ast.expr) -> ast.Call:
    return ast.Call(ast.Name("_classic_division", ast.Load()), [left, right], [])
