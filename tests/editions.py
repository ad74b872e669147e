"""The 2016 program as readers have it: 0.12's text, and the editions made from it."""

import json
import re

TUTORIAL = """\
#!/usr/bin/env python
import tensorflow as tf
import numpy as np
from tensorflow.examples.tutorials.mnist import input_data

batch_size = 128
test_size = 256

def init_weights(shape):
    return tf.Variable(tf.random_normal(shape, stddev=0.01))

def layer(X, w, p_keep):
    la = tf.nn.relu(tf.nn.conv2d(X, w, strides=[1, 1, 1, 1], padding='SAME'))
    return tf.nn.max_pool(la, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='SAME')

def model(X, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden):
    l1 = tf.nn.dropout(layer(X, w, p_keep_conv), p_keep_conv)
    l2 = tf.nn.dropout(layer(l1, w2, p_keep_conv), p_keep_conv)
    l3 = tf.reshape(layer(l2, w3, p_keep_conv), [-1, w4.get_shape().as_list()[0]])
    l3 = tf.nn.dropout(l3, p_keep_conv)
    l4 = tf.nn.relu(tf.matmul(l3, w4))
    l4 = tf.nn.dropout(l4, p_keep_hidden)
    pyx = tf.matmul(l4, w_o)
    return pyx

mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
trX, trY, teX, teY = mnist.train.images, mnist.train.labels, mnist.test.images, mnist.test.labels
trX = trX.reshape(-1, 28, 28, 1)  # 28x28x1 input img
teX = teX.reshape(-1, 28, 28, 1)  # 28x28x1 input img

X = tf.placeholder("float", [None, 28, 28, 1])
Y = tf.placeholder("float", [None, 10])

w = init_weights([3, 3, 1, 32])        # 3x3x1 conv, 32 outputs
w2 = init_weights([3, 3, 32, 64])      # 3x3x32 conv, 64 outputs
w3 = init_weights([3, 3, 64, 128])     # 3x3x32 conv, 128 outputs
w4 = init_weights([128 * 4 * 4, 625])  # FC 128 * 4 * 4 inputs, 625 outputs
w_o = init_weights([625, 10])          # FC 625 inputs, 10 outputs (labels)

p_keep_conv = tf.placeholder("float")
p_keep_hidden = tf.placeholder("float")
py_x = model(X, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden)

cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(py_x, Y))
train_op = tf.train.RMSPropOptimizer(0.001, 0.9).minimize(cost)
predict_op = tf.argmax(py_x, 1)

# Launch the graph in a session
with tf.Session() as sess:
    tf.initialize_all_variables().run()

    for i in range(100):
        training_batch = zip(range(0, len(trX), batch_size),
                             range(batch_size, len(trX)+1, batch_size))
        for start, end in training_batch:
            sess.run(train_op, feed_dict={X: trX[start:end], Y: trY[start:end],
                                          p_keep_conv: 0.8, p_keep_hidden: 0.5})

        test_indices = np.arange(len(teX))  # Get A Test Batch
        np.random.shuffle(test_indices)
        test_indices = test_indices[0:test_size]

        print(i, np.mean(np.argmax(teY[test_indices], axis=1) ==
                         sess.run(predict_op, feed_dict={X: teX[test_indices],
                                                         p_keep_conv: 1.0,
                                                         p_keep_hidden: 1.0})))
"""


def change(text: str, *pairs: tuple[str, str]) -> str:
    """Return the text with each first of a pair, which must be there, replaced by the second."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


OF_2015 = change(
    TUTORIAL,
    ("from tensorflow.examples.tutorials.mnist import input_data", "import input_data"),
    ("len(trX)+1", "len(trX)"),
)
OF_1X = change(
    TUTORIAL,
    ("(py_x, Y)", "(logits=py_x, labels=Y)"),
    ("initialize_all_variables", "global_variables_initializer"),
)
PYTHON2 = "# -*- coding: utf-8 -*-\n" + change(
    re.sub("(?m)^(    )+", lambda spaces: "\t" * (len(spaces[0]) // 4), TUTORIAL),
    ("print(i, np", "print i, (np"),
    ("in range(100)", "in xrange(200 / 2 + 1 / 2)"),
    ("# Launch", "# \uadf8\ub798\ud504\ub97c \uc2e4\ud589\ud55c\ub2e4"),
)


def notebook() -> str:
    """Return the 0.12 edition as a notebook, with magics."""
    codes = ["%matplotlib inline\n!ls", *re.split("\n(?=mnist =|X = tf|# Launch)", TUTORIAL)]
    cells = [{"cell_type": "code", "source": code.splitlines(True)} for code in codes]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4})


EDITIONS = {
    "0.12.py": TUTORIAL.encode(),
    "2015.py": OF_2015.encode(),
    "1.x.py": OF_1X.encode(),
    "notebook.ipynb": notebook().encode(),
    "python2.py": PYTHON2.encode("cp949"),
}
