"""The page's JavaScript modules made into one, and its style sheets: for a widget and for a file.

Both have no address that a module could import another from. The modules of ``static`` import by
name from files beside them (``import { a, b } from "./c.js"``, nothing renamed), and no two of them
define the same name, so that putting them one below the other, each once and after those it
imports, gives a module that does the same.
"""

import re
from pathlib import Path

STATIC = Path(__file__).parent / "static"

_IMPORT = re.compile(r'^import \{[^}]*\} from "([./\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async |function |class |const )", re.MULTILINE)


def script(entry: str) -> str:
    """Return the module ``static/entry`` and all that it imports as one module."""
    parts: dict[Path, str] = {}

    def add(path: Path) -> None:
        if path in parts:
            return
        source = path.read_text("utf-8")
        for name in _IMPORT.findall(source):
            add((path.parent / name).resolve())
        parts[path] = _EXPORT.sub("", _IMPORT.sub("", source))

    add((STATIC / entry).resolve())
    return "\n".join(parts.values())


def style() -> str:
    """Return the page's style sheets as one."""
    return "\n".join((STATIC / name).read_text("utf-8") for name in ("draw.css", "learn.css"))
