"""The table of known hardware as the documentation has it."""

from collections.abc import Iterator

from placement.accelerators import Figure
from placement.discovering.hardware_table import BLOCKS, Block
from placement.discovering.known_hardware import KNOWN
from placement.discovering.naming import class_name

HEADINGS = ("class", "family", "GB", "GB/s", "fp32", "fp16", "fp8", "int8", "compute capability", "features")
_FIGURES = (Figure.BANDWIDTH, Figure.FP32, Figure.FP16, Figure.FP8, Figure.INT8)


def hardware_rows() -> Iterator[str]:
    """Yield the lines of the documentation: each source, and a table of its hardware."""
    for block in BLOCKS:
        yield f"{block.source}:"
        yield ""
        yield f"| {' | '.join(HEADINGS)} |"
        yield "|---" * len(HEADINGS) + "|"
        yield from _rows(block)
        yield ""


def _rows(block: Block) -> Iterator[str]:
    for line in block.lines.strip().splitlines():
        name = line.split()[0]
        traits = KNOWN[block.vendor, name]
        figures = dict(traits.figures)
        numbers = (traits.memory_gib, *(figures.get(each) for each in _FIGURES))
        cells = (
            f"`{class_name(block.vendor, name)}`",
            traits.family,
            *("" if each is None else f"{each:.10g}" for each in numbers),
            ".".join(map(str, traits.compute_capability or ())),
            ", ".join(sorted(traits.features)),
        )
        yield f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")
