"""The graph API of 2016 in plain NumPy: a graph, a Session, gradients. Notebook 8 builds it.

After ``from cnn_raw.twin import engine as tf``, session.py's ``init_weights``, ``model`` and
``build`` run on it unchanged and give TensorFlow's numbers. engine_kernels.py is the arithmetic.
"""
import sys

import numpy as np

from cnn_raw.twin import engine_kernels as kernels

nn = train = errors = sys.modules[__name__]  # tf.nn.relu is relu, and so on
float32 = np.dtype("float32")
InvalidArgumentError = type("InvalidArgumentError", (ValueError,), {})  # not fed
FailedPreconditionError = type("FailedPreconditionError", (RuntimeError,), {})  # not initialized

# --- 1. A graph of places -----------------------------------------------------------------------
class Default:  # a Graph or a Session: the default one inside its ``with``
    def __enter__(self):
        defaults.append(self)
        return self
    def __exit__(self, *error): defaults.pop()
class Graph(Default):
    def __init__(self):
        self.graph, self.seed = self, None
        self.operations, self.names, self.variables = [], {}, []
    def as_default(self): return self
    def get_operations(self): return list(self.operations)

defaults: list = [Graph()]  # the last one counts
def get_default_graph(): return defaults[-1].graph

class TensorShape(tuple):
    def as_list(self): return list(self)
    def __repr__(self): return str(tuple(self)).replace("None", "?")

class Tensor:
    """The place where the result of ``op`` will be. ``shape`` is None if nothing is known of it."""
    __array_priority__ = 1  # array + tensor is a tensor
    def __init__(self, op, shape, dtype):
        self.op, self.graph, self.name, self.dtype = op, op.graph, f"{op.name}:0", np.dtype(dtype)
        self.shape = None if shape is None else TensorShape(shape)
        self.graph.names[self.name] = self.read = op.output = self
    def get_shape(self): return self.shape
    def eval(self, feed_dict=None): return get_default_session().run(self, feed_dict)
    def __bool__(self):
        raise TypeError(f"{self.name} is neither true nor false: it has a value only in a run")
    def __repr__(self):
        shape = "<unknown>" if self.shape is None else self.shape
        return f'Tensor("{self.name}", shape={shape}, dtype={self.dtype})'

class Operation:
    """A note: run the kernel named ``type`` on ``inputs``, after ``after``; write to variables."""
    def __init__(self, type, inputs, shape, dtype, name=None, after=(), writes=(), **attributes):
        self.type, self.inputs, self.after, self.writes = type, list(inputs), list(after), writes
        self.attributes, self.graph = attributes, get_default_graph()
        for other in [*inputs, *after]:
            if other.graph is not self.graph:
                raise ValueError(f"{type}: its input {other.name} is in another graph")
        self.number, self.name, copies = len(self.graph.operations), name or type, 0
        while self.name in self.graph.names:
            copies += 1
            self.name = f"{name or type}_{copies}"
        self.graph.operations.append(self)
        self.graph.names[self.name] = self
        self.output = Tensor(self, shape, dtype)
    def run(self, feed_dict=None): get_default_session().run(self, feed_dict)

def constant(value, dtype=None):
    array = np.array(value, dtype)
    if dtype is None and array.dtype == np.float64 and not hasattr(value, "dtype"):
        array = array.astype(float32)  # Python's own numbers
    return Operation("Const", [], array.shape, array.dtype, value=array).output
def placeholder(dtype, shape=None):
    return Operation("Placeholder", [], shape, float32 if dtype == "float" else dtype).output
def convert_to_tensor(x, dtype=None): return x.read if isinstance(x, Tensor) else constant(x, dtype)

def op_function(type, dtype=None):
    """Return the function that adds an operation of ``type`` and returns its output."""
    def function(*inputs, **attributes):
        like = next((x.dtype for x in inputs if isinstance(x, Tensor)), None)
        tensors = [convert_to_tensor(x, like) for x in inputs]
        shapes = [x.shape for x in tensors]
        rule = getattr(kernels, f"{type}Shape", None)  # without one: the shape of the first
        try:
            shape = rule(*shapes, **attributes) if rule and None not in shapes else None
        except ValueError as error:
            raise ValueError(f"{type} of {', '.join(map(str, shapes))}: {error}") from None
        shape = shape if rule else shapes[0]
        return Operation(type, tensors, shape, dtype or tensors[0].dtype, **attributes).output
    return function

add, sub, mul, div = map(op_function, ["Add", "Sub", "Mul", "Div"])
for sign, function in {"add": add, "sub": sub, "mul": mul, "truediv": div}.items():
    setattr(Tensor, f"__{sign}__", lambda x, y, function=function: function(x, y))
    setattr(Tensor, f"__r{sign}__", lambda y, x, function=function: function(x, y))

# --- 2. A Session runs it -----------------------------------------------------------------------
def needed(graph, ops, fed):
    """Return in order what must run for ``ops``: not the ``fed``, nor what only these need."""
    wanted = set(ops)
    for op in reversed(graph.operations):
        if op in wanted and op not in fed:
            for before in [tensor.op for tensor in op.inputs] + op.after:
                if before.number >= op.number:
                    raise ValueError(f"cycle: {op.name} needs {before.name}, made no earlier")
                wanted.add(before)
    return [op for op in graph.operations if op in wanted and op not in fed]

def nest(function, fetches):
    """Return ``function`` of each fetch, in the same lists, tuples and dictionaries."""
    if isinstance(fetches, dict):
        return {key: nest(function, fetch) for key, fetch in fetches.items()}
    if isinstance(fetches, (list, tuple)):
        results = [nest(function, fetch) for fetch in fetches]
        return type(fetches)(*results) if hasattr(fetches, "_fields") else type(fetches)(results)
    return function(fetches)

def check_shape(tensor, shape):
    if None not in (tensor.shape, shape):
        same = [None in (m, n) or m == n for m, n in zip(tensor.shape, shape, strict=False)]
        if len(tensor.shape) != len(shape) or not all(same):
            raise ValueError(f"a value of shape {TensorShape(shape)} does not fit {tensor}")

class Session(Default):
    """Runs operations. What stays from run to run is in its ``memory``, by operation."""
    def __init__(self, graph=None): self.graph, self.memory = graph or get_default_graph(), {}
    def run(self, fetches, feed_dict=None):
        """Return arrays in the form of ``fetches``; for an operation, None."""
        values, ops = {}, []  # values: the array of each operation that was fed or has run
        for tensor, value in (feed_dict or {}).items():
            tensor = self.find(tensor)
            values[tensor.op] = value = np.asarray(value, tensor.dtype)
            check_shape(tensor, value.shape)
        fetches = nest(self.find, fetches)
        nest(lambda fetch: ops.append(fetch.op if isinstance(fetch, Tensor) else fetch), fetches)
        for op in needed(self.graph, ops, values):
            values[op] = self.compute(op, [values[tensor.op] for tensor in op.inputs])
        arrays = {op.output: values[op].copy()[()] for op in ops}
        return nest(arrays.get, fetches)
    def find(self, fetch):
        found = self.graph.names.get(fetch) if isinstance(fetch, str) else fetch
        if not isinstance(found, (Tensor, Operation)):
            raise TypeError(f"{fetch!r} is no tensor, no operation and the name of none")
        if found.graph is not self.graph:
            raise ValueError(f"{found.name} is in another graph than the Session's")
        return found
    def compute(self, op, arrays):
        if op.type == "Placeholder":
            raise InvalidArgumentError(f"feed_dict has no value for {op.output}")
        if op.type == "Variable":
            if op not in self.memory:
                raise FailedPreconditionError(f"{op.name} has no value: initialize the variables")
            return self.memory[op]
        if op.type.startswith("Random"):  # it continues where the last run ended
            arrays.append(self.memory.get(op, 0))
            self.memory[op] = arrays[1] + 256 * int(np.prod(arrays[0]))  # TensorFlow's distance
        result = getattr(kernels, op.type)(*arrays, **op.attributes)
        if op.writes:
            self.memory.update(zip(op.writes, result, strict=True))
            return result[0]
        return np.asarray(result, op.output.dtype)

def get_default_session():
    if sessions := [default for default in defaults if isinstance(default, Session)]:
        return sessions[-1]
    raise ValueError("there is no default Session: write this inside `with tf.Session():`")

# --- 3. Variables -------------------------------------------------------------------------------
class Variable(Tensor):
    """A tensor that a Session remembers. Operations take ``read``, its value in a run."""
    def __init__(self, initial_value, trainable=True, name="Variable"):
        start = self.initial_value = convert_to_tensor(initial_value)
        op = Operation("Variable", [], start.shape, start.dtype, name)
        super().__init__(op, start.shape, start.dtype)
        self.initializer, self.trainable = self.assign(start).op, trainable
        self.read = op_function("Identity")(self)
        self.graph.variables.append(self)
    def assign(self, value):
        value = convert_to_tensor(value, self.dtype)
        check_shape(self, value.shape)
        return op_function("Assign")(value, writes=[self.op])
def global_variables(): return list(get_default_graph().variables)
def group(*ops): return Operation("NoOp", [], (), float32, after=ops)
def global_variables_initializer(): return group(*[var.initializer for var in global_variables()])
initialize_all_variables = global_variables_initializer  # its name before 0.12

# --- 4. Random numbers --------------------------------------------------------------------------
def set_random_seed(seed): get_default_graph().seed = seed
def get_seed(op_seed):
    """Return the graph's seed and the operation's: if None, the number of operations so far."""
    graph = get_default_graph()
    if graph.seed is None and op_seed is None:
        return np.random.SeedSequence().generate_state(2).tolist()
    graph_seed = 87654321 if graph.seed is None else graph.seed  # as TensorFlow had it
    return graph_seed, len(graph.operations) if op_seed is None else op_seed
def known(shape):
    """Return what is known of the value of ``shape``, a tensor that holds a shape."""
    value = shape.op.attributes.get("value")
    return None if value is None else [None if n == -1 else n for n in value.tolist()]
def random(type, shape, seed):
    return Operation(type, [shape], known(shape), float32, seeds=get_seed(seed)).output
def random_normal(shape, mean=0.0, stddev=1.0, seed=None):
    shape, mean, stddev = map(convert_to_tensor, [shape, mean, stddev])
    return random("RandomStandardNormal", shape, seed) * stddev + mean
def random_uniform(shape, minval=0.0, maxval=1.0, seed=None):
    shape, minval, maxval = map(convert_to_tensor, [shape, minval, maxval])
    return random("RandomUniform", shape, seed) * (maxval - minval) + minval

# --- 5. Gradients -------------------------------------------------------------------------------
rules: dict = {}  # rules[type](op, grad) adds the gradients by the inputs of op, and returns them
ones_like, sum_to = map(op_function, ["OnesLike", "SumTo"])
def RegisterGradient(type): return lambda rule: rules.update({type: rule}) or rule
def gradients(y, xs):
    """Add the operations for the derivatives of ``y`` by the ``xs``, None if y does not depend."""
    y, xs = convert_to_tensor(y), [convert_to_tensor(x) for x in xs]
    everything, depends = y.graph.get_operations(), {x.op for x in xs}
    for op in everything:
        depends |= {op for tensor in op.inputs if tensor.op in depends}
    grads = {y.op: ones_like(y)}  # by operation: the derivative of y by its output
    for op in reversed(everything):
        if op in grads and depends & {tensor.op for tensor in op.inputs}:
            if op.type not in rules:
                raise LookupError(f"{op.name}: no gradient is registered for {op.type}")
            for tensor, grad in zip(op.inputs, rules[op.type](op, grads[op]), strict=True):
                if grad is not None:
                    grad = sum_to(tensor, grad)  # over the axes along which it was repeated
                    grads[tensor.op] = grads[tensor.op] + grad if tensor.op in grads else grad
    return [grads.get(x.op) for x in xs]
rules["Add"] = lambda op, grad: [grad, grad]
rules["Sub"] = lambda op, grad: [grad, 0 - grad]
rules["Div"] = lambda op, grad: [grad / op.inputs[1], 0 - grad * op.output / op.inputs[1]]
@RegisterGradient("Mul")
def mul_grad(op, grad):
    x, y = op.inputs
    return grad * y, grad * x

# --- 6. The operations of the network -----------------------------------------------------------
matmul, transpose, relu, floor = map(op_function, ["MatMul", "Transpose", "Relu", "Floor"])
softmax, reduce_mean = map(op_function, ["Softmax", "Mean"])
shape, arg_max = op_function("Shape", "int32"), op_function("ArgMax", "int64")
@RegisterGradient("MatMul")
def matmul_grad(op, grad):
    a, b = op.inputs
    return matmul(grad, transpose(b)), matmul(transpose(a), grad)
rules["Relu"] = lambda op, grad: [op_function("ReluGrad")(op.output, grad)]
rules["Mean"] = lambda op, grad: [op_function("MeanGrad")(op.inputs[0], grad)]
rules["Floor"] = lambda op, grad: [None]
def reshape(x, shape):
    x, shape = convert_to_tensor(x), convert_to_tensor(shape)
    return Operation("Reshape", [x, shape], known(shape), x.dtype).output
rules["Reshape"] = lambda op, grad: [reshape(grad, shape(op.inputs[0])), None]
def softmax_cross_entropy_with_logits(logits, labels):
    return op_function("SoftmaxCrossEntropyWithLogits")(logits, labels)
@RegisterGradient("SoftmaxCrossEntropyWithLogits")
def softmax_cross_entropy_with_logits_grad(op, grad):
    logits, labels = op.inputs
    return reshape(grad, [-1, 1]) * (softmax(logits) - labels), None

def conv2d(input, filter, strides, padding):
    return op_function("Conv2D")(input, filter, strides=strides, padding=padding)
@RegisterGradient("Conv2D")
def conv2d_grad(op, grad):
    x, w = op.inputs
    by_w = op_function("Conv2DBackpropFilter")(w, x, grad, **op.attributes)
    return op_function("Conv2DBackpropInput")(x, w, grad, **op.attributes), by_w
def max_pool(value, ksize, strides, padding):
    return op_function("MaxPool")(value, ksize=ksize, strides=strides, padding=padding)
pool_grad = op_function("MaxPoolGrad")
rules["MaxPool"] = lambda op, grad: [pool_grad(op.inputs[0], op.output, grad, **op.attributes)]

def dropout(x, keep_prob, seed=None):
    x, keep_prob = convert_to_tensor(x), convert_to_tensor(keep_prob)
    kept = floor(keep_prob + random_uniform(shape(x), seed=seed))  # 1 or 0
    y = x / keep_prob * kept
    y.shape = x.shape  # the shape of the mask is only known in a run
    return y
def argmax(x, dimension): return arg_max(x, axis=dimension)

# --- 7. The optimizer ---------------------------------------------------------------------------
class Optimizer:
    def update(self, grad, var): raise NotImplementedError("each optimizer has its own")
    def minimize(self, loss): return self.apply_gradients(self.compute_gradients(loss))
    def compute_gradients(self, loss):
        var_list = [var for var in global_variables() if var.trainable]
        return list(zip(gradients(loss, var_list), var_list, strict=True))
    def apply_gradients(self, grads_and_vars):
        updates = [self.update(grad, var) for grad, var in grads_and_vars if grad is not None]
        if not updates:
            raise ValueError("no gradients: the cost depends on none of the variables")
        return group(*updates)
class RMSPropOptimizer(Optimizer):
    """T. Tieleman and G. Hinton, "Lecture 6.5 - rmsprop", 2012. Its ``rms`` starts at ones."""
    def __init__(self, learning_rate, decay=0.9, momentum=0.0, epsilon=1e-10):
        self.rates = learning_rate, decay, momentum, epsilon
    def update(self, grad, var):
        name, ones = f"{var.op.name}/RMSProp", np.ones(var.shape, var.dtype)
        rms, momentum = (Variable(start, False, name) for start in (ones, 0 * ones))
        writes, update = [var.op, rms.op, momentum.op], op_function("ApplyRMSProp")
        return update(var, rms, momentum, grad, writes=writes, rates=self.rates).op
