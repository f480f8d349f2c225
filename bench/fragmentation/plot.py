"""The plot of the policies by load, as an SVG file that is the same for the same numbers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

from bench.fragmentation.replays import LOADS, Outcome
from bench.fragmentation.tables import OURS, Results

# Told apart without colours as well.
_LINES: dict[str, dict[str, Any]] = {
    "berth": {"color": "#000000", "linestyle": "-", "linewidth": 2.2},
    "fgd": {"color": "#c0392b", "linestyle": "--", "linewidth": 1.6},
    "best-fit": {"color": "#1f618d", "linestyle": "-."},
    "gpu-packing": {"color": "#117a65", "linestyle": ":", "linewidth": 1.8},
    "gpu-clustering": {"color": "#9a7d0a", "linestyle": (0, (6, 1, 1, 1, 1, 1))},
    "dot-product": {"color": "#6c3483", "linestyle": (0, (1, 3)), "linewidth": 1.8},
    "random": {"color": "#808080", "linestyle": (0, (9, 4))},
}
_STYLE: Any = {"svg.hashsalt": "berth", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}
_ALLOCATED, _UNALLOCATED = (60, 100), (0, 1000)


def draw(found: Results, target: Path) -> None:
    """Draw the mean over the orders."""
    with mpl.rc_context(_STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.9), layout="constrained")
        _lines(left, found, lambda each, load: each.allocated[load])
        left.plot(LOADS, LOADS, color="#999999", linewidth=0.6)
        left.annotate("requested", (97, 97.6), (83, 97.6), fontsize=8, color="#666666")
        _name(left, "allocated, % of all accelerators", _ALLOCATED)
        _lines(right, found, lambda each, load: each.capacity * (1 - each.allocated[load] / 100))
        _name(right, "unallocated accelerators", _UNALLOCATED)
        right.legend(loc="lower left", fontsize=8, framealpha=1, handlelength=4.5)
        # Without a date the file changes only where a number does.
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)


def _lines(axes: Any, found: Results, value: Callable[[Outcome, int], float]) -> None:
    for policy in found.policies:
        outcomes = [found.outcomes[order, policy] for order in found.orders]
        axes.plot(LOADS, _means(outcomes, value), label=policy, zorder=3 if policy == OURS else 2, **_LINES[policy])


def _means(outcomes: Sequence[Outcome], value: Callable[[Outcome, int], float]) -> list[float]:
    return [fmean(value(each, load) for each in outcomes) for load in LOADS]


def _name(axes: Any, quantity: str, limits: tuple[float, float]) -> None:
    axes.set_xlabel("requested so far, % of all accelerators")
    axes.set_ylabel(quantity)
    axes.set_xlim(LOADS[0], LOADS[-1])
    axes.set_ylim(*limits)
    axes.grid(visible=True, linewidth=0.3)
