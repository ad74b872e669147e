"""The graph engine in NumPy, held to the Session of TensorFlow and to finite differences."""

import ast
import inspect
import linecache
import re
import sys
import types
from collections import Counter, namedtuple
from pathlib import Path

import nbformat
import numpy as np
import pytest
import tensorflow as tf2
import tensorflow.compat.v1 as tf1

from cnn_raw.cells import defining
from cnn_raw.twin import compare, engine, engine_kernels, session
from cnn_raw.twin.session_steps import WEIGHTS

FOLDER = Path(__file__).parent
ONE = [1, 1, 1, 1]
POOL = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}


@pytest.fixture(autouse=True)
def graph():
    """A fresh graph of the engine, the default one."""
    with engine.Graph().as_default() as graph:
        yield graph


def program_of_session_py():
    """init_weights, model and build: the text of session.py, on the engine."""
    parts = (session.init_weights, session.model, session.build)
    scope = {"tf": engine, "Program": session.Program}
    exec("\n".join(inspect.getsource(part) for part in parts), scope)
    return scope["build"]


def script_of_2016():
    """The graph part of the script of 2016: everything but the data and the Session."""
    text = (FOLDER / "data" / "convolutional_net_2016.txt").read_text()
    text = text[text.index("def init_weights") : text.index("# Launch the graph")]
    return re.sub(r"^(mnist|trX|teX).*\n", "", text, flags=re.MULTILINE)


# --- The program of 2016 ------------------------------------------------------------------------


def test_engine_counts_the_op_seeds_of_2016(graph):
    scope = {"tf": engine}
    engine.set_random_seed(2016)
    exec(script_of_2016(), scope)
    seeds = [op.attributes["seeds"] for op in graph.get_operations() if "seeds" in op.attributes]
    assert seeds == [(2016, n) for n in (5, 14, 23, 32, 41, 55, 69, 85, 98)]
    assert scope["py_x"].get_shape().as_list() == [None, 10]


def steps(tf, build, start, batches):
    """Return the costs of training steps, the first gradients and the weights after them."""
    with tf.Graph().as_default():
        program = build(2016)
        variables = [getattr(program, name) for name in WEIGHTS]
        gradients = tf.gradients(program.cost, variables)
        keep = {program.p_keep_conv: 0.8, program.p_keep_hidden: 0.5}
        feeds = [{program.X: X, program.Y: Y, **keep} for X, Y in batches]
        with tf.Session() as sess:
            given = {var.initial_value: array for var, array in zip(variables, start, strict=True)}
            tf.global_variables_initializer().run(given)
            first = sess.run([program.cost, gradients, program.train_op], feeds[0])
            rest = [sess.run([program.cost, program.train_op], feed)[0] for feed in feeds[1:]]
            return [first[0], *rest], first[1], sess.run(variables)


def test_engine_trains_session_pys_own_lines_to_the_sessions_numbers(mnist):
    images, labels = mnist.train.images.reshape(-1, 28, 28, 1), mnist.train.labels
    batches = [(images[i : i + 128], labels[i : i + 128]) for i in range(0, 5 * 128, 128)]
    start = compare.start_weights("he", 2016)
    ours = steps(engine, program_of_session_py(), start, batches)
    theirs = steps(tf1, session.build, start, batches)
    assert np.ptp(theirs[0]) > 0.2  # off the plateau, where any program would agree
    np.testing.assert_allclose(ours[0], theirs[0], rtol=0, atol=1e-6)  # measured: 4.8e-7
    for mine, right in zip(ours[1], theirs[1], strict=True):
        largest = np.abs(right).max()
        np.testing.assert_allclose(mine, right, rtol=0, atol=1e-5 * largest)  # measured: 9.1e-7
    for mine, right in zip(ours[2], theirs[2], strict=True):
        # measured: 1.5e-8, and 7e-6 with sums in another order
        np.testing.assert_allclose(mine, right, rtol=0, atol=1e-5)


def test_engine_draws_the_weights_and_the_masks_of_tensorflow(graph):
    """Weights to a unit in the last place, and dropout's uniform numbers to the bit, run by run."""
    program = program_of_session_py()(7)
    sess = engine.Session()
    sess.run(engine.global_variables_initializer())
    tf2.random.set_seed(7)
    for name, seed in zip(WEIGHTS, (5, 14, 23, 32, 41), strict=True):
        drawn = sess.run(getattr(program, name))
        right = tf2.random.normal(drawn.shape, stddev=0.01, seed=seed)
        np.testing.assert_allclose(drawn, right, rtol=0, atol=3e-8)  # measured: 2.4e-8
    uniform = [op.output for op in graph.get_operations() if op.type == "RandomUniform"]
    for n in (3, 1, 8):  # images, in three runs
        feed = {program.X: np.ones((n, 28, 28, 1)), program.p_keep_conv: 0.8}
        feed[program.p_keep_hidden] = 0.5
        for drawn, seed in zip(sess.run(uniform, feed), (55, 69, 85, 98), strict=True):
            right = tf2.random.uniform(drawn.shape, seed=seed)
            np.testing.assert_array_equal(drawn, right)


def test_engine_knows_the_shapes_before_the_first_image():
    ours = program_of_session_py()(7)
    with tf1.Graph().as_default():
        theirs = session.build(7)
    for name in (*WEIGHTS, "X", "Y", "py_x", "cost", "predict_op"):
        shape = getattr(theirs, name).get_shape().as_list()
        assert getattr(ours, name).get_shape().as_list() == shape
    assert str(ours.X.get_shape()) == "(?, 28, 28, 1)"
    assert "<unknown>" in repr(ours.p_keep_conv)


def test_engine_predicts_and_keeps_the_slots_of_2016():
    program = program_of_session_py()(7)
    names = [var.op.name for var in engine.global_variables()]
    assert names[:5] == ["Variable", "Variable_1", "Variable_2", "Variable_3", "Variable_4"]
    assert names[5:7] == ["Variable/RMSProp", "Variable/RMSProp_1"]
    with engine.Session() as sess:
        engine.initialize_all_variables().run()
        rms, momentum = sess.run(engine.global_variables()[5:7])
        assert np.all(rms == 1) and np.all(momentum == 0)
        feed = {program.X: np.zeros((3, 28, 28, 1)), program.p_keep_conv: 1.0}
        classes = program.predict_op.eval({**feed, program.p_keep_hidden: 1.0})
    assert classes.dtype == np.int64 and classes.tolist() == [0, 0, 0]  # all logits are zero


# --- Gradients ----------------------------------------------------------------------------------


def by_differences(sess, y, x, feed, h=1e-6):
    """Return the derivative of the sum of ``y`` by ``x``, in float64, from central differences."""
    slope = np.zeros_like(feed[x])
    for place in np.ndindex(slope.shape):
        step = np.zeros_like(slope)
        step[place] = h
        above, below = (sess.run(y, {**feed, x: feed[x] + sign * step}).sum() for sign in (1, -1))
        slope[place] = (above - below) / (2 * h)
    return slope


def xent(logits, labels):
    return engine.nn.softmax_cross_entropy_with_logits(logits=logits, labels=labels)


def conv(strides, padding):
    return lambda x, w: engine.nn.conv2d(x, w, strides=strides, padding=padding)


FUNCTIONS = {
    "add, repeated": (lambda x, y: x + y, (2, 3), (3,)),
    "sub, repeated": (lambda x, y: x - y, (1, 3), (2, 3)),
    "mul, a number": (lambda x, y: x * y * 3.0, (2, 3), ()),
    "div, repeated": (lambda x, y: x / y, (2, 3), (2, 1)),
    "used twice": (lambda x, y: x * x * y + x, (2, 3), (2, 3)),
    "matmul": (lambda x, y: engine.matmul(x, y) * engine.matmul(x, y), (2, 3), (3, 4)),
    "relu": (lambda x, y: engine.nn.relu(x) * y, (3, 4), (3, 4)),
    "reshape": (lambda x, y: engine.reshape(x, [-1, 2]) * y, (2, 3), (3, 2)),
    "reduce_mean": (lambda x, y: engine.reduce_mean(x * y) * engine.reduce_mean(y), (2, 3), (3,)),
    "cross-entropy": (lambda x, y: xent(x, [[0.0, 1, 0], [0.3, 0.3, 0.4]]) * y, (2, 3), (2,)),
    "conv2d": (conv(ONE, "SAME"), (2, 5, 4, 2), (3, 3, 2, 3)),
    "conv2d, even filter": (conv(ONE, "SAME"), (1, 4, 5, 2), (2, 4, 2, 2)),
    "conv2d, strides": (conv([1, 2, 3, 1], "SAME"), (2, 5, 7, 1), (3, 2, 1, 2)),
    "conv2d, VALID": (conv([1, 2, 1, 1], "VALID"), (2, 6, 5, 2), (3, 3, 2, 2)),
    "max_pool": (lambda x, y: engine.nn.max_pool(x, **POOL) * y, (2, 5, 4, 2), (2, 3, 2, 2)),
    "max_pool, overlapping": (
        lambda x, y: engine.nn.max_pool(x, [1, 3, 2, 1], [1, 2, 1, 1], "VALID") * y,
        (2, 5, 4, 1),
        (2, 2, 3, 1),
    ),
    "dropout": (lambda x, y: engine.nn.dropout(x, y, seed=3), (4, 5), ()),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_are_those_of_finite_differences(name):
    function, *shapes = FUNCTIONS[name]
    random = np.random.RandomState(1)
    x, y = (engine.placeholder("float64", [None, *shape[1:]] if shape else []) for shape in shapes)
    feed = {
        t: random.permutation(np.prod(shape, dtype=int)).reshape(shape) * 0.1 + 0.35
        for t, shape in zip((x, y), shapes, strict=True)
    }
    if name == "relu":
        feed[x] -= 0.8  # some below zero
    result = function(x, y)
    if name == "dropout":  # the same mask in every run
        (uniform,) = [op for op in x.graph.get_operations() if op.type == "RandomUniform"]
        feed[uniform.output] = random.uniform(size=shapes[0])
    grads = engine.gradients(result, [x, y])
    sess = engine.Session()
    for t, grad in zip((x, y), grads, strict=True):
        value = sess.run(grad, feed)
        assert value.dtype == np.float64 and value.shape == feed[t].shape
        slope = by_differences(sess, result, t, feed)
        np.testing.assert_allclose(value, slope, rtol=1e-6, atol=1e-7)
        assert np.abs(slope).max() > 0.01


def test_max_pool_gives_all_to_the_first_of_equal_maxima():
    values = np.random.RandomState(2).randint(0, 3, size=(2, 5, 7, 3)).astype(np.float32)
    x = engine.constant(values)
    y = engine.nn.max_pool(x, **POOL)
    weights = np.arange(1, 2 * 3 * 4 * 3 + 1, dtype=np.float32).reshape(2, 3, 4, 3)
    ours = engine.Session().run(engine.gradients(y * weights, [x])[0])
    with tf2.GradientTape() as tape:
        tape.watch(theirs := tf2.constant(values))
        cost = tf2.reduce_sum(tf2.nn.max_pool(theirs, **POOL) * weights)
    np.testing.assert_array_equal(ours, tape.gradient(cost, theirs))


def test_gradients_add_operations_and_compute_nothing(graph, monkeypatch):
    x = engine.placeholder("float")
    y = x * x + 3.0 * x
    monkeypatch.setattr(engine_kernels, "Mul", None)
    before = len(graph.get_operations())
    (slope,) = engine.gradients(y, [x])
    assert len(graph.get_operations()) > before
    monkeypatch.undo()
    assert engine.Session().run(slope, {x: 2.0}) == 7


def test_gradients_of_what_does_not_depend_is_none():
    x, other = engine.placeholder("float"), engine.placeholder("float")
    assert engine.gradients(x * 2.0, [other]) == [None]
    engine.Variable(1.0)
    with pytest.raises(ValueError, match="depends on none of the variables"):
        engine.train.RMSPropOptimizer(0.1).minimize(x * 2.0)


def test_gradients_name_the_type_that_has_no_rule():
    x = engine.placeholder("float", [2, 3])
    with pytest.raises(LookupError, match="Softmax: no gradient is registered for Softmax"):
        engine.gradients(engine.nn.softmax(x), [x])


def test_register_gradient_takes_a_rule_of_ones_own(monkeypatch):
    monkeypatch.setattr(engine, "rules", dict(engine.rules))

    @engine.RegisterGradient("Softmax")
    def zero(op, grad):
        return [grad * 0.0]

    x = engine.placeholder("float", [1, 3])
    (grad,) = engine.gradients(engine.nn.softmax(x), [x])
    assert engine.Session().run(grad, {x: [[1, 2, 3]]}).tolist() == [[0, 0, 0]]


# --- Kernels ------------------------------------------------------------------------------------


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (3, 3)])
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (3, 1)])
def test_kernels_over_windows_are_tensorflows(padding, size, strides):
    random = np.random.RandomState(0)
    x = random.normal(size=(2, 7, 6, 3)).astype(np.float32)
    w = random.normal(size=(*size, 3, 4)).astype(np.float32)
    where = {"strides": [1, *strides, 1], "padding": padding}
    ours, theirs = engine_kernels.Conv2D(x, w, **where), tf2.nn.conv2d(x, w, **where)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    assert engine_kernels.Conv2DShape(x.shape, w.shape, **where) == list(theirs.shape)
    where["ksize"] = [1, *size, 1]
    ours, theirs = engine_kernels.MaxPool(x, **where), tf2.nn.max_pool(x, **where)
    np.testing.assert_array_equal(ours, theirs)
    assert engine_kernels.MaxPoolShape(x.shape, **where) == list(theirs.shape)


def test_kernels_of_random_numbers_take_any_seed():
    for seeds in [(0, 1), (2**40 + 3, 2**50 + 1), (87654321, 5)]:
        options = {"shape": [7], "seed": seeds[0], "seed2": seeds[1], "dtype": tf2.float32}
        uniform, normal = tf2.raw_ops.RandomUniform, tf2.raw_ops.RandomStandardNormal
        drawn = engine_kernels.RandomUniform([7], 0, seeds)
        np.testing.assert_array_equal(drawn, uniform(**options))
        drawn = engine_kernels.RandomStandardNormal([7], 0, seeds)
        np.testing.assert_allclose(drawn, normal(**options), rtol=0, atol=3e-6)


# --- The Session --------------------------------------------------------------------------------

Pair = namedtuple("Pair", "first second")


def test_run_returns_every_form_of_fetches():
    a = engine.constant(2)
    b = engine.Variable(5.0)
    c = a * 3
    run = engine.Session().run
    run(b.initializer)
    assert run(c) == 6 and run(c).dtype == np.int64
    assert run(c.op) is None
    assert run("Mul:0") == 6 and run("Mul") is None
    assert run([a, [c, b]]) == [2, [6, 5]]
    assert run((a,)) == (2,)
    assert run(Pair(a, {"c": c})) == Pair(2, {"c": 6})
    assert run([]) == []


def test_run_takes_a_value_for_any_tensor():
    a = engine.constant(2.0)
    b = engine.Variable(a + 1.0)
    c = b * 10.0
    sess = engine.Session()
    assert sess.run(c, {c: 1}) == 1
    assert sess.run(c, {b: 4}) == 40  # not initialized
    assert sess.run(c, {"Identity:0": 4}) == 40
    sess.run(engine.global_variables_initializer(), {a: 7})
    assert sess.run(c) == 80


def test_run_computes_only_what_is_needed_and_once(monkeypatch):
    calls = Counter()

    def counting(a, b):
        calls["Mul"] += 1
        return a * b

    monkeypatch.setattr(engine_kernels, "Mul", counting)
    x = engine.placeholder("float")
    square = x * x
    twice = square + square
    engine.placeholder("float") * twice  # nobody asks for it
    sess = engine.Session()
    assert sess.run([twice, square, twice], {x: 3}) == [18, 9, 18] and calls["Mul"] == 1
    assert sess.run(twice, {square: 4}) == 8 and calls["Mul"] == 1


def test_run_reads_a_variable_once_before_it_is_assigned():
    v = engine.Variable(1.0)
    assign = v.assign(v + 1.0)
    sess, other = engine.Session(), engine.Session()
    sess.run(v.initializer)
    assert sess.run([v * 10.0, assign]) == [10, 2]
    assert sess.run([assign.op, v * 10.0]) == [None, 20]
    assert sess.run(v) == 3
    with pytest.raises(engine.errors.FailedPreconditionError):
        other.run(v)  # the value is the Session's, not the graph's


def test_run_gives_and_takes_copies():
    given = np.ones(2, np.float32)
    v = engine.Variable(given)
    sess = engine.Session()
    sess.run(v.initializer, {v.initial_value: given})
    sess.run(v)[:] = 5
    given[:] = 7
    assert sess.run([v, v * 1.0])[1].tolist() == [1, 1]
    assert isinstance(sess.run(engine.reduce_mean(v)), np.float32)


def test_operators_take_numbers_and_arrays_on_both_sides():
    x = engine.placeholder("float", [2])
    array = np.float32([1, 2])
    results = [1 - x, x - 1, 2 / x, x / 2, array * x, x * array, array + x]
    values = engine.Session().run(results, {x: [4, 8]})
    right = [[-3, -7], [3, 7], [0.5, 0.25], [2, 4], [4, 16], [4, 16], [5, 10]]
    assert [value.tolist() for value in values] == right
    assert {value.dtype for value in values} == {np.dtype("float32")}


def test_random_numbers_without_seeds_are_never_the_same():
    first, second = engine.Session().run([engine.random_uniform([4]) for _ in range(2)])
    assert first.tolist() != second.tolist()


# --- Errors -------------------------------------------------------------------------------------


def test_errors_of_a_run_say_what_is_missing_or_wrong():
    x = engine.placeholder("float", [None, 784])
    w = engine.Variable(np.ones((784, 10), np.float32))
    y = engine.matmul(x, w)
    run = engine.Session().run
    tensor = re.escape('Tensor("Placeholder:0", shape=(?, 784), dtype=float32)')
    with pytest.raises(engine.errors.InvalidArgumentError, match=f"no value for {tensor}"):
        run(x)
    with pytest.raises(engine.errors.FailedPreconditionError, match=r"Variable .*initialize"):
        run(y, {x: np.ones((1, 784))})
    for value in (np.ones((2, 28, 28, 1)), np.ones((2, 783)), np.ones(784)):
        shape = re.escape(str(engine.TensorShape(value.shape)))
        with pytest.raises(ValueError, match=f"shape {shape} does not fit {tensor}"):
            run(y, {x: value})
    for nothing in (5, "nothing", "nothing:0", None, [x, object()]):
        with pytest.raises(TypeError, match="no tensor, no operation and the name of none"):
            run(nothing)
    with pytest.raises(TypeError, match="Placeholder:0 is neither true nor false"):
        bool(x)
    with pytest.raises(ValueError, match="no default Session"):
        y.eval()


def test_errors_of_shapes_come_while_the_graph_is_built(graph):
    x = engine.placeholder("float", [None, 28, 28, 1])
    with pytest.raises(ValueError, match=r"Conv2D of \(\?, 28, 28, 1\), \(3, 3, 32, 64\): 1 chan"):
        engine.nn.conv2d(x, np.ones((3, 3, 32, 64)), strides=ONE, padding="SAME")
    with pytest.raises(ValueError, match="window of 29 pixels is larger than 28"):
        engine.nn.conv2d(x, np.ones((29, 1, 1, 1)), strides=ONE, padding="VALID")
    with pytest.raises(ValueError, match='must be "SAME" or "VALID", not \'same\''):
        engine.nn.max_pool(x, **{**POOL, "padding": "same"})
    with pytest.raises(ValueError, match=r"MatMul of \(2, 3\), \(4, 5\): 3 columns and 4 rows"):
        engine.matmul(np.ones((2, 3)), np.ones((4, 5)))
    with pytest.raises(ValueError, match=r"Add of \(2, 3\), \(4,\): 3 and 4 do not fit"):
        engine.add(np.ones((2, 3)), np.ones(4))
    with pytest.raises(ValueError, match="does not fit"):
        engine.Variable(np.ones(3)).assign(np.ones(4))
    types = Counter(op.type for op in graph.get_operations())
    assert types.keys() == {"Placeholder", "Const", "Variable", "Assign", "Identity"}


def test_errors_name_the_tensor_of_another_graph():
    x = engine.placeholder("float")
    with engine.Graph().as_default():
        with pytest.raises(ValueError, match="Add: its input Placeholder:0 is in another graph"):
            engine.constant(1.0) + x
        sess = engine.Session()
        with pytest.raises(ValueError, match="Placeholder:0 is in another graph"):
            sess.run(x)
        y = engine.constant(1.0)
        with pytest.raises(ValueError, match="Placeholder:0 is in another graph"):
            sess.run(y, {x: 1.0})


def test_errors_name_the_cycle_made_by_hand():
    a = engine.constant(1.0)
    b = a + 1.0
    c = b * 2.0
    b.op.inputs[0] = c
    with pytest.raises(ValueError, match="cycle: Add needs Mul, made no earlier"):
        engine.Session().run(c)
    b.op.inputs[0] = b
    with pytest.raises(ValueError, match="cycle: Add needs Add"):
        engine.Session().run(c)
    assert engine.Session().run(c, {b: 3.0}) == 6  # cut by a feed


def test_graph_is_the_default_no_longer_after_an_error(graph):
    with pytest.raises(ZeroDivisionError), engine.Graph().as_default(), engine.Session():
        raise ZeroDivisionError
    assert engine.get_default_graph() is graph
    with pytest.raises(ValueError, match="no default Session"):
        engine.get_default_session()


# --- The notebook that builds it ----------------------------------------------------------------

NOTEBOOK = nbformat.read(FOLDER.parent / "notebooks" / "8_build.ipynb", as_version=4)


def definitions(source):
    """Return the statements that define something, as syntax trees written out, by their names."""
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.For)
    return {ast.dump(node) for node in ast.parse(source).body if isinstance(node, kinds)}


def test_engine_is_as_short_as_the_notebook_says():
    assert len(inspect.getsource(engine).splitlines()) <= 300
    assert "`cnn_raw/twin/engine.py`, 300 lines" in NOTEBOOK.cells[0].source


def test_notebook_builds_this_engine_and_no_other():
    """Every statement of the engine stands in a cell or in a solution, the same in every name."""
    folded = re.compile(r"<details>.*?```python\n(.*?)```", re.DOTALL)
    built = set()
    for cell in NOTEBOOK.cells:
        sources = [cell.source] if cell.cell_type == "code" else folded.findall(cell.source)
        for source in sources:
            built |= definitions(source)
    for module in (engine_kernels, engine):
        missing = definitions(inspect.getsource(module)) - built
        assert missing == set()


def parts_of_the_notebook():
    parts = []
    for cell in NOTEBOOK.cells:
        if cell.source.startswith("## Part "):
            parts.append([])
        elif cell.cell_type == "code":
            parts[-1].append(cell.source)
    return parts


@pytest.mark.parametrize("number", range(1, 9))
def test_notebook_begins_with_any_part_and_works_with_the_dots_left(number, monkeypatch, capsys):
    main = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setattr("cnn_raw.lesson.show", lambda figure, alt: None)
    cells = parts_of_the_notebook()[number - 1]
    assert number == 1 or "skip_ahead()" in cells[0]
    for i, source in enumerate(cells):
        name = f"<part {number}, cell {i}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        source = re.sub(r"steps=\d", "steps=1", source)
        exec(compile(source, name, "exec"), vars(main))
    said = capsys.readouterr().out
    exercises = sum(
        re.search(r"^ *check_built\(", source, re.MULTILINE) is not None for source in cells
    )
    assert said.count("Not answered yet") == exercises
    assert "Wrong" not in said


# --- Cells out of order -------------------------------------------------------------------------


@pytest.mark.parametrize("stem", ["8_build", "9_elsewhere"])
def test_notebooks_cell_alone_says_which_cell_is_missing(stem, monkeypatch, capsys):
    """Each cell in a fresh namespace works, or stops at a name whose cell comes before it."""
    path = FOLDER.parent / "notebooks" / f"{stem}.ipynb"
    monkeypatch.setattr("cnn_raw.lesson.show", lambda figure, alt: None)
    sources, missing = [], 0
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        main = types.ModuleType("__main__")
        monkeypatch.setitem(sys.modules, "__main__", main)
        try:
            exec(compile(cell.source, "<cell>", "exec"), vars(main))
        except NameError as error:
            _, first = defining(error.name, path)
            assert any(source.startswith(first) for source in sources), error
            missing += 1
        sources.append(cell.source)
    assert missing > len(sources) / 3
    assert "Wrong" not in capsys.readouterr().out
