"""The Korean notebooks: made from the English ones and the catalogues in ``ko/``.

    python notebooks/make_korean.py

brings the catalogues up to date (a sentence that was changed in English is marked "fuzzy" in its
catalogue until its translation is looked at) and writes ``ko/*.ipynb``. A catalogue (.po, gettext's
format) has each heading, paragraph, list item and table cell of a notebook, and what its code cells
show: hints, and the titles and labels of figures. Code cells stay as they are.

The package has a catalogue of its own, ``cnn_raw/locale/ko.po``, with what ``diff``, ``why`` and
``check`` say, and the page. For the page it is written out as ``draw/static/korean.js``.
"""

import ast
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import nbformat
from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po
from markdown_it import MarkdownIt

from cnn_raw import files
from cnn_raw.diff.rows import Sign
from cnn_raw.text import Texts

FOLDER = Path(__file__).parent
LANGUAGE = "ko"
PACKAGE = FOLDER.parent / "cnn_raw"
STATIC = PACKAGE / "draw" / "static"  # of the page

# Which parts of a call are shown to the reader: arguments from the n-th on, and keywords.
ARGUMENTS = {"check": 2, "check_built": 3, "show": 1, "show_grid": 1, "text": 2, "annotate": 0,
             "set_title": 0, "suptitle": 0, "set_xlabel": 0, "set_ylabel": 0, "supxlabel": 0,
             "supylabel": 0, "set_xticks": 1, "set_yticks": 1, "legend": 0,
             "draw_graph": 1}  # fmt: skip
KEYWORDS = {"title", "label", "labels", "xlabel", "ylabel", "names", "alt"}
# The modules that say what is wrong or different in a program of 2016.
DIFF = {f"diff/{name}.py" for name in ("reason", "reasons", "messages", "names", "tf_names",
        "mistakes", "feeds", "shapes", "source", "paste")}  # fmt: skip
SAID = {"title", "old", "new", "why", "wrong", "where", "today", "text", "cells_of", "lines_of"}

Found = Iterator[tuple[str, str]]  # texts, and where they stand
LISTS = {"titles", "four", "ROWS", "COLUMNS"}  # variables with titles and labels
WORD = r"[A-Za-z]{2}"


def markdown_units(text: str) -> list[tuple[int, int]]:
    """Return where the units of translation are in a Markdown text: (start, end), in order."""
    units: list[tuple[int, int]] = []
    at = 0
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "inline":
            content = token.content
            if content not in text[at:]:
                content = content.replace("|", r"\|")  # as it stands in a table
            start = text.index(content, at)
            units.append((start, start + len(content)))
        elif token.type == "html_block":
            start = text.index(token.content.rstrip("\n"), at)
            units += [
                (start + found.start(1), start + found.end(1))
                for found in re.finditer(r">\s*([^<>]*[^<>\s])\s*<", token.content)
            ]
        elif token.type == "fence":
            start = text.index(token.content.split("\n")[0], at)
            at = start + len(token.content) if token.content in text[at:] else start
            continue
        else:
            continue
        at = max(at, units[-1][1] if units else 0)
    return [(start, end) for start, end in units if has_words(text[start:end])]


def has_words(text: str) -> bool:
    """Is there anything to translate beside code, formulas, addresses and placeholders?"""
    other = r"(`+).*?\1|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|\{\w+\}"
    return bool(re.search(WORD, re.sub(other, "", text, flags=re.DOTALL)))


def code_texts(
    code: str, arguments: dict[str, int] = ARGUMENTS, keywords: set[str] = KEYWORDS
) -> Iterator[str]:
    """Yield the texts in Python code that are shown to the reader, f-strings with {0}, {1}, ..."""
    lesson = keywords is KEYWORDS
    draws = lesson and re.search(r"\bshow(_grid)?\(", code)
    for node in sorted(ast.walk(ast.parse(code)), key=_place):
        shown: list[ast.AST] = []
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            shown += node.args[arguments[name] :] if name in arguments else []
            shown += [keyword.value for keyword in node.keywords if keyword.arg in keywords]
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            shown += [v for k, v in pairs if isinstance(k, ast.Constant) and k.value in keywords]
        elif draws and isinstance(node, (ast.For, ast.comprehension)):
            shown.append(node.iter)  # titles, one for each picture
        elif lesson and isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in LISTS:
            shown.append(node.value)
        for part in shown:
            yield from filter(has_words, strings(part))


def _place(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def strings(node: ast.AST) -> Iterator[str]:
    """Yield the strings in an expression."""
    if isinstance(node, ast.JoinedStr):
        numbers = iter(range(10))
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else f"{{{next(numbers)}}}"
            for part in node.values
        )
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif not isinstance(node, ast.Subscript):  # what is looked up is not shown
        for child in ast.iter_child_nodes(node):
            yield from strings(child)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def notebook_texts(path: Path) -> Found:
    """Yield the texts of a notebook, in its order, and the cells that they are in."""
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            for start, end in markdown_units(cell.source):
                yield cell.source[start:end], cell.id
        else:
            for text in code_texts(cell.source):
                yield text, cell.id


def package_texts() -> Found:
    """Yield the texts of the package, and their modules.

    They are what ``translate`` is given, or what becomes an argument of it: a part of a Reason, the
    text of a Mistake, a note.
    """
    for path in sorted(PACKAGE.rglob("*.py")):
        code = path.read_text(encoding="utf-8")
        where = path.relative_to(PACKAGE).as_posix()
        found = list(code_texts(code, {"translate": 0}, set()) if "translate(" in code else ())
        if where in DIFF:
            said = [*code_texts(code, {"Mistake": 1, "append": 0}, SAID), *assigned_texts(code)]
            found += [text for text in said if not is_code(text)]
        for text in found:
            yield text, where
    for text in page_texts().values():
        if has_words(text):
            yield text, "draw/static/english.js"
    for sign in Sign:
        yield from ((words, "diff/rows.py") for words in (sign.words, f"{{0}} {sign.words}"))


def page_texts() -> dict[str, str]:
    """Return the texts of the page by their names."""
    script = (STATIC / "english.js").read_text(encoding="utf-8")
    string = r'"(?:[^"\\]|\\.)*"'
    entries = re.findall(rf"^  (\w+): ({string}(?:\s*\+ {string})*),$", script, re.MULTILINE)
    return {
        name: "".join(json.loads(part) for part in re.findall(string, value))
        for name, value in entries
    }


def page_script(translate: Texts) -> str:
    """Return the module of the page's texts in the language of ``translate``."""
    texts = {name: translate(text) for name, text in page_texts().items()}
    return (
        "// Every sentence and name on the page, in Korean: made by notebooks/make_korean.py.\n\n"
        f"export const KOREAN = {json.dumps(texts, ensure_ascii=False, indent=2)};\n"
    )


def is_code(text: str) -> bool:
    """Is a part of a Reason Python code, or a name?"""
    if " " not in text:
        return True
    try:
        ast.parse(f"{text} pass" if text.endswith(":") else text)
    except SyntaxError:
        return False
    return True


def assigned_texts(code: str) -> Iterator[str]:
    """Yield the texts that are given to variables called as the parts of a Reason."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {part.id for t in targets for part in ast.walk(t) if isinstance(part, ast.Name)}
            if names <= SAID:
                yield from filter(has_words, strings(node.value))


def catalogues() -> dict[Path, Callable[[], Found]]:
    """Return the catalogues, and what yields the texts of each."""
    notebooks = {
        FOLDER / LANGUAGE / f"{path.stem}.po": partial(notebook_texts, path)
        for path in sorted(FOLDER.glob("*.ipynb"))
    }
    return {PACKAGE / "locale" / f"{LANGUAGE}.po": package_texts, **notebooks}


def catalogue(path: Path) -> Catalog:
    """Return a catalogue as it is on the disk, empty if there is none yet."""
    if not path.exists():
        nobody = dict.fromkeys(("last_translator", "language_team", "msgid_bugs_address"), "-")
        return Catalog(
            LANGUAGE, header_comment="#", project="cnn_raw", version="-", fuzzy=False, **nobody
        )
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def template(texts: Found) -> Catalog:
    """Return a catalogue of texts without translations."""
    made = Catalog(LANGUAGE, fuzzy=False)
    for text, where in texts:
        made.add(text, locations=[(where, 0)])
    return made


def updated(path: Path, texts: Found) -> bytes:
    """Return a catalogue with the texts there are now; changed ones are fuzzy."""
    old, made = catalogue(path), template(texts)
    old.update(made, update_creation_date=False)
    old.obsolete.clear()
    buffer = BytesIO()
    write_po(buffer, old, width=0, include_lineno=False, include_previous=True)
    return buffer.getvalue()


def built(path: Path, translate: Texts) -> str:
    """Return a notebook in the language of ``translate``, as it is written to the disk."""
    notebook = read(path)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for start, end in reversed(markdown_units(cell.source)):
                text = translate(cell.source[start:end])
                text = re.sub(
                    r"\]\((?!\w+:|#|\d+_\w+\.ipynb)", "](../", text
                )  # a folder further down
                cell.source = cell.source[:start] + text + cell.source[end:]
    return nbformat.writes(notebook) + "\n"


def write(path: Path, content: bytes) -> None:
    """Replace a file in one piece."""
    files.replace(path, lambda file: file.write(content))


def main() -> None:
    """Bring all catalogues up to date, and write the notebooks."""
    for po, texts in catalogues().items():
        write(po, updated(po, texts()))
        messages = [message for message in catalogue(po) if message.id]
        left = sum(not message.string or message.fuzzy for message in messages)
        print(f"{po.relative_to(FOLDER.parent)}: {len(messages)} texts, {left} to translate")
    script = page_script(Texts(PACKAGE / "locale" / f"{LANGUAGE}.po"))
    write(STATIC / "korean.js", script.encode())
    for path in sorted(FOLDER.glob("*.ipynb")):
        korean = FOLDER / LANGUAGE / path.name
        write(korean, built(path, Texts(korean.with_suffix(".po"))).encode())


if __name__ == "__main__":
    main()
