"""Policies: ours, and the published ones against which it is measured."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from placement.scheduling.policies.berth import Berth
from placement.scheduling.policies.best_fit import BestFit
from placement.scheduling.policies.dot_product import DotProduct
from placement.scheduling.policies.fgd import Fgd
from placement.scheduling.policies.gpu_clustering import GpuClustering
from placement.scheduling.policies.gpu_packing import GpuPacking
from placement.scheduling.policies.random_fit import RandomFit
from placement.scheduling.ranking import Policy

# Each makes a policy that has seen nothing yet; the seed is for chance, where a policy has any.
POLICIES: Mapping[str, Callable[[int], Policy]] = MappingProxyType(
    {
        "berth": lambda _: Berth(),
        "fgd": lambda _: Fgd(),
        "best-fit": lambda _: BestFit(),
        "gpu-packing": lambda _: GpuPacking(),
        "gpu-clustering": lambda _: GpuClustering(),
        "dot-product": lambda _: DotProduct(),
        "random": RandomFit,
    }
)
