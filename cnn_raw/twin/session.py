"""The 2016 program on the API it was written for: placeholders, a graph and a Session.

    python session.py --epochs 1

Read it beside the original: the statements are its own, in its order. This one file runs under
TensorFlow 0.12.1 with Python 2.7, under 1.15, and under TensorFlow 2, which keeps the API of 2016
as ``tensorflow.compat.v1``. There it may share a process with ``train.py``: its operations live
in a graph of their own, and TensorFlow 2's behaviour stays switched on.

What the original did not have: the ``seed``s. They are those that TensorFlow 0.12 gave the random
operations by counting the operations of the graph; given, they do not depend on what else is in it.
"""

import argparse
import collections
import logging
import os
import sys

import numpy as np
import tensorflow as tf

version = tf.__version__
if version.startswith(('0.', '1.')):
    from tensorflow.examples.tutorials.mnist import input_data
else:
    from cnn_raw import input_data     # TensorFlow 2 has none
    import tensorflow.compat.v1 as tf  # and keeps the API of 2016 here

MNIST_DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'MNIST_DATA')
batch_size = 128
test_size = 256


def init_weights(shape, seed=None):
    return tf.Variable(tf.random_normal(shape, stddev=0.01, seed=seed))


def model(X, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden):
    l1a = tf.nn.relu(tf.nn.conv2d(X, w,                       # l1a shape=(?, 28, 28, 32)
                        strides=[1, 1, 1, 1], padding='SAME'))
    l1 = tf.nn.max_pool(l1a, ksize=[1, 2, 2, 1],              # l1 shape=(?, 14, 14, 32)
                        strides=[1, 2, 2, 1], padding='SAME')
    l1 = tf.nn.dropout(l1, p_keep_conv, seed=55)

    l2a = tf.nn.relu(tf.nn.conv2d(l1, w2,                     # l2a shape=(?, 14, 14, 64)
                        strides=[1, 1, 1, 1], padding='SAME'))
    l2 = tf.nn.max_pool(l2a, ksize=[1, 2, 2, 1],              # l2 shape=(?, 7, 7, 64)
                        strides=[1, 2, 2, 1], padding='SAME')
    l2 = tf.nn.dropout(l2, p_keep_conv, seed=69)

    l3a = tf.nn.relu(tf.nn.conv2d(l2, w3,                     # l3a shape=(?, 7, 7, 128)
                        strides=[1, 1, 1, 1], padding='SAME'))
    l3 = tf.nn.max_pool(l3a, ksize=[1, 2, 2, 1],              # l3 shape=(?, 4, 4, 128)
                        strides=[1, 2, 2, 1], padding='SAME')
    l3 = tf.reshape(l3, [-1, w4.get_shape().as_list()[0]])    # reshape to (?, 2048)
    l3 = tf.nn.dropout(l3, p_keep_conv, seed=85)

    l4 = tf.nn.relu(tf.matmul(l3, w4))                        # l4 shape=(?, 625)
    l4 = tf.nn.dropout(l4, p_keep_hidden, seed=98)

    pyx = tf.matmul(l4, w_o)                                  # pyx shape=(?, 10)
    return pyx


def read_data(train_dir):
    """Return trX, trY, teX, teY: 55,000 and 10,000 images with their one-hot labels."""
    mnist = input_data.read_data_sets(train_dir, one_hot=True)
    trX, trY = mnist.train.images, mnist.train.labels
    teX, teY = mnist.test.images, mnist.test.labels
    trX = trX.reshape(-1, 28, 28, 1)  # 28x28x1 input img
    teX = teX.reshape(-1, 28, 28, 1)  # 28x28x1 input img
    return trX, trY, teX, teY


Program = collections.namedtuple('Program', ['X', 'Y', 'w', 'w2', 'w3', 'w4', 'w_o',
                                             'p_keep_conv', 'p_keep_hidden', 'py_x',
                                             'cost', 'train_op', 'predict_op'])


def build(seed):
    """Add the program to the default graph, and return its tensors, variables and operations."""
    tf.set_random_seed(seed)

    X = tf.placeholder("float", [None, 28, 28, 1])
    Y = tf.placeholder("float", [None, 10])

    w = init_weights([3, 3, 1, 32], seed=5)         # 3x3x1 conv, 32 outputs
    w2 = init_weights([3, 3, 32, 64], seed=14)      # 3x3x32 conv, 64 outputs
    w3 = init_weights([3, 3, 64, 128], seed=23)     # 3x3x64 conv, 128 outputs (2016: "3x3x32")
    w4 = init_weights([128 * 4 * 4, 625], seed=32)  # FC 128 * 4 * 4 inputs, 625 outputs
    w_o = init_weights([625, 10], seed=41)          # FC 625 inputs, 10 outputs (labels)

    p_keep_conv = tf.placeholder("float")
    p_keep_hidden = tf.placeholder("float")
    py_x = model(X, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden)

    cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=py_x, labels=Y))
    train_op = tf.train.RMSPropOptimizer(0.001, 0.9).minimize(cost)
    predict_op = tf.argmax(py_x, 1)
    return Program(X, Y, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden, py_x,
                   cost, train_op, predict_op)


def main():
    parser = argparse.ArgumentParser(
        description="The 2016 convnet on MNIST, on the graph API of 2016.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('--data', default=MNIST_DATA, metavar='DIR',
                        help="folder with the four MNIST files")
    parser.add_argument('--epochs', type=int, default=12, metavar='N',
                        help="passes over the images")
    parser.add_argument('--steps', type=int, default=429, metavar='N', help="most steps an epoch")
    parser.add_argument('--seed', type=int, default=2016, metavar='N',
                        help="of the weights, the dropout masks and the 256 test images")
    arguments = parser.parse_args()
    print("TensorFlow %s, Python %s" % (version, sys.version.split()[0]))
    logging.getLogger('tensorflow').setLevel(logging.ERROR)  # or it says that all is deprecated

    np.random.seed(arguments.seed)
    trX, trY, teX, teY = read_data(arguments.data)
    trX = trX[:arguments.steps * batch_size]
    with tf.Graph().as_default():
        (X, Y, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden, py_x,
         cost, train_op, predict_op) = build(arguments.seed)

        # Launch the graph in a session
        with tf.Session() as sess:
            # you need to initialize all variables
            tf.global_variables_initializer().run()

            for i in range(arguments.epochs):
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
                sys.stdout.flush()


if __name__ == '__main__':
    main()
