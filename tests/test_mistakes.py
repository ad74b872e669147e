"""Known mistakes planted in the tutorial are found; editions and sound copies are left alone."""

import re
import textwrap
from pathlib import Path

import pytest

from cnn_raw.diff.diff import diff_file

TEXT = (Path(__file__).parent / "data" / "convolutional_net_2016.txt").read_text()
XENT = "tf.nn.softmax_cross_entropy_with_logits(py_x, Y)"
POOL = "l2 = tf.nn.max_pool(l2a, ksize=[1, 2, 2, 1],"

SETUP = TEXT[TEXT.index("X = tf.placeholder") :]


def given(new: str) -> tuple[str, str]:
    return XENT, XENT.replace("(py_x, Y)", f"({new})")


def mistakes(tmp_path, *changes: tuple[str, str], text: str = TEXT) -> list[tuple]:
    """Return (line, text, key of the reason) of the mistakes in the changed tutorial."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (tmp_path / "mine.py").write_text(text)
    both = diff_file(tmp_path / "mine.py")
    assert both.yours or len(text) < len(TEXT)  # whoever planted it; what is gone is nobody's
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
        (("p_keep_conv: 0.8, p_keep_hidden: 0.5", "p_keep_conv: 1.0, p_keep_hidden: 1.0"),
         "sess.run(train_op", "dropout is off in training", None),
        (("Y: trY[start:end]", "Y: trY[0:128]"), "sess.run(train_op",
         "trX[start:end] and trY[0:128] are not the same rows", None),
        (("Y: trY[start:end]", "Y: teY[start:end]"), "sess.run(train_op", "not of the same set",
         None),
        (("X: trX[start:end], Y: trY[start:end]", "X: teX[start:end], Y: teY[start:end]"),
         "sess.run(train_op", "this trains on the test set", None),
        (("trX = trX.r", "np.random.shuffle(trY)\ntrX = trX.r"), "np.random.shuffle(trY)",
         "trY is shuffled alone", None),
        (("range(batch_size, len(trX)+1, batch_size)", "range(batch_size, len(trX)+1, test_size)"),
         "training_batch=", "the two ranges do not make batches", None),
        (("pyx = tf.matmul(l4, w_o)", "pyx = tf.nn.softmax(tf.matmul(l4, w_o))"), "pyx=",
         "softmax is applied twice", None),
        (("cost = tf.", "py_x = tf.nn.softmax(py_x)\ncost = tf."), "py_x=tf.nn.softmax",
         "softmax is applied twice", None),
        (given("tf.nn.softmax(py_x), Y"), "cost=", "softmax is applied twice", None),
        (("pyx = tf.matmul(l4, w_o)", "pyx = tf.nn.relu(tf.matmul(l4, w_o))"), "pyx=",
         "relu makes every logit below 0 the same", None),
        (("tf.argmax(py_x, 1)", "tf.argmax(py_x, 0)"), "predict_op=", "axis 0 runs over", None),
        (("(teY[test_indices], axis=1)", "(teY[test_indices], axis=0)"), "print",
         "axis 0 runs over", None),
        (("one_hot=True", "one_hot=False"), "mnist=", "the labels are numbers", None),
        (("trX = trX.reshape(-1, 28, 28, 1)", "trX = trX.reshape(-1, 28, 28, 1) / 255."), "trX=",
         "divided the pixels by 255 already", None),
        (("tf.initialize_all_variables().run()", "pass"), "sess.run(train_op",
         "never initialized", "initialize_all_variables"),
        (("minimize(cost)", "minimize(-cost)"), "train_op=", "this makes the cost larger", None),
        (("tf.random_normal(shape, stddev=0.01)", "tf.zeros(shape)"), "return tf.Variable",
         "weights that start equal stay equal", None),
        ((f"tf.reduce_mean({XENT})", XENT), "cost=", "one number per image", None),
        (("tf.argmax(py_x, 1)", "tf.argmax(py_x)"), "predict_op=", "axis 0, the images, is the",
         None),
        (("(teY[test_indices], axis=1)", "(teY[test_indices])"), "print", "largest of all rows",
         None),
        (("tf.random_normal(shape, stddev=0.01)", "tf.constant(0.01, shape=shape)"),
         "return tf.Variable", "weights that start equal stay equal", None),
        (("p_keep_hidden: 1.0", "p_keep_hidden: 0"), "print", "0 keeps nothing", None),
        (("X: trX[start:end], Y: trY", "X: trY[start:end], Y: trX"), "sess.run(train_op",
         "trY[start:end] is fed for images, trX[start:end] for labels", None),
        (("p_keep_conv: 0.8, ", ""), "sess.run(train_op", "p_keep_conv is fed nothing here", None),
        (("trX = trX.reshape(-1, 28, 28, 1)", ""), "sess.run(train_op",
         "trX has rows of 784 values: trX = trX.reshape(-1, 28, 28, 1)", None),
        (("l3 = tf.reshape(", "flat = ("), "l4=", "l3 is 4 x 4 x 128 per image: reshape it", None),
        (("padding='SAME'))\n    l2 = ", "padding='VALID'))\n    l2 = "), "l3=tf.reshape",
         "3 x 3 x 128 = 1152 values here", None),
        (("[625, 10]", "[625, 9]"), "w_o=", "gives 9 columns, the labels have 10", None),
        (("    return pyx\n", ""), "def model", "model returns nothing", None),
        (("        for start, end", "        tf.initialize_all_variables().run()\n"
          "        for start, end"), "tf.initialize_all_variables().run()",
         "draws the weights anew in every turn of the loop", None),
        (("            sess.run(train_op", "            predict_op = tf.argmax(py_x, 1)\n"
          "            sess.run(train_op"), "predict_op=", "adds operations to the graph", None),
        (("    # you need", "    saver.restore(sess, 'model')\n    # you need"),
         "tf.initialize_all_variables().run()", "the weights that were restored before", None),
        (("    l4 = tf.nn.dropout(l4, p_keep_hidden)", "    l4 = tf.layers.dropout(l4, 0.5)"),
         "l4=tf.layers", "drops nothing without training=True", None),
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
        [("X: trX[start:end], Y: trY[start:end]", "X: batch[0], Y: batch[1]")],
        [("X: trX[start:end], Y", "X: trX[start:end, :], Y")],
        [("range(0, len(trX)", "range(0, len(trY)")],
        [("predict_op = ", "probabilities = tf.nn.softmax(py_x)\npredict_op = ")],
        [("tf.initialize_all_variables().run()", "saver.restore(sess, 'model')")],
        [(SETUP, "".join(f"    {line}\n" for line in f"for rate in rates:\n{SETUP}".split("\n")))],
        [("one_hot=True", "one_hot=True, reshape=False"), ("trX = trX.r", "trX.r")],
    ],
    ids=["Adam", "named", "renamed", "other names", "unknown sizes", "both sets", "held out",
         "next_batch", "columns", "same lengths", "probabilities", "restored",
         "a network for each rate", "the loader reshapes"],
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


def test_find_follows_a_feed_that_has_a_name_of_its_own(tmp_path):
    fed = "X: teX[test_indices], p_keep_conv: keep, p_keep_hidden: keep"
    test = TEXT[TEXT.index("        print i, ") :]
    named = f"        feed = {{{fed}}}\n        print i, sess.run(predict_op, feed_dict=feed)\n"
    (found,) = mistakes(
        tmp_path, (test, named), ("batch_size = 128", "keep = 0.5\nbatch_size = 128")
    )
    assert "(p_keep_conv: 0.5, p_keep_hidden: 0.5)" in found[1]
    assert (
        mistakes(tmp_path, (test, named), ("batch_size = 128", "keep = 1.0\nbatch_size = 128"))
        == []
    )


def test_find_sees_a_zip_that_is_used_up_after_an_epoch(tmp_path):
    batches = TEXT[
        TEXT.index("        training_batch = zip") : TEXT.index("        for start, end")
    ]
    epochs = "    for i in range(100):\n"
    (found,) = mistakes(
        tmp_path, (epochs + batches, batches.replace("        t", "    t") + epochs)
    )
    assert found[1].startswith("a zip is used up after one epoch in Python 3")


def test_find_sees_softmax_and_dropout_of_layers(tmp_path):
    dense = "tf.layers.dense(l4, 10, activation=tf.nn.softmax)"
    (found,) = mistakes(tmp_path, ("tf.matmul(l4, w_o)", dense))
    assert "softmax is applied twice" in found[1]
    drop = "tf.layers.dropout(l4, 0.5, training=training)"
    fed = [("p_keep_hidden: 1.0", "p_keep_hidden: 1.0, training: True")]
    (found,) = mistakes(tmp_path, ("tf.nn.dropout(l4, p_keep_hidden)", drop), *fed)
    assert "this test runs as training does (training: True): feed False" in found[1]


def in_a_class(text: str) -> str:
    """Return the tutorial with its network in a class, as many copies have it."""
    functions = text[text.index("def init_weights") : text.index("mnist = ")]
    data = text[text.index("mnist = ") : text.index("X = tf.placeholder")]
    graph = text[text.index("X = tf.placeholder") : text.index("# Launch")]
    for name in dict.fromkeys(re.findall(r"(?m)^(\w+) = ", graph)):
        graph = re.sub(rf"(?<!\w){name}\b", f"self.{name}", graph)
        session = text[text.index("# Launch") :]
        text = text.replace(session, re.sub(rf"(?<![\w.]){name}\b", f"net.{name}", session))
    graph = graph.replace("init_weights(", "self.init_weights(").replace("model(", "self.model(")
    functions = functions.replace("(shape):", "(self, shape):").replace(
        "model(X,", "model(self, X,"
    )
    body = textwrap.indent(
        "def __init__(self):\n" + textwrap.indent(graph, "    ") + functions, "    "
    )
    head = text[: text.index("def init_weights")]
    return f"{head}class Net:\n{body}\n{data}net = Net()\n{text[text.index('# Launch') :]}"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("p_keep_hidden: 1.0", "p_keep_hidden: 0.5"), "dropout is on in this test"),
        (("(self.py_x, self.Y)", "(self.Y, self.py_x)"), "labels and logits are swapped"),
        (("[3, 3, 64, 128]", "[3, 3, 32, 128]"), "w3 takes 32 channels"),
        (("net.X: teX", "net.X: trX"), "tests on the training set"),
        (("tf.argmax(self.py_x, 1)", "tf.argmax(self.py_x, 0)"), "axis 0 runs over"),
        (("        return pyx\n", ""), "model returns nothing"),
        (("net.p_keep_conv: 0.8, ", ""), "p_keep_conv is fed nothing here"),
    ],
)
def test_find_follows_a_network_in_a_class(tmp_path, change, text):
    assert mistakes(tmp_path, text=in_a_class(TEXT)) == []
    (found,) = mistakes(tmp_path, change, text=in_a_class(TEXT))
    assert text in found[1]
