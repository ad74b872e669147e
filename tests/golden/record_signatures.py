"""Print the arguments of every public function and class of genuine TensorFlow 0.12.1, as JSON.

    python2.7 tests/golden/record_signatures.py > tests/golden/signatures_tf012.json

A name's arguments are in their order by position, in one text; "*" stands before those that take
any number. Python 2.7 only: the names are those that ``dir`` shows in the public modules.
"""

from __future__ import print_function

import inspect
import json

MODULES = ("", "app", "flags", "gfile", "image", "logging", "nn", "nn.rnn_cell", "python_io",
           "summary", "test", "train")  # fmt: skip


def signatures():
    import tensorflow as tf

    found = {}
    for path in MODULES:
        module = tf
        for part in path.split(".") if path else ():
            module = getattr(module, part)
        for last in dir(module):
            thing = getattr(module, last)
            if last.startswith("_") or inspect.ismodule(thing) or not callable(thing):
                continue
            try:
                given = inspect.getargspec(thing.__init__ if inspect.isclass(thing) else thing)
            except TypeError:  # written in C
                continue
            names = given.args[1:] if given.args[:1] == ["self"] else given.args
            names += ["*" + name for name in (given.varargs, given.keywords) if name]
            found[(path + "." + last).lstrip(".")] = " ".join(names)
    return found


if __name__ == "__main__":
    print(json.dumps(signatures(), indent=0, sort_keys=True, separators=(",", ": ")))
