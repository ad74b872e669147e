"""The package's rooms: imports go one way, only the screen prints, functions fit a screen."""

import ast
from pathlib import Path

import pytest

import cnn_raw

PACKAGE = Path(cnn_raw.__file__).parent

# A module imports from its own room and from those that stand below it.
FLOORS = [
    {"files", "settings", "text", "environment"},
    {"input_data", "idx", "cnn", "train", "test", "rmsprop"},  # the tutorial
    {"runs", "screen", "cells", "workers"},
    {"look", "twin", "diff"},
    {"script"},
    {"draw"},
    {"cli", "lesson"},
    {"__main__"},
]
SAME_FLOOR = {"input_data", "idx", "cnn", "train", "test", "rmsprop"}  # may import each other

PRINTING = {"cli", "lesson", "screen"}
# The program of 2016; the commands that print REASONS.md and BITS.md; the page's address.
PRINTING_MODULES = {"twin.session", "diff.reasons", "twin.certificate", "draw"}

MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 60

MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
    if path != PACKAGE / "__init__.py"  # imports nothing, and everybody imports it
}

ROOMS = {name.split(".")[0] for name in MODULES}


def tree(name):
    return ast.parse(MODULES[name].read_text())


def imported(name):
    """The package's modules that a module imports, anywhere in it."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for full in names:
            inside = full.removeprefix("cnn_raw.")
            if inside != full and inside.split(".")[0] in ROOMS:
                yield inside


def test_every_room_has_its_floor():
    on_a_floor = set().union(*FLOORS)
    assert on_a_floor == ROOMS


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_go_one_way(name):
    room = name.split(".")[0]
    floor = next(i for i, rooms in enumerate(FLOORS) if room in rooms)
    allowed = {room}.union(*FLOORS[:floor])
    if room in SAME_FLOOR:
        allowed |= SAME_FLOOR
    wrong = {other for other in imported(name) if other.split(".")[0] not in allowed}
    assert wrong == set()


@pytest.mark.parametrize("name", sorted(MODULES))
def test_what_works_something_out_does_not_print_it(name):
    if name.split(".")[0] in PRINTING or name in PRINTING_MODULES or name.endswith("screen"):
        pytest.skip("shows things on the screen")
    module = tree(name)
    main = [node for node in module.body if isinstance(node, ast.If)]  # if __name__ == ...
    at_the_end = {id(node) for block in main for node in ast.walk(block)}
    prints = [  # on standard output: another file is named
        node.lineno
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and "file" not in [keyword.arg for keyword in node.keywords]
        and id(node) not in at_the_end
    ]
    assert prints == []


@pytest.mark.parametrize("name", sorted(MODULES))
def test_files_and_functions_are_short(name):
    text = MODULES[name].read_text()
    assert len(text.splitlines()) <= MOST_LINES
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    long = [f.name for f in functions if f.end_lineno - f.lineno >= MOST_LINES_OF_A_FUNCTION]
    assert long == []
