"""Make the moving picture of the page: a digit is drawn, looked into, and learned.

    python notebooks/make_draw.py RUN

Serves the page of RUN, uses it in a headless Chromium, and writes notebooks/images/draw.webp, and
draw.png, which stands still; that one in Korean too: notebooks/ko/images/draw.png.
"""

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent
STROKES = FOLDER.parent / "tests" / "strokes.json"
SIZE, WIDTH = {"width": 1280, "height": 800}, 960  # of the window, and of the picture; pixels
SHORT, LONG = 120, 1800  # milliseconds that a frame is seen


def settle(page: Page) -> None:
    page.locator(".cnn-raw[aria-busy=false]").wait_for(timeout=120_000)


def draw(page: Page, digit: str) -> Iterator[int]:
    """Draw a digit, point by point, and yield for each frame how long it is seen."""
    box = page.locator(".pad").bounding_box()
    assert box
    for stroke in json.loads(STROKES.read_text())["hands"]["round"][digit]:
        for i, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if i == 0:
                page.mouse.down()
            if i % 2:
                settle(page)
                yield SHORT
        page.mouse.up()
    settle(page)
    yield LONG


def scenes(page: Page) -> Iterator[int]:
    """Use the page, and yield for each frame how long it is seen."""
    yield from draw(page, "3")
    column = page.locator('.flow .column[data-layer="l2a"] canvas')
    for k in range(8):
        column.hover(position={"x": 30 + 2 * k, "y": 96 + 5 * k})
        settle(page)
        yield 2 * SHORT
    page.get_by_role("button", name="l2a", exact=True).click()  # its largest value
    settle(page)
    yield LONG
    page.get_by_role("button", name="Learn", exact=True).click()
    settle(page)
    page.get_by_label("start", exact=True).select_option("he")
    page.get_by_label("rms from", exact=True).select_option("0")
    settle(page)
    yield SHORT
    for _ in range(12):
        page.get_by_role("button", name="Ten steps").click()
        settle(page)
        yield 2 * SHORT
    yield LONG
    page.get_by_role("tab", name="A step of learning").click()
    settle(page)
    page.get_by_role("button", name="d cost / d l2", exact=True).click()
    settle(page)
    yield 2 * LONG


def picture(page: Page) -> Image.Image:
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return image.resize((WIDTH, WIDTH * SIZE["height"] // SIZE["width"]))


def main() -> None:
    command = [sys.executable, "-m", "cnn_raw", "draw", sys.argv[1], "--no-open"]
    frames, seen = [], []
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        sync_playwright() as playwright,
    ):
        assert server.stdout
        address = re.search(r"http://\S+", server.stdout.readline())
        assert address
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport=SIZE, reduced_motion="reduce")
        page.goto(address[0])
        settle(page)
        for milliseconds in scenes(page):
            frames.append(picture(page))
            seen.append(milliseconds)
        page.goto(f"{address[0]}?lang=ko")
        settle(page)
        list(draw(page, "3"))
        page.get_by_role("button", name="l2a", exact=True).click()
        settle(page)
        picture(page).quantize(128).save(FOLDER / "ko" / "images" / "draw.png", optimize=True)
        browser.close()
        server.terminate()
    path = FOLDER / "images" / "draw.webp"
    longest = seen.index(LONG, seen.index(LONG) + 1)  # a value is explained
    frames[longest].quantize(128).save(path.with_suffix(".png"), optimize=True)
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=seen, loop=0, quality=60)
    print(f"{path.name}: {len(frames)} frames, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
