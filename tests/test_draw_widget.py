"""The page as a notebook's widget: in JupyterLab, and with a kernel that goes away."""

import json
import socket
import subprocess
import sys

import numpy as np
import pytest
from test_draw_page import draw, settle

from cnn_raw.draw.bundle import STATIC, script

pytestmark = pytest.mark.browser

# A model as anywidget gives one, which answers while there is a kernel (window.answer).
HOST = """
    const listeners = new Map();
    window.listening = () => listeners.size;
    window.restart = () => listeners.get("comm_live_update")();
    const model = {
        on: (name, call) => listeners.set(name, call),
        off: (name, call) => listeners.get(name) === call && listeners.delete(name),
        send: ({id, request}) => window.answer(request).then(
            reply => reply && listeners.get("msg:custom")({id, reply})),
    };
    const {default: widget} = await import(URL.createObjectURL(
        new Blob([window.source], {type: "text/javascript"})));
    const el = document.body.appendChild(document.createElement("div"));
    window.end = await widget.render({model, el});
"""


def test_a_widget_says_that_its_kernel_is_gone_or_restarted_and_leaves_nothing_behind(
    chromium, inside
):
    kernel = [True]
    page = chromium.new_page(viewport={"width": 1300, "height": 1000}, reduced_motion="reduce")
    page.clock.install()
    page.set_content("<title>a notebook</title>")
    page.add_style_tag(path=STATIC / "draw.css")
    page.expose_function("answer", lambda ask: inside.answer(ask) if kernel[0] else None)
    page.evaluate("source => { window.source = source; }", script("widget.js"))
    page.evaluate(f"async () => {{ {HOST} }}")
    settle(page)
    draw(page)
    assert page.locator(".answer").inner_text() == "3"
    assert page.get_by_role("button", name="Link").count() == 0  # it has no address of its own
    assert page.evaluate("listening()") == 2
    kernel[0] = False
    page.get_by_role("button", name="Clear").click()
    page.clock.fast_forward(21_000)
    page.locator(".cnn-raw.stale").wait_for()
    assert "Run this cell again" in page.get_by_role("alert").inner_text()

    kernel[0] = True
    page.get_by_role("button", name="Undo").click()
    page.locator(".cnn-raw:not(.stale)").wait_for()  # it was only slow
    page.evaluate("restart()")
    page.locator(".cnn-raw.stale").wait_for()
    assert "Run this cell again" in page.get_by_role("alert").inner_text()
    page.get_by_role("button", name="Clear").click()  # a restarted kernel knows no widget
    settle(page)
    assert "Run this cell again" in page.get_by_role("alert").inner_text()
    page.evaluate("end()")
    assert page.evaluate("listening()") == 0
    page.close()


def test_the_widget_works_in_jupyterlab_until_its_kernel_restarts(
    chromium, tmp_path, trained_weights
):
    np.savez(tmp_path / "w.npz", **{k: v.numpy() for k, v in trained_weights._asdict().items()})
    source = (
        "from cnn_raw.runs.weights import load_weights\nfrom cnn_raw.draw import widget\n"
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
            page.locator(".verdict").wait_for(timeout=90_000)
            draw(page)
            page.locator(".answer", has_text="3").wait_for(timeout=20_000)
            page.get_by_role("button", name="Learn", exact=True).click()
            page.get_by_role("button", name="Step", exact=True).click()
            page.locator(".state", has_text="Step 1").wait_for(timeout=90_000)
            page.get_by_title("Restart the kernel", exact=True).click()
            page.locator(".jp-Dialog .jp-mod-warn").click()
            page.locator(".cnn-raw.stale").wait_for(timeout=60_000)
            assert "Run this cell again" in page.locator(".message").inner_text()
            page.locator(".jp-CodeCell .cm-content").last.click()
            page.keyboard.type("6 * 7")
            page.keyboard.press("Shift+Enter")  # JupyterLab does not end while its kernel restarts
            page.get_by_text("42", exact=True).wait_for(timeout=60_000)
        finally:
            context.close()
            lab.terminate()
            lab.wait(timeout=20)
