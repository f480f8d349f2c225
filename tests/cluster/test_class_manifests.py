"""Discovered classes as objects of the API: they read back as they are, and the real definition takes them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.api import Api
from cluster.class_manifests import manifest
from cluster.kinds import CLASSES_PATH
from placement.accelerators import AcceleratorClass, Capabilities, DeviceResource, Figure
from placement.discovering.discovery import classes_of, read
from placement.discovering.known_hardware import KNOWN
from placement.discovering.readings import DiscoveredClass
from placement.selection import Expression, NodeSelection, Operator, Term
from placement.taints import Toleration
from sandbox import ControlPlane
from tests.cluster.manifests import reading_back
from tests.placement.discovering import nodes

DEFINITION = Path(__file__).parents[2] / "manifests/base/crds/accelerator-classes.yaml"

WORDS = st.from_regex(r"[A-Za-z0-9]{1,8}", fullmatch=True)
KEYS = st.builds("{}.example/{}".format, st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), WORDS)
VALUES = st.lists(WORDS, min_size=1, max_size=3, unique=True).map(tuple)
EXPRESSIONS = st.one_of(
    st.builds(Expression, KEYS, st.just(Operator.IN), VALUES),
    st.builds(Expression, KEYS, st.sampled_from((Operator.EXISTS, Operator.DOES_NOT_EXIST))),
)
TERMS = st.builds(Term, st.lists(EXPRESSIONS, min_size=1, max_size=3, unique=True).map(tuple))
SELECTIONS = st.builds(
    NodeSelection,
    st.dictionaries(KEYS, WORDS, min_size=1, max_size=3),
    st.lists(TERMS, max_size=3, unique=True).map(tuple),
)
RATES = st.one_of(st.integers(1, 10_000).map(float), st.integers(1, 99_999).map(lambda tenths: tenths / 10))
WRITTEN = st.sampled_from([each for each in Figure if each is not Figure.CLOCK])
CAPABILITIES = st.builds(
    Capabilities,
    st.none() | st.integers(1, 2**24).map(lambda mib: mib / 1024),
    st.none() | st.tuples(st.integers(1, 20), st.integers(0, 9)),
    st.frozensets(WORDS, max_size=3),
    st.dictionaries(WRITTEN, RATES, max_size=3),
)
RESOURCES = st.builds(DeviceResource, KEYS, st.integers(1, 8), st.booleans())
TOLERATIONS = st.one_of(
    st.builds(Toleration, KEYS, st.just("Exists"), effect=st.sampled_from(("", "NoSchedule", "NoExecute"))),
    st.builds(Toleration, KEYS, st.just("Equal"), WORDS, st.just("NoExecute"), st.none() | st.integers(0, 600)),
)
CLASSES = st.builds(
    AcceleratorClass,
    st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True),
    SELECTIONS,
    WORDS,
    st.just("") | WORDS,
    CAPABILITIES,
    st.lists(RESOURCES, max_size=2).map(tuple),
    st.lists(TOLERATIONS, max_size=2).map(tuple),
)


@settings(max_examples=60)
@given(mine=CLASSES)
def test_a_class_reads_back_as_it_is(mine: AcceleratorClass) -> None:
    """Nothing is lost, rounded or counted in another unit."""
    assert reading_back(manifest(DiscoveredClass(mine))) == mine


def test_sizes_are_written_as_people_write_them() -> None:
    """In GiB, or else in MiB; versions with a dot, whole rates without."""
    (whole,) = classes_of(read(nodes.node("n", nodes.h100())))
    (part,) = classes_of(read(nodes.node("n", nodes.mps(nodes.a100(), 3))))

    capabilities = manifest(whole)["spec"]["capabilities"]
    assert (capabilities["memoryGB"], capabilities["computeCapability"]) == ("80Gi", "9.0")
    assert (capabilities["memoryBandwidthGBps"], capabilities["performance"]["fp16TFLOPS"]) == ("3350", 989)
    assert manifest(part)["spec"]["capabilities"]["memoryGB"] == "27306Mi"
    assert manifest(whole)["metadata"]["labels"] == {"ome.io/auto-discovered": "true"}


def _known() -> list[dict[str, Any]]:
    """Return a class of each known hardware, and of each usual kind of node in one cluster."""
    every = {reading for name, given in nodes.EVERY.items() for reading in read(nodes.node(name, given))}
    known = [
        DiscoveredClass(
            AcceleratorClass(
                f"known-{vendor}-{name}",
                NodeSelection({"hardware": name}),
                vendor,
                traits.family,
                Capabilities(traits.memory_gib, traits.compute_capability, traits.features, dict(traits.figures)),
                (DeviceResource(f"{vendor}.example/gpu"),),
            ),
            traits.model,
            traits.pci_vendor,
            traits.pci_devices,
        )
        for (vendor, name), traits in KNOWN.items()
    ]
    return [manifest(each) for each in (*classes_of(every), *known)]


@pytest.mark.timeout(120)
async def test_the_api_server_takes_every_class_and_changes_nothing(
    control_plane: ControlPlane, real_api: Api, tmp_path: Path
) -> None:
    """All known hardware and all usual nodes, with strict field validation; the stored spec is the written one."""
    control_plane.apply(DEFINITION)
    written = _known()
    file = tmp_path / "classes.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": written}))
    try:
        control_plane.kubectl("create", "--validate=strict", "-f", str(file))
        stored = {each["metadata"]["name"]: each for each in json.loads(await real_api.get(CLASSES_PATH))["items"]}
        for each in written:
            assert stored[each["metadata"]["name"]]["spec"] == each["spec"]
    finally:
        control_plane.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", str(file))
