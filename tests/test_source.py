"""The reader of scripts, notebooks and pastes: what it keeps, from where, and what it refuses."""

import json
import os
import time

import pytest

from cnn_raw import InputError
from cnn_raw.diff.source import LARGEST, LONGEST, from_bytes, read

PROGRAM = """\
import tensorflow as tf

x = tf.placeholder("float", [None, 28])  # images
y = tf.matmul(
    x, w)
if y:
\tprint 'a', 5 / 2
"""


def text(program: str) -> str:
    return from_bytes(program.encode(), "mine.py").text


def notebook(cells, **metadata) -> bytes:
    kinds = [dict(zip(("cell_type", "source"), cell, strict=True)) for cell in cells]
    return json.dumps({"cells": kinds, "metadata": metadata, "nbformat": 4}).encode()


def test_source_leaves_a_program_as_it_is():
    source = from_bytes(PROGRAM.encode(), "mine.py")
    assert source.text == PROGRAM and source.notes == () and not source.python2
    assert [str(place) for place in source.places] == [f"line {n}" for n in range(1, 8)]


@pytest.mark.parametrize(
    "kept",
    [
        '"""Usage:\n>>> run this program now please\n"""\nx = 1\n',
        "s = 'he said \u201cno\u201d'  # \u201cquoted\u201d and\xa0spaced\n",
        "x = [\n1,\n2,\n3,\n]\n",
        'print("%d"\n% 3)\n',
        "print x if y else z\nfor a in b: pass\nassert not a is b, c\n",
        "x = 1  # two plain words and more of them\n# a line of plain words\n",
    ],
    ids=["doctest", "curly", "numbers", "percent", "keywords", "comments"],
)
def test_source_takes_nothing_for_a_paste_that_python_allows(kept):
    assert text(kept) == kept


@pytest.mark.parametrize(
    ("encoding", "word", "cookie"),
    [
        ("utf-8", "\ud559\uc2b5 \u8bad\u7ec3", ""),
        ("utf-8-sig", "\ud559\uc2b5", ""),
        ("utf-16", "\ud559\uc2b5", ""),
        ("utf-16-le", "ascii", ""),
        ("utf-16-be", "ascii", ""),
        ("cp949", "\uac00\uc911\uce58 \ucd08\uae30\ud654, \ubd84\ub958\uae30", ""),
        ("cp949", "\uac00\uc911\uce58", "# -*- coding: utf-8 -*-\n"),  # the cookie is wrong
        ("cp949", "\uac00\uc911\uce58", "# -*- coding: latin-1 -*-\n"),  # and here
        ("gb18030", "\u5377\u79ef\u795e\u7ecf\u7f51\u7edc\uff0c\u8bad\u7ec3\u6a21\u578b", ""),
        ("gbk", "\u5377", "#!/usr/bin/python\n# vim: set fileencoding=gbk :\n"),
        ("latin-1", "d\xe9j\xe0 vu \xfc \xdf", ""),
    ],
)
def test_source_decodes(encoding, word, cookie):
    program = f"{cookie}x = 1  # {word}\n"
    assert from_bytes(program.encode(encoding), "mine.py").text == program


def test_source_takes_any_line_ends():
    for end in ("\r\n", "\r"):
        assert text(PROGRAM.replace("\n", end)) == PROGRAM


def test_source_reads_a_notebooks_code_in_order():
    source = from_bytes(
        notebook(
            [
                ("markdown", "Now train it."),
                ("code", ["%matplotlib inline\n", "import tensorflow as tf"]),
                ("code", "!pip install tensorflow\nx = 1\nif x:\n    %time x = 2\n    !ls"),
                ("code", "%%bash\nls"),
                ("code", "%%time\nx = 3\ntf.train?\n?tf\nlist = !ls"),
            ]
        ),
        "mine.ipynb",
    )
    assert source.text.splitlines() == [
        "# %matplotlib inline",
        "import tensorflow as tf",
        "# !pip install tensorflow",
        "x = 1",
        "if x:",
        "    x = 2",
        "    pass  # !ls",
        "# %%time",
        "x = 3",
        "# tf.train?",
        "# ?tf",
        "# list = !ls",
    ]
    compile(source.text, "mine", "exec")
    assert [str(source.places[n]) for n in (1, 3, 8)] == [
        "cell 1, line 2",
        "cell 2, line 2",
        "cell 4, line 2",
    ]
    assert source.notes == (
        "8 lines of Jupyter's own (%, ! or ?) left out",
        "1 cell that is not Python left out",
    )


def test_source_reads_notebooks_of_the_old_format_and_their_python():
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1\n", "y = 2"]}]}]}
    assert from_bytes(json.dumps(old).encode(), "mine").text == "x = 1\ny = 2\n"
    cells = [("code", "print 1")]
    assert from_bytes(notebook(cells, kernelspec={"name": "python2"}), "a").python2
    assert from_bytes(notebook(cells, language_info={"version": "2.7.12"}), "a").python2
    assert not from_bytes(notebook(cells, language_info={"version": "3.5.2"}), "a").python2


PROMPTS = """\
Python 2.7.12 (default, Nov 19 2016, 06:48:10)
>>> import tensorflow as tf
>>> for x in y:
...     print x
...
1
2
>>> z = 3
"""
CLEAN = "import tensorflow as tf\nfor x in y:\n    print x\n\nz = 3\n"
POST = """\
Hello, I tried to run the tutorial and it does not work.
Here's my first attempt:

import tensorflow as tf
x = 1

Thanks!
I don't know what is wrong, so here is the complete program:

import tensorflow as tf

for x in y:
    print x

z = 3
Any help is welcome, thank you.
"""


@pytest.mark.parametrize(
    ("pasted", "clean"),
    [
        (PROMPTS, CLEAN),
        ("In [1]: x = 1\n   ...: y = 2\nOut[1]: 2\nIn [2]: z = 3\n", "x = 1\ny = 2\nz = 3\n"),
        ("".join(f"{n} {s}\n" for n, s in enumerate(CLEAN.split("\n")[:-1], 1)), CLEAN),
        ("".join(f"{n}\n{s}\n" for n, s in enumerate(CLEAN.split("\n")[:-1], 1)), None),
        ("x = tf.pad(x, \u2018SAME\u2019)\ny\xa0=\xa0\u201cit's\u201d\n", None),
        (POST, "import tensorflow as tf\n\nfor x in y:\n    print x\n\nz = 3\n"),
        ("A post.\n\n```python\nx = 1\n```\n\nMore of it.\n\n```\ny = 2\n```\n", "x = 1\ny = 2\n"),
        ("<p>See:</p><pre><code>if a &lt; b:\n  c</code></pre>", "if a < b:\n  c\n"),
        ("\u4e0b\u9762\u662f\u4ee3\u7801\uff1b\nx = 1\n\u8c22\u8c22\uff01\n", "x = 1\n"),
        ("%matplotlib inline\nx = 1\n", "# %matplotlib inline\nx = 1\n"),
        ("x = 5 \u2013 3\u200b\n", "x = 5 - 3\n"),
    ],
    ids=["prompts", "ipython", "numbers", "numbers between", "quotes", "post", "fences", "html",
         "chinese", "magic", "dash"],
)  # fmt: skip
def test_source_cleans_a_paste(pasted, clean):
    cleaned = text(pasted)
    if clean is None:
        compile(cleaned.replace("print x", "print(x)"), "mine", "exec")
    else:
        assert cleaned == clean


def test_source_takes_the_program_of_a_post_and_not_the_parts_it_quotes():
    program = "import tensorflow as tf\nX = tf.constant(1)\nY = tf.neg(X)\nprint(Y)\n"
    post = (
        "First the input:\n```python\nX = tf.constant(1)\n```\n"
        f"# All of it\n```python\n{program}```\nThe negative:\n```\nY = tf.neg(X)\nprint(Y)\n```\n"
        "```bash\ntensorboard --logdir logs\n```\n"
    )
    assert text(post).strip() == program.strip()


def test_source_leaves_out_a_sentence_before_the_program():
    program = "import tensorflow as tf\nx = tf.constant(1)  # a bell: \a\n"
    assert text(f"Here is my program:\n\n{program}").strip() == program.strip()
    assert text(program) == program  # a control character in a comment is no harm


def test_source_remembers_the_lines_of_a_paste_and_says_what_it_left_out():
    source = from_bytes(POST.encode(), "mine.txt")
    assert str(source.places[0]) == "line 10" and str(source.places[-1]) == "line 15"
    assert source.notes == ("the text around the program left out",)


def test_source_keeps_a_line_that_is_wrong():
    wrong = "import tensorflow as tf\nx = = 1\nthis is\n"  # one line is not prose
    assert text(wrong) == wrong


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "mine: is empty"),
        (b" \r\n\t\n", "mine: is empty"),
        (b"\x7fELF\x02\x01\x01\x00" + bytes(500), "mine: is not text"),
        (b"x = 1\x07\n", "mine: is not text"),
        (b"x = 1\n" * 40_000, f"mine: holds a program of more than {LONGEST:,} characters"),
        (b"#" * (LARGEST + 1), f"mine: has more than {LARGEST:,} bytes"),
        (b'{"cells": [', "mine: is not a whole notebook"),
        (b'{"cells": {"a": 1}}', "mine: is not a notebook"),
        (b'{"cells": [1, 2]}', "mine: is not a notebook"),
        (b'{"metadata": {}}', "mine: is not a notebook"),
        (b'{"cells": []}', "mine: holds no program"),
        (notebook([("code", "x = '\x00'")]), "mine: is not text"),
    ],
)
def test_source_refuses_in_one_line(raw, message):
    start = time.monotonic()
    with pytest.raises(InputError) as error:
        from_bytes(raw, "mine")
    assert str(error.value).startswith(message) and "\n" not in str(error.value)
    assert time.monotonic() - start < 2


def test_source_reads_regular_files_only(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, message in (
        (tmp_path / "pipe", "is not a regular file"),
        ("/dev/zero", "is not a regular file"),
        (tmp_path, "is a folder; give a file"),
        (tmp_path / "none", r"cannot be read \(No such file or directory\)"),
        ("a\0b", r"cannot be read \(embedded null byte\)"),
    ):
        with pytest.raises(InputError, match=message):
            read(path)


def test_source_reads_standard_input(monkeypatch, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(PROGRAM)
    with open(path) as file:
        monkeypatch.setattr("sys.stdin", file)
        assert read("-").text == read(path).text == PROGRAM
