"""The loop: an epoch reports the truth, resuming is exact, and nothing is traced twice."""

import numpy as np
import pytest
import tensorflow as tf

from cnn_raw import InputError, cnn
from cnn_raw import train as train_module
from cnn_raw.cnn import cost_op, model
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.settings import Settings
from cnn_raw.test import accuracy_and_cost
from cnn_raw.train import build_predict_op, build_train_op, epoch_seed, initial_state, train

KEEP_ALL = tf.constant(1.0)


@pytest.fixture(scope="module")
def few(mnist):
    """Ten batches of training images, and test images that are no multiple of a batch."""
    return mnist.first(10 * 128 + 77, 730)


def final_state(state):
    slots = [state.optimizer.get_slot(var, name) for var in state.weights
             for name in ("rms", "momentum")]  # fmt: skip
    return [var.numpy() for var in (*state.weights, *slots)]


def test_epoch_reaches_more_than_93_percent_of_all_test_images(first_epoch):
    _, epoch = first_epoch
    assert epoch.test_accuracy > 0.93  # genuine TensorFlow 0.12.1: 0.9536; here 0.9585
    assert epoch.train_accuracy > 0.93


def test_epoch_reports_what_a_plain_count_over_all_images_gives(first_epoch, mnist):
    weights, epoch = first_epoch

    def classes(images):
        pieces = np.array_split(images.reshape(-1, 28, 28, 1), 8)
        logits = [model(piece, *weights, KEEP_ALL, KEEP_ALL) for piece in pieces]
        return np.argmax(np.concatenate(logits), axis=1)

    right = classes(mnist.test.images) == np.argmax(mnist.test.labels, axis=1)
    assert epoch.test_accuracy == np.count_nonzero(right) / 10_000
    right_train = classes(mnist.train.images[:10_000]) == np.argmax(mnist.train.labels[:10_000], 1)
    assert epoch.train_accuracy == np.count_nonzero(right_train) / 10_000

    test_indices = np.arange(10_000)  # as in the tutorial, after one line: np.random.seed(2016)
    np.random.RandomState(2016).shuffle(test_indices)
    assert epoch.sample_accuracy == np.count_nonzero(right[test_indices[:256]]) / 256


def test_epoch_cost_is_the_mean_over_its_steps_with_masks_of_its_own(few):
    settings = Settings(epochs=2)
    state = initial_state(settings)
    images = few.train.images.reshape(-1, 28, 28, 1)
    for i, epoch in enumerate(train(few, settings)):
        tf.random.set_seed(epoch_seed(settings.seed, i))
        train_op = build_train_op(state.weights, state.optimizer)
        costs = [
            train_op(images[k : k + 128], few.train.labels[k : k + 128],
                     tf.constant(0.8), tf.constant(0.5)).numpy()
            for k in range(0, 1280, 128)
        ]  # fmt: skip
        assert len(costs) == 10  # the last 77 images are not used
        assert epoch.cost == float(np.mean(costs))


@pytest.mark.parametrize("rest", [0, 77])
def test_batches_are_consecutive_slices_and_the_rest_is_not_used(few, rest):
    seen = []

    def progress(batches):
        for batch in batches:
            seen.append(batch)
            yield batch

    list(train(few.first(3 * 128 + rest, 100), Settings(epochs=2), progress=progress))
    assert seen == 2 * [(0, 128), (128, 256), (256, 384)]


def test_each_function_is_traced_once(few, monkeypatch):
    functions = {"step": [], "predict": []}

    def recorded(build, name):
        def build_and_keep(*arguments):
            functions[name].append(build(*arguments))
            return functions[name][-1]

        return build_and_keep

    monkeypatch.setattr(train_module, "build_train_op", recorded(build_train_op, "step"))
    monkeypatch.setattr(train_module, "build_predict_op", recorded(build_predict_op, "predict"))
    list(train(few, Settings(epochs=3)))
    # A step an epoch, for its own dropout streams; one predict, for 500, 256 and 230 images.
    assert [f.experimental_get_tracing_count() for f in functions["step"]] == [1, 1, 1]
    assert [f.experimental_get_tracing_count() for f in functions["predict"]] == [1]


def test_training_goes_on_from_a_state_as_if_it_had_never_stopped(few):
    settings = Settings(epochs=3)
    whole_state = initial_state(settings)
    whole = list(train(few, settings, whole_state))

    state = initial_state(settings)
    first = list(train(few, Settings(epochs=1), state))
    tf.random.set_seed(99)  # another program, another day
    tf.random.uniform([3])
    rest = list(train(few, settings, state))

    assert [e.epoch for e in first + rest] == [1, 2, 3]
    for ours, theirs in zip(first + rest, whole, strict=True):
        assert ours.cost == theirs.cost and ours.sample_accuracy == theirs.sample_accuracy
    for ours, theirs in zip(final_state(state), final_state(whole_state), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_first_epoch_keeps_the_dropout_streams_of_2016():
    assert epoch_seed(2016, 0) == 2016
    seeds = {epoch_seed(seed, i) for seed in (1, 2016) for i in range(100)}
    assert len(seeds) == 200 and max(seeds) < 2**32


def test_training_leaves_numpys_global_generator_alone(few):
    before = np.random.get_state()[1].copy()
    list(train(few, Settings(epochs=1)))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_train_refuses_fewer_images_than_a_batch(few):
    with pytest.raises(InputError, match=r"batch size 128: there are only 100 training images"):
        list(train(few.first(100, 10)))


def test_a_step_returns_the_cost_before_its_update(few, trained_weights):
    X, Y = few.train.images[:128].reshape(-1, 28, 28, 1), few.train.labels[:128]

    def cost():
        return cost_op(model(X, *trained_weights, KEEP_ALL, KEEP_ALL), Y).numpy()

    before = cost()
    train_op = build_train_op(trained_weights, RMSPropOptimizer(1e-4))
    assert train_op(X, Y, KEEP_ALL, KEEP_ALL).numpy() == before
    assert cost() < before


@pytest.mark.parametrize("count", [1, 499, 500, 501, 730])
def test_accuracy_does_not_depend_on_how_images_are_cut_into_batches(few, count):
    labels = few.test.labels[:count]
    answers = np.argmax(labels, axis=1)
    answers[::3] = (answers[::3] + 1) % 10  # every third is wrong, from the first
    images = np.arange(count, dtype=np.float32).reshape(-1, 1, 1, 1) * np.ones((1, 28, 28, 1))

    def predict(batch):
        assert len(batch) <= 500
        classes = answers[batch[:, 0, 0, 0].astype(int)]
        return {"classes": classes, "logits": 3 * np.eye(10, dtype=np.float32)[classes]}

    wrong = len(range(0, count, 3)) / count
    accuracy, cost = accuracy_and_cost(predict, images, labels)
    assert accuracy == pytest.approx(1 - wrong, rel=1e-15)
    # -log softmax of logits 3 and nine times 0; measured: 2e-8
    assert cost == pytest.approx(np.log(np.exp(3) + 9) - 3 * (1 - wrong), rel=1e-7)


def test_constants_are_the_tutorials():
    assert (cnn.batch_size, cnn.test_size) == (128, 256)
    assert Settings().batch_size == cnn.batch_size
