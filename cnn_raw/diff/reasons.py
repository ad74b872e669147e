"""Why a line of the 2016 program is another line in TensorFlow 2: one table of data.

    python -m cnn_raw.diff.reasons > cnn_raw/diff/REASONS.md

writes it as a Markdown table. ``cnn-raw diff`` shows each reason beside the lines that it explains.
``tests/test_reasons.py`` has a test for each reason, which makes the mistake of "if you get it
wrong" and sees it happen.
"""

from cnn_raw.diff.reason import Reason, table

INTRODUCTION = """# What changed since 2016, and why

`cnn-raw diff` shows these reasons beside the lines that they explain. `tests/test_reasons.py` makes
each of the mistakes and checks what happens. This file is written by
`python -m cnn_raw.diff.reasons`.
"""


REASONS = (
    Reason(
        key="tutorials_module",
        title="The tutorial's data loader is no longer in TensorFlow",
        old="from tensorflow.examples.tutorials.mnist import input_data",
        new="from cnn_raw import input_data",
        why="TensorFlow 2 does not include the tutorials. cnn_raw.input_data reads the four "
        "files as the old loader did.",
        wrong="ModuleNotFoundError: No module named 'tensorflow.examples'.",
        left=r"(?<!cnn_raw )import input_data",
        says=r"No module named '?(tensorflow\.examples|input_data)",
        notebook="3_tf2",
    ),
    Reason(
        key="random_normal",
        title="Random operations moved into tf.random",
        old="tf.random_normal(shape, stddev=0.01)",
        new="tf.random.normal(shape, stddev=0.01)",
        why="The same operation under another name, with the same kernel.",
        wrong="AttributeError: module 'tensorflow' has no attribute 'random_normal'.",
        notebook="3_tf2",
    ),
    Reason(
        key="op_seeds",
        title="Every random operation needs a seed of its own",
        old="tf.set_random_seed(S), and nothing more",
        new="tf.random.set_seed(S), and seed=55 in the operation",
        why="The old graph numbered its operations, and a random one used its number as a seed. "
        "Without that graph the numbers are written out: 5, 14, 23, 32, 41 for the weights, 55, "
        "69, 85, 98 for the dropouts.",
        wrong="Other weights and masks than in 2016; and one more random operation, run anywhere "
        "before, changes all that follow.",
        right=r"seed=(\d|None|seed)|set_seed\(settings",
    ),
    Reason(
        key="dropout_rate",
        title="TF2's dropout takes the share to drop, not the share to keep",
        old="tf.nn.dropout(l1, p_keep_conv)",
        new="tf.nn.dropout(l1, rate=1 - p_keep_conv)",
        why="The second argument was keep_prob; it is rate now.",
        wrong="No error: with 0.8, 80 % of the activations are dropped instead of 20 %, and what "
        "is left is multiplied by 5 instead of 1.25.",
    ),
    Reason(
        key="first_5000",
        title="The first 5,000 training images are not for training",
        old='input_data.read_data_sets("MNIST_data/", one_hot=True)',
        new='input_data.read_data_sets("MNIST_DATA/", one_hot=True)',
        why="The old loader kept the FIRST 5,000 for validation and trained on the last 55,000: "
        "429 batches of 128. keras.datasets.mnist gives all 60,000.",
        wrong="468 batches an epoch instead of 429, and no batch has the images that it had in "
        "2016.",
        left=r"read_data_sets",
    ),
    Reason(
        key="scaling",
        title="Pixels are multiplied by 1/255, not divided by 255",
        old="images = numpy.multiply(images, 1.0 / 255.0)",
        new="images * np.float32(1 / 255)",
        where="in the data loader",
        why="float32(1/255) is rounded once before it is used, so the product is not always the "
        "quotient.",
        wrong="126 of the 256 grey levels differ in their last bit, so no cost equals that of 2016 "
        "to the last bit.",
        left=r"read_data_sets",
    ),
    Reason(
        key="float64_labels",
        title="One-hot labels are float32",
        old="labels_one_hot = numpy.zeros((num_labels, num_classes))",
        new="np.zeros((len(labels), 10), np.float32)",
        where="in the data loader",
        why="The old loader's labels were float64, and feeding them to a float32 placeholder "
        "cast them. A tf.function takes the dtype it is given.",
        wrong="train_op is traced a second time for float64; with an input_signature of float32, a "
        "float64 tensor is a TypeError.",
        left=r"read_data_sets",
    ),
    Reason(
        key="variables_outside",
        title="The script's top level becomes functions; variables are made outside them",
        old="py_x = model(X, w, w2, w3, w4, w_o, p_keep_conv, p_keep_hidden)",
        new="py_x = model(X, *weights, p_keep_conv, p_keep_hidden)",
        why="The script built its graph once, by running from top to bottom. A tf.function is "
        "called again and again: it gets its weights and data as arguments.",
        wrong='A tf.Variable made inside a tf.function is a ValueError, "tf.function only supports '
        'singleton tf.Variables created on the first call".',
        left=r"^py_x=model\(|^predict_op=",
        right=r"^def (train|cost_op|predict_op)\(|^py_x=model\(X|^cost=cost_op|^teX,teY=mnist",
        says=r"singleton tf\.Variables|variables on (a )?non-first call",
        notebook="3_tf2",
    ),
    Reason(
        key="placeholders",
        title="Placeholders become the arguments of a tf.function",
        old='X = tf.placeholder("float", [None, 28, 28, 1])',
        new="@tf.function def train_op(X, Y, p_keep_conv, p_keep_hidden)",
        why="A placeholder's dtype and shape were fixed when the graph was built. A tf.function is "
        "traced (a graph is built) for every new shape, dtype and Python number it gets.",
        wrong="A last batch of 88 images, or a Python number that changes, costs another trace; a "
        "tf.function created in every step is traced in every step.",
        right=r"@tf\.function$|def train_op\(",
        says=r"placeholder\(\) is not compatible with eager",
        notebook="2_graph",
    ),
    Reason(
        key="keep_tensors",
        title="Keep probabilities are float32 tensors, as the fed values were",
        old="feed_dict={..., p_keep_conv: 0.8, p_keep_hidden: 0.5}",
        new="p_keep_conv = tf.constant(0.8)",
        why="2016 divided what it kept by the tensor p_keep. Given a Python float, TF2's dropout "
        "multiplies by 1 / p_keep instead.",
        wrong="With the float 0.8, one kept value in seven differs from 2016 in its last bit.",
        left=r"keep\w*=tf\.placeholder",
        right=r"p_keep_\w+=tf\.constant",
    ),
    Reason(
        key="grouped_convolution",
        title="A filter with too few input channels is a grouped convolution",
        old="w3 = init_weights([3, 3, 32, 128])",
        new="w3 = init_weights([3, 3, 64, 128])",
        why="The tutorial's comment says 3x3x32, but l2 has 64 channels. TensorFlow 0.x and 1.x "
        "refused the filter; TensorFlow 2 divides the 64 into two groups of 32.",
        wrong="No error: each output sees half of the input channels, and w3 has half its weights.",
    ),
    Reason(
        key="labels_first",
        title="Labels come before logits: swapped silently if positional",
        old="tf.nn.softmax_cross_entropy_with_logits(py_x, Y)",
        new="tf.nn.softmax_cross_entropy_with_logits(labels=Y, logits=py_x)",
        why="TensorFlow 1.0 put the labels first and asked for keywords; TF2 takes them by "
        "position again, in the new order.",
        wrong="No error: the logits are taken for labels, and the mean cost of a first batch is "
        "8.74 where 2.40 is right; and it is unbounded below.",
        says=r"Only call `?\w*cross_entropy\w*`? with named arguments",
        notebook="5_diff",
    ),
    Reason(
        key="upgrade_script",
        title="tf_upgrade_v2 finds nothing wrong here, and breaks the program",
        old="tf.nn.softmax_cross_entropy_with_logits(py_x, Y)",
        new="labels=Y, logits=py_x, written by hand",
        why="The upgrade script assumes TensorFlow 1.x, where labels came first. It writes "
        "labels=tf.stop_gradient(py_x), logits=Y.",
        wrong='It reports 0 issues; what it wrote fails with "No gradients provided for any '
        'variable", since the only path to the weights is stopped.',
        left=r"softmax_cross_entropy_with_logits\(\w+,\w+\)",
        says=r"\b0 issues\b",
        notebook="5_diff",
    ),
    Reason(
        key="keras_rmsprop",
        title="tf.train.RMSPropOptimizer is not Keras's RMSprop",
        old="tf.train.RMSPropOptimizer(0.001, 0.9)",
        new="cnn_raw.rmsprop.RMSPropOptimizer(0.001, 0.9)",
        why="The running mean of squares starts at ones, and epsilon, 1e-10, stands inside the "
        "root. In Keras it starts at zeros, and epsilon is 1e-7.",
        wrong="Keras's first step moves a weight by 0.00316, lr / sqrt(0.1), for a gradient of "
        "0.01 as for one of 1; 2016's by about lr times the gradient, 300 times less for 0.01.",
        notebook="5_diff",
    ),
    Reason(
        key="tape",
        title="minimize() becomes a GradientTape and apply_gradients()",
        old="train_op = optimizer.minimize(cost)",
        new="tape.gradient(cost, weights), then optimizer.apply_gradients(...)",
        why="minimize() walked back through the graph from the cost. Now nothing is recorded "
        "unless a tape is watching.",
        wrong='A cost computed outside the tape has gradients of None: ValueError, "No gradients '
        'provided for any variable".',
        left=r"\.minimize\(",
        right=r"GradientTape|tape\.gradient|apply_gradients",
        says=r"No gradients provided",
        notebook="4_backward",
    ),
    Reason(
        key="gated_gradients",
        title="The gate between gradients and updates is no longer needed",
        old="minimize(cost, gate_gradients=GATE_OP)",
        new="the tape: all gradients first, the updates after them",
        why="Variables were read in place. The gate made an operation's gradients wait for each "
        "other, so no weight was updated before the backward pass had read it.",
        wrong="With GATE_NONE, w2 may be updated before w1's gradient reads it, and that gradient "
        "is wrong: 8.8 instead of 10 in the smallest example.",
        left=r"\.minimize\(",
        right=r"tape\.gradient",
    ),
    Reason(
        key="session",
        title="There is no Session: calling a function runs it",
        old="with tf.Session() as sess: ... sess.run(train_op, feed_dict={X: ..., Y: ...})",
        new="train_op(trX[start:end], trY[start:end], p_keep_conv, p_keep_hidden)",
        why="Operations run when they are called, so there is nothing to launch.",
        wrong="AttributeError: module 'tensorflow' has no attribute 'Session'; with "
        'tf.compat.v1.Session, RuntimeError: "The Session graph is empty".',
        left=r"(?<!app)(?<!\))\.run\(|\.eval\((feed_dict|session|\))",
        says=r"The Session graph is empty",
        notebook="2_graph",
    ),
    Reason(
        key="initialize_all_variables",
        title="Variables have their value at once",
        old="tf.initialize_all_variables().run()",
        new="nothing to run",
        why="In the graph, setting a variable's first value was one more operation to run. Now it "
        "is set when the variable is created.",
        wrong="AttributeError: module 'tensorflow' has no attribute 'initialize_all_variables'; "
        "tf.compat.v1.global_variables_initializer() gives None here, and None.run() fails.",
        left=r"\.run\(init",
        says=r"uninitialized value|'NoneType'.*'run'",
        notebook="3_tf2",
    ),
    Reason(
        key="epoch_seeds",
        title="Training can resume: every epoch has its own seed",
        old="for i in range(100):",
        new="for i in range(state.epoch, settings.epochs):",
        why="The loop is a generator that yields after each epoch, so a run can be saved and "
        "resumed. Dropout streams cannot be saved; they restart from the epoch's seed.",
        wrong="With the same seed set again, the resumed epoch repeats the masks of the first.",
        right=r"^for i in range\(state|set_seed\(epoch_seed|in progress\(",
    ),
    Reason(
        key="numpy_generator",
        title="The 256 test images come from a generator of their own",
        old="np.random.shuffle(test_indices)",
        new="state.random.shuffle(test_indices)",
        why="np.random is one stream for the whole process. RandomState(S) is the same stream as "
        "np.random.seed(S), but nothing else draws from it.",
        wrong="Other code that shuffles in between, such as next_batch, changes which 256 images "
        "the next epoch is tested on.",
        right=r"state\.random\.shuffle|=np\.random\.RandomState",
    ),
    Reason(
        key="testing_draws",
        title="Testing has its own function, which does not advance training's dropout",
        old="sess.run(predict_op, feed_dict={..., p_keep_conv: 1.0, p_keep_hidden: 1.0})",
        new="predict(teX[test_indices])",
        why="One graph served training and testing: a test with keep probabilities of 1 still drew "
        "masks from the same streams. Each tf.function has its own streams.",
        wrong="With one function for both, every test shifts the training's masks: how often you "
        "test changes what you train.",
        left=r"\.(run|eval)\(.*keep\w*:1(\.0?)?\b|\.run\(predict_op",
        right=r"def predict\(|build_predict_op|return predict_op\(",
    ),
    Reason(
        key="print_statement",
        title="The loop yields its figures; the caller prints them",
        old="print i, np.mean(...)",
        new="yield Epoch(...)",
        why="Python 3 has no print statement. What the loop yields can be printed, plotted or "
        "saved without changing the loop.",
        wrong="SyntaxError: \"Missing parentheses in call to 'print'\".",
        left=r"^print\b(?!\()",
        right=r"^yield Epoch",
        says=r"Missing parentheses in call to 'print'",
        notebook="3_tf2",
    ),
)

BY_KEY = {reason.key: reason for reason in REASONS}


def markdown() -> str:
    """Return the text of REASONS.md, without the last newline."""
    return f"{INTRODUCTION}\n{table(REASONS)}"


if __name__ == "__main__":
    print(markdown())
