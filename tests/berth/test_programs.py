"""The programs as commands, together, on a real API server."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sandbox import ControlPlane
from tests.berth.running import Running, running

BERTH = str(Path(sys.executable).with_name("berth"))
CONFIGURATION = "accelerators.berth.ome.io"

Start = Callable[..., Running]


@pytest.fixture
def start(control_plane: ControlPlane) -> Iterator[Start]:
    """Starts a program on free ports with the admin's rights; at the end of the test it is gone."""
    with ExitStack() as started:

        def start_program(program: str, *flags: str) -> Running:
            rights = ["--kubeconfig", str(control_plane.kubeconfig), "--metrics-address", "127.0.0.1"]
            return started.enter_context(running([BERTH, program, *rights, "--metrics-port", "0", *flags]))

        yield start_program


def becomes_ready(control_plane: ControlPlane, program: Running) -> None:
    """Return once the program says that it is ready."""
    control_plane.wait(lambda: program.get("health", "/readyz")[0] == 200, 20, "the program is ready")


def mount(control_plane: ControlPlane, secret: str, folder: Path) -> None:
    """Write a Secret's content to a folder, as kubelet does for a volume."""
    found = control_plane.kubectl(
        "get", "secret", secret, "--namespace=berth-system", "--ignore-not-found", "--output=json"
    )
    for name, content in json.loads(found)["data"].items():
        (folder / name).write_bytes(base64.b64decode(content))


def lead_to(control_plane: ControlPlane, port: int) -> None:
    """Let the API server call a webhook on loopback, as the Service would lead it to the pods."""
    url = {"op": "add", "path": "/webhooks/0/clientConfig/url", "value": f"https://localhost:{port}/mutate"}
    patch = [url, {"op": "remove", "path": "/webhooks/0/clientConfig/service"}]
    control_plane.kubectl(
        "patch", "mutatingwebhookconfiguration", CONFIGURATION, "--type=json", f"--patch={json.dumps(patch)}"
    )


def create_class(control_plane: ControlPlane) -> None:
    """Create a class that two fake nodes carry."""
    spec = {"vendor": "nvidia", "discovery": {"nodeSelector": {"nvidia.com/gpu.present": "true"}}, "capabilities": {}}
    kind = {"apiVersion": "ome.io/v1beta1", "kind": "AcceleratorClass"}
    control_plane.apply(json.dumps({**kind, "metadata": {"name": "any-nvidia"}, "spec": spec}))


def create_pod(control_plane: ControlPlane, namespace: str) -> dict[str, Any]:
    """Create a vLLM pod that asks for the class, in a namespace of its own."""
    metadata = {"name": namespace, "labels": {"berth.ome.io/injection": "enforce"}}
    control_plane.apply(json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
    container = {"name": "main", "image": "vllm/vllm-openai", "args": ["--model", "m"]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "llama", "annotations": {"ome.io/accelerator-class": "any-nvidia"}},
        "spec": {"containers": [{**container, "resources": {"limits": {"nvidia.com/gpu": "1"}}}]},
    }
    return control_plane.api.send("POST", f"/api/v1/namespaces/{namespace}/pods", pod)


def explained(pod: str, kubeconfig: Path) -> subprocess.CompletedProcess[str]:
    """Run `berth explain` with the rights of a kubeconfig."""
    command = [BERTH, "explain", pod, "--kubeconfig", str(kubeconfig)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_controller_and_webhook_bring_each_other_up_and_a_pod_gets_its_class(
    control_plane: ControlPlane, start: Start, tmp_path: Path
) -> None:
    """The webhook starts without a certificate, gets the controller's, and the API server trusts it."""
    create_class(control_plane)
    webhook = start("webhook", "--address", "127.0.0.1", "--port", "0", "--certificate-directory", str(tmp_path))
    port = webhook.says("listening", listener="webhook")["port"]
    control_plane.wait(
        lambda: webhook.get("health", "/readyz") == (503, f"no certificate yet in {tmp_path}\n"),
        20,
        "only TLS is missing",
    )

    controller = start("controller", "--interval-seconds", "1")
    becomes_ready(control_plane, controller)
    lead_to(control_plane, port)
    mount(control_plane, "berth-webhook-tls", tmp_path)
    becomes_ready(control_plane, webhook)

    pod = create_pod(control_plane, "first-light")
    assert pod["metadata"]["annotations"]["berth.ome.io/accelerator-class"] == "any-nvidia"
    outcome = explained("first-light/llama", control_plane.kubeconfig)
    assert outcome.stdout.splitlines()[:2] == ["Pod first-light/llama (Pending)", "Class: any-nvidia"]

    for program in (webhook, controller):
        program.process.terminate()
        assert program.ends() == 0


def test_the_extender_becomes_ready_and_ends_in_order(control_plane: ControlPlane, start: Start) -> None:
    """Ready once the cluster is known; on SIGTERM it goes with exit code 0, and its log says when it is done."""
    extender = start("extender", "--port", "0")
    becomes_ready(control_plane, extender)
    extender.process.terminate()

    assert extender.ends() == 0
    assert [extender.log[0]["message"], extender.log[-1]["message"]] == ["begun", "ended"]
    assert extender.says("shutting down")


def test_a_port_that_is_taken_ends_the_start_with_one_sentence(start: Start) -> None:
    """Two programs cannot share a port; the log names it and has no traceback."""
    port = start("controller").says("listening", listener="health")["port"]
    second = start("controller", "--metrics-port", str(port))

    assert second.ends() == 1
    assert f"('127.0.0.1', {port})" in second.log[-2]["message"]
    assert "exception" not in second.log[-2]


def test_a_user_with_few_rights_gets_a_story(control_plane: ControlPlane) -> None:
    """Reading pods and events of one namespace is enough."""
    create_pod(control_plane, "small-team")
    control_plane.kubectl(
        "create", "role", "reader", "--namespace=small-team", "--verb=get,list", "--resource=pods,events"
    )
    control_plane.kubectl("create", "rolebinding", "reader", "--namespace=small-team", "--role=reader", "--user=jo")

    outcome = explained("small-team/llama", control_plane.kubeconfig_for_user("jo"))

    assert outcome.returncode == 0
    assert outcome.stdout.startswith("Pod small-team/llama (Pending)\nClass: ")


@pytest.mark.parametrize(
    ("pod", "said"),
    [
        ("default/absent", '404 NotFound: pods "absent" not found\n'),
        ("no-such-namespace/absent", '404 NotFound: pods "absent" not found\n'),
    ],
)
def test_a_pod_that_is_not_there_is_one_line_and_a_failure(control_plane: ControlPlane, pod: str, said: str) -> None:
    """What the API server says goes to the error stream, and scripts see the exit code."""
    outcome = explained(pod, control_plane.kubeconfig)

    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (1, "", said)


def test_certificates_for_secrets_are_made_once_without_the_controller(control_plane: ControlPlane) -> None:
    """The second time everything is kept; the printed commands are the next step."""
    place = ["--namespace", "default", "--secret", "by-hand", "--authority-secret", "by-hand-authority"]
    command = [BERTH, "certs", *place, "--kubeconfig", str(control_plane.kubeconfig)]
    first, second = (subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2))

    assert first.stdout.startswith("Secret default/by-hand-authority written\nSecret default/by-hand written\nnext: ")
    assert second.stdout.startswith("kept both Secrets in default: what is there will do\nnext: ")
    assert set(control_plane.get_json("secret", "by-hand")["data"]) == {"tls.crt", "tls.key", "ca.crt"}
