"""Known mistakes planted in the tutorial are found; editions and sound copies are left alone."""

from pathlib import Path

import pytest

from cnn_raw.twin.diff import diff_file

TEXT = (Path(__file__).parent / "data" / "convolutional_net_2016.txt").read_text()
XENT = "tf.nn.softmax_cross_entropy_with_logits(py_x, Y)"
POOL = "l2 = tf.nn.max_pool(l2a, ksize=[1, 2, 2, 1],"


def given(new: str) -> tuple[str, str]:
    return XENT, XENT.replace("(py_x, Y)", f"({new})")


def mistakes(tmp_path, *changes: tuple[str, str], text: str = TEXT) -> list[tuple]:
    """Return (line, text, key of the reason) of the mistakes in the changed tutorial."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (tmp_path / "mine.py").write_text(text)
    both = diff_file(tmp_path / "mine.py")
    assert both.yours  # whoever planted it
    return [(m.statement.code, m.text, m.reason and m.reason.key) for m in both.mistakes]


@pytest.mark.parametrize(
    ("change", "where", "text", "reason"),
    [
        (given("Y, py_x"), "cost=", "labels and logits are swapped", "labels_first"),
        (given("labels=py_x, logits=Y"), "cost=", "write labels=Y, logits=py_x", "labels_first"),
        (given("logits=Y, labels=py_x"), "cost=", "labels and logits are swapped", "labels_first"),
        (given("labels=tf.stop_gradient(py_x), logits=Y"), "cost=", "the upgrade script",
         "upgrade_script"),
        (("[3, 3, 64, 128]", "[3, 3, 32, 128]"), "l3a=",
         "w3 takes 32 channels, its input has 64: TensorFlow 0.x and 1.x refuse this, 2 makes it",
         "grouped_convolution"),
        (("[3, 3, 64, 128]", "[3, 3, 60, 128]"), "l3a=", "takes 60 channels, its input has 64",
         None),
        (("128 * 4 * 4", "128 * 3 * 3"), "l3=tf.reshape",
         "4 x 4 x 128 = 2048 values here, and are reshaped to rows of 1152", None),
        (("[625, 10]", "[600, 10]"), "pyx=", "w_o has 600 rows, its input 625 columns", None),
        (("ksize=[1, 2, 2, 1],              # l2 ", "ksize=[1, 2, 2, 1], strides=[1, 1, 1, 1]) #"),
         "l3=tf.reshape", "7 x 7 x 128 = 6272 values here", None),
        (("X: teX[test_indices]", "X: trX[test_indices]"), "print", "tests on the training set",
         None),
        (("mnist.test.images, mnist.test", "mnist.train.images, mnist.train"), "trX,trY,teX,teY=",
         "teX is training data", None),
        (("p_keep_hidden: 1.0", "p_keep_hidden: 0.5"), "print",
         "dropout is on in this test (p_keep_hidden: 0.5)", "testing_draws"),
        (("(l4, p_keep_hidden)", "(l4, 0.5)"), "l4=tf.nn.dropout", "always on", "testing_draws"),
    ],
)  # fmt: skip
def test_find_sees_a_planted_mistake(tmp_path, change, where, text, reason):
    found = mistakes(tmp_path, change)
    assert any(
        code.startswith(where) and text in said and key == reason for code, said, key in found
    ), found


@pytest.mark.parametrize(
    "changes",
    [
        [("RMSPropOptimizer(0.001, 0.9)", "AdamOptimizer(1e-4)")],
        [given("labels=Y, logits=py_x")],
        [("py_x", "hypothesis")],
        [("teX", "x_test"), ("trX", "x_train")],
        [("[None, 28, 28, 1]", "[None, None, None, 1]"), ("l3, [-1, w4", "l3, [-1, size]) #")],
        [("for i in", "print(sess.run(predict_op, {X: trX, p_keep_conv: 1.0}))\n    for i in")],
        [("# Launch", "teX = trX[50000:]  # held out")],
    ],
    ids=["Adam", "named", "renamed", "other names", "unknown sizes", "both sets", "held out"],
)  # fmt: skip
def test_find_leaves_a_sound_copy_alone(tmp_path, changes):
    assert mistakes(tmp_path, *changes) == []


def test_find_follows_weights_into_a_model_at_the_top_level(tmp_path):
    body = TEXT[TEXT.index("    l1a =") : TEXT.index("    return pyx")]
    flat = "\n".join(line[4:] for line in body.split("\n")).replace("pyx", "py_x")
    text = TEXT[: TEXT.index("def model")] + TEXT[TEXT.index("mnist =") :]
    text = text.replace("py_x = model(X, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden)\n", flat)
    assert mistakes(tmp_path, text=text) == []
    (found,) = mistakes(tmp_path, ("[3, 3, 64, 128]", "[3, 3, 32, 128]"), text=text)
    assert found[2] == "grouped_convolution"
