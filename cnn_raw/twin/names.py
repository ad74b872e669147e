"""What TensorFlow 0.5 to 1.x called otherwise: one table of data, read by ``old_tensorflow``.

A name without a row is the one that ``tensorflow.compat.v1`` has. Names leave out ``tf.``.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """``old`` is a name of 0.x or 1.x, ``new`` what does the same today.

    ``new`` is a name in ``compat.v1``; after ":" a function of ``old_functions``; after "@" a
    module, or a name in one, that is imported from elsewhere. ``order``: the arguments by
    position as ``old`` took them, under the names that ``new`` has for them; "" if they are those
    of ``new``. ``keywords``: old=new. ``when``: which calls have the old order, if ``new`` has the
    same name: those with any argument by "position", or with a whole number as the first, a
    "dimension".
    """

    old: str
    new: str
    order: str = ""
    keywords: str = ""
    when: str = ""


_LAYERS = "@tensorflow.python.keras.legacy_tf_layers."

ROWS = (
    # renamed in 0.12 or 1.0
    Row("mul", "multiply"),
    Row("sub", "subtract"),
    Row("neg", "negative"),
    Row("inv", "reciprocal"),
    Row("complex_abs", "abs"),
    Row("listdiff", "setdiff1d"),
    Row("pack", "stack"),
    Row("unpack", "unstack"),
    Row("select", "where", keywords="t=x e=y"),
    Row("batch_matmul", "matmul", "a b adjoint_a adjoint_b name",
        "x=a y=b adj_x=adjoint_a adj_y=adjoint_b"),
    Row("batch_cholesky", "cholesky"),
    Row("batch_matrix_determinant", "matrix_determinant"),
    Row("batch_matrix_diag", "matrix_diag"),
    Row("batch_matrix_inverse", "matrix_inverse"),
    Row("batch_matrix_transpose", "matrix_transpose"),
    Row("merge_summary", "summary.merge"),
    Row("merge_all_summaries", "summary.merge_all"),
    Row("scalar_summary", "summary.scalar", "name tensor collections", "tags=name values=tensor"),
    Row("histogram_summary", "summary.histogram", "name values collections", "tag=name"),
    Row("image_summary", "summary.image", "name tensor max_outputs collections",
        "tag=name max_images=max_outputs"),
    Row("audio_summary", "summary.audio", "name tensor sample_rate max_outputs collections",
        "tag=name"),
    Row("train.SummaryWriter", ":summary_writer"),
    Row("image.per_image_whitening", "image.per_image_standardization"),
    Row("nn.deconv2d", "nn.conv2d_transpose"),
    Row("nn.rnn", "nn.static_rnn"),
    Row("nn.bidirectional_rnn", "nn.static_bidirectional_rnn"),
    Row("python.control_flow_ops", "@tensorflow.python.ops.control_flow_ops"),
    # the same name, the arguments in another order
    Row("concat", "concat", "axis values name", "concat_dim=axis", "dimension"),
    Row("split", "split", "axis num_or_size_splits value name",
        "split_dim=axis num_split=num_or_size_splits", "dimension"),
    Row("nn.softmax_cross_entropy_with_logits", "nn.softmax_cross_entropy_with_logits",
        "logits labels dim name", when="position"),
    Row("nn.sparse_softmax_cross_entropy_with_logits",
        "nn.sparse_softmax_cross_entropy_with_logits", "logits labels name", when="position"),
    Row("nn.sigmoid_cross_entropy_with_logits", "nn.sigmoid_cross_entropy_with_logits",
        "logits labels name", "targets=labels", "position"),
    Row("nn.weighted_cross_entropy_with_logits", "nn.weighted_cross_entropy_with_logits",
        "logits labels pos_weight name", "targets=labels", "position"),
    Row("image.resize_images", ":resize_images"),
    Row("reverse", ":reverse"),
    # the same name and arguments, other bits or another start
    Row("nn.dropout", ":dropout"),
    Row("Session", ":Session"),
    Row("InteractiveSession", ":InteractiveSession"),
    # gone
    Row("examples.tutorials.mnist.input_data", "@cnn_raw.twin.old_mnist"),
    Row("examples.tutorials.mnist.mnist", "@cnn_raw.twin.old_mnist"),
    Row("contrib.learn.datasets.mnist", "@cnn_raw.twin.old_mnist"),
    Row("contrib.learn.datasets.load_dataset", "@cnn_raw.twin.old_mnist.load_dataset"),
    Row("contrib.learn.python.learn.datasets.mnist", "@cnn_raw.twin.old_mnist"),
    Row("keras.datasets.mnist.load_data", "@cnn_raw.twin.old_mnist.load_data"),
    Row("contrib.data", "data"),
    Row("contrib.losses", "losses"),
    Row("contrib.metrics.accuracy", ":accuracy"),
    Row("contrib.layers.xavier_initializer", ":xavier_initializer"),
    Row("contrib.layers.xavier_initializer_conv2d", ":xavier_initializer"),
    Row("contrib.layers.variance_scaling_initializer", ":variance_scaling_initializer"),
    Row("contrib.layers.l1_regularizer", ":l1_regularizer"),
    Row("contrib.layers.l2_regularizer", ":l2_regularizer"),
    Row("contrib.layers.flatten", f"{_LAYERS}core.flatten"),
    Row("contrib.layers", "@tf_slim.layers"),
    Row("contrib.framework", "@tf_slim"),
    Row("contrib.slim", "@tf_slim"),
    Row("contrib.rnn.static_rnn", "nn.static_rnn"),
    Row("contrib.rnn", "@tensorflow.python.keras.layers.legacy_rnn.rnn_cell_impl"),
    Row("nn.rnn_cell", "@tensorflow.python.keras.layers.legacy_rnn.rnn_cell_impl"),
    Row("models.rnn.rnn_cell", "@tensorflow.python.keras.layers.legacy_rnn.rnn_cell_impl"),
    Row("models.rnn.rnn", "nn"),
    *(
        Row(f"layers.{name}", f"{_LAYERS}{module}.{name}")
        for module, names in (
            ("core", "dense dropout flatten Dense Dropout Flatten"),
            ("convolutional", "conv1d conv2d conv3d conv2d_transpose separable_conv2d Conv2D"),
            ("pooling", "max_pooling1d max_pooling2d average_pooling1d average_pooling2d "
             "MaxPooling2D AveragePooling2D"),
        )
        for name in names.split()
    ),
    Row("layers.batch_normalization", ":batch_normalization"),
)  # fmt: skip

# In a program's text, names that TensorFlow 0.12 did not have yet: the program is for 1.x.
ONLY_1 = (
    r"\btf\.(layers|data|keras|estimator|losses|metrics)\b|\bcross_entropy_with_logits_v2\b"
    r"|\bcontrib\.(data|rnn)\b|\btf\.nn\.static_rnn\b|\bkeepdims\b"
)
