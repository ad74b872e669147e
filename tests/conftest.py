"""What several test files share: the data, an epoch of real training, 0.12.1, a browser."""

import gzip
import os
import shutil
import signal
import struct
import threading
from pathlib import Path
from unittest import mock

import genuine
import numpy as np
import pytest
import tensorflow as tf

from cnn_raw import cli, input_data
from cnn_raw.settings import Settings

# Who is started in the background may have Ctrl-C ignored, and its children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# As the command line does. Once on, it demands a seed of every random operation.
tf.config.experimental.enable_op_determinism()


@pytest.fixture(autouse=True)
def environment():
    """Whatever a command sets in the environment ends with its test: children inherit it."""
    with mock.patch.dict(os.environ):
        yield


@pytest.fixture(scope="session")
def mnist():
    """The package's own MNIST, one-hot labels. Not for tests that call ``next_batch``."""
    return input_data.read_data_sets(one_hot=True)


@pytest.fixture(scope="session")
def small_data(tmp_path_factory):
    """A folder with the first 300 training and 200 test images of MNIST, as a set of its own."""
    folder = tmp_path_factory.mktemp("small_data")
    for name in input_data.FILES:
        raw = gzip.decompress((input_data.PACKAGE_DATA / name).read_bytes())
        count = 5300 if name.startswith("train") else 200  # 5,000 are kept for validation
        if "images" in name:
            content = struct.pack(">4I", 2051, count, 28, 28) + raw[16 : 16 + count * 784]
        else:
            content = struct.pack(">2I", 2049, count) + raw[8 : 8 + count]
        (folder / name.removesuffix(".gz")).write_bytes(content)
    return folder


@pytest.fixture(scope="session")
def small_run(small_data, tmp_path_factory):
    """The folder of a run of two epochs on ``small_data``, kept by the command line."""
    folder = tmp_path_factory.mktemp("small_run") / "run"
    options = ["--data", str(small_data), "--batch-size", "50", "--epochs", "2"]
    assert cli.main(["train", "--out", str(folder), *options]) == 0
    return folder


@pytest.fixture(scope="session")
def trained_npz(first_epoch, tmp_path_factory):
    """An .npz file with the weights after one epoch: about 95 % of the test images."""
    state, _ = first_epoch
    path = tmp_path_factory.mktemp("trained") / "weights.npz"
    np.savez(path, **{name: var.numpy() for name, var in state.weights._asdict().items()})
    return path


@pytest.fixture(scope="session")
def first_epoch(mnist):
    """One epoch on the full data, seed 2016: (train.State after it, train.Epoch)."""
    from cnn_raw.train import initial_state, train

    settings = Settings(epochs=1)
    state = initial_state(settings)
    (epoch,) = train(mnist, settings, state)
    return state, epoch


@pytest.fixture
def trained_weights(first_epoch):
    """Fresh variables with the weights after one epoch: about 95 % of the test images."""
    state, _ = first_epoch
    return type(state.weights)(*(tf.Variable(var) for var in state.weights))


@pytest.fixture(scope="session")
def genuine_python(request):
    """The path of a Python 2.7 with genuine TensorFlow 0.12.1, kept in pytest's cache.

    Give it to ``genuine.run([genuine_python, "script.py", ...])``.
    """
    try:
        return genuine.environment(request.config.cache.mkdir("genuine"))
    except genuine.Unavailable as reason:
        pytest.skip(f"no genuine TensorFlow 0.12.1: {reason}")


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium, a playwright ``Browser``: the machine's own, or else playwright's."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        names = ("chromium", "chromium-browser", "google-chrome")
        path = next(filter(None, map(shutil.which, names)), own if Path(own).exists() else None)
        if path is None:
            pytest.skip("there is no Chromium: `playwright install chromium` gets one")
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def genuine_recording(genuine_python, tmp_path_factory):
    """A folder with the JSON files of golden/, recorded anew by genuine 0.12.1."""
    folder = tmp_path_factory.mktemp("golden")
    data = ["--quick", "--out", folder, input_data.PACKAGE_DATA]
    done = genuine.run([genuine_python, Path(__file__).parent / "golden" / "record.py", *data])
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def inside(first_epoch, mnist):
    """What the page asks: the network after one epoch, twice, to be compared with itself."""
    from cnn_raw.draw.inside import Inside

    state, _ = first_epoch
    return Inside({"one": state.weights, "two": state.weights}, mnist.test)


@pytest.fixture(scope="session")
def draw_page(inside):
    """The address of the page of ``inside``, on a real socket."""
    import uvicorn

    from cnn_raw.draw import server

    listener = server.listen(0)
    application = server.application(inside.answer)
    running = uvicorn.Server(uvicorn.Config(application, lifespan="off", log_level="critical"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    running.should_exit = True
    thread.join()
    listener.close()
