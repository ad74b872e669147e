"""The steps of ``session.py``, one at a time from given weights: what ``cnn-raw compare`` needs.

Like ``session.py`` it also runs as a script under other Pythons, from 2.7 on, which have a
TensorFlow of their own. ``python session_steps.py FOLDER`` writes that TensorFlow's version to
FOLDER/version.npz, reads FOLDER/start.npz (``seed`` and the weights ``w`` to ``w_o``), and for
every line "N" on its input trains on FOLDER/batch_N.npz (``X``, ``Y``) and writes what has come
of it to FOLDER/step_N.npz: ``cost`` and, if the batch says ``look``, the TENSORS. It ends when
its input does.
"""

import os
import sys

import numpy as np
import tensorflow

WEIGHTS = ["w", "w2", "w3", "w4", "w_o"]
TENSORS = WEIGHTS + [name + " rms" for name in WEIGHTS]


def session_program(seed, weights, keep=(0.8, 0.5)):
    """Return ``step(X, Y, look)``: one training step of session.py, begun from five ``weights``
    and with these keep probabilities.

    ``step`` returns the cost before the update, float32, and, if it is to ``look``, a list of
    the TENSORS after it: the weights and the optimizer's ``rms`` slots, float32 arrays.
    """
    if __name__ == "__main__":  # not at the top: first any TensorFlow tells its version
        import session
    else:
        from cnn_raw.twin import session
    tf = session.tf
    with tf.Graph().as_default():
        program = session.build(seed)
        sess = tf.Session()
        var_list = [getattr(program, name) for name in WEIGHTS]
        sess.run(
            tf.global_variables_initializer(),
            feed_dict={v.initial_value: start for v, start in zip(var_list, weights)},
        )
        variables = {v.op.name: v for v in tf.global_variables()}
        tensors = var_list + [variables[v.op.name + "/RMSProp"] for v in var_list]

    def step(X, Y, look):
        feed_dict = {
            program.X: X,
            program.Y: Y,
            program.p_keep_conv: keep[0],
            program.p_keep_hidden: keep[1],
        }
        cost, _ = sess.run([program.cost, program.train_op], feed_dict=feed_dict)
        return cost, sess.run(tensors) if look else []

    return step


def save(path, arrays):
    """Write arrays by their names as an .npz; whoever sees the file, sees it whole."""
    temporary = path + ".part"
    with open(temporary, "wb") as file:
        np.savez(file, **arrays)
    os.rename(temporary, path)


def load(path):
    """Return the arrays of an .npz by their names, and remove the file."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    os.remove(path)
    return arrays


def main(folder):
    version = np.array(tensorflow.__version__, dtype="U")
    save(os.path.join(folder, "version.npz"), {"version": version})
    start = load(os.path.join(folder, "start.npz"))
    step = session_program(int(start["seed"]), [start[name] for name in WEIGHTS])
    for line in iter(sys.stdin.readline, ""):
        batch = load(os.path.join(folder, "batch_%s.npz" % line.strip()))
        cost, tensors = step(batch["X"], batch["Y"], batch["look"])
        arrays = dict(zip(TENSORS, tensors), cost=cost)
        save(os.path.join(folder, "step_%s.npz" % line.strip()), arrays)


if __name__ == "__main__":
    main(sys.argv[1])
