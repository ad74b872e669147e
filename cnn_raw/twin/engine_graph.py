"""The heart of engine.py: a graph of operations and tensors, the Session that runs it, variables.

A tensor is a place in a graph; it has a value, a NumPy array, only while a Session runs. What does
not fit (a shape, a graph, a cycle) is a ValueError, what is no tensor a TypeError.
"""

import contextlib

import numpy as np

from cnn_raw.twin import engine_kernels as kernels

float32 = np.dtype("float32")

# --- 1. A graph of places -----------------------------------------------------------------------


class Graph:
    """Operations by name, in the order in which they were made; the variables; the seed."""

    def __init__(self):
        self.operations, self.variables, self.seed = {}, [], None

    def get_operations(self):
        return [*self.operations.values()]

    @contextlib.contextmanager
    def as_default(self):
        graphs.append(self)
        try:
            yield self
        finally:
            graphs.pop()


graphs: list = [Graph()]  # the last one is the default
sessions: list = []  # here too


def get_default_graph():
    return graphs[-1]


class TensorShape(tuple):
    """The lengths of a tensor's axes, None where a length is not known."""

    def as_list(self):
        return list(self)

    def __repr__(self):
        lengths = ", ".join("?" if n is None else str(n) for n in self)
        return f"({lengths},)" if len(self) == 1 else f"({lengths})"


class Tensor:
    """The place where the result of ``op`` will be. ``shape`` is None if nothing is known of it."""

    __array_priority__ = 1  # array + tensor is a tensor

    def __init__(self, op, shape, dtype):
        self.op, self.graph, self.name, self.dtype = op, op.graph, f"{op.name}:0", np.dtype(dtype)
        self.shape = None if shape is None else TensorShape(shape)

    def value(self):
        return self

    def get_shape(self):
        return self.shape

    def eval(self, feed_dict=None):
        return get_default_session().run(self, feed_dict)

    def __bool__(self):
        raise TypeError(f"{self.name} is neither true nor false: it has a value only in a run")

    def __repr__(self):
        shape = "<unknown>" if self.shape is None else self.shape
        return f'Tensor("{self.name}", shape={shape}, dtype={self.dtype})'


class Operation:
    """The kernel named ``type``, to be run on the values of ``inputs`` and the attributes.

    The operations ``after`` run before it; the variables ``writes`` take what the kernel returns.
    Without a ``shape``, the rule of the type says it.
    """

    def __init__(
        self, type, inputs, shape="rule", dtype=None, name=None, after=(), writes=(), **attributes
    ):
        self.type, self.inputs, self.control_inputs = type, list(inputs), list(after)
        self.writes, self.attributes, self.graph = writes, attributes, get_default_graph()
        for other in [*inputs, *after]:
            if other.graph is not self.graph:
                raise ValueError(f"{type}: its input {other.name} is in another graph")
        if isinstance(shape, str):
            shape = self.infer_shape()
        self.number, self.name, copies = len(self.graph.operations), name or type, 0
        while self.name in self.graph.operations:
            copies += 1
            self.name = f"{name or type}_{copies}"
        self.graph.operations[self.name] = self
        self.output = Tensor(self, shape, inputs[0].dtype if dtype is None else dtype)

    def infer_shape(self):
        shapes = [tensor.shape for tensor in self.inputs]
        rule = getattr(kernels, f"{self.type}Shape", None)
        if rule is None or None in shapes:
            return None if rule else shapes[0]
        try:
            return rule(*shapes, **self.attributes)
        except ValueError as error:
            raise ValueError(f"{self.type} of {', '.join(map(str, shapes))}: {error}") from None

    def run(self, feed_dict=None):
        get_default_session().run(self, feed_dict)


def constant(value, dtype=None):
    array = np.array(value, dtype)
    if dtype is None and array.dtype == np.float64 and not hasattr(value, "dtype"):
        array = array.astype(float32)  # Python's own numbers
    return Operation("Const", [], array.shape, array.dtype, value=array).output


def placeholder(dtype, shape=None):
    return Operation("Placeholder", [], shape, float32 if dtype == "float" else dtype).output


def convert_to_tensor(x, dtype=None):
    return x.value() if isinstance(x, Tensor) else constant(x, dtype)


def op_function(type):
    """Return the function that adds an operation of ``type`` and returns its output."""

    def function(*inputs, **attributes):
        dtype = next((x.dtype for x in inputs if isinstance(x, Tensor)), None)
        return Operation(type, [convert_to_tensor(x, dtype) for x in inputs], **attributes).output

    return function


add, sub, mul, div = map(op_function, ["Add", "Sub", "Mul", "Div"])
for sign, function in {"add": add, "sub": sub, "mul": mul, "truediv": div}.items():
    setattr(Tensor, f"__{sign}__", lambda x, y, function=function: function(x, y))
    setattr(Tensor, f"__r{sign}__", lambda y, x, function=function: function(x, y))

# --- 2. A Session runs it -----------------------------------------------------------------------


class InvalidArgumentError(ValueError):
    """A placeholder was not fed."""


class FailedPreconditionError(RuntimeError):
    """A variable was not initialized."""


def needed(graph, ops, fed):
    """Return in order what must run for ``ops``: not the ``fed``, nor what only these need."""
    wanted = set(ops)
    for op in reversed(graph.get_operations()):
        if op in wanted and op not in fed:
            for before in [tensor.op for tensor in op.inputs] + op.control_inputs:
                if before.number >= op.number:
                    raise ValueError(f"cycle: {op.name} needs {before.name}, made no earlier")
                wanted.add(before)
    return [op for op in graph.get_operations() if op in wanted and op not in fed]


def nest(function, fetches):
    """Return ``function`` of each fetch, in the same lists, tuples and dictionaries."""
    if isinstance(fetches, dict):
        return {key: nest(function, fetch) for key, fetch in fetches.items()}
    if isinstance(fetches, (list, tuple)):
        results = [nest(function, fetch) for fetch in fetches]
        return type(fetches)(*results) if hasattr(fetches, "_fields") else type(fetches)(results)
    return function(fetches)


def check_shape(tensor, shape):
    """Raise ValueError if a value of ``shape`` cannot be one of ``tensor``."""
    if None not in (tensor.shape, shape):
        same = [None in (m, n) or m == n for m, n in zip(tensor.shape, shape, strict=False)]
        if len(tensor.shape) != len(shape) or not all(same):
            raise ValueError(f"a value of shape {TensorShape(shape)} does not fit {tensor}")


class Session:
    """Runs operations. What stays from run to run is in its ``memory``, by operation."""

    def __init__(self, graph=None):
        self.graph, self.memory = graph or get_default_graph(), {}

    def __enter__(self):
        graphs.append(self.graph)
        sessions.append(self)
        return self

    def __exit__(self, *error):
        graphs.pop()
        sessions.pop()

    def run(self, fetches, feed_dict=None):
        """Return arrays in the form of ``fetches``; for an operation, None."""
        values, ops = {}, []  # values: the array of each operation that was fed or has run
        for tensor, value in (feed_dict or {}).items():
            tensor = self.find(tensor)
            values[tensor.op] = value = np.asarray(value, tensor.dtype)
            check_shape(tensor, value.shape)
        fetches = nest(self.find, fetches)
        nest(lambda fetch: ops.append(getattr(fetch, "op", fetch)), fetches)
        for op in needed(self.graph, ops, values):
            values[op] = self.compute(op, [values[tensor.op] for tensor in op.inputs])
        result = {op: values[op].copy()[()] for op in ops}
        return nest(lambda fetch: result[fetch.op] if isinstance(fetch, Tensor) else None, fetches)

    def find(self, fetch):
        """Return the tensor or operation that ``fetch`` is or names."""
        found = fetch
        if isinstance(fetch, str):
            found = self.graph.operations.get(fetch.removesuffix(":0"))
            found = found.output if found and fetch.endswith(":0") else found
        if not isinstance(found, (Tensor, Operation)):
            raise TypeError(f"{fetch!r} is no tensor, no operation and the name of none")
        if found.graph is not self.graph:
            raise ValueError(f"{found.name} is in another graph than the Session's")
        return found

    def compute(self, op, arrays):
        """Return the array of ``op``, from those of its inputs."""
        if op.type == "Placeholder":
            raise InvalidArgumentError(f"feed_dict has no value for {op.output}")
        if op.type == "Variable":
            if op not in self.memory:
                raise FailedPreconditionError(f"{op.name} has no value: initialize the variables")
            return self.memory[op]
        attributes = dict(op.attributes)
        if "seeds" in attributes:  # random numbers go on where the last run ended
            attributes["start"] = self.memory.get(op, 0)
        result = getattr(kernels, op.type)(*arrays, **attributes)
        if "seeds" in attributes:
            self.memory[op] = attributes["start"] + 256 * result.size  # TensorFlow's distance
        if op.writes:
            self.memory.update(zip([var.op for var in op.writes], result, strict=True))
            return result[0]
        return np.asarray(result, op.output.dtype)


def get_default_session():
    if not sessions:
        raise ValueError("there is no default Session: write this inside `with tf.Session():`")
    return sessions[-1]


# --- 3. Variables -------------------------------------------------------------------------------


class Variable(Tensor):
    """A tensor that a Session remembers. Operations take its ``value()``: read once in a run."""

    def __init__(self, initial_value, trainable=True, name="Variable"):
        start = self.initial_value = convert_to_tensor(initial_value)
        op = Operation("Variable", [], start.shape, start.dtype, name=name)
        super().__init__(op, start.shape, start.dtype)
        op.output, self.trainable = self, trainable
        self.initializer = self.assign(start).op
        self._value = Operation("Identity", [self]).output
        self.graph.variables.append(self)

    def value(self):
        return self._value

    def assign(self, value):
        value = convert_to_tensor(value, self.dtype)
        check_shape(self, value.shape)
        return Operation("Assign", [value], writes=[self]).output


def global_variables():
    return list(get_default_graph().variables)


def group(*ops):
    return Operation("NoOp", [], (), float32, after=ops)


def global_variables_initializer():
    return group(*[var.initializer for var in global_variables()])


initialize_all_variables = global_variables_initializer  # its name before 0.12
