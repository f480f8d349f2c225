"""`berth simulate`: where the pods of a trace would go, or how many copies of pods a cluster still takes."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

EPILOG = """\
On a trace, in the form of Alibaba's cluster-trace-gpu-v2023 (CSV, also gzip; columns by name, others are ignored):
nodes have sn, cpu_milli, memory_mib, gpu, model; arrivals have cpu_milli, memory_mib, num_gpu, gpu_milli, perhaps
gpu_spec.
On a cluster: files are read as `berth preview` reads them; each pod is admitted as the webhook would, then placed as
an extender would that has just started: by the mix of --mix, and of the pods that stand there.

examples:
  berth simulate --nodes nodes.csv --arrivals arrivals.csv.gz --placements placed.csv
  berth simulate --nodes nodes.csv --arrivals arrivals.csv.gz --policy fgd --mix pods.csv --departures 1 --load 90
  berth simulate --cluster current --pods deployment.yaml --count 8
  berth simulate --cluster nodes.yaml classes.yaml --pods deployment.yaml --count 8 --json"""

_ON_TRACE = ("nodes", "arrivals")
_ON_CLUSTER = ("cluster", "pods", "count")
_OF_TRACE = (*_ON_TRACE, "policy", "seed", "placements", "departures", "load", "lifetime")
_OF_CLUSTER = (*_ON_CLUSTER, "namespace", "kubeconfig", "scheduler_name")
_LOAD, _LIFETIME = 90, 1.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Take a trace and a policy, or a cluster and pods."""
    parser.description = "Tell where the pods of a trace would go, or how many copies of pods a cluster still takes."
    parser.epilog = EPILOG
    _configure_trace(parser.add_argument_group("on a trace").add_argument)
    _configure_cluster(parser.add_argument_group("on a cluster").add_argument)
    parser.add_argument(
        "--mix",
        metavar="FILE",
        help="what is expected: for a trace pods, for a cluster a mix_file as the extender takes it, in the form "
        "of its GET /v1/mix; without it that is learnt from the arrivals, or from the pods on the cluster",
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=partial(_run, parser))


def _configure_trace(add: Callable[..., object]) -> None:
    add("--nodes", metavar="FILE", type=Path, help="the nodes of the trace")
    add("--arrivals", metavar="FILE", type=Path, help="the pods as they arrive")
    add("--policy", metavar="NAME", help="what chooses the node (Berth's own); a wrong name is answered with all")
    add("--seed", metavar="N", type=_number(0, 2**32), help="chance of policies that have any (0)")
    add("--placements", metavar="OUT", type=Path, help="write where each arrival went: seq,node,devices")
    add("--departures", metavar="SEED", type=_number(0, 2**32), help="let pods leave again, by this seed of chance")
    add("--load", metavar="PERCENT", type=_number(1, 1000), help=f"what is asked for at a time, then ({_LOAD})")
    add(
        "--lifetime",
        metavar="FACTOR",
        type=_factor,
        help=f"each accelerator prolongs the mean stay by so many times that of a pod without any ({_LIFETIME:g})",
    )


def _configure_cluster(add: Callable[..., object]) -> None:
    files = {"metavar": "FILE", "type": Path, "nargs": "+", "action": "extend"}
    add("--cluster", **files, help="files with the objects of a cluster, or the word current")
    add("--pods", **files, help="files with pods or templates")
    add("--count", metavar="N", type=_number(1, 100_000), help="how many copies of each")
    add("-n", "--namespace", help="namespace of objects that state none (default)")
    add("--kubeconfig", type=Path, help="kubeconfig file of the current cluster; without it the usual one")
    add("--scheduler-name", help="the webhook's setting scheduler_name; without it schedulerName stays as it is")


def _number(low: int, high: int) -> Callable[[str], int]:
    def parsed(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"found {text!r}, allowed: a whole number from {low} to {high}")
        return int(text)

    return parsed


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = -1
    if not 0 <= factor <= 1000:  # noqa: PLR2004 - said in the message
        raise argparse.ArgumentTypeError(f"found {text!r}, allowed: a number from 0 to 1000")
    return factor


def _run(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    given = {name for name, value in vars(arguments).items() if value is not None}
    of_trace, of_cluster = given & set(_OF_TRACE), given & set(_OF_CLUSTER)
    needed = _ON_CLUSTER if of_cluster else _ON_TRACE
    if of_trace and of_cluster:
        both = " and ".join(_flag(min(each)) for each in (of_trace, of_cluster))
        parser.error(f"{both} do not go together: one is for a trace, the other for a cluster")
    if missing := [_flag(name) for name in needed if name not in given]:
        parser.error(f"{', '.join(missing)} missing: give {_flags(_ON_TRACE)}, or {_flags(_ON_CLUSTER)}")
    return _on_cluster(arguments) if of_cluster else _on_trace(parser, arguments)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _flags(names: tuple[str, ...]) -> str:
    return " ".join(map(_flag, names))


def _on_trace(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    from berth.simulate import errand
    from berth.simulate.running import Departures
    from placement.scheduling.policies import POLICIES

    policy = arguments.policy or errand.default_policy()
    if policy not in POLICIES:
        parser.error(f"argument --policy: found {policy!r}, allowed: {', '.join(POLICIES)}")
    has_departures = arguments.departures is not None
    if not has_departures and (arguments.load is not None or arguments.lifetime is not None):
        parser.error("--load and --lifetime are for --departures SEED, which is missing")
    load = _LOAD if arguments.load is None else arguments.load
    growth = _LIFETIME if arguments.lifetime is None else arguments.lifetime
    wish = errand.Wish(
        arguments.nodes,
        arguments.arrivals,
        policy,
        arguments.mix or errand.ONLINE,
        arguments.seed or 0,
        arguments.placements,
        Departures(arguments.departures, load / 100, growth) if has_departures else None,
    )
    return _told(lambda: errand.answer(wish, as_json=arguments.json), errand.REFUSALS)


def _on_cluster(arguments: argparse.Namespace) -> int:
    from berth.simulate import fitting_errand
    from berth.simulate.fitting import Question

    question = Question(
        arguments.pods,
        arguments.cluster,
        arguments.count,
        arguments.namespace or "default",
        arguments.kubeconfig,
        arguments.scheduler_name,
        Path(arguments.mix) if arguments.mix else None,
    )
    return _told(lambda: fitting_errand.answer(question, as_json=arguments.json), fitting_errand.REFUSALS)


def _told(answer: Callable[[], str], refusals: tuple[type[Exception], ...]) -> int:
    """Print an answer and return 0, or print why there is none and return 1."""
    import sys

    try:
        told = answer()
    except refusals as error:
        print(error, file=sys.stderr)
        return 1
    print(told, end="")
    return 0
