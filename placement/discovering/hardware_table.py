"""Hardware whose figures its vendor publishes.

One line for one accelerator as Kubernetes counts it (a GCD of a MI250X, a chip of Neuron). Columns: name, family,
model, memory_gib (nominal: vendors write GB), bandwidth_gb_per_s, fp32_tflops, fp16_tflops (or bf16, where that is the
16-bit rate), fp8_tflops, int8_tops, compute_capability, pci_devices, features beside those of the family, other
spellings of the name. Rates are peaks of dense matrices (of vectors at fp32), without sparsity. `-` is what the source
does not say, or says of more than one accelerator. Names and spellings are those of drivers in small letters, without
the vendor's name.
"""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of one vendor, and the title of what they are taken from."""

    vendor: str
    source: str
    lines: str


# What all hardware of a family has in the words of requirements, from the vendors' descriptions of the architecture.
FAMILIES = MappingProxyType(
    {
        "volta": "tensor-cores",
        "turing": "tensor-cores",
        "ampere": "tensor-cores,bf16",
        "ada-lovelace": "tensor-cores,bf16,fp8",
        "hopper": "tensor-cores,transformer-engine,bf16,fp8",
        "blackwell": "tensor-cores,bf16,fp8,fp4",
        "cdna2": "matrix-cores,bf16,infinity-fabric",
        "cdna3": "matrix-cores,bf16,fp8,infinity-fabric",
        "cdna4": "matrix-cores,bf16,fp8,fp4,infinity-fabric",
        "ponte-vecchio": "xmx-engines,bf16",
        "arctic-sound": "xmx-engines",
        "gaudi": "bf16",
        "neuroncore-v1": "bf16",
        "neuroncore-v2": "bf16,fp8,neuronlink",
        "neuroncore-v3": "bf16,fp8,neuronlink",
        "tpu": "bf16",
    }
)

BLOCKS = (
    Block(
        "nvidia",
        "NVIDIA data sheets: Tesla P4, Tesla P100, V100, T4",
        """
p4 pascal p4 8 192 5.5 - - 22 6.1 1bb3 - -
p100-pcie-16gb pascal p100 16 732 9.3 18.7 - - 6.0 15f8 - -
p100-sxm2-16gb pascal p100 16 732 10.6 21.2 - - 6.0 15f9 nvlink -
v100-pcie-16gb volta v100 16 900 14 112 - - 7.0 1db4 - -
v100-pcie-32gb volta v100 32 900 14 112 - - 7.0 1db6 - -
v100-sxm2-16gb volta v100 16 900 15.7 125 - - 7.0 1db1 nvlink -
v100-sxm2-32gb volta v100 32 900 15.7 125 - - 7.0 1db5 nvlink -
t4 turing t4 16 320 8.1 65 - 130 7.5 1eb8 - -
""",
    ),
    Block(
        "nvidia",
        "NVIDIA data sheets: A10, A16, A30, A40, A100 Tensor Core GPU, RTX A6000; of the A10G, Amazon EC2 G5 instances",
        """
a10 ampere a10 24 600 31.2 125 - 250 8.6 2236 - -
a10g ampere a10g 24 600 - - - - 8.6 2237 - -
a16 ampere a16 16 200 4.5 17.9 - 35.9 8.6 25b6 - -
a30 ampere a30 24 933 10.3 165 - 330 8.0 20b7 mig -
a40 ampere a40 48 696 37.4 149.7 - 299.3 8.6 2235 - -
a100-sxm4-40gb ampere a100 40 1555 19.5 312 - 624 8.0 20b0 nvlink,mig -
a100-sxm4-80gb ampere a100 80 2039 19.5 312 - 624 8.0 20b2 nvlink,mig -
a100-pcie-40gb ampere a100 40 1555 19.5 312 - 624 8.0 20f1 mig -
a100-pcie-80gb ampere a100 80 1935 19.5 312 - 624 8.0 20b5 mig a100-80gb-pcie
rtx-a6000 ampere rtx-a6000 48 768 38.7 154.8 - - 8.6 2230 - -
""",
    ),
    Block(
        "nvidia",
        "NVIDIA data sheets: L4, L40, L40S, RTX 6000 Ada Generation",
        """
l4 ada-lovelace l4 24 300 30.3 121 242.5 242.5 8.9 27b8 - -
l40 ada-lovelace l40 48 864 90.5 181.05 362 362 8.9 26b5 - -
l40s ada-lovelace l40s 48 864 91.6 362.05 733 733 8.9 26b9 - -
rtx-6000-ada-generation ada-lovelace rtx-6000-ada 48 960 91.1 - 728.5 - 8.9 26b1 - rtx-6000-ada
""",
    ),
    Block(
        "nvidia",
        "NVIDIA data sheets: H100, H200, GH200 Grace Hopper; of the H20, the memory that its driver reports",
        """
h100-80gb-hbm3 hopper h100 80 3350 67 989 1979 1979 9.0 2330 nvlink,mig h100-sxm5-80gb
h100-pcie hopper h100 80 2000 51 756 1513 1513 9.0 2331 mig h100-pcie-80gb
h100-nvl hopper h100 94 3900 60 835.5 1670.5 1670.5 9.0 2321 nvlink,mig -
h200 hopper h200 141 4800 67 989 1979 1979 9.0 2335 nvlink,mig -
h200-nvl hopper h200 141 4800 60 835.5 1670.5 1670.5 9.0 233b nvlink,mig -
h20 hopper h20 96 - - - - - 9.0 2329 nvlink,mig -
gh200-480gb hopper gh200 96 4000 67 990 1979 1979 9.0 2342 mig -
gh200-144g-hbm3e hopper gh200 144 4900 67 990 1979 1979 9.0 2348 mig -
""",
    ),
    Block(
        "nvidia",
        "NVIDIA data sheets: HGX B200, HGX B300, GB200 NVL72, RTX PRO 6000 Blackwell",
        """
b200 blackwell b200 180 8000 75 2250 4500 4500 10.0 2901 transformer-engine,nvlink,mig -
gb200 blackwell gb200 186 8000 80 2500 5000 5000 10.0 2941 transformer-engine,nvlink,mig -
b300-sxm6-ac blackwell b300 270 8000 75 2250 4500 - 10.3 3182 transformer-engine,nvlink,mig b300
rtx-pro-6000-blackwell-server-edition blackwell rtx-pro-6000 96 1597 120 - - - 12.0 2bb5 mig -
rtx-pro-6000-blackwell-workstation-edition blackwell rtx-pro-6000 96 1792 125 - - - 12.0 2bb1 mig -
""",
    ),
    Block(
        "nvidia",
        "What all variants of a model have in common, for clouds that name the model alone",
        """
v100 volta v100 - - - - - - 7.0 - - -
a100 ampere a100 - - - - - - 8.0 - mig -
h100 hopper h100 - - - - - - 9.0 - mig -
""",
    ),
    Block(
        "amd",
        "AMD Instinct data sheets: MI210, MI250X (half of it: one GCD), MI300A, MI300X, MI325X, MI350X, MI355X",
        """
mi210 cdna2 mi210 64 1638.4 22.6 181 - 181 - 740f - -
mi250x cdna2 mi250x 64 1638.4 23.95 191.5 - 191.5 - 7408 - mi250x-oam
mi300a cdna3 mi300a 128 5300 122.6 980.6 1961.2 1961.2 - 74a0 - -
mi300x cdna3 mi300x 192 5300 163.4 1307.4 2614.9 2614.9 - 74a1,74b5 - mi300x-oam,mi300x-vf
mi325x cdna3 mi325x 256 6000 163.4 1307.4 2614.9 2614.9 - 74a5,74b9 - mi325x-oam,mi325x-vf
mi350x cdna4 mi350x 288 8000 144.2 2306.9 4613.7 - - 75a0 - mi350x-oam
mi355x cdna4 mi355x 288 8000 157.3 2516.6 5033.2 - - 75a3 - mi355x-oam
""",
    ),
    Block(
        "intel",
        "Intel Data Center GPU Max Series and Flex Series, product specifications",
        """
max-1550 ponte-vecchio max-1550 128 3277 52.4 832 - 1664 - 0bd5 - -
max-1100 ponte-vecchio max-1100 48 1229 22.2 352 - 704 - 0bda - -
flex-170 arctic-sound flex-170 16 576 16 - - 250 - 56c0 - -
flex-140 arctic-sound flex-140 6 - - - - - - 56c1 - -
""",
    ),
    Block(
        "habana",
        "Intel Gaudi 2 and Gaudi 3 AI Accelerator white papers, Gaudi architecture documentation",
        """
gaudi gaudi gaudi - - - - - - - - - -
gaudi1 gaudi gaudi1 32 1000 - - - - - 1000 - gaudi-hl-205
gaudi2 gaudi gaudi2 96 2450 - 432 865 - - 1020 fp8 -
gaudi3 gaudi gaudi3 128 3700 - 1835 1835 - - 1060 fp8 -
""",
    ),
    Block(
        "aws",
        "AWS Neuron documentation: Inferentia, Inferentia2, Trainium, Trainium2 architecture",
        """
inferentia neuroncore-v1 inferentia 8 50 - 64 - 128 - - - -
inferentia2 neuroncore-v2 inferentia2 32 820 47.5 190 190 380 - - - -
trainium neuroncore-v2 trainium 32 820 47.5 190 190 380 - - - trainium1
trainium2 neuroncore-v3 trainium2 96 2900 181 667 1299 - - - - -
""",
    ),
    Block(
        "google",
        "Google Cloud TPU documentation: system architecture of v4, v5e, v5p, v6e",
        """
tpu-v4 tpu tpu-v4 32 1200 - 275 - - - - - -
tpu-v5e tpu tpu-v5e 16 819 - 197 - 393 - - - -
tpu-v5p tpu tpu-v5p 95 2765 - 459 - 918 - - - -
tpu-v6e tpu tpu-v6e 32 1640 - 918 - 1836 - - - -
""",
    ),
    Block(
        "huawei",
        "Ascend Device Plugin (MindCluster), names of chips; memory and rates differ by board",
        """
ascend-910 ascend ascend-910 - - - - - - - d801 - ascend910
ascend-910b ascend ascend-910b - - - - - - - d802 bf16 ascend910b,ascend-1980
ascend-310 ascend ascend-310 - - - - - - - d100 - ascend310
ascend-310p ascend ascend-310p - - - - - - - d500 - ascend310p
""",
    ),
)
