"""Every ``Session.run`` of a program, seen: what it fetched and fed, and whether it trained."""

import sys
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf
from tensorflow.python.client.session import BaseSession

from cnn_raw.script.report import Reporter

MOST_KNOWN = 100  # fetches of a graph of which the ancestors are remembered
# run(fetches, feed_dict) of the session's own
Run = Callable[[Any, Any], Any]


class StepsDone(BaseException):
    """The training steps that were asked for are done. No ``except Exception`` stops it."""


class Watch:
    """Counts calls and training steps; ``install`` puts it under every Session.

    ``steps``: raise StepsDone after so many training steps. ``trace``: is told of each call, one
    line. ``reporter``, if given, does the runs in place of the session.
    """

    def __init__(
        self,
        steps: int | None = None,
        trace: Callable[[str], None] | None = None,
        reporter: Reporter | None = None,
    ):
        self.calls = self.training_steps = 0
        self._steps, self._trace, self._reporter = steps, trace, reporter
        self._ancestors: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()

    def install(self) -> None:
        own, watch = BaseSession.run, self

        def run(
            self: tf.Session,
            fetches: Any,
            feed_dict: Any = None,
            options: Any = None,
            run_metadata: Any = None,
        ) -> Any:
            def call(fetches: Any, feed_dict: Any) -> Any:
                return own(self, fetches, feed_dict, options, run_metadata)

            return watch._run(self, fetches, feed_dict, call)

        BaseSession.run = run

    def _run(self, session: tf.Session, fetches: Any, feed_dict: Any, run: Run) -> Any:
        if self._steps is not None and self.training_steps >= self._steps:
            raise StepsDone  # also if the program caught the first one
        ancestors = self.ancestors(session.graph, fetches)
        updates = [op for op in ancestors.values() if is_update(op)]
        start = time.perf_counter()
        if self._reporter is None:
            result = run(fetches, feed_dict)
        elif updates:
            result = self._reporter.train(session, fetches, feed_dict, updates, run)
        else:
            result = self._reporter.other(session, fetches, feed_dict, set(ancestors), run)
        self.calls += 1
        self.training_steps += bool(updates)
        if self._trace:
            seconds = time.perf_counter() - start
            names = _names(sys._getframe(2))
            self._trace(trace_line(self.calls, fetches, feed_dict, names, bool(updates), seconds))
        if self._steps is not None and self.training_steps >= self._steps:
            raise StepsDone
        return result

    def ancestors(self, graph: tf.Graph, fetches: Any) -> dict[str, tf.Operation]:
        """Return the operations that fetching runs, by their names."""
        known = self._ancestors.setdefault(graph, {})
        found: dict[str, tf.Operation] = {}
        for op in _operations(graph, fetches):
            if len(known) > MOST_KNOWN:  # a program that adds to its graph in every step
                known.clear()
            if op.name not in known:
                known[op.name] = {before.name: before for before in _ancestors(op)}
            found.update(known[op.name])
        return found


def is_update(op: tf.Operation) -> bool:
    """Say whether an operation is an optimizer's: ApplyRMSProp, ResourceApplyAdam and so on."""
    kind = op.type.removeprefix("Resource").removeprefix("Sparse")
    return kind.startswith(("Apply", "SparseApply"))


def flat(fetches: Any) -> Iterator[Any]:
    """Pass on the single fetches of lists, tuples and dictionaries of them."""
    if isinstance(fetches, dict):
        fetches = list(fetches.values())
    if isinstance(fetches, (list, tuple)):
        for fetch in fetches:
            yield from flat(fetch)
    else:
        yield fetches


def _operations(graph: tf.Graph, fetches: Any) -> Iterator[tf.Operation]:
    for fetch in flat(fetches):
        try:
            element = graph.as_graph_element(fetch)
        except (TypeError, ValueError, KeyError):
            continue  # the session says what is wrong with it
        yield getattr(element, "op", element)


def _ancestors(op: tf.Operation) -> Iterator[tf.Operation]:
    """Pass on an operation and all that it waits for."""
    seen, waiting = {op.name}, [op]
    while waiting:
        op = waiting.pop()
        yield op
        for before in [*(tensor.op for tensor in op.inputs), *op.control_inputs]:
            if before.name not in seen:
                seen.add(before.name)
                waiting.append(before)


def _names(frame: Any) -> dict[int, str]:
    """Return the names of objects where ``Session.run`` was called, by the objects' ids."""
    while frame and "tensorflow" in frame.f_globals.get("__name__", "").split("."):
        frame = frame.f_back  # Tensor.eval() and Operation.run() are TensorFlow's own
    names: dict[int, str] = {}
    for scope in (frame.f_globals, frame.f_locals) if frame else ():
        names.update((id(value), name) for name, value in list(scope.items()) if name[0] != "_")
    return names


def trace_line(
    number: int, fetches: Any, feed_dict: Any, names: dict[int, str], trains: bool, seconds: float
) -> str:
    """Return what is said of one call: its fetches, its feeds with their shapes, its time."""

    def name(thing: Any) -> str:
        own = thing if isinstance(thing, str) else getattr(thing, "name", repr(thing))
        return names.get(id(thing), own)

    fetched = [name(fetch) for fetch in flat(fetches)]
    fed = [f"{name(key)} {_shown(value)}" for key, value in dict(feed_dict or {}).items()]
    return (
        f"Session.run {number}{' (trains)' if trains else ''}: {', '.join(fetched)}"
        f"{' <- ' if fed else ''}{', '.join(fed)}; {seconds * 1000:.1f} ms"
    )


def _shown(value: Any) -> str:
    array = np.asarray(value)
    return f"{array}" if array.ndim == 0 else f"{array.shape} {array.dtype}"
