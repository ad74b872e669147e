"""Programs, the op seeds of which TensorFlow 0.12.1 counted: under it and under ``cnn-raw run``.

    python2.7 op_seeds.py        or        cnn-raw run op_seeds.py

prints as JSON, for each program, the op seeds of its random operations in order. The last
operation of each says how many there were before it: it draws after the optimizer was made.
"""

import json

import tensorflow as tf

MODEL = """
def init_weights(shape):
    return tf.Variable(tf.random_normal(shape, stddev=0.01))

def conv(X, w):
    X = tf.nn.relu(tf.nn.conv2d(X, w, strides=[1, 1, 1, 1], padding='SAME'))
    return tf.nn.max_pool(X, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='SAME')

def model(X, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden):
    l1 = tf.nn.dropout(conv(X, w), p_keep_conv)
    l2 = tf.nn.dropout(conv(l1, w2), p_keep_conv)
    l3 = tf.reshape(conv(l2, w3), [-1, w4.get_shape().as_list()[0]])
    l3 = tf.nn.dropout(l3, p_keep_conv)
    l4 = tf.nn.dropout(tf.nn.relu(tf.matmul(l3, w4)), p_keep_hidden)
    return tf.matmul(l4, w_o)

X = tf.placeholder("float", [None, 28, 28, 1])
Y = tf.placeholder("float", [None, 10])
"""
WEIGHTS = """
shapes = [3, 3, 1, 32], [3, 3, 32, 64], [3, 3, 64, 128], [2048, 625], [625, 10]
weights = [init_weights(shape) for shape in shapes]
"""
KEEP = 'keep = tf.placeholder("float"), tf.placeholder("float")\n'
LOGITS = "py_x = model(*([X] + weights + list(keep)))\n"
COST = "cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(py_x, Y))\n"
TRAIN = "train_op = tf.train.RMSPropOptimizer(0.001, 0.9).minimize(cost)\n"
LAST = "last = tf.random_normal([2])\n"
FULL = MODEL + WEIGHTS + KEEP + LOGITS + COST + TRAIN

PROGRAMS = {
    "tutorial": FULL + LAST,
    "second model": FULL.replace(COST, "tests = model(*([X] + weights + [1.0, 1.0]))\n" + COST)
    + LOGITS + LAST,
    "second network": FULL + WEIGHTS + LOGITS + COST + TRAIN + LAST,
    "keep numbers": FULL.replace(KEEP, "keep = 0.8, 0.5\n") + LAST,
    "keep constants": FULL.replace(KEEP, "keep = tf.constant(0.8), tf.constant(1.0)\n") + LAST,
    "Adam": FULL.replace("RMSPropOptimizer(0.001, 0.9)", "AdamOptimizer(0.001)") + LAST,
    "momentum": FULL.replace("RMSPropOptimizer", "MomentumOptimizer") + LAST,
    "summaries": FULL.replace(
        KEEP, KEEP + "for n, w in enumerate(weights): tf.histogram_summary(str(n), w)\n"
    ) + 'tf.scalar_summary("cost", cost)\ntf.merge_all_summaries()\ntf.train.Saver()\n'
    + "tf.initialize_all_variables()\n" + LAST,
    "get_variable": FULL.replace(
        "init_weights(shape) for shape",
        "tf.get_variable(str(shape[0]) + str(shape[-1]), shape, "
        "initializer=tf.random_normal_initializer(stddev=0.01)) for shape",
    ).replace("str(shape[0])", "'w' + str(shape[0])") + LAST,
    "decay": FULL.replace(TRAIN, "step = tf.Variable(0, trainable=False)\n" + TRAIN.replace(
        "0.001", "tf.train.exponential_decay(0.001, step, 100, 0.9)"
    ).replace("(cost)", "(cost, global_step=step)")) + LAST,
    "penalty": FULL.replace("(py_x, Y))", "(py_x, Y)) + 0.001 * tf.nn.l2_loss(weights[3])") + LAST,
    "biases": """
def weight(shape): return tf.Variable(tf.truncated_normal(shape, stddev=0.1))
x = tf.placeholder("float", [None, 784])
y = tf.placeholder("float", [None, 10])
h = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, weight([784, 50])), weight([50])))
h = tf.nn.dropout(h, tf.placeholder("float"))
p = tf.nn.softmax(tf.add(tf.matmul(h, weight([50, 10])), tf.Variable(tf.zeros([10]))))
cost = tf.reduce_mean(-tf.reduce_sum(y * tf.log(tf.clip_by_value(p, 1e-10, 1.0)), [1]))
train_op = tf.train.GradientDescentOptimizer(0.5).minimize(cost)
""" + LAST,
    "moving averages": FULL + """
average = tf.train.ExponentialMovingAverage(0.99)
average.apply(weights)
average.apply([cost])
average.average(weights[0])
tf.train.ExponentialMovingAverage(0.9, tf.Variable(0, trainable=False)).apply()
""" + LAST,
    "others": """
x = tf.placeholder("float", [None, 10])
w = tf.Variable(tf.random_uniform([10, 3], -1.0, 1.0))
h = tf.sigmoid(tf.matmul(x, w) + tf.random_uniform([3])) - 1.0
cost = tf.reduce_mean(tf.pow(h, 2)) + tf.reduce_sum(tf.abs(w)) / 2.0
train_op = tf.train.AdagradOptimizer(0.5).minimize(cost)
tf.gather(w, [0, 1]); tf.transpose(w); tf.nn.moments(w, [0]); tf.random_shuffle(w)
tf.nn.embedding_lookup(w, [1]); tf.nn.in_top_k(h, tf.constant([1, 2]), 1)
tf.nn.sparse_softmax_cross_entropy_with_logits(h, tf.constant([1, 2]))
""" + LAST,
}  # fmt: skip


def op_seeds(program):
    """Return the op seeds that a program's random operations get in a graph of its own."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        exec(program, {"tf": tf})
        kinds = ("RandomUniform", "RandomStandardNormal", "TruncatedNormal", "RandomShuffle")
        return [int(op.get_attr("seed2")) for op in graph.get_operations() if op.type in kinds]


if __name__ == "__main__":
    print(json.dumps({name: op_seeds(program) for name, program in PROGRAMS.items()}))
