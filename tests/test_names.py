"""The table of old names: each row gives what today's name gives, and says what is there today."""

import functools
import importlib.util
import inspect
import json
import re
from pathlib import Path

import genuine
import numpy as np
import pytest
import tensorflow as tf
import tensorflow.compat.v1 as compat
from editions import EDITIONS

from cnn_raw.diff import tf_api, tf_names
from cnn_raw.diff.names import ROWS, Row
from cnn_raw.diff.reasons import BY_KEY
from cnn_raw.diff.source import Place, from_bytes
from cnn_raw.diff.statements import cut, read_source
from cnn_raw.script import old_mnist, old_tensorflow

GOLDEN = Path(__file__).parent / "golden"
said = []
old_tf = old_tensorflow.OldModule("", compat, said.append)

A = "[[1.0, -2.0], [3.0, 4.0]]"
B = "[[0.5, 0.25], [2.0, 1.0]]"
INPUTS, LABELS = f"tf.constant({A})", "tf.constant([[1], [0]])"
SPARSE = "tf.SparseTensor([[0, 0], [1, 0]], [0, 0], [2, 1])"
LOSS = (
    f"tf.nn.{{}}_loss(tf.constant({B}), tf.constant([0.0, 1.0]), {{}}, 1, 2, 1, "
    "(tf.constant([0], tf.int64), tf.constant([[0.5], [0.5]]), tf.constant([0.5])))"
)
# What the old name is given, and the same written for compat.v1.
CALLS = {
    "mul": (f"tf.mul({A}, {B})", f"tf.multiply({A}, {B})"),
    "sub": (f"tf.sub({A}, {B})", f"tf.subtract({A}, {B})"),
    "neg": (f"tf.neg({A})", f"tf.negative({A})"),
    "inv": (f"tf.inv({A})", f"tf.reciprocal({A})"),
    "complex_abs": (f"tf.complex_abs({A})", f"tf.abs({A})"),
    "listdiff": ("tf.listdiff([1, 2, 3], [2])[0]", "tf.setdiff1d([1, 2, 3], [2])[0]"),
    "pack": (f"tf.pack([{A}, {B}], 1)", f"tf.stack([{A}, {B}], 1)"),
    "unpack": (f"tf.unpack(tf.constant({A}), 2)[1]", f"tf.unstack(tf.constant({A}), 2)[1]"),
    "select": ("tf.select([True, False], t=[1, 2], e=[3, 4])", "tf.constant([1, 4])"),
    "batch_matmul": (
        f"tf.batch_matmul({A}, {B}, adj_y=True)",
        f"tf.matmul({A}, {B}, transpose_b=True)",
    ),
    "batch_cholesky": (
        "tf.batch_cholesky([[[4.0, 2.0], [2.0, 3.0]]])",
        "tf.cholesky([[[4.0, 2.0], [2.0, 3.0]]])",
    ),
    "batch_matrix_determinant": (
        f"tf.batch_matrix_determinant([{A}])",
        f"tf.matrix_determinant([{A}])",
    ),
    "batch_matrix_diag": (f"tf.batch_matrix_diag({A})", f"tf.matrix_diag({A})"),
    "batch_matrix_inverse": (f"tf.batch_matrix_inverse([{A}])", f"tf.matrix_inverse([{A}])"),
    "batch_matrix_transpose": (f"tf.batch_matrix_transpose([{A}])", f"tf.matrix_transpose([{A}])"),
    "scalar_summary": ("tf.scalar_summary('a', 1.0)", "tf.summary.scalar('a', 1.0)"),
    "histogram_summary": (f"tf.histogram_summary('a', {A})", f"tf.summary.histogram('a', {A})"),
    "image_summary": (
        "tf.image_summary('a', tf.ones([1, 2, 2, 1]), max_images=1)",
        "tf.summary.image('a', tf.ones([1, 2, 2, 1]), max_outputs=1)",
    ),
    "audio_summary": (
        "tf.audio_summary('a', tf.ones([1, 8]), 8.0, 1)",
        "tf.summary.audio('a', tf.ones([1, 8]), 8.0, 1)",
    ),
    "merge_summary": (
        "tf.merge_summary([tf.scalar_summary('a', 1.0)])",
        "tf.summary.merge([tf.summary.scalar('a', 1.0)])",
    ),
    "merge_all_summaries": (
        "(tf.scalar_summary('a', 1.0), tf.merge_all_summaries())[1]",
        "(tf.summary.scalar('a', 1.0), tf.summary.merge_all())[1]",
    ),
    "image.per_image_whitening": (
        "tf.image.per_image_whitening(tf.reshape(tf.range(12.0), [2, 2, 3]))",
        "tf.image.per_image_standardization(tf.reshape(tf.range(12.0), [2, 2, 3]))",
    ),
    "nn.deconv2d": (
        "tf.nn.deconv2d(tf.ones([1, 2, 2, 1]), tf.ones([2, 2, 1, 1]), [1, 4, 4, 1], [1, 2, 2, 1])",
        "tf.ones([1, 4, 4, 1])",
    ),
    "concat": (f"tf.concat(1, [{A}, {B}])", f"tf.concat([{A}, {B}], 1)"),
    "split": (f"tf.split(1, 2, {A})[1]", f"tf.split({A}, 2, 1)[1]"),
    "nn.softmax_cross_entropy_with_logits": (
        f"tf.nn.softmax_cross_entropy_with_logits({A}, {B})",
        f"tf.nn.softmax_cross_entropy_with_logits(logits={A}, labels={B})",
    ),
    "nn.sparse_softmax_cross_entropy_with_logits": (
        f"tf.nn.sparse_softmax_cross_entropy_with_logits({A}, [0, 1])",
        f"tf.nn.sparse_softmax_cross_entropy_with_logits(logits={A}, labels=[0, 1])",
    ),
    "nn.sigmoid_cross_entropy_with_logits": (
        f"tf.nn.sigmoid_cross_entropy_with_logits({A}, targets={B})",
        f"tf.nn.sigmoid_cross_entropy_with_logits(logits={A}, labels={B})",
    ),
    "nn.weighted_cross_entropy_with_logits": (
        f"tf.nn.weighted_cross_entropy_with_logits({A}, {B}, 2.0)",
        f"tf.nn.weighted_cross_entropy_with_logits(logits={A}, labels={B}, pos_weight=2.0)",
    ),
    "image.resize_images": (
        "tf.image.resize_images(tf.ones([1, 2, 2, 1]), 4, 6)",
        "tf.image.resize_images(tf.ones([1, 2, 2, 1]), [4, 6])",
    ),
    "concat_v2": (f"tf.concat_v2([{A}, {B}], 1)", f"tf.concat([{A}, {B}], 1)"),
    "split_v": (
        f"tf.split_v({A}, size_splits=[1, 1], split_dim=1)[1]",
        f"tf.split({A}, [1, 1], 1)[1]",
    ),
    "sparse_split": (
        "tf.sparse_split(1, 2, tf.SparseTensor([[0, 0], [0, 1]], [5, 6], [1, 2]))[1].values",
        "tf.constant([6])",
    ),
    "nn.log_poisson_loss": (
        f"tf.nn.log_poisson_loss({A}, {B})",
        f"tf.nn.log_poisson_loss(log_input={A}, targets={B})",
    ),
    "nn.nce_loss": (
        LOSS.format("nce", f"{INPUTS}, {LABELS}"),
        LOSS.format("nce", f"{LABELS}, {INPUTS}"),
    ),
    "nn.sampled_softmax_loss": (
        LOSS.format("sampled_softmax", f"{INPUTS}, {LABELS}"),
        LOSS.format("sampled_softmax", f"{LABELS}, {INPUTS}"),
    ),
    "nn.ctc_loss": (
        f"tf.nn.ctc_loss([{A}], {SPARSE}, [1, 1])",
        f"tf.nn.ctc_loss({SPARSE}, [{A}], [1, 1])",
    ),
    "case": ("tf.case([(tf.constant(True), lambda: 3)], lambda: 4, False, 'c')", "tf.constant(3)"),
    "cond": ("tf.cond(tf.constant(False), lambda: [3], lambda: [4], 'c')", "tf.constant(4)"),
    "scan": (
        "tf.scan(lambda a, b: a + b, tf.constant([1, 2, 3]), None, 10, True, False, True, 's')",
        "tf.constant([1, 3, 6])",
    ),
    "train.ExponentialMovingAverage": (
        "tf.constant(tf.train.ExponentialMovingAverage(0.5, None, 'a').name)",
        "tf.constant('a')",
    ),
    "zeros_initializer": (
        "tf.zeros_initializer([2]) + tf.get_variable('v', [2], initializer=tf.zeros_initializer)"
        " + tf.zeros_initializer()([2])",
        "tf.zeros([2])",
    ),
    "reverse": (f"tf.reverse({A}, [True, False])", f"tf.reverse({A}, [0])"),
    "nn.dropout": (
        f"tf.nn.dropout({A}, 0.6, seed=3)",
        f"tf.nn.dropout({A}, tf.placeholder_with_default(np.float32(0.6), []), seed=3)",
    ),
    "examples.tutorials.mnist.mnist": (
        "tf.examples.tutorials.mnist.mnist.IMAGE_PIXELS * tf.ones([])",
        "784.0 * tf.ones([])",
    ),
    "contrib.losses": (
        f"tf.contrib.losses.mean_squared_error({A}, {B})",
        f"tf.losses.mean_squared_error({A}, {B})",
    ),
    "contrib.data": (
        "tf.contrib.data.Dataset.from_tensors(3).make_one_shot_iterator().get_next()",
        "tf.constant(3)",
    ),
    "contrib.metrics.accuracy": (
        "tf.contrib.metrics.accuracy([1, 2], [1, 3])",
        "tf.constant(0.5)",
    ),
    "contrib.layers.l1_regularizer": (
        f"tf.contrib.layers.l1_regularizer(0.5)(tf.constant({A}))",
        "tf.constant(5.0)",
    ),
    "contrib.layers.l2_regularizer": (
        f"tf.contrib.layers.l2_regularizer(0.5)(tf.constant({A}))",
        "tf.constant(7.5)",
    ),
    "contrib.layers.flatten": (
        "tf.contrib.layers.flatten(tf.ones([2, 2, 3]))",
        "tf.ones([2, 6])",
    ),
    "layers.flatten": ("tf.layers.flatten(tf.ones([2, 2, 3]))", "tf.ones([2, 6])"),
    "nn.rnn": (
        "tf.nn.rnn(tf.nn.rnn_cell.BasicRNNCell(2), [tf.zeros([1, 2])], dtype=tf.float32)[0][0]",
        "tf.zeros([1, 2])",
    ),
    "contrib.rnn.static_rnn": (
        "tf.contrib.rnn.static_rnn(tf.contrib.rnn.GRUCell(2), [tf.zeros([1, 2])], "
        "dtype=tf.float32)[0][0]",
        "tf.zeros([1, 2])",
    ),
}
# Rows for which it is enough that the name is there: what stands behind is another's, or tested
# below or by running programs.
FOUND = {
    row.old
    for row in ROWS
    if row.old.startswith(("layers.", "models.", "contrib.learn", "python."))
} | {
    "train.SummaryWriter", "Session", "InteractiveSession", "nn.bidirectional_rnn",
    "nn.state_saving_rnn", "train.SyncReplicasOptimizerV2",
    "examples.tutorials.mnist.input_data", "keras.datasets.mnist.load_data", "contrib.rnn",
    "nn.rnn_cell", "contrib.layers.xavier_initializer", "contrib.layers.xavier_initializer_conv2d",
    "contrib.layers.variance_scaling_initializer",
}  # fmt: skip
SLIM = {"contrib.layers", "contrib.framework", "contrib.slim"}


def value(expression, module):
    with compat.Graph().as_default(), compat.Session() as session:
        compat.set_random_seed(1)
        result = eval(expression, {"tf": module, "np": np})
        session.run(compat.global_variables_initializer())
        return session.run(result)


@pytest.mark.filterwarnings("ignore::UserWarning")  # TensorFlow: tf.layers is deprecated
@pytest.mark.parametrize("row", ROWS, ids=[row.old for row in ROWS])
def test_names_row_gives_what_todays_name_gives(row):
    if row.old in CALLS:
        old, new = CALLS[row.old]
        np.testing.assert_array_equal(value(old, old_tf), value(new, compat))
    elif row.old in SLIM:
        if importlib.util.find_spec("tf_slim") is None:
            with pytest.raises(ModuleNotFoundError, match="in the package tf_slim today"):
                eval(f"tf.{row.old}.conv2d", {"tf": old_tf})
    elif row.new:
        assert row.old in FOUND
        assert eval(f"tf.{row.old}", {"tf": old_tf}) is not None


@pytest.mark.parametrize("row", ROWS, ids=[row.old for row in ROWS])
def test_names_row_says_what_tensorflow_2_has(row):
    assert row.new or row.today or row.reason
    assert not row.reason or row.reason in BY_KEY
    for name in re.findall(r"\btf\.([A-Za-z][\w.]*\w)", row.today):
        assert functools.reduce(getattr, name.split("."), tf) is not None  # it is there
    if row.today or row.reason or (row.new[:1] not in ":@" and row.new != row.old):
        reason = tf_names.reason_for(row.old)
        assert reason is not None and reason.new != "another way to do the same"
        assert not row.reason or reason is BY_KEY[row.reason]


def test_names_a_call_of_today_is_left_alone_and_one_of_0_is_told_once():
    fresh = old_tensorflow.OldModule("", compat, said.append)
    said.clear()
    for _ in range(2):
        np.testing.assert_array_equal(
            value(f"tf.concat([{A}, {B}], 1)", fresh), value(f"tf.concat(1, [{A}, {B}])", fresh)
        )
    assert said == ["tf.concat: arguments taken as TensorFlow 0.x had them (axis, values)"]


def test_names_gone_for_good_are_errors_that_name_them():
    with pytest.raises(AttributeError, match="module 'tensorflow' has no attribute 'nothing'"):
        old_tf.nothing  # noqa: B018
    with pytest.raises(AttributeError, match=r"module 'tensorflow.contrib' has no .* 'nothing'"):
        old_tf.contrib.nothing  # noqa: B018


def test_names_xavier_draws_within_its_limits():
    drawn = value("tf.contrib.layers.xavier_initializer()([3, 3, 8, 16])", old_tf)
    limit = np.sqrt(6 / (9 * 8 + 9 * 16))
    assert 0.98 * limit < np.abs(drawn).max() <= limit
    normal = value("tf.contrib.layers.variance_scaling_initializer()([2000, 50])", old_tf)
    # The variance 1.3 * 2 / 2000, cut at two deviations, which leaves 0.774 of it.
    assert np.var(normal) == pytest.approx(0.774 * 1.3 * 2 / 2000, rel=0.02)  # measured: 0.002


@pytest.mark.parametrize(
    ("use", "edition"),
    [("tf.mul(a, b)", 0), ("tf.layers.dense(x, 3)", 1), ("# tf.layers\n", 0),
     ("tf.contrib.data.Dataset", 1), (EDITIONS["0.12.py"].decode(), 0)],
)  # fmt: skip
def test_names_edition_is_told_by_what_a_program_uses(use, edition):
    assert old_tensorflow.edition(use) == edition


def test_old_mnist_is_what_the_old_loader_gave(mnist, monkeypatch):
    old = old_mnist.read_data_sets("MNIST_data/", one_hot=True)
    np.testing.assert_array_equal(old.train.images, mnist.train.images)
    assert old.train.labels.dtype == np.float64
    np.testing.assert_array_equal(old.train.labels, mnist.train.labels)
    unshaped = old_mnist.read_data_sets("", dtype=np.uint8, reshape=False).test
    assert unshaped.images.shape == (10000, 28, 28, 1) and unshaped.images.dtype == np.uint8
    np.testing.assert_array_equal(unshaped.labels, np.argmax(mnist.test.labels, 1))
    first = old.test.next_batch(128)[0]
    np.testing.assert_array_equal(first, mnist.test.images[:128])
    (images, _), (tests, _) = old_mnist.load_data()
    assert images.shape == (60000, 28, 28) and tests.shape == (10000, 28, 28)


def test_old_mnist_of_1x_shuffles_first_and_joins_epochs(monkeypatch):
    monkeypatch.setattr(old_mnist, "shuffles_first_epoch", True)
    data = old_mnist.DataSet(np.arange(10), np.arange(10))
    np.random.seed(1)
    order = np.arange(10)
    np.random.shuffle(order)
    expected = list(order)
    again = np.arange(10)
    np.random.shuffle(again)
    expected += list(order[again])
    np.random.seed(1)
    drawn = [n for _ in range(5) for n in data.next_batch(4)[0]]
    assert drawn == expected and data.epochs_completed == 1


def test_old_mnist_refuses_another_set():
    with pytest.raises(OSError, match="another set than MNIST"):
        old_mnist.read_data_sets("", source_url="http://fashion-mnist.example/")
    with pytest.raises(AttributeError, match="has no load_train_data: an input_data"):
        old_mnist.load_train_data  # noqa: B018


def test_missing_agrees_with_the_live_module_on_every_name_of_2016():
    names = {name for name in dir(tf.compat.v1) if not name.startswith("_")}
    for module in ("nn", "train", "summary", "image"):
        inside = dir(getattr(tf.compat.v1, module))
        names |= {f"{module}.{name}" for name in inside if not name.startswith("_")}
    known = 0
    for name in names:
        module, _, last = name.rpartition(".")
        of = getattr(tf, module, None) if module else tf
        here = of is not None and hasattr(of, last)
        found = tf_names.missing(name)
        assert (found is None) == here, name
        if found:
            with pytest.raises(AttributeError) as error:
                eval(f"tf.{name}")  # what Python says is what we say
            assert found.error == f"AttributeError: {error.value}"
            known += bool(found.instead)
        if found and found.renamed:
            assert eval(found.instead) is not None
    assert len(names) > 800 and known > 240  # measured: 972, 247


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("y = tf.mul(tf.log(x), tf.nn.relu(x))", ["tf.mul", "tf.log"]),
        ("import tensorflow.contrib.slim as slim", ["tf.contrib.slim"]),
        ("from tensorflow.contrib import learn", ["tf.contrib"]),
        ("from tensorflow.examples.tutorials import mnist", ["tutorials_module"]),
        ("from tensorflow.python.framework import graph_util", []),
        ("import tensorflow as tf", []),
        ("model.tf.log(1)", []),
        ('print("tf.mul")', []),
        ("tf.Variable(0).assign(1)", []),
    ],
)  # fmt: skip
def test_reasons_in_finds_the_names_of_a_statement(line, names):
    (statement,) = cut(line, "", [Place(0, 1)])
    found = tf_names.reasons_in(statement, {"tf": ""})
    assert [reason.key for reason in found] == names


def test_aliases_are_those_that_the_program_imports():
    text = b"import tensorflow as T\nimport tensorflow.compat.v1 as tf1\n"
    called = tf_names.aliases(read_source(from_bytes(text, "mine.py")))
    assert called == {"tf": "", "T": "", "tf1": "compat.v1."}
    (statement,) = cut("T.log(tf1.log(x))", "", [Place(0, 1)])
    assert [r.key for r in tf_names.reasons_in(statement, called)] == ["tf.log"]


@pytest.mark.parametrize(
    ("call", "titles"),
    [
        ("tf.reduce_sum(x, keep_dims=True, reduction_indices=1)",
         ["tf.reduce_sum: keep_dims is now keepdims",
          "tf.reduce_sum: reduction_indices is now axis"]),
        ("tf.argmax(y, dimension=1)", ["tf.argmax: dimension is now axis"]),
        ("tf.nn.softmax(x, dim=1)", ["tf.nn.softmax: dim is now axis"]),
        ("tf.nn.conv2d(x, filter=w, use_cudnn_on_gpu=True)",
         ["tf.nn.conv2d: filter is now filters", "tf.nn.conv2d no longer has use_cudnn_on_gpu"]),
        ("tf.concat(1, [a, b])", ["tf.concat takes its arguments in another order"]),
        ("tf.nn.in_top_k(y, labels, 1)", ["tf.nn.in_top_k takes its arguments in another order"]),
        ("tf.name_scope(None, 'l1', [x])", ["tf.name_scope takes its arguments in another order"]),
        ("tf.batch_matmul(a, b, adj_x=True)",
         ["tf.batch_matmul is now tf.matmul", "tf.batch_matmul: adj_x is now adjoint_a"]),
        ("tf.summary.scalar('a', cost)", ["tf.summary.scalar works differently in TensorFlow 2"]),
        ("tf.Graph()", ["tf.Graph works differently in TensorFlow 2"]),
        ("tf.reverse(x, [True, False])", ["tf.reverse works differently in TensorFlow 2"]),
        ("tf.reverse(x, dims=[True])", ["tf.reverse works differently in TensorFlow 2"]),
        ("tf.reverse(x, dims=d)", ["tf.reverse: dims is now axis"]),
        ("tf.nn.nce_loss(w, b, embed, train_labels, 64, 50000)",
         ["tf.nn.nce_loss takes its arguments in another order"]),
        ("tf.nothing(x)", ["Neither TensorFlow 2 nor 1.x has tf.nothing"]),
        # and what TensorFlow 2 takes as it is
        ("tf.argmax(y, 1)", []), ("tf.concat([a, b], 1)", []), ("tf.reverse(x, [0])", []),
        ("tf.nn.nce_loss(w, b, train_labels, embed, 64, 50000)", []), ("tf.name_scope('l1')", []),
        ("tf.nn.conv2d(x, w, [1, 1, 1, 1], 'SAME')", []), ("tf.reduce_mean(x, [0, 1])", []),
        ("tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], 'SAME')", []), ("tf.matmul(*pair)", []),
    ],
)  # fmt: skip
def test_reasons_in_finds_the_arguments_that_are_others_today(call, titles):
    (statement,) = cut(call, "", [Place(0, 1)])
    found = tf_names.reasons_in(statement, {"tf": ""})
    assert [reason.title for reason in found] == titles
    assert all(reason.old and reason.new and reason.why and reason.wrong for reason in found)


def parameters(function):
    if isinstance(function, type):
        function = function.__init__  # a metaclass may hide it
    kinds = inspect.signature(function).parameters.values()
    names = [p.name for p in kinds if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return tuple(name for name in names if name != "self")


def titles_of(call):
    (statement,) = cut(call, "", [Place(0, 1)])
    return [reason.title for reason in tf_names.reasons_in(statement, {"tf": ""})]


def test_every_function_that_takes_other_arguments_today_is_noticed_and_no_other():
    """Each parameter of 1.x is given by its name, and all by position: TensorFlow says which."""
    read, noticed = 0, 0
    for module in ("", "nn", "summary", "image", "math", "linalg", "strings", "io", "random"):
        old_module, new_module = compat, tf
        if module:
            old_module, new_module = getattr(compat, module), getattr(tf, module)
        for last in set(vars(old_module)) & set(vars(new_module)):
            name = f"{module}.{last}".lstrip(".")
            if last.startswith(("_", "OpError", "TypeSpec", "LinearOperator")):  # other classes
                continue
            given = {old: tf_api.parameters(name, old) for old in (True, False)}
            if given[True] is None or given[False] is None:
                continue
            old, new = parameters(getattr(old_module, last)), parameters(getattr(new_module, last))
            assert (given[True], given[False]) == (old, new), name
            read += 1
            row = {row.old: row for row in ROWS}.get(name)
            if row and (row.today or row.reason or row.when):
                continue  # always noticed, or by 0.x's order
            for argument in old:
                assert bool(titles_of(f"tf.{name}({argument}=x)")) == (argument not in new), name
                noticed += argument not in new
            for argument in set(old) - set(new):
                (title,) = titles_of(f"tf.{name}({argument}=x)")
                became = re.search(r" is now (\w+)", title)
                assert not became or became[1] in new, title
    assert read > 600 and noticed > 100


SIGNATURES = json.loads((GOLDEN / "signatures_tf012.json").read_text())
# The same argument at the same place under another name today; 0.12 -> compat.v1.
RENAMED = {
    "keep_dims": "keepdims", "dim": "axis", "reduction_indices": "axis", "seq_dim": "seq_axis",
    "batch_dim": "batch_axis", "thresh": "threshold", "concat_dim": "axis", "delimiter": "sep",
    "bytes": "input_bytes", "flag_name": "name", "default_value": "default", "docstring": "help",
    "verbosity": "v",
}  # fmt: skip
# Functions of 0.12.1 whose places by position are others today and that are left as they are, by
# the reason. Each of these calls ends with an error of TensorFlow's, so that no number is wrong.
LEFT = {
    "a text at the place of name is an error there now, and programs give name by its name": """
        FixedLengthRecordReader TensorArray arg_max arg_min decode_csv fake_quant_with_min_max_args
        fake_quant_with_min_max_args_gradient fake_quant_with_min_max_vars
        fake_quant_with_min_max_vars_gradient fake_quant_with_min_max_vars_per_channel
        fake_quant_with_min_max_vars_per_channel_gradient image.decode_jpeg
        image.non_max_suppression matmul nn.avg_pool3d nn.conv2d nn.conv2d_backprop_filter
        nn.conv2d_backprop_input nn.conv3d nn.conv3d_backprop_filter_v2 nn.conv3d_transpose
        nn.depthwise_conv2d nn.depthwise_conv2d_native nn.depthwise_conv2d_native_backprop_filter
        nn.depthwise_conv2d_native_backprop_input nn.max_pool3d nn.max_pool_with_argmax
        nn.quantized_conv2d nn.separable_conv2d nn.top_k scatter_nd""",
    "what moved is an internal argument, or one that no program gives by position": """
        SparseTensor convert_to_tensor convert_to_tensor_or_indexed_slices get_variable
        nn.conv3d_backprop_filter ones_initializer orthogonal_initializer
        train.MonitoredTrainingSession train.Scaffold train.SyncReplicasOptimizer""",
    "is made by TensorFlow, not by programs": "Operation Tensor",
    "input_size, which 0.12 called deprecated and did not use, is gone from the cells": """
        nn.rnn_cell.BasicLSTMCell nn.rnn_cell.BasicRNNCell nn.rnn_cell.DropoutWrapper
        nn.rnn_cell.GRUCell nn.rnn_cell.LSTMCell""",
    "compat.v1 has it no more: a kernel's gradient, or an internal of a module": """
        RegisterShape nn.avg_pool3d_grad nn.bias_add_grad nn.bias_add_v1 nn.conv3d_backprop_input
        nn.conv3d_backprop_input_v2 nn.dilation2d_backprop_filter nn.dilation2d_backprop_input
        nn.fused_batch_norm_grad nn.fused_pad_conv2d nn.fused_resize_and_pad_conv2d nn.make_all
        nn.max_pool3d_grad nn.quantized_batch_norm_with_global_normalization nn.quantized_bias_add
        nn.quantized_relu nn.quantized_relu6 nn.rnn_cell.sigmoid nn.rnn_cell.tanh
        nn.xw_plus_b_v1""",
    "compat.v1 has it no more: a wrapper of a recurrent cell": """
        nn.rnn_cell.EmbeddingWrapper nn.rnn_cell.InputProjectionWrapper
        nn.rnn_cell.OutputProjectionWrapper""",
}
BY_HAND = {"image.resize_images", "zeros_initializer"}  # take both; in old_functions


def takes_as_then(name, arguments):
    """Does what ``run`` gives for a name of 0.12.1 take each argument where it was?"""
    row = {row.old: row for row in ROWS}.get(name, Row(name))
    keywords = RENAMED | dict(pair.split("=") for pair in row.keywords.split())
    try:
        function = functools.reduce(getattr, name.split("."), old_tf)
    except AttributeError:
        return False
    today = row.order.split() or list(parameters(function))
    then = [word for word in arguments.split() if word[0] != "*"]
    return all(
        at < len(today) and today[at] in (word, keywords.get(word)) for at, word in enumerate(then)
    )


def test_every_function_of_0_12_1_takes_its_arguments_where_it_took_them():
    left = {name for names in LEFT.values() for name in names.split()}
    moved = {name for name, words in SIGNATURES.items() if not takes_as_then(name, words)}
    assert moved - BY_HAND == left and len(SIGNATURES) == 682 and moved >= BY_HAND


@pytest.mark.genuine
def test_signatures_are_those_of_genuine_0_12_1(genuine_python):
    done = genuine.run([genuine_python, GOLDEN / "record_signatures.py"])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == SIGNATURES
