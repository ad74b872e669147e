"""Today's TensorFlow gives the numbers of 0.12.1: its loader, its draws, its training steps.

Every test compares with the recorded files in golden/ and, where a Python 2.7 can install it,
with genuine 0.12.1 itself, recorded on the spot. Bounds, and the differences measured beside
them, are record.BOUNDS.
"""

import json
from pathlib import Path

import pytest
import tensorflow as tf
from golden import record

from cnn_raw.cnn import Weights, init_all_weights, model
from cnn_raw.input_data import DataSet
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.test import accuracy
from cnn_raw.train import build_predict_op, build_train_op

GOLDEN = Path(record.__file__).parent
P_KEEP_CONV, P_KEEP_HIDDEN = 0.8, 0.5


@pytest.fixture(scope="module", params=["files", pytest.param("live", marks=pytest.mark.genuine)])
def golden(request):
    """What genuine 0.12.1 gives, by the first word of the JSON file: recorded before, or now."""
    live = request.param == "live"
    folder = request.getfixturevalue("genuine_recording") if live else GOLDEN
    return {
        name: json.loads((folder / f"{name}_tf012.json").read_text())
        for name in ("data", "draws", "steps")
    }


class RecordingOptimizer(RMSPropOptimizer):
    """Keeps the gradients that it last applied."""

    def __init__(self, weights: Weights):
        super().__init__(0.001, 0.9)
        self.gradients = [tf.Variable(tf.zeros_like(var)) for var in weights]

    def apply_gradients(self, grads_and_vars):
        grads_and_vars = list(grads_and_vars)
        for kept, (gradient, _) in zip(self.gradients, grads_and_vars, strict=True):
            kept.assign(gradient)
        super().apply_gradients(grads_and_vars)


def summaries(variables):
    return {
        name: record.summary(var.numpy()) for name, var in zip(record.NAMES, variables, strict=True)
    }


def outputs(operation_type: str) -> list[tf.Tensor]:
    """What the operations of a type give, in the graph that is being traced."""
    operations = tf.compat.v1.get_default_graph().get_operations()
    return [op.outputs[0] for op in operations if op.type == operation_type]


@pytest.fixture(scope="module")
def steps(mnist):
    """``record.steps`` of today: 100 steps of the package's own training loop's operation."""
    trX, trY, teX, teY = record.images_and_labels(mnist)
    weights = Weights(*map(tf.Variable, record.starting_weights()))
    today = {"costs": [], "after": {}}

    @tf.function
    def look_inside(X):
        py_x = model(X, *weights, tf.constant(1.0), tf.constant(1.0))
        return py_x, outputs("Relu"), outputs("MaxPool")

    py_x, relus, pools = look_inside(teX[:16])
    names = ["l1a", "l2a", "l3a", "l4", "l1", "l2", "l3"]
    today["logits_first_16_test_images"] = py_x.numpy().tolist()
    today["activations_first_16_test_images"] = {
        name: {**record.summary(value.numpy()), "shape": list(value.shape)}
        for name, value in zip(names, relus + pools, strict=True)
    }

    optimizer = RecordingOptimizer(weights)
    tf.random.set_seed(record.SEED)
    train_op = build_train_op(weights, optimizer)
    p_keep_conv, p_keep_hidden = tf.constant(P_KEEP_CONV), tf.constant(P_KEEP_HIDDEN)
    for i in range(100):
        batch = slice(i * record.batch_size, (i + 1) * record.batch_size)
        today["costs"].append(float(train_op(trX[batch], trY[batch], p_keep_conv, p_keep_hidden)))
        if i == 0:
            today["gradients_step_1"] = summaries(optimizer.gradients)
        if i + 1 in (1, 10, 100):
            slots = [optimizer.get_slot(var, "rms") for var in weights]
            today["after"][str(i + 1)] = {"weights": summaries(weights), "rms": summaries(slots)}
    right = accuracy(build_predict_op(weights), teX, teY) * 10000
    today["correct_of_10000_after_100_steps"] = round(right)
    return today


def test_loader_gives_the_arrays_and_batches_of_2016(golden, mnist):
    # A DataSet of its own: next_batch must not advance the one that tests share.
    mine = mnist._replace(train=DataSet(mnist.train.images, mnist.train.labels))
    assert not list(record.beyond_bounds(golden["data"], {**record.data(mine), "seed": 2016}))


def test_initial_weights_are_those_of_2016_but_for_the_last_bits(golden):
    tf.random.set_seed(record.SEED)
    weights = init_all_weights()
    today = {
        name: record.summary(var.numpy(), 500)
        for name, var in zip(record.NAMES, weights, strict=True)
    }
    assert not list(record.beyond_bounds(golden["draws"], {"weights": today}, "weights/*"))


def test_model_drops_what_2016_dropped_call_after_call(golden):
    weights = Weights(*map(tf.Variable, record.starting_weights()))
    images = tf.zeros([record.batch_size, 28, 28, 1])
    tf.random.set_seed(record.SEED)

    @tf.function
    def masks():
        model(images, *weights, tf.constant(P_KEEP_CONV), tf.constant(P_KEEP_HIDDEN))
        return outputs("GreaterEqual")  # of dropout: uniform >= rate

    calls = [[record.mask_sha256(mask.numpy()) for mask in masks()] for _ in range(3)]
    assert calls == golden["draws"]["masks"]["sha256"]


def test_dropout_in_eager_code_drops_what_2016_dropped(golden):
    masks = golden["draws"]["masks"]
    keep = [P_KEEP_CONV, P_KEEP_CONV, P_KEEP_CONV, P_KEEP_HIDDEN]
    tf.random.set_seed(record.SEED)
    calls = [
        [
            record.mask_sha256(tf.nn.dropout(tf.ones(shape), 1 - tf.constant(p), seed=seed).numpy())
            for shape, p, seed in zip(masks["shapes"], keep, masks["op_seeds"], strict=True)
        ]
        for _ in range(3)
    ]
    assert calls == masks["sha256"]


@pytest.mark.parametrize(
    "what",
    [
        "costs",
        "gradients_step_1/*",
        "after/1/*",
        "after/10/*",
        "after/100/*",
        "correct_of_10000_after_100_steps",
        "logits_first_16_test_images",
        "activations_first_16_test_images/*",
    ],
)
def test_training_step_computes_what_2016_computed(golden, steps, what):
    assert not list(record.beyond_bounds(golden["steps"], steps, what))


def test_starting_weights_are_the_recorded_ones(golden):
    for name, value in zip(record.NAMES, record.starting_weights(), strict=True):
        assert record.sha256(value) == golden["steps"]["sha256"][f"w0_{name}"]


def test_first_epoch_is_as_accurate_as_in_2016(first_epoch):
    _, epoch = first_epoch
    printed = dict(record.printed_accuracies((GOLDEN / "accuracy_tf012_seed2016.txt").read_text()))
    assert epoch.test_accuracy > 0.93
    bound = record.accuracy_bound("full 0", printed["full 0"])
    assert abs(epoch.test_accuracy - printed["full 0"]) < bound  # measured: 0.0049, 0.0070
