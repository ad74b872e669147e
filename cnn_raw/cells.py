"""Help for those who run a notebook's cells out of order: what failed, and what defines a name."""

import json
import symtable
import traceback
from pathlib import Path

from cnn_raw.text import translate


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


def failure(error: Exception) -> str:
    """Return where in a cell ``error`` was raised, what it says, and what to do."""
    hint = translate(
        "If you have not changed this cell, one above was changed, left out or run in another"
        " order: run all from the top (menu Run, Restart Kernel and Run All Cells)."
    )
    frames = traceback.extract_tb(error.__traceback__)
    cells = [frame for frame in frames if frame.line and not Path(frame.filename).exists()]
    where = "".join(f"line {frame.lineno}: {frame.line}\n" for frame in cells)
    lines = str(error).strip().splitlines() or [""]
    name = type(error).__name__
    message = lines[-1] if lines[0] == "in user code:" else lines[0]  # of a function being traced
    return f"{where}{name}: {message.strip().removeprefix(f'{name}: ')}\n{hint}"
