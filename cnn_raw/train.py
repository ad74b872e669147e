"""The training loop: the bottom half of the 2016 script, with a GradientTape for the Session.

    cnn-raw train

or, in Python:

    mnist = input_data.read_data_sets("MNIST_DATA/", one_hot=True)
    for epoch in train(mnist):
        print(epoch.epoch, epoch.test_accuracy)
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from cnn_raw import InputError
from cnn_raw.cnn import Weights, cost_op, init_all_weights, model, predict_op, test_size
from cnn_raw.input_data import Datasets
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.settings import Settings
from cnn_raw.test import accuracy, accuracy_and_cost


@dataclass(frozen=True)
class Epoch:
    """What is known when an epoch is over. Accuracies go from 0 to 1."""

    epoch: int  # counted from 1 (the 2016 script printed it counted from 0)
    cost: float  # mean over the epoch's steps, each before its update, dropout on; nats
    train_accuracy: float  # on the first 10,000 training images
    test_accuracy: float  # on all test images
    sample_accuracy: float  # on 256 test images drawn at random: the tutorial's figure
    seconds: float  # training and testing
    test_cost: float  # mean over all test images, nothing dropped; nats


@dataclass
class State:
    """What training changes, and what it needs to resume with the same numbers."""

    weights: Weights
    optimizer: RMSPropOptimizer
    random: np.random.RandomState  # draws the 256 test images
    epoch: int = 0  # epochs done


def initial_state(settings: Settings) -> State:
    """Return the state before the first step. Sets TensorFlow's global seed."""
    tf.random.set_seed(settings.seed)                 # 2016: tf.set_random_seed(seed)
    random = np.random.RandomState(settings.seed)     # 2016: np.random.seed(seed)
    return State(init_all_weights(), RMSPropOptimizer(0.001, 0.9), random)


def epoch_seed(seed: int, i: int) -> int:
    """Return the global seed of epoch ``i``, from 0: the first epoch's masks are those of 2016.

    Each later epoch has dropout streams of its own, so that a training which was interrupted
    resumes with the very masks it would have had.
    """
    return seed if i == 0 else int(np.random.SeedSequence([seed, i]).generate_state(1)[0])


def build_train_op(weights: Weights, optimizer: RMSPropOptimizer) -> Callable:
    """Return ``train_op(X, Y, p_keep_conv, p_keep_hidden)``: one step, which returns its cost.

    ``X``: float32 (n, 28, 28, 1). ``Y``: float32 one-hot (n, 10). The keep probabilities are
    scalar float32 tensors. The cost, scalar float32, is the one before the update.
    """
    optimizer.create_slots(weights)  # 2016: minimize() did

    @tf.function
    def train_op(X, Y, p_keep_conv, p_keep_hidden):
        with tf.GradientTape() as tape:
            py_x = model(X, *weights, p_keep_conv, p_keep_hidden)
            cost = cost_op(py_x, Y)
        gradients = tape.gradient(cost, weights)
        optimizer.apply_gradients(zip(gradients, weights))
        return cost

    return train_op


def build_predict_op(weights: Weights) -> Callable:
    """Return ``predict(images)`` for float32 (n, 28, 28, 1), any n, with nothing dropped.

    It gives a dictionary: ``logits``, float32 (n, 10); ``classes``, int64 (n,), that of the largest
    logit; ``probabilities``, float32 (n, 10).
    """
    @tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 1], tf.float32, name="images")])
    def predict(images):
        py_x = model(images, *weights, 1.0, 1.0)  # Python floats: dropout returns its input
        return {"logits": py_x, "classes": predict_op(py_x), "probabilities": tf.nn.softmax(py_x)}

    return predict


def train(mnist: Datasets, settings: Settings | None = None, state: State | None = None,
          progress: Callable = iter, build: Callable | None = None) -> Iterator[Epoch]:
    """Train the network and yield an ``Epoch`` after each epoch, when it has been tested.

    ``mnist`` has one-hot labels. ``state`` is where to resume; it is updated before each ``yield``.
    ``progress`` wraps an epoch's (start, end) pairs, to show how far they are. ``build`` replaces
    ``build_train_op`` where workers share a step. Sets TensorFlow's global seed, as the 2016 script
    did; NumPy's is left alone. Raises InputError if the training images are fewer than one batch.
    """
    settings = settings or Settings()
    batch_size = settings.batch_size
    trX, trY = mnist.train.images, mnist.train.labels
    teX, teY = mnist.test.images, mnist.test.labels
    trX = trX.reshape(-1, 28, 28, 1)  # 28x28x1 input img
    teX = teX.reshape(-1, 28, 28, 1)  # 28x28x1 input img
    if len(trX) < batch_size:
        raise InputError(f"batch size {batch_size}: there are only {len(trX)} training images")

    state = state or initial_state(settings)
    predict = build_predict_op(state.weights)
    p_keep_conv = tf.constant(0.8)
    p_keep_hidden = tf.constant(0.5)

    for i in range(state.epoch, settings.epochs):
        start_time = time.time()
        tf.random.set_seed(epoch_seed(settings.seed, i))
        train_op = (build or build_train_op)(state.weights, state.optimizer)
        costs = []
        training_batch = zip(range(0, len(trX), batch_size),
                             range(batch_size, len(trX)+1, batch_size))
        for start, end in progress(training_batch):
            costs.append(train_op(trX[start:end], trY[start:end], p_keep_conv, p_keep_hidden))

        test_indices = np.arange(len(teX))  # Get A Test Batch
        state.random.shuffle(test_indices)
        test_indices = test_indices[0:test_size]

        test_accuracy, test_cost = accuracy_and_cost(predict, teX, teY)
        state.epoch = i + 1
        yield Epoch(
            epoch=state.epoch,
            cost=float(np.mean(costs)),
            train_accuracy=accuracy(predict, trX[:10000], trY[:10000]),
            test_accuracy=test_accuracy,
            sample_accuracy=accuracy(predict, teX[test_indices], teY[test_indices]),
            seconds=time.time() - start_time,
            test_cost=test_cost,
        )
