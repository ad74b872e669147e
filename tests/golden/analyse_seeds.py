"""What the recorded seeds say: does a training end as accurate as in 2016?

    python tests/golden/analyse_seeds.py                              # the figures
    python tests/golden/analyse_seeds.py notebooks/images/seeds.png   # and a picture

Two one-sided tests (D. J. Schuirmann, "A comparison of the two one-sided tests procedure and the
power approach", 1987) with Welch's standard error, since the deviations may differ. With means m1,
m2, deviations s1, s2 of n1, n2 seeds::

    se = sqrt(s1^2 / n1 + s2^2 / n2)
    df = se^4 / ((s1^2 / n1)^2 / (n1 - 1) + (s2^2 / n2)^2 / (n2 - 1))
    equivalent, if  |m1 - m2| + t(0.95, df) * se  <  margin

The same as: the 90 % interval of the difference lies between -margin and margin. The margin was
laid down in record_seeds.py before the first seed was trained.
"""

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

FILE = Path(__file__).with_name("seeds.jsonl")
EPOCHS, MARGIN = 3, 0.0015  # record_seeds.py's; that file imports TensorFlow
WANTED = {"cnn_raw": 20, "0.12.1": 10}


@dataclass(frozen=True)
class Equivalence:
    """Accuracies, from 0 to 1, of the seeds of two programs after one epoch."""

    ours: np.ndarray
    theirs: np.ndarray

    @property
    def difference(self) -> float:
        return float(np.mean(self.ours) - np.mean(self.theirs))

    @property
    def half_width(self) -> float:
        """Half of the difference's 90 % interval."""
        parts = [np.var(x, ddof=1) / len(x) for x in (self.ours, self.theirs)]
        degrees = [part**2 / (len(x) - 1) for part, x in zip(parts, self, strict=True)]
        df = sum(parts) ** 2 / sum(degrees)
        return t_quantile(0.95, df) * math.sqrt(sum(parts))

    @property
    def equivalent(self) -> bool:
        return abs(self.difference) + self.half_width < MARGIN

    def __iter__(self):
        return iter((self.ours, self.theirs))


def t_quantile(p: float, df: float) -> float:
    """Return Student's t of which the share ``p``, from 0.5 to 0.999, lies below.

    The density is integrated from 0 upwards in steps of 1e-4 (trapezoids).
    """
    t = np.arange(0, 700, 1e-4) if df < 3 else np.arange(0, 30, 1e-4)
    log_scale = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    density = np.exp(log_scale - (df + 1) / 2 * np.log1p(t * t / df))
    below = 0.5 + np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2 * 1e-4)])
    return float(t[np.searchsorted(below, p)])


def read_accuracies() -> dict[str, np.ndarray]:
    """Return the accuracies of each program's seeds, float64 (seeds, EPOCHS)."""
    lines = [json.loads(line) for line in FILE.read_text().splitlines()]
    return {
        program: np.array([line["accuracies"] for line in lines if line["program"] == program])
        .reshape(-1, EPOCHS)
        for program in WANTED
    }  # fmt: skip


def report(accuracies: dict[str, np.ndarray]) -> list[str]:
    """Return the lines that say what the seeds show."""
    found = []
    for program, wanted in WANTED.items():
        seeds = accuracies[program]
        line = f"{program:8} {len(seeds):3} of {wanted} seeds"
        if len(seeds) > 1:
            pairs = zip(seeds.mean(axis=0), seeds.std(axis=0, ddof=1), strict=True)
            line += "".join(f"   {mean:.2%} +- {deviation:.2%}" for mean, deviation in pairs)
        found.append(line)
    if min(map(len, accuracies.values())) < 2:
        return [*found, "too few seeds for a test: record_seeds.py trains the next one"]
    last = Equivalence(*(seeds[:, -1] for seeds in accuracies.values()))
    low, high = last.difference - last.half_width, last.difference + last.half_width
    verdict = "equivalent" if last.equivalent else "NOT shown to be equivalent"
    found.append(
        f"difference after {EPOCHS} epochs: {last.difference:+.3%}, 90 % interval {low:+.3%} to "
        f"{high:+.3%}, margin {MARGIN:.2%}: {verdict}"
    )
    if any(len(accuracies[program]) < wanted for program, wanted in WANTED.items()):
        found.append("not all seeds are trained yet: this verdict is not the final one")
    return found


def plot(accuracies: dict[str, np.ndarray], path: str) -> Figure:
    """Draw a dot for every seed, and a band of two standard errors about each mean."""
    figure = Figure(figsize=(8, 3.2), dpi=120, layout="constrained")
    panels = figure.subplots(1, EPOCHS)
    for epoch, axes in enumerate(panels):
        for x, seeds in enumerate(accuracies.values()):
            values = 100 * seeds[:, epoch]
            spread = x + np.linspace(-0.25, 0.25, len(values)) if len(values) != 1 else [x]
            axes.plot(spread, values, "o", markersize=4, color=f"C{x}", clip_on=False)
            if len(values) > 1:
                error = 2 * values.std(ddof=1) / math.sqrt(len(values))
                axes.fill_between(
                    [x - 0.35, x + 0.35], values.mean() - error, values.mean() + error,
                    color=f"C{x}", alpha=0.25, linewidth=0,
                )  # fmt: skip
                axes.hlines(values.mean(), x - 0.35, x + 0.35, color=f"C{x}")
        names = {"cnn_raw": "cnn_raw", "0.12.1": "TensorFlow\n0.12.1"}
        labels = [f"{names[program]}\n{len(seeds)} seeds" for program, seeds in accuracies.items()]
        axes.set_xticks(range(len(labels)), labels)
        axes.set(title=f"after epoch {epoch + 1}", xlim=(-0.6, len(labels) - 0.4))
        axes.grid(axis="y", alpha=0.3)
    panels[0].set_ylabel("% of 10,000 test images right")
    figure.savefig(path)
    return figure


def main() -> int:
    parser = argparse.ArgumentParser(description="Say what the recorded seeds show.")
    parser.add_argument("plot", nargs="?", metavar="OUT.png", help="draw the seeds, too")
    arguments = parser.parse_args()
    accuracies = read_accuracies()
    print("\n".join(report(accuracies)))
    if arguments.plot:
        plot(accuracies, arguments.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
