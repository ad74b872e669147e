"""The drawing page's Python side: its numbers are the network's own, and nothing takes it down."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from drawings import STRETCH, accuracies, drawings, side_by_side
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import relative_error
from starlette.requests import Request
from starlette.testclient import TestClient

from cnn_raw import InputError
from cnn_raw.cnn import Weights, model
from cnn_raw.draw import server
from cnn_raw.draw.explain import SHAPES
from cnn_raw.draw.inside import Inside
from cnn_raw.draw.photo import prepare_picture
from cnn_raw.draw.prepare import MOST_INK, box_of
from cnn_raw.draw.source import digit_of
from cnn_raw.draw.strokes import fit, rasterise
from cnn_raw.look.activations import LAYERS

SEVEN = [[[0.3, 0.2], [0.7, 0.2], [0.45, 0.85]]]
DRAWN = {"strokes": SEVEN, "thickness": 0.08}
ADDRESS = "http://127.0.0.1:8000"
KEEP_ALL = tf.constant(1.0)


@pytest.fixture(scope="module")
def weights(first_epoch):
    return Weights(*map(tf.Variable, first_epoch[0]))


@pytest.fixture(scope="module")
def inside(weights, mnist):
    return Inside({"first": weights}, mnist.test)


@pytest.fixture(scope="module")
def client(inside):
    return TestClient(server.application(inside.answer), base_url=ADDRESS)


def unpacked(packed):
    data = np.frombuffer(base64.b64decode(packed["data"]), np.int8)
    return data.reshape(packed["shape"]) * packed["scale"]


# --- Strokes ------------------------------------------------------------------------------------


def test_rasterise_draws_a_line_of_the_thickness_asked_for():
    picture = rasterise([[(0.25, 0.5), (0.75, 0.5)]], thickness=0.1, size=100)
    assert picture.shape == (100, 100) and picture.dtype == np.float32
    # Ten pixels wide across the middle; from 25 to 75 and half a circle at each end along it.
    np.testing.assert_allclose(picture[:, 50].sum(), 10, atol=0.01)  # measured: 0.000
    np.testing.assert_allclose(picture.sum(), 50 * 10 + np.pi * 25, rtol=0.005)  # measured: 0.1 %
    assert picture[45:55, 30:70].min() == 1 and picture[:44].max() == 0


def test_rasterise_draws_a_dot_and_cuts_off_what_is_outside():
    assert rasterise([[(0.5, 0.5)]], thickness=0.2)[56, 56] == 1
    assert rasterise([[(-2, 0.5), (2, 0.5)]])[56].min() == 1
    assert not rasterise([[(1.5, 1.5), (1.9, 1.7)]]).any()
    assert not rasterise([]).any()


def test_rasterise_does_not_depend_on_how_finely_a_stroke_is_cut():
    ends = np.array([[0.2, 0.3], [0.8, 0.6]])
    fine = ends[0] + np.linspace(0, 1, 500)[:, None] * (ends[1] - ends[0])
    difference = rasterise([fine.tolist()]) - rasterise([ends.tolist()])
    assert np.abs(difference).max() < 1e-3  # measured: 5e-5


def test_fit_gives_a_digit_of_any_size_place_and_pen_the_same_picture():
    expected = rasterise(*fit(SEVEN, 0.08))
    for size, place, pen in (
        (0.05, (0.9, 0.1), 0.01),
        (0.4, (0, 0.5), 0.3),
        (1.2, (-0.1, 0), 0.13),
    ):
        moved = [[[size * x + place[0], size * y + place[1]] for x, y in SEVEN[0]]]
        fitted = rasterise(*fit(moved, pen))
        np.testing.assert_allclose(fitted, expected, rtol=0, atol=1e-12)  # measured: 0
    top, left, bottom, right = box_of(expected)
    assert (top, bottom) == (16, 96)  # 80 of the 112 pixels, in the middle
    assert left + right == 112
    column = expected[:, (left + right) // 2]
    assert column[:30].sum() == pytest.approx(8)  # its pen: 0.10 of 80


def test_fit_leaves_a_dot_alone_and_an_accidental_touch_out():
    for dot in ([[[0.5, 0.5]]], [[[0.5, 0.5], [0.51, 0.5]]], []):
        assert fit(dot, 0.08) == (dot, 0.08)
    touched = [*SEVEN, [[0.05, 0.95], [0.06, 0.95]]]
    assert fit(touched) == fit(SEVEN)


def test_prepared_drawings_are_recognised(inside):
    every = accuracies(inside)
    shares = every["all"]
    # After one epoch, of 270 drawings: 63 % only shrunk, 95.9 % prepared (99.6 % after twelve).
    assert shares["prepared"] >= 0.95
    by_way = {by["prepared"] for way, by in every.items() if way not in (*STRETCH, "all")}
    assert len(by_way) == 1  # whatever the size, the place and the pen
    assert shares["prepared"] > shares["only shrunk"] + 0.25


# --- Inside -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [None, 7])
def test_activations_are_the_models_own(inside, weights, mnist, seed):
    request = {"op": "layers", "source": {"test": 4}}
    X = mnist.test.images[4].reshape(1, 28, 28, 1)
    if seed is None:
        py_x = model(X, *weights, KEEP_ALL, KEEP_ALL)
    else:
        request["dropout"] = {"seed": seed}
        arrays = [var.numpy() for var in weights]
        with tf.Graph().as_default() as graph:
            tf.compat.v1.set_random_seed(seed)
            values = [tf.constant(array) for array in arrays]
            logits = model(tf.constant(X), *values, tf.constant(0.8), tf.constant(0.5))
            with tf.compat.v1.Session(graph=graph) as sess:
                py_x = sess.run(logits)
    found = inside._run(request)
    np.testing.assert_array_equal(found["X"], X)  # MNIST's own come out as they went in
    # Measured, of the largest logit: 0 without dropout; 7.2e-8 with it, where TensorFlow
    # optimizes the two graphs apart.
    assert relative_error(found["py_x"], py_x) <= (3e-7 if seed else 0)
    layers = inside.answer(request)["layers"]
    assert tuple(layers) == LAYERS
    for name in LAYERS:
        assert found[name].shape[1:] == SHAPES[name] == tuple(layers[name]["shape"])
        scale = layers[name]["scale"]
        np.testing.assert_allclose(unpacked(layers[name]), found[name][0], atol=scale / 2 * 1.001)


def test_dropout_draws_the_same_masks_for_a_seed_and_leaves_the_programs_seed_alone(inside):
    request = {"op": "layers", "source": {"test": 1}, "dropout": {"seed": 3}}
    tf.random.set_seed(5)
    expected = tf.random.uniform([4], seed=1).numpy()
    tf.random.set_seed(5)
    assert inside.answer(request) == inside.answer(request)
    assert inside.answer(request) != inside.answer({**request, "dropout": {"seed": 4}})
    assert inside._dropping["first"].experimental_get_tracing_count() == 1
    np.testing.assert_array_equal(tf.random.uniform([4], seed=1).numpy(), expected)


@pytest.mark.parametrize("layer", ["l1a", "l2a", "l3a"])
def test_products_of_a_convolution_sum_to_what_conv2d_returned(inside, layer):
    height, width, channels = SHAPES[layer]
    for at in ([0, 0, 1], [height // 2, width // 2, channels - 1], [height - 1, width - 1, 0]):
        request = {"op": "explain", "source": {"test": 7}, "layer": layer, "at": at}
        reply = inside.answer(request)
        listed = [np.sum(one["products"]) for one in reply["channels"]]
        np.testing.assert_allclose(listed, [one["sum"] for one in reply["channels"]], atol=1e-12)
        assert sum(listed) + reply["rest"] == pytest.approx(reply["sum"], abs=1e-12)
        assert abs(reply["difference"]) < 1e-6  # measured: 2e-7
        assert reply["value"] == reply["relu"] == max(reply["conv2d"], 0)
        for one in reply["channels"]:
            products = np.array(one["patch"], float) * np.array(one["filter"])
            np.testing.assert_allclose(np.nan_to_num(products), one["products"], atol=1e-7)
        outside = [cell is None for row in reply["channels"][0]["patch"] for cell in row]
        assert sum(outside) == (5 if at[0] in (0, height - 1) else 0)  # padding in a corner


@pytest.mark.parametrize("layer", ["l1", "l2", "l3"])
@pytest.mark.parametrize("dropout", [None, {"seed": 2}])
def test_pool_shows_its_candidates_and_what_dropout_did(inside, layer, dropout):
    height, width, channels = SHAPES[layer]
    request = {"op": "explain", "source": {"test": 7}, "layer": layer, "dropout": dropout}
    masks = []
    for c in range(0, channels, 3):
        reply = inside.answer({**request, "at": [height // 2, width // 2, c]})
        cells = [cell for row in reply["candidates"] for cell in row if cell is not None]
        assert len(cells) == 4 and reply["largest"] == max(cells)
        row, column = reply["chosen"]
        assert reply["candidates"][row][column] == reply["largest"]
        scaled = reply["largest"] / reply["keep"] if reply["mask"] else 0
        assert reply["value"] == pytest.approx(scaled, rel=3e-7)  # measured: 1.2e-7, one ulp
        masks.append(reply["mask"])
    assert reply["keep"] == (0.8 if dropout else 1)
    assert (0 in masks) == bool(dropout)


def test_pool_of_an_odd_side_ends_with_nothing(inside):
    reply = inside.answer({"op": "explain", "source": {"test": 0}, "layer": "l3", "at": [3, 3, 0]})
    assert [cell is None for row in reply["candidates"] for cell in row] == [False, *3 * [True]]


@pytest.mark.parametrize("layer", ["l4", "py_x"])
def test_products_of_a_dense_layer_sum_to_what_matmul_returned(inside, layer):
    for unit in (0, 3, 9):
        reply = inside.answer({"op": "explain", "source": DRAWN, "layer": layer, "at": [unit]})
        listed = sum(one["product"] for one in reply["inputs"])
        assert listed + reply["rest"] == pytest.approx(reply["sum"], abs=1e-12)
        assert abs(reply["difference"]) < 6e-6  # measured: 1e-6 in two threads, 4.4e-6 in one
        assert len(reply["inputs"]) + reply["others"] == {"l4": 2048, "py_x": 625}[layer]
        weights = [abs(one["product"]) for one in reply["inputs"]]
        assert weights == sorted(weights, reverse=True)


def test_one_logit_against_another_is_their_difference(inside):
    request = {"op": "explain", "source": DRAWN, "layer": "py_x", "at": [3]}
    three, eight = (inside.answer({**request, "at": [k]}) for k in (3, 8))
    both = inside.answer({**request, "against": 8})
    for name in ("value", "sum", "matmul"):
        assert both[name] == pytest.approx(three[name] - eight[name], abs=1e-9)
    assert both["against"] == 8


def test_pixel_is_that_of_the_image(inside, mnist):
    reply = inside.answer({"op": "explain", "source": {"test": 7}, "layer": "X", "at": [14, 14, 0]})
    assert reply["value"] == mnist.test.images[7].reshape(28, 28)[14, 14]


def test_softmax_is_explained_by_its_logits(inside):
    estimate = inside.answer({"op": "estimate", "source": DRAWN})["probabilities"]
    for k in (0, 7):
        reply = inside.answer({"op": "explain", "source": DRAWN, "layer": "softmax", "at": [k]})
        assert reply["value"] == estimate[k]
        expected = np.exp(reply["logits"][k]) / np.sum(np.exp(reply["logits"]))
        assert reply["sum"] == pytest.approx(expected, rel=1e-12)
        assert abs(reply["difference"]) < 3e-6 * reply["sum"]  # measured: 7e-7


def test_picture_is_prepared_as_predict_prepares_it(inside):
    photo = np.uint8(255 - 200 * rasterise(SEVEN, 0.06, 300))
    source = {"picture": {"shape": [300, 300], "data": base64.b64encode(photo).decode()}}
    reply = inside.answer({"op": "estimate", "source": source})
    assert np.argmax(reply["probabilities"]) == 7
    image = unpacked(inside.answer({"op": "stages", "source": source})["image"])
    np.testing.assert_allclose(image, prepare_picture(photo).image, atol=1 / 254)


def test_try_is_the_readers_filter(inside, mnist):
    blur = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    X = mnist.test.images[3].reshape(1, 28, 28, 1)
    for padding, stride, shape in (("SAME", 1, 28), ("SAME", 2, 14), ("VALID", 2, 13)):
        request = {"op": "try", "source": {"test": 3}, "padding": padding, "stride": stride}
        reply = inside.answer({**request, "filter": blur})
        assert reply["shape"] == [shape, shape]
        w = np.float32(blur).reshape(3, 3, 1, 1)
        expected = tf.nn.conv2d(X, w, stride, padding)[0, :, :, 0]
        scale = reply["map"]["scale"]
        np.testing.assert_allclose(unpacked(reply["map"]), expected, atol=scale / 2 * 1.001)


def test_wrong_finds_all_that_the_network_gets_wrong_a_few_at_a_time(inside, first_epoch, mnist):
    _, epoch = first_epoch
    digits, reply = [], {"looked": 0, "done": False}
    while not reply["done"]:
        before = reply["looked"]
        reply = inside.answer({"op": "wrong", "after": before})
        assert before < reply["looked"] <= before + 250
        digits += reply["digits"]
    assert len({one["test"] for one in digits}) == round(10_000 * (1 - epoch.test_accuracy))
    for one in digits:
        assert one["label"] == mnist.test.labels[one["test"]].argmax() != one["answer"]
    image = unpacked(digits[0]["image"])
    np.testing.assert_allclose(image.ravel(), mnist.test.images[digits[0]["test"]], atol=0.005)
    assert inside.answer({"op": "wrong", "after": before}) is reply  # it is kept


def test_steps_can_be_switched_off(inside):
    small = {"strokes": [[[x * 0.4, y * 0.4] for x, y in SEVEN[0]]], "thickness": 0.05}

    def stages(**steps):
        return inside.answer({"op": "stages", "source": small, "steps": steps})

    on = unpacked(stages()["image"])
    for step in ("pen", "box", "center", "prepare"):
        assert not np.array_equal(unpacked(stages(**{step: False})["image"]), on), step
    assert stages(center=False)["shift"] == [0, 0] != stages(box=False)["shift"]


def test_look_answers_each_ask_as_if_it_were_alone_and_computes_once(inside, monkeypatch):
    asks = [
        {"op": "estimate"},
        {"op": "layers"},
        {"op": "explain", "layer": "l2a", "at": [3, 4, 5]},
    ]
    common = {"source": DRAWN, "steps": {"center": False}}
    alone = [inside.answer({**common, **ask}) for ask in asks]
    runs, function = [], inside._functions["first"]
    monkeypatch.setitem(inside._functions, "first", lambda X: runs.append(X) or function(X))
    assert inside.answer({"op": "look", **common, "asks": asks}) == {"replies": alone}
    assert len(runs) == 1


def test_empty_canvas_is_said_to_be_empty(inside):
    for strokes in ([], [[]]):
        assert inside.answer({"op": "estimate", "source": {"strokes": strokes}})["empty"]
    assert not inside.answer({"op": "estimate", "source": DRAWN})["empty"]


def test_scribble_with_more_ink_than_any_digit_and_several_digits_are_warned_of(inside, mnist):
    lines = [[[0.2, y / 100], [0.8, y / 100]] for y in range(20, 80, 4)]
    scribble = {"strokes": lines, "thickness": 0.08}
    assert inside.answer({"op": "estimate", "source": scribble})["warning"] == "tooMuchInk"
    assert inside.answer({"op": "estimate", "source": DRAWN})["warning"] is None
    sources = [*side_by_side(), *(source for _, _, source in drawings())]
    warnings = [digit_of(source, None, mnist.test).warning for source in sources]
    assert warnings == ["severalDigits"] * 30 + [None] * 270
    two = 255 - np.uint8(255 * np.hstack(mnist.test.images[:2].reshape(2, 28, 28)))
    picture = {"shape": list(two.shape), "data": base64.b64encode(two).decode()}
    request = {"op": "estimate", "source": {"picture": picture}}
    assert inside.answer(request)["warning"] == "severalDigits"
    most = max(part.images.mean(axis=1).max() for part in mnist)
    assert most == pytest.approx(0.398, abs=0.001) and most < MOST_INK


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"op": "rm"}, "op 'rm'"),
        ({"op": 3}, "op"),
        ({"source": None}, "source"),
        ({"source": {"test": 10_000}}, "from 0 to 9999"),
        ({"source": {"test": True}}, "from 0 to 9999"),
        ({"source": {"strokes": [[[0, 0, 0]]]}}, "points"),
        ({"source": {"strokes": [[[0, "a"]]]}}, "strokes"),
        ({"source": {"strokes": [[[0, 1e9]]]}}, "within"),
        ({"source": {"strokes": [[[0, 10**400]]]}}, "within"),
        ({"source": {"strokes": [[[0, 0], [1]]]}}, "strokes"),
        ({"source": {"strokes": [[[0, 0]] * 20_001]}}, "at most 20,000"),
        ({"source": {**DRAWN, "thickness": 0}}, "thickness"),
        ({"source": {**DRAWN, "thickness": float("nan")}}, "thickness"),
        ({"source": {**DRAWN, "thickness": [0.1]}}, "thickness"),
        ({"steps": {"box": "no"}}, "steps"),
        ({"steps": [1]}, "steps"),
        ({"source": {"picture": [1]}}, "picture"),
        ({"source": {"picture": {"shape": [2, 2], "data": "AAAA"}}}, "3 bytes do not fit"),
        ({"source": {"picture": {"shape": [2, 2], "data": "?"}}}, "base64"),
        ({"source": {"picture": {"shape": [2, 9999], "data": ""}}}, "from 1 to 512"),
        ({"model": "../weights"}, "model"),
        ({"dropout": {"seed": -1}}, "dropout seed"),
        ({"dropout": 5}, "dropout seed"),
        ({"op": "explain", "layer": "l9", "at": [0]}, "layer"),
        ({"op": "explain", "layer": "l1", "at": [14, 0, 0]}, "from 0 to 13"),
        ({"op": "explain", "layer": "l1", "at": [0]}, "3 whole numbers"),
        ({"op": "explain", "layer": "l4", "at": [0], "against": 1}, "against"),
        ({"op": "explain", "layer": "py_x", "at": [0], "against": 10}, "from 0 to 9"),
        ({"op": "wrong", "after": 10_001}, "from 0 to 10000"),
        ({"op": "try", "filter": [[1, 2], [3, 4]]}, "three rows"),
        ({"op": "try", "filter": [[1e9] * 3] * 3}, "within"),
        ({"op": "try", "filter": [[0] * 3] * 3, "padding": "FULL"}, "SAME or VALID"),
        ({"op": "try", "filter": [[0] * 3] * 3, "stride": 3}, "stride"),
        ({"op": "look"}, "asks"),
        ({"op": "look", "asks": [1]}, "asks"),
        ({"op": "look", "asks": [{"op": "state"}] * 11}, "at most 10"),
        ({"op": "look", "asks": [{"op": "look", "asks": []}]}, "any but look"),
        ({"op": "look", "asks": [{"op": ["state"]}]}, "any but look"),
        ({"op": "look", "asks": [{"op": "layers", "model": 1}]}, "model"),
    ],
)
def test_bad_requests_get_one_line(inside, change, words):
    with pytest.raises(InputError, match=words) as caught:
        inside.answer({"op": "estimate", "source": DRAWN, **change})
    assert "\n" not in str(caught.value)


# --- Server -------------------------------------------------------------------------------------


def post(client, content, **headers):
    return client.post(
        "/api", content=content, headers={"content-type": "application/json"} | headers
    )


def test_server_answers_and_serves_its_files_with_the_headers_of_safety(client):
    reply = post(client, json.dumps({"op": "state"}))
    assert reply.status_code == 200 and reply.json()["models"] == ["first"]
    for path in server.FILES:
        answer = client.get(path)
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "://" not in answer.text.replace("http://www.w3.org", "")  # no outside resources


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "/index.html",
        "/static/draw.js",
        "/../inside.py",
        "/%2e%2e/inside.py",
        "/api/../cli.py",
    ],
)
def test_server_serves_nothing_else(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example:8000"}, 403),
        ({"host": "127.0.0.1.evil.example:8000"}, 403),
        ({"host": "127.0.0.1:8000@evil.example"}, 403),
        ({"host": "127.0.0.1"}, 200),  # port 80
        ({"host": "127.0.0.1", "origin": "http://127.0.0.1"}, 200),
        ({"host": "127.0.0.1", "origin": "http://127.0.0.1:8000"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "multipart/form-data"}, 415),
        ({"origin": ADDRESS}, 200),
        ({"host": "localhost:8000", "origin": "http://localhost:8000"}, 200),
    ],
)
def test_server_refuses_other_hosts_pages_and_types(client, headers, status):
    assert post(client, b'{"op": "state"}', **headers).status_code == status


def test_server_refuses_large_bodies_also_in_chunks(client):
    answer = post(client, b" " * 1_000_001)
    assert answer.status_code == 400 and "1,000,000 bytes" in answer.json()["error"]
    read = []

    async def receive():  # the client above joins chunks
        read.append(1000)
        return {"type": "http.request", "body": b" " * 1000, "more_body": True}

    with pytest.raises(InputError, match="1,000,000 bytes"):
        server._body(Request({"type": "http"}, receive)).send(None)  # nothing in it waits
    assert sum(read) == 1_001_000


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"op": NaN}', b"[1]", b"null", b'"op"', b"1e999"]
)
def test_server_survives_rubbish(client, body):
    answer = post(client, body)
    assert answer.status_code == 400 and "\n" not in answer.json()["error"]


def test_server_says_what_failed_and_never_calls_good_json_bad():
    def fails(question):
        raise ValueError("a fault of ours")

    client = TestClient(server.application(fails), base_url=ADDRESS, raise_server_exceptions=False)
    answer = post(client, b"{}")
    assert answer.status_code == 500 and "a fault of ours" in answer.json()["error"]
    assert "content-security-policy" in answer.headers
    assert "not JSON" in post(client, b"{").json()["error"]


def test_a_step_of_training_holds_nobody_up():
    begun, end = threading.Event(), threading.Event()

    def learn(question):
        begun.set()
        assert end.wait(20)
        return {"learned": question["op"]}

    app = server.application(lambda question: {"answered": question["op"]}, learn)
    client = TestClient(app, base_url=ADDRESS)
    with ThreadPoolExecutor(1) as other:
        step = other.submit(post, client, b'{"op": "step"}')
        assert begun.wait(20)
        assert post(client, b'{"op": "estimate"}').json() == {"answered": "estimate"}
        assert not step.done()
        end.set()
        assert step.result().json() == {"learned": "step"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
NAMES = ("source", "steps", "model", "dropout", "layer", "at", "against", "filter", "padding",
         "stride", "after", "asks")  # fmt: skip
GOOD = {
    "source": DRAWN, "layer": "l2a", "at": [1, 2, 3], "filter": [[1, 0, 1]] * 3, "stride": 1,
}  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    op=st.sampled_from(sorted(Inside({}, None)._ops)),
    changes=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3),
    inner=st.dictionaries(
        st.sampled_from(["strokes", "thickness", "test", "picture"]), JSON, max_size=2
    ),
)
def test_any_json_gets_an_answer_or_one_line(client, op, changes, inner):
    request = {"op": op, **GOOD, **changes}
    if inner:
        request["source"] = {**DRAWN, **inner}
    answer = post(client, json.dumps(request))
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert answer.json()["error"] and "\n" not in answer.json()["error"]


def test_listen_says_in_one_line_that_a_port_is_taken():
    with server.listen(0) as taken:
        port = taken.getsockname()[1]
        assert taken.getsockname()[0] == "127.0.0.1"
        with pytest.raises(InputError, match=f"port {port}: cannot be listened on"):
            server.listen(port)
    with pytest.raises(InputError, match="port 70000"):
        server.listen(70000)
