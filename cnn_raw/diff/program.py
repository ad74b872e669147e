"""The tutorial's program, step by step, in all its editions: what a copy is recognised by.

The ancestor is nlintz/TensorFlow-Tutorials, November 2015, TensorFlow 0.5; the lesson of 2016
took it over; the last edition is for TensorFlow 1.x. They differ in few statements, and each of
these forms stands below.
"""

import re
from functools import cache
from typing import NamedTuple

from cnn_raw.diff.source import Place
from cnn_raw.diff.statements import Statement, cut


class Step(NamedTuple):
    """One step of the program.

    ``forms``: the statement in every edition. ``like``: a regular expression over
    ``Statement.code`` that what does the same in a copy matches, whatever its names; {model},
    {train} and {predict} are the copy's own. ``tf2``: one for the statements of cnn.py and
    train.py that do the same; without it, they begin like the first form.
    """

    key: str
    forms: tuple[str, ...]
    like: str
    tf2: str = ""

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The forms, cut."""
        return _statements(self.forms)

    @property
    def codes(self) -> tuple[str, ...]:
        """The forms as ``Statement.code``."""
        return tuple(statement.code for statement in self.statements)

    @property
    def targets(self) -> tuple[str, ...]:
        """The names that the step assigns to."""
        return self.statements[0].targets if self.forms else ()

    @property
    def is_function(self) -> bool:
        """Does the step begin a function?"""
        return self.like.startswith("^def ")

    @property
    def of_function(self) -> bool:
        """Is the step there only if its section is a function?"""
        return self.is_function or self.like.startswith("^return ")

    @property
    def alone(self) -> bool:
        """Can a statement be told to be this step where it stands out of order?"""
        return self.key in ("input_data", "mnist", "py_x", "cost", "train_op", "predict_op",
                            "session", "initialize", "run", "test")  # fmt: skip

    @property
    def divides(self) -> bool:
        """Do copies distribute the step over several statements?"""
        return self.key in ("images", "cost", "train_op", "initialize")

    @property
    def call(self) -> str:
        """What the step calls, if the network learns something else without it; else ""."""
        words = ("max_pool", "dropout", "shuffle")
        return next((word for word in words if self.codes and word in self.codes[0]), "")

    @property
    def counterpart(self) -> str:
        """The regular expression for its statements in TensorFlow 2."""
        return self.tf2 or "^" + re.escape(re.split(r"(?<=\()", self.codes[0])[0])


@cache
def _statements(forms: tuple[str, ...]) -> tuple[Statement, ...]:
    return tuple(cut(form, "", [Place(0, 1)])[0] for form in forms)


def _layer(n: int, image: str, w: str, reshape: bool = False) -> tuple[Step, ...]:
    """The statements of one convolutional layer."""
    same = "padding='SAME'"
    steps = [
        Step(
            f"l{n}a",
            (
                f"l{n}a = tf.nn.relu(tf.nn.conv2d({image}, {w}, strides=[1, 1, 1, 1], {same}))",
                f"l{n}a = tf.nn.relu(tf.nn.conv2d({image}, {w}, [1, 1, 1, 1], 'SAME'))",
            ),
            r"^[\w.]+=.*conv\w*\(",
        ),
        Step(
            f"l{n}",
            (f"l{n} = tf.nn.max_pool(l{n}a, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], {same})",),
            r"^[\w.]+=.*pool\w*\(",
        ),
    ]
    if reshape:
        steps.append(
            Step(
                "reshape",
                ("l3 = tf.reshape(l3, [-1, w4.get_shape().as_list()[0]])",),
                r"^[\w.]+=(tf\.reshape\(\w+,(shape=)?\[-1,[^,]*\]|.*flatten\()",
            )
        )
    drop = Step(
        f"dropout{n}", (f"l{n} = tf.nn.dropout(l{n}, p_keep_conv)",), r"^[\w.]+=.*dropout\("
    )
    return (*steps, drop)


def _weight(name: str, shape: str, dimensions: int) -> Step:
    list_of = r"\[[^\[\],]+" + (dimensions - 1) * r",[^\[\],]+" + r"\]"
    return Step(
        name,
        (f"{name} = init_weights({shape})",),
        rf"^[\w.]+=(\w+\.)?\w*([Ii]nit|[Ww]eight|[Vv]ariable)\w*\(.*{list_of}",
    )


_INDICES = r"\w*(?:ind|idx|perm)\w*"  # what images are drawn by; no other list
_TAPE = r"^with tf\.GradientTape|^py_x=model\(X,\*weights,p_keep_conv"
_RANGES = "range(0, len(trX), batch_size), range(batch_size, len(trX){}, batch_size)"
_FEED = "p_keep_conv: 1.0, p_keep_hidden: 1.0"
_TEST = "np.mean(np.argmax(teY[test_indices], axis=1) == sess.run(predict_op, feed_dict={{X: {}}}))"
_TESTS = tuple(
    _TEST.format(f"teX[test_indices], {labels}{_FEED}") for labels in ("Y: teY[test_indices], ", "")
)
_IN_FUNCTION = r"^@tf\.function$|^def train_op\("

# The steps of a section come in this order; the sections may come in any.
SECTIONS: dict[str, tuple[Step, ...]] = {
    "imports": (
        Step("tensorflow", ("import tensorflow as tf",), r"^import tensorflow( as \w+)?$"),
        Step("numpy", ("import numpy as np",), r"^import numpy( as \w+)?$"),
        Step(
            "input_data",
            ("from tensorflow.examples.tutorials.mnist import input_data", "import input_data"),
            r"^(import|from) .*\b(input_data|mnist)\w*",
            r"import Datasets",
        ),
    ),
    "sizes": (
        Step("batch_size", ("batch_size = 128",), r"(?i)^\w*batch\w*=\d+$"),
        Step("test_size", ("test_size = 256",), r"(?i)^\w*test\w*=\d+$"),
    ),
    "init_weights": (
        Step("init_weights", ("def init_weights(shape):",),
             r"^def (?!\w*bias)\w*([Ii]nit|[Ww]eight)\w*\("),
        Step("random_normal", ("return tf.Variable(tf.random_normal(shape, stddev=0.01))",),
             r"^return tf\.(Variable|get_variable)\("),
    ),
    "seeds": (
        Step("set_random_seed", (), r"set_random_seed\(", r"tf\.random\.set_seed\(settings"),
        Step("seed", (), r"^np\.random\.seed\(", r"np\.random\.RandomState\("),
    ),
    "model": (
        Step("model", ("def model(X, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden):",),
             r"^def \w*([Mm]odel|[Nn]et|cnn|CNN|forward|infer)\w*\("),
        *_layer(1, "X", "w"),
        *_layer(2, "l1", "w2"),
        *_layer(3, "l2", "w3", reshape=True),
        Step("l4", ("l4 = tf.nn.relu(tf.matmul(l3, w4))",), r"^[\w.]+=.*(matmul|dense)\("),
        Step("dropout4", ("l4 = tf.nn.dropout(l4, p_keep_hidden)",), r"^[\w.]+=.*dropout\("),
        Step("pyx", ("pyx = tf.matmul(l4, w_o)",), r"^([\w.]+=|return ).*(matmul|dense)\("),
        Step("return_pyx", ("return pyx",), r"^return "),
    ),
    "data": (
        Step("mnist", ('mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)',),
             r"read_data_sets\(", r"^def train\("),
        Step("images",
             ("trX, trY, teX, teY = "
              "mnist.train.images, mnist.train.labels, mnist.test.images, mnist.test.labels",),
             r"^\w+(,\w+)*=\w+\.(train|test)\.(images|labels)(,\w+\.\w+\.\w+)*$",
             r"=\w+\.(train|test)\.images"),
        Step("reshape_trX", ("trX = trX.reshape(-1, 28, 28, 1)",),
             r"(?i)^\w*(tr|x_data)\w*=\w[\w.]*\.reshape\(\(?\[?-1,\w+,\w+,\w+"),
        Step("reshape_teX", ("teX = teX.reshape(-1, 28, 28, 1)",),
             r"(?i)^\w*te\w*=\w[\w.]*\.reshape\(\(?\[?-1,\w+,\w+,\w+"),
    ),
    "placeholders": (
        Step("X", ('X = tf.placeholder("float", [None, 28, 28, 1])',),
             r"^[\w.]+=tf\.placeholder\(.*\[\w+,([^,]+,[^,]+,[^,]+|784|\w*28\*28)\]", _IN_FUNCTION),
        Step("Y", ('Y = tf.placeholder("float", [None, 10])',),
             r"^[\w.]+=tf\.placeholder\(.*\[\w+,[^,]+\]", _IN_FUNCTION),
    ),
    "weights": (
        _weight("w", "[3, 3, 1, 32]", 4),
        _weight("w2", "[3, 3, 32, 64]", 4),
        _weight("w3", "[3, 3, 64, 128]", 4),
        _weight("w4", "[128 * 4 * 4, 625]", 2),
        _weight("w_o", "[625, 10]", 2),
    ),
    "keep": tuple(
        Step(name, (f'{name} = tf.placeholder("float")',),
             r"^[\w.]+=tf\.placeholder\((dtype=)?[^\[\],]+(,(shape=)?(\[\]|None|\(\)))?(,[^\[\]]*)?\)$",
             rf"^{name}=tf\.constant")
        for name in ("p_keep_conv", "p_keep_hidden")
    ),
    "graph": (
        Step("py_x", ("py_x = model(X, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden)",),
             r"^(self\.)?\w+(,\w+)*=\(?(self\.)?{model}\(|^py_x=", _TAPE),
        Step("cost",
             ("cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(py_x, Y))",
              "cost = tf.reduce_mean("
              "tf.nn.softmax_cross_entropy_with_logits(logits=py_x, labels=Y))"),
             r"^[\w.]+=.*cross_entropy\w*\(|^(cost|loss)\w*=-?tf\.(?!summary|scalar_summary)",
             r"^def cost_op\(|softmax_cross_entropy_with_logits|^cost=cost_op\("),
        Step("train_op", ("train_op = tf.train.RMSPropOptimizer(0.001, 0.9).minimize(cost)",),
             r"Optimizer\(|\.minimize\(",
             r"RMSPropOptimizer\(0\.001|tape\.gradient|\.apply_gradients\("),
        Step("predict_op", ("predict_op = tf.argmax(py_x, 1)",),
             r"^[\w.]+=(tf\.cast\()?tf\.arg_?max\(|^predict\w*=",
             r"^def predict_op\(|^return tf\.argmax"),
    ),
    "session": (
        Step("session", ("with tf.Session() as sess:",), r"tf\.(Interactive)?Session\(", r"(?!)"),
        Step("initialize",
             ("tf.initialize_all_variables().run()", "tf.global_variables_initializer().run()"),
             r"(initialize_all_variables|global_variables_initializer)\(", r"(?!)"),
        Step("epochs", ("for i in range(100):",), r"^(for|while)\b", r"^for i in range\("),
        Step("training_batch",
             tuple(f"training_batch = zip({_RANGES.format(end)})" for end in ("+1", "")),
             r"^[\w.]+=(list\()?zip\((list\()?range\("),
        Step("batches",
             ("for start, end in training_batch:",
              "for start, end in zip(range(0, len(trX), 128), range(128, len(trX), 128)):"),
             r"^for\b", r"^for start,end in "),
        Step("run",
             ("sess.run(train_op, feed_dict={X: trX[start:end], Y: trY[start:end], "
              "p_keep_conv: 0.8, p_keep_hidden: 0.5})",),
             r"\.run\((.*[\[(,=\"])?(\w+\.)?{train}\b|^(\w+\.)?{train}\.run\(",
             r"^costs\.append\(train_op"),
        Step("test_indices", ("test_indices = np.arange(len(teX))",), rf"^{_INDICES}=np\.arange\("),
        Step("shuffle", ("np.random.shuffle(test_indices)",),
             rf"^np\.random\.shuffle\({_INDICES}\)", r"random\.shuffle"),
        Step("first_256",
             ("test_indices = test_indices[0:test_size]", "test_indices = test_indices[0:256]"),
             rf"^({_INDICES})=\1\[0?:"),
        Step("test",
             tuple(form for test in _TESTS for form in (f"print(i, {test})", f"print i, {test}")),
             r'^(?!\w*train|print\(?"[Tt]rain)(.*\.(run|eval)\(.*(?:(?<=[(\[,\"])|(?<=\w\.))({predict}|\w*acc\w*)\b'
             r"|.*(argmax|equal)\(.*\.(run|eval)\(|.*acc\w*\.eval\(|print.*np\.mean\(np\.argmax\()",
             r"^@tf\.function\(input|^def predict\(|^py_x=model\(images|^return{.*predict_op"
             r"|^predict=build|^yield Epoch"),
    ),
}  # fmt: skip

STEPS = {step.key: step for steps in SECTIONS.values() for step in steps}
FORMS = frozenset(code for step in STEPS.values() for code in step.codes)

# In which loop a step stands; the others of the session stand in none.
LOOPS = {
    "run": "batches",
    **dict.fromkeys(
        ("training_batch", "batches", "test_indices", "shuffle", "first_256", "test"), "epochs"
    ),
    "initialize": "",
    "epochs": "",
}
