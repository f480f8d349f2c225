"""The chapters about admission: which class a pod gets, and what is injected."""

import json
from typing import Any

import yaml

from demo.stage import DECISION, PRODUCT, Stage, engine_pod

Json = dict[str, Any]

CHAT_PROFILE = """\
apiVersion: berth.ome.io/v1alpha1
kind: AcceleratorProfile
metadata: {name: chat}
spec:
  podSelector: {matchLabels: {app: chat}}
  acceleratorRequirements:
    requiredCapabilities: {memoryGB: 40Gi, computeCapability: "8.0", features: [bf16]}
    preferredClasses: [nvidia-h100-80gb-hbm3, nvidia-a100-sxm4-80gb]
  acceleratorConfigurations:
    - selector: {acceleratorClass: nvidia-h100-80gb-hbm3}
      env: [{name: VLLM_LOGGING_LEVEL, value: INFO}, {name: VLLM_USE_DEEP_GEMM, value: "1"}]
      runner: {args: [--max-model-len=65536, --tensor-parallel-size=1, --enable-chunked-prefill]}
      resources: {limits: {nvidia.com/gpu: 1}}
"""
HUGE_PROFILE = """\
apiVersion: berth.ome.io/v1alpha1
kind: AcceleratorProfile
metadata: {name: huge}
spec:
  podSelector: {matchLabels: {app: huge}}
  acceleratorRequirements:
    requiredCapabilities: {memoryGB: 141Gi, features: [fp8]}
    supportedClasses: [nvidia-h100-80gb-hbm3, nvidia-a100-sxm4-80gb, nvidia-l4, nvidia-t4]
"""


def untouched(stage: Stage) -> None:
    """A namespace that did not opt in."""
    stage.chapter("A namespace that did not opt in: Berth is never called")
    stage.namespace("legacy")
    before = stage.requests_to_webhook()
    stage.create("legacy", engine_pod("llama", accelerator_class="nvidia-h100-80gb-hbm3"))
    pod = stage.pod("legacy", "llama")
    added = [key for key in pod["metadata"]["annotations"] if key.startswith("berth.ome.io/")]
    stage.claim(
        "the pod has no nodeSelector and none of Berth's annotations",
        holds=not added and "nodeSelector" not in pod["spec"],
    )
    stage.claim("it stays with the default scheduler", holds=pod["spec"]["schedulerName"] == "default-scheduler")
    asked = stage.requests_to_webhook() - before
    stage.claim(f"the webhook was asked {asked:g} times", holds=asked == 0)


def warned(stage: Stage) -> None:
    """The way in: a namespace is watched before it is enforced."""
    stage.chapter("The way in: a namespace in mode warn")
    stage.namespace("watched", injection="warn")
    told = stage.create("watched", engine_pod("llama", accelerator_class="nvidia-l4"))
    pod = stage.pod("watched", "llama")
    stage.claim("kubectl is told what enforcing would do", holds="would get accelerator class nvidia-l4" in told)
    stage.claim("nothing is injected", holds="nodeSelector" not in pod["spec"])


def explicit_class(stage: Stage) -> None:
    """A pod that names its class gets all that the class needs."""
    stage.chapter("A pod names its class with one annotation")
    stage.namespace("ml", injection="enforce")
    stage.create("ml", engine_pod("llama", accelerator_class="nvidia-l4"))
    pod = stage.placed("ml", "llama")
    engine = pod["spec"]["containers"][0]
    stage.claim(
        "its nodeSelector asks for nvidia.com/gpu.product NVIDIA-L4",
        holds=pod["spec"].get("nodeSelector") == {PRODUCT: "NVIDIA-L4"},
    )
    tolerated = [each.get("key") for each in pod["spec"]["tolerations"]]
    stage.claim("it tolerates the taint nvidia.com/gpu", holds="nvidia.com/gpu" in tolerated)
    counts = [engine["resources"][part].get("nvidia.com/gpu") for part in ("limits", "requests")]
    stage.claim("its container asks for one nvidia.com/gpu, as limit and as request", holds=counts == ["1", "1"])
    stage.claim("its author's cpu and memory stand", holds=engine["resources"]["requests"]["memory"] == "16Gi")
    product = stage.node_labels(pod).get(PRODUCT)
    stage.claim(f"it runs on {pod['spec']['nodeName']}, a node of product {product}", holds=product == "NVIDIA-L4")


def profile_chooses(stage: Stage) -> None:
    """A pod that names nothing gets its class by the profile of a platform engineer."""
    stage.chapter("A profile chooses: the pod's author names no hardware at all")
    stage.plane.apply(CHAT_PROFILE)
    stage.show(*yaml.safe_dump(yaml.safe_load(CHAT_PROFILE)["spec"], width=110).splitlines())
    own: Json = {
        "args": ["--model", "Qwen/Qwen3-32B", "--max-model-len", "8192"],
        "env": [{"name": "VLLM_LOGGING_LEVEL", "value": "DEBUG"}],
    }
    stage.say(f"the pod's own args: {' '.join(own['args'])}; its own env: VLLM_LOGGING_LEVEL=DEBUG")
    _when_profile_is_seen(stage, "chat")
    stage.create("ml", engine_pod("chat", labels={"app": "chat"}, **own))
    pod = stage.placed("ml", "chat")
    engine, decision = pod["spec"]["containers"][0], json.loads(pod["metadata"]["annotations"][DECISION])
    stage.claim(
        f"class {decision['class']}: {decision['why']}, by {decision['source']}",
        holds=decision["class"] == "nvidia-h100-80gb-hbm3",
    )
    rejected = {each["class"]: each["why"] for each in decision["rejected"]}
    stage.claim(f"nvidia-t4 is out: it {rejected.get('nvidia-t4')}", holds="16 GiB" in rejected.get("nvidia-t4", ""))
    stage.claim(
        f"args: {' '.join(engine['args'])}",
        holds=engine["args"][:4] == own["args"] and "--enable-chunked-prefill" in engine["args"],
    )
    stage.claim(
        "its author's --max-model-len stands, and is not given twice",
        holds="--max-model-len=65536" not in engine["args"],
    )
    env = {each["name"]: each["value"] for each in engine["env"]}
    stage.claim(
        f"env: {' '.join(f'{k}={v}' for k, v in env.items())}: its author's value wins",
        holds=env == {"VLLM_LOGGING_LEVEL": "DEBUG", "VLLM_USE_DEEP_GEMM": "1"},
    )
    product = stage.node_labels(pod).get(PRODUCT)
    stage.claim(
        f"it runs on {pod['spec']['nodeName']}, a node of product {product}", holds=product == "NVIDIA-H100-80GB-HBM3"
    )


def other_vendors(stage: Stage) -> None:
    """AMD and Intel are treated alike."""
    stage.chapter("AMD and Intel: the same annotation, other resources")
    cases = (
        ("amd-mi300x", "amd.com/gpu", "amd.com/gpu.product-name", "AMD_Instinct_MI300X_OAM"),
        ("intel-max-1550", "gpu.intel.com/i915", "gpu.intel.com/product", "Max_1550"),
    )
    for name, resource, label, product in cases:
        stage.create("ml", engine_pod(f"on-{name}", accelerator_class=name))
        pod = stage.placed("ml", f"on-{name}")
        count = pod["spec"]["containers"][0]["resources"]["limits"].get(resource)
        stage.claim(
            f"{name}: asks for {count} {resource}, runs on {pod['spec']['nodeName']}",
            holds=count == "1" and stage.node_labels(pod).get(label) == product,
        )


def fits_nowhere(stage: Stage) -> None:
    """A pod for which nothing will do is admitted, and its author told why."""
    stage.chapter("A pod that fits nowhere: admitted as it is, with the reason a person wants")
    stage.plane.apply(HUGE_PROFILE)
    _when_profile_is_seen(stage, "huge")
    told = stage.create("ml", engine_pod("huge", labels={"app": "huge"}))
    stage.claim(
        "kubectl was told what each class has and what is needed",
        holds="nvidia-h100-80gb-hbm3: has 80 GiB of memory, 141 needed" in told,
    )
    pod = stage.pod("ml", "huge")
    decision = json.loads(pod["metadata"]["annotations"][DECISION])
    stage.claim(
        "the pod was created, its spec as it was; its annotation keeps the reasons for whoever looks later",
        holds="nodeSelector" not in pod["spec"] and decision["class"] == "" and len(decision["rejected"]) > 3,
    )
    told = stage.create(
        "ml", engine_pod("sixteen", accelerator_class="nvidia-h100-80gb-hbm3", resources={"nvidia.com/gpu": "16"})
    )
    stage.claim(
        "16 devices on one node: the largest has 8",
        holds="its largest node has 8, the pod asks 16 nvidia.com/gpu" in told,
    )


def _when_profile_is_seen(stage: Stage, name: str) -> None:
    """Wait until the webhook chooses by a profile that was just applied: watches take a moment."""
    probe = engine_pod("probe", labels={"app": name})
    path = "/api/v1/namespaces/ml/pods?dryRun=All"

    def is_seen() -> bool:
        return "berth.ome.io/decision" in stage.plane.api.send("POST", path, probe)["metadata"].get("annotations", {})

    if name == "chat":
        stage.plane.wait(is_seen, 10.0, f"the webhook has seen profile {name}")
