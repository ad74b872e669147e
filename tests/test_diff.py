"""``cnn-raw diff``: what stands beside what, what is marked, and why; terminal and page."""

import io
import json
import re
import subprocess
import sys
import tracemalloc
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from cnn_raw import InputError, cli
from cnn_raw.diff.diff import PROGRAM_2016, PROGRAM_TF2, diff_file
from cnn_raw.diff.page import page, write_page
from cnn_raw.diff.pairing import pair
from cnn_raw.diff.program import FORMS, STEPS
from cnn_raw.diff.reason import EDITIONS
from cnn_raw.diff.reasons import BY_KEY, REASONS
from cnn_raw.diff.rows import Sign, fold_title, side_lines
from cnn_raw.diff.screen import as_json, show
from cnn_raw.diff.source import LARGEST, Place, from_bytes
from cnn_raw.diff.statements import cut, read_own, read_source

SCRIPT = Path(__file__).parent / "data" / "convolutional_net_2016.txt"
TEXT = SCRIPT.read_text()

# The 2016 script's changed statements, by the text they start with, and why (keys of reasons).
CHANGES = {
    "from tensorflow.examples": "tutorials_module",
    "def init_weights": "op_seeds",
    "return tf.Variable(tf.random_normal": "random_normal op_seeds",
    "l1=tf.nn.dropout": "op_seeds dropout_rate",
    "l2=tf.nn.dropout": "op_seeds dropout_rate",
    "l3=tf.nn.dropout": "op_seeds dropout_rate",
    "l4=tf.nn.dropout": "op_seeds dropout_rate",
    "mnist=": "first_5000 scaling float64_labels variables_outside",
    "trX,trY,teX,teY=": "variables_outside",
    "X=tf.placeholder": "placeholders",
    "Y=tf.placeholder": "placeholders",
    "w=init_weights": "op_seeds",
    "w2=init_weights": "op_seeds",
    "w3=init_weights": "op_seeds",
    "w4=init_weights": "op_seeds",
    "w_o=init_weights": "op_seeds",
    "p_keep_conv=": "placeholders keep_tensors",
    "p_keep_hidden=": "placeholders keep_tensors",
    "py_x=": "variables_outside tape",
    "cost=": "variables_outside labels_first upgrade_script",
    "train_op=": "keras_rmsprop tape gated_gradients",
    "predict_op=": "variables_outside",
    "with tf.Session": "session",
    "tf.initialize_all_variables": "initialize_all_variables",
    "for i in range": "epoch_seeds",
    "for start,end in": "epoch_seeds",
    "sess.run(train_op": "session",
    "np.random.shuffle": "numpy_generator",
    "print i": "session testing_draws print_statement",
}
# What must stand in TensorFlow 2's lines beside some of them.
BESIDE = {
    "l3=tf.nn.dropout": ["l3=tf.nn.dropout(l3,rate=1-p_keep_conv,seed=85)"],
    "trX,trY,teX,teY=": ["trX,trY=mnist.train.images,", "teX,teY=mnist.test.images,"],
    "X=tf.placeholder": ["@tf.function", "def train_op(X,Y,"],
    "p_keep_hidden=": ["p_keep_hidden=tf.constant(0.5)"],
    "py_x=": ["with tf.GradientTape()", "py_x=model(X,*weights,"],
    "cost=": ["labels=Y,logits=py_x", "cost=cost_op(py_x,Y)"],
    "train_op=": ["RMSPropOptimizer(0.001,0.9)", "tape.gradient(cost,", ".apply_gradients("],
    "predict_op=": ["return tf.argmax(py_x,1)"],
    "with tf.Session": [],
    "for i in range": ["for i in range("],
    "sess.run(train_op": ["costs.append(train_op(trX[start:end],trY[start:end],"],
    "np.random.shuffle": ["random.shuffle(test_indices)"],
    "print i": ["def predict(images):", "py_x=model(images,*weights,1.0,1.0)", "yield Epoch("],
}


@pytest.fixture(scope="module")
def tutorial():
    return diff_file(SCRIPT)


@pytest.fixture
def script(tmp_path):
    """Writes a file and returns its path."""

    def write(content: str | bytes, name: str = "mine.py") -> Path:
        raw = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(raw)
        return tmp_path / name

    return write


def printed(both, width: int, **options) -> str:
    file = io.StringIO()
    show(both, Console(file=file, width=width, **options))
    return file.getvalue()


def outline(both) -> list:
    return [
        (row.sign, [s.code for s in row.left], [s.code for s in row.right], row.reasons)
        for row in both.rows
    ]


def test_diff_marks_what_changed_and_nothing_else_with_its_reasons(tutorial):
    found = {}
    for row in tutorial.rows:
        assert (row.sign in (Sign.SAME, Sign.APART)) == (not row.reasons)
        for statement in row.left:
            (start,) = [s for s in CHANGES if statement.code.startswith(s)] or [None]
            assert (start is None) == (row.sign is Sign.SAME), statement.code
            if start:
                found[start] = " ".join(reason.key for reason in row.reasons)
            else:
                (same,) = row.right
                assert same.code == statement.code
    assert found == CHANGES
    assert len(tutorial.pairs) == len(tutorial.left) == 49


@pytest.mark.parametrize(("old", "new"), list(BESIDE.items()), ids=list(BESIDE))
def test_diff_puts_tensorflow_2s_statements_beside(tutorial, old, new):
    row = next(r for r in tutorial.rows if any(s.code.startswith(old) for s in r.left))
    right = "\n".join(statement.code for statement in row.right)
    assert all(part in right for part in new) and bool(new) == bool(right)


def test_diff_marks_the_changed_words_alone(tutorial):
    row = next(r for r in tutorial.rows if any(s.code.startswith("l1=tf.nn.drop") for s in r.left))
    (line,) = side_lines(row, row.right)
    assert [line.text[a:b] for a, b, _ in line.marks] == ["rate=1 -", ", seed=55"]
    (line,) = side_lines(row, row.left)
    assert line.marks == ()


def test_diff_marks_words_only_where_half_of_them_stayed(tutorial):
    def marked(old):
        row = next(r for r in tutorial.rows if any(s.code.startswith(old) for s in r.left))
        assert row.left and row.right
        return bool(row.changed)

    # The share of the words that both sides have: 0.20 to 0.38; 0.52 to 0.75.
    for old in ("from tensorflow.ex", "mnist=", "X=tf.placeholder", "train_op=", "print i"):
        assert not marked(old), old
    for old in ("py_x=", "cost=", "p_keep_conv="):
        assert marked(old), old


@pytest.mark.parametrize("path", [None, SCRIPT], ids=["session.py", "tutorial"])
def test_diff_shows_or_counts_every_statement_of_both_sides_once(path):
    both = diff_file(path)
    left = read_own(path or PROGRAM_2016)
    assert [s.first for row in both.rows for s in row.left] == [s.first for s in left]
    shown = Counter((s.file, s.first) for row in both.rows for s in row.right)
    assert set(shown.values()) == {1}
    for file in PROGRAM_TF2:
        for statement in read_own(file):
            if not re.match("(import|from) ", statement.code):
                assert shown[file.name, statement.first] == 1, statement.code


def test_diff_explains_every_change_of_session_py():
    both = diff_file()
    assert both.name == "session.py" and EDITIONS not in both.reasons and not both.yours
    changed = [row for row in both.rows if row.sign is Sign.CHANGED]
    assert len(changed) > 10 and all(row.reasons for row in changed)


def test_steps_and_reasons_all_find_their_lines(tutorial):
    right = [statement.code for file in PROGRAM_TF2 for statement in read_own(file)]
    for step in STEPS.values():
        like = re.sub("{(model|train|predict)}", r"(model|train_op|predict_op)", step.like)
        assert all(re.search(like, code) for code in step.codes), step.key
        for alternative in re.split(r"\|(?=\^|\\)", step.counterpart):
            found = any(re.search(alternative, code) for code in right)
            assert found or alternative == "(?!)", alternative
    assert tutorial.reasons == [r for r in REASONS if r.key != "grouped_convolution"]


@pytest.mark.parametrize(
    "variant",
    [
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.replace("    ", "\t").encode(),
        TEXT.replace("'SAME'", '"SAME"').encode(),
        TEXT.replace("# you need", "# vous dev\xe9z").encode("latin-1"),
        re.sub(r"(?m) *#.*$", "", TEXT).encode(),
        TEXT.replace("):", ") :").replace(" = ", "=").encode(),
    ],
    ids=["crlf", "cr", "bom", "tabs", "quotes", "latin-1", "no comments", "spaces"],
)
def test_diff_reads_other_writings_of_the_same_script(tutorial, script, variant):
    assert outline(diff_file(script(variant))) == outline(tutorial)


def test_diff_shows_tabs_as_the_spaces_they_stand_for(tutorial, script):
    text = re.sub("(?m)^(    )+", lambda spaces: "\t" * (len(spaces[0]) // 4), TEXT)
    both = diff_file(script(text, name=SCRIPT.name))
    assert printed(both, 200) == printed(tutorial, 200)


def test_diff_loses_one_statement_to_a_bracket_left_open(script):
    both = diff_file(script(TEXT.replace("batch_size = 128", "batch_size = (128")))
    assert (len(both.pairs), len(both.left)) == (47, 48)  # test_size goes with it


def edition(*changes: tuple[str, str]) -> str:
    text = TEXT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


# From REFERENCE: the ancestor of November 2015, its second edition, and the one for 1.x.
LOADER = "from tensorflow.examples.tutorials.mnist import input_data", "import input_data"
PRINT = [("print i, ", "print(i, "), ("hidden: 1.0}))", "hidden: 1.0})))")]
OF_2015 = edition(
    LOADER,
    *PRINT,
    ("batch_size = 128\ntest_size = 256\n", ""),
    ("[0:test_size]", "[0:256]"),
    (
        """        training_batch = zip(range(0, len(trX), batch_size),
                             range(batch_size, len(trX)+1, batch_size))
        for start, end in training_batch:""",
        "        for start, end in zip(range(0, len(trX), 128), range(128, len(trX), 128)):",
    ),
)
OF_2016 = edition(LOADER, *PRINT, ("len(trX)+1", "len(trX)"))
OF_1X = edition(
    *PRINT,
    ("(py_x, Y)", "(logits=py_x, labels=Y)"),
    ("initialize_all_variables", "global_variables_initializer"),
    ("Y: teY[test_indices],", ""),
)


@pytest.mark.parametrize("text", [TEXT, OF_2015, OF_2016, OF_1X], ids=["lesson", "5", "6", "1.x"])
def test_diff_finds_nothing_of_yours_in_an_edition(script, text):
    both = diff_file(script(text))
    assert both.yours == [] and both.mistakes == ()
    assert len(both.pairs) == len(both.left) and {s.code for s in both.left} <= FORMS


# A reader's copy: names, data, layers and order of its own.
COPY = """
import tensorflow as tf
import pandas as pd
import numpy as np
trX, teX = pd.read_csv("a.csv"), pd.read_csv("b.csv")
imgList = []
x = tf.placeholder(tf.float32, shape=[None, 28, 28, 1])
y = tf.placeholder(tf.float32, shape=[None, 10])
keep = tf.placeholder("float")
keep_fc = tf.placeholder("float")
def weight_variable(shape):
    return tf.Variable(tf.truncated_normal(shape, stddev=0.1))
def bias_variable(shape):
    return tf.Variable(tf.constant(0.1, shape=shape))
W1 = weight_variable([3, 3, 1, 32])
b1 = bias_variable([32])
W2 = weight_variable([3, 3, 32, 64])
W3 = weight_variable([64 * 7 * 7, 625])
W4 = weight_variable([625, 10])
conv1 = tf.nn.conv2d(x, W1, strides=[1, 1, 1, 1], padding="SAME") + b1
conv1 = tf.nn.relu(conv1)
pool1 = tf.nn.max_pool(conv1, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
drop1 = tf.nn.dropout(pool1, keep)
conv2 = tf.nn.relu(tf.nn.conv2d(drop1, W2, strides=[1, 1, 1, 1], padding="SAME"))
pool2 = tf.nn.max_pool(conv2, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
flat = tf.reshape(pool2, [-1, 64 * 7 * 7])
fc = tf.nn.relu(tf.matmul(flat, W3))
fc = tf.nn.dropout(fc, keep_fc)
out = tf.matmul(fc, W4)
loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=out, labels=y))
optimizer = tf.train.AdamOptimizer(1e-4)
step = optimizer.minimize(loss)
correct = tf.equal(tf.argmax(out, 1), tf.argmax(y, 1))
guess = tf.argmax(out, 1)
init = tf.global_variables_initializer()
files = ["a", "b"]
for name in files:
    imgList.append(name)
with tf.Session() as sess:
    sess.run(init)
    for epoch in range(20):
        for start, end in zip(range(0, len(trX), 100), range(100, len(trX), 100)):
            _, c = sess.run([step, loss], feed_dict={x: trX[start:end], y: trY[start:end],
                                                     keep: 0.8, keep_fc: 0.5})
        index = np.arange(len(teX))
        np.random.shuffle(index)
        index = index[0:256]
        acc = np.mean(np.argmax(teY[index], 1) ==
                      sess.run(guess, {x: teX[index], keep: 1.0, keep_fc: 1.0}))
        print("epoch", epoch, acc)
"""
PAIRED = {
    "x=": "X", "y=": "Y", "keep=": "p_keep_conv", "keep_fc=": "p_keep_hidden",
    "def weight_variable": "init_weights", "W1=": "w", "W2=": "w2", "W3=": "w4", "W4=": "w_o",
    "conv1=tf.nn.conv2d": "l1a", "pool1=": "l1", "drop1=": "dropout1", "conv2=": "l2a",
    "pool2=": "l2", "flat=": "reshape", "fc=tf.nn.relu": "l4", "fc=tf.nn.dropout": "dropout4",
    "out=": "pyx", "loss=": "cost", "optimizer=": "train_op", "step=": "train_op",
    "guess=": "predict_op", "with": "session", "init=": "initialize", "for epoch": "epochs",
    "for start": "batches", "_,c=": "run", "index=np": "test_indices", "np.random": "shuffle",
    "index=index": "first_256", "acc=": "test", "import tensorflow": "tensorflow",
    "import numpy": "numpy",
}  # fmt: skip
UNPAIRED = ("import pandas", "trX,teX=", "imgList", "def bias", "b1=", "conv1=tf.nn.relu",
            "correct=", "files=", "for name", "sess.run(init)", "print(")  # fmt: skip


def test_diff_pairs_a_copy_with_names_and_layers_of_its_own(script):
    both = diff_file(script(COPY))
    for n, statement in enumerate(both.left):
        step = both.pairs.get(n)
        starts = [key for start, key in PAIRED.items() if statement.code.startswith(start)]
        if step and step.key == "random_normal":
            assert "truncated_normal" in statement.code
        else:
            assert ([step.key] if step else []) == starts, statement.code
        assert step or statement.code.startswith((*UNPAIRED, "return tf.Variable(tf.constant")), n
    for row in both.rows:
        assert row.is_yours or all(statement.code in FORMS for statement in row.left)


def test_diff_says_what_is_yours_and_what_tensorflow_2_asks_for_on_one_row(script):
    both = diff_file(script(edition(("RMSPropOptimizer(0.001, 0.9)", "AdamOptimizer(0.01)"))))
    (row,) = both.yours
    keys = [reason.key for reason in row.reasons]
    assert keys == ["yours", "tape", "gated_gradients", "tf.train.AdamOptimizer"]
    assert row.edition == "train_op = tf.train.RMSPropOptimizer(0.001, 0.9).minimize(cost)"
    (line,) = side_lines(row, row.left)
    assert [line.text[a:b] for a, b, own in line.marks if own] == ["AdamOptimizer", "0.01"]
    text = printed(both, 120)
    assert "1 is yours" in text
    assert text.index("AdamOptimizer") < text.index("cnn.py and train.py")  # first what is yours
    assert "TensorFlow 2 has no tf.train.AdamOptimizer" in text


def test_diff_says_what_a_copy_left_out(script):
    left_out = "    l3 = tf.nn.dropout(l3, p_keep_conv)\n"
    both = diff_file(script(edition((left_out, ""))))
    assert [step.key for step in both.left_out] == ["dropout3"] and both.yours == []
    assert "left out l3 = tf.nn.dropout(l3, p_keep_conv)" in re.sub(" +", " ", printed(both, 120))
    assert "left out: <code>l3 = tf.nn.dropout(l3, p_keep_conv)</code>" in page(both)
    assert json.loads(as_json(both))["left out"] == [left_out.strip()]
    other = diff_file(script(edition((left_out, "    l3 = tf.layers.dropout(l3)\n"))))
    assert other.left_out == []


def test_diff_sees_a_statement_of_the_tutorial_at_another_place_or_twice(script):
    tested = edition()[edition().index("        test_indices = np.arange") :]
    once = "\n".join(line[4:] for line in tested.split("\n"))
    both = diff_file(script(edition((tested, once))))
    indices, *_, test = both.yours
    assert indices.edition == "for i in range(100): test_indices = np.arange(len(teX))"
    assert test.edition.startswith("for i in range(100): print(i, ") and len(both.yours) == 4
    predict = "predict_op = tf.argmax(py_x, 1)\n"
    (row,) = diff_file(script(edition((predict, 2 * predict)))).yours
    assert row.left[0].code == "predict_op=tf.argmax(py_x,1)"


def test_diff_pairs_what_is_run_out_of_a_dictionary(script):
    """A copy that returns dict(X=X, train_op=train_op, ...) from a function that builds it."""
    text = edition()
    for name in ("train_op", "predict_op"):
        text = text.replace(f"sess.run({name}", f'sess.run(g["{name}"]')
    for name in ("X", "Y", "p_keep_conv", "p_keep_hidden"):
        text = text.replace(f"{name}: ", f'g["{name}"]: ')
    both = diff_file(script(text))
    assert [row.left[0].code[:12] for row in both.yours] == ['sess.run(g["', "print i,np.m"]
    assert len(both.pairs) == len(both.left) and both.mistakes == ()
    (found,) = diff_file(script(text.replace('"]: 1.0', '"]: 0.5'))).mistakes
    assert "dropout is on in this test" in found.text


def test_diff_keeps_the_readers_own_lines_and_counts_them(script):
    own = "\n".join(f"plot_{n}(figure, {n})" for n in range(5))
    both = diff_file(script(TEXT.replace("# Launch", f"{own}\n\n# Launch")))
    (row,) = both.yours
    assert row.sign is Sign.APART and len(row.left) == 5
    assert "plot_0(figure, 0) and 4 more" in fold_title(row)
    signs = (Sign.SAME, Sign.CHANGED, Sign.ONLY_2016, Sign.APART)
    assert sum(both.count(sign) for sign in signs) == len(both.left) == 54


def test_diff_names_editions_where_they_differ_and_tensorflow_does_not_care(script):
    both = diff_file(script(OF_2015))
    (row,) = [row for row in both.rows if EDITIONS in row.reasons]
    assert [statement.code for statement in row.left] == ["test_indices=test_indices[0:256]"]


GONE = """
import tensorflow.contrib.layers as layers
{text}
a = tf.mul(tf.log(X), tf.layers.dense(X, 10))
merged = tf.merge_all_summaries()
b = tf.get_variable("b", [10])
c = tf.contrib.layers.fully_connected(X, 10)
d = tf.reduce_sum(tf.nn.softmax(X)) + tf.keras.backend.epsilon()
sess.run(optimizer, feed_dict={{}})
"""


def test_diff_gives_every_name_that_tensorflow_2_lacks_a_line(script):
    both = diff_file(script(GONE.format(text=TEXT)))
    keys = [reason.key for reason in both.reasons if reason.key.startswith("tf.")]
    assert keys == ["tf.contrib.layers", "tf.mul", "tf.log", "tf.layers.dense",
                    "tf.merge_all_summaries", "tf.get_variable",
                    "tf.contrib.layers.fully_connected"]  # fmt: skip
    titles = {reason.key: reason.title for reason in both.reasons}
    assert titles["tf.log"] == "tf.log is now tf.math.log"
    (row,) = [row for row in both.rows if any("optimizer," in s.code for s in row.left)]
    assert BY_KEY["session"] in row.reasons


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = 1\nprint x\n", "is another program: 0 of its 2 statements"),
        ("# nothing\n", "is another program: 0 of its 0 statements"),
        ("(" * 50_000, "is another program: 0 of its 1 statements"),
        ("x = 1\n".encode("utf-16"), "is another program: 0 of its 1 statements"),
        ("import keras\nm = keras.Sequential()\nm.fit(X)\n" * 9, "is another program: 0 of its"),
        ('{"cells": [], "nbformat": 4}', "holds no program"),
        ("", "is empty"),
        (b"\x7fELF\x02\x01\x01\x00" + bytes(500), "is not text"),
        ("#" * (LARGEST + 1), "more than 5,000,000 bytes"),
    ],
    ids=[
        "python 2", "comment", "brackets", "utf-16", "keras", "notebook", "empty", "binary",
        "too large",
    ],
)  # fmt: skip
def test_diff_refuses_a_file_in_one_line_and_exits_with_2(script, capsys, content, message):
    path = script(content)
    assert cli.main(["diff", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith(f"cnn-raw: {path}: ") and re.search(message, err)


def test_diff_reads_little_of_a_large_file(tmp_path):
    path = tmp_path / "large.py"
    with open(path, "wb") as file:
        file.truncate(100 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="has more than 5,000,000 bytes"):
            diff_file(path)
        assert tracemalloc.get_traced_memory()[1] < 2e7  # measured: 10 MB
    finally:
        tracemalloc.stop()


def test_diff_names_a_missing_file_a_folder_and_one_it_may_not_read(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"nothing: cannot be read \(No such file or directory\)"):
        diff_file(tmp_path / "nothing")
    with pytest.raises(InputError, match="is a folder"):
        diff_file(tmp_path)

    def refuse(path, *arguments, **options):
        if Path(path).name == "mine":
            raise PermissionError(13, "Permission denied", path)
        return own_open(path, *arguments, **options)

    (tmp_path / "mine").write_text(TEXT)
    own_open = open
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(InputError, match=r"mine: cannot be read \(Permission denied\)"):
        diff_file(tmp_path / "mine")


FRAGMENTS = st.sampled_from(
    ["(", ")", "[", "'", '"', '"""', "'''", "\\", "\n", "\t", "#", ":", "def f(a: int)", "->",
     "import x", " ", "l1 = tf.nn.dropout(l1, p_keep_conv)", "\x85", "\u2028", "é", "if x:"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(FRAGMENTS, max_size=30).map("".join) | st.text(max_size=60))
def test_cut_takes_any_text_in_order_and_loses_no_token(text):
    lines = text.split("\n")
    end = 0
    for statement in cut(text, "any", [Place(0, n) for n in range(1, len(lines) + 1)]):
        assert statement.first > end
        end = statement.first + len(statement.lines) - 1
        assert list(statement.lines) == lines[statement.first - 1 : end]
        for token in statement.tokens:
            first, *_ = token.text.split("\n")
            assert statement.lines[token.line][token.start :].startswith(first)
        assert all(0 <= e <= len(t) for e, t in zip(statement.ends, statement.lines, strict=True))


def test_cut_leaves_out_what_python_2_did_not_have():
    (one,) = cut("def f(a: dict[str, int], b: int = 3, *c) -> list[int]:", "f.py", [Place(0, 1)])
    assert one.code == "def f(a,b=3,*c):"
    (one,) = cut('x = {"a": 1}[b:c]  # d', "f.py", [Place(0, 1)])
    assert one.code == 'x={"a":1}[b:c]'
    text = 'def f():\n    """Doc.\n\n    More."""\n    return "x"'
    one, two = cut(text, "f.py", [Place(0, n) for n in range(1, 6)])
    assert (one.first, two.first, two.code) == (1, 5, 'return"x"')


@pytest.mark.parametrize("width", [24, 40, 80, 110, 120, 200])
@pytest.mark.parametrize("path", [None, SCRIPT], ids=["session.py", "tutorial"])
def test_show_fits_the_terminal_and_says_all_without_colour(path, width):
    both = diff_file(path)
    text = printed(both, width)
    assert "\x1b" not in text and not re.search(" $", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= width
    if width < 80:
        return  # titles are broken in words
    squeezed = re.sub(r"\s", "", text)
    for reason in both.reasons:
        if width < 110:
            assert f"[{both.number(reason)}]" in text
            assert squeezed.count(re.sub(r"\s", "", reason.title)) == 2  # at the line, and below
        assert re.sub(r"\s", "", reason.wrong) in squeezed
    signs = Counter(line[:1] for line in text.splitlines())
    if width < 110:
        assert signs["-"] > 10 and signs["+"] > 10


@pytest.mark.parametrize("width", [0, 1, 2, 5, 17, 18])
def test_show_ends_at_any_width(tutorial, width):
    assert "dropout" in re.sub(r"\s", "", printed(tutorial, width))


def test_show_puts_the_programs_side_by_side_where_they_fit(tutorial):
    lines = printed(tutorial, 200).splitlines()
    (line,) = [line for line in lines if "l4 = tf.nn.dropout(l4, p_keep_hidden)" in line[:80]]
    assert re.fullmatch(
        r"35     l4 = tf.nn.dropout\(l4, p_keep_hidden\) +~ 3 4 +"
        r"cnn \d+     l4 = tf.nn.dropout\(l4, rate=1 - p_keep_hidden, seed=98\).*",
        line,
    )
    (line,) = [line for line in lines if line.startswith("34 ")]
    assert line.count("l4 = tf.nn.relu(tf.matmul(l3, w4))") == 2 and "~" not in line
    narrow = printed(tutorial, 80)
    old, new = "l4 = tf.nn.dropout(l4, p_keep_hidden)\n", "l4 = tf.nn.dropout(l4, rate=1 - "
    assert re.search(rf"- +35     {re.escape(old)}\+ +cnn \d+     {re.escape(new)}", narrow)
    assert narrow.count("l4 = tf.nn.relu(tf.matmul(l3, w4))") == 1


def test_show_puts_a_comment_without_room_on_a_line_of_its_own(script):
    long = "# " + "why " * 20
    both = diff_file(script(TEXT.replace("return pyx", f"return pyx  {long}")))
    (row,) = [r for r in both.rows if any(s.code == "return pyx" for s in r.left)]
    assert [line.text.strip() for line in side_lines(row, row.left)] == [long.strip(), "return pyx"]
    assert "why why" in printed(both, 60)


def test_show_underlines_what_changed_where_there_is_no_colour(tutorial):
    text = printed(tutorial, 200, force_terminal=True, color_system="standard", no_color=True)
    assert re.search(r"\x1b\[1;4mrate=1 -\x1b\[0m p_keep_hidden", text)


def test_show_lets_no_text_steer_the_terminal(script):
    both = diff_file(script(TEXT.replace("# Get A", "# \x1b[31m\x9b2J\u202e A").encode()))
    assert not re.search("[\x1b\x9b\u202e]", printed(both, 200))


def test_as_json_holds_every_statement_once_with_its_reasons(script):
    changed = edition(("RMSPropOptimizer(0.001, 0.9)", "AdamOptimizer(0.01)"), ("1.0", "0.5"))
    both = diff_file(script(changed))
    found = json.loads(as_json(both))
    assert found["statements"] == sum(len(row["2016"]) for row in found["rows"]) == 49
    assert sum(found["counts"].values()) == 49
    yours = [row for row in found["rows"] if row["yours"]]
    assert len(yours) == 2 and yours[0]["tutorial"].startswith("train_op = tf.train.RMSProp")
    assert found["mistakes"][0]["reason"] == "testing_draws"
    numbers = {reason["key"]: reason["number"] for reason in found["reasons"]}
    assert all(key in numbers for row in found["rows"] for key in row["reasons"])


NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "source": ["# A net"]},
            {"cell_type": "code", "source": TEXT[: TEXT.index("mnist =")]},
            {
                "cell_type": "code",
                "source": ["%matplotlib inline\n", TEXT[TEXT.index("mnist =") :]],
            },
        ],
        "metadata": {},
        "nbformat": 4,
    }
)
PROMPTS = "\n".join((">>> " if line[:1] not in " " else "... ") + line for line in TEXT.split("\n"))
NUMBERED = "\n".join(f"{n:3} {line}" for n, line in enumerate(TEXT.split("\n"), start=1))
POST = f"""Here is my whole program, it does not run:

{TEXT}
It prints an error. So I changed it to this one:

{TEXT}
What am I doing wrong here, please?
"""


@pytest.mark.parametrize(
    "content",
    [NOTEBOOK, PROMPTS, NUMBERED, POST, TEXT.replace('"', "\u201d").replace("    ", "\xa0" * 4),
     TEXT.replace("Get A", "\uc2dc\ud5d8").encode("cp949"), TEXT.encode("utf-16")],
    ids=["notebook", "prompts", "numbers", "post", "curly", "cp949", "utf-16"],
)  # fmt: skip
def test_diff_reads_notebooks_pastes_and_other_encodings(tutorial, content):
    raw = content if isinstance(content, bytes) else content.encode()
    name = "mine.ipynb" if content is NOTEBOOK else "mine.py"
    left = read_source(from_bytes(raw, name))
    assert [statement.code for statement in left] == [s.code for s in tutorial.left]
    if content is NOTEBOOK:
        assert str(left[-1].place).startswith("cell 2, line ")


def test_diff_reads_standard_input(tutorial, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    assert outline(diff_file("-")) == outline(tutorial)


def test_diff_calls_a_program_on_other_images_another_program(script):
    cifar = edition(
        ("28, 28, 1]", "32, 32, 3]"),
        ("[3, 3, 1, 32]", "[3, 3, 3, 32]"),
        (
            'input_data.read_data_sets("MNIST_data/", one_hot=True)',
            "tf.keras.datasets.cifar10.load_data()",
        ),
    )
    text = " ".join(printed(diff_file(script(cifar)), 200).split())
    assert "This is another program, made from the tutorial: images of 32 x 32 x 3, cifar10" in text
    assert "another program" not in printed(diff_file(script(TEXT)), 200)


@pytest.mark.parametrize("swapped", [False, True])
def test_diff_pairs_a_step_with_the_statement_that_is_most_like_it(swapped):
    alike, less = "predict_op = tf.argmax(hypothesis, 1)", "best = tf.argmax(py_x, 1)"
    lines = (alike, less) if swapped else (less, alike)
    text = "import tensorflow as tf\n" + "\n".join(lines)
    statements = read_source(from_bytes(text.encode(), "fragment.py"))
    paired = [
        statements[n].code for n, step in pair(statements).items() if step.key == "predict_op"
    ]
    assert paired == ["predict_op=tf.argmax(hypothesis,1)"]


@pytest.mark.parametrize(
    "own",
    [
        "costs = []",
        "files = files[0:10]",
        "np.random.shuffle(files)",
        "numbers = np.arange(len(files))",
        "for name in files:",
        "with open(path) as file:",
        "train_acc = accuracy.eval(feed_dict={X: trX, p_keep_conv: 1.0})",
        "x_image = tf.reshape(X, [-1, 28, 28, 1])",
        "b1 = init_weights([32])",
        "return 1",
        "loss_sum = 0.0",
        "i = 0",
    ],
)
def test_diff_pairs_no_statement_by_its_punctuation(script, own):
    kept = TEXT[
        : TEXT.index("        test_indices = np.arange")
    ]  # the steps that it is like are free
    both = diff_file(script(kept.replace("# Launch", f"{own}\n# Launch")))
    line = kept[: kept.index("# Launch")].count("\n") + 1
    (n,) = [n for n, statement in enumerate(both.left) if statement.first == line]
    assert n not in both.pairs


def test_diff_judges_a_fragment_by_its_own_share(script):
    both = diff_file(script(TEXT[TEXT.index("def model") : TEXT.index("mnist =")]))
    assert len(both.pairs) == len(both.left) == 15 and both.yours == []


def test_diff_command_prints_both_programs_into_a_pipe(capsys):
    assert cli.main(["diff", str(SCRIPT)]) == 0
    out, err = capsys.readouterr()
    assert err == "" and "\x1b" not in out
    assert "TF2's dropout takes the share to drop, not the share to keep" in out


class Page(HTMLParser):
    """Collects what a page is made of, and that its tags are closed in order."""

    VOID = ("meta", "link", "col", "br")

    def __init__(self, text: str):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.text = [], Counter(), [], [], ""
        self.outside = re.findall(r"https?:|//\w|url\(|@import|<script", text)
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags[tag] += 1
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"]] if "href" in attrs else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_page_is_whole_and_refers_to_nothing_outside(tutorial):
    html = Page(page(tutorial))
    assert html.open == [] and html.outside == []
    assert len(set(html.ids)) == len(html.ids)
    assert {link[1:] for link in html.links if link[0] == "#"} <= set(html.ids)
    assert [link for link in html.links if link[0] != "#"] == ["data:,"]
    assert [html.tags[tag] for tag in ("h1", "main", "header", "article")] == [1, 1, 1, 21]
    for reason in tutorial.reasons:
        assert reason.title in html.text and reason.why in html.text and reason.wrong in html.text


def test_page_escapes_what_the_file_says(script):
    text = TEXT.replace("# Get A", "# <script>alert('x')</script>&lt;")
    text = text.replace("test_size = 256", "test_size = 256 if 1<i>1 else '<i>'")
    both = diff_file(script(text, name="<b>&.py"))
    html = page(both)
    assert "<script" not in html and "&lt;script&gt;" in html and "&amp;lt;" in html
    assert "<i>" not in html and "<b>" not in html and "&lt;b&gt;&amp;.py" in html


def test_diff_command_writes_the_page_and_replaces_an_older_one(tmp_path):
    path = tmp_path / "out.html"
    for _ in range(2):
        assert cli.main(["diff", "--html", str(path)]) == 0
        assert path.read_text() == page(diff_file())


@pytest.fixture
def open_page(chromium, tmp_path, tutorial):
    """Opens the page at a width and colour scheme; at the end nothing may have gone wrong."""
    write_page(tutorial, tmp_path / "diff.html")
    address = (tmp_path / "diff.html").as_uri()
    contexts, requests, complaints = [], [], []

    def open_at(width: int, scheme: str = "light"):
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        contexts.append(context)
        window = context.new_page()
        window.on("request", lambda request: requests.append(request.url))
        window.on("console", lambda message: complaints.append(message.text))
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.goto(address)
        return window

    yield open_at
    for context in contexts:
        context.close()
    assert set(requests) <= {address, "data:,"} and complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 375, 800, 1280])
def test_page_never_scrolls_sideways(open_page, width):
    window = open_page(width)
    window.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert window.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.browser
@pytest.mark.parametrize("width", [375, 1280])
def test_page_numbers_lead_to_their_reasons(open_page, width):
    window = open_page(width)
    for number in range(1, 11, 5):
        link = window.locator(f'td a[href="#reason-{number}"]').first
        link.click()
        article = window.locator("article:target")
        assert article.locator("h3").inner_text().startswith(f"{number}. ")
        box = article.bounding_box()
        assert box["y"] < 800 and box["y"] + box["height"] > 0  # it is in view


CONTRAST = """
() => {
  const part = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255)
      .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return part(colour);
    }
  };
  const worst = [21, ""];
  for (const node of document.querySelectorAll("p, a, span, del, ins, h1, h2, h3, dt, dd, th")) {
    if (!node.textContent.trim()) continue;
    const [a, b] = [part(getComputedStyle(node).color), ground(node)].map(light);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst[0]) { worst[0] = ratio; worst[1] = node.outerHTML.slice(0, 80); }
  }
  return worst;
}
"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_can_be_read_in_light_and_dark(open_page, scheme):
    window = open_page(1280, scheme)
    ground = window.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 22, 22)"}[scheme]
    ratio, where = window.evaluate(CONTRAST)
    assert ratio >= 4.5, where  # WCAG AA; measured: 5.8 in both


@pytest.mark.browser
def test_page_marks_are_not_by_colour_alone(open_page):
    window = open_page(1280)
    style = "e => getComputedStyle(e).textDecorationLine"
    assert window.locator("td del").first.evaluate(style) == "line-through"
    assert window.locator("td ins").first.evaluate(style) == "underline"
    rows = window.get_by_role("row").all_inner_texts()
    (row,) = [text for text in rows if "l4 = tf.nn.dropout(l4, p_keep_hidden)" in text]
    assert "~" in row and "changed" in row


@pytest.mark.browser
def test_page_has_headings_and_landmarks_for_those_who_cannot_see_it(open_page):
    window = open_page(375)
    levels = window.locator("h1, h2, h3").evaluate_all("all => all.map(e => e.tagName)")
    assert levels == ["H1", "H2", "H2", *["H3"] * (len(REASONS) - 1)]
    assert window.get_by_role("main").count() == window.get_by_role("banner").count() == 1
    assert window.get_by_role("region").count() == 2
    assert window.get_by_role("table").count() == 1


def test_diff_ends_without_a_word_when_its_reader_has_read_enough():
    command = f"{sys.executable} -m cnn_raw diff | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stdout.startswith("session.py: ") and done.stderr == ""
