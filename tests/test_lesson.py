"""The check of the notebooks' exercises: right, wrong, and answers of every odd type."""

import json
import linecache
import sys
import types

import numpy as np
import pytest
import tensorflow as tf

from cnn_raw import lesson
from cnn_raw.lesson import check
from cnn_raw.twin import engine


@pytest.fixture(autouse=True)
def no_tries_so_far(monkeypatch):
    monkeypatch.setattr(lesson, "_wrong", lesson.Counter())


def said(capsys, *arguments):
    check(*arguments)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (6, 6),
        (6.0, 6),
        (np.float32(6), 6),
        (tf.constant(6), 6),
        (tf.Variable(6.0), 6.0),
        (lambda: 6, 6),
        (0.3334, 1 / 3),
        ([1, 2], [1, 2]),
        ((1, 2), np.array([1.0, 2.0])),
        (tf.ones([2, 2]), [[1, 1], [1, 1]]),
        (0.0, 0.0),
        (True, True),
        ([True, False], [True, False]),
        (2.3e-9, 2.3e-9),
    ],
)
def test_check_accepts_what_is_right(answer, right, capsys):
    assert said(capsys, answer, right) == "Right.\n"


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (7, 6),
        (288.1, 288),  # whole numbers are exact
        (0.334, 1 / 3),
        ([6], 6),  # the right number in another shape
        ([[1, 2]], [1, 2]),
        ([1, 1], 1),
        (1, [1, 1]),
        ([[1], [1]], [1, 1]),
        (True, 1),
        (1, True),
        (float("nan"), 1.0),
        (2.5e-9, 2.3e-9),
        (1 + 0j, 1),
        (10**40, 1),
    ],
)
def test_check_rejects_wrong_values_and_right_ones_in_a_wrong_shape(answer, right, capsys):
    assert said(capsys, answer, right, "Think.").startswith("Wrong. ")


class Hostile:
    def __array__(self, *arguments, **options):
        raise RuntimeError("no array")

    def __eq__(self, other):
        raise RuntimeError("no comparison")


@tf.function
def symbolic(x):
    check(x, 6, "Think.")


@pytest.mark.parametrize(
    "answer",
    ["12", b"12", None, {}, {1, 2}, [1, [2, 3]], ["1", 2], [None], object(), Hostile(), print, int,
     np.array("6"), np.array([6], object), tf.constant("6"), 6 + 1j, lambda: 1 / 0, lambda x: x],
)  # fmt: skip
def test_check_answers_odd_types_in_one_line(answer, capsys):
    text = said(capsys, answer, 6, "Think.")
    assert text.strip().splitlines()[-1].startswith("Wrong. ") and text.endswith(" Think.\n")
    assert text.count("\n") <= 2  # print, given as an answer, prints a line of its own


def test_check_of_a_symbolic_tensor_is_one_line(capsys):
    symbolic(tf.constant(6))
    assert capsys.readouterr().out.startswith("Wrong. The answer must be a number")


def test_check_says_what_kind_of_answer_it_needs(capsys):
    assert said(capsys, "12", 12) == (
        "Wrong. The answer must be a number; yours is text (leave out the quotes).\n"
    )
    assert said(capsys, 1, True) == (
        "Wrong. The answer must be True or False; yours is of the type int.\n"
    )
    assert said(capsys, [1, 2], [[1, 2]]) == "Wrong. The shape must be (1, 2); yours is (2,).\n"
    assert said(capsys, lambda: 1 / 0, 1) == (
        "Wrong. Your code stopped with ZeroDivisionError: division by zero\n"
    )


def test_check_knows_three_dots_from_a_wrong_answer(capsys):
    for answer in (..., lambda: ...):
        assert said(capsys, answer, 6, "Think.").startswith("Not answered yet")
    assert "second" in said(capsys, 5, 6, "One.", "Two.")  # the dots were no try


def test_check_hints_in_two_stages(capsys):
    assert said(capsys, 5, 6, "One.", "Two.") == (
        "Wrong. One. For a second hint, run this cell again.\n"
    )
    assert said(capsys, 5, 7, "Other.") == "Wrong. Other.\n"
    for _ in range(2):
        assert said(capsys, 4, 6, "One.", "Two.") == "Wrong. Two.\n"
    assert said(capsys, 6, 6, "One.", "Two.") == "Right.\n"


def test_signed_is_blue_white_orange():
    red, green, blue, _ = lesson.SIGNED(0.0)
    assert blue > green > red
    assert lesson.SIGNED(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.01)
    red, green, blue, _ = lesson.SIGNED(1.0)
    assert red > green > blue


# --- The graph engine, built in a notebook ------------------------------------------------------


@pytest.fixture
def notebook(monkeypatch):
    """The names of a notebook that has just been started."""
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    return vars(module)


def run(notebook, source):
    """Run a cell, with its lines where ``inspect`` looks for them, as in Jupyter."""
    name = f"<cell {len(linecache.cache)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), notebook)


def test_skip_ahead_defines_the_engine_in_the_notebook(notebook):
    lesson.skip_ahead()
    run(notebook, "with Graph().as_default(): y = constant(2.0) * constant(3.0)")
    run(notebook, "result = Session(y.graph).run(y)")
    assert notebook["result"] == 6 and notebook["kernels"] is sys.modules["__main__"]
    run(notebook, "def Mul(x, y): return x + y")  # its Session finds the notebook's own kernels
    run(notebook, "result = Session(y.graph).run(y)")
    assert notebook["result"] == 5


def test_skip_ahead_keeps_what_is_there_and_brings_back_what_a_cell_emptied(notebook):
    lesson.skip_ahead()
    run(notebook, "def ReluGrad(y, grad): return 0\nmine = ReluGrad\nrules = {}")
    lesson.skip_ahead()
    assert notebook["ReluGrad"] is notebook["mine"]
    assert notebook["rules"].keys() == engine.rules.keys()


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("", "Not answered yet"),
        ("def ReluGrad(y, grad):\n    return ...\n", "Not answered yet"),
        ("def ReluGrad(y, grad):\n    ...  # your lines\n    return grad\n", "Not answered yet"),
        ("def ReluGrad(y, grad):\n    return grad\n", "Wrong. Think."),
        ("def ReluGrad(y, grad):\n    return 1 / 0\n", "Wrong. Your code stopped with ZeroDiv"),
        ("ReluGrad = '12'", "Wrong. Your code stopped with TypeError"),
        ("ReluGrad = None", "Wrong. Your code stopped with TypeError"),
        ("def ReluGrad(y, grad):\n    return grad[...] * (y > 0)\n", "Right.\n"),
    ],
)
def test_check_built_puts_the_solution_in_place_of_what_is_not_right(
    source, verdict, notebook, capsys
):
    run(notebook, f"import numpy as np\n{source}")
    mine = notebook.get("ReluGrad")

    def relu_grad():
        return notebook["ReluGrad"](np.array([0, 2]), np.array([3, 4]))

    lesson.check_built("ReluGrad", relu_grad, [0, 4], "Think.")
    said = capsys.readouterr().out
    assert said.startswith(verdict)
    assert relu_grad().tolist() == [0, 4]
    assert (notebook["ReluGrad"] is mine) == (verdict == "Right.\n")
    assert said.endswith("use the solution.\n") or verdict == "Right.\n"
    lesson.check_built("ReluGrad", relu_grad, [0, 4], "Think.")  # the solution is no answer
    assert capsys.readouterr().out.startswith(("Not answered yet", verdict)[verdict == "Right.\n"])


def test_explain_names_the_cell_to_run_first(tmp_path, monkeypatch, capsys):
    cells = [
        ("markdown", "# A notebook\n\n## One"),
        ("code", "%matplotlib inline"),  # not Python
        ("code", "import numpy as np\nfirst = [inner for inner in range(3)]"),
        ("markdown", "## Two\n\nText"),
        ("code", "\ndef Graph():\n    local = 1"),
    ]
    content = {"cells": [{"cell_type": kind, "source": [source]} for kind, source in cells]}
    (tmp_path / "some.ipynb").write_text(json.dumps(content))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JPY_SESSION_NAME", "/a/folder/some.ipynb")

    def explained(name):
        lesson._explain(
            None, NameError, NameError(f"name {name!r} is not defined", name=name), None
        )
        return capsys.readouterr().err.strip()

    begin = "is not defined. First run the cell below"
    for name in ("np", "first"):
        assert (
            explained(name)
            == f"NameError: {name} {begin} 'One' that begins with 'import numpy as np'."
        )
    assert explained("Graph") == f"NameError: Graph {begin} 'Two' that begins with 'def Graph():'."
    for name in ("local", "inner", "nothing"):
        assert "Is it defined in a cell above?" in explained(name)
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert "Is it defined in a cell above?" in explained("np")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = 1\ntf.ones(2) @ x", "line 2: tf.ones(2) @ x\nInvalidArgumentError: "),
        (
            "def f():\n    assert 1 > 2\nf()",
            "line 3: f()\nline 2: assert 1 > 2\nAssertionError: \n",
        ),
        (
            "@tf.function\ndef f():\n    return tf.ones(2) + 'a'\nf()",
            "line 4: f()\nTypeError: Input 'y' of 'AddV2' Op has type string",
        ),
    ],
)
def test_explain_shows_the_lines_of_the_cells_and_what_to_do(source, said, capsys):
    with pytest.raises(Exception) as error:
        run({"tf": tf}, source)
    lesson._explain(None, error.type, error.value, error.tb)
    text = capsys.readouterr().err
    assert "site-packages" not in text and text.count("\n") <= 5
    assert text.startswith(said) and "run all from the top" in text.splitlines()[-1]
