"""What the notebooks share: the check of an answer, and figures with alternative text.

    from cnn_raw.lesson import SIGNED, check, show, show_grid
    from cnn_raw.lesson import check_built, skip_ahead  # notebook 8

Importing it also imports TensorFlow without its start-up messages, and makes Jupyter explain an
error in a few lines, without the inside of the libraries: out of order, or after a restart, a cell
often needs the cells above it.
"""

import ast
import contextlib
import inspect
import os
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from cnn_raw import InputError
from cnn_raw.cells import defining, failure
from cnn_raw.screen import quiet_start
from cnn_raw.text import LANGUAGES, translate, use
from cnn_raw.twin import engine, engine_kernels


class NotInstalled(ImportError):
    """A package is missing. Jupyter shows the message alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


if Path.cwd().name in LANGUAGES:  # notebooks/ko, which has their catalogues
    use(Path.cwd().name, *sorted(Path.cwd().glob("*.po")))

try:
    import matplotlib.pyplot as plt
    from matplotlib import font_manager
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text
except ModuleNotFoundError:
    raise NotInstalled(
        translate(
            "The notebooks draw with matplotlib, which is not installed. In the checkout, run:\n"
            '    pip install -e ".[notebook]"\nThen restart the kernel.'
        )
    ) from None

with quiet_start():
    import tensorflow  # noqa: F401

# Blue below zero, white at zero, orange above: the colours of the page.
SIGNED = LinearSegmentedColormap.from_list("signed", ["#0550a0", "#ffffff", "#a54b00"])

_ENGINE = (engine_kernels, engine)  # notebook 8 builds it, in this order

_wrong: Counter = Counter()  # wrong answers so far, by the first hint


def check(answer: Any, right: Any, *hints: str) -> None:
    """Print whether an exercise's ``answer`` is ``right``, and a hint if it is wrong.

    ``right``: a number, a truth value, or an array of them. ``answer``: anything; it is right if
    shape and values agree, whole numbers exactly and others to 0.1 %. A function of no arguments
    is called for its answer, so that an error in a student's code ends here, in one line. The
    first hint is for the first wrong answer, the second for later ones.
    """
    _judge(answer, right, hints)


def _judge(answer: Any, right: Any, hints: Sequence[str]) -> bool:
    try:
        answer = answer() if callable(answer) else answer
        fault = "" if answer is ... else _fault(answer, np.asarray(right))
    except Exception as error:
        what = str(error).split("\n")[0]
        fault = translate(f"Your code stopped with {type(error).__name__}: {what}")
    if answer is ...:
        print(translate("Not answered yet: replace the three dots, then run both cells again."))
    elif fault is None:
        print(translate("Right."))
    else:
        _wrong[hints[:1]] += 1
        stage = min(_wrong[hints[:1]], len(hints))
        parts = [translate("Wrong."), fault, *map(translate, hints[stage - 1 : stage])]
        if stage < len(hints):
            parts.append(translate("For a second hint, run this cell again."))
        print(" ".join(filter(None, parts)))
    return answer is not ... and fault is None


def _fault(answer: Any, right: np.ndarray) -> str | None:
    """Return None if the answer is right, otherwise what is known to be wrong with it."""
    try:
        given = np.asarray(answer)
    except Exception:  # whatever a student's object raises
        given = np.asarray(None)
    is_truth = right.dtype.kind == "b"
    kinds, wanted = (
        ("b", translate("True or False")) if is_truth else ("iuf", translate("a number"))
    )
    if given.dtype.kind not in kinds:
        wanted = translate(f"an array of shape {right.shape}") if right.shape else wanted
        return translate(f"The answer must be {wanted}; yours is {_type(answer)}.")
    if given.shape != right.shape:
        return translate(f"The shape must be {right.shape}; yours is {given.shape}.")
    if right.dtype.kind == "f":
        size = np.abs(right).max(initial=0)
        close = np.allclose(given, right, rtol=1e-3, atol=1e-6 * (size or 1))
    else:
        close = np.array_equal(given, right)
    return None if close else ""


def _type(answer: Any) -> str:
    name = type(answer).__name__
    return translate(
        {str: "text (leave out the quotes)", bool: "True or False", type(None): "None"}.get(
            type(answer), f"of the type {name}"
        )
    )


def check_built(name: str, answer: Any, right: Any, *hints: str) -> None:
    """``check`` the function ``name`` that the notebook builds as a piece of the graph engine.

    Three dots left in its code are no answer yet. Until it is right, the engine's own function
    takes its place, so that the cells below work.
    """
    notebook = vars(sys.modules["__main__"])
    mine = notebook.get(name, ...)
    missing = mine is ... or _is_engines(mine) or _has_dots(mine)
    if not _judge(... if missing else answer, right, hints):
        for names, code in _engine_statements():
            if name in names:
                exec(code, notebook)
        print(translate("Until it is right, the cells below use the solution."))


def skip_ahead() -> None:
    """Define in the notebook whatever the graph engine has and the notebook has not.

    So every part can come first: after a restart, or for those who skip what is before it.
    """
    notebook = vars(sys.modules["__main__"])
    notebook.setdefault("kernels", sys.modules["__main__"])  # where its Session finds them
    for names, code in _engine_statements():
        mine = {name for name in names if name in notebook and not _is_engines(notebook[name])}
        if not names or mine != names:
            exec(code, notebook)


def _engine_statements() -> Iterator[tuple[set[str], CodeType]]:
    """Yield the names that each statement of the engine defines, and the statement, compiled."""
    for module in _ENGINE:
        for statement in ast.parse(inspect.getsource(module)).body:
            if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                names = {statement.name}
            elif isinstance(statement, ast.Import):
                names = {alias.name for alias in statement.names} - {"numpy"} or {"np"}
            elif isinstance(statement, (ast.Assign, ast.AnnAssign, ast.For)):
                stored = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
                names = {node.id for node in stored if isinstance(node.ctx, ast.Store)}
            else:  # a docstring, or an import of the engine itself
                continue
            yield names, compile(ast.Module([statement], []), str(module.__file__), "exec")


def _is_engines(value: Any) -> bool:
    code = getattr(value, "__code__", None)
    return code is not None and code.co_filename in {module.__file__ for module in _ENGINE}


def _has_dots(function: Any) -> bool:
    """Are there three dots in the function's code, other than those of an index?"""
    try:
        nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))))
    except (OSError, TypeError, SyntaxError):  # not a function
        return False
    indices = [part for node in nodes if isinstance(node, ast.Subscript) for part in ast.walk(node)]
    dots = (node for node in nodes if isinstance(node, ast.Constant) and node.value is ...)
    return any(node not in indices for node in dots)


def show(figure: Figure, alt: str) -> None:
    """Display a figure once, with ``alt``: what it shows, for those who cannot see it."""
    from IPython.display import display

    display(figure, metadata={"image/png": {"alt": translate(alt)}})
    plt.close(figure)


def show_grid(
    pictures: np.ndarray,
    alt: str,
    *,
    names: Sequence = (),
    boxes: Sequence[tuple[float, float, float]] = (),
    columns: int = 8,
    title: str = "",
    label: str = "",
    cmap: Any = "viridis",
) -> None:
    """Show ``pictures``, (n, height, width), side by side on one scale of colours.

    The scale is from 0 to the largest value; with ``SIGNED`` it has 0 in the middle. ``names``
    are written above the pictures. ``boxes`` are drawn into them: (row, column, size) of a square
    in pixels, counted from the upper left corner; a size of 0 draws none.
    """
    count, height, width = pictures.shape
    total = 7.9 if label else 8.9  # inches across, beside the colour bar
    rows, inches = -(-count // columns), total / columns
    gap = max(1, width // 10)
    above = gap + (0.2 * (width + gap) / inches if len(names) else 0)  # room for a name
    across, down = columns * (width + gap), rows * (height + above)
    figure, axes = plt.subplots(
        figsize=(9, total * down / across + (0.4 if title else 0.1)), layout="constrained"
    )
    limit = np.nanmax(np.abs(pictures))
    scale = {"vmin": -limit if cmap is SIGNED else 0, "vmax": limit, "cmap": cmap}
    for i, picture in enumerate(pictures):
        top, left = i // columns * (height + above) + above, i % columns * (width + gap)
        where = (left, left + width, top + height, top)
        image = axes.imshow(picture, extent=where, interpolation="nearest", **scale)
        frame = Rectangle((left, top), width, height, fill=False, color="#888888", linewidth=0.5)
        axes.add_patch(frame)
        if len(names):
            axes.text(left + width / 2, top - 0.1 * above, names[i], fontsize=8, ha="center")
        if len(boxes) and boxes[i][2]:
            row, column, size = boxes[i]
            corner = (left + column, top + row)
            box = Rectangle(corner, size, size, fill=False, color="#E69F00", linewidth=2)
            axes.add_patch(box)
            box.set_clip_path(frame)
    axes.set(xlim=(-1, across - gap + 1), ylim=(down + 1, 0), title=title)
    axes.axis("off")
    if label:
        figure.colorbar(image, label=label, fraction=0.03, pad=0.01)
    show(figure, alt)


def _translate_figures() -> None:
    """Translate the texts of figures, if there is a font that can show them.

    The fonts to look for are the "translation" of matplotlib's own one.
    """
    wanted = translate("DejaVu Sans").split(", ")
    if wanted == ["DejaVu Sans"]:
        return
    manager = font_manager.fontManager
    known = {font.fname for font in manager.ttflist}
    for path in set(font_manager.findSystemFonts()) - known:  # installed since matplotlib looked
        with contextlib.suppress(Exception):  # whatever is wrong with a font
            manager.addfont(path)
    there = {font.name for font in manager.ttflist}
    if fonts := [name for name in wanted if name in there]:
        plt.rcParams["font.family"] = ["DejaVu Sans", fonts[0]]  # which has a won for a backslash
        Text.set_text = _set_text  # type: ignore[method-assign]


_set_english = Text.set_text


def _set_text(self: Text, s: Any) -> None:
    _set_english(self, "\n".join(map(translate, s.split("\n"))) if isinstance(s, str) else s)


def _explain(
    shell: Any, kind: type, error: Exception, traceback: Any, tb_offset: int | None = None
) -> None:
    text = str(error)
    # Jupyter tells its kernels which notebook they run; other programs do not.
    notebook = Path(Path(os.environ.get("JPY_SESSION_NAME", "")).name)
    if isinstance(error, NameError) and error.name and (cell := defining(error.name, notebook)):
        text = translate(
            f"NameError: {error.name} is not defined. First run the cell below {cell[0]!r} that"
            f" begins with {cell[1]!r}."
        )
    elif kind is NameError:
        text = translate(
            f"NameError: {text}. Is it defined in a cell above? Run those cells first (menu Run,"
            " Run All Above Selected Cell). Otherwise check the spelling."
        )
    elif not isinstance(error, InputError):
        text = failure(error)
    print(text, file=sys.stderr)


_translate_figures()
if (ipython := sys.modules.get("IPython")) and (shell := ipython.get_ipython()):
    shell.set_custom_exc((Exception,), _explain)
