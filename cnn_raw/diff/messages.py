"""What people read on the screen, and why: causes that no line of the tutorial shows.

The reasons of ``diff`` are the first part of this table, these the second.
"""

from cnn_raw.diff.reason import Reason

MESSAGES = (
    Reason(
        key="contrib_module",
        title="tf.contrib was removed in TensorFlow 2.0",
        old="from tensorflow.contrib import ...",
        new="tf.nn with variables of your own, or the package that the part moved to (tf_slim)",
        why="contrib held experiments of many authors; TensorFlow 2 has none of it.",
        wrong="The upgrade script leaves contrib as it is.",
        says=r"No module named '?tensorflow\.contrib",
        notebook="3_tf2",
    ),
    Reason(
        key="old_versions",
        title="Old TensorFlows install only on old Pythons",
        old="pip install tensorflow==1.15 (or 0.12)",
        new="cnn-raw run SCRIPT, which runs the old program on today's TensorFlow",
        why="A release has files for the Pythons of its time: 0.12.1 for Python 2.7, 1.15 for 2.7 "
        "and 3.5 to 3.7. For a newer Python pip finds none.",
        wrong="Another version that pip offers instead is TensorFlow 2, without the old API.",
        says=r"(?i)no matching distribution found for tensorflow|satisfies the requirement tensor",
        notebook="2_graph",
    ),
    Reason(
        key="retracing",
        title="A tf.function is traced again and again",
        old="one graph, built once",
        new="arguments that are tensors of one shape and dtype; the tf.function made once, outside "
        "the loop",
        why="Every new shape, dtype or Python number is another trace, and so is every new "
        "tf.function.",
        wrong="Each trace costs a good part of a second and stays in memory; the result is right.",
        says=r"triggered tf\.function retracing",
        notebook="5_diff",
    ),
    Reason(
        key="feed",
        title="A placeholder was not fed",
        old="sess.run(train_op, feed_dict={X: ..., Y: ..., p_keep_conv: 0.8, p_keep_hidden: 0.5})",
        new="train_op(X, Y, p_keep_conv, p_keep_hidden): Python says which argument is missing",
        why="What is run depends on a placeholder that is not in feed_dict; often a keep "
        "probability in the test.",
        wrong="Feeding 0.8 there silences the message, and tests with dropout on.",
        says=r"You must feed a value for placeholder",
        notebook="2_graph",
    ),
    Reason(
        key="saver_names",
        title="The checkpoint has other variable names than the graph",
        old="tf.train.Saver().restore(sess, path)",
        new="a fresh tf.Graph() for each restore; cnn-raw test CKPT reads 2016's checkpoints",
        why="Variables without a name are counted: Variable, Variable_1, ... A graph built a "
        "second time (a cell run again) continues at Variable_5 or Variable_10.",
        wrong="With other names that do exist, weights are restored into the wrong variables.",
        says=r"Key \w+ not found in checkpoint",
        notebook="2_graph",
    ),
    Reason(
        key="nan",
        title="The cost is NaN: a logarithm of 0",
        old="-tf.reduce_sum(Y * tf.log(tf.nn.softmax(py_x)))",
        new="tf.nn.softmax_cross_entropy_with_logits(labels=Y, logits=py_x)",
        why="softmax gives 0 for a very unlikely class, log(0) is -inf, and 0 * -inf is NaN. The "
        "operation on logits never takes that logarithm.",
        wrong="One NaN makes every weight NaN; tf.clip_by_value hides it, with a gradient of 0.",
        says=r"(?i)\bnan\b|log\(0\)|divide by zero encountered in log",
        notebook="4_backward",
    ),
    Reason(
        key="no_such_file",
        title="The program looks for a file that is not where it looks",
        old="open('data/train.csv')",
        new="the file's whole path, or cnn-raw run --here SCRIPT in the folder that has it",
        why="cnn-raw run starts a program in a new, empty folder, where names without a whole path "
        "find nothing.",
        wrong="A program that makes the file itself when it is missing starts from the beginning.",
        says=r"No such file or directory|NotFoundError: .*(file|path).*(not exist|No such)",
        notebook="5_diff",
    ),
    Reason(
        key="memory",
        title="All 10,000 test images at once do not fit in memory",
        old="sess.run(predict_op, feed_dict={X: teX, ...})",
        new="cnn_raw.test.accuracy, which tests in batches",
        why="The first layer alone makes 28 x 28 x 32 numbers of each image: 1 GB for 10,000.",
        wrong="Testing on fewer images gives an uncertain figure: 256 have steps of 0.39 %.",
        says=r"\bOOM\b|ResourceExhausted|MemoryError|Cannot allocate memory|std::bad_alloc|^Killed",
        notebook="6_look_inside",
    ),
    Reason(
        key="download",
        title="MNIST is no longer where the old loader looks",
        old="input_data.read_data_sets('MNIST_data/')",
        new="from cnn_raw import input_data, which brings the four files",
        why="yann.lecun.com answers 403 or 404 to programs.",
        wrong="Other copies divide by 255, shuffle, or give 60,000 images: other numbers.",
        says=r"HTTP Error 40[34]|yann\.lecun\.com",
        notebook="3_tf2",
    ),
    Reason(
        key="onednn",
        title="oneDNN rounds in another order; nothing is wrong",
        old="no such message in 2016",
        new="TF_ENABLE_ONEDNN_OPTS=0 in the environment, before TensorFlow is imported",
        why="TensorFlow's kernels for this processor add in another order, so last bits differ.",
        wrong="Costs of two machines differ slightly at first, after some hundred steps visibly.",
        says=r"oneDNN custom operations are on",
        notebook="5_diff",
    ),
    Reason(
        key="other_numbers",
        title="The same seed, and other numbers",
        old="tf.set_random_seed(2016)",
        new="tf.random.set_seed(2016), a seed in each random operation, and "
        "tf.config.experimental.enable_op_determinism()",
        why="TensorFlow 2 does not count operations as the old graph did, and some kernels add in "
        "any order unless they are told not to.",
        wrong="One random operation more, anywhere before, changes all that follow.",
        says=r"(?i)same seed|(different|other) (numbers|results).*\bseed|not reproducible",
        notebook="5_diff",
    ),
    Reason(
        key="dropout_range",
        title="dropout got a keep probability where TensorFlow 2 takes a rate",
        old="tf.nn.dropout(l1, 1.0)",
        new="tf.nn.dropout(l1, rate=1 - p_keep_conv)",
        why="The second argument was the share to keep; now it is the share to drop.",
        wrong="1.0 is refused; 0.8 is not, and drops four fifths.",
        says=r"rate` must be a scalar",
        notebook="5_diff",
    ),
    Reason(
        key="dimensions",
        title="A shape does not fit the one before",
        old="w3 = init_weights([3, 3, 32, 128])",
        new="w3 = init_weights([3, 3, 64, 128])",
        why="A filter is [height, width, input channels, output channels]: its third number must "
        "be the fourth of the layer before. The tutorial's comment 3x3x32 is wrong there.",
        wrong="If the channels are a multiple, TensorFlow 2 makes a grouped convolution instead.",
        says=r"Dimensions must be equal|Matrix size-incompatible|input depth must be",
        notebook="1_convolution",
    ),
    Reason(
        key="python_2",
        title="The program is for Python 2",
        old="xrange(10), tabs and spaces mixed, comments in another encoding",
        new="range(10), spaces only, UTF-8; or cnn-raw run SCRIPT, which reads both",
        why="The tutorial was written for Python 2, which counted a tab as 8 columns.",
        wrong="5 / 2 was 2 there, and is 2.5 in Python 3, without a message.",
        says=r"name 'xrange'|inconsistent use of tabs|Non-UTF-8 code|'(iteritems|has_key)'",
        notebook="3_tf2",
    ),
)  # fmt: skip
