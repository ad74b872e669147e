"""Training on several workers, with one machine's numbers: ``cnn-raw train --workers``.

    cluster.py     who the workers are: --workers, TF_CONFIG
    line.py        messages on a socket
    rendezvous.py  the workers of several machines meet, and are connected
    local.py       the workers of one machine are started, and are connected
    ring.py        sums over all workers, and the watch over them
    rows.py        a worker's rows of the dropout masks
    step.py        the step that all make together

Why not TensorFlow's own engine, ``tf.distribute.MultiWorkerMirroredStrategy``? Its server listens
on every address of the machine and has no authentication: whoever reaches the port can run
operations in the worker, and read its files. It waits in C++, where Ctrl-C has no effect. MPI
(mpich 5.0 from PyPI) listens on every address too, even on one machine. Here the workers keep the
connections on which they met, and on which each proved that it knows a secret. When all have met
nothing listens any more; on one machine nothing ever does. A stranger can send numbers and short
messages, never code. One engine serves both cases, and its sums are those of TensorFlow's ring to
the last bit (``tests/benchmarks/workers.py --tensorflow``).
"""
