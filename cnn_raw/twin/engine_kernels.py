"""Under the graph of engine.py: what each type of operation computes, and of which shape.

A kernel bears the name of its type and takes NumPy arrays. ``TypeShape`` takes what is known of
their shapes, with None for an unknown length, and raises ValueError if they do not fit; a type
without one gives the shape of its first input. ``grad`` is the derivative of the cost by what the
operation gives; a kernel that takes it returns the derivative by an input. Images are (n, rows,
columns, channels), filters (rows, columns, channels in, channels out). float32 gives float32.
"""

import numpy as np

Add, Sub, Mul, Div = np.add, np.subtract, np.multiply, np.divide
Identity, OnesLike, Floor, Mean = np.asarray, np.ones_like, np.floor, np.mean
MatMul, Transpose, Reshape, Shape, ArgMax = np.matmul, np.transpose, np.reshape, np.shape, np.argmax


def AddShape(a, b):
    length, shape = max(len(a), len(b)), []
    for m, n in zip([1] * (length - len(a)) + [*a], [1] * (length - len(b)) + [*b], strict=True):
        if m != n and not {m, n} & {1, None}:
            raise ValueError(f"{m} and {n} do not fit")
        shape.append(m if n == 1 else n if m in (1, None) else m)
    return shape


SubShape = MulShape = DivShape = AddShape


def SumTo(x, grad):
    """Add up ``grad`` along the axes along which ``x`` was repeated."""
    grad = grad.sum(axis=tuple(range(grad.ndim - x.ndim)))
    return grad.sum(axis=tuple(i for i, n in enumerate(x.shape) if n == 1), keepdims=True)


def MatMulShape(a, b):
    (rows, m), (n, columns) = a, b
    if m != n and None not in (m, n):
        raise ValueError(f"{m} columns and {n} rows do not fit")
    return [rows, columns]


def TransposeShape(x):
    return x[::-1]


def ShapeShape(x):
    return [len(x)]


def ArgMaxShape(x, axis):
    return [*x[:axis], *x[axis + 1 :]]


def MeanShape(x):
    return []


def MeanGrad(x, grad):
    return np.full_like(x, grad / x.size)


def Const(value):
    return value


def Assign(value):
    return [value.copy()]


def NoOp():
    return 0


def Relu(x):
    return np.maximum(x, 0)


def ReluGrad(y, grad):
    return grad * (y > 0)


# --- Windows over images ------------------------------------------------------------------------


def windows(n, k, step, padding):
    """Return how many windows of ``k`` pixels there are along ``n``; None if one is not known."""
    if padding not in ("SAME", "VALID"):
        raise ValueError(f'the padding must be "SAME" or "VALID", not {padding!r}')
    if None in (n, k):
        return None
    count = -(-(n if padding == "SAME" else n - k + 1) // step)  # rounded up
    if count < 1:
        raise ValueError(f"a window of {k} pixels is larger than {n}")
    return count


def pad(shape, size, strides, padding):
    """Return the pixels to add before and after each axis; an odd one comes after."""
    added = [
        max((windows(n, k, step, padding) - 1) * step + k - n, 0)
        for n, k, step in zip(shape[1:3], size, strides[1:3], strict=True)
    ]
    return [(0, 0), *((n // 2, n - n // 2) for n in added), (0, 0)]


def pixels(x, size, strides):
    """Yield for each pixel (i, j) of a window a view of ``x``: this pixel of all windows."""
    ends = [windows(x.shape[a], size[a - 1], strides[a], "VALID") * strides[a] for a in (1, 2)]
    for i, j in np.ndindex(*size):
        yield i, j, x[:, i : i + ends[0] : strides[1], j : j + ends[1] : strides[2]]


def cut(x, size, strides, padding, fill=0):
    """Return all windows over the images: (n, rows, columns, *size, channels)."""
    x = np.pad(x, pad(x.shape, size, strides, padding), constant_values=fill)
    parts = np.stack([view for _, _, view in pixels(x, size, strides)], axis=3)
    return parts.reshape(*parts.shape[:3], *size, -1)


def paste(parts, shape, strides, padding):
    """Put windows back into images of ``shape``, and add up where they overlap."""
    size = parts.shape[3:5]
    around = pad(shape, size, strides, padding)
    x = np.zeros([n + sum(added) for n, added in zip(shape, around, strict=True)], parts.dtype)
    for i, j, view in pixels(x, size, strides):
        view += parts[:, :, :, i, j]
    return x[tuple(slice(start, start + n) for n, (start, _) in zip(shape, around, strict=True))]


def Conv2DShape(x, w, strides, padding):
    (n, *lengths, channels), (*size, channels_in, filters) = x, w
    if channels != channels_in:
        raise ValueError(f"{channels} channels, filters for {channels_in}")
    return [n, *map(windows, lengths, size, strides[1:3], [padding] * 2), filters]


def Conv2D(x, w, strides, padding):
    return np.tensordot(cut(x, w.shape[:2], strides, padding), w, axes=3)


def Conv2DBackpropInput(x, w, grad, strides, padding):
    return paste(np.tensordot(grad, w, axes=(3, 3)), x.shape, strides, padding)


def Conv2DBackpropFilter(w, x, grad, strides, padding):
    parts = cut(x, w.shape[:2], strides, padding)
    return np.tensordot(parts, grad, axes=([0, 1, 2], [0, 1, 2]))


def MaxPoolShape(x, ksize, strides, padding):
    n, *lengths, channels = x
    return [n, *map(windows, lengths, ksize[1:3], strides[1:3], [padding] * 2), channels]


def MaxPool(x, ksize, strides, padding):
    return cut(x, ksize[1:3], strides, padding, -np.inf).max(axis=(3, 4))


def MaxPoolGrad(x, y, grad, ksize, strides, padding):
    parts = cut(x, ksize[1:3], strides, padding, -np.inf)
    for i, j in np.ndindex(*ksize[1:3]):  # of equal maxima the first takes all
        taken = np.where(parts[:, :, :, i, j] == y, grad, 0)
        parts[:, :, :, i, j], grad = taken, grad - taken
    return paste(parts, x.shape, strides, padding)


# --- The cost, and the update -------------------------------------------------------------------


def Softmax(logits):
    y = np.exp(logits - logits.max(axis=1, keepdims=True))
    return y / y.sum(axis=1, keepdims=True)


def SoftmaxCrossEntropyWithLogitsShape(logits, labels):
    n, _ = AddShape(logits, labels)
    return [n]


def SoftmaxCrossEntropyWithLogits(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    return (labels * (np.log(np.exp(z).sum(axis=1, keepdims=True)) - z)).sum(axis=1)


def ApplyRMSProp(var, rms, momentum, grad, rates):
    """Return the new var, rms and momentum. ``rates``: learning rate, decay, momentum, epsilon."""
    learning_rate, decay, momentum_rate, epsilon = np.array(rates, grad.dtype)
    rms = rms + (grad * grad - rms) * (1 - decay)
    momentum = momentum * momentum_rate + learning_rate * grad / np.sqrt(rms + epsilon)
    return var - momentum, rms, momentum


# --- Random numbers, those of TensorFlow --------------------------------------------------------


def philox(seeds, start, count):
    """Return uint32 (count, 4), from block ``start`` of the generator Philox4x32-10.

    J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011.
    """

    def halves(n):
        return n & 0xFFFFFFFF, n >> 32

    a, b = halves(np.arange(start, start + count, dtype=np.uint64))
    (key_a, key_c), (c, d) = halves(seeds[0]), halves(np.full(count, seeds[1], np.uint64))
    for _ in range(10):
        (low_a, high_a), (low_c, high_c) = halves(a * 0xD2511F53), halves(c * 0xCD9E8D57)
        a, b, c, d = high_c ^ b ^ key_a, low_c, high_a ^ d ^ key_c, low_a
        key_a, key_c = (key_a + 0x9E3779B9) & 0xFFFFFFFF, (key_c + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([a, b, c, d], axis=1).astype(np.uint32)


def RandomUniform(shape, seeds, start):
    """Return float32 in [0, 1): 23 random bits are the fraction of a number from 1 to 2."""
    size = int(np.prod(shape))
    bits = philox(seeds, start, -(-size // 4)).ravel()[:size]
    return ((bits & 0x7FFFFF | 0x3F800000).view(np.float32) - 1).reshape(shape)


def RandomStandardNormal(shape, seeds, start):
    """Return float32 of mean 0 and deviation 1, two of two (G. Box and M. Muller, 1958)."""
    size = int(np.prod(shape))
    u, v = RandomUniform([-(-size // 4) * 2, 2], seeds, start).T
    radius = np.sqrt(-2 * np.log(np.maximum(u, np.float32(1e-7))))
    angle = np.float32(2 * np.pi) * v
    pairs = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    return pairs.ravel()[:size].reshape(shape)
