"""Which classes will do: an algebra whose values are combined to the strictest."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from placement.accelerators import AcceleratorClass, Capabilities, Cost, Figure, Version
from placement.rejections import Cause, Rejection

Names = frozenset[str]

# Said of classes that somebody ruled out by name.
UNSUPPORTED, EXCLUDED = "is not among the supported classes", "is excluded"


@dataclass(frozen=True, slots=True)
class ClassRequirements:
    """What a class must be: combined with `&` to the strictest of both.

    `supported` and `families` are None where all will do. A family is `hopper` or, with its vendor, `nvidia-hopper`.
    `figures` are least amounts, `max_usd_per_hour` is the most that one accelerator may cost, `max_memory_gib` the most
    memory that it may have.
    """

    supported: Names | None = None
    excluded: Names = frozenset()
    memory_gib: float = 0
    compute_capability: Version = ()
    features: Names = frozenset()
    families: Names | None = None
    figures: Mapping[Figure, float] = field(default_factory=dict)
    max_usd_per_hour: float | None = None
    max_memory_gib: float | None = None

    def __and__(self, other: "ClassRequirements") -> "ClassRequirements":
        figures = {*self.figures, *other.figures}
        return ClassRequirements(
            _common(self.supported, other.supported),
            self.excluded | other.excluded,
            max(self.memory_gib, other.memory_gib),
            max(self.compute_capability, other.compute_capability),
            self.features | other.features,
            _common(self.families, other.families),
            {name: max(self.figures.get(name, 0), other.figures.get(name, 0)) for name in sorted(figures)},
            _lower(self.max_usd_per_hour, other.max_usd_per_hour),
            _lower(self.max_memory_gib, other.max_memory_gib),
        )

    def rejection(self, candidate: AcceleratorClass, *, on_spot: bool = False) -> Rejection | None:
        """Return why the class will not do, or None; what a class does not state about itself, it does not have.

        `on_spot` counts the class's spot price, for pods that may run on spot capacity.
        """
        reason = self.listing(candidate) or self.shortfall(candidate, on_spot=on_spot)
        return Rejection(candidate.name, Cause.FILTERED, reason) if reason else None

    def listing(self, candidate: AcceleratorClass) -> str | None:
        """Return who ruled the class out by its name or family, or None."""
        if self.supported is not None and candidate.name not in self.supported:
            return UNSUPPORTED
        if candidate.name in self.excluded:
            return EXCLUDED
        if self.families is not None and not candidate.is_of(self.families):
            return (
                f"is of family {candidate.family or 'unknown'}, {' or '.join(sorted(self.families)) or 'none'} needed"
            )
        return None

    def shortfall(self, candidate: AcceleratorClass, *, on_spot: bool) -> str | None:
        """Return what the class cannot do or costs too much for, or None."""
        return self._incapacity(candidate.capabilities) or self._price(candidate.cost, on_spot=on_spot)

    def _incapacity(self, has: Capabilities) -> str | None:
        if self.memory_gib > (has.memory_gib or 0):
            return f"has {_known(has.memory_gib)} GiB of memory, {self.memory_gib:g} needed"
        if self.max_memory_gib is not None and (has.memory_gib is None or has.memory_gib > self.max_memory_gib):
            return f"has {_known(has.memory_gib)} GiB of memory, at most {self.max_memory_gib:g} allowed"
        if self.compute_capability > (has.compute_capability or ()):
            stated = _dotted(has.compute_capability) if has.compute_capability else ""
            found = f"has compute capability {stated}" if stated else "states no compute capability"
            return f"{found}, {_dotted(self.compute_capability)} needed"
        for name, least in self.figures.items():
            if least > has.figures.get(name, 0):
                return f"has {_known(has.figures.get(name))} {name}, {least:g} needed"
        offered = {feature.lower() for feature in has.features}
        missing = sorted(feature for feature in self.features if feature.lower() not in offered)
        return f"lacks {', '.join(missing)}" if missing else None

    def _price(self, cost: Cost, *, on_spot: bool) -> str | None:
        price, limit = cost.price(on_spot=on_spot), self.max_usd_per_hour
        if limit is None or (price is not None and price <= limit):
            return None
        return f"costs {_known(price)} USD/h, at most {limit:g} allowed"


ANY_CLASS = ClassRequirements()


def _common(mine: Names | None, others: Names | None) -> Names | None:
    if mine is None or others is None:
        return mine if others is None else others
    return mine & others


def _lower(mine: float | None, others: float | None) -> float | None:
    stated = [each for each in (mine, others) if each is not None]
    return min(stated, default=None)


def _known(number: float | None) -> str:
    return "unknown" if number is None else f"{number:g}"


def _dotted(parts: Version) -> str:
    return ".".join(map(str, parts))
