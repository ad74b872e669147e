"""The same training step in PyTorch and JAX: what ``steps.py --peers`` runs beside ours.

    python -m venv ENV && ENV/bin/pip install torch jax   # an environment of their own
    python tests/benchmarks/steps.py --peers ENV/bin/python

Run by that Python as ``peers.py WAY FOLDER``, with the names of WAYS. FOLDER/peers.npz has
``images``, float32 (n, 28, 28, 1), one-hot ``labels``, the five weights ``w`` to ``w_o`` of
TensorFlow's layout, and the number of ``threads``. Prints a line of JSON: the version, and the
``logits`` of the first 8 images with nothing dropped, so that ``steps.py`` sees that it is the same
network. Then for each number of steps on its input, the seconds they took.

The optimizer is RMSProp (0.001, 0.9) as each has it: PyTorch's own adds epsilon outside the root.
"""

import json
import sys
import time

import numpy as np

BATCH_SIZE = 128
WEIGHTS = ("w", "w2", "w3", "w4", "w_o")


def in_torch(data, channels_last=False, compiled=False):
    """Return the version, the logits, and ``step(X, Y)``, which waits for its result."""
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(int(data["threads"]))
    torch.manual_seed(2016)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    *filters, w4, w_o = (torch.from_numpy(data[name]) for name in WEIGHTS)
    filters = [w.permute(3, 2, 0, 1).contiguous(memory_format=layout) for w in filters]
    # The activations come out as (channel, row, column): w4's rows are sorted like that.
    w4 = w4.reshape(4, 4, 128, 625).permute(2, 0, 1, 3).reshape(2048, 625).contiguous()
    weights = [w.requires_grad_() for w in (*filters, w4, w_o)]
    optimizer = torch.optim.RMSprop(weights, lr=0.001, alpha=0.9, eps=1e-10)

    def model(a, training):
        for w in filters:
            a = F.max_pool2d(F.relu(F.conv2d(a, w, padding=1)), 2, ceil_mode=True)
            a = F.dropout(a, 0.2, training)
        a = F.relu(a.reshape(len(a), 2048) @ w4)
        return F.dropout(a, 0.5, training) @ w_o

    def images(X):
        return torch.from_numpy(X).permute(0, 3, 1, 2).contiguous(memory_format=layout)

    def cost_of(X, Y):
        return F.cross_entropy(model(X, True), Y)

    cost_op = torch.compile(cost_of) if compiled else cost_of

    def step(X, Y):
        optimizer.zero_grad()
        cost = cost_op(images(X), torch.from_numpy(Y))
        cost.backward()
        optimizer.step()
        return cost.item()

    with torch.no_grad():
        logits = model(images(data["images"][:8]), False).numpy()
    return f"PyTorch {torch.__version__}", logits, step


def in_jax(data):
    """Return the version, the logits, and ``step(X, Y)``, which waits for its result."""
    import jax
    from jax import lax
    from jax import numpy as jnp

    def dropped(a, keep, key):
        return (
            a if key is None else jnp.where(jax.random.bernoulli(key, keep, a.shape), a / keep, 0)
        )

    def model(weights, a, keys):
        *filters, w4, w_o = weights
        for w, key in zip(filters, keys, strict=False):
            a = lax.conv_general_dilated(
                a, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
            window = (1, 2, 2, 1)
            a = lax.reduce_window(jax.nn.relu(a), -jnp.inf, lax.max, window, window, "SAME")
            a = dropped(a, 0.8, key)
        a = dropped(jax.nn.relu(a.reshape(len(a), 2048) @ w4), 0.5, keys[3])
        return a @ w_o

    def cost_of(weights, X, Y, key):
        log_p = jax.nn.log_softmax(model(weights, X, jax.random.split(key, 4)))
        return -jnp.mean(jnp.sum(Y * log_p, axis=1))

    @jax.jit
    def update(weights, rms, key, X, Y):
        key, drop = jax.random.split(key)
        cost, gradients = jax.value_and_grad(cost_of)(weights, X, Y, drop)
        rms = [m + (g * g - m) * (1 - 0.9) for m, g in zip(rms, gradients, strict=True)]
        weights = [
            w - 0.001 * g * lax.rsqrt(m + 1e-10)
            for w, g, m in zip(weights, gradients, rms, strict=True)
        ]
        return weights, rms, key, cost

    weights = [jnp.asarray(data[name]) for name in WEIGHTS]
    state = [weights, list(map(jnp.ones_like, weights)), jax.random.key(2016)]

    def step(X, Y):
        *state[:], cost = update(*state, X, Y)
        return float(cost)

    logits = np.asarray(model(weights, jnp.asarray(data["images"][:8]), [None] * 4))
    return f"JAX {jax.__version__}", logits, step


WAYS = {
    "torch": lambda data: in_torch(data),
    "torch-last": lambda data: in_torch(data, channels_last=True),
    "torch-comp": lambda data: in_torch(data, channels_last=True, compiled=True),
    "jax": in_jax,
}


def main(way, folder):
    with np.load(f"{folder}/peers.npz", allow_pickle=False) as file:
        data = {name: file[name] for name in file.files}
    version, logits, step = WAYS[way](data)
    print(json.dumps({"version": version, "logits": logits.tolist()}), flush=True)
    images, labels = data["images"], data["labels"]
    for line in sys.stdin:
        start = time.perf_counter()
        for k in range(0, int(line) * BATCH_SIZE, BATCH_SIZE):
            step(images[k : k + BATCH_SIZE], labels[k : k + BATCH_SIZE])
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
