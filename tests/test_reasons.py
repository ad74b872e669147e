"""Each reason's "if you get it wrong", done wrong and seen to happen; and REASONS.md.

One test for each reason, named ``test_<key>_...``.
"""

import re
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from cnn_raw import cnn, input_data, train
from cnn_raw.diff import reasons
from cnn_raw.diff.reasons import BY_KEY, REASONS
from cnn_raw.diff.why import answer
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.settings import Settings

tf1 = tf.compat.v1
HERE = Path(__file__).parent
SCRIPT = HERE / "data" / "convolutional_net_2016.txt"
KEEP_ALL = tf.constant(1.0)


def test_reasons_have_a_test_each_and_names_of_their_own():
    keys = [reason.key for reason in REASONS]
    assert len(set(keys)) == len(keys)
    for key in keys:
        assert any(name.startswith(f"test_{key}_") for name in globals()), f"{key} has no test"


def test_reasons_md_is_what_the_module_prints():
    written = Path(reasons.__file__).with_name("REASONS.md").read_text()
    assert written == reasons.markdown() + "\n", "run `python -m cnn_raw.diff.reasons` again"


def test_reasons_table_has_four_cells_in_every_row():
    rows = [line for line in reasons.markdown().splitlines() if line.startswith("|")]
    assert len(rows) == len(REASONS) + 2
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}


@pytest.fixture
def small_weights():
    """Weights as the program starts with, in variables of their own."""
    return train.initial_state(Settings()).weights


@pytest.fixture
def train_op(small_weights):
    return train.build_train_op(small_weights, RMSPropOptimizer(0.001, 0.9))


def masks(step, count: int) -> list[np.ndarray]:
    return [step() != 0 for _ in range(count)]


def dropout_stream():
    """A tf.function that returns what dropout makes of ones: half of them zeros."""
    ones, keep = tf.ones([64]), tf.constant(0.5)
    dropout = tf.function(lambda keep: tf.nn.dropout(ones, rate=1 - keep, seed=55))
    return lambda keep=keep: dropout(keep).numpy()


def test_tutorials_module_is_not_there():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'tensorflow\.examples'"):
        import_module("tensorflow.examples.tutorials.mnist.input_data")


def test_random_normal_is_not_there():
    with pytest.raises(AttributeError, match="'tensorflow' has no attribute 'random_normal'"):
        tf.random_normal([3], stddev=0.01)


def test_op_seeds_left_out_let_any_other_operation_change_what_follows():
    def weights(before: int, seed: int | None) -> np.ndarray:
        tf.random.set_seed(2016)
        for _ in range(before):
            tf.random.normal([1])
        return cnn.init_weights([3, 3, 1, 32], seed).numpy()

    assert np.array_equal(weights(0, seed=5), weights(1, seed=5))
    assert not np.any(weights(0, seed=None) == weights(1, seed=None))
    assert not np.any(weights(0, seed=None) == weights(0, seed=5))  # those of 2016


def test_dropout_rate_taken_for_the_share_to_keep_drops_four_fifths():
    tf.random.set_seed(2016)
    dropped = tf.nn.dropout(tf.ones([10000]), 0.8).numpy()
    assert np.mean(dropped == 0) == pytest.approx(0.8, abs=0.02)  # 0.004 is a standard error
    assert dropped.max() == pytest.approx(5)


def test_first_5000_kept_for_training_give_other_batches(mnist):
    images = input_data.read_data_sets(validation_size=0).train.images
    assert len(mnist.train.images) // 128 == 429 and len(images) // 128 == 468
    for start in range(0, 429 * 128, 128):
        batch = slice(start, start + 128)
        assert not np.array_equal(images[batch], mnist.train.images[batch])


def test_scaling_by_division_gives_other_last_bits(mnist):
    levels = np.arange(256, dtype=np.float32)
    product, quotient = levels * np.float32(1 / 255), levels / np.float32(255)
    assert np.sum(product != quotient) == 126
    assert np.abs(product.view(np.int32) - quotient.view(np.int32)).max() == 1
    assert set(np.unique(mnist.test.images)) == set(product)


def test_float64_labels_cost_a_trace_or_are_a_type_error(mnist, train_op):
    trX, trY = mnist.train.images[:2].reshape(-1, 28, 28, 1), mnist.train.labels[:2]
    count = train_op.experimental_get_tracing_count
    train_op(trX, trY, KEEP_ALL, KEEP_ALL)
    before = count()
    train_op(trX, trY, KEEP_ALL, KEEP_ALL)
    assert count() == before
    train_op(trX, trY.astype(np.float64), KEEP_ALL, KEEP_ALL)
    assert count() == before + 1
    strict = tf.function(cnn.cost_op, input_signature=2 * [tf.TensorSpec([None, 10], tf.float32)])
    with pytest.raises(TypeError, match="float64"):
        strict(trY, tf.constant(trY, tf.float64))


def test_variables_outside_or_a_value_error():
    wrong = tf.function(lambda X: X * cnn.init_weights([1], seed=5))
    with pytest.raises(ValueError, match=r"only supports singleton tf\.Variables created on the"):
        wrong(1.0)


def test_placeholders_had_one_graph_where_a_function_is_traced_anew(mnist, train_op):
    trX, trY = mnist.train.images[:3].reshape(-1, 28, 28, 1), mnist.train.labels[:3]
    count = train_op.experimental_get_tracing_count
    train_op(trX[:2], trY[:2], KEEP_ALL, KEEP_ALL)
    before = count()
    train_op(trX[:2], trY[:2], tf.constant(0.8), tf.constant(0.5))
    assert count() == before
    train_op(trX[:1], trY[:1], KEEP_ALL, KEEP_ALL)  # the last, shorter batch
    assert count() == before + 1
    train_op(trX[:2], trY[:2], 0.9, KEEP_ALL)
    train_op(trX[:2], trY[:2], 0.8, KEEP_ALL)
    assert count() == before + 3

    traces = []
    for _ in range(3):
        tf.function(lambda: traces.append("traced"))()
    assert len(traces) == 3


def test_keep_tensors_divide_where_a_python_float_multiplies():
    x = tf.constant(np.random.RandomState(0).standard_normal(100_000), tf.float32)

    def dropped(keep) -> np.ndarray:
        tf.random.set_seed(2016)
        return tf.nn.dropout(x, rate=1 - keep, seed=55).numpy()

    of_2016 = np.where(dropped(0.8) != 0, x / np.float32(0.8), 0)
    assert np.array_equal(dropped(tf.constant(0.8)), of_2016)
    differ = np.sum(dropped(0.8) != of_2016) / np.sum(of_2016 != 0)
    assert differ == pytest.approx(1 / 7, abs=0.01)  # measured: 0.145
    last_bits = dropped(0.8).view(np.int32) - of_2016.view(np.int32)
    assert np.abs(last_bits).max() == 1


def test_grouped_convolution_is_silent_in_tensorflow_2_and_refused_before():
    images, w3 = tf.ones([1, 7, 7, 64]), tf.ones([3, 3, 32, 128])
    with tf.GradientTape() as tape:
        tape.watch(w3)
        l3a = tf.nn.conv2d(images, w3, strides=[1, 1, 1, 1], padding="SAME")
    assert l3a.shape == (1, 7, 7, 128) and tape.gradient(l3a, w3).shape == w3.shape
    other_half = tf.concat([images[..., :32], 9 * images[..., 32:]], axis=3)
    changed = tf.nn.conv2d(other_half, w3, strides=[1, 1, 1, 1], padding="SAME")
    assert np.array_equal(changed[..., :64], l3a[..., :64])  # these do not see the second half
    assert np.all(changed[..., 64:] != l3a[..., 64:])


def test_labels_first_or_a_wrong_cost_without_an_error(mnist):
    random = np.random.RandomState(2016)
    shapes = [3, 3, 1, 32], [3, 3, 32, 64], [3, 3, 64, 128], [2048, 625], [625, 10]
    weights = [
        (random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:-1]))).astype(np.float32)
        for shape in shapes
    ]
    weights = [tf.constant(weight) for weight in weights]
    Y = mnist.train.labels[:128]
    X = mnist.train.images[:128].reshape(-1, 28, 28, 1)
    py_x = cnn.model(X, *weights, KEEP_ALL, KEEP_ALL)
    swapped = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(py_x, Y))
    text = next(reason.wrong for reason in REASONS if reason.key == "labels_first")
    assert f"{swapped:.2f} where {cnn.cost_op(py_x, Y):.2f} is right" in text
    lower = py_x - 100  # the same probabilities
    assert float(cnn.cost_op(lower, Y)) == pytest.approx(float(cnn.cost_op(py_x, Y)), rel=1e-4)
    assert tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(lower, Y)) < -200


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the upgrade script's own
def test_upgrade_script_reports_nothing_and_breaks_the_program(tmp_path, monkeypatch, capsys):
    from tensorflow.tools.compatibility import tf_upgrade_v2_main

    text, printing, _ = SCRIPT.read_text().partition("        print i, ")
    assert printing  # the script asks for a text that Python 3 can parse: without the last line
    old, new, report = (tmp_path / name for name in ("old.py", "new.py", "report.txt"))
    old.write_text(text)
    arguments = ["tf_upgrade_v2", "--infile", old, "--outfile", new, "--reportfile", report]
    monkeypatch.setattr(sys, "argv", list(map(str, arguments)))
    tf_upgrade_v2_main.main()
    said = capsys.readouterr().out
    assert "Detected 0 issues that require attention" in said
    found = answer(said)
    assert found is not None and found.title == BY_KEY["upgrade_script"].title

    upgraded = new.read_text()
    assert re.search(r"labels=tf\.stop_gradient\(\s*py_x\s*\)", upgraded)
    assert re.search(r"logits=Y\b", upgraded)
    until = upgraded.index("\n# Launch the graph")
    program = re.sub(r"(?m)^(from tensorflow\.examples|mnist|trX|teX).*\n", "", upgraded[:until])
    with tf.Graph().as_default():
        tf.random.set_seed(2016)
        with pytest.raises(ValueError, match="No gradients provided for any variable"):
            exec(program, {})


def test_keras_rmsprop_starts_with_other_steps():
    gradients = tf.constant([1e-2, 1e-1, 1.0])
    of_keras, of_2016 = tf.Variable(tf.zeros([3])), tf.Variable(tf.zeros([3]))
    import_module("keras").optimizers.RMSprop(0.001, 0.9).apply_gradients([(gradients, of_keras)])
    RMSPropOptimizer(0.001, 0.9).apply_gradients([(gradients, of_2016)])
    # measured: 0.5 % (Keras's epsilon, at the smallest gradient)
    np.testing.assert_allclose(-of_keras.numpy(), 0.001 / np.sqrt(0.1), rtol=0.01)
    # measured: 5.4 % (the root of 0.9 to 1)
    np.testing.assert_allclose(-of_2016.numpy(), 0.001 * gradients, rtol=0.06)
    assert float(of_keras[0] / of_2016[0]) == pytest.approx(300, abs=5)  # measured: 298.6


def test_tape_that_does_not_watch_gives_no_gradients(small_weights):
    cost = tf.reduce_sum(small_weights.w)
    with tf.GradientTape() as tape:
        pass
    gradients = tape.gradient(cost, small_weights)
    assert gradients == [None] * 5 or tuple(gradients) == (None,) * 5
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        RMSPropOptimizer(0.001).apply_gradients(zip(gradients, small_weights, strict=True))


def gradient_of_w1(w2_is_updated_first: bool) -> float:
    """The gradient of x * w1 * w2 by w1, ungated; the order is one that the graph allows."""
    with tf.Graph().as_default(), tf1.Session() as sess:
        w1 = tf1.Variable([[3.0]], use_resource=False)  # as all were in 2016: read in place
        w2 = tf1.Variable([[5.0]], use_resource=False)
        cost = tf.reduce_sum(tf.matmul(tf.matmul(tf.constant([[2.0]]), w1), w2))
        optimizer = tf1.train.GradientDescentOptimizer(0.1)
        no_gate = optimizer.GATE_NONE
        update = optimizer.apply_gradients(
            optimizer.compute_gradients(cost, [w2], gate_gradients=no_gate)
        )
        with tf.control_dependencies([update] if w2_is_updated_first else []):
            ((gradient, _),) = optimizer.compute_gradients(cost, [w1], gate_gradients=no_gate)
        sess.run(tf1.global_variables_initializer())
        return sess.run(gradient).item()


def test_gated_gradients_without_the_gate_can_read_an_updated_weight():
    assert gradient_of_w1(w2_is_updated_first=False) == 10  # x * w2
    assert gradient_of_w1(w2_is_updated_first=True) == pytest.approx(8.8)  # w2 - 0.1 * x * w1

    w1, w2 = tf.Variable([[3.0]]), tf.Variable([[5.0]])
    with tf.GradientTape() as tape:
        cost = tf.reduce_sum(tf.matmul(tf.matmul(tf.constant([[2.0]]), w1), w2))
    w2.assign_sub([[0.6]])  # the tape keeps the value that it saw
    assert tape.gradient(cost, w1).numpy() == 10


def test_session_is_not_there_and_the_old_one_finds_an_empty_graph():
    with pytest.raises(AttributeError, match="'tensorflow' has no attribute 'Session'"):
        tf.Session()
    X = tf.constant(1.0)
    sess = tf1.Session()
    with pytest.raises(RuntimeError, match="The Session graph is empty"):
        sess.run(X)
    sess.close()


def test_initialize_all_variables_is_not_there_nor_needed():
    name = "initialize_all_variables"
    with pytest.raises(AttributeError, match=f"'tensorflow' has no attribute '{name}'"):
        tf.initialize_all_variables()
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'run'"):
        tf1.global_variables_initializer().run()
    assert tf.Variable(3.0).numpy() == 3


def test_epoch_seeds_left_out_repeat_the_first_epochs_masks():
    def epoch(seed: int) -> list[np.ndarray]:
        tf.random.set_seed(seed)
        return masks(dropout_stream(), 3)

    first, again, second = epoch(2016), epoch(2016), epoch(train.epoch_seed(2016, 1))
    assert np.array_equal(first, again)
    for mask in second:
        assert not any(np.array_equal(mask, other) for other in first)


def test_numpy_generator_shared_gives_other_images_when_others_draw_from_it():
    def images(another: bool, own: bool) -> np.ndarray:
        np.random.seed(2016)
        generator = np.random.RandomState(2016) if own else np.random
        if another:
            np.random.shuffle(np.arange(55000))  # as next_batch does
        test_indices = np.arange(10000)
        generator.shuffle(test_indices)
        return test_indices[:256]

    state = np.random.get_state()
    try:
        assert np.array_equal(images(another=False, own=True), images(another=False, own=False))
        assert np.array_equal(images(another=True, own=True), images(another=False, own=True))
        same = images(another=True, own=False) == images(another=False, own=False)
        assert np.mean(same) < 0.02  # measured: 0; one in 10,000 by chance
    finally:
        np.random.set_state(state)


def test_testing_draws_shift_the_trainings_masks_if_one_function_does_both():
    tf.random.set_seed(2016)
    first, second, third = masks(dropout_stream(), 3)
    tf.random.set_seed(2016)
    step = dropout_stream()
    assert np.array_equal(step() != 0, first)
    assert np.all(step(KEEP_ALL) == 1)  # a test in between
    after = step() != 0
    assert np.array_equal(after, third) and not np.array_equal(after, second)


def test_print_statement_is_a_syntax_error():
    with pytest.raises(SyntaxError, match="Missing parentheses in call to 'print'"):
        compile(SCRIPT.read_text(), SCRIPT.name, "exec")
