"""The arithmetic of engine.py: what each type of operation computes, and of which shape.

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
    if grad.shape == x.shape:
        return grad
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


def cut(x, size, strides, padding, fill=0):
    """Return all windows over the images, (n, rows, columns, *size, channels), and the images.

    Both are views of one array: the images inside a border of ``fill``.
    """
    border, inside = [(0, 0)], [slice(None)]
    for n, k, step in zip(x.shape[1:3], size, strides[1:3], strict=True):
        added = max((windows(n, k, step, padding) - 1) * step + k - n, 0)
        border.append((added // 2, added - added // 2))  # an odd pixel comes after
        inside.append(slice(added // 2, added // 2 + n))
    x = np.pad(x, [*border, (0, 0)], constant_values=fill)
    parts = np.lib.stride_tricks.sliding_window_view(x, size, axis=(1, 2), writeable=True)
    return np.moveaxis(parts, 3, 5)[:, :: strides[1], :: strides[2]], x[tuple(inside)]


def paste(parts, shape, strides, padding):
    """Put windows back into images of ``shape``, and add up where they overlap."""
    places, images = cut(np.zeros(shape, parts.dtype), parts.shape[3:5], strides, padding)
    for i, j in np.ndindex(*parts.shape[3:5]):
        places[:, :, :, i, j] += parts[:, :, :, i, j]
    return images


def Conv2DShape(x, w, strides, padding):
    (n, *lengths, channels), (*size, channels_in, filters) = x, w
    if channels != channels_in:
        raise ValueError(f"{channels} channels, filters for {channels_in}")
    return [n, *map(windows, lengths, size, strides[1:3], [padding] * 2), filters]


def Conv2D(x, w, strides, padding):
    parts, _ = cut(x, w.shape[:2], strides, padding)
    return np.tensordot(parts, w, axes=3)


def Conv2DBackpropInput(x, w, grad, strides, padding):
    return paste(np.tensordot(grad, w, axes=(3, 3)), x.shape, strides, padding)


def Conv2DBackpropFilter(w, x, grad, strides, padding):
    parts, _ = cut(x, w.shape[:2], strides, padding)
    return np.tensordot(parts, grad, axes=([0, 1, 2], [0, 1, 2]))


def MaxPoolShape(x, ksize, strides, padding):
    n, *lengths, channels = x
    return [n, *map(windows, lengths, ksize[1:3], strides[1:3], [padding] * 2), channels]


def MaxPool(x, ksize, strides, padding):
    parts, _ = cut(x, ksize[1:3], strides, padding, -np.inf)
    return parts.max(axis=(3, 4))


def MaxPoolGrad(x, y, grad, ksize, strides, padding):
    parts, _ = cut(x, ksize[1:3], strides, padding, -np.inf)
    taken = np.zeros(parts.shape, x.dtype)
    for i, j in np.ndindex(*ksize[1:3]):  # of equal maxima the first takes all
        taken[:, :, :, i, j] = np.where(parts[:, :, :, i, j] == y, grad, 0)
        grad = grad - taken[:, :, :, i, j]
    return paste(taken, x.shape, strides, padding)


# --- The cost, and the update -------------------------------------------------------------------


def Softmax(logits):
    y = np.exp(logits - logits.max(axis=1, keepdims=True))
    return y / y.sum(axis=1, keepdims=True)


def SoftmaxCrossEntropyWithLogitsShape(logits, labels):
    return AddShape(logits, labels)[:1]


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


def philox(size, start, seeds):
    """Return ``size`` uint32 from block ``start`` of the generator Philox4x32-10.

    J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011.
    """
    low, blocks = 0xFFFFFFFF, np.arange(start, start + -(-size // 4), dtype=np.uint64)
    a, b, c, d = blocks & low, blocks >> 32, seeds[1] & low, seeds[1] >> 32
    key, other = seeds[0] & low, seeds[0] >> 32
    for _ in range(10):
        p, q = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (q >> 32) ^ b ^ key, q & low, (p >> 32) ^ d ^ other, p & low
        key, other = (key + 0x9E3779B9) & low, (other + 0xBB67AE85) & low
    return np.stack([a, b, c, d], axis=1).astype(np.uint32).ravel()[:size]


def RandomUniform(shape, start, seeds):
    """Return float32 in [0, 1): 23 random bits are the fraction of a number from 1 to 2."""
    bits = philox(int(np.prod(shape)), start, seeds) & 0x7FFFFF | 0x3F800000
    return (bits.view(np.float32) - 1).reshape(shape)


def RandomStandardNormal(shape, start, seeds):
    """Return float32 of mean 0 and deviation 1, two of two (G. Box and M. Muller, 1958)."""
    size = int(np.prod(shape))
    u, v = RandomUniform([-(-size // 4) * 2, 2], start, seeds).T
    radius = np.sqrt(-2 * np.log(np.maximum(u, np.float32(1e-7))))
    angle = np.float32(2 * np.pi) * v
    pairs = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    return pairs.ravel()[:size].reshape(shape)
