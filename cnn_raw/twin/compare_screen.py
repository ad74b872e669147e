"""``cnn-raw compare`` on the screen: a line per step shown, the verdict, JSON, and a plot."""

import json
from dataclasses import asdict

import numpy as np
import tensorflow as tf

from cnn_raw import files
from cnn_raw.environment import environment
from cnn_raw.input_data import DataSet
from cnn_raw.screen import TrainingScreen
from cnn_raw.twin.compare import BOUND, BOUND_STEPS, STARTS, Comparison, Difference, is_shown
from cnn_raw.twin.session_steps import TENSORS, WEIGHTS

RMS = TENSORS[len(WEIGHTS) :]
HEADER = "  step  Session cost     tape cost  difference  any weight     any rms"


def show(comparison: Comparison, data: DataSet, screen: TrainingScreen) -> None:
    """Run the comparison and print each step that is shown, then the verdict."""
    screen.print(
        f"a Session in TensorFlow {comparison.session_version} and a GradientTape in "
        f"{environment()}: {comparison.steps} steps from {STARTS[comparison.start]}, "
        f"seed {comparison.seed}"
    )
    screen.print(HEADER)
    for difference in screen.progress(comparison.run(data), "comparing"):
        if is_shown(difference.step, comparison.steps):
            screen.print(line(difference))
    largest = comparison.largest
    screen.print("largest difference   weight         rms")
    for name, rms in zip(WEIGHTS, RMS, strict=True):
        screen.print(f"{name:15}{_number(largest[name])}{_number(largest[rms])}")
    screen.print(verdict(comparison))


def line(difference: Difference) -> str:
    """Return the line under HEADER for a step whose tensors were looked at."""
    weights, rms = (
        _number(float(np.max([difference.tensors[name] for name in names])))
        for names in (WEIGHTS, RMS)
    )
    return (
        f"{difference.step:6}  {difference.session_cost:12.7f}  {difference.cost:12.7f}"
        f"{_number(difference.cost_difference)}{weights}{rms}"
    )


def _number(value: float) -> str:
    return f"{'0' if value == 0 else f'{value:.1e}':>12}"


def verdict(comparison: Comparison) -> str:
    """Return the line that says whether the programs agree."""
    steps, first = len(comparison.differences), comparison.first
    if first is None:
        where = "in the steps shown" if comparison.other else "after each"
        return (
            f"identical to the last bit: {steps} costs, and the five weights and their rms slots "
            f"{where}"
        )
    if not comparison.other:
        return (
            f"NOT identical: the first to differ is {first.first} in step {first.step}, "
            f"by {first.first_difference:.1e}"
        )
    costs = comparison.costs
    early = costs[:BOUND_STEPS]
    text = (
        f"{'within' if comparison.passed else 'NOT within'} the bounds: the first cost differs by "
        f"{costs[0]:.1g} ({'must be 0' if comparison.measured else f'at most {BOUND:.0e}'}), "
        f"the first {len(early)} by up to {np.max(early):.1e} (at most {BOUND:.0e})"
    )
    if steps > BOUND_STEPS:
        text += f"; later ones, by up to {np.max(costs):.1e}, are not checked: rounding accumulates"
    return text


def as_json(comparison: Comparison, data: DataSet, screen: TrainingScreen) -> str:
    """Run the comparison and return it as one JSON object."""
    for _ in screen.progress(comparison.run(data), "comparing"):
        pass
    first = comparison.first
    return json.dumps(
        {
            "tensorflow": {"session": comparison.session_version, "tape": tf.__version__},
            "environment": asdict(environment()),
            "start": comparison.start,
            "seed": comparison.seed,
            "steps": [asdict(difference) for difference in comparison.differences],
            "largest": comparison.largest,
            "first": first and {"step": first.step, "what": first.first},
            "passed": comparison.passed,
            "verdict": verdict(comparison),
        }
    )


def plot(comparison: Comparison, path: str) -> None:
    """Draw the differences of every cost, and of the weights looked at, into a PNG file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), dpi=120, layout="constrained")
    axes = figure.subplots()
    steps = [difference.step for difference in comparison.differences]
    axes.plot(steps, comparison.costs, "k.", markersize=3, clip_on=False, label="cost")
    looked_at = [difference for difference in comparison.differences if difference.tensors]
    for name, marker in zip(WEIGHTS, "osv^D", strict=True):
        steps = [difference.step for difference in looked_at]
        largest = [difference.tensors[name] for difference in looked_at]
        axes.plot(steps, largest, marker=marker, markersize=4, clip_on=False, label=name)
    axes.set_yscale("symlog", linthresh=1e-8)  # logarithmic, but with a place for 0
    axes.set_ylim(0, max(1e-7, 2 * axes.get_ylim()[1]))
    axes.set(
        title=f"TensorFlow {tf.__version__} and {comparison.session_version}, "
        f"from {comparison.start}, seed {comparison.seed}",
        xlabel="step",
        ylabel="largest difference",
    )
    axes.grid(alpha=0.3)
    axes.legend()
    files.write_picture(path, figure)
