"""Modules of the page, each alone in a browser: no server, and no network."""

from pathlib import Path

import numpy as np
import pytest

from cnn_raw import draw
from cnn_raw.draw import messages, one_file, prepare

pytestmark = pytest.mark.browser

STATIC = Path(draw.__file__).parent / "static"
PAGE = "http://page.test/"


@pytest.fixture(scope="module")
def run(chromium):
    """Returns what a JavaScript function, which may import modules of the page, returns."""
    page = chromium.new_page(locale="en-US")

    def serve(route):
        name = route.request.url.removeprefix(PAGE)
        if name.endswith(".js"):
            route.fulfill(path=STATIC / name)
        else:
            route.fulfill(body="<title>modules</title>", content_type="text/html")

    page.route(f"{PAGE}**", serve)
    page.goto(PAGE)
    yield page.evaluate
    page.close()


def test_arrays_come_out_as_python_packed_them_channel_by_channel(run):
    array = np.random.default_rng(1).normal(size=(3, 4, 5)).astype(np.float32)
    whole, channels = run(
        """async (packed) => {
            const { unpacked, channel } = await import("./arrays.js");
            const map = unpacked(packed);
            const numbers = (bytes) => [...bytes].map((v) => v * map.scale);
            return [numbers(map.bytes), [0, 1, 2, 3, 4].map((c) => numbers(channel(map, c)))];
        }""",
        messages.packed(array),
    )
    bound = np.abs(array).max() / 253  # half a step of 127
    np.testing.assert_allclose(whole, array.ravel(), rtol=0, atol=bound)
    for c, values in enumerate(channels):
        np.testing.assert_allclose(values, array[..., c].ravel(), rtol=0, atol=bound)


def test_numbers_packed_on_the_page_are_those_within_its_scale(run):
    """And what is beyond a largest value that was given is shown as that."""
    own, most = run(
        """async () => {
            const { toPacked, toBytes, unpacked } = await import("./arrays.js");
            const { bytes, scale } = unpacked(toPacked([0, -2, 1, 4], [2, 2]));
            return [[...bytes].map((v) => v * scale), [...toBytes([-3, 1, 9], 2)]];
        }"""
    )
    np.testing.assert_allclose(own, [0, -2, 1, 4], rtol=0, atol=4 / 253)
    assert most == [-127, 64, 127]


def test_knobs_give_the_values_that_they_show_and_show_those_that_are_given(run):
    knobs = {
        "start": {"2016 (0.01)": "2016", "He: \u221a(2 / inputs)": "he", "mine": "mine"},
        "rms": {"1 (2016)": 1, "0": 0},
        "learning_rate": {"0.001": 0.001, "0.0001": 0.0001, "0.003": 0.003, "0.01": 0.01},
        "p_keep_conv": {"0.8": 0.8, "1 (off)": 1, "0.5": 0.5},
        "p_keep_hidden": {"0.5": 0.5, "1 (off)": 1, "0.8": 0.8},
    }
    first, found, batches, shown = run(
        """async () => {
            const { KnobsRow } = await import("./knobs.js");
            let last = null;
            const row = new KnobsRow(["mine"], (values) => { last = values; });
            const [first, found] = [row.values(), {}];
            const choose = (name, input, value) => {
                input.value = value;
                input.dispatchEvent(new Event("change"));
                return last[name];
            };
            for (const [name, input] of row.knobs.filter(([, input]) => input.options)) {
                found[name] = Object.fromEntries([...input.options].map((option) =>
                    [option.textContent, choose(name, input, option.value)]));
            }
            const batch = row.knobs.find(([name]) => name === "batch_size")[1];
            const batches = [16, 0, 129].map((n) => choose("batch_size", batch, n));
            row.show({ start: "he", rms: 0, learning_rate: 0.003, p_keep_conv: 1, batch_size: 7 });
            return [first, found, batches, row.values()];
        }"""
    )
    start = {"start": "2016", "rms": 1, "learning_rate": 0.001, "batch_size": 128}
    assert first == {**start, "p_keep_conv": 0.8, "p_keep_hidden": 0.5}
    assert found == knobs
    assert batches == [16, 1, 128]
    assert shown == {
        "start": "he", "rms": 0, "learning_rate": 0.003, "p_keep_conv": 1, "p_keep_hidden": 0.8,
        "batch_size": 7,
    }  # fmt: skip


LOOKS = """async (faults) => {
    const { Looks } = await import("./looks.js");
    const [asked, shown, stale, busy] = [[], {}, [], []];
    const section = (name, ...asks) =>
        ({ asks: () => asks, show: (...replies) => { shown[name] = replies; } });
    const ask = async (look) => {
        asked.push(look.asks.join());
        const fault = faults.shift();
        await new Promise((done) => { setTimeout(done, fault?.slow ?? 5); });
        if (fault?.message) throw Object.assign(new Error(fault.message), fault);
        return { replies: look.asks.map((one) => `${one}!`) };
    };
    const looks = new Looks(ask, () => ({ source: 1 }), (n) => busy.push(n), (t) => stale.push(t));
    const [one, two] = [section("one", "a"), section("two", "b", "c")];
    const settled = () => new Promise((done) => { setTimeout(done, 60); });
"""


def test_looks_ask_for_what_is_wanted_newest_and_hand_each_section_its_replies(run):
    asked, shown, stale, busy = run(
        LOOKS
        + """looks.refresh(one, two);
            for (let i = 0; i < 3; i++) looks.refresh(two);  // while the first is under way
            await settled();
            return [asked, shown, stale, busy];
        }""",
        [],
    )
    assert asked == ["a,b,c", "b,c"]
    assert shown == {"one": ["a!"], "two": ["b!", "c!"]}
    assert stale == ["", ""] and busy == [1, -1]


def test_looks_say_a_fault_and_ask_again_if_nobody_answered_until_their_end(run):
    asked, shown, stale = run(
        LOOKS
        + """const set = window.setTimeout;
            const shorter = { 2000: 20, 1500: 30 };  // until it asks again, until it says it waits
            window.setTimeout = (f, ms) => set(f, shorter[ms] ?? ms);
            looks.refresh(one, two);
            await settled(); await settled();
            looks.refresh(two);
            await settled();
            looks.refresh(one);
            await settled();
            looks.end();
            looks.refresh(one);
            await settled();
            window.setTimeout = set;
            return [asked, shown, stale];
        }""",
        [{"message": "gone", "again": True}, None, {"message": "refused"}, {"slow": 45}],
    )
    assert asked == ["a,b,c", "a,b,c", "b,c", "a"]
    assert shown == {"one": ["a!"], "two": ["b!", "c!"]}
    assert stale == ["gone", "", "refused", "Waiting for an answer \u2026", ""]


def test_preparation_names_each_step_and_says_where_the_digit_was_moved(run):
    stages = {
        name: messages.packed(np.eye(*shape, dtype=np.float32))
        for name, shape in zip(
            ("raw", "ink", "small", "image"), ((40, 56), (40, 56), (20,), (28,)), strict=True
        )
    }
    steps, pen, said, boxed = run(
        """async (stages) => {
            const { preparationSection } = await import("./preparation.js");
            const pens = [];
            const pad = { thickness: 0.08, setThickness: (value) => pens.push(value) };
            const page = { pad, refresh: () => {} };
            const { element, show } = preparationSection(page);
            const steps = {};
            for (const label of element.querySelectorAll("label")) {
                const box = label.querySelector("input");
                if (!box) continue;
                box.checked = false;
                steps[label.textContent.trim()] = Object.entries(page.steps())
                    .filter(([, on]) => !on).map(([name]) => name).join();
                box.checked = true;
            }
            const thickness = element.querySelector("input[type=range]");
            thickness.value = 14;
            thickness.dispatchEvent(new Event("input"));
            show({ ...stages, box: [0.25, 0.5, 0.75, 1], shift: [-2, 3] });
            const canvas = element.querySelectorAll("canvas")[1];
            const { data, width, height } = canvas.getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height);
            const [x, y] = [[], []];
            for (let i = 0; i < data.length; i += 4) {
                if (data[i] === 0xd1 && data[i + 1] === 0x49 && data[i + 2] === 0) {
                    x.push((i / 4) % width / width);
                    y.push(Math.floor(i / 4 / width) / height);
                }
            }
            const boxed = [y, x].flatMap((all) => [Math.min(...all), Math.max(...all)]);
            return [steps, pens, element.querySelector("figure:last-child").innerText, boxed];
        }""",
        stages,
    )
    assert steps == {
        "prepare (off: only shrink to 28\u00d728)": "prepare",
        "scale up, with MNIST's pen": "pen",
        "cut out the ink's box": "box",
        "move the centre of mass to the middle": "center",
    }
    assert pen == [0.14]
    assert said == "28\u00d728: moved 2 up, 3 right"
    np.testing.assert_allclose(boxed, [0.25, 0.75, 0.5, 1], rtol=0, atol=0.02)


def test_ink_is_prepared_as_python_does_it_also_where_it_is_just_so(run):
    """Ink at the edge of what counts, a centre of mass half-way between pixels, far to a side."""
    random = np.random.default_rng(3)
    inks = [np.zeros((56, 56), np.float32) for _ in range(9)]
    for ink in inks[:4]:
        top, left = random.integers(0, 30, 2)
        ink[top : top + 20, left : left + 9] = random.random((20, 9), np.float32)
    for i, ink in enumerate(inks[4:]):
        ink[10:30, 10 + i : 20 + 2 * i] = 1
        ink[50, 50] = np.float32(prepare.EDGE)  # no more than the edge: outside the box
        ink[10:30, 10] += i % 2
    inks[8][:] = 0
    inks[8][:40, :2] = 1
    inks[8][0, 39] = 1
    asked = [[ink.ravel().tolist(), center] for ink in inks for center in (True, False)]
    found = run(
        """async ([asked, known]) => {
            const { boxOf, prepareInk } = await import("./engine/prepare.js");
            return asked.map(([ink, center]) => {
                ink = Float32Array.from(ink);
                const { box, image, shift } =
                    prepareInk(ink, 56, boxOf(ink, 56, known), center, known);
                return { box, image: [...image], shift };
            });
        }""",
        [asked, one_file.constants()],
    )
    for (ink, center), reply in zip(asked, found, strict=True):
        array = np.array(ink, np.float32).reshape(56, 56)
        right = prepare.prepare_ink(array, prepare.box_of(array), center=center)
        assert tuple(reply["box"]) == right.box and tuple(reply["shift"]) == right.shift
        np.testing.assert_allclose(reply["image"], right.image.ravel(), rtol=0, atol=1e-6)
