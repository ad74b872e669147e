"""The page's scene of learning in a real browser: stepped, watched, taught."""

import re
import threading
import time

import numpy as np
import pytest
from test_draw_page import HAND, SEVEN, THREE, axe, cut_off, draw, in_view, numbers, settle
from test_learning import when_started

from cnn_raw.draw import server
from cnn_raw.draw.learning import Learning
from cnn_raw.runs.run import is_run

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the training process works: what it keeps is in here."""
    return tmp_path_factory.mktemp("learn")


@pytest.fixture(scope="module")
def learning(inside, small_data, folder):
    """A training on 300 images."""
    learning = Learning(inside.models, small_data)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        when_started(learning, {"op": "progress"})
    yield learning
    learning.close()


@pytest.fixture(scope="module")
def learn_address(inside, learning):
    """The page of ``inside``, which also trains."""
    with server.listen(0) as listener:
        running = server.build_server(inside.answer, learning.answer)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        running.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def complaints():
    return []


@pytest.fixture(scope="module")
def shared_page(chromium, learn_address, complaints):
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(learn_address)
    settle(page)
    yield page
    context.close()


@pytest.fixture
def page(shared_page, complaints):
    """The scene of learning at step 0: He's start, rms from 0, batches of 16, an empty pad."""
    page = shared_page
    page.get_by_role("button", name="Learn", exact=True).click()
    settle(page)
    forget = page.get_by_role("button", name="Forget")
    if forget.is_enabled():
        forget.click()
    page.get_by_label("yours in a batch").select_option("0")
    for label, value in (("learning rate", "0.001"), ("rms from", "0"), ("start", "he")):
        page.get_by_label(label, exact=True).select_option(value)
    page.get_by_label("batch", exact=True).fill("16")
    page.get_by_label("batch", exact=True).press("Enter")
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("tab", name="Training").click()
    settle(page)
    yield page
    assert complaints == []


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    settle(page)


def step_and_cost(page):
    text = page.locator(".state").inner_text()
    return int(re.search(r"Step (\d+)", text)[1]), numbers(text)[0]


def now(page):
    """The ten probabilities of the drawing, in per cent, as the training estimates them."""
    return [float(text.split()[0]) for text in page.locator(".now .share").all_inner_texts()]


def picture(page, selector):
    return page.locator(selector).evaluate("c => c.toDataURL()")


def test_training_is_stepped_and_what_it_learns_is_seen(page):
    draw(page, THREE)
    curve, filters, before = (
        picture(page, ".curves canvas >> nth=0"),
        picture(page, ".learned canvas >> nth=3"),
        now(page),
    )
    assert page.locator(".state").inner_text() == "Step 0"
    press(page, "Step")
    first, _ = step_and_cost(page)
    press(page, "Ten steps")
    last, _ = step_and_cost(page)
    assert (first, last) == (1, 11)
    assert picture(page, ".curves canvas >> nth=0") != curve
    assert picture(page, ".learned canvas >> nth=3") != filters
    after = now(page)
    assert after != before and sum(after) == pytest.approx(100, abs=0.6)
    assert re.search(r"\d+\.\d % of 1,000 test digits are right", page.inner_text("main"))
    press(page, "Back to the start")
    assert page.locator(".state").inner_text() == "Step 0" and now(page) == before


def test_bars_answer_at_once_while_it_plays_until_it_is_paused(page):
    press(page, "Play")
    page.wait_for_function("() => /Step [1-9]/.test(document.querySelector('.state').innerText)")
    page.get_by_role("button", name="Recognise").click()
    settle(page)
    start = time.monotonic()
    draw(page, SEVEN)
    assert page.locator(".answer").inner_text() == "7" and time.monotonic() - start < 5
    page.get_by_role("button", name="Learn", exact=True).click()
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("button", name="Play", exact=True).wait_for()
    settle(page)
    paused = step_and_cost(page)
    page.wait_for_timeout(300)
    assert step_and_cost(page) == paused


def test_start_of_2016_stays_on_its_plateau_and_the_page_says_why(page):
    page.get_by_label("batch", exact=True).fill("48")
    page.get_by_label("rms from", exact=True).select_option("1")
    page.get_by_label("start", exact=True).select_option("2016")
    settle(page)
    blank = picture(page, ".curves canvas >> nth=0")
    press(page, "Ten steps")
    _, cost = step_and_cost(page)
    assert cost == pytest.approx(np.log(10), abs=0.01)
    assert "A plateau" in page.locator(".curves").first.inner_text()
    page.get_by_label("rms from", exact=True).select_option("0")  # the trap: another optimizer
    settle(page)
    assert "Grey: the training before" in page.locator(".curves").first.inner_text()
    assert picture(page, ".curves canvas >> nth=0") != blank  # its plateau is there to compare
    for _ in range(6):
        press(page, "Ten steps")
    assert step_and_cost(page)[1] < 2.2
    assert "A plateau" not in page.locator(".curves").first.inner_text()


def test_a_step_shows_the_way_back_and_spells_out_its_numbers(page):
    page.get_by_role("tab", name="A step of learning").click()
    settle(page)
    said = page.locator(".batch .note").inner_text()
    mean, probability, own = numbers(said)
    assert own == pytest.approx(-np.log(probability), abs=1e-3)
    page.get_by_label("digit", exact=True).fill("5")
    page.get_by_label("digit", exact=True).press("Enter")
    settle(page)
    assert "Digit 5 is a" in page.locator(".batch .note").inner_text()
    for layer, words in (
        ("py_x", "(probability \u2212 label) / n"),
        ("l4", "Units of py_x"),
        ("l3", "relu was shut"),
        ("l3a", "largest of its window"),
        ("l2", "filter, turned round"),
    ):
        press(page, f"d cost / d {layer}")
        text = page.locator(".why").inner_text()
        assert words in text or layer == "l3", layer
        assert page.locator(".step").get_attribute("data-of").startswith(f"{layer},")
        assert page.locator(".step .wires .target").count() == 1
        if layer != "py_x":
            figures = sums(page)
            assert figures["the tape's gradient"] == pytest.approx(
                figures.get("sum of all products", figures.get("sum")), rel=1e-3
            )
    for weights in ("w", "w2", "w3", "w4", "w_o"):
        press(page, weights)
        figures = sums(page)
        assert figures["the tape's gradient"] == pytest.approx(
            figures["sum of all products"], rel=1e-3, abs=1e-9
        )
    change, after = (
        line.split(" = ")[1] for line in page.locator(".formula").all_inner_texts()[1:]
    )
    press(page, "Step")
    settle(page)
    weight = re.search(r"weight: (\S+)", page.locator(".why").inner_text())[1]
    assert weight == after and float(change.replace("\u2212", "-")) != 0
    assert mean > 1


def sums(page):
    terms, values = (page.locator(f".why .sums {name}").all_inner_texts() for name in ("dt", "dd"))
    return {
        name: float(value.replace("\u2212", "-")) for name, value in zip(terms, values, strict=True)
    }


def test_scene_works_by_keyboard_alone_and_its_parts_have_names(page):
    page.get_by_role("button", name="Play").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Step
    settle(page)
    assert step_and_cost(page)[0] == 1
    page.get_by_role("tab", name="Training").focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    heard = page.locator("main").aria_snapshot()
    for words in (
        "The batch: 16 digits",
        "d cost / d l2a: 14\u00d714\u00d764 values",
        "w2: 3\u00d73\u00d732\u00d764 weights",
        'button "d cost / d py_x"',
        "How it is computed",
        'tab "A step of learning" [selected]',
        "The drawing is a 9: learn it",
    ):
        assert words in heard, words
    page.get_by_role("button", name="d cost / d l4").focus()
    page.keyboard.press("Enter")
    settle(page)
    page.get_by_label("unit").last.fill("7")
    page.keyboard.press("Enter")
    settle(page)
    assert page.locator(".step").get_attribute("data-of") == "l4,7"


def test_own_digits_are_taught_and_kept_as_a_run(page, folder):
    for name in ("9", "9"):
        draw(page, HAND[name])
        press(page, "The drawing is a 3: learn it")
    assert page.get_by_label("start", exact=True).input_value() == "one"
    assert page.get_by_label("yours in a batch").input_value() == "0.25"
    assert page.locator(".own li").count() == 2
    before = float(re.search(r"mean cost (\d+\.\d+)", page.inner_text(".teach"))[1])
    press(page, "Ten steps")
    after = float(re.search(r"mean cost (\d+\.\d+)", page.inner_text(".teach"))[1])
    assert after < before
    page.get_by_label("yours in a batch").select_option("1")
    settle(page)
    assert step_and_cost(page)[0] == 10  # it goes on from there
    press(page, "Keep")
    kept = re.search(r"cnn-raw draw (runs/\S+)", page.get_by_role("alert").inner_text())[1]
    assert is_run(folder / kept)


def test_training_begun_in_another_tab_is_found(page, learn_address):
    press(page, "Ten steps")
    other = page.context.new_page()
    other.goto(learn_address)
    settle(other)
    other.get_by_role("button", name="Learn", exact=True).click()
    settle(other)
    assert step_and_cost(other) == step_and_cost(page)  # there is one training
    other.get_by_label("learning rate").select_option("0.01")
    settle(other)
    press(other, "Step")
    found = step_and_cost(other)
    other.close()
    draw(page, SEVEN)
    assert step_and_cost(page) == found and found[0] == 1
    assert page.get_by_label("learning rate").input_value() == "0.01"


def test_training_that_ended_is_said_and_begun_again(page, learning, complaints):
    press(page, "Ten steps")
    learning._process.kill()
    learning._process.wait()
    press(page, "Step")
    assert "begin again" in page.get_by_role("alert").inner_text()
    press(page, "Step")
    assert step_and_cost(page)[0] == 1 and page.get_by_role("alert").inner_text() == ""
    assert "400 (Bad Request)" in complaints.pop()  # the browser's own, of the refusal


@pytest.mark.parametrize("width, height", [(1024, 768), (375, 667)])
def test_axe_finds_nothing_and_nothing_is_too_wide(page, width, height):
    size = page.viewport_size
    page.set_viewport_size({"width": width, "height": height})
    for name in ("Training", "A step of learning"):
        page.get_by_role("tab", name=name).click()
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert cut_off(page) == []
        assert axe(page, "main") == []
    page.set_viewport_size(size)


def test_scene_is_seen_in_forced_colours_and_at_200_percent_and_nothing_moves_by_itself(page):
    draw(page, THREE)
    size = page.viewport_size
    page.emulate_media(forced_colors="active")
    colours = [
        page.locator(f".now {part}").first.evaluate("e => getComputedStyle(e).backgroundColor")
        for part in (".fill", ".track")
    ]
    page.emulate_media(forced_colors="none")
    assert colours[0] != colours[1]
    page.set_viewport_size({"width": 720, "height": 450})  # a window of 1,440 x 900 at 200 %
    assert in_view(page, ".pad") and in_view(page, ".now")
    assert page.evaluate("document.documentElement.scrollWidth") <= 720 and cut_off(page) == []
    page.set_viewport_size(size)
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate("document.getAnimations().length") == 0
    page.emulate_media(reduced_motion="reduce")


def test_scene_works_by_touch_on_a_phone(chromium, learn_address, page):
    options = {"viewport": {"width": 375, "height": 667}, "reduced_motion": "reduce"}
    with chromium.new_context(has_touch=True, is_mobile=True, **options) as context:
        phone = context.new_page()
        phone.goto(learn_address)
        settle(phone)
        phone.get_by_role("button", name="Learn", exact=True).tap()
        settle(phone)
        step, _ = step_and_cost(page) if "cost" in page.inner_text(".state") else (0, 0)
        phone.get_by_role("button", name="Step", exact=True).tap()
        settle(phone)
        assert step_and_cost(phone)[0] == step + 1
        phone.get_by_role("tab", name="A step of learning").tap()
        settle(phone)
        phone.get_by_label("d cost / d l2: ", exact=False).tap(position={"x": 40, "y": 40})
        settle(phone)
        assert phone.locator(".step").get_attribute("data-of").startswith("l2,")
        assert in_view(phone, ".why h2")  # its explanation comes into sight
