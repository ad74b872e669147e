"""``cnn-raw plot``: a picture of a run, or one line that says why there is none."""

import sys

import numpy as np
import pytest
import tensorflow as tf
from matplotlib import pyplot

from cnn_raw import cli


def test_plot_draws_a_run_and_replaces_an_older_picture(small_run, tmp_path):
    out = tmp_path / "run.png"
    for _ in range(2):
        assert cli.main(["plot", str(small_run), str(out)]) == 0
    picture = tf.io.decode_png(out.read_bytes()).numpy()
    assert picture.shape[:2] == (840, 1320)
    colours = {tuple(colour) for colour in picture[:, :, :3].reshape(-1, 3)[::7]}
    assert {(0, 114, 178), (213, 94, 0)} <= colours  # training and test, also to the colour-blind
    assert np.mean(picture[:, :, :3] == 255) > 0.5
    assert list(tmp_path.iterdir()) == [out]
    assert pyplot.get_fignums() == []  # its global state is left alone


@pytest.mark.parametrize(
    ("run", "out", "words"),
    [
        ("{run}", "{tmp}/a.pdf", "a.pdf: give a name that ends in .png"),
        ("{run}", "{tmp}/no/a.png", "a.png: there is no such folder to write into"),
        ("{run}", "{tmp}", "give a name that ends in .png"),
        ("{tmp}/none", "{tmp}/a.png", "none"),
        ("{tmp}", "{tmp}/a.png", "{tmp}"),
    ],
)
def test_plot_says_in_one_line_why_there_is_none(small_run, tmp_path, capsys, run, out, words):
    names = {"run": small_run, "tmp": tmp_path}
    assert cli.main(["plot", run.format(**names), out.format(**names)]) == 2
    err = capsys.readouterr().err
    assert words.format(**names) in err and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_plot_without_matplotlib_says_what_to_install(small_run, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert cli.main(["plot", str(small_run), str(tmp_path / "a.png")]) == 2
    assert "pip install 'cnn-raw[plot]'" in capsys.readouterr().err
