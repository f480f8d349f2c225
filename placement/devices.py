"""Accelerators by the names under which vendors' device plugins advertise them, whatever classes a cluster has.

Sources: the plugins of NVIDIA, AMD, Intel, Habana, AWS Neuron, Google TPU, Huawei Ascend, and of HAMi, Volcano, Aliyun
for shares, beside Berth's own.
"""

import re
from functools import lru_cache

_WHOLE = re.compile(
    r"(?:nvidia|amd|metax-tech|mthreads)\.com/gpu|iluvatar\.ai/gpu|amd\.com/spx_nps\d|gpu\.intel\.com/(?:i915|xe)"
    r"|habana\.ai/gaudi|aws\.amazon\.com/neuron(?:device)?|google\.com/tpu|cambricon\.com/mlu|hygon\.com/dcu"
    r"|huawei\.com/(?:npu|ascend-?\d+[a-z]?\d?)",
    re.IGNORECASE,
)
_PART = re.compile(
    r"nvidia\.com/(?:mig-.+|.+\.shared|gpu-?mem.*|gpu-?cores|vgpu.*)|volcano\.sh/(?:vgpu-.+|gpu-memory|gpu-number)"
    r"|amd\.com/\w+_nps\d|aws\.amazon\.com/neuroncore|huawei\.com/ascend.+|aliyun\.com/gpu-mem|cambricon\.com/\w+mlu.*"
    r"|[\w.-]+/(?:gpumem.*|gpucores|vcuda-.+)|berth\.ome\.io/gpu-milli",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_whole_device(resource: str) -> bool:
    """Tell whether a resource counts whole accelerators."""
    return _WHOLE.fullmatch(resource) is not None


@lru_cache(maxsize=4096)
def is_part_of_device(resource: str) -> bool:
    """Tell whether a resource counts slices or shares of accelerators."""
    return _PART.fullmatch(resource) is not None


def is_device(resource: str) -> bool:
    """Tell whether a resource is an accelerator, whole or in parts."""
    return "/" in resource and (is_whole_device(resource) or is_part_of_device(resource))
