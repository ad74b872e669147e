"""Draw a digit and look inside the network: in the browser, and in a notebook.

    cnn-raw draw runs/first

or, in Jupyter:

    from cnn_raw.draw import widget
    widget(load_weights("runs/first"))

Needs the extra ``draw``: pip install 'cnn-raw[draw]'.
"""

import contextlib
import os
import webbrowser
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_raw import InputError
from cnn_raw.draw.bundle import script, style
from cnn_raw.runs import run

if TYPE_CHECKING:
    import anywidget

    from cnn_raw.cnn import Weights


def widget(weights: "Weights", **others: "Weights") -> "anywidget.AnyWidget":
    """Return the page as a widget for notebooks: draw on it, look into these ``weights``.

    ``others``: more networks to compare with, by name. Raises InputError if anywidget is missing.
    """
    from cnn_raw import input_data
    from cnn_raw.draw.inside import Inside
    from cnn_raw.draw.learning import OPS, Learning

    try:
        import anywidget
    except ImportError:
        raise InputError("anywidget is missing: pip install 'cnn-raw[draw]'") from None

    class Draw(anywidget.AnyWidget):
        _esm = script("widget.js")
        _css = style()

    test = input_data.read_data_sets(one_hot=True).test
    inside = Inside({"weights": weights, **others}, test)
    learning = Learning(inside.models)
    worker = ThreadPoolExecutor(1, "learn")  # the kernel does not wait for a step of training

    def send(draw: Draw, message: dict, answer: Callable[[dict], dict]) -> None:
        try:
            reply = answer(message["request"])
        except InputError as error:
            reply = {"error": str(error)}
        except Exception as error:
            reply = {"error": f"error in the kernel: {error!r}"}
        draw.send({"id": message["id"], "reply": reply})

    def reply(draw: Draw, message: dict, buffers: list) -> None:
        request = message["request"]
        if isinstance(request, dict) and request.get("op") in OPS:
            worker.submit(send, draw, message, learning.answer)
        else:
            send(draw, message, inside.answer)

    draw = Draw()
    draw.on_msg(reply)
    return draw


def open_page(
    runs: Sequence[str | os.PathLike] = (), port: int = 0, *, browser: bool = True
) -> None:
    """Serve the page for ``runs`` (default: the last one) until Ctrl-C: KeyboardInterrupt.

    ``runs`` are what ``load_weights`` takes. Prints the address, and opens it in the ``browser``.
    Raises InputError if the extra is missing, if there is no such run, or if the port is taken.
    """
    try:
        from cnn_raw.draw import server
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing: pip install 'cnn-raw[draw]'") from error
    from cnn_raw import input_data
    from cnn_raw.draw.inside import Inside
    from cnn_raw.draw.learning import Learning
    from cnn_raw.runs.weights import load_weights

    with server.listen(port) as listener:
        models = {str(path): load_weights(path) for path in runs or [last_run()]}
        inside = Inside(models, input_data.read_data_sets(one_hot=True).test)
        address = f"http://{server.HOST}:{listener.getsockname()[1]}/"
        print(f"{', '.join(models)}: draw on {address} (Ctrl-C ends it)", flush=True)
        if browser:
            webbrowser.open(address)
        with contextlib.closing(Learning(models)) as learning:
            server.build_server(inside.answer, learning.answer).run(sockets=[listener])


def last_run(folder: str | os.PathLike = "runs") -> Path:
    """Return the run in ``folder`` that kept an epoch last. Raises InputError if there is none."""
    histories = sorted(
        Path(folder).glob(f"*/{run.HISTORY}"), key=lambda path: path.stat().st_mtime_ns
    )
    kept = [path.parent for path in histories if path.stat().st_size and run.is_run(path.parent)]
    if not kept:
        raise InputError(
            f"{folder}/: holds no run yet; cnn-raw draw --train makes one (one epoch), "
            "or give a RUN"
        )
    return kept[-1]
