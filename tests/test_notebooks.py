"""The notebooks are executed from top to bottom, and every exercise's solution is tried.

An exercise is three cells: the question with its solution folded away, the answer to fill in
(``name = ...``, or a function whose body returns ``...``), and its ``check``.
"""

import base64
import importlib.util
import json
import linecache
import os
import re
from collections import Counter
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from statistics import median

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"), key=lambda path: int(path.name.split("_")[0]))
TIME_LIMIT = 540  # seconds for a cell, on a slow or busy machine
ODD_ANSWERS = {  # by what is given in place of the answer
    "another shape": "_in_a_list({name})",
    "text": '"12"',
    "nothing": "None",
    "ragged": "[[1, 2], [3]]",
}

# The first cell: no host is found. A cell that took less than 0.3 s is run again, without drawing.
FIRST = """
import contextlib, io, json, socket, time

def _refuse(*arguments, **options):
    raise OSError("a notebook asked for the network")

socket.getaddrinfo = socket.create_connection = socket.gethostbyname = _refuse

def _in_a_list(answer):
    return (lambda *inputs: [answer(*inputs)]) if callable(answer) else [answer]

class _Again:
    def __init__(self):
        self.start, self.quick, self.twice = time.process_time(), [], []

    def run(self, source):
        said, formats = io.StringIO(), get_ipython().display_formatter
        formats.active_types, types = ["text/plain"], formats.active_types  # pictures are not drawn
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            result = get_ipython().run_cell(source)
        formats.active_types = types
        return source, result.success, said.getvalue()

    def before(self, info):
        self.start = time.process_time()

    def after(self, result):
        source, seconds = result.info.raw_cell, time.process_time() - self.start
        if source in SOURCES and source not in self.quick and seconds < 0.3:
            self.quick.append(source)
            self.twice.append(self.run(source))

_again = _Again()
get_ipython().events.register("pre_run_cell", _again.before)
get_ipython().events.register("post_run_cell", _again.after)
"""

# The last cell: the same cells from the last to the first.
LAST = "print(json.dumps([_again.twice, [_again.run(source) for source in _again.quick[::-1]]]))"

# After it, once more in Korean: alternative texts of the pictures, and what checks say.
KOREAN = f"""
import IPython.display, pathlib
from cnn_raw import text

text.use("ko", *pathlib.Path({str(FOLDER / "ko")!r}).glob("*.po"))
_alts, _said = [], []
IPython.display.display = lambda figure, metadata: _alts.append(metadata["image/png"]["alt"])
for source in [s for s in _again.quick if "show(" in s or "show_grid(" in s or "check(" in s]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        get_ipython().run_cell(source)
    if "check(" in source and said.getvalue():  # none if it stopped, explained on stderr
        _said.append(said.getvalue())
print(json.dumps([_alts, _said]))
"""

EXPLAINED = re.compile("run all from the top|Run those cells first")


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
    assert numbers == [*range(1, 11)]
    readme = (FOLDER / "README.md").read_text()
    for path in NOTEBOOKS:
        assert f"]({path.name})" in readme
        title = read(path).cells[0].source.splitlines()[0].removeprefix("# ")
        assert f"[{title}]({path.name})" in readme


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_its_solutions_are_right(path, tmp_path, monkeypatch):
    notebook = read(path)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    for place, name, check, answer in reversed(exercises(notebook)):
        tries = {"solved": f"{answer}\n{check}"}
        for kind, odd in ODD_ANSWERS.items():
            tries[kind] = f"{name} = {odd.format(name=name)}\n{check}"
        tries["solved again"] = f"{answer}\n{check}"  # later cells may use it
        notebook.cells[place + 1 : place + 1] = [
            nbformat.v4.new_code_cell(source, metadata={"tried": tried})
            for tried, source in tries.items()
        ]
    notebook.cells.insert(0, nbformat.v4.new_code_cell(FIRST.replace("SOURCES", repr(sources))))
    notebook.cells += map(nbformat.v4.new_code_cell, [LAST, KOREAN])
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))

    client = NotebookClient(
        notebook,
        timeout=TIME_LIMIT,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()

    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    count = len(exercises(read(path)))
    said = {}
    for cell in cells:
        said.setdefault(cell.metadata.get("tried"), []).append(printed(cell))
    for tried, texts in said.items():
        if tried is None:
            assert sum("Not answered yet" in text for text in texts) == count
        else:
            start = "Right." if tried.startswith("solved") else "Wrong. "
            assert [text[: len(start)] for text in texts] == [start] * count, (tried, texts)
    alts, checks = json.loads(printed(cells.pop()))
    assert [text for text in (*alts, *checks) if not re.search("[가-힣]", text)] == []
    twice, backward = json.loads(printed(cells.pop()))
    assert [source for source, succeeded, _ in twice if not succeeded] == []
    for source, succeeded, text in backward:  # whatever it is, it is explained
        assert succeeded or EXPLAINED.search(text), (source, text)
    for cell in cells:
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                assert output.metadata["image/png"]["alt"], cell.source
    errors = [
        printed(cell) for cell in cells for output in cell.outputs if output.get("name") == "stderr"
    ]
    assert errors == []
    notebook.cells = [cell for cell in notebook.cells[1:-2] if "tried" not in cell.metadata]
    check_page(script("make_html").page(notebook), notebook.cells)


def script(name):
    pytest.importorskip("latex2mathml", reason="the formulas need it: pip install -e '.[all]'")
    path = FOLDER / f"{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def check_page(page, cells):
    """It asks for nothing outside, has all formulas and pictures, and folds what it should."""
    assert not re.search(r"@import|url\(", page)
    tags = Tags(page).found
    names = Counter(tag for tag, _ in tags)
    assert not names.keys() & {"script", "link", "iframe", "object", "video", "audio"}
    for tag, attributes in tags:
        if tag == "img":
            assert attributes["src"].startswith("data:image/png;base64,") and attributes["alt"]
        elif tag == "a" and not attributes["href"].startswith("https:"):
            assert (FOLDER / attributes["href"]).with_suffix(".ipynb").exists() or (
                attributes["href"] == "index.html"
            )
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    assert names["math"] == len(re.findall(r"\$\$.+?\$\$|\$.+?\$", prose, re.DOTALL))
    folded = Counter(re.findall("<summary>(.*?)</summary>", page))
    assert folded["The answer"] == text.count("**Predict.**")
    asked = [cell for cell in cells if re.search(r"^check(_built)?\(", cell.source, re.MULTILINE)]
    assert folded["How the answer is checked"] == len(asked)
    assert folded["Solution"] == text.count("<summary>Solution</summary>") >= 2
    assert names["details"] == sum(folded.values()) == page.count("</details>")


def test_pictures_of_the_readme_are_figures_of_the_notebooks(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    figures = script("make_images").FIGURES
    assert list(figures) == [path.stem for path in NOTEBOOKS]
    for path in NOTEBOOKS:
        starts = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
        assert any(source.startswith(figures[path.stem]) for source in starts), path.stem


def test_html_edition_has_an_index_of_all_notebooks():
    page = script("make_html").index()
    tags = Tags(page).found
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    assert links[1:] == [f"{path.stem}.html" for path in NOTEBOOKS]
    pictures = [attributes for tag, attributes in tags if tag == "img"]
    assert len(pictures) == len(NOTEBOOKS)
    assert all(picture["src"].startswith("data:image/png;base64,") for picture in pictures)


def test_html_edition_is_no_wider_than_a_phone(chromium, tmp_path):
    """Neither the index nor a page with long lines, a table, formulas and a large picture."""
    notebook = read(FOLDER / "1_convolution.ipynb")
    picture = base64.b64encode((FOLDER / "images" / "draw.png").read_bytes()).decode()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                nbformat.v4.new_output("stream", text="x" * 300),
                nbformat.v4.new_output("display_data", {"image/png": picture}),
            ]
    (tmp_path / "page.html").write_text(script("make_html").page(notebook), encoding="utf-8")
    (tmp_path / "index.html").write_text(script("make_html").index(), encoding="utf-8")
    window = chromium.new_page(viewport={"width": 375, "height": 800})
    for name in ("page", "index"):
        window.goto((tmp_path / f"{name}.html").as_uri())
        window.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert window.evaluate("document.documentElement.scrollWidth") == 375
    window.close()


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


def execute(source, scope):
    """Execute a cell. AutoGraph and inspect may ask for its source."""
    name = f"<cell {len(linecache.cache)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), scope)


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
        for source in top + section:
            execute(source, scope)
        unanswered = sum(bool(re.search(r"^ *check\(", source, re.M)) for source in section)
        said = capsys.readouterr().out
        assert said.count("Not answered yet") == unanswered
        assert "Wrong" not in said


@pytest.mark.genuine
def test_distributed_program_trains_in_genuine_tensorflow_as_one_machine(
    genuine_python, monkeypatch
):
    """The same file in three processes of TensorFlow 0.12.1; a worker is killed and replaced."""
    for name in [name for name in os.environ if name.startswith("PYTHON")]:
        monkeypatch.delenv(name)
    code = [c.source for c in read(FOLDER / "10_distributed.ipynb").cells if c.cell_type == "code"]
    first = next(i for i, source in enumerate(code) if source.startswith("costs.clear()"))
    scope = {}
    try:
        for i, source in enumerate(code[: first + 1]):
            if i == first:  # it starts the processes, and trains alone
                start = scope["start"] = partial(scope["start"], python=str(genuine_python))
            execute(source, scope)
        costs = [scope["step"](k) for k in range(3)]
        start("worker", 1)
        costs += [scope["step"](k) for k in range(3, 5)]
    finally:
        for task in list(scope.get("processes", ())):
            scope["stop"](*task)
    np.testing.assert_allclose(costs, scope["alone"][:5], rtol=0, atol=1e-6)  # measured: 4e-7
