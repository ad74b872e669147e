"""Pen-drawn digits for the tests of the drawing page, and how many the network gets right.

    python tests/drawings.py RUN [STROKES.json]

prints the accuracy for each way of drawing, with and without the preparation. ``strokes.json`` has
three hands' digits; each is drawn in several ways: another size, another place, another pen.
Another file has {"hands": {hand: {digit: [[[x, y], ...], ...]}}} too.
"""

import json
import sys
from pathlib import Path

import numpy as np

STROKES = Path(__file__).parent / "strokes.json"

# name: (size, left, top, pen); left and top are where the drawing goes, all in shares of the canvas
WAYS = {
    "as drawn": (1, 0, 0, 0.08),
    "thin pen": (1, 0, 0, 0.035),
    "wide pen": (1, 0, 0, 0.13),
    "upper left": (0.65, -0.08, -0.08, 0.08),
    "lower right": (0.65, 0.42, 0.42, 0.08),
    "small": (0.4, 0.3, 0.3, 0.05),
    "small, wide pen": (0.35, 0.05, 0.55, 0.08),
    "wide": (1, 0, 0, 0.08),
    "tall": (1, 0, 0, 0.08),
}
STRETCH = {"wide": (1.15, 0.75), "tall": (0.7, 1.1)}
STEPS = {
    "only shrunk": {"prepare": False},
    "prepared, pen as it was": {"pen": False},
    "prepared": {},
}


def drawings(path: Path = STROKES):
    """Yield (digit, way, source): what the page would send for each drawing."""
    for hand in json.loads(path.read_text())["hands"].values():
        for digit, strokes in hand.items():
            for way, (size, left, top, pen) in WAYS.items():
                stretch = np.array(STRETCH.get(way, (1, 1)))
                drawn = [
                    (((np.array(s) - 0.5) * stretch + 0.5) * size + (left, top)).tolist()
                    for s in strokes
                ]
                yield int(digit), way, {"strokes": drawn, "thickness": pen}


def side_by_side(path: Path = STROKES):
    """Yield sources with two digits each, drawn one beside the other by one hand."""
    for hand in json.loads(path.read_text())["hands"].values():
        for first, second in zip("0123456789", "7650841239", strict=True):
            halves = ((hand[first], 0.04), (hand[second], 0.52))
            drawn = [
                [[left + 0.44 * x, 0.3 + 0.4 * y] for x, y in stroke]
                for strokes, left in halves
                for stroke in strokes
            ]
            yield {"strokes": drawn, "thickness": 0.04}


def accuracies(inside, path: Path = STROKES) -> dict[str, dict[str, float]]:
    """Return {way: {steps: share of the drawings that are recognised}}, with "all" last."""
    right = {way: {steps: [] for steps in STEPS} for way in (*WAYS, "all")}
    for digit, way, source in drawings(path):
        for name, steps in STEPS.items():
            reply = inside.answer({"op": "estimate", "source": source, "steps": steps})
            answer = int(np.argmax(reply["probabilities"]))
            for key in (way, "all"):
                right[key][name].append(answer == digit)
    return {way: {s: float(np.mean(r)) for s, r in by.items()} for way, by in right.items()}


if __name__ == "__main__":
    from cnn_raw import input_data
    from cnn_raw.draw.inside import Inside
    from cnn_raw.runs.weights import load_weights

    inside = Inside(
        {"run": load_weights(sys.argv[1])}, input_data.read_data_sets(one_hot=True).test
    )
    print(f"{'drawn':16}" + "".join(f"{name:>26}" for name in STEPS))
    for way, by in accuracies(inside, *map(Path, sys.argv[2:])).items():
        print(f"{way:16}" + "".join(f"{share:26.1%}" for share in by.values()))
