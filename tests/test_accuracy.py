"""Does a training end as accurate as in 2016: the recorded seeds, and the test that judges them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from golden import analyse_seeds
from golden.analyse_seeds import EPOCHS, MARGIN, WANTED, Equivalence, t_quantile

LINES = [json.loads(line) for line in analyse_seeds.FILE.read_text().splitlines()]


@pytest.mark.parametrize(
    "p, df, t",  # printed in tables of Student's distribution
    [(0.95, 1, 6.314), (0.95, 5, 2.015), (0.975, 10, 2.228), (0.95, 30, 1.697), (0.99, 20, 2.528)],
)
def test_t_quantile_is_that_of_the_tables(p, df, t):
    assert t_quantile(p, df) == pytest.approx(t, abs=6e-4)


def test_equivalence_of_known_samples():
    ours = np.array([0.9880, 0.9885, 0.9890])  # mean 0.9885, deviation 0.0005
    theirs = np.array([0.9870, 0.9880, 0.9890, 0.9900])  # mean 0.9885, variance 5/3 e-6
    same = Equivalence(ours, theirs)
    # By hand: se^2 = 2.5e-7/3 + (5/3)e-6/4 = 5e-7, df = 25e-14 / (6.944e-15/2 + 1.7361e-13/3) =
    # 4.0755; between the table's 2.132 for 4 and 2.015 for 5, linear in 1 / df: 2.121.
    assert same.difference == pytest.approx(0, abs=1e-12)
    assert same.half_width == pytest.approx(2.121 * np.sqrt(5e-7), rel=1e-3)
    assert not Equivalence(ours + 0.0011, theirs).equivalent
    assert Equivalence(ours, ours + 0.0005).equivalent  # 0.0005 + 2.132 * 0.0005 * sqrt(2 / 3)
    assert not Equivalence(ours, ours + 0.0007).equivalent


def test_margin_and_seeds_are_those_laid_down_beforehand():
    text = Path(analyse_seeds.__file__).with_name("record_seeds.py").read_text()
    said = dict(re.findall(r"^(EPOCHS|MARGIN|SEEDS) = (.*?)(?:  #.*)?$", text, re.M))
    assert (int(said["EPOCHS"]), float(said["MARGIN"])) == (EPOCHS, MARGIN)
    assert json.loads(said["SEEDS"]) == WANTED


def test_recorded_seeds_are_whole():
    for program in WANTED:
        seeds = [line["seed"] for line in LINES if line["program"] == program]
        assert sorted(seeds) == list(range(1, len(seeds) + 1))
    for line in LINES:
        assert len(line["costs"]) == len(line["accuracies"]) == EPOCHS
        assert np.allclose(np.array(line["accuracies"]) * 10000 % 1, 0, atol=1e-6)
    hashes = [digest for line in LINES for epoch in line["weights_sha256"] for digest in epoch]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in hashes)
    assert len(set(hashes)) == len(hashes) == EPOCHS * 5 * len(LINES)  # no two are one training


def test_report_says_when_seeds_are_missing():
    accuracies = {"cnn_raw": np.full((2, EPOCHS), 0.98), "0.12.1": np.full((1, EPOCHS), 0.98)}
    *_, said = analyse_seeds.report(accuracies)
    assert "too few seeds" in said
    random = np.random.RandomState(1)
    accuracies = {p: 0.988 + 0.001 * random.standard_normal((9, EPOCHS)) for p in WANTED}
    *_, verdict, note = analyse_seeds.report(accuracies)
    assert "90 % interval" in verdict and "not all seeds are trained" in note


def test_seeds_are_as_accurate_as_in_2016():
    accuracies = analyse_seeds.read_accuracies()
    counts = {program: len(seeds) for program, seeds in accuracies.items()}
    if any(counts[program] < wanted for program, wanted in WANTED.items()):
        pytest.skip(f"only {counts} of {WANTED} seeds are trained: record_seeds.py continues")
    last = Equivalence(*(seeds[:, -1] for seeds in accuracies.values()))
    assert last.equivalent, analyse_seeds.report(accuracies)


def test_picture_shows_every_seed(tmp_path):
    path = tmp_path / "seeds.png"
    random = np.random.RandomState(1)
    accuracies = {p: 0.98 + 0.001 * random.standard_normal((9, EPOCHS)) for p in WANTED}
    figure = analyse_seeds.plot(accuracies, str(path))
    dots = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "o"]
    shown = [100 * seeds[:, i] for i in range(EPOCHS) for seeds in accuracies.values()]
    assert np.array_equal([dot.get_ydata() for dot in dots], shown)
    assert path.read_bytes().startswith(b"\x89PNG")
