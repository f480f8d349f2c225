import pytest

from placement.accelerators import AcceleratorClass, Catalog, DeviceResource
from placement.pods import Container, Pod
from placement.recognising.recognition import engine_containers, whole_devices
from placement.selection import NodeSelection

NOTHING = Catalog()


def _catalog(*resources: DeviceResource) -> Catalog:
    return Catalog({"c": AcceleratorClass("c", NodeSelection({}), listed_resources=resources)})


def _asking(*claims: object, **counts: str) -> Container:
    return Container("c", requests=counts, limits=counts, claims_devices=bool(claims))


@pytest.mark.parametrize(
    ("resource", "devices"),
    [
        ("nvidia.com/gpu", 2),
        ("amd.com/gpu", 2),
        ("amd.com/spx_nps1", 2),
        ("gpu.intel.com/xe", 2),
        ("gpu.intel.com/i915", 2),
        ("habana.ai/gaudi", 2),
        ("aws.amazon.com/neuron", 2),
        ("aws.amazon.com/neurondevice", 2),
        ("google.com/tpu", 2),
        ("huawei.com/Ascend910", 2),
        ("huawei.com/Ascend910B3", 2),
        ("huawei.com/ascend-1980", 2),
        ("huawei.com/Ascend310P", 2),
        ("iluvatar.ai/gpu", 2),
        ("nvidia.com/mig-1g.10gb", None),
        ("nvidia.com/mig-1g.12gb.me", None),
        ("nvidia.com/gpu.shared", None),
        ("nvidia.com/gpumem", None),
        ("nvidia.com/gpumem-percentage", None),
        ("nvidia.com/gpucores", None),
        ("nvidia.com/vgpu", None),
        ("volcano.sh/vgpu-number", None),
        ("volcano.sh/gpu-memory", None),
        ("amd.com/cpx_nps4", None),
        ("aws.amazon.com/neuroncore", None),
        ("huawei.com/Ascend910-2c", None),
        ("aliyun.com/gpu-mem", None),
        ("rdma/ib", 0),
        ("vpc.amazonaws.com/efa", 0),
        ("gpu.intel.com/i915_monitoring", 0),
        ("cpu", 0),
        ("ephemeral-storage", 0),
    ],
)
def test_devices_are_told_from_slices_and_shares_by_their_name(resource: str, devices: int | None) -> None:
    """A count of slices or shares says nothing of how many devices an engine can split a model over."""
    assert whole_devices((_asking(**{resource: "2"}),), NOTHING) == devices


def test_devices_that_only_a_class_knows_count_as_the_class_says() -> None:
    """A cluster may offer hardware that nobody has heard of; what is divisible is asked for in parts."""
    asking = (_asking(**{"example.com/chip": "4"}),)

    assert whole_devices(asking, NOTHING) == 0
    assert whole_devices(asking, _catalog(DeviceResource("example.com/chip"))) == 4
    assert whole_devices(asking, _catalog(DeviceResource("example.com/chip", divisible=True))) is None


def test_containers_of_a_pod_are_counted_together() -> None:
    """A share beside whole devices leaves the number open, a claim beside them may be for a network."""
    whole, share = _asking(**{"nvidia.com/gpu": "4"}), _asking(**{"nvidia.com/gpumem": "8000"})

    assert whole_devices((whole, whole), NOTHING) == 8
    assert whole_devices((whole, share), NOTHING) is None
    assert whole_devices((_asking("channel", **{"nvidia.com/gpu": "4"}),), NOTHING) == 4
    assert whole_devices((_asking("devices"),), NOTHING) is None
    assert whole_devices((_asking(**{"nvidia.com/gpu": "0"}),), NOTHING) == 0


@pytest.mark.parametrize(
    "line",
    [
        "torchrun --nproc-per-node 8 train.py",
        "accelerate launch finetune.py",
        "deepspeed --num_gpus 8 run.py",
        "python3 -u src/pretrain_gpt.py --tensor-model-parallel-size 8",
        "python trainer.py",
        "python3 -m dynamo.frontend",
        "python3 -m sglang_router.launch_router",
        "vllm bench serve",
        "jupyter lab",
    ],
)
def test_what_trains_or_routes_is_no_engine_even_with_devices(line: str) -> None:
    """A queue is full of jobs that ask for devices and serve no model."""
    asking = Container("c", command=tuple(line.split()), limits={"nvidia.com/gpu": "8"})

    assert not engine_containers(Pod("ml", containers=(asking,)), NOTHING, frozenset(), is_meant=False)


@pytest.mark.parametrize("line", ["python serve.py", "python constraint.py", "./start", "python restraint/serve.py"])
def test_what_nobody_knows_is_an_engine_where_it_asks_for_devices(line: str) -> None:
    """People have servers of their own, under any name."""
    asking = Container("c", command=tuple(line.split()), limits={"nvidia.com/gpu": "8"})

    assert engine_containers(Pod("ml", containers=(asking,)), NOTHING, frozenset(), is_meant=False) == (asking,)
