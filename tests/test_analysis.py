"""``cnn-raw test``: its figures are those of a plain count, and it needs no more memory."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from cnn_raw import cli
from cnn_raw.cnn import model


@pytest.fixture(scope="module")
def counted(first_epoch, mnist):
    """Labels, classes and probabilities of all test images, by eager calls of the model."""
    weights, _ = first_epoch
    keep = tf.constant(1.0)
    pieces = np.array_split(mnist.test.images.reshape(-1, 28, 28, 1), 8)
    logits = np.concatenate([model(piece, *weights, keep, keep) for piece in pieces])
    exponentials = np.exp(logits.astype(float))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    return np.argmax(mnist.test.labels, axis=1), np.argmax(logits, axis=1), probabilities


def figures(arguments, capsys):
    status = cli.main(["test", *map(str, arguments), "--json"])
    return json.loads(capsys.readouterr().out) if status == 0 else None


def test_figures_are_those_of_a_plain_count(trained_npz, counted, capsys):
    labels, classes, _ = counted
    found = figures([trained_npz, "--size", "100", "--samples", "7", "--seed", "3"], capsys)
    right = labels == classes
    assert found["images"] == 10_000
    assert found["accuracy"] == right.mean()
    assert found["standard_error"] == pytest.approx(
        np.sqrt(right.mean() * (1 - right.mean()) / 10_000)
    )
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, classes), 1)
    assert found["confusion"] == confusion.tolist()
    per_digit = [right[labels == digit].mean() for digit in range(10)]
    assert [one["accuracy"] for one in found["digits"]] == pytest.approx(per_digit)
    assert [one["images"] for one in found["digits"]] == np.bincount(labels).tolist()

    random = np.random.RandomState(3)
    drawn = []
    for _ in range(7):
        order = np.arange(10_000)
        random.shuffle(order)
        drawn.append(right[order[:100]].mean())
    samples = found["samples"]
    assert [samples[name] for name in ("mean", "sd", "min", "max")] == pytest.approx(
        [np.mean(drawn), np.std(drawn, ddof=1), min(drawn), max(drawn)]
    )


def test_mistakes_begin_with_those_it_was_surest_of(trained_npz, counted, capsys):
    labels, classes, probabilities = counted
    mistakes = figures([trained_npz], capsys)["mistakes"]
    assert {one["image"] for one in mistakes} == set(np.flatnonzero(labels != classes).tolist())
    sureness = [one["probability"] for one in mistakes]
    assert sureness == sorted(sureness, reverse=True)
    for one in mistakes:
        i = one["image"]
        assert (one["digit"], one["taken_for"]) == (labels[i], classes[i])
        assert one["probability"] == pytest.approx(probabilities[i].max(), abs=2e-6)


def test_split_and_batch_size(trained_npz, capsys):
    assert figures([trained_npz, "--split", "validation"], capsys)["images"] == 5_000
    sizes = ("5000", "333")
    one, two = (
        figures([trained_npz, "--split", "validation", "--batch-size", size], capsys)
        for size in sizes
    )
    for found in (one, two):  # the probabilities may differ in their last digits
        found["mistakes"] = {(m["image"], m["taken_for"]) for m in found["mistakes"]}
    assert one == two


def test_text_and_plot(trained_npz, tmp_path, capsys):
    picture = tmp_path / "mistakes.png"
    assert cli.main(["test", str(trained_npz), "--plot", str(picture)]) == 0
    text = capsys.readouterr().out
    assert "of 10,000 images are right" in text and "the standard error is" in text
    assert "256 images drawn at random, 20 times" in text
    decoded = tf.io.decode_png(picture.read_bytes())
    assert decoded.shape[0] > 500 and len(np.unique(decoded)) > 20
    assert list(tmp_path.iterdir()) == [picture]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--size", "10001"], "size 10001: give a number from 1 to 10000"),
        (["--size", "0"], "size 0"),
        (["--samples", "0"], "samples 0"),
        (["--batch-size", "0"], "batch size 0"),
        (["--seed", "-1"], "seed -1"),
        (["--plot", "no/such/folder/a.png"], "a.png"),
    ],
)
def test_bad_options_get_one_line(trained_npz, options, words, capsys):
    assert cli.main(["test", str(trained_npz), *options]) == 2
    out, err = capsys.readouterr()
    assert out == "" and words in err and err.count("\n") == 1


def test_memory_does_not_grow_with_the_images(trained_npz):
    code = (
        "import resource, sys\n"
        "import numpy as np\n"
        "from cnn_raw import input_data\n"
        "from cnn_raw.look import analysis\n"
        "from cnn_raw.runs.weights import load_weights\n"
        "data = input_data.read_data_sets(one_hot=True).test\n"
        "for count in (256, 10_000):\n"
        "    images, labels = data.images[:count], data.labels[:count]\n"
        "    analysis.analyse(load_weights(sys.argv[1]), images, labels)\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    command = [sys.executable, "-c", code, trained_npz]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    few, all_images = map(int, done.stdout.split())
    assert (all_images - few) * 1024 < 60e6
