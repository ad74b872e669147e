"""The names of TensorFlow 0.5 to 1.x, and what became of them: the one table of these facts.

``run`` gives a program the names that ``compat.v1`` lacks; ``diff`` and ``why`` say what TensorFlow
2 has instead. A name without a row is in ``compat.v1`` as it was, and its name in TensorFlow 2 is
that of TensorFlow's upgrade script (``tf_names``). Names leave out ``tf.``.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """``old`` is a name of 0.x or 1.x; ``new`` is what runs in its place; "": compat.v1's own.

    ``new`` is a name in ``compat.v1``; after ":" a function of ``old_functions``; after "@" a
    module, or a name in one, that is imported from elsewhere. ``order``: the arguments by
    position as ``old`` took them, under the names that ``new`` has for them; "" if they are those
    of ``new``. ``keywords``: old=new. ``when``: which calls have the old order, if ``new`` has the
    same name: those with any argument by "position", with a whole number as the first, a
    "dimension", with whole numbers at the place of the "labels", with a text at that of the
    "name"; or, if only what is given means another thing, those with a bool for each axis, "flags".

    ``today``: what to write in TensorFlow 2, if it is not ``new`` nor another name for that; also
    for the names inside a module that have no row of their own. ``reason``: the key of the reason
    that explains more.
    """

    old: str
    new: str = ""
    order: str = ""
    keywords: str = ""
    when: str = ""
    today: str = ""
    reason: str = ""


_LAYERS = "@tensorflow.python.keras.legacy_tf_layers."
_CELLS = "tensorflow.python.keras.layers.legacy_rnn.rnn_cell_impl"

# What several rows have in ``today``.
_AT_ONCE = "nothing: each summary is written when it is made"
_CELL = "a cell of your own"
_FLAT = "tf.reshape(x, [-1, ...])"
_LOADER = "tutorials_module"  # a reason
_LOOP = "a loop of your own (tf.while_loop or tf.scan)"
_MEAN = "the same mean written with NumPy or tf.reduce_mean"
_OWN = "tf.nn with variables of your own"
_SUM = "the same sum written with tf.reduce_mean"
_XAVIER = "tf.random.uniform within sqrt(6 / (inputs + outputs))"

ROWS = (
    # renamed in 0.12 or 1.0
    Row("mul", "multiply"),
    Row("sub", "subtract"),
    Row("neg", "negative"),
    Row("inv", "reciprocal"),
    Row("complex_abs", "abs"),
    Row("listdiff", "setdiff1d", today="tf.raw_ops.ListDiff"),
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
    Row("merge_summary", "summary.merge", today=_AT_ONCE),
    Row("merge_all_summaries", "summary.merge_all", today=_AT_ONCE),
    Row("scalar_summary", "summary.scalar", "name tensor collections", "tags=name values=tensor",
        today="tf.summary.scalar, with a step"),
    Row("histogram_summary", "summary.histogram", "name values collections", "tag=name",
        today="tf.summary.histogram, with a step"),
    Row("image_summary", "summary.image", "name tensor max_outputs collections",
        "tag=name max_images=max_outputs", today="tf.summary.image, with a step"),
    Row("audio_summary", "summary.audio", "name tensor sample_rate max_outputs collections",
        "tag=name", today="tf.summary.audio, with a step"),
    Row("train.SummaryWriter", ":summary_writer", today="tf.summary.create_file_writer"),
    Row("image.per_image_whitening", "image.per_image_standardization"),
    Row("nn.deconv2d", "nn.conv2d_transpose"),
    Row("nn.rnn", "nn.static_rnn", today=_LOOP),
    Row("nn.bidirectional_rnn", "nn.static_bidirectional_rnn", today=_LOOP),
    Row("nn.state_saving_rnn", "nn.static_state_saving_rnn", today=_LOOP),
    Row("train.SyncReplicasOptimizerV2", "train.SyncReplicasOptimizer",
        today="tf.distribute.MirroredStrategy"),
    Row("concat_v2", "concat"),
    Row("split_v", "split", keywords="size_splits=num_or_size_splits split_dim=axis"),
    Row("python.control_flow_ops", "@tensorflow.python.ops.control_flow_ops"),
    # the same name, the arguments in another order
    Row("concat", "concat", "axis values name", "concat_dim=axis", "dimension"),
    Row("split", "split", "axis num_or_size_splits value name",
        "split_dim=axis num_split=num_or_size_splits", "dimension"),
    Row("nn.softmax_cross_entropy_with_logits", "nn.softmax_cross_entropy_with_logits",
        "logits labels dim name", when="position", reason="labels_first"),
    Row("nn.sparse_softmax_cross_entropy_with_logits",
        "nn.sparse_softmax_cross_entropy_with_logits", "logits labels name", when="position"),
    Row("nn.sigmoid_cross_entropy_with_logits", "nn.sigmoid_cross_entropy_with_logits",
        "logits labels name", "targets=labels", "position"),
    Row("nn.weighted_cross_entropy_with_logits", "nn.weighted_cross_entropy_with_logits",
        "logits labels pos_weight name", "targets=labels", "position"),
    Row("image.resize_images", ":resize_images",
        today="tf.image.resize(images, [height, width])"),
    Row("sparse_split", "sparse_split", "axis num_split sp_input name", "split_dim=axis",
        "position"),
    Row("nn.log_poisson_loss", "nn.log_poisson_loss", "log_input targets compute_full_loss name",
        when="position"),
    *(Row(name, name, "weights biases inputs labels num_sampled num_classes num_true "
          "sampled_values remove_accidental_hits partition_strategy name", when="labels")
      for name in ("nn.nce_loss", "nn.sampled_softmax_loss")),
    Row("nn.ctc_loss", "nn.ctc_loss", "inputs labels sequence_length preprocess_collapse_repeated "
        "ctc_merge_repeated time_major", when="labels"),
    Row("case", "case", "pred_fn_pairs default exclusive name", when="name"),
    Row("cond", "cond", "pred true_fn false_fn name", "fn1=true_fn fn2=false_fn", "name"),
    Row("scan", "scan", "fn elems initializer parallel_iterations back_prop swap_memory "
        "infer_shape name", when="name"),
    Row("train.ExponentialMovingAverage", "train.ExponentialMovingAverage",
        "decay num_updates name", when="name"),
    Row("reverse", ":reverse", keywords="dims=axis", when="flags",
        today="tf.reverse(x, [0]): the numbers of the axes"),
    Row("zeros_initializer", ":zeros_initializer"),
    # the same name and arguments, other bits or another start
    Row("nn.dropout", ":dropout", reason="dropout_rate"),
    Row("Session", ":Session", reason="session"),
    Row("InteractiveSession", ":InteractiveSession", reason="session"),
    # gone from compat.v1 too
    Row("examples.tutorials.mnist.input_data", "@cnn_raw.script.old_mnist"),
    Row("examples.tutorials.mnist.mnist", "@cnn_raw.script.old_mnist"),
    Row("contrib.learn.datasets.mnist", "@cnn_raw.script.old_mnist", reason=_LOADER),
    Row("contrib.learn.datasets.load_dataset", "@cnn_raw.script.old_mnist.load_dataset",
        reason=_LOADER),
    Row("contrib.learn.python.learn.datasets.mnist", "@cnn_raw.script.old_mnist", reason=_LOADER),
    Row("keras.datasets.mnist.load_data", "@cnn_raw.script.old_mnist.load_data"),
    Row("contrib.data", "data", today="tf.data"),
    Row("contrib.losses", "losses", today=_SUM),
    Row("contrib.metrics.accuracy", ":accuracy", today=_MEAN),
    Row("contrib.layers.xavier_initializer", ":xavier_initializer", today=_XAVIER),
    Row("contrib.layers.xavier_initializer_conv2d", ":xavier_initializer", today=_XAVIER),
    Row("contrib.layers.variance_scaling_initializer", ":variance_scaling_initializer"),
    Row("contrib.layers.l1_regularizer", ":l1_regularizer"),
    Row("contrib.layers.l2_regularizer", ":l2_regularizer"),
    Row("contrib.layers.flatten", f"{_LAYERS}core.flatten", today=_FLAT),
    Row("contrib.layers", "@tf_slim.layers"),
    Row("contrib.framework", "@tf_slim"),
    Row("contrib.slim", "@tf_slim", today="the package tf_slim"),
    Row("contrib.rnn.static_rnn", "nn.static_rnn"),
    Row("contrib.rnn", f"@{_CELLS}", today=_CELL),
    Row("nn.rnn_cell", f"@{_CELLS}", today=_CELL),
    Row("models.rnn.rnn_cell", f"@{_CELLS}", today=_CELL),
    Row("models.rnn.rnn", "nn"),
    *(
        Row(f"layers.{name}", f"{_LAYERS}{module}.{name}", today=_OWN)
        for module, names in (
            ("core", "dense dropout flatten Dense Dropout Flatten"),
            ("convolutional", "conv1d conv2d conv3d conv2d_transpose separable_conv2d Conv2D"),
            ("pooling", "max_pooling1d max_pooling2d average_pooling1d average_pooling2d "
             "MaxPooling2D AveragePooling2D"),
        )
        for name in names.split()
    ),
    Row("layers.batch_normalization", ":batch_normalization", today="tf.nn.batch_normalization"),
    # in compat.v1 as they were, and gone from TensorFlow 2
    Row("placeholder", reason="placeholders"),
    Row("placeholder_with_default", reason="placeholders"),
    *(Row(name, reason="initialize_all_variables") for name in (
        "initialize_all_variables", "initialize_variables", "initialize_local_variables",
        "global_variables_initializer", "local_variables_initializer", "variables_initializer")),
    *(Row(name, reason="random_normal") for name in (
        "random_normal", "random_uniform", "truncated_normal")),
    Row("set_random_seed", reason="op_seeds"),
    Row("train.RMSPropOptimizer", today="cnn_raw.rmsprop", reason="keras_rmsprop"),
    Row("nn.softmax_cross_entropy_with_logits_v2", reason="labels_first"),
    Row("examples.tutorials", reason=_LOADER),
    Row("examples.tutorials.mnist", reason=_LOADER),
    Row("app", today="argparse, and main() called directly"),
    Row("flags", today="argparse"),
    Row("app.flags", today="argparse"),
    Row("contrib", today="tf.nn, or the library that the part moved to"),
    Row("layers", today=_OWN),
    Row("losses", today=_SUM),
    Row("metrics", today=_MEAN),
    Row("estimator", today="a training loop of your own"),
    Row("python", today="the public name of the same function"),
    Row("logging", today="Python's module logging"),
    Row("gfile", today="tf.io.gfile"),
    Row("gfile.FastGFile", today="tf.io.gfile.GFile"),
    Row("python_io", today="tf.io"),
    Row("distributions", today="the package tensorflow_probability"),
    Row("get_variable", today="tf.Variable(initial_value, name=...)"),
    Row("variable_scope", today="tf.name_scope, and variables of your own"),
    Row("variable_op_scope", today="tf.name_scope, and variables of your own"),
    Row("op_scope", today="tf.name_scope"),
    Row("get_variable_scope", today="variables of your own"),
    Row("AUTO_REUSE", today="the same tf.Variable, used again"),
    *(Row(name, today="a list of your variables") for name in (
        "all_variables", "global_variables", "local_variables", "model_variables",
        "moving_average_variables", "trainable_variables")),
    *(Row(name, today="a list of your own") for name in (
        "get_collection", "get_collection_ref", "add_to_collection", "add_to_collections",
        "GraphKeys")),
    *(Row(name, today="nothing: operations run when they are called") for name in (
        "get_default_graph", "get_default_session", "reset_default_graph", "Graph",
        "disable_eager_execution", "enable_eager_execution", "disable_v2_behavior")),
    *(Row(name, today="nothing: there are no tables to initialize") for name in (
        "tables_initializer", "initialize_all_tables")),
    Row("is_variable_initialized", today="nothing: a variable has its value at once"),
    Row("report_uninitialized_variables", today="nothing: a variable has its value at once"),
    *(Row(name, today="tf.profiler.experimental") for name in ("RunOptions", "RunMetadata")),
    Row("ConfigProto", today="tf.config"),
    Row("GPUOptions", today="tf.config.experimental.set_memory_growth"),
    Row("GraphDef", today="tf.saved_model"),
    Row("import_graph_def", today="tf.saved_model.load"),
    Row("gradients", today="tf.GradientTape: tape.gradient(cost, weights)"),
    Row("py_func", today="tf.py_function, or the Python function itself"),
    Row("Print", today="tf.print"),
    Row("div", today="tf.math.divide, or // for whole numbers"),
    Row("div_no_nan", today="tf.math.divide_no_nan"),
    Row("setdiff1d", today="tf.raw_ops.ListDiff"),
    Row("sparse_to_dense", today="tf.scatter_nd, or tf.one_hot for labels"),
    Row("string_split", today="tf.strings.split"),
    *(Row(f"to_{name}", today=f"tf.cast(x, tf.{dtype})") for name, dtype in (
        ("float", "float32"), ("double", "float64"), ("int32", "int32"), ("int64", "int64"),
        ("bfloat16", "bfloat16"), ("complex64", "complex64"), ("complex128", "complex128"))),
    *(Row(f"assign{what}", today=f"variable.assign{what}(value)") for what in ("", "_add", "_sub")),
    *(Row(f"scatter_{what}", today=f"variable.scatter_{what}(tf.IndexedSlices(...))") for what in (
        "add", "div", "max", "min", "mul", "sub", "update")),
    *(Row(f"{name}_initializer", today=f"tf.initializers.{new}") for name, new in (
        ("truncated_normal", "TruncatedNormal"), ("glorot_normal", "GlorotNormal"),
        ("glorot_uniform", "GlorotUniform"), ("orthogonal", "Orthogonal"),
        ("variance_scaling", "VarianceScaling"))),
    Row("uniform_unit_scaling_initializer", today=_XAVIER),
    *(Row(f"image.resize_{name}", today=f'tf.image.resize(images, size, "{method}")')
      for name, method in (("bilinear", "bilinear"), ("bicubic", "bicubic"), ("area", "area"),
                           ("nearest_neighbor", "nearest"))),
    Row("image.resize_image_with_pad", today="tf.image.resize_with_pad"),
    Row("nn.xw_plus_b", today="tf.matmul(x, w) + b"),
    Row("nn.relu_layer", today="tf.nn.relu(tf.matmul(x, w) + b)"),
    Row("nn.fused_batch_norm", today="tf.nn.moments, then tf.nn.batch_normalization"),
    Row("nn.depthwise_conv2d_native", today="tf.nn.depthwise_conv2d"),
    *(Row(f"nn.{name}", today=_LOOP) for name in (
        "dynamic_rnn", "bidirectional_dynamic_rnn", "raw_rnn", "static_rnn",
        "static_bidirectional_rnn", "static_state_saving_rnn")),
    *(Row(f"train.{name}Optimizer", today=f"tf.raw_ops.ResourceApply{name}") for name in (
        "Momentum", "Adagrad", "Adadelta", "Ftrl", "AdagradDA", "ProximalAdagrad",
        "ProximalGradientDescent")),
    Row("train.GradientDescentOptimizer", today="variable.assign_sub(learning_rate * gradient)"),
    Row("train.AdamOptimizer",
        today="tf.raw_ops.ResourceApplyAdam (tf.optimizers.Adam has another epsilon)"),
    Row("train.Optimizer", today="tf.optimizers.Optimizer"),
    Row("train.SyncReplicasOptimizer", today="tf.distribute.MirroredStrategy"),
    Row("train.replica_device_setter", today="tf.distribute.MirroredStrategy"),
    Row("train.exponential_decay", today="learning_rate * decay_rate ** (step / decay_steps)"),
    *(Row(f"train.{name}", today=f"tf.optimizers.schedules.{new}") for name, new in (
        ("piecewise_constant", "PiecewiseConstantDecay"), ("polynomial_decay", "PolynomialDecay"),
        ("piecewise_constant_decay", "PiecewiseConstantDecay"),
        ("inverse_time_decay", "InverseTimeDecay"), ("cosine_decay", "CosineDecay"))),
    Row("train.natural_exp_decay", today="learning_rate * tf.exp(-decay_rate * step)"),
    Row("train.Saver", today="tf.train.Checkpoint"),
    Row("train.import_meta_graph", today="tf.saved_model.load"),
    Row("train.export_meta_graph", today="tf.saved_model.save"),
    Row("train.NewCheckpointReader", today="tf.train.load_checkpoint"),
    *(Row(f"train.{name}", today="a variable of your own") for name in (
        "get_global_step", "create_global_step", "get_or_create_global_step", "global_step")),
    *(Row(f"train.{name}", today="a training loop of your own") for name in (
        "MonitoredSession", "MonitoredTrainingSession", "SingularMonitoredSession", "Supervisor",
        "SessionManager", "Scaffold", "LoggingTensorHook", "StopAtStepHook", "SessionRunHook",
        "SummarySaverHook", "CheckpointSaverHook", "NanTensorHook")),
    *(Row(f"train.{name}", today="tf.data.Dataset.batch") for name in ("batch", "batch_join")),
    *(Row(f"train.{name}", today="tf.data.Dataset.shuffle, then batch") for name in (
        "shuffle_batch", "shuffle_batch_join")),
    *(Row(f"train.{name}", today="tf.data.Dataset.from_tensor_slices") for name in (
        "string_input_producer", "slice_input_producer", "input_producer")),
    Row("train.range_input_producer", today="tf.data.Dataset.range"),
    Row("train.limit_epochs", today="tf.data.Dataset.repeat"),
    *(Row(f"train.{name}", today="tf.data, which needs none") for name in (
        "start_queue_runners", "QueueRunner", "add_queue_runner", "queue_runner")),
    Row("TFRecordReader", today="tf.data.TFRecordDataset"),
    Row("FixedLengthRecordReader", today="tf.data.FixedLengthRecordDataset"),
    Row("WholeFileReader", today="tf.io.read_file"),
    Row("TextLineReader", today="tf.data.TextLineDataset"),
    *(Row(f"data.make_{name}_iterator", today="a for loop over the dataset") for name in (
        "one_shot", "initializable")),
    Row("summary.FileWriter", today="tf.summary.create_file_writer"),
    Row("summary.merge", today=_AT_ONCE),
    Row("summary.merge_all", today=_AT_ONCE),
    *(Row(f"summary.{name}", today=f"tf.summary.{name} with step=..., in a writer's as_default()")
      for name in ("scalar", "histogram", "image", "audio", "text")),
)  # fmt: skip

# In a program's text, names that TensorFlow 0.12 did not have yet: the program is for 1.x.
ONLY_1 = (
    r"\btf\.(layers|data|keras|estimator|losses|metrics)\b|\bcross_entropy_with_logits_v2\b"
    r"|\bcontrib\.(data|rnn)\b|\btf\.nn\.static_rnn\b|\bkeepdims\b"
)
