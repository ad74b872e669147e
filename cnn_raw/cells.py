"""Which cell of a notebook defines a name: for those who run cells out of order."""

import json
import symtable
from pathlib import Path


def defining(name: str, notebook: Path) -> tuple[str, str] | None:
    """Return the last heading above the first cell that defines ``name``, and its first line.

    None if no cell does, or if there is no such file.
    """
    heading = notebook.name
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"] if notebook.is_file() else []
    for cell in cells:
        source = "".join(cell["source"]).strip()
        if cell["cell_type"] == "markdown":
            titles = [line for line in source.splitlines() if line.startswith(("# ", "## "))]
            heading = titles[-1].lstrip("# ") if titles else heading
        elif name in _assigned(source):
            return heading, source.splitlines()[0]
    return None


def _assigned(source: str) -> set[str]:
    """Return the names that a cell assigns, defines or imports."""
    try:
        symbols = symtable.symtable(source, "cell", "exec").get_symbols()
    except SyntaxError:  # a magic command
        return set()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}
