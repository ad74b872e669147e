"""The page as one file: it works offline, and its JavaScript computes what Python computes."""

import base64
import json

import drawings
import numpy as np
import pytest
import tensorflow as tf
from test_draw_page import draw, settle, tab, verdict

from cnn_raw import cli
from cnn_raw.cnn import Weights
from cnn_raw.draw import one_file
from cnn_raw.draw.bundle import script
from cnn_raw.draw.explain import EXPLAINED
from cnn_raw.draw.inside import Inside

pytestmark = pytest.mark.browser

DIGITS = 1000


@pytest.fixture(scope="module")
def exported(trained_npz, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    assert cli.main(["export", str(trained_npz), "--to", "page", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def half_inside(first_epoch, mnist):
    """Inside, with the weights as the file has them."""
    halves = (var.numpy().astype(np.float16).astype(np.float32) for var in first_epoch[0])
    return Inside({"weights.npz": Weights(*map(tf.Variable, halves))}, mnist.test)


@pytest.fixture(scope="module")
def engine(chromium, first_epoch, mnist):
    """Asks the JavaScript many requests at once: a list of requests to a list of replies."""
    weights = first_epoch[0]._asdict().items()
    images = np.rint(mnist.test.images[:DIGITS] * 255).astype(np.uint8)
    data = {
        "known": one_file.constants(),
        "name": "weights.npz",
        "weights": {key: one_file._half(key, var.numpy()) for key, var in weights},
        "tests": {
            "numbers": list(range(DIGITS)),
            "labels": mnist.test.labels[:DIGITS].argmax(axis=1).tolist(),
            "images": base64.b64encode(images.tobytes()).decode(),
        },
        "wrong": {},
    }
    page = chromium.new_page()
    source = script("engine.js") + "\nwindow.insideOf = insideOf; window.widened = widened;"
    page.set_content("<title>engine</title>")
    page.add_script_tag(content=source, type="module")
    page.wait_for_function("() => 'insideOf' in window")
    page.evaluate("data => { window.inside = insideOf(data); }", data)
    answered = "asks => JSON.stringify(asks.map(ask => inside.answer(ask)))"
    yield lambda asks: json.loads(page.evaluate(answered, asks)), page
    page.close()


def unpacked(packed):
    if "bytes" in packed:  # JSON makes of an Int8Array an object of its numbers
        values = np.array(list(packed["bytes"].values()), np.float64)
    else:
        values = np.frombuffer(base64.b64decode(packed["data"]), np.int8)
    return values.reshape(packed["shape"]) * packed["scale"]


def flat(value):
    """Every value of a reply, by its place in it; a packed array is one."""
    if isinstance(value, dict) and "scale" in value:
        yield "", value
        return
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    else:
        yield "", value
        return
    for key, one in inner:
        yield from ((f"{key}.{rest}", number) for rest, number in flat(one))


def test_probabilities_are_tensorflows_for_every_drawing_and_1000_test_digits(
    engine, half_inside, mnist
):
    ask, _ = engine
    X = tf.constant(mnist.test.images[:DIGITS].reshape(-1, 28, 28, 1))
    expected = tf.nn.softmax(half_inside._functions["weights.npz"](X)["py_x"]).numpy()
    replies = ask([{"op": "estimate", "source": {"test": i}} for i in range(DIGITS)])
    found = np.array([reply["probabilities"] for reply in replies])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))

    sources = [source for _, _, source in drawings.drawings()]
    steps = [{}, {"pen": False}, {"box": False, "center": False}, {"prepare": False}]
    asks = [
        {"op": "estimate", "source": source, "steps": steps[i % 4 if i % 3 == 0 else 0]}
        for i, source in enumerate(sources)
    ]
    found = [reply["probabilities"] for reply in ask(asks)]
    expected = [half_inside.answer(one)["probabilities"] for one in asks]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_every_reply_is_pythons(engine, half_inside):
    ask, _ = engine
    sources = [source for _, _, source in drawings.drawings()][::30]
    sources += [*drawings.side_by_side()][::10]
    places = {"X": [9, 14, 0], "l1a": [0, 13, 3], "l1": [13, 13, 5], "l2a": [13, 0, 60],
              "l2": [3, 6, 1], "l3a": [6, 3, 100], "l3": [3, 3, 7], "l4": [77], "py_x": [3],
              "softmax": [8]}  # fmt: skip
    assert places.keys() == EXPLAINED.keys()
    kernel = [[1, 0, -1], [2, 0.5, -2], [1, 0, -1]]
    each = [
        *({"op": "explain", "layer": layer, "at": at} for layer, at in places.items()),
        {"op": "explain", "layer": "py_x", "at": [3], "against": 8},
        *({"op": "try", "filter": kernel, "padding": padding, "stride": stride}
          for padding in ("SAME", "VALID") for stride in (1, 2)),
        {"op": "stages"}, {"op": "stages", "steps": {"prepare": False}},
        {"op": "layers"}, {"op": "filters"}, {"op": "estimate"},
    ]  # fmt: skip
    asks = [{"source": source, **one} for source in sources for one in each]
    only_tensorflow = ("conv2d", "matmul", "difference")  # null in JavaScript
    for one, found in zip(asks, ask(asks), strict=True):
        expected = dict(flat(half_inside.answer(one)))
        for key, value in flat(found):
            if key.rstrip(".") in only_tensorflow:
                continue
            assert key in expected, (one, key)
            if isinstance(value, dict):
                step = expected[key]["scale"]  # of an array's bytes
                np.testing.assert_allclose(
                    unpacked(value), unpacked(expected[key]), rtol=0, atol=1.01 * step + 1e-5
                )
            elif isinstance(value, int | float) and not isinstance(value, bool):
                # Measured: 2e-6 of the largest logit.
                assert value == pytest.approx(expected[key], rel=1e-5, abs=1e-5), (one, key)
            else:
                assert value == expected[key], (one, key)


def test_every_float16_is_widened_exactly(engine):
    _, page = engine
    halves = np.arange(65536, dtype=np.uint16)
    halves = halves[np.isfinite(halves.view(np.float16))]
    found = page.evaluate(
        "halves => Array.from(new Uint32Array(widened(Uint16Array.from(halves)).buffer))",
        halves.tolist(),
    )
    expected = halves.view(np.float16).astype(np.float32).view(np.uint32)
    np.testing.assert_array_equal(np.array(found, np.uint32), expected)


def test_file_works_from_disk_without_network_and_shares_its_link(chromium, exported):
    assert exported.stat().st_size <= 4_000_000
    with chromium.new_context(offline=True, reduced_motion="reduce") as context:
        page = context.new_page()
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(exported.as_uri())
        settle(page)
        draw(page)
        assert verdict(page).startswith("3")
        page.get_by_role("button", name="l2a").click()
        settle(page)
        said = page.locator(".number").inner_text()
        assert "sum of all products" in said and "tf.nn" not in said  # there is none here
        assert not page.get_by_label("dropout", exact=False).first.is_visible()
        for name in page.get_by_role("tab").all_inner_texts():
            tab(page, name)
        page.get_by_role("button", name="Test digit", exact=False).first.click()
        settle(page)
        assert "but it is a" in verdict(page)
        page.get_by_role("button", name="Learn", exact=True).click()
        assert page.get_by_text("Training needs TensorFlow", exact=False).is_visible()
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert complaints == []


def test_file_says_that_it_needs_javascript(chromium, exported):
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(exported.as_uri())
        assert "JavaScript" in page.locator("body").inner_text()


def test_existing_file_and_weights_that_are_too_large_are_refused(exported, tmp_path, capsys):
    before = exported.read_bytes()
    arguments = ["export", str(exported.parent), "--to", "page", str(exported)]
    assert cli.main(arguments) == 2
    assert exported.read_bytes() == before and "already exists" in capsys.readouterr().err
    assert json.loads(json.dumps(one_file.constants()))["SIZE"] == 112
    with pytest.raises(Exception, match=r"65,504"):
        one_file._half("w", np.float32([1e5]))
