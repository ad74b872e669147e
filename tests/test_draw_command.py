"""The page on a real socket, the command that serves it, and its numbers beside NumPy's."""

import asyncio
import base64
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import numpy as np
import pytest
import reference

from cnn_raw import InputError, cli
from cnn_raw.draw import connection, last_run, server
from cnn_raw.draw.explain import SHAPES
from cnn_raw.look.activations import LAYERS

SEVEN = {"strokes": [[[0.2, 0.25], [0.8, 0.25], [0.45, 0.8]]], "thickness": 0.08}


def test_every_layer_is_what_numpy_computes(inside, trained_weights):
    found = inside.answer({"op": "layers", "source": {"test": 7}})["layers"]
    X = inside_image(inside, {"test": 7}).astype(np.float64).reshape(1, 28, 28, 1)
    expected = forward(X, trained_weights)
    names = {"l3": "l3_pooled", "py_x": "pyx"}
    for layer in LAYERS[1:]:
        value = getattr(expected, names.get(layer, layer))[0]
        assert found[layer]["shape"] == list(SHAPES[layer])
        # Half a step of 127, and the float32 of the computation (measured: 1e-6 of the largest).
        bound = np.abs(value).max() * (0.5 / 127 + 1e-5)
        np.testing.assert_allclose(unpacked(found[layer]), value, rtol=0, atol=bound)


@pytest.mark.parametrize(
    "layer, at",
    [
        ("l1a", [0, 0, 3]),
        ("l1a", [27, 13, 31]),
        ("l2a", [5, 13, 17]),
        ("l3a", [6, 6, 100]),
        ("l3a", [3, 3, 0]),
    ],
)
def test_explained_products_sum_to_what_numpy_and_conv2d_say(inside, trained_weights, layer, at):
    reply = inside.answer({"op": "explain", "source": SEVEN, "layer": layer, "at": at})
    expected = numpy_activations(inside, trained_weights)
    before = {"l1a": "X", "l2a": "l1", "l3a": "l2"}[layer]
    w = trained_weights[("l1a", "l2a", "l3a").index(layer)].numpy().astype(np.float64)
    value = reference.conv2d(expected[before], w)[(0, *at)]
    listed = sum(sum(map(sum, one["products"])) for one in reply["channels"]) + reply["rest"]
    assert listed == pytest.approx(reply["sum"], abs=1e-9)
    assert reply["sum"] == pytest.approx(value, abs=1e-5)  # measured 2e-7: float32 inputs
    assert reply["conv2d"] == pytest.approx(value, abs=1e-5)
    assert reply["difference"] == reply["sum"] - reply["conv2d"]
    assert reply["value"] == reply["relu"] == max(reply["conv2d"], 0)
    strengths = [abs(one["sum"]) for one in reply["channels"]]
    assert strengths == sorted(strengths, reverse=True)
    assert len(reply["channels"]) + reply["others"] == w.shape[2]


# --- On a real socket ---------------------------------------------------------------------------


def test_listens_on_this_machine_alone(draw_page):
    assert draw_page.startswith("http://127.0.0.1:")
    port = httpx.URL(draw_page).port
    assert httpx.get(draw_page).status_code == 200
    for info in socket.getaddrinfo(socket.gethostname(), port, type=socket.SOCK_STREAM):
        if not info[4][0].startswith("127."):
            with socket.socket(info[0]) as other, pytest.raises(OSError):
                other.settimeout(2)
                other.connect(info[4])


def test_clients_that_hang_up_or_send_rubbish_do_no_harm(draw_page):
    port = httpx.URL(draw_page).port
    head = f"POST /api HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    whole = f"{head}Content-Length: 900\r\n\r\n".encode()
    for start in (b"", b"\x00\xff" * 500, b"GET", whole, whole + b'{"op":', head.encode() * 3000):
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(start)
    lie = http.client.HTTPConnection("127.0.0.1", port)
    lie.request("POST", "/api", b"{}", JSON | {"Content-Length": "99999999999"})
    lie.close()
    reply = httpx.post(f"{draw_page}api", json={"op": "estimate", "source": SEVEN})
    assert reply.status_code == 200 and not reply.json()["empty"]


def test_many_clients_at_once_all_get_their_answers(draw_page):
    asks = [{"op": op, "source": {"test": i}} for i in range(4) for op in ("estimate", "layers")]
    limits = httpx.Limits(max_connections=50)

    async def everybody():
        async with httpx.AsyncClient(limits=limits, timeout=60) as client:
            many = (client.post(f"{draw_page}api", json=asks[i % 8]) for i in range(400))
            return await asyncio.gather(*many)

    with ThreadPoolExecutor(1) as thread:  # the browser's fixture has a loop running in this one
        replies = thread.submit(asyncio.run, everybody()).result()
    assert {reply.status_code for reply in replies} == {200}
    for i, reply in enumerate(replies):
        assert reply.json() == replies[i % 8].json()


def half_sent(port, count):
    """``count`` connections on which a request has begun and does not end."""
    head = f"POST /api HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 900\r\n"
    for i in range(count):
        client = socket.create_connection(("127.0.0.1", port), timeout=20)
        client.sendall((head if i % 2 else f"{head}\r\n{{").encode())
        yield client


def test_slow_clients_hold_nobody_up_and_are_cut_off(draw_page, monkeypatch):
    port = httpx.URL(draw_page).port
    with contextlib.ExitStack() as stack:
        open_ones = [stack.enter_context(client) for client in half_sent(port, 200)]
        start = time.monotonic()
        assert httpx.post(f"{draw_page}api", json={"op": "state"}).status_code == 200
        assert time.monotonic() - start < 5  # measured: 0.2 s
        monkeypatch.setattr(connection, "PATIENCE", 0.5)
        trickling = [stack.enter_context(client) for client in half_sent(port, 2)]
        for client in trickling:
            with pytest.raises(OSError):
                for _ in range(200):  # 20 s, a byte every tenth of one
                    client.sendall(b" ")
                    time.sleep(0.1)
        assert len(open_ones) == 200


def test_server_without_file_descriptors_answers_and_stays_quiet(tmp_path):
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))\n"
        "from cnn_raw.draw import server\n"
        "listener = server.listen(0); print(listener.getsockname()[1], flush=True)\n"
        "server.build_server(lambda request: {'well': True}).run(sockets=[listener])\n"
    )
    with (
        open(tmp_path / "stderr", "w") as stderr,
        subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
        contextlib.ExitStack() as stack,
    ):
        try:
            port = int(process.stdout.readline())
            for client in half_sent(port, 300):
                stack.enter_context(client)
            answer = httpx.post(f"http://127.0.0.1:{port}/api", json={}, timeout=20)
            assert answer.json() == {"well": True}
        finally:
            process.terminate()
            process.wait(timeout=20)
    assert (tmp_path / "stderr").read_text() == ""


# --- The command --------------------------------------------------------------------------------


def test_draw_without_a_run_says_how_to_make_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["draw", "--no-open"]) == 2
    error = capsys.readouterr().err
    assert one_line(error.strip()) and "--train" in error


def test_draw_of_no_run_and_on_a_port_in_use_is_one_line(tmp_path, capsys):
    assert cli.main(["draw", str(tmp_path / "none"), "--no-open"]) == 2
    assert one_line(capsys.readouterr().err.strip())
    with server.listen(0) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["draw", str(tmp_path), "--no-open", "--port", str(port)]) == 2
    error = capsys.readouterr().err.strip()
    assert one_line(error) and str(port) in error
    assert cli.main(["draw", str(tmp_path), "--no-open", "--port", "70000"]) == 2
    assert one_line(capsys.readouterr().err.strip())


@pytest.mark.parametrize("module", ["starlette", "uvicorn"])
def test_draw_without_its_extra_says_what_to_install(tmp_path, monkeypatch, capsys, module):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "cnn_raw.draw.server")
    monkeypatch.delattr("cnn_raw.draw.server")
    assert cli.main(["draw", str(tmp_path), "--no-open"]) == 2
    error = capsys.readouterr().err.strip()
    assert one_line(error) and "pip install 'cnn-raw[draw]'" in error


def test_last_run_is_the_one_that_kept_an_epoch_last(tmp_path):
    for name, seconds in (("b", 30), ("a", 40), ("c", 20)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "settings.json").write_text("{}")
        (tmp_path / name / "history.jsonl").write_text("{}\n")
        os.utime(tmp_path / name / "history.jsonl", (seconds, seconds))
    (tmp_path / "started").mkdir()
    (tmp_path / "started" / "settings.json").write_text("{}")
    assert last_run(tmp_path) == tmp_path / "a"
    with pytest.raises(InputError, match="--train"):
        last_run(tmp_path / "b")


def test_ctrl_c_ends_the_server_cleanly(tmp_path, trained_weights):
    np.savez(tmp_path / "w.npz", **{k: v.numpy() for k, v in trained_weights._asdict().items()})
    command = [sys.executable, "-m", "cnn_raw", "draw", str(tmp_path / "w.npz"), "--no-open"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        try:
            said = process.stdout.readline()
            address = next(word for word in said.split() if word.startswith("http://127.0.0.1:"))
            reply = wait_for(lambda: httpx.post(f"{address}api", json={"op": "state"}))
            assert reply.status_code == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 130
            assert process.stderr.read() == ""
        finally:
            process.kill()


# --- Helpers ------------------------------------------------------------------------------------

JSON = {"content-type": "application/json"}


def one_line(text):
    return bool(text) and "\n" not in text and "Traceback" not in text


def unpacked(packed):
    values = np.frombuffer(base64.b64decode(packed["data"]), np.int8)
    return values.reshape(packed["shape"]) * packed["scale"]


def inside_image(inside, source):
    """The very image, float32 (28, 28), that a source becomes."""
    return inside._digit({"source": source}).prepared.image


def forward(X, weights):
    """The network in NumPy, float64, nothing dropped."""
    weights = [var.numpy().astype(np.float64) for var in weights]
    return reference.forward(X, weights, [np.ones(())] * 4, 1.0, 1.0)


def numpy_activations(inside, weights):
    X = inside_image(inside, SEVEN).astype(np.float64).reshape(1, 28, 28, 1)
    found = forward(X, weights)
    return {"X": X, "l1a": found.l1a, "l1": found.l1, "l2": found.l2, "l4": found.l4,
            "py_x": found.pyx}  # fmt: skip


def wait_for(attempt, seconds=20):
    end = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except httpx.TransportError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
