"""The check of the notebooks' exercises: right, wrong, and answers of every odd type."""

import numpy as np
import pytest
import tensorflow as tf

from cnn_raw import lesson
from cnn_raw.lesson import check


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
