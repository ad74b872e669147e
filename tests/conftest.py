"""What several test files share: the data, an epoch of real training, 0.12.1, a browser.

A whole run is spread over the cores by pytest-xdist, each worker a process of its own. What costs
seconds to make and can be kept in files is made once for all of them: ``shared``.
"""

import fcntl
import json
import os
import shutil
import signal
import threading
from dataclasses import asdict
from pathlib import Path
from unittest import mock

import genuine
import numpy as np
import pytest
import small_set

from cnn_raw import cli, input_data
from cnn_raw.environment import cores
from cnn_raw.settings import Settings

# TensorFlow is imported where it is needed: the process that only hands out tests does without.

# A process started in the background may ignore Ctrl-C, and its children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

GIGABYTES_OF_A_WORKER = 3  # with the browser and the notebook's kernel that it may have started
THREADS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Spread a whole run over the cores. What names a file or a test runs in this process."""
    if "PYTEST_XDIST_WORKER" in os.environ:  # a worker is one already
        return
    option, whole = config.option, all(Path(name).is_dir() for name in config.args)
    workers = getattr(option, "numprocesses", 0)  # None: -n was not given
    if workers is None and whole and not option.collectonly and not option.usepdb:
        gigabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
        # One more than there are cores: some wait for a page.
        workers = min(cores() + 1, int(gigabytes / GIGABYTES_OF_A_WORKER), 8)
        if workers > 1:
            option.numprocesses, option.dist = workers, "worksteal"
    if workers:
        for name in THREADS:
            os.environ.setdefault(name, str(max(1, cores() // workers)))


@pytest.fixture(scope="session", autouse=True)
def determinism():
    """Make operations deterministic, as the command line does.

    Every random operation then needs a seed.
    """
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """Return ``folder_of(name, make)``: the folder that ``make`` fills, once for all workers."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def folder_of(name, make):
        folder, part = root / name, root / f"{name}.part"
        with open(root / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                shutil.rmtree(part, ignore_errors=True)
                part.mkdir()
                make(part)
                part.rename(folder)
        return folder

    return folder_of


@pytest.fixture(autouse=True)
def environment():
    """Undo what a command sets in the environment after its test: children inherit it."""
    with mock.patch.dict(os.environ):
        yield


@pytest.fixture(scope="session")
def mnist():
    """The package's own MNIST, one-hot labels. Not for tests that call ``next_batch``."""
    return input_data.read_data_sets(one_hot=True)


@pytest.fixture(scope="session")
def small_data(shared):
    """A folder with the first 300 training and 200 test images of MNIST, as a set of its own."""

    return shared("small_data", lambda folder: small_set.write(folder, train=300, test=200))


@pytest.fixture(scope="session")
def small_run(small_data, shared):
    """The folder of a run of two epochs on ``small_data``, kept by the command line."""

    def make(folder):
        options = ["--data", str(small_data), "--batch-size", "50", "--epochs", "2"]
        assert cli.main(["train", "--out", str(folder), *options]) == 0

    return shared("small_run", make)


@pytest.fixture(scope="session")
def trained_npz(mnist, shared):
    """An .npz file with the weights after one epoch: about 95 % of the test images."""

    def make(folder):
        from cnn_raw.train import initial_state, train

        settings = Settings(epochs=1)
        state = initial_state(settings)
        (epoch,) = train(mnist, settings, state)
        weights = {name: var.numpy() for name, var in state.weights._asdict().items()}
        np.savez(folder / "weights.npz", **weights)
        (folder / "epoch.json").write_text(json.dumps(asdict(epoch)))

    return shared("first_epoch", make) / "weights.npz"


@pytest.fixture(scope="session")
def first_epoch(trained_npz):
    """One epoch on the full data, seed 2016: (Weights after it, train.Epoch)."""
    from cnn_raw.runs.weights import load_weights
    from cnn_raw.train import Epoch

    figures = json.loads((trained_npz.parent / "epoch.json").read_text())
    return load_weights(trained_npz), Epoch(**figures)


@pytest.fixture
def trained_weights(first_epoch):
    """Fresh variables with the weights after one epoch: about 95 % of the test images."""
    import tensorflow as tf

    weights, _ = first_epoch
    return type(weights)(*map(tf.Variable, weights))


@pytest.fixture(scope="session")
def genuine_python(request, shared):
    """The path of a Python 2.7 with genuine TensorFlow 0.12.1, kept in pytest's cache.

    Give it to ``genuine.run([genuine_python, "script.py", ...])``.
    """

    def make(folder):
        try:
            python, reason = genuine.environment(request.config.cache.mkdir("genuine")), ""
        except genuine.Unavailable as error:
            python, reason = "", str(error)
        (folder / "found.json").write_text(json.dumps([str(python), reason]))

    python, reason = json.loads((shared("genuine_python", make) / "found.json").read_text())
    if reason:
        pytest.skip(f"no genuine TensorFlow 0.12.1: {reason}")
    return Path(python)


@pytest.fixture(scope="session")
def genuine_recording(genuine_python, shared):
    """A folder with the JSON files of golden/, recorded anew by genuine 0.12.1."""

    def make(folder):
        record = Path(__file__).parent / "golden" / "record.py"
        data = ["--quick", "--out", folder, input_data.PACKAGE_DATA]
        done = genuine.run([genuine_python, record, *data])
        assert done.returncode == 0, done.stderr

    return shared("genuine_recording", make)


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
def inside(first_epoch, mnist):
    """What the page asks: the network after one epoch, twice, to be compared with itself."""
    from cnn_raw.draw.inside import Inside

    weights, _ = first_epoch
    return Inside({"one": weights, "two": weights}, mnist.test)


@pytest.fixture(scope="session")
def draw_page(inside):
    """The address of the page of ``inside``, on a real socket."""
    from cnn_raw.draw import server

    listener = server.listen(0)
    running = server.build_server(inside.answer)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    running.should_exit = True
    thread.join()
    listener.close()
