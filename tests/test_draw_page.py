"""The drawing page in a real browser: drawn on, pointed at, by keyboard, and in JupyterLab."""

import json
import re
import socket
import subprocess
import sys
from importlib import resources
from urllib.parse import urlsplit

import drawings
import numpy as np
import pytest

pytestmark = pytest.mark.browser

THREE = json.loads(drawings.STROKES.read_text())["hands"]["round"]["3"]


@pytest.fixture
def open_page(chromium, draw_page):
    """Opens the page at a width and colour scheme; at the end nothing may have gone wrong."""
    contexts, hosts, complaints = [], set(), []

    def open_at(width=1280, scheme="light"):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=width < 500
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(draw_page)
        settle(page)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert hosts <= {"127.0.0.1", None} and complaints == []


def draw(page, drawn=THREE):
    """Draw strokes with the pointer, and wait until all of the page shows them."""
    pad = page.get_by_label("Drawing area", exact=False)
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    for stroke in drawn:
        for i, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
            if i == 0:
                page.mouse.down()
        page.mouse.up()
    settle(page)


def settle(page):
    page.locator(".cnn-raw[aria-busy=false]").wait_for()


def shares(page):
    """The ten probabilities of the first network, as they stand beside the bars, in per cent."""
    rows = page.locator(".bars li").all()
    return [float(row.locator(".share").first.inner_text().split()[0]) for row in rows]


def numbers(text):
    return [float(n) for n in re.findall(r"-?\d+\.\d+", text.replace("\u2212", "-"))]


def test_a_three_drawn_with_the_pointer_is_a_three(open_page):
    page = open_page()
    assert "Draw something" in page.get_by_role("status").first.inner_text()
    draw(page)
    found = shares(page)
    assert np.argmax(found) == 3 and found[3] > 50
    assert sum(found) == pytest.approx(100, abs=0.6)  # each is rounded to 0.1
    track = page.locator(".bars .track").nth(2 * 3).bounding_box()["width"]
    bar = page.locator(".bars .bar").nth(2 * 3).bounding_box()["width"]
    assert bar / track == pytest.approx(found[3] / 100, abs=0.01)
    page.get_by_role("button", name="Undo").click()
    settle(page)
    assert "Draw something" in page.get_by_role("status").first.inner_text()


def test_the_products_listed_sum_to_the_value_pointed_at(open_page):
    page = open_page()
    draw(page)
    enlarged = page.get_by_label("Enlarged activation map", exact=False)
    enlarged.scroll_into_view_if_needed()
    box = enlarged.bounding_box()
    row, column = 9, 15
    page.mouse.move(
        box["x"] + (column + 0.5) / 28 * box["width"], box["y"] + (row + 0.5) / 28 * box["height"]
    )
    page.locator(f'.explained[data-at="l1a,{row},{column},0"]').wait_for()
    explained = page.locator(".explained")
    patch, w, products = (
        np.array(numbers(table.locator("tbody").inner_text()))
        for table in explained.locator("table").all()
    )
    assert len(products) == 9 and np.abs(products).max() > 0
    np.testing.assert_allclose(patch * w, products, atol=2e-4)  # four decimals are shown
    value = numbers(explained.locator("h3").inner_text())[-1]
    said = dict(
        zip(
            explained.locator("dt").all_inner_texts(),
            explained.locator("dd").all_inner_texts(),
            strict=True,
        )
    )
    assert max(0, products.sum()) == pytest.approx(value, abs=9 * 0.5e-4)
    total, returned = (
        numbers(said[name])[0] for name in ("sum of all products", "tf.nn.conv2d returned")
    )
    assert total == pytest.approx(returned, abs=2e-6) and max(0, returned) == value


def test_a_step_of_the_preparation_can_be_switched_off(open_page):
    page = open_page()
    small = [[[0.05 + 0.25 * x, 0.05 + 0.25 * y] for x, y in stroke] for stroke in THREE]
    draw(page, small)
    prepared = shares(page)
    assert np.argmax(prepared) == 3
    page.get_by_label("prepare at all", exact=False).uncheck()
    settle(page)
    assert shares(page)[3] < prepared[3] - 20
    page.get_by_label("prepare at all", exact=False).check()
    settle(page)
    assert shares(page) == prepared


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
    tab_to("Enlarged activation map")
    page.keyboard.press("ArrowRight")
    page.locator('.explained[data-at="l1a,14,15,0"]').wait_for()


def test_filter_of_the_readers_own_is_tried(open_page):
    page = open_page()
    page.get_by_role("button", name="Random").click()
    settle(page)
    shape = page.get_by_text("28x28 becomes", exact=False)
    assert shape.inner_text().endswith("28x28")
    page.get_by_label("VALID").check()
    settle(page)
    assert shape.inner_text().endswith("26x26")
    page.get_by_label("2", exact=True).check()
    settle(page)
    assert shape.inner_text().endswith("13x13")
    page.get_by_label("filter, row 0, column 0").fill("")
    assert page.get_by_text("Type nine numbers").is_visible()


@pytest.mark.parametrize("width, scheme", [(375, "light"), (375, "dark"), (1280, "dark")])
def test_axe_finds_nothing_and_nothing_is_too_wide(open_page, width, scheme):
    page = open_page(width, scheme)
    draw(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(
        resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    )
    found = page.evaluate("axe.run()")["violations"]
    assert [(one["id"], one["nodes"][0]["target"]) for one in found] == []


def test_the_page_does_not_scroll_under_a_finger(open_page):
    page = open_page(375)
    pad = page.get_by_label("Drawing area", exact=False)
    box = pad.bounding_box()
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
    assert page.evaluate("scrollY") == 0
    assert np.argmax(shares(page)) == 1


def test_a_browser_without_pointer_events_is_told(chromium, draw_page):
    page = chromium.new_page()
    page.add_init_script("delete window.PointerEvent")
    page.goto(draw_page)
    page.get_by_text("Pointer Events", exact=False).wait_for()
    page.close()


def test_the_widget_works_in_jupyterlab(chromium, tmp_path, trained_weights):
    np.savez(tmp_path / "w.npz", **{k: v.numpy() for k, v in trained_weights._asdict().items()})
    source = (
        "from cnn_raw.runs.checkpoint import load_weights\nfrom cnn_raw.draw import widget\n"
        "widget(load_weights('w.npz'))"
    )
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": [],
            "execution_count": None}  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4,
                "nbformat_minor": 5}  # fmt: skip
    (tmp_path / "draw.ipynb").write_text(json.dumps(notebook))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1",
               f"--port={port}", "--IdentityProvider.token=", "--allow-root",
               f"--ServerApp.root_dir={tmp_path}", "--LabApp.news_url=",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]  # fmt: skip
    with (
        open(tmp_path / "log.txt", "w") as log,
        subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log) as lab,
    ):
        context = chromium.new_context(viewport={"width": 1280, "height": 1400})
        try:
            page = context.new_page()
            address = f"http://127.0.0.1:{port}/lab/tree/draw.ipynb?reset"
            for _ in range(120):
                with socket.socket() as client:
                    if client.connect_ex(("127.0.0.1", port)) == 0:
                        break
                page.wait_for_timeout(250)
            page.goto(address)
            page.locator(".jp-CodeCell .cm-content").first.click(timeout=60_000)
            page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(
                timeout=60_000
            )
            page.keyboard.press("Shift+Enter")
            page.locator(".bars").wait_for(timeout=90_000)
            draw(page)
            page.locator(".verdict", has_text="3, with").wait_for(timeout=20_000)
        finally:
            context.close()
            lab.terminate()
            lab.wait(timeout=20)
