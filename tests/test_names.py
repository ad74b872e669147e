"""Each row of the table: what the old name gives is what today's name gives."""

import importlib.util

import numpy as np
import pytest
import tensorflow.compat.v1 as compat
from editions import EDITIONS

from cnn_raw.twin import old_mnist, old_tensorflow
from cnn_raw.twin.names import ROWS

said = []
tf = old_tensorflow.OldModule("", compat, said.append)

A = "[[1.0, -2.0], [3.0, 4.0]]"
B = "[[0.5, 0.25], [2.0, 1.0]]"
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
        np.testing.assert_array_equal(value(old, tf), value(new, compat))
    elif row.old in SLIM:
        if importlib.util.find_spec("tf_slim") is None:
            with pytest.raises(ModuleNotFoundError, match="in the package tf_slim today"):
                eval(f"tf.{row.old}.conv2d", {"tf": tf})
    else:
        assert row.old in FOUND
        assert eval(f"tf.{row.old}", {"tf": tf}) is not None


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
        tf.nothing  # noqa: B018
    with pytest.raises(AttributeError, match=r"module 'tensorflow.contrib' has no .* 'nothing'"):
        tf.contrib.nothing  # noqa: B018


def test_names_xavier_draws_within_its_limits():
    drawn = value("tf.contrib.layers.xavier_initializer()([3, 3, 8, 16])", tf)
    limit = np.sqrt(6 / (9 * 8 + 9 * 16))
    assert 0.98 * limit < np.abs(drawn).max() <= limit
    normal = value("tf.contrib.layers.variance_scaling_initializer()([2000, 50])", tf)
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
