"""What the notebooks share: the check of an answer, and the colours of signed numbers.

    from cnn_raw.lesson import SIGNED, check

Importing it also imports TensorFlow without its start-up messages, and makes Jupyter explain a
NameError: after a restart, or out of order, a cell often needs the cells above it.
"""

import sys
from collections import Counter
from typing import Any

import numpy as np

from cnn_raw.screen import quiet_start


class NotInstalled(ImportError):
    """A package is missing. Jupyter shows the message alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


try:
    from matplotlib.colors import LinearSegmentedColormap
except ModuleNotFoundError:
    raise NotInstalled(
        "The notebooks draw with matplotlib, which is not installed. In the checkout, run:\n"
        '    pip install -e ".[notebook]"\nThen restart the kernel.'
    ) from None

with quiet_start():
    import tensorflow  # noqa: F401

# Blue below zero, white at zero, orange above: the colours of the page.
SIGNED = LinearSegmentedColormap.from_list("signed", ["#0550a0", "#ffffff", "#a54b00"])

_wrong: Counter = Counter()  # wrong answers so far, by the first hint


def check(answer: Any, right: Any, *hints: str) -> None:
    """Print whether an exercise's ``answer`` is ``right``, and a hint if it is wrong.

    ``right``: a number, a truth value, or an array of them. ``answer``: anything; it is right if
    shape and values agree, whole numbers exactly and others to 0.1 %. A function of no arguments
    is called for its answer, so that an error in a student's code ends here, in one line. The
    first hint is for the first wrong answer, the second for later ones.
    """
    try:
        answer = answer() if callable(answer) else answer
        fault = "" if answer is ... else _fault(answer, np.asarray(right))
    except Exception as error:
        fault = f"Your code stopped with {type(error).__name__}: {str(error).split(chr(10))[0]}"
    if answer is ...:
        print("Not answered yet: replace the three dots, then run both cells again.")
    elif fault is None:
        print("Right.")
    else:
        _wrong[hints[:1]] += 1
        stage = min(_wrong[hints[:1]], len(hints))
        more = " For a second hint, run this cell again." if stage < len(hints) else ""
        print(" ".join(filter(None, ["Wrong.", fault, *hints[stage - 1 : stage]])) + more)


def _fault(answer: Any, right: np.ndarray) -> str | None:
    """Return None if the answer is right, otherwise what is known to be wrong with it."""
    try:
        given = np.asarray(answer)
    except Exception:  # whatever a student's object raises
        given = np.asarray(None)
    kinds, wanted = ("b", "True or False") if right.dtype.kind == "b" else ("iuf", "a number")
    if given.dtype.kind not in kinds:
        wanted = f"an array of shape {right.shape}" if right.shape else wanted
        return f"The answer must be {wanted}; yours is {_type(answer)}."
    if given.shape != right.shape:
        return f"The shape must be {right.shape}; yours is {given.shape}."
    if right.dtype.kind == "f":
        size = np.abs(right).max(initial=0)
        close = np.allclose(given, right, rtol=1e-3, atol=1e-6 * (size or 1))
    else:
        close = np.array_equal(given, right)
    return None if close else ""


def _type(answer: Any) -> str:
    kinds = {str: "text (leave out the quotes)", bool: "True or False", type(None): "None"}
    return kinds.get(type(answer), f"of the type {type(answer).__name__}")


def _explain_name_error(
    shell: Any, kind: type, error: NameError, traceback: Any, tb_offset: int | None = None
) -> None:
    print(
        f"NameError: {error}. Is it defined in a cell above? Run those cells first (menu Run, Run"
        " All Above Selected Cell). Otherwise check the spelling.",
        file=sys.stderr,
    )


if (ipython := sys.modules.get("IPython")) and (shell := ipython.get_ipython()):
    shell.set_custom_exc((NameError,), _explain_name_error)
