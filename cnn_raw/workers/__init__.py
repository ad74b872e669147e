"""Training on several workers, with one machine's numbers: ``cnn-raw train --workers``.

    cluster.py     who the workers are: --workers, TF_CONFIG
    line.py        messages on a socket
    rendezvous.py  the workers of several machines meet, and are connected
    local.py       the workers of one machine are started, and are connected
    ring.py        sums over all workers, and the watch over them
    rows.py        a worker's rows of the dropout masks
    step.py        the step that all make together

Why not TensorFlow's own engine, ``tf.distribute.MultiWorkerMirroredStrategy``? Its server listens
on every address of the machine and asks nobody who they are: whoever reaches the port can run
operations in the worker, and read its files. It waits in C++ where Ctrl-C is not heard. MPI
(mpich 5.0 from PyPI) listens on every address too, even on one machine. Here the connections on
which the workers meet, and on which they prove that they know a secret, are those on which they
work: when all have met, nothing listens any more, and on one machine nothing ever does. What a
stranger can send is numbers and short messages, never code. One engine serves both, and its sums
are those of TensorFlow's ring to the last bit (``tests/benchmarks/workers.py``).
"""
