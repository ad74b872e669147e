"""The graph API of 2016 in plain NumPy: a graph, a Session, gradients. Notebook 8 builds it.

    from cnn_raw.twin import engine as tf

With this import, and no other change, ``init_weights``, ``model`` and ``build`` of session.py run,
train, and give TensorFlow's numbers. engine_graph.py is the graph and what runs it,
engine_kernels.py the arithmetic; here is what the program builds its graph with. Where a function
takes tensors, it takes Variables, numbers and arrays too.
"""

import sys

import numpy as np

from cnn_raw.twin.engine_graph import (  # noqa: F401
    FailedPreconditionError,
    Graph,
    InvalidArgumentError,
    Operation,
    Session,
    Tensor,
    TensorShape,
    Variable,
    add,
    constant,
    convert_to_tensor,
    div,
    float32,
    get_default_graph,
    get_default_session,
    global_variables,
    global_variables_initializer,
    group,
    initialize_all_variables,
    mul,
    op_function,
    placeholder,
    sub,
)

nn = train = errors = sys.modules[__name__]  # tf.nn.relu is relu, and so on

# --- 4. Random numbers --------------------------------------------------------------------------


def set_random_seed(seed):
    get_default_graph().seed = seed


def get_seed(op_seed):
    """Return the graph's seed and the operation's: if None, the number of operations so far."""
    graph = get_default_graph()
    if graph.seed is None and op_seed is None:
        return np.random.SeedSequence().generate_state(2).tolist()
    graph_seed = 87654321 if graph.seed is None else graph.seed  # as TensorFlow had it
    return graph_seed, len(graph.operations) if op_seed is None else op_seed


def constant_value(tensor):
    return tensor.op.attributes.get("value")


def random(type, shape, seed):
    return Operation(type, [shape], constant_value(shape), float32, seeds=get_seed(seed)).output


def random_normal(shape, mean=0.0, stddev=1.0, seed=None):
    shape, mean, stddev = map(convert_to_tensor, [shape, mean, stddev])
    return random("RandomStandardNormal", shape, seed) * stddev + mean


def random_uniform(shape, minval=0.0, maxval=1.0, seed=None):
    shape, minval, maxval = map(convert_to_tensor, [shape, minval, maxval])
    return random("RandomUniform", shape, seed) * (maxval - minval) + minval


# --- 5. Gradients -------------------------------------------------------------------------------

rules: dict = {}  # rules[type](op, grad) adds the gradients by the inputs of op, and returns them


def RegisterGradient(type):
    def register(rule):
        rules[type] = rule
        return rule

    return register


def gradients(y, xs):
    """Add the operations for the derivatives of ``y`` by the ``xs``, and return their tensors.

    None stands for an x on which y does not depend. Raises LookupError where a rule is missing.
    """
    y, xs = convert_to_tensor(y), [convert_to_tensor(x) for x in xs]
    everything, depends = y.graph.get_operations(), {x.op for x in xs}
    for op in everything:
        if any(tensor.op in depends for tensor in op.inputs):
            depends.add(op)
    grads = {y.op: op_function("OnesLike")(y)}  # by operation: the derivative of y by its output
    for op in reversed(everything):
        if op in grads and any(tensor.op in depends for tensor in op.inputs):
            if op.type not in rules:
                raise LookupError(f"{op.name}: no gradient is registered for {op.type}")
            for tensor, grad in zip(op.inputs, rules[op.type](op, grads[op]), strict=True):
                if grad is not None:
                    grads[tensor.op] = grads[tensor.op] + grad if tensor.op in grads else grad
    return [grads.get(x.op) for x in xs]


def sum_to_inputs(op, *grads):
    """Return the gradients, each added up along the axes along which its input was repeated."""
    return [op_function("SumTo")(x, grad) for x, grad in zip(op.inputs, grads, strict=True)]


@RegisterGradient("Add")
def add_grad(op, grad):
    return sum_to_inputs(op, grad, grad)


@RegisterGradient("Sub")
def sub_grad(op, grad):
    return sum_to_inputs(op, grad, 0 - grad)


@RegisterGradient("Mul")
def mul_grad(op, grad):
    x, y = op.inputs
    return sum_to_inputs(op, grad * y, grad * x)


@RegisterGradient("Div")
def div_grad(op, grad):
    x, y = op.inputs
    return sum_to_inputs(op, grad / y, 0 - grad * x / (y * y))


# --- 6. The operations of the network -----------------------------------------------------------

matmul, transpose, relu = map(op_function, ["MatMul", "Transpose", "Relu"])
floor, softmax, reduce_mean = map(op_function, ["Floor", "Softmax", "Mean"])


@RegisterGradient("MatMul")
def matmul_grad(op, grad):
    a, b = op.inputs
    return matmul(grad, transpose(b)), matmul(transpose(a), grad)


@RegisterGradient("Relu")
def relu_grad(op, grad):
    return [op_function("ReluGrad")(op.output, grad)]


@RegisterGradient("Mean")
def reduce_mean_grad(op, grad):
    return [op_function("MeanGrad")(op.inputs[0], grad)]


def softmax_cross_entropy_with_logits(logits, labels):
    return op_function("SoftmaxCrossEntropyWithLogits")(logits, labels)


@RegisterGradient("SoftmaxCrossEntropyWithLogits")
def softmax_cross_entropy_with_logits_grad(op, grad):
    logits, labels = op.inputs
    return reshape(grad, [-1, 1]) * (softmax(logits) - labels), None


def reshape(x, shape):
    x, shape = convert_to_tensor(x), convert_to_tensor(shape)
    known = constant_value(shape)
    known = None if known is None else [None if n == -1 else n for n in known.tolist()]
    return Operation("Reshape", [x, shape], known).output


@RegisterGradient("Reshape")
def reshape_grad(op, grad):
    x, _ = op.inputs
    return reshape(grad, shape(x)), None


def shape(x):
    return op_function("Shape")(x, dtype="int32")


def conv2d(input, filter, strides, padding):
    return op_function("Conv2D")(input, filter, strides=strides, padding=padding)


@RegisterGradient("Conv2D")
def conv2d_grad(op, grad):
    x, w = op.inputs
    by_x = op_function("Conv2DBackpropInput")(x, w, grad, **op.attributes)
    by_w = op_function("Conv2DBackpropFilter")(w, x, grad, **op.attributes)
    return by_x, by_w


def max_pool(value, ksize, strides, padding):
    return op_function("MaxPool")(value, ksize=ksize, strides=strides, padding=padding)


@RegisterGradient("MaxPool")
def max_pool_grad(op, grad):
    return [op_function("MaxPoolGrad")(op.inputs[0], op.output, grad, **op.attributes)]


def dropout(x, keep_prob, seed=None):
    x, keep_prob = convert_to_tensor(x), convert_to_tensor(keep_prob)
    kept = floor(keep_prob + random_uniform(shape(x), seed=seed))  # 1 or 0
    y = x / keep_prob * kept
    y.shape = x.shape
    return y


@RegisterGradient("Floor")
def floor_grad(op, grad):
    return [None]


def argmax(x, dimension):
    return op_function("ArgMax")(x, dtype="int64", axis=dimension)


# --- 7. The optimizer ---------------------------------------------------------------------------


class Optimizer:
    def minimize(self, loss):
        return self.apply_gradients(self.compute_gradients(loss))

    def compute_gradients(self, loss):
        var_list = [var for var in global_variables() if var.trainable]
        return list(zip(gradients(loss, var_list), var_list, strict=True))

    def apply_gradients(self, grads_and_vars):
        updates = [self.update(grad, var) for grad, var in grads_and_vars if grad is not None]
        if not updates:
            raise ValueError("no gradients: the cost depends on none of the variables")
        return group(*updates)

    def update(self, grad, var):
        raise NotImplementedError("each optimizer has its own")


class RMSPropOptimizer(Optimizer):
    """T. Tieleman and G. Hinton, "Lecture 6.5 - rmsprop", 2012. Its ``rms`` starts at ones."""

    def __init__(self, learning_rate, decay=0.9, momentum=0.0, epsilon=1e-10):
        self.rates = learning_rate, decay, momentum, epsilon

    def update(self, grad, var):
        name, ones = f"{var.op.name}/RMSProp", np.ones(var.shape, var.dtype)
        rms = Variable(ones, trainable=False, name=name)
        momentum = Variable(0 * ones, trainable=False, name=name)
        state = [var, rms, momentum]
        return Operation("ApplyRMSProp", [*state, grad], writes=state, rates=self.rates)
