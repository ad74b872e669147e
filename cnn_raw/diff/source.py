"""A reader's program as text: a script, a notebook or a paste, in whatever encoding it came.

Nothing is executed. What is not program (a notebook's prose and output, magics such as
``%matplotlib inline``, prompts, the words around a pasted program) is left out, and every line
that stays remembers where it stood in the reader's file.
"""

import codecs
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cnn_raw import InputError, files
from cnn_raw.diff import paste

LARGEST = 5_000_000  # bytes of a file: a notebook may hold pictures
LONGEST = 200_000  # characters of a program: the 2016 script has 4,000

# Tried in this order on bytes that are not UTF-8. Each with the characters that text in it is
# written with: Chinese bytes are valid in the Korean encoding too, but come out as rare Hanja.
ENCODINGS = (
    ("cp949", "[\uac00-\ud7a3\u3131-\u318e]"),
    ("gb18030", "[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]"),
)
CELL_MAGICS = ("time", "timeit", "capture", "prun")  # their cell is Python; that of others is not


class Place(NamedTuple):
    """Where a line stands in the reader's file, counted from 1; ``cell`` is 0 without cells."""

    cell: int
    line: int

    def __str__(self) -> str:
        return f"cell {self.cell}, line {self.line}" if self.cell else f"line {self.line}"


@dataclass(frozen=True)
class Source:
    """A program's text, Python 2 or 3, as the reader wrote it: tabs are tabs.

    ``places`` has a Place for each line of ``text``. ``notes`` say in a few words each what was
    left out. ``python2``: a notebook's kernel says that it is Python 2.
    """

    name: str
    text: str
    places: tuple[Place, ...]
    notes: tuple[str, ...] = ()
    python2: bool = False


def read(path: str | Path) -> Source:
    """Return the program in a regular file, or on standard input if ``path`` is "-".

    Raises InputError for what cannot be read, is not text, is too large or holds no program.
    """
    return read_bytes(path)[1]


def read_bytes(path: str | Path) -> tuple[bytes, Source]:
    """Return the same, with the bytes that it was read from."""
    if str(path) == "-":
        raw, name = sys.stdin.buffer.read(LARGEST + 1), "standard input"
        return raw, from_bytes(raw, name)
    with files.reading(path) as file:
        raw = file.read(LARGEST + 1)
    return raw, from_bytes(raw, str(path))


def from_bytes(raw: bytes, name: str) -> Source:
    """Return the program in the bytes of a file called ``name``. Raises InputError."""
    if not raw.strip():
        raise InputError(f"{name}: is empty; give a script or a notebook")
    if len(raw) > LARGEST:
        raise InputError(f"{name}: has more than {LARGEST:,} bytes; the 2016 script has 4,000")
    text = decode(raw)
    text = re.sub("\r\n?", "\n", text)
    if name.endswith(".ipynb") or re.match(r'\s*\{\s*"(cells|metadata|nbformat|worksheets)"', text):
        source = _notebook(text, name)
    else:
        _check(text, name)
        lines = [(Place(0, n), line) for n, line in enumerate(text.split("\n"), start=1)]
        if not lines[-1][1]:
            del lines[-1]
        source = _source(name, *paste.clean(lines))
    _check(source.text, name)
    return source


def _check(text: str, name: str) -> None:
    if not text.strip():
        raise InputError(f"{name}: holds no program; give a script or a notebook with code")
    if len(text) > LONGEST:
        raise InputError(
            f"{name}: holds a program of more than {LONGEST:,} characters; "
            "the 2016 script has 4,000"
        )
    controls = re.findall(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text)
    if "\0" in controls or 20 * len(controls) > len(text):  # a few may stand in a comment
        raise InputError(f"{name}: is not text; give the script itself or its notebook")


def decode(raw: bytes) -> str:
    """Return the text of a file: by its byte order mark, its coding cookie, or by trying.

    Latin-1 is the last to be tried and takes any bytes.
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, errors="replace")
    half = len(raw) // 2
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if raw[offset::2].count(0) > 0.9 * half and not raw[1 - offset :: 2].count(0):
            return raw.decode(encoding, errors="replace")
    for encoding, letters in (*_cookie(raw), ("utf-8", ""), *ENCODINGS):
        try:
            text = raw.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        foreign = len(re.findall(r"[^\x00-\x7f]", text))
        if not letters or len(re.findall(letters, text)) > 0.8 * foreign:
            return text
    return raw.decode("latin-1")


def _cookie(raw: bytes) -> list[tuple[str, str]]:
    """Return the encoding that one of the first two lines declares, as PEP 263 has it."""
    for line in raw.splitlines()[:2]:
        if match := re.match(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", line):
            name = match[1].decode("ascii", errors="replace")
            try:
                text_encoding = codecs.lookup(name)._is_text_encoding
            except (LookupError, AttributeError):
                return []
            # A cookie of Latin-1 or ASCII was often copied without a thought: any bytes would do.
            careless = codecs.lookup(name).name in ("iso8859-1", "ascii")
            return [(name, "")] if text_encoding and not careless else []
    return []


def _source(name: str, lines: list[tuple[Place, str]], notes: list[str], **more) -> Source:
    text = "".join(f"{line}\n" for _, line in lines)
    return Source(name, text, tuple(place for place, _ in lines), tuple(notes), **more)


def _notebook(text: str, name: str) -> Source:
    """Return the code cells of a Jupyter notebook, format 2 to 4, in their order."""
    try:
        book = json.loads(text)
        if "worksheets" in book:
            cells = [cell for sheet in book["worksheets"] for cell in sheet["cells"]]
        else:
            cells = book["cells"]
        codes = [
            cell.get("source", cell.get("input", ""))
            for cell in cells
            if cell["cell_type"] == "code"
        ]
        codes = [code if isinstance(code, str) else "".join(code) for code in codes]
        metadata = book.get("metadata", {})
        kernel = metadata.get("kernelspec", {}).get("name", "")
        version = str(metadata.get("language_info", {}).get("version", ""))
    except ValueError as error:
        raise InputError(f"{name}: is not a whole notebook ({error}); save it again") from None
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(f"{name}: is not a notebook; it has no list of cells") from None
    lines, magics, skipped = [], 0, 0
    for number, code in enumerate(codes, start=1):
        code = re.sub("\r\n?", "\n", code)
        cell = [(Place(number, n), line) for n, line in enumerate(code.split("\n"), start=1)]
        if match := re.match(r"\s*%%(\w+)", code):
            if match[1] not in CELL_MAGICS:
                skipped += 1
                continue
            start = code[: match.start(1)].count("\n")
            cell[start] = (cell[start][0], f"# {cell[start][1].strip()}")
            magics += 1
        cell, more = paste.without_magics(cell)
        magics += more
        lines += paste.plain(cell)
    notes = []
    if magics:
        lines_of = "1 line" if magics == 1 else f"{magics} lines"
        notes.append(f"{lines_of} of Jupyter's own (%, ! or ?) left out")
    if skipped:
        cells_of = "1 cell that is" if skipped == 1 else f"{skipped} cells that are"
        notes.append(f"{cells_of} not Python left out")
    return _source(name, lines, notes, python2=kernel == "python2" or version.startswith("2"))
