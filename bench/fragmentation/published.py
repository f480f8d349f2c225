"""What was published of the policies on these traces: means over ten arrival orders, of seeds 42 to 51.

Source: result files of "Beware of Fragmentation" (FGD, USENIX ATC 2023), repository
hkust-adsl/kubernetes-scheduler-simulator, of 1,213 nodes with 6,212 accelerators and arrivals up to 130 % of them.
"""

from collections.abc import Mapping

# Percent of all accelerators that are unallocated at the end.
_ORDER = ("random", "dot-product", "gpu-clustering", "gpu-packing", "best-fit", "fgd")
_UNALLOCATED = {
    "default": (12.53, 9.15, 8.12, 8.00, 6.92, 4.61),
    "cpu050": (8.76, 6.73, 6.21, 6.28, 6.21, 4.79),
    "cpu100": (10.89, 8.05, 7.36, 7.28, 6.56, 4.65),
    "cpu200": (16.23, 12.30, 10.08, 9.78, 7.60, 4.95),
    "cpu250": (19.58, 16.19, 12.01, 11.72, 8.55, 6.59),
    "gpushare40": (14.00, 10.44, 9.98, 9.97, 8.31, 5.85),
    "gpushare60": (16.35, 12.89, 12.80, 12.55, 10.64, 8.60),
    "gpushare80": (18.78, 15.51, 15.15, 15.00, 12.99, 10.70),
    "gpushare100": (20.56, 17.58, 17.35, 17.43, 14.99, 13.10),
    "gpuspec10": (12.57, 9.61, 7.82, 7.54, 6.70, 5.05),
    "gpuspec20": (12.76, 10.03, 7.75, 7.06, 6.70, 5.16),
    "gpuspec25": (13.06, 10.37, 7.92, 7.02, 6.77, 5.26),
    "gpuspec33": (13.54, 10.86, 7.88, 6.78, 6.91, 5.45),
    "multigpu20": (11.31, 7.94, 6.44, 6.29, 6.07, 4.35),
    "multigpu30": (10.73, 6.72, 5.28, 5.13, 5.28, 3.54),
    "multigpu40": (9.91, 5.81, 4.50, 4.26, 4.77, 3.01),
    "multigpu50": (9.73, 5.15, 4.19, 3.82, 4.26, 2.82),
}

# Percent of all accelerators that are allocated at these loads.
_LOADS = (80, 90, 95, 100, 110, 120, 130)
_ALLOCATED_OF_DEFAULT = {
    "best-fit": (80.02, 89.99, 92.82, 92.86, 92.94, 93.00, 93.08),
    "fgd": (80.02, 89.98, 94.91, 95.23, 95.30, 95.35, 95.39),
}
_FEW_LOADS = (90, 100, 130)
_ALLOCATED = {
    "cpu050": ((90.01, 93.56, 93.79), (90.01, 95.00, 95.21)),
    "cpu100": ((90.00, 93.26, 93.44), (90.00, 95.21, 95.35)),
    "cpu200": ((89.99, 92.15, 92.40), (89.99, 94.82, 95.05)),
    "cpu250": ((89.99, 91.21, 91.45), (89.98, 93.20, 93.41)),
    "gpushare40": ((89.99, 91.44, 91.69), (89.99, 93.96, 94.15)),
    "gpushare60": ((88.95, 89.06, 89.36), (90.00, 91.25, 91.40)),
    "gpushare80": ((86.53, 86.66, 87.01), (88.97, 89.08, 89.30)),
    "gpushare100": ((84.47, 84.62, 85.01), (86.53, 86.64, 86.90)),
    "gpuspec10": ((84.98, 93.10, 93.30), (85.83, 94.66, 94.95)),
    "gpuspec20": ((80.05, 88.46, 93.30), (86.20, 94.66, 94.84)),
    "gpuspec25": ((77.59, 85.67, 93.23), (85.20, 93.91, 94.74)),
    "gpuspec33": ((73.10, 80.39, 93.09), (80.62, 87.84, 94.55)),
    "multigpu20": ((90.01, 93.73, 93.93), (90.01, 95.53, 95.65)),
    "multigpu30": ((90.01, 94.57, 94.72), (90.01, 96.36, 96.46)),
    "multigpu40": ((89.99, 95.10, 95.23), (89.96, 96.91, 96.99)),
    "multigpu50": ((89.97, 95.62, 95.74), (89.93, 97.09, 97.18)),
}


def unallocated(variant: str) -> Mapping[str, float]:
    """Return the percent of accelerators that each policy leaves unallocated, where it was published."""
    return dict(zip(_ORDER, _UNALLOCATED.get(variant, ()), strict=False))


def allocated(variant: str, policy: str) -> Mapping[int, float]:
    """Return the percent of accelerators that a policy has allocated at each load for which it was published."""
    if variant == "default":
        return dict(zip(_LOADS, _ALLOCATED_OF_DEFAULT.get(policy, ()), strict=False))
    by_policy = dict(zip(("best-fit", "fgd"), _ALLOCATED.get(variant, ()), strict=False))
    return dict(zip(_FEW_LOADS, by_policy.get(policy, ()), strict=False))
