"""The notebooks are executed from top to bottom, and every exercise's solution is tried.

An exercise is three cells: the question with its solution folded away, the answer to fill in
(``name = ...``, or a function whose body returns ``...``), and its ``check``.
"""

import linecache
import re
from pathlib import Path
from statistics import median

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"), key=lambda path: int(path.name.split("_")[0]))
TIME_LIMIT = 540  # seconds for a cell, on a slow or busy machine
ODD_ANSWERS = ['"12"', "None", "[[1, 2], [3]]"]

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
    code = re.search(r"<details>.*?```python\n(.*?)```.*?</details>", cell.source, re.DOTALL)
    return code and code.group(1)


def exercises(notebook):
    """Return (index of the check's cell, name of the answer, check, solution) of every exercise."""
    return [
        (
            i + 2,
            re.search(r"^(?:def )?(\w+)", notebook.cells[i + 1].source, re.MULTILINE).group(1),
            notebook.cells[i + 2].source,
            solution(cell),
        )
        for i, cell in enumerate(notebook.cells)
        if cell.cell_type == "markdown" and solution(cell)
    ]


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def test_notebooks_are_numbered_and_each_is_in_the_readme():
    numbers = [int(path.name.split("_")[0]) for path in NOTEBOOKS]
    assert numbers[0] == 1 and len(set(numbers)) == len(numbers)
    readme = (FOLDER / "README.md").read_text()
    for path in NOTEBOOKS:
        assert f"]({path.name})" in readme
        title = read(path).cells[0].source.splitlines()[0].removeprefix("# ")
        assert f"[{title}]({path.name})" in readme


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_its_solutions_are_right(path, tmp_path, monkeypatch):
    notebook = read(path)
    for place, name, check, answer in reversed(exercises(notebook)):
        tries = {"solved": f"{answer}\n{check}"}
        tries |= {odd: f"{name} = {odd}\n{check}" for odd in ODD_ANSWERS}
        tries |= {"back": f"{answer}\n{check}"}  # later cells may use it
        notebook.cells[place + 1 : place + 1] = [
            nbformat.v4.new_code_cell(source, metadata={"tried": tried})
            for tried, source in tries.items()
        ]
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
    said = {tried: [] for tried in ["solved", *ODD_ANSWERS, "back", None]}
    for cell in cells:
        said[cell.metadata.get("tried")].append(printed(cell))
    count = len(exercises(read(path)))
    assert said["solved"] == said["back"] == ["Right.\n"] * count
    for odd in ODD_ANSWERS:
        assert [text for text in said[odd] if not text.startswith("Wrong. ")] == []
    assert sum("Not answered yet" in text for text in said[None]) == count
    for cell in cells:
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                assert output.metadata["image/png"]["alt"], cell.source
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
        assert re.fullmatch("[0-9a-f]{8}", cell.id)  # so that inserting a cell renumbers none
        assert cell.metadata == {}
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_links_lead_somewhere(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)  # code has brackets of its own
    assert all(re.findall(r"!\[(.*?)\]", text))  # pictures have alternative text
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (FOLDER / target).exists(), target


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_teaches_step_by_step(path):
    cells = read(path).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    assert "At the end you can explain" in cells[0].source
    assert median(source.count("\n") + 1 for source in code) <= 8
    predictions = [i for i, cell in enumerate(cells) if "**Predict.**" in cell.source]
    assert len(predictions) >= 4
    assert all(cells[i + 1].cell_type == "code" for i in predictions)
    most = {"8_build": 12, "9_elsewhere": 12}.get(path.stem, 4)  # their exercises are the lesson
    assert 2 <= len(exercises(read(path))) <= most
    asserting = {"assert", "np.testing.assert_allclose"}
    assert any(word in source for source in code[-3:] for word in asserting)


def test_elsewhere_has_sections_that_do_not_depend_on_each_other(capsys):
    """Each runs after the two cells at the top, with the dots left."""
    top, *sections = [[]]
    for cell in read(FOLDER / "9_elsewhere.ipynb").cells:
        if cell.source.startswith("## "):
            sections.append([])
        elif cell.cell_type == "code":
            (sections[-1] if sections else top).append(cell.source)
    assert len(sections) == 12
    for section in sections:
        scope = {}
        for i, source in enumerate(top + section):
            name = f"<section {len(linecache.cache)}, cell {i}>"  # AutoGraph asks for the source
            linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
            exec(compile(source, name, "exec"), scope)
        unanswered = sum(bool(re.search(r"^ *check\(", source, re.M)) for source in section)
        said = capsys.readouterr().out
        assert said.count("Not answered yet") == unanswered
        assert "Wrong" not in said
