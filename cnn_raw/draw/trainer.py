"""A training that is watched: begun, stepped, and asked how far it is (learning.py: messages).

The steps are those of ``train.train``: its ``train_op``, its batches in their order, and its masks,
which are handed in so that a step can be shown before it is made.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from cnn_raw import InputError
from cnn_raw.cnn import Weights, init_all_weights
from cnn_raw.draw.backward import LAYER_OF, Step, Update, build_backward, weight_pictures
from cnn_raw.draw.explain import SHAPES
from cnn_raw.draw.kept import keep
from cnn_raw.draw.knobs import Knobs, checked
from cnn_raw.draw.messages import number, packed, position, whole
from cnn_raw.draw.source import digit_of
from cnn_raw.input_data import Datasets
from cnn_raw.look.activations import LAYERS, KeepProbability, activations
from cnn_raw.rmsprop import RMSPropOptimizer
from cnn_raw.settings import Settings
from cnn_raw.test import accuracy
from cnn_raw.train import build_predict_op, build_train_op, epoch_seed

MOST_STEPS, MOST_OWN = 100, 100
QUICK = 1000  # images of each set for the curves of accuracy
PLATEAU = np.log(10)  # the cost of ten equal probabilities


class Trainer:
    """``models``: weights to start from, by name. ``data``: the folder of ``mnist``, None: ours."""

    def __init__(self, mnist: Datasets, models: dict[str, Weights], data: str | None = None):
        self._mnist, self._models, self._data = mnist, models, data
        self._images = mnist.train.images.reshape(-1, 28, 28, 1)
        self._labels = mnist.train.labels
        self._own_images = np.zeros((0, 28, 28, 1), np.float32)
        self._own_labels = np.zeros((0, 10), np.float32)
        self.playing = False
        self._seconds = 0.0
        self._costs: list[float] = []
        self._tests: list[list[float]] = []
        self._step_to_come: Step | None = None
        self._ops: dict[str, Callable[[dict], None]] = {
            "begin": self._begin,
            "step": self._steps,
            "play": self._play,
            "pause": self._pause,
            "own": self._own,
            "progress": lambda request: None,
            "keep": self._keep,
        }
        self._start(Knobs())

    def answer(self, request: dict) -> dict:
        """Return the reply to a request. Raises InputError, one line, if it is not a good one."""
        op = request.get("op") if isinstance(request, dict) else None
        if op == "backward":
            return self._backward(request)
        if op == "why":
            return self._why(request)
        if not isinstance(op, str) or op not in self._ops:
            raise InputError(f"op: give one of {', '.join(self._ops)}, backward, why")
        self._ops[op](request)
        return self._progress(request)

    def step(self) -> None:
        """Make one step of the training."""
        start = time.perf_counter()
        self._costs.append(float(self._train_op(*self._batch())))
        self._seconds += time.perf_counter() - start
        self._step_to_come = None
        done = len(self._costs)
        if done % (10 if done < 100 else 100) == 0:
            self._test()

    def _start(self, knobs: Knobs) -> None:
        tf.random.set_seed(knobs.seed)
        weights = init_all_weights()
        if knobs.start == "he":
            random = np.random.RandomState(knobs.seed)
            for var in weights:
                shape = var.shape.as_list()
                var.assign(random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape))
        elif knobs.start != "2016":
            for var, value in zip(weights, self._models[knobs.start], strict=True):
                var.assign(value)
        self._knobs, self._weights = knobs, weights
        self._optimizer = RMSPropOptimizer(knobs.learning_rate, 0.9)
        self._train_op = build_train_op(weights, self._optimizer)
        for var in weights:
            rms = self._optimizer.get_slot(var, "rms")
            rms.assign(tf.fill(rms.shape, float(knobs.rms)))
        self._predict_op, self._look = build_predict_op(weights), _build_look(weights)
        self._backward_op = build_backward(weights)
        self._step_to_come, self._costs, self._tests, self._seconds = None, [], [], 0.0
        self._training = secrets.token_hex(4)
        self._kept: Path | None = None
        self._test()

    def _begin(self, request: dict) -> None:
        knobs = checked(request.get("knobs") or {}, ["2016", "he", *self._models])
        self.playing = False
        self._start(knobs)

    def _steps(self, request: dict) -> None:
        for _ in range(whole(request.get("steps", 1), "steps", 1, MOST_STEPS)):
            self.step()

    def _play(self, request: dict) -> None:
        self.playing = True

    def _pause(self, request: dict) -> None:
        self.playing = False
        self._test()

    def _own(self, request: dict) -> None:
        asked = request.get("digits")
        if not isinstance(asked, list) or len(asked) > MOST_OWN:
            raise InputError(f"digits: give a list of at most {MOST_OWN}")
        images, labels = [], []
        for one in asked:
            if not isinstance(one, dict):
                raise InputError('digits: each is an object with "source" and "label"')
            labels.append(whole(one.get("label"), "label", 0, 9))
            images.append(digit_of(one.get("source"), None, self._mnist.test).prepared.image)
        share = number(request.get("share", self._knobs.share), "share", 0, 1)
        self._knobs = replace(self._knobs, share=share)
        self._own_images = np.array(images, np.float32).reshape(-1, 28, 28, 1)
        self._own_labels = np.eye(10, dtype=np.float32)[labels].reshape(-1, 10)
        self._step_to_come = None

    def _keep(self, request: dict) -> None:
        if not self._costs:
            raise InputError("keep: make a step first")
        knobs = self._knobs
        settings = Settings(epochs=1, batch_size=knobs.batch_size, seed=knobs.seed)
        args = (self._weights, self._optimizer, self._costs, self._seconds)
        self._kept = keep(settings, self._data, *args)

    def _batch(self) -> tuple[tf.Tensor, tf.Tensor, KeepProbability, KeepProbability]:
        """Return the arguments of ``train_op`` for the step to come."""
        knobs, n = self._knobs, self._knobs.batch_size
        epoch, k = divmod(len(self._costs), len(self._images) // n)
        X, Y = self._images[k * n : (k + 1) * n], self._labels[k * n : (k + 1) * n]
        own = round(knobs.share * n) if len(self._own_images) else 0
        if own:
            chosen = (np.arange(own) + len(self._costs) * own) % len(self._own_images)
            X = np.concatenate([X[: n - own], self._own_images[chosen]])
            Y = np.concatenate([Y[: n - own], self._own_labels[chosen]])
        seed = tf.constant(epoch_seed(knobs.seed, epoch), tf.int64)
        step = tf.constant(k, tf.int64)
        keep = (KeepProbability(p, seed, step) for p in (knobs.p_keep_conv, knobs.p_keep_hidden))
        return tf.constant(X), tf.constant(Y), *keep

    def _test(self) -> None:
        """Add a point to the curves of accuracy, unless this step has one."""
        if self._tests and self._tests[-1][0] == len(self._costs):
            return
        test = self._mnist.test
        sets = ((self._images, self._labels), (test.images.reshape(-1, 28, 28, 1), test.labels))
        shares = [accuracy(self._predict_op, X[:QUICK], Y[:QUICK]) for X, Y in sets]
        self._tests.append([len(self._costs), *shares])

    def _progress(self, request: dict) -> dict:
        since = whole(request.get("since", 0), "since", 0, 2**31)
        probabilities = None
        if request.get("source") is not None:
            digit = digit_of(request["source"], None, self._mnist.test)
            probabilities = self._estimates(digit.prepared.image[None])[0].tolist()
        reply = {
            "training": self._training,
            "step": len(self._costs),
            "playing": self.playing,
            "knobs": asdict(self._knobs),
            "costs": [[k + 1, cost] for k, cost in enumerate(self._costs)][since:],
            "tests": [point for point in self._tests if point[0] >= since],
            "filters": packed(self._weights.w.numpy()),
            "probabilities": probabilities,
            "own": self._own_answers(),
            "plateau": bool(self._costs and abs(np.mean(self._costs[-10:]) - PLATEAU) < 0.01),
            "kept": self._kept and str(self._kept),
            "ms": 1000 * self._seconds / len(self._costs) if self._costs else None,
        }
        if request.get("full") is True:
            test = self._mnist.test
            share = accuracy(self._predict_op, test.images.reshape(-1, 28, 28, 1), test.labels)
            reply["full"] = [len(self._costs), share]
        return reply

    def _own_answers(self) -> list[dict]:
        if not len(self._own_images):
            return []
        probabilities = self._estimates(self._own_images)
        labels = self._own_labels.argmax(axis=1)
        return [
            {"label": int(label), "answer": int(p.argmax()), "probability": float(p[label]),
             "cost": float(-np.log(np.maximum(p[label], 1e-45)))}
            for label, p in zip(labels, probabilities, strict=True)
        ]  # fmt: skip

    def _estimates(self, images: np.ndarray) -> np.ndarray:
        return tf.nn.softmax(self._look(images.reshape(-1, 28, 28, 1))["py_x"]).numpy()

    def _next(self) -> Step:
        """Return the step to come, with the masks it will draw."""
        if self._step_to_come is None:
            X, Y, p_keep_conv, p_keep_hidden = self._batch()
            found, gradients, by_weight = self._backward_op(X, Y, p_keep_conv, p_keep_hidden)
            weights, knobs = self._weights._asdict(), self._knobs
            rms = {name: self._optimizer.get_slot(var, "rms") for name, var in weights.items()}
            conv = dict.fromkeys(("l1", "l2", "l3"), knobs.p_keep_conv)
            self._step_to_come = Step(
                labels=Y.numpy(),
                found=_arrays(found),
                gradients=_arrays(gradients),
                weights=_arrays(weights),
                by_weight=_arrays(dict(zip(weights, by_weight, strict=True))),
                rms=_arrays(rms),
                keep=conv | {"l4": knobs.p_keep_hidden},
                update=Update(knobs.learning_rate),
            )
        return self._step_to_come

    def _backward(self, request: dict) -> dict:
        n = self._knobs.batch_size
        i = whole(request.get("image", 0), "image", 0, n - 1)
        step = self._next()
        logits = step.found["py_x"].astype(np.float64)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        costs = -(step.labels * np.log(np.maximum(probabilities, 1e-300))).sum(axis=1)
        return {
            "step": len(self._costs),
            "n": n,
            "image": i,
            "labels": step.labels.argmax(axis=1).tolist(),
            "images": packed(step.found["X"][:, :, :, 0]),
            "cost": float(costs.mean()),
            "costs": costs.tolist(),
            "probabilities": probabilities.tolist(),
            "layers": {name: packed(step.found[name][i]) for name in LAYERS},
            "gradients": {name: packed(step.gradients[name][i]) for name in LAYERS[1:]},
            "masks": {name: packed(step.found[f"{name}_mask"][i].reshape(SHAPES[name]) * 1.0)
                      for name in ("l1", "l2", "l3", "l4")},
            "weights": {name: weight_pictures(step, name) for name in LAYER_OF},
        }  # fmt: skip

    def _why(self, request: dict) -> dict:
        shapes = {name: SHAPES[name] for name in LAYERS[1:]}
        shapes |= {
            name: tuple(var.shape.as_list()) for name, var in self._weights._asdict().items()
        }
        of = request.get("of")
        if not isinstance(of, str) or of not in shapes:
            raise InputError(f"of: give one of {', '.join(shapes)}")
        image = whole(request.get("image", 0), "image", 0, self._knobs.batch_size - 1)
        at = position(request.get("at"), shapes[of], of)
        return {"of": of, "at": at, "image": image, **self._next().why(of, image, at)}


def _arrays(tensors: dict[str, tf.Tensor]) -> dict[str, np.ndarray]:
    arrays = {name: value.numpy() for name, value in tensors.items()}
    if "l3" in arrays:
        arrays["l3"] = arrays["l3"].reshape(-1, *SHAPES["l3"])  # before it was (n, 2048)
    return arrays


def _build_look(weights: Weights) -> Callable:
    @tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 1], tf.float32)], autograph=False)
    def look(X: tf.Tensor) -> dict[str, tf.Tensor]:
        return activations(X, weights, 1.0, 1.0)

    return look
