"""A reader's own script of 2015 to 2019: run on today's TensorFlow, and followed by the tape."""
