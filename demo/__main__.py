"""`python -m demo` tells the story and exits non-zero when a claim is false; `--keep` leaves everything running."""

import argparse
import signal
import sys
import time
from pathlib import Path

from demo.installation import Installation, machine_address
from demo.stage import Stage
from demo.story import tell
from sandbox import ComponentDiedError, ControlPlane, KubectlError, NotBuiltError, TimedOutError, load_nodes

NODES = Path(__file__).with_name("nodes.yaml")


def main() -> int:
    """Return 0 when every claim holds."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    keep = parser.parse_args().keep
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        return _play(keep=keep)
    except KeyboardInterrupt:
        return 0 if keep else 128 + signal.SIGINT
    except (ComponentDiedError, KubectlError, NotBuiltError, TimedOutError) as trouble:
        print(f"error: {trouble}", file=sys.stderr)
        return 1


def _play(*, keep: bool) -> int:
    began = time.monotonic()
    print(
        "Berth on a real control plane: etcd, kube-apiserver, kube-scheduler, and kwok in place of kubelets", flush=True
    )
    with ControlPlane() as plane:
        stage = _set_up(plane, began)
        tell(stage)
        print(f"\n{time.monotonic() - began:.0f} s; ", end="")
        verdict = f"{len(stage.failed)} of them are false" if stage.failed else "every claim was read back from the API"
        print(f"{stage.claims} claims; {verdict}")
        if keep:
            _wait(plane, stage.berth)
        return 1 if stage.failed else 0


def _set_up(plane: ControlPlane, began: float) -> Stage:
    nodes = [*load_nodes(), *load_nodes(NODES)]
    plane.add_nodes(nodes)
    plane.start_stock_scheduler()
    print(f"   the control plane is ready with {len(nodes)} nodes ({time.monotonic() - began:.1f} s)", flush=True)
    berth = Installation(plane, machine_address())
    stage = Stage(plane, berth)
    berth.install()
    stage.extender_port = berth.port("extender", "extender")
    print(f"   kubectl apply -k manifests/base: installed and ready ({time.monotonic() - began:.1f} s)", flush=True)
    return stage


def _wait(plane: ControlPlane, berth: Installation) -> None:
    print("Everything is left running. In another shell:")
    tools = f"{plane.tools}:{Path(sys.executable).parent}"
    print(f"  export KUBECONFIG={plane.kubeconfig} PATH={tools}:$PATH")
    print("  kubectl get pods -A -o wide; kubectl get acceleratorclasses; berth explain packed/large-2")
    print(
        "Berth's programs run as processes here, so its own Deployments show no pods, and other Deployments make none."
    )
    print(f"Logs are in {plane.folder}; the extender answers on {berth.url('extender', 'extender')}/v1/decisions/…")
    print("Ctrl-C ends it and leaves nothing behind.", flush=True)
    while True:
        plane.check()
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
