"""The drawing page in a real browser: drawn on, pointed at, by touch, by keyboard alone."""

import base64
import io
import json
import re
from importlib import resources
from urllib.parse import urlsplit

import drawings
import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser

HAND = json.loads(drawings.STROKES.read_text())["hands"]["round"]
THREE, SEVEN = HAND["3"], HAND["7"]
COLUMNS = ("X", "l1a", "l1", "l2a", "l2", "l3a", "l3", "l4", "py_x")


@pytest.fixture
def open_page(chromium, draw_page):
    """Opens the page in a window of its own; at the end nothing may have gone wrong."""
    contexts, hosts, complaints = [], set(), []

    def open_at(width=1440, height=900, scheme="light", url=draw_page, motion="reduce", **options):
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            has_touch=width < 500,
            reduced_motion=motion,
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        settle(page)
        return page

    open_at.complaints = complaints
    yield open_at
    for context in contexts:
        context.close()
    assert hosts <= {"127.0.0.1", None, ""} and complaints == []


def draw(page, strokes=THREE):
    """Draw strokes with the pointer, and wait until all of the page shows them."""
    box = page.locator(".pad").bounding_box()
    for stroke in strokes:
        for i, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=2)
            if i == 0:
                page.mouse.down()
        page.mouse.up()
    settle(page)


def settle(page):
    page.locator(".cnn-raw[aria-busy=false]").wait_for()


def tab(page, name):
    page.get_by_role("tab", name=name).click()
    settle(page)


def verdict(page):
    return page.locator(".verdict").inner_text().replace("\xa0", " ")


def shares(page):
    """The ten probabilities as they stand beside the bars, in per cent."""
    return [float(text.split()[0]) for text in page.locator(".estimate .share").all_inner_texts()]


def numbers(text):
    return [float(n) for n in re.findall(r"-?\d+\.\d+", text.replace("\u2212", "-"))]


def ink(page, selector):
    """How many colours a canvas shows."""
    return page.locator(selector).evaluate("""c => {
        const copy = new OffscreenCanvas(c.width, c.height);
        const context = copy.getContext("2d", {willReadFrequently: true});
        context.drawImage(c, 0, 0);
        const {data} = context.getImageData(0, 0, c.width, c.height);
        return new Set(new Uint32Array(data.buffer)).size;
    }""")


def in_view(page, selector):
    """Whether an element is in the window as a whole."""
    box, size = page.locator(selector).first.bounding_box(), page.viewport_size
    right, bottom = box["x"] + box["width"], box["y"] + box["height"]
    return (
        min(box["x"], box["y"]) >= 0 and right <= size["width"] + 1 and bottom <= size["height"] + 1
    )


def places(page):
    """Where the parts of the page are."""
    names = (".pad", ".flow", ".estimate", ".tabs", ".verdict", *map(column, COLUMNS))
    return {name: page.locator(name).first.bounding_box() for name in names}


def column(layer):
    return f'.flow .column[data-layer="{layer}"] canvas'


def point_at(page, layer, x, y):
    """Point into a layer's column, at shares of its canvas."""
    box = page.locator(column(layer)).bounding_box()
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    settle(page)


# --- One flow -----------------------------------------------------------------------------------


@pytest.mark.parametrize("width, height, scheme", [(1440, 900, "light"), (1024, 768, "dark")])
def test_drawing_lights_the_whole_network_in_one_view_and_nothing_jumps(
    open_page, width, height, scheme
):
    page = open_page(width, height, scheme)
    assert "Draw a digit" in verdict(page)
    before, requests = places(page), []
    blank = {layer: ink(page, column(layer)) for layer in COLUMNS}
    page.on("request", lambda request: requests.append(request.post_data))
    draw(page)
    assert places(page) == before
    for name in before:
        assert in_view(page, name) or name == ".tabs", name
    assert page.evaluate("document.documentElement.scrollHeight") <= height
    boxes = [before[name] for name in (".pad", *map(column, COLUMNS), ".estimate")]
    edges = [edge for box in boxes for edge in (box["x"], box["x"] + box["width"])]
    assert edges == sorted(edges)  # from left to right, none over another
    heights = {round(box["height"]) for box in boxes[1:-1]}
    assert len(heights) == 1
    assert all(ink(page, column(layer)) > blank[layer] for layer in COLUMNS)
    found = shares(page)
    assert np.argmax(found) == 3 and found[3] > 50 and verdict(page).startswith("3")
    assert sum(found) == pytest.approx(100, abs=0.6)  # each is rounded to 0.1
    track, bar = (
        page.locator(f".estimate {name}").nth(3).bounding_box()["width"]
        for name in (".track", ".fill")
    )
    assert bar / track == pytest.approx(found[3] / 100, abs=0.03)
    looks = [json.loads(body) for body in requests if body]
    assert {look["op"] for look in looks} == {"look"}  # one request each, with all that is asked
    assert [ask["op"] for ask in looks[-1]["asks"]] == ["layers", "estimate", "explain"]


def test_a_value_pointed_at_shows_where_it_came_from_and_its_sum(open_page):
    page = open_page()
    draw(page)
    kept = page.locator(".number").get_attribute("data-at")
    point_at(page, "l2a", 0.4, 0.4)
    assert page.locator(".number").get_attribute("data-at").startswith("l2a,")
    assert page.get_by_role("button", name="l2a").get_attribute("aria-pressed")
    assert page.locator(".wires .frame").count() == 32 + 1  # the patch in each channel of l1
    assert page.locator(".wires .filter").count() == 4
    assert page.locator(".wires path:not(.under)").count() == 2 * 4

    page.locator(column("l2a")).click(position={"x": 30, "y": 120})
    page.mouse.move(5, 5)
    settle(page)
    assert page.locator(".number").get_attribute("data-at").startswith("l2a")
    enlarged = page.get_by_label("Enlarged map", exact=False)
    box = enlarged.bounding_box()
    row, place = 6, 7
    at = (
        box["x"] + (place + 0.5) / 14 * box["width"],
        box["y"] + (row + 0.5) / 14 * box["height"],
    )
    page.mouse.move(*at)
    settle(page)
    _, *found = page.locator(".number").get_attribute("data-at").split(",")
    assert found[:2] == [str(row), str(place)]
    tables = page.locator(".products table")
    patch, w, products = (
        np.array(numbers(table.locator("tbody").inner_text())) for table in tables.all()
    )
    np.testing.assert_allclose(patch * w, products, atol=2e-4)  # four decimals are shown
    terms, values = (page.locator(f".sums {name}").all_inner_texts() for name in ("dt", "dd"))
    said = {
        name: numbers(value)[0] for name, value in zip(terms, values, strict=True) if "." in value
    }
    strongest = next(value for name, value in said.items() if name.startswith("sum of channel"))
    assert products.sum() == pytest.approx(strongest, abs=9 * 0.5e-4)
    parts = [v for name, v in said.items() if "channel" in name]
    assert sum(parts) == pytest.approx(said["sum of all products"], abs=5e-6)
    assert said["tf.nn.conv2d"] == pytest.approx(said["sum of all products"], abs=2e-6)
    value = numbers(page.locator(".number h2").inner_text())[-1]
    assert value == said["relu: negative becomes 0"] == max(0, said["tf.nn.conv2d"])

    page.mouse.click(*at)
    page.mouse.move(5, 5)
    enlarged.press("ArrowRight")
    enlarged.press("ArrowDown")
    settle(page)
    moved = page.locator(".number").get_attribute("data-at").split(",")
    assert moved == ["l2a", str(row + 1), str(place + 1), found[2]] and kept != ",".join(moved)
    enlarged.press("PageDown")
    settle(page)
    channel = min(63, int(found[2]) + 1)
    assert page.locator(".number").get_attribute("data-at").endswith(f",{channel}")


def test_play_slides_over_the_map_until_it_is_paused(open_page):
    page = open_page()
    draw(page)
    page.get_by_role("button", name="l1", exact=True).click()
    settle(page)
    before = page.locator(".number").get_attribute("data-at")
    page.get_by_role("button", name="Play").click()
    for _ in range(3):
        page.wait_for_function(
            "at => document.querySelector('.number').dataset.at !== at", arg=before
        )
        now = page.locator(".number").get_attribute("data-at")
        assert now.split(",")[::3] == before.split(",")[::3]  # the layer, and the channel
        before = now
    page.get_by_role("button", name="Pause").click()
    settle(page)
    before = page.locator(".number").get_attribute("data-at")
    page.wait_for_timeout(400)
    assert page.locator(".number").get_attribute("data-at") == before


def test_each_kind_of_number_is_explained_and_one_logit_against_another(open_page):
    page = open_page()
    draw(page)
    for layer, words in (
        ("X", "pixel"),
        ("l1", "max_pool: the largest"),
        ("l4", "the other 2,040 products"),
        ("py_x", "the other 617 products"),
    ):
        page.get_by_role("button", name=layer, exact=True).click()
        settle(page)
        assert words in page.locator(".number").inner_text()
    picture = page.get_by_label("All 625 products", exact=False)
    assert picture.is_visible() and ink(page, ".number .large canvas >> nth=0") > 50
    page.get_by_label("unit").fill("3")
    page.get_by_label("unit").press("Enter")
    settle(page)
    alone = numbers(page.locator(".number h2").inner_text())[-1]
    page.get_by_label("Why not").select_option("8")
    settle(page)
    assert "py_x[3] \u2212 py_x[8]" in page.locator(".number h2").inner_text()
    assert numbers(page.locator(".number h2").inner_text())[-1] != alone
    page.get_by_role("button", name="3: explain its probability").click()
    settle(page)
    probability = numbers(page.locator(".number h2").inner_text())[-1]
    assert 100 * probability == pytest.approx(shares(page)[3], abs=0.06)


# --- The pad ------------------------------------------------------------------------------------


def test_what_was_on_the_pad_comes_back_with_undo(open_page):
    page = open_page()
    draw(page)
    three = shares(page)
    page.get_by_role("button", name="Clear").click()
    settle(page)
    assert "Draw a digit" in verdict(page)
    page.get_by_role("button", name="Undo").click()
    settle(page)
    assert shares(page) == three
    page.locator(".pad").press("Escape")
    settle(page)
    assert "Draw a digit" in verdict(page)
    page.keyboard.press("Control+z")
    settle(page)
    assert shares(page) == three
    page.get_by_label("test digit").fill("7")
    page.get_by_label("test digit").press("Enter")
    settle(page)
    nine = shares(page)
    draw(page, SEVEN)
    assert np.argmax(shares(page)) == 7
    page.get_by_role("button", name="Undo").click()  # the stroke
    settle(page)
    assert shares(page) == nine and "it is a 9" in verdict(page)


def test_a_drawing_that_is_full_says_so_and_can_be_undone(open_page):
    page = open_page()
    draw(page)
    box = page.locator(".pad").bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    page.locator(".pad").evaluate("""pad => {
        const {left, top} = pad.getBoundingClientRect();
        for (let i = 0; i < 21000; i++) pad.dispatchEvent(new PointerEvent("pointermove", {
            pointerId: 1, clientX: left + 60 + i % 2 * 40, clientY: top + 60 + i % 50 }));
    }""")
    page.mouse.up()
    settle(page)
    assert "too many points" in page.get_by_role("alert").inner_text()
    page.get_by_role("button", name="Undo").click()
    settle(page)
    assert np.argmax(shares(page)) == 3 and page.get_by_role("alert").inner_text() == ""


def test_a_drawing_travels_in_a_link_and_is_saved_as_a_picture(open_page, draw_page):
    page = open_page(accept_downloads=True)
    draw(page)
    found = shares(page)
    page.get_by_role("button", name="Link").click()
    address = page.evaluate("location.href")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    assert download.value.suggested_filename == "digit.png"
    picture = np.asarray(Image.open(download.value.path()).convert("L"))
    assert picture.shape == (448, 448) and picture[0, 0] == 255 and picture.min() == 0
    other = open_page(url=address)
    # Points are kept to a thousandth of the side.
    np.testing.assert_allclose(shares(other), found, atol=1)
    assert "Draw a digit" in verdict(open_page(url=f"{draw_page}#draw=1-2.9999_a"))


def test_a_pasted_and_a_dropped_picture_are_read(open_page):
    page = open_page()
    ones = Image.new("RGB", (300, 400), "white")
    ones.paste("black", (140, 80, 165, 320))
    content = io.BytesIO()
    ones.save(content, "PNG")
    for event, init in (("paste", "clipboardData"), ("drop", "dataTransfer")):
        page.get_by_role("button", name="Clear").click()
        page.evaluate(
            """async ([event, init, data]) => {
            const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "one.png", {type: "image/png"}));
            const Type = event === "paste" ? ClipboardEvent : DragEvent;
            document.querySelector(".pad").dispatchEvent(
                new Type(event, {bubbles: true, cancelable: true, [init]: transfer}));
        }""",
            [event, init, base64.b64encode(content.getvalue()).decode()],
        )
        page.locator(".answer", has_text="1").wait_for()
        settle(page)
        assert np.argmax(shares(page)) == 1


def test_the_empty_page_draws_a_digit_by_itself_once_unless_motion_is_reduced(open_page):
    page = open_page(motion="no-preference")
    page.locator(".answer", has_text="3").wait_for()
    assert page.locator(".invitation").is_visible()
    page.wait_for_timeout(1800)
    settle(page)
    draw(page, SEVEN)
    assert np.argmax(shares(page)) == 7 and not page.locator(".invitation").is_visible()
    page.get_by_role("button", name="Undo").click()
    settle(page)
    assert "Draw a digit" in verdict(page)  # what was shown does not come back
    still = open_page()
    still.wait_for_timeout(300)
    assert "Draw a digit" in verdict(still)


# --- A click away -------------------------------------------------------------------------------


def test_steps_of_the_preparation_can_be_switched_off_and_the_pen_changed(open_page):
    page = open_page()
    small = [[[0.05 + 0.25 * x, 0.05 + 0.25 * y] for x, y in stroke] for stroke in THREE]
    draw(page, small)
    prepared = shares(page)
    assert np.argmax(prepared) == 3
    tab(page, "Preparation")
    page.get_by_label("prepare", exact=False).uncheck()
    settle(page)
    assert shares(page)[3] < prepared[3] - 20
    maps = page.locator(column("l1a")).evaluate("c => c.toDataURL()")
    page.get_by_label("pen", exact=True).fill("14")
    settle(page)
    assert page.locator(column("l1a")).evaluate("c => c.toDataURL()") != maps
    page.get_by_label("prepare", exact=False).check()
    settle(page)
    assert np.argmax(shares(page)) == 3
    page.get_by_label("pen", exact=True).press("Control+z")  # a slider has nothing to undo
    settle(page)
    assert "Draw a digit" in verdict(page)


def test_filters_are_shown_and_one_of_the_readers_own_is_tried(open_page):
    page = open_page()
    draw(page)
    tab(page, "Filters")
    assert re.search(r"\+0\.\d\d for a weight and \+\d\.\d\d in a map", page.inner_text("main"))
    page.get_by_role("button", name="Filter 5 and its map", exact=False).click()
    settle(page)
    assert page.locator(".number").get_attribute("data-at") == "l1a,14,14,5"
    tab(page, "Try a filter")
    shape = page.get_by_text("28\u00d728 becomes", exact=False)
    width = page.locator(".tried").bounding_box()["width"]
    assert shape.inner_text().endswith("28\u00d728")
    page.get_by_label("VALID").check()
    settle(page)
    assert shape.inner_text().endswith("26\u00d726")
    page.get_by_label("2", exact=True).check()
    settle(page)
    assert shape.inner_text().endswith("13\u00d713")
    smaller = page.locator(".tried").bounding_box()["width"]
    assert smaller / width == pytest.approx(13 / 28, abs=0.02)
    page.get_by_label("filter, row 0, column 0").fill("")
    assert page.get_by_text("Type nine numbers").is_visible()


def test_wrong_digits_are_listed_and_taken(open_page):
    page = open_page()
    before = places(page)
    tab(page, "Wrong digits")
    page.get_by_text("of 10,000 test digits wrong", exact=False).wait_for(timeout=30_000)
    settle(page)
    first = page.get_by_role("button", name="Test digit", exact=False).first
    test, label, answer = re.findall(r"\d+", first.get_attribute("aria-label"))
    first.click()
    settle(page)
    assert verdict(page).startswith(answer) and f"but it is a {label}" in verdict(page)
    assert page.get_by_label("test digit", exact=True).input_value() == test
    assert places(page) == before


def test_two_networks_are_compared_by_name(open_page):
    page = open_page()
    draw(page)
    tab(page, "Compare")
    rows = page.locator(".compare tbody tr")
    assert [row.locator("th").inner_text().strip() for row in rows.all()] == ["one", "two"]
    cells = [numbers(row.inner_text().replace("\xa0", " ")) for row in rows.all()]
    assert cells[0] == cells[1] and cells[0][1:] == shares(page)
    page.get_by_label("two", exact=True).check()
    settle(page)
    assert page.get_by_label("network", exact=True).input_value() == "two"


# --- For everyone -------------------------------------------------------------------------------


def test_the_page_works_by_keyboard_alone(open_page):
    page = open_page()

    def tab_to(label):
        for _ in range(60):
            page.keyboard.press("Tab")
            name = page.evaluate(
                "(e => e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText)"
                "(document.activeElement)"
            )
            if label in name:
                return
        raise AssertionError(f"{label}: not reached with the Tab key")

    tab_to("Drawing area")
    for _ in range(8):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    settle(page)
    assert np.argmax(shares(page)) == 1
    tab_to("Clear")
    page.keyboard.press("Enter")
    tab_to("test digit")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    settle(page)
    tab_to("l2")
    page.keyboard.press("Enter")
    settle(page)
    tab_to("One number")
    page.keyboard.press("ArrowRight")
    settle(page)
    assert page.get_by_role("tab", name="Preparation").get_attribute("aria-selected") == "true"
    page.keyboard.press("ArrowLeft")
    settle(page)
    tab_to("Enlarged map")
    before = page.locator(".number").get_attribute("data-at").split(",")
    page.keyboard.press("ArrowLeft")
    settle(page)
    after = page.locator(".number").get_attribute("data-at").split(",")
    assert int(after[2]) == max(0, int(before[2]) - 1) and after[:2] == before[:2]


@pytest.mark.parametrize(
    "width, height, scheme", [(1440, 900, "dark"), (768, 1024, "light"), (375, 667, "dark")]
)
def test_axe_finds_nothing_and_nothing_is_too_wide(open_page, width, height, scheme):
    page = open_page(width, height, scheme)
    draw(page)
    for i, name in enumerate(page.get_by_role("tab").all_inner_texts()):
        tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert cut_off(page) == [], name
        assert axe(page, "main" if i == 0 else ".tabs") == [], name


def cut_off(page):
    """What is on the page but does not fit into its own box, or stands outside of the window."""
    return page.evaluate("""() => {
        const seen = e => e.checkVisibility() && getComputedStyle(e).clipPath === "none";
        const all = selector => [...document.querySelectorAll(selector)].filter(seen);
        const narrow = all("td, th, .cnn-raw button").filter(
            e => e.scrollWidth > e.clientWidth + 1);
        const outside = all(".bar > *, .bar button").filter(
            e => e.getBoundingClientRect().right > innerWidth);
        return [...narrow, ...outside].map(e => e.outerHTML.slice(0, 80));
    }""")


def axe(page, selector):
    """What axe finds wrong, and where."""
    source = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    page.evaluate(f"() => {{ if (!window.axe) {{ {source} }} }}")
    found = page.evaluate("selector => axe.run(selector)", selector)["violations"]
    return [(one["id"], one["nodes"][0]["target"]) for one in found]


def test_a_screen_reader_is_told_the_answer_and_every_layer(open_page):
    page = open_page()
    draw(page)
    heard = page.locator("main").aria_snapshot()
    assert re.search(r'status:\s+- strong: "3"\s+- text: with \d+\.\d', heard)
    for words in ("Drawing area", "l2a: 14\u00d714\u00d764 values", "The network", 'button "py_x"',
                  "3: explain its probability", 'tab "One number" [selected]'):  # fmt: skip
        assert words in heard, words


def test_bars_and_maps_are_seen_in_forced_colours(open_page):
    page = open_page(forced_colors="active")
    draw(page)
    bar = page.locator(".estimate .fill").nth(3)
    colour, around = (
        node.evaluate("e => getComputedStyle(e).backgroundColor")
        for node in (bar, page.locator(".estimate .track").nth(3))
    )
    assert colour != around and bar.bounding_box()["width"] > 20


@pytest.mark.parametrize("width, height", [(720, 450), (640, 400), (667, 375)])
def test_pad_and_answer_are_in_view_at_200_percent_and_on_a_phone_held_sideways(
    open_page, width, height
):
    page = open_page(width, height)
    draw(page)
    assert in_view(page, ".pad") and in_view(page, ".verdict") and in_view(page, ".estimate")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_the_network_runs_downward_a_layer_a_swipe(open_page):
    page = open_page(375, 667)
    draw(page)
    assert in_view(page, ".pad") and in_view(page, ".verdict")
    tops = []
    for layer in COLUMNS:
        element = page.locator(f'.flow .column[data-layer="{layer}"]')
        element.evaluate("e => e.scrollIntoView({block: 'start'})")
        box = element.bounding_box()
        tops.append(page.evaluate("scrollY"))
        assert in_view(page, ".verdict") and in_view(page, f'.flow .column[data-layer="{layer}"]')
        assert box["width"] <= 375
    steps = np.diff(tops)
    assert (steps > 400).all() and np.ptp(steps) <= 1
    page.get_by_role("button", name="l3a", exact=True).click()
    settle(page)
    assert in_view(page, ".number h2")  # its explanation opens over the page, in sight
    page.get_by_role("button", name="Close").click()
    assert not page.locator(".number h2").is_visible()


def test_the_page_does_not_scroll_under_a_finger(open_page):
    page = open_page(375, 667)
    before, box = page.evaluate("scrollY"), page.locator(".pad").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] - 10
    touch = page.context.new_cdp_session(page)
    touch.send(
        "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
    )
    for k in range(1, 12):
        point = {"x": x, "y": y - 20 * k}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    settle(page)
    assert page.evaluate("scrollY") == before
    assert np.argmax(shares(page)) == 1


# --- What goes wrong ----------------------------------------------------------------------------


def test_a_server_that_is_gone_or_frozen_is_said_and_found_again(open_page):
    page = open_page()
    page.route("**/api", lambda route: route.abort())
    draw_without_answer(page, SEVEN)
    page.locator(".cnn-raw.stale").wait_for()  # an older answer does not stand beside the drawing
    assert "does not answer" in page.get_by_role("alert").inner_text()
    page.unroute("**/api")
    page.locator(".cnn-raw:not(.stale)").wait_for()
    settle(page)
    assert np.argmax(shares(page)) == 7 and page.get_by_role("alert").inner_text() == ""

    held = []
    page.route("**/api", lambda route: held.append(route))
    draw_without_answer(page, THREE)
    page.locator(".cnn-raw.stale").wait_for()
    assert "Waiting" in page.get_by_role("alert").inner_text()
    for route in held:
        route.continue_()
    page.unroute("**/api")
    page.locator(".cnn-raw:not(.stale)").wait_for()
    settle(page)
    open_page.complaints.clear()  # the browser's own, of the requests that were cut


def draw_without_answer(page, strokes):
    page.get_by_role("button", name="Clear").click()
    box = page.locator(".pad").bounding_box()
    for i, (x, y) in enumerate(strokes[0]):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if i == 0:
            page.mouse.down()
    page.mouse.up()


def test_a_browser_that_lacks_something_is_told(chromium, draw_page):
    page = chromium.new_page()
    page.add_init_script("delete window.PointerEvent")
    page.goto(draw_page)
    page.get_by_text("Pointer Events", exact=False).wait_for()
    page.close()
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(draw_page)
        assert "JavaScript" in page.locator("body").inner_text()


def test_page_speaks_the_browsers_language_and_takes_the_drawing_along(open_page):
    page = open_page(locale="ko-KR")
    assert page.evaluate("document.documentElement.lang") == "ko"
    assert page.title() == "숫자를 그리고 속을 들여다보기"
    draw(page, THREE)
    page.get_by_role("link", name="English").click()
    settle(page)
    assert "?lang=en#draw=" in page.url and page.evaluate("document.documentElement.lang") == "en"
    assert page.get_by_role("button", name="Recognise").is_visible()
    assert page.get_by_role("link", name="한국어").get_attribute("href") == "?lang=ko"
