"""cnn.py against the float64 reference, on real digits, and against its own comments."""

import ast
import inspect
import io
import re
import tokenize
from typing import NamedTuple

import numpy as np
import pytest
import reference
import tensorflow as tf
from reference import relative_error

from cnn_raw import cnn
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.train import build_train_op

SEED = 2016
N = 8  # images
SHAPES = [3, 3, 1, 32], [3, 3, 32, 64], [3, 3, 64, 128], [2048, 625], [625, 10]
# Of the four dropouts of the 2016 program: what they drop from, its op seed, the keep probability.
DROPOUTS = (
    ([N, 14, 14, 32], 55, 0.8),
    ([N, 7, 7, 64], 69, 0.8),
    ([N, 2048], 85, 0.8),
    ([N, 625], 98, 0.5),
)
# Name and shape, as the comments of cnn.model must have them: all of them, in this order.
SHAPE_COMMENTS = [
    ("l1a", "(?, 28, 28, 32)"),
    ("l1", "(?, 14, 14, 32)"),
    ("l2a", "(?, 14, 14, 64)"),
    ("l2", "(?, 7, 7, 64)"),
    ("l3a", "(?, 7, 7, 128)"),
    ("l3", "(?, 4, 4, 128)"),
    ("l3", "(?, 2048)"),
    ("l4", "(?, 625)"),
    ("pyx", "(?, 10)"),
]


def draw_masks():
    """The masks of a step, from TensorFlow: what each dropout, with its op seed, leaves of ones."""
    return [
        tf.nn.dropout(tf.ones(shape), rate=1 - tf.constant(p_keep), seed=seed).numpy() > 0
        for shape, seed, p_keep in DROPOUTS
    ]


def lively_weights():
    """Weights off the plateau on which 2016's initial ones start: every layer matters.

    Of the seeds 2000 to 2059 this one leaves the widest margin: in these tests no maximum of a
    pool and no relu is nearer than 1.2e-6 (of its layer's largest value) to going the other way.
    """
    random = np.random.RandomState(2059)
    return [
        (random.normal(size=shape) * np.sqrt(2 / np.prod(shape[:-1]))).astype(np.float32)
        for shape in SHAPES
    ]


@pytest.fixture(scope="module")
def batch(mnist):
    """The first eight training images: X float32 (8, 28, 28, 1), Y float32 (8, 10)."""
    return mnist.train.images[:N].reshape(N, 28, 28, 1), mnist.train.labels[:N].astype(np.float32)


class Run(NamedTuple):
    """One pass over the batch: TensorFlow's inputs, and what the reference says of it."""

    X: np.ndarray
    Y: np.ndarray
    weights: cnn.Weights
    keep: list[tf.Tensor]  # p_keep_conv, p_keep_hidden
    activations: reference.Activations
    cost: np.float64
    gradients: tuple[np.ndarray, ...]


@pytest.fixture(scope="module", params=["training", "testing"])
def run(request, batch):
    """With 2016's dropout, and with all kept."""
    X, Y = batch
    weights = lively_weights()
    if request.param == "training":
        p_keep_conv, p_keep_hidden = 0.8, 0.5
        tf.random.set_seed(SEED)
        masks = draw_masks()
    else:
        p_keep_conv, p_keep_hidden = 1.0, 1.0
        masks = [np.ones(shape, bool) for shape, _, _ in DROPOUTS]
    arguments = [w.astype(np.float64) for w in weights], masks, p_keep_conv, p_keep_hidden
    return Run(
        X,
        Y,
        cnn.Weights(*map(tf.Variable, weights)),
        [tf.constant(p_keep_conv), tf.constant(p_keep_hidden)],
        reference.forward(X.astype(np.float64), *arguments),
        *reference.cost_and_gradients(X.astype(np.float64), Y, *arguments),
    )


def comments(function):
    """{line: comment} of a function's source, lines counted from its first, without the #."""
    tokens = tokenize.generate_tokens(io.StringIO(inspect.getsource(function)).readline)
    return {t.start[0]: t.string[1:].strip() for t in tokens if t.type == tokenize.COMMENT}


def execute_line_by_line(function, **arguments):
    """Yield (name, value, comments of the statement's lines) of each assignment in a function."""
    notes, names = comments(function), vars(cnn) | arguments
    for statement in ast.parse(inspect.getsource(function)).body[0].body:
        if isinstance(statement, ast.Assign):
            exec(compile(ast.Module([statement], []), function.__name__, "exec"), names)
            lines = range(statement.lineno, statement.end_lineno + 1)
            name = statement.targets[0].id
            yield name, names[name], [notes[line] for line in lines if line in notes]


def assignments_of_model(run):
    tf.random.set_seed(SEED)
    arguments = dict(zip(["X", *cnn.Weights._fields], [run.X, *run.weights], strict=True))
    arguments |= dict(zip(["p_keep_conv", "p_keep_hidden"], run.keep, strict=True))
    return list(execute_line_by_line(cnn.model, **arguments))


# --- model --------------------------------------------------------------------------------------


def test_model_activations_equal_the_reference_statement_by_statement(run):
    found = assignments_of_model(run)
    names = [field.split("_")[0] for field in reference.Activations._fields]
    assert [name for name, _, _ in found] == names
    for (_, value, _), expected in zip(found, run.activations, strict=True):
        assert value.dtype == tf.float32
        assert relative_error(value, expected) < 5e-6  # measured: up to 6.8e-7


def test_model_logits_cost_and_gradients_equal_the_reference(run):
    tf.random.set_seed(SEED)
    with tf.GradientTape() as tape:
        py_x = cnn.model(run.X, *run.weights, *run.keep)
        cost = cnn.cost_op(py_x, run.Y)
    assert py_x.dtype == tf.float32
    assert relative_error(py_x, run.activations.pyx) < 5e-6  # measured: 5.5e-7
    assert relative_error(cost, run.cost) < 1e-6  # measured: 8.6e-8
    gradients = tape.gradient(cost, run.weights)
    for gradient, expected in zip(gradients, run.gradients, strict=True):
        assert relative_error(gradient, expected) < 5e-6  # measured: up to 7.1e-7


def test_model_dropout_with_keep_one_is_the_identity(run):
    kept = run._replace(keep=[tf.constant(1.0), tf.constant(1.0)])
    values = [(name, value.numpy()) for name, value, _ in assignments_of_model(kept)]
    into = [values[k] for k in (1, 4, 8, 10)]
    out_of = [values[k] for k in (2, 5, 9, 11)]
    assert [name for name, _ in into] == [name for name, _ in out_of] == ["l1", "l2", "l3", "l4"]
    for (_, before), (_, after) in zip(into, out_of, strict=True):
        np.testing.assert_array_equal(before, after)


def test_model_every_shape_comment_is_the_shape_of_the_real_tensor(run):
    found = []
    for name, value, notes in assignments_of_model(run):
        for note in notes:
            if note.startswith("2016: "):
                continue
            match = re.fullmatch(r"(\w+) shape=(\(.+\))|reshape to (\(.+\))", note)
            assert match, f"not understood: {note}"
            said_name, said_shape = match[1] or name, match[2] or match[3]
            real_shape = "(?, " + str(tuple(value.shape[1:]))[1:].replace(",)", ")")
            assert (said_name, said_shape) == (name, real_shape)
            found.append((said_name, said_shape))
    assert found == SHAPE_COMMENTS
    olds = [note for note in comments(cnn.model).values() if note.startswith("2016: ")]
    assert len(comments(cnn.model)) == len(SHAPE_COMMENTS) + len(olds)  # none between statements


# --- init_weights, init_all_weights, Weights ----------------------------------------------------


def test_init_all_weights_comments_are_the_shapes_of_the_real_weights():
    tf.random.set_seed(SEED)
    weights = cnn.init_all_weights()
    said = []
    for note in comments(cnn.init_all_weights).values():
        inputs, outputs = re.match(r"(\S+ conv|FC .+ inputs), (\d+) outputs", note).groups()
        sizes = [int(size) for size in re.findall(r"\d+", inputs)]
        said.append([*sizes, int(outputs)] if "conv" in inputs else [np.prod(sizes), int(outputs)])
    assert said == [var.shape.as_list() for var in weights] == list(SHAPES)
    assert weights._fields == ("w", "w2", "w3", "w4", "w_o")


def test_init_all_weights_draws_with_the_op_seeds_of_2016():
    tf.random.set_seed(SEED)
    weights = cnn.init_all_weights()
    tf.random.set_seed(SEED)
    for var, shape, seed in zip(weights, SHAPES, (5, 14, 23, 32, 41), strict=True):
        assert isinstance(var, tf.Variable) and var.trainable and var.dtype == tf.float32
        np.testing.assert_array_equal(var, tf.random.normal(shape, stddev=0.01, seed=seed))


def test_init_weights_are_normal_with_stddev_one_hundredth():
    tf.random.set_seed(SEED)
    w = cnn.init_weights([128 * 4 * 4, 625]).numpy().ravel().astype(np.float64) / 0.01
    assert w.size == 1_280_000
    # Five standard errors each (0.00088, 0.00063, 0.00018).
    assert abs(w.mean()) < 0.0044  # measured: 0.0001
    assert abs(w.std() - 1) < 0.0031  # measured: 0.0002
    assert abs((np.abs(w) > 2).mean() - 0.0455) < 0.0009  # not truncated; measured: 0.0002


def test_init_weights_are_the_same_under_one_seed_and_others_under_another():
    def draw(seed, op_seed):
        tf.random.set_seed(seed)
        return cnn.init_weights([3, 3, 1, 32], op_seed).numpy()

    for op_seed in 5, None:
        np.testing.assert_array_equal(draw(1, op_seed), draw(1, op_seed))
    for other in draw(2, 5), draw(1, 6), draw(1, None):
        assert np.count_nonzero(draw(1, 5) == other) == 0


# --- cost_op, predict_op ------------------------------------------------------------------------


def test_cost_op_is_the_references_also_for_far_logits_and_float64_labels():
    random = np.random.RandomState(1)
    labels = np.eye(10)[random.randint(10, size=64)]
    for scale in 0.01, 1, 1e4:
        logits = (random.normal(size=(64, 10)) * scale).astype(np.float32)
        expected = reference.softmax_cross_entropy(logits.astype(np.float64), labels)
        for dtype in np.float32, np.float64:  # 2016's loader gave float64
            cost = cnn.cost_op(logits, labels.astype(dtype))
            assert cost.shape == [] and cost.dtype == tf.float32
            assert relative_error(cost, expected) < 1e-6  # measured: up to 6.9e-8


def test_cost_op_lets_no_fault_pass_for_a_cost():
    logits, labels = np.zeros((4, 10), np.float32), np.eye(10, dtype=np.float32)[[3, 1, 4, 1]]
    assert cnn.cost_op(logits, labels).numpy() == pytest.approx(np.log(10), rel=1e-6)
    for wrong in labels[:3], labels[:, :9], np.array([3, 1, 4, 1]):
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
            cnn.cost_op(logits, wrong)
    logits[2, 5] = np.nan
    assert np.isnan(cnn.cost_op(logits, labels))


def test_predict_op_is_the_first_largest_logit_as_int64():
    classes = cnn.predict_op(tf.constant([[0.0, 3, 1], [-2, -1, -1], [7, 7, 7]]))
    assert classes.dtype == tf.int64
    np.testing.assert_array_equal(classes, [1, 1, 0])


# --- The training step --------------------------------------------------------------------------


def test_train_op_equals_the_reference_step_after_step(batch):
    X, Y = batch
    variables = cnn.Weights(*map(tf.Variable, lively_weights()))
    optimizer = RMSPropOptimizer(0.001, 0.9)
    weights = [w.astype(np.float64) for w in lively_weights()]
    rms, mom = [np.ones_like(w) for w in weights], [np.zeros_like(w) for w in weights]

    tf.random.set_seed(SEED)
    steps_masks = [draw_masks() for _ in range(3)]  # each step continues the streams
    tf.random.set_seed(SEED)
    train_op = build_train_op(variables, optimizer)
    for masks in steps_masks:
        cost = train_op(X, Y, tf.constant(0.8), tf.constant(0.5))
        expected, gradients = reference.cost_and_gradients(
            X.astype(np.float64), Y, weights, masks, 0.8, 0.5
        )
        assert relative_error(cost, expected) < 1e-6  # measured: up to 1.8e-7
        for k, gradient in enumerate(gradients):
            before = weights[k]
            weights[k], rms[k], mom[k] = reference.rmsprop(before, gradient, rms[k], mom[k], 0.001)
            assert relative_error(variables[k], weights[k]) < 1e-6  # measured: up to 1.1e-7
            slot = optimizer.get_slot(variables[k], "rms")
            assert relative_error(slot, rms[k]) < 3e-6  # measured: up to 3.2e-7
            slot = optimizer.get_slot(variables[k], "momentum")
            assert relative_error(slot, mom[k]) < 6e-6  # measured: up to 8.6e-7
