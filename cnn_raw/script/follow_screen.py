"""``cnn-raw compare --script`` on the screen: a line per step shown, the causes, the verdict."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from cnn_raw.environment import environment
from cnn_raw.screen import TrainingScreen
from cnn_raw.script.follow import Following
from cnn_raw.twin.compare import is_shown

HEADER = "  step   script cost     tape cost  largest difference"


def show(following: Following, arguments: Sequence[str], screen: TrainingScreen) -> None:
    """Run the comparison and print each step that is shown, then the verdict."""
    for note in following.source.notes:
        screen.print(note)
    screen.print(f"the GradientTape in {environment()}")
    screen.print(HEADER)
    for difference in screen.progress(following.run(arguments), "comparing"):
        if is_shown(difference.step, following.steps):
            largest = np.max([difference.cost_difference, *difference.tensors.values()])
            screen.print(
                f"{difference.step:6}  {difference.session_cost:12.7f}  {difference.cost:12.7f}"
                f"  {'0' if largest == 0 else f'{largest:.1e}':>18}"
            )
    for line in verdict(following):
        screen.print(line)


def verdict(following: Following) -> list[str]:
    """Return the lines that say whether both programs agree, and if not, why."""
    said = []
    if following.took:
        said.append(f"the TensorFlow 2 side follows the script in: {'; '.join(following.took)}")
    steps, first = len(following.differences), following.first
    if first is None:
        said.append(f"identical to the last bit for {steps} steps")
    else:
        said.append(
            f"NOT identical: the first to differ is {first.first} in step {first.step}, "
            f"by {first.first_difference:.1e}"
        )
    if following.causes:
        said.append(
            "without effect in these steps:"
            if first is None
            else "the TensorFlow 2 side cannot follow the script in:"
        )
        said += [f"  {cause}" for cause in following.causes]
    elif first is not None:
        said.append("no statement of the script explains it")
    if following.stopped:
        said.append(f"stopped after {steps} steps: {following.stopped}")
    elif steps < following.steps:
        said.append(f"the script ended after {steps} of {following.steps} training steps")
    return said


def as_json(following: Following, arguments: Sequence[str], screen: TrainingScreen) -> str:
    """Run the comparison and return it as one JSON object."""
    for _ in screen.progress(following.run(arguments), "comparing"):
        pass
    first = following.first
    return json.dumps(
        {
            "script": following.source.name,
            "environment": asdict(environment()),
            "steps": [asdict(difference) for difference in following.differences],
            "first": first and {"step": first.step, "what": first.first},
            "followed": following.took,
            "causes": following.causes,
            "passed": following.passed,
            "verdict": verdict(following),
        }
    )
