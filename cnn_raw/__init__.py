"""cnn_raw: the 2016 TensorFlow convnet on MNIST, in raw TensorFlow 2.

    from cnn_raw import input_data                  read_data_sets(), DataSet
    from cnn_raw.cnn import init_weights, model     the network
    from cnn_raw.rmsprop import RMSPropOptimizer    tf.train.RMSPropOptimizer of 2016
    from cnn_raw.train import train                 the GradientTape loop
    from cnn_raw.test import accuracy               over any number of images

Importing this package imports neither TensorFlow nor NumPy.
"""

__version__ = "0.2.0"
__all__ = ["InputError", "__version__"]


class InputError(ValueError):
    """Something given cannot be used. The message is one line: what, where, what to do."""
