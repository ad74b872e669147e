"""Python 2 programs: the same output as a real Python 2.7 gives, every statement on its line."""

import builtins
import contextlib
import io
import re

import pytest
from editions import OF_1X, PYTHON2, TUTORIAL

from cnn_raw.script import python2

PROGRAM = """\
# every line prints what Python 2.7 printed, on the line after it
print "a", 7 / 2, -7 / 2, 7 / 2.0, 7 // 2
#: a 3 -4 3.5 3
x = 7
x /= 2
print x
#: 3
import numpy as np
print np.arange(4) / 2, (np.arange(4) / 2.0)[1], np.float32(3) / 2
#: [0 0 1 1] 0.5 1.5
d = {1: 2}
if d.has_key(1): print d.items()[0], list(d.iterkeys())
#: (1, 2) [1]
for i in xrange(2):
\tif i:
                print i
        print "i", i
#: i 0 1 i 1
try:
    raise ValueError, "wrong"
except ValueError, error:
    print error
#: wrong
print map(lambda (a, b): a + b, [(1, 2)]), filter(None, [0, 1]), zip([1], [2]), range(2)
#: [3] [1] [(1, 2)] [0, 1]
print reduce(lambda a, b: a * b, [2, 3]), `5`, 5 <> 6, 0777, 10L, unichr(65), u"b"
#: 6 5 True 511 10 A b
exec "y = 3"
print "%d" % y, isinstance("", basestring), raw_input
#: 3 True X
"""


def output(text):
    given = {**vars(builtins), **python2.BUILTINS}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(python2.compile_program(text, "mine", True), {"__builtins__": given})
    return said.getvalue().split()


def test_python2_program_prints_what_it_printed():
    expected = " ".join(re.findall(r"(?m)^#: (.*)", PROGRAM)).split()
    said = output(PROGRAM.replace(", raw_input", ', "X"'))
    assert said == expected


def test_python2_division_is_today_s_where_the_program_asks_for_it():
    assert output("from __future__ import division\nprint 7 / 2\n") == ["3.5"]


@pytest.mark.parametrize(
    ("text", "is_python2"),
    [
        (PROGRAM, True),
        (PYTHON2, True),
        (TUTORIAL, False),  # it is both, and means the same
        (OF_1X, False),
        ("for i in xrange(3): pass\n", True),
        ("from six.moves import xrange\nfor i in xrange(3): pass\n", False),
        ("for i in range(0, n / 2): pass\n", True),
        ("x = 'xrange'  # xrange\nx = 1 +\n", False),
        ("#!/usr/bin/env python2\nprint(1)\n", True),
    ],
)
def test_python2_is_told_from_3(text, is_python2):
    assert python2.is_python2(text) == is_python2


def test_python2_keeps_every_statement_on_its_line():
    def starts(text):
        found = enumerate(re.match(r"\s*(\w+)?", line)[1] for line in text.splitlines())
        return [(n, word) for n, word in found if word not in (None, "range", "list")]

    assert starts(python2.convert(PYTHON2)) == starts(PYTHON2)


def test_python2_error_names_the_line():
    with pytest.raises(SyntaxError) as error:
        python2.compile_program("print 1\nx = = 2\n", "mine", True)
    assert error.value.lineno == 2
