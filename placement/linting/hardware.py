"""What is known of the hardware that a class names: its figures as its vendor publishes them, without sparsity."""

from collections.abc import Iterator, Mapping, Sequence

from placement.accelerators import AcceleratorClass
from placement.discovering.known_hardware import KNOWN, known_name
from placement.discovering.readings import Traits
from placement.inventory import NodeInventory
from placement.selection import NodeSelection, Operator

# Vendors round, and a form factor is a few percent faster than its sibling.
_MOST_ABOVE = 1.1
# Sparsity doubles a rate, as vendors tell it.
_SPARSE = (1.9, 2.1)

# By the label in which a vendor's tools write the product.
_PRODUCTS = {
    "nvidia.com/gpu.product": "nvidia",
    "amd.com/gpu.product-name": "amd",
    "beta.amd.com/gpu.product-name": "amd",
    "gpu.intel.com/product": "intel",
}


def exaggerated(candidate: AcceleratorClass, carriers: Sequence[NodeInventory]) -> Iterator[str]:
    """Yield each figure that is above what its vendor publishes of all hardware that the class stands for."""
    known = hardware_of(candidate, carriers)
    for figure, stated in candidate.capabilities.figures.items():
        published = {name: dict(each.figures)[figure] for name, each in known.items() if figure in dict(each.figures)}
        if not published or len(published) < len(known):
            continue
        name, most = max(published.items(), key=lambda each: each[1])
        if stated > most * _MOST_ABOVE:
            doubled = _SPARSE[0] <= stated / most <= _SPARSE[1]
            sparse = ": that looks like the rate with sparsity" if doubled else ""
            yield f"states {stated:g} {figure}, of which {name} has {most:g}{sparse}"


def hardware_of(candidate: AcceleratorClass, carriers: Sequence[NodeInventory]) -> Mapping[str, Traits]:
    """Return the known hardware that a class names, or else that of its nodes, by name; none where any is unknown."""
    products = _products(candidate.selection) or {
        (vendor, each.labels[key]) for key, vendor in _PRODUCTS.items() for each in carriers if key in each.labels
    }
    names = [(vendor, known_name(vendor, product)) for vendor, product in sorted(products)]
    known = {name: KNOWN[vendor, name] for vendor, name in names if name}
    return known if all(name for _, name in names) else {}


def _products(selection: NodeSelection) -> set[tuple[str, str]]:
    """Return the products that a selection names, with their vendors."""
    equal = {(_PRODUCTS[key], value) for key, value in selection.labels.items() if key in _PRODUCTS}
    listed = {
        (_PRODUCTS[each.key], value)
        for term in selection.terms
        for each in term.expressions
        if each.key in _PRODUCTS and each.operator is Operator.IN
        for value in each.values
    }
    return equal or listed
