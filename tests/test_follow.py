"""``cnn-raw compare --script``: readers' programs beside the GradientTape, to the last bit."""

import json
import re

import forked
import pytest
from editions import EDITIONS, OF_1X, change

from cnn_raw import InputError
from cnn_raw.diff import source
from cnn_raw.script import follow_screen, running
from cnn_raw.script.follow import Following
from cnn_raw.script.process import Settings

CLIPPED = """optimizer = tf.train.RMSPropOptimizer(0.0005, 0.95, 0.5)
train_op = optimizer.apply_gradients(
    [(tf.clip_by_value(gradient, -10.0, 10.0), weight)
     for gradient, weight in optimizer.compute_gradients(cost)])"""
BETWEEN = """p_keep_conv: 0.7, p_keep_hidden: 0.6})
            sess.run(cost, {X: teX[:60], Y: teY[:60], p_keep_conv: 1.0, p_keep_hidden: 1.0})
            if start == 50:
                tf.global_variables_initializer().run()
"""


@pytest.fixture(autouse=True)
def one_import_of_tensorflow(monkeypatch):
    monkeypatch.setattr(running, "subprocess", forked)


def follow(content, steps=3, name="mine.py", tmp_path=None):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    following = Following(source.read(path), Settings(str(path), seed=2016), steps)
    for _ in following.run():
        pass
    return following


@pytest.mark.parametrize("name", EDITIONS)
def test_follow_every_edition_is_identical_to_the_last_bit(name, tmp_path):
    following = follow(EDITIONS[name], name=name, tmp_path=tmp_path)
    assert following.passed and len(following.differences) == 3
    assert following.took == [] and following.causes == []
    assert follow_screen.verdict(following) == ["identical to the last bit for 3 steps"]


def test_follow_takes_what_the_tape_has_arguments_for_and_tests_between_steps(tmp_path):
    """Also the draws: testing in between moves the dropouts' random streams on, as in 2016."""
    program = change(
        OF_1X,
        ("train_op = tf.train.RMSPropOptimizer(0.001, 0.9).minimize(cost)", CLIPPED),
        ("[3, 3, 32, 64]", "[5, 5, 32, 48]"),
        ("[3, 3, 64, 128]", "[3, 3, 48, 128]"),
        ("p_keep_conv: 0.8, p_keep_hidden: 0.5})\n", BETWEEN),
        ("batch_size = 128", "batch_size = 50"),
        ("stddev=0.01", "stddev=0.1"),
        ("\nX = tf", "\ntrX = trX[:120]\nX = tf"),  # two batches, then the next epoch
    )
    following = follow(program, steps=5, tmp_path=tmp_path)
    assert following.passed, follow_screen.verdict(following)
    assert following.took == [
        "learning_rate 0.0005",
        "decay 0.95",
        "momentum 0.5",
        "keep probabilities 0.7, 0.7, 0.7, 0.6",
        "weights 3x3x1x32, 5x5x32x48, 3x3x48x128, 2048x625, 625x10",
        "batches of 50",
    ]
    (clipped,) = following.causes
    assert "the gradients are changed before they are applied" in clipped
    assert follow_screen.verdict(following)[-2:] == [
        "without effect in these steps:", f"  {clipped}"
    ]  # fmt: skip


def test_follow_names_the_statements_that_are_the_cause(tmp_path):
    program = change(
        OF_1X,
        ("RMSPropOptimizer(0.001, 0.9)", "AdamOptimizer(0.001)"),
        ("    l3 = tf.nn.dropout(l3, p_keep_conv)\n", ""),
    )
    following = follow(program, steps=1, tmp_path=tmp_path)
    assert not following.passed and following.first.step == 1
    dropout, optimizer = following.causes
    assert re.match(r"line \d+: tf.nn.dropout of the tutorial is missing after this: ", dropout)
    assert optimizer.startswith("line ") and "the optimizer is Adam" in optimizer
    assert optimizer.endswith("train_op = tf.train.AdamOptimizer(0.001).minimize(cost)")
    verdict = follow_screen.verdict(following)
    assert verdict[-4].startswith("NOT identical: the first to differ is cost in step 1, by ")
    json.dumps(verdict)


def test_follow_says_why_it_cannot(tmp_path):
    with pytest.raises(InputError, match="did no training step; it said: ZeroDivisionError"):
        follow("1 / 0\n", tmp_path=tmp_path)
    drop = "layer(l2, w3, p_keep_conv)"
    wider = (drop, f"tf.concat([{drop}] * 2, 3)"), ("[128 * 4", "[256 * 4")
    with pytest.raises(InputError, match=r"cannot follow it; line \d+: ConcatV2 is not in the tut"):
        follow(change(OF_1X, *wider), tmp_path=tmp_path)
    other = """
import tensorflow as tf
w = tf.Variable(2.0)
train_op = tf.train.GradientDescentOptimizer(0.1).minimize(w * w)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run(train_op)
"""
    with pytest.raises(InputError, match=r"cannot follow it; .*GradientDescent"):
        follow(other, tmp_path=tmp_path)
