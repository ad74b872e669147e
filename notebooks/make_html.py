"""Make the HTML edition of the notebooks: pages to read without Python and without a network.

    python notebooks/make_html.py OUT

Executes the notebooks, which takes a few minutes, and writes OUT/index.html and a page for each.
What comes after **Predict** is folded, as are solutions and checks. Formulas are MathML, which
browsers draw themselves; pictures are inside the pages.
"""

import copy
import re
import sys
import tempfile
from itertools import groupby
from pathlib import Path

import nbformat
from latex2mathml.converter import convert
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

from cnn_raw import InputError, files

FOLDER = Path(__file__).parent

STYLE = """
body { max-width: 46rem; margin: 0 auto; padding: 0 1rem 4rem; color: #222; background: #fff;
  font: 1.05rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
pre, .output_png { font-size: 0.8rem; line-height: 1.4; overflow-x: auto; margin: 0.4rem 0; }
.input pre, .highlight pre { background: #f5f5f5; border-radius: 4px; padding: 0.5rem 0.7rem; }
.output pre { padding: 0 0.7rem; }
code { font-size: 0.9em; background: #f5f5f5; } pre code { font-size: inherit; }
img { max-width: 100%; height: auto; } a { color: #0550a0; }
math { font-size: 1.1em; overflow-x: auto; max-width: 100%; }
math[display="block"] { margin: 1rem 0; }
details { border-left: 3px solid #0550a0; padding-left: 0.8rem; margin: 0.6rem 0; }
summary { cursor: pointer; color: #0550a0; padding: 0.3rem 0; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
nav { padding: 0.8rem 0 0; } .index nav { display: none; }
th, td { border: 1px solid #ccc; padding: 0.3rem 0.6rem; text-align: left; }
.index td img { max-width: none; width: 9rem; }
@media (max-width: 40rem) { .index td img { width: 15rem; } .index thead { display: none; }
  .index tr { display: block; margin: 1rem 0; }
  .index td { display: block; border: 0; padding: 0.1rem 0; } }
"""

# A page, made of the blocks of nbconvert's template "basic".
TEMPLATE = """
{%- extends "index.html.j2" -%}
{%- block header -%}
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="generator" content="cnn-raw">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ nb.metadata.title }}</title>
<style>{{ nb.metadata.style }}</style></head><body{{ nb.metadata.kind }}>
<nav><a href="index.html">All notebooks</a></nav><main>
{% endblock header -%}
{%- block any_cell -%}
{{ cell.metadata.before }}{{ super() }}{{ cell.metadata.after }}
{%- endblock any_cell -%}
{%- block footer -%}</main></body></html>
{% endblock footer -%}
"""


class Renderer(IPythonRenderer):
    """Markdown as HTML: formulas as MathML, pictures inside, links to pages."""

    def __init__(self) -> None:
        super().__init__(
            escape=False, embed_images=True, exclude_anchor_links=True, path=str(FOLDER)
        )

    def inline_math(self, body: str) -> str:
        return convert(body)

    def block_math(self, body: str) -> str:
        return convert(body, display="block")

    def link(self, text: str, url: str, title: str | None = None) -> str:
        page = re.sub(r"^(\w+)\.ipynb", r"\1.html", url).replace("README.md", "index.html")
        return super().link(text, page, title)

    def _html_embed_images(self, html: str) -> str:  # on other tags it would close what is open
        return super()._html_embed_images(html) if "<img" in html else html


def executed(path: Path) -> NotebookNode:
    """Return the notebook with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()
    return notebook


def fold(first: NotebookNode, last: NotebookNode, summary: str) -> None:
    """Fold the cells from ``first`` to ``last`` away."""
    first.metadata["before"] = f"<details><summary>{summary}</summary>"
    last.metadata["after"] = "</details>"


def page(notebook: NotebookNode, kind: str = "") -> str:
    """Return the page of an executed notebook. ``kind``: the class of its body, for the style."""
    notebook = copy.deepcopy(notebook)
    for kind_of_cell, cells in groupby(notebook.cells, lambda cell: cell.cell_type):
        first, *_, last = [*cells] * 2
        if kind_of_cell == "markdown":
            predict = "**Predict.**" in last.source
        elif predict:
            fold(first, last, "The answer")
    for cell in notebook.cells:
        if re.search(r"^check(_built)?\(", cell.source, re.MULTILINE):
            fold(cell, cell, "How the answer is checked")
            cell.outputs = []  # that it is not answered yet
    exporter = HTMLExporter(raw_template=TEMPLATE, template_name="basic")
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    exporter.register_filter(
        "markdown2html", lambda source: MarkdownWithMath(renderer=Renderer()).render(source)
    )
    title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
    style = STYLE + HtmlFormatter().get_style_defs(".highlight")
    notebook.metadata.update(title=title, style=style, kind=kind)
    return exporter.from_notebook_node(notebook)[0].strip() + "\n"


def index() -> str:
    """Return the first page: the table of the notebooks' README."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8").split("\n## ")[0]
    text = re.sub(r"From a\scheckout:\n\n.*?\n\n", "", text, flags=re.DOTALL)
    cell = nbformat.v4.new_markdown_cell(text)
    return page(nbformat.v4.new_notebook(cells=[cell]), ' class="index"')


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__.strip())
        return 0 if arguments in (["-h"], ["--help"]) else 2
    out = Path(arguments[0])
    try:
        out.mkdir(parents=True, exist_ok=True)
        files.write(out / "index.html", index(), files.PAGE)
        for path in sorted(FOLDER.glob("*.ipynb")):
            files.write(out / f"{path.stem}.html", page(executed(path)), files.PAGE)
            print(out / f"{path.stem}.html", flush=True)
    except (InputError, OSError) as error:
        print(f"make_html: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
