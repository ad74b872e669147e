"""The notebooks are executed from top to bottom, and every exercise's solution is tried."""

import ast
import re
from collections import Counter
from pathlib import Path
from statistics import median

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
TIME_LIMIT = 540  # seconds for a cell, on a slow or busy machine

# Looking up any host but this one fails.
NO_NETWORK = """
import socket as _socket

def _refuse(*arguments, **options):
    raise OSError("a notebook asked for the network")

_socket.getaddrinfo = _socket.create_connection = _socket.gethostbyname = _refuse
"""


def read(path):
    return nbformat.read(path, as_version=4)


def solution(cell):
    """Return the code folded away in a Markdown cell, or None."""
    details = re.search(r"<details>.*?</details>", cell.source, re.DOTALL)
    return details and re.search(r"```python\n(.*?)```", details.group(), re.DOTALL).group(1)


def exercises(notebook):
    """Return (index of the check's cell, the check, the solution) of every exercise.

    An exercise is three cells: the question, ``name = ...``, the check.
    """
    return [
        (i + 2, notebook.cells[i + 2].source, solution(cell))
        for i, cell in enumerate(notebook.cells)
        if cell.cell_type == "markdown" and solution(cell)
    ]


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def test_notebooks_are_six():
    assert [path.name[:2] for path in NOTEBOOKS] == ["1_", "2_", "3_", "4_", "5_", "6_"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_its_solutions_are_right(path, tmp_path, monkeypatch):
    notebook = read(path)
    for place, check, answer in reversed(exercises(notebook)):
        solved = nbformat.v4.new_code_cell(f"{answer}\n{check}", metadata={"solved": True})
        notebook.cells.insert(place + 1, solved)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(NO_NETWORK))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))

    client = NotebookClient(
        notebook,
        timeout=TIME_LIMIT,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()

    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    solved = [printed(cell) for cell in cells if cell.metadata.get("solved")]
    assert solved == ["Right.\n"] * len(exercises(read(path)))
    unsolved = sum("Not answered yet" in printed(cell) for cell in cells)
    assert unsolved == len(solved)
    errors = [
        printed(cell) for cell in cells for output in cell.outputs if output.get("name") == "stderr"
    ]
    assert errors == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_committed_plain(path):
    notebook = read(path)
    nbformat.validate(notebook)
    kernel = notebook.metadata.kernelspec
    assert (kernel.name, kernel.language) == ("python3", "python")
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.language_info == {"name": "python"}
    for cell in notebook.cells:
        assert cell.metadata == {}
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_teaches_step_by_step(path):
    cells = read(path).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    assert "At the end you can explain" in cells[0].source
    assert median(source.count("\n") + 1 for source in code) <= 8
    predictions = [i for i, cell in enumerate(cells) if "**Predict.**" in cell.source]
    assert len(predictions) >= 4
    assert all(cells[i + 1].cell_type == "code" for i in predictions)
    assert 2 <= len(exercises(read(path))) <= 3
    asserting = {"assert", "np.testing.assert_allclose"}
    assert any(word in source for source in code[-3:] for word in asserting)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_check_says_right_or_wrong(path, capsys):
    (check,) = (cell.source for cell in read(path).cells if cell.source.startswith("def check("))
    import numpy as np

    scope = {"np": np}
    exec(compile(ast.parse(check), str(path), "exec"), scope)
    for answer in (..., 6, 7, [6], [7, 7]):
        scope["check"](answer, 6, "Six.")
    said = Counter(
        line.split(".")[0].split(":")[0] for line in capsys.readouterr().out.splitlines()
    )
    assert said == {"Not answered yet": 1, "Right": 1, "Wrong": 3}
