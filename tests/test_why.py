"""``cnn-raw why``: each message is provoked, and answered with its cause."""

import http.server
import io
import subprocess
import sys
import threading
import traceback
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from cnn_raw import cli
from cnn_raw.diff.messages import MESSAGES
from cnn_raw.diff.reasons import BY_KEY
from cnn_raw.diff.why import ALL, answer, nearest

tf1 = tf.compat.v1
TITLES = {reason.key: reason.title for reason in ALL}
TABS = "if True:\n        x = 1\n\ty = 2\n"


def graph(run):
    """Run something in a graph of its own, with a Session."""
    with tf.Graph().as_default(), tf1.Session() as sess:
        return run(sess)


def restore_twice(sess):
    """Save five variables without names, then build them again beside the first."""
    variables = [tf1.Variable(0.0) for _ in range(5)]
    sess.run(tf1.global_variables_initializer())
    path = tf1.train.Saver(variables).save(sess, PATH[0])
    tf1.train.Saver([tf1.Variable(0.0) for _ in range(6)][5:]).restore(sess, path)


PATH = [""]


def variable_in_function():
    tf.function(lambda x: x * tf.Variable(2.0))(1.0)


def variable_in_second_call():
    """2.0 to 2.8 said "tried to create variables on non-first call"; 2.21 says it so."""
    made = []

    @tf.function
    def later(x):
        if x.dtype == tf.float64 and not made:
            made.append(tf.Variable(1.0))
        return x

    later(tf.constant(1.0))
    later(tf.constant(1.0, tf.float64))


def feed_nothing(sess):
    sess.run(tf1.placeholder("float") + 1)


def swapped_gradients():
    from cnn_raw.rmsprop import RMSPropOptimizer

    RMSPropOptimizer(0.001).apply_gradients([(None, tf.Variable(1.0))])


def out_of_memory():
    raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")


def refused():
    """Ask a server that answers as yann.lecun.com does."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(403)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request).start()
        url = f"http://127.0.0.1:{server.server_port}/exdb/mnist/train-images-idx3-ubyte.gz"
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url)


PROVOKED = {
    "tf.placeholder": (lambda: tf.placeholder("float"), "placeholders"),
    "tf.Session": (lambda: tf.Session(), "session"),
    "tf.random_normal": (lambda: tf.random_normal([1]), "random_normal"),
    "tf.truncated_normal": (lambda: tf.truncated_normal([1]), "random_normal"),
    "tf.initialize_all_variables": (
        lambda: tf.initialize_all_variables(), "initialize_all_variables"),
    "tf.log": (lambda: tf.log(1.0), "tf.log is now tf.math.log"),
    "tf.mul": (lambda: tf.mul(1, 1), "tf.mul is now tf.multiply"),
    "tf.sub": (lambda: tf.sub(1, 1), "tf.sub is now tf.subtract"),
    "tf.pack": (lambda: tf.pack([1]), "tf.pack is now tf.stack"),
    "tf.contrib": (lambda: tf.contrib.layers, "TensorFlow 2 has no tf.contrib"),
    "tf.app": (lambda: tf.app.run(), "TensorFlow 2 has no tf.app"),
    "tf.scalar_summary": (lambda: tf.scalar_summary("c", 1), "TensorFlow 2 has no tf.scalar_summ"),
    "tf.merge_all_summaries": (
        lambda: tf.merge_all_summaries(), "TensorFlow 2 has no tf.merge_all_summaries"),
    "tf.train.Saver": (lambda: tf.train.Saver(), "TensorFlow 2 has no tf.train.Saver"),
    "eager placeholder": (lambda: tf1.placeholder("float"), "placeholders"),
    "empty graph": (lambda: tf1.Session().run(tf.constant(1)), "session"),
    "no initializer": (
        lambda: tf1.global_variables_initializer().run(), "initialize_all_variables"),
    "examples": (
        lambda: __import__("tensorflow.examples.tutorials.mnist"), "tutorials_module"),
    "input_data": (lambda: __import__("input_data"), "tutorials_module"),
    "contrib module": (lambda: __import__("tensorflow.contrib.slim"), "contrib_module"),
    "variable in a function": (variable_in_function, "variables_outside"),
    "variable in a second call": (variable_in_second_call, "variables_outside"),
    "no gradients": (swapped_gradients, "tape"),
    "uninitialized": (
        lambda: graph(lambda sess: sess.run(tf1.Variable(1.0, use_resource=False))),
        "initialize_all_variables"),
    "not fed": (lambda: graph(feed_nothing), "feed"),
    "checkpoint": (lambda: graph(restore_twice), "saver_names"),
    "rate": (lambda: tf.nn.dropout(tf.ones([2]), 1.0), "dropout_range"),
    "dimensions": (
        lambda: graph(lambda _: tf.matmul(tf.ones([1, 3]), tf.ones([2, 1]))), "dimensions"),
    "memory": (out_of_memory, "memory"),
    "download": (refused, "download"),
    "file": (lambda: Path("data/train.csv").read_text(), "no_such_file"),
    "print": (lambda: compile("print 1", "a.py", "exec"), "print_statement"),
    "tabs": (lambda: compile(TABS, "a.py", "exec"), "python_2"),
    "xrange": (lambda: eval("xrange(3)"), "python_2"),
}  # fmt: skip


@pytest.mark.parametrize("name", PROVOKED)
def test_why_answers_what_python_says(name, tmp_path):
    provoke, expected = PROVOKED[name]
    PATH[0] = str(tmp_path / "model")
    try:
        provoke()
    except Exception:
        said = traceback.format_exc()
    found = answer(said)
    assert found is not None, said
    assert found.title.startswith(TITLES.get(expected, expected))
    assert found.cause and found.form and found.trap
    assert found.message in said


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ValueError: Only call `softmax_cross_entropy_with_logits` with named arguments "
         "(labels=..., logits=..., ...)", "labels_first"),  # TensorFlow 1.0 to 1.15
        ("ValueError: tf.function-decorated function tried to create variables on non-first call.",
         "variables_outside"),  # TensorFlow 2.0 to 2.8
        ("TensorFlow 2.0 Upgrade Script\nDetected 0 issues that require attention",
         "upgrade_script"),
        ("the same seed gives other numbers", "other_numbers"),
        ("tensorflow.python.framework.errors.FailedPreconditionError: Attempting to use "
         "uninitialized value Variable_2", "initialize_all_variables"),
        ("NotFoundError: Key Variable_10 not found in checkpoint", "saver_names"),
        ("Killed", "memory"),
    ],
)  # fmt: skip
def test_why_answers_what_older_versions_said(text, key):
    """What no TensorFlow of the tests says, as text: neither 2.21 nor 0.12.1 has these messages.

    "Only call ... with named arguments" is the check of TensorFlow 1.0 to 1.15, which run on
    Python 2.7 and 3.3 to 3.7; what 2.21 says instead of each other one is provoked above.
    """
    found = answer(text)
    assert found is not None and found.title == TITLES[key]


def test_why_answers_the_notices_of_a_start_but_not_for_an_unknown_error():
    code = "import tensorflow"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr
    found = answer(said)
    if "oneDNN" in said:  # not on every processor
        assert found is not None and found.title == TITLES["onednn"]
    assert answer("oneDNN custom operations are on.\nValueError: something of my own") is None


def test_why_answers_retracing(caplog):
    traced = tf.function(lambda x: x)
    caplog.set_level("WARNING", logger="tensorflow")  # cnn-raw compare silences it
    tf.get_logger().addHandler(caplog.handler)
    try:
        for n in range(8):
            traced(n)
    finally:
        tf.get_logger().removeHandler(caplog.handler)
    found = answer(caplog.text)
    assert found is not None and found.title == TITLES["retracing"]


def test_why_answers_pip():
    command = [sys.executable, "-m", "pip", "download", "--no-index", "tensorflow==0.12.1"]
    said = subprocess.run(command, capture_output=True, text=True).stderr
    found = answer(said)
    assert found is not None and found.title == TITLES["old_versions"]


def test_why_answers_a_cost_that_is_nan():
    with np.errstate(divide="ignore", invalid="ignore"):
        probabilities, labels = np.float32([0, 1]), np.float32([0, 1])
        cost = -np.sum(labels * np.log(probabilities))
    assert np.isnan(cost)
    found = answer(f"step 200, cost {cost}")
    assert found is not None and found.title == TITLES["nan"]


def test_why_takes_the_last_error_of_a_traceback():
    try:
        try:
            tf.mul(1, 1)
        except AttributeError:
            tf.Session()
    except AttributeError:
        found = answer(traceback.format_exc())
    assert found is not None and found.title == BY_KEY["session"].title


def test_why_has_an_entry_of_each_kind_and_notebooks_that_are_there(request):
    notebooks = {path.stem for path in (request.config.rootpath / "notebooks").glob("*.ipynb")}
    assert {reason.notebook for reason in ALL} - {""} <= notebooks
    assert len({reason.key for reason in ALL}) == len(ALL)
    assert all(reason.notebook and reason.says != r"(?!)" for reason in MESSAGES)


def test_why_command_prints_cause_form_trap_and_notebook(capsys, monkeypatch):
    assert cli.main(["why", "The Session graph is empty"]) == 0
    words = capsys.readouterr().out
    assert words.startswith("There is no Session") and "notebooks/2_graph.ipynb" in words
    assert all(f"  {name}: " in words for name in ("cause", "TensorFlow 2", "trap"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"The Session graph is empty\n")))
    assert cli.main(["why"]) == 0
    assert capsys.readouterr().out == words


def test_why_command_offers_the_three_nearest_for_an_unknown_text(capsys):
    assert cli.main(["why", "my dropout keeps nothing, which share is it?"]) == 1
    out, err = capsys.readouterr()
    assert out.count("\n") == 4 and BY_KEY["dropout_rate"].title in out and err == ""
    assert nearest("gradients and the tape")[0].key in ("tape", "gated_gradients")


@pytest.mark.parametrize("text", ["", "   \n"])
def test_why_command_asks_for_a_text_in_one_line(capsys, monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert cli.main(["why"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1


def test_why_survives_any_bytes_and_a_very_long_text(capsys, monkeypatch):
    raw = bytes(range(256)) * 40_000 + b"\nThe Session graph is empty"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
    assert cli.main(["why", "-"]) == 0
    assert "\x1b" not in capsys.readouterr().out
