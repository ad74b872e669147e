"""The scene of learning: its steps are the tutorial's, and every number of a step adds up."""

import json
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from mutations import mutated
from reference import cost_and_gradients, relative_error

from cnn_raw import InputError, cli, input_data
from cnn_raw.draw import last_run
from cnn_raw.draw.explain import SHAPES
from cnn_raw.draw.learning import Learning
from cnn_raw.draw.trainer import Trainer
from cnn_raw.runs.checkpoint import Checkpoints
from cnn_raw.runs.run import resume
from cnn_raw.runs.weights import load_slot, load_weights
from cnn_raw.settings import Settings
from cnn_raw.train import initial_state, train

SEVEN = {"strokes": [[[0.3, 0.2], [0.7, 0.2], [0.45, 0.85]]], "thickness": 0.08}
HE = {"op": "begin", "knobs": {"start": "he", "batch_size": 16}}
LAYERS = ("l1a", "l1", "l2a", "l2", "l3a", "l3", "l4", "py_x")


@pytest.fixture(scope="module")
def small_mnist(small_data):
    return input_data.read_data_sets(small_data, one_hot=True)


@pytest.fixture(scope="module")
def trainer(small_mnist):
    return Trainer(small_mnist, {})


@pytest.fixture(scope="module")
def step(trainer):
    """The step to come from the He start, and the trainer that will make it."""
    trainer.answer(HE)
    return trainer._next()


def test_steps_are_those_of_train_to_the_last_bit(small_mnist):
    settings = Settings(epochs=2, batch_size=50)
    state = initial_state(settings)
    costs = [epoch.cost for epoch in train(small_mnist, settings, state)]
    trainer = Trainer(small_mnist, {})
    trainer.answer({"op": "begin", "knobs": {"batch_size": 50}})
    reply = trainer.answer({"op": "step", "steps": 12})  # 300 images: six steps an epoch
    assert reply["step"] == 12
    found = np.array([cost for _, cost in reply["costs"]], np.float32).reshape(2, 6).mean(axis=1)
    np.testing.assert_array_equal(found, np.float32(costs))
    for ours, theirs in zip(trainer._weights, state.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_gradients_are_numpys(step):
    weights = [step.weights[name].astype(np.float64) for name in step.weights]
    masks = [step.found[f"l{k}_mask"] for k in (1, 2, 3, 4)]
    _, expected = cost_and_gradients(
        step.found["X"].astype(np.float64), step.labels, weights, masks, 0.8, 0.5
    )
    for (name, gradient), value in zip(step.by_weight.items(), expected, strict=True):
        assert relative_error(gradient, value) < 3e-6, name  # measured: 9e-7


@pytest.mark.parametrize("of", LAYERS)
def test_sums_of_a_layers_gradient_are_the_tapes(step, of):
    gradient = step.gradients[of]
    strongest = np.argsort(-np.abs(gradient), axis=None)[:3]
    places = [np.unravel_index(i, gradient.shape) for i in (*strongest, gradient.size // 3)]
    for image, *at in np.array(places).tolist():
        reply = step.why(of, image, at)
        assert abs(reply["difference"]) <= 1e-6 * np.abs(gradient).max()  # measured: 4e-7
        terms = reply.get("terms", reply.get("channels", []))
        if terms:
            name = "product" if "terms" in reply else "sum"
            shown = sum(term[name] for term in terms)
            assert shown + reply["rest"] == pytest.approx(reply["sum"], abs=1e-15)


@pytest.mark.parametrize("of", ["w", "w2", "w3", "w4", "w_o"])
def test_sums_of_a_weights_gradient_are_the_tapes(step, of):
    gradient = step.by_weight[of]
    for i in np.argsort(-np.abs(gradient), axis=None)[[0, 1, 9]]:
        at = np.array(np.unravel_index(i, gradient.shape)).tolist()
        reply = step.why(of, 0, at)
        assert abs(reply["difference"]) <= 1e-6 * np.abs(gradient).max()  # measured: 3e-7
        for term in reply["terms"]:
            passed = term.get("mask", 1) / term.get("keep", 1) * term["gate"]
            expected = term["input"] * term["gradient"] * passed
            assert term["product"] == pytest.approx(expected, rel=1e-12)
        assert sum(term["product"] for term in reply["terms"]) + reply["rest"] == pytest.approx(
            reply["sum"], abs=1e-15
        )


def test_max_pool_gives_its_gradient_to_the_one_it_took(step):
    row, column, channel = 6, 8, 3
    window = [step.why("l2a", 2, [row + a, column + b, channel]) for a in (0, 1) for b in (0, 1)]
    assert sum(reply["took"] for reply in window) == 1
    for reply in window:
        passed = reply["to"]["gradient"] * reply["mask"] / reply["keep"]
        assert reply["value"] == pytest.approx(passed if reply["took"] else 0, rel=1e-6)


def test_update_spelled_out_is_the_one_that_step_makes(trainer):
    trainer.answer(HE)
    before = {}
    for name, gradient in trainer._next().by_weight.items():
        at = np.array(np.unravel_index(np.abs(gradient).argmax(), gradient.shape)).tolist()
        before[name] = at, trainer.answer({"op": "why", "of": name, "at": at})["update"]
    shown = trainer.answer({"op": "backward", "image": 3})
    reply = trainer.answer({"op": "step"})
    assert reply["costs"][-1][1] == pytest.approx(shown["cost"], rel=1e-6)
    for name, (at, update) in before.items():
        after = getattr(trainer._weights, name).numpy()[tuple(at)]
        assert after == pytest.approx(update["new_weight"], rel=2e-7)
        assert update["new_weight"] == update["weight"] - update["change"] != update["weight"]


def test_backward_sends_columns_and_pictures_of_every_array(trainer):
    trainer.answer(HE)
    reply = trainer.answer({"op": "backward", "image": 5})
    assert reply["n"] == 16 and len(reply["labels"]) == len(reply["costs"]) == 16
    for layer in LAYERS:
        assert reply["gradients"][layer]["shape"] == list(SHAPES[layer])
        assert reply["layers"][layer]["shape"] == list(SHAPES[layer])
    assert reply["weights"]["w2"]["rms"]["shape"] == [3, 3, 32, 64]
    assert reply["weights"]["w4"]["gradient"]["shape"] == [256, 125]


def test_own_digits_are_learned_and_without_mnist_it_forgets(small_mnist):
    trainer = Trainer(small_mnist, {})
    own = {"op": "own", "digits": [{"source": SEVEN, "label": 7}]}
    knobs = {"start": "he", "batch_size": 32, "rms": 0}
    trainer.answer({"op": "begin", "knobs": knobs})
    trainer.answer({"op": "step", "steps": 40})
    trainer.answer({**own, "digits": [{"source": SEVEN, "label": 3}]})
    before = trainer.answer({"op": "pause"})
    trainer._models["before"] = trainer._weights
    shares = {}
    for share in (0.25, 1):
        trainer.answer({"op": "begin", "knobs": {**knobs, "start": "before"}})
        mixed = trainer.answer(
            {"op": "own", "digits": [{"source": SEVEN, "label": 3}], "share": share}
        )
        assert mixed["step"] == 0 and mixed["knobs"]["share"] == share
        trainer.answer({"op": "step", "steps": 20})
        after = trainer.answer({"op": "pause"})
        assert after["own"][0]["cost"] < before["own"][0]["cost"]
        shares[share] = after["tests"][-1][2]
    assert after["own"][0]["answer"] == 3
    assert shares[1] < shares[0.25] - 0.1  # forgotten


def test_knobs_may_be_whole_numbers_as_json_writes_them(small_mnist):
    trainer, costs = Trainer(small_mnist, {}), []
    for one in (1, 1.0):
        knobs = {"batch_size": 8, "learning_rate": one, "p_keep_conv": one, "p_keep_hidden": one}
        trainer.answer({"op": "begin", "knobs": knobs})
        trainer.answer({"op": "backward", "image": 0})
        costs.append(trainer.answer({"op": "step"})["costs"])
    assert costs[0] == costs[1]


def test_batch_is_of_mnists_images_in_their_order_and_then_ones_own_in_turn(small_mnist):
    trainer = Trainer(small_mnist, {})
    trainer.answer({"op": "begin", "knobs": {"batch_size": 8}})
    digits = [{"source": SEVEN, "label": label} for label in (3, 7, 1)]
    trainer.answer({"op": "own", "digits": digits, "share": 0.5})
    for first, own in ((0, [3, 7, 1, 3]), (8, [7, 1, 3, 7])):
        X, Y, *_ = trainer._batch()
        images = small_mnist.train.images[first : first + 4].reshape(-1, 28, 28, 1)
        np.testing.assert_array_equal(X[:4], images)
        np.testing.assert_array_equal(Y[:4], small_mnist.train.labels[first : first + 4])
        assert Y.numpy()[4:].argmax(axis=1).tolist() == own
        trainer.answer({"op": "step"})


def test_kept_training_is_a_run_that_test_and_draw_take(
    small_mnist, small_data, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    trainer = Trainer(small_mnist, {}, str(small_data))
    with pytest.raises(InputError, match="make a step first"):
        trainer.answer({"op": "keep"})
    trainer.answer({"op": "begin", "knobs": {"start": "he", "batch_size": 32, "rms": 0}})
    assert trainer.answer({"op": "step", "steps": 20})["kept"] is None
    reply = trainer.answer({"op": "keep", "full": True})
    assert last_run() == Path(reply["kept"])
    for name, var in load_weights(reply["kept"])._asdict().items():
        np.testing.assert_array_equal(var, getattr(trainer._weights, name))
    for slot in ("rms", "momentum"):
        for var, kept in zip(trainer._weights, load_slot(reply["kept"], slot), strict=True):
            np.testing.assert_array_equal(trainer._optimizer.get_slot(var, slot), kept)
    assert cli.main(["test", reply["kept"], "--data", str(small_data)]) == 0
    assert f"{reply['full'][1]:.2%}" in capsys.readouterr().out
    with resume(reply["kept"], epochs=2) as run:  # as train --resume does
        resumed = Checkpoints(run).state
        assert resumed.epoch == 1 and run.settings.batch_size == 32
        for var, kept in zip(trainer._weights, resumed.weights, strict=True):
            np.testing.assert_array_equal(var, kept)
    other = trainer.answer({"op": "keep"})["kept"]
    assert other != reply["kept"]  # never over another


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ([], "op"),
        ({"op": "rm"}, "op"),
        ({"op": "step", "steps": 101}, "steps"),
        ({"op": "begin", "knobs": {"rate": 1}}, "knobs"),
        ({"op": "begin", "knobs": {"start": "../x"}}, "start"),
        ({"op": "begin", "knobs": {"learning_rate": "fast"}}, "learning_rate"),
        ({"op": "begin", "knobs": {"batch_size": 129}}, "batch_size"),
        ({"op": "own", "digits": [{"source": SEVEN, "label": 10}]}, "label"),
        ({"op": "own", "digits": [3]}, "digits"),
        ({"op": "progress", "source": {"test": -1}}, "test"),
        ({"op": "backward", "image": 128}, "image"),
        ({"op": "why", "of": "w5"}, "of"),
        ({"op": "why", "of": "w4", "at": [1]}, "at"),
    ],
)
def test_bad_requests_get_one_line_and_change_nothing(trainer, request_, words):
    before = trainer.answer({"op": "progress"})
    with pytest.raises(InputError, match=words) as caught:
        trainer.answer(request_)
    assert "\n" not in str(caught.value)
    assert trainer.answer({"op": "progress"}) == before


def test_mutated_requests_get_an_answer_or_one_line(trainer):
    chance = random.Random(0)
    ops, answered, refused = ("begin", "own", "backward", "why", "progress", "pause"), 0, 0
    for _ in range(400):
        request = mutated(chance)
        if not isinstance(request, dict) or request.get("op") not in ops:
            continue
        try:
            json.dumps(trainer.answer(request), allow_nan=False)
            answered += 1
        except InputError as error:
            assert str(error) and "\n" not in str(error)
            refused += 1
    assert min(answered, refused) > 20


def when_started(learning, request):
    """The reply of a training whose process may still be starting."""
    while "starting" in (reply := learning.answer(request)):
        time.sleep(0.1)
    return reply


def test_process_that_is_starting_holds_no_request_up(small_data, first_epoch):
    learning = Learning({"one": first_epoch[0]}, small_data)
    try:
        assert learning.answer({"op": "progress"}) == {"starting": True}
        learning._process.send_signal(signal.SIGSTOP)  # now it would never start
        for request in ({"op": "begin"}, {"op": "step"}, {"op": "nonsense"}, []):
            assert learning.answer(request) == {"starting": True}
        folder = Path(learning._starting.name)
        assert list(folder.iterdir()) == [folder / "0.npz"]
    finally:
        learning.close()
    assert learning._process is None and not folder.exists()


def test_process_plays_until_paused_and_ends_with_its_input(small_data, first_epoch):
    learning = Learning({"one": first_epoch[0]}, small_data)
    try:
        request = {"op": "begin", "knobs": {"start": "one", "batch_size": 8}}
        begun = when_started(learning, request)
        assert begun["step"] == 0 and begun["tests"][0][2] > 0.85
        learning.answer({"op": "play"})
        deadline = time.monotonic() + 30
        while learning.answer({"op": "progress"})["step"] < 5:
            assert time.monotonic() < deadline
        paused = learning.answer({"op": "pause"})["step"]
        assert learning.answer({"op": "progress", "since": paused})["costs"] == []
        assert learning.answer({"op": "progress"})["step"] == paused
        with pytest.raises(InputError, match="steps"):
            learning.answer({"op": "step", "steps": 0})
        process = learning._process
        process.stdin.close()
        assert process.wait(10) == 0
        with pytest.raises(InputError, match="ended unexpectedly"):
            learning.answer({"op": "progress"})
    finally:
        learning.close()
    assert process.returncode != -signal.SIGKILL
