"""The order in which Berth leaves: at no moment does a pod wait for somebody who is gone.

Pods are first created as before, then those that wait are handed over while their scheduler still runs, and only then
do the programs end; rights and policies outlast them, and what they wrote goes when nobody writes it any longer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from berth.uninstall.handing_over import HandingOver
from berth.uninstall.made import Made
from berth.uninstall.marks import Marks
from berth.uninstall.namespace import OwnNamespaces
from berth.uninstall.objects import Installed
from berth.uninstall.others import Others
from berth.uninstall.own_scheduler import OwnScheduler
from berth.uninstall.rights import Rights
from berth.uninstall.shares import Shares
from berth.uninstall.steps import Step
from berth.uninstall.templates import Templates
from cluster.api import Api


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to go: the installation in a namespace (and, on hosts, in the extender's), and its scheduler's name.

    With `definitions` go all classes and profiles; `leave_shares` lets pods with shares run on; pods that nobody would
    make again are kept in `bare_pods`, a folder, while they are replaced.
    """

    namespace: str
    extender_namespace: str
    scheduler: str
    definitions: bool = False
    leave_shares: bool = False
    bare_pods: Path | None = None


def steps(api: Api, wish: Wish) -> Sequence[Step]:
    """Return the steps; what was done before is found done."""
    installed = Installed(api, (wish.namespace, wish.extender_namespace))
    made, shares = Made(api), Shares(api, wish.leave_shares)
    marks = Marks(api, wish.scheduler, shares)
    handing_over = Step(HandingOver(api, wish.scheduler, wish.bare_pods).find, is_gate=True)
    return (
        Step(Rights(api, wish.definitions, wish.bare_pods is not None).find, is_gate=True),
        Step(Others(api, wish.namespace, wish.extender_namespace).find, is_gate=True),
        Step(OwnScheduler(api, wish.namespace, wish.scheduler).find, is_gate=True),
        Step(shares.find, is_gate=True),
        Step(Templates(api, wish.scheduler).find, is_gate=True),
        Step(installed.admission, is_gate=True),
        Step(installed.controller, is_gate=True),
        Step(marks.taints),
        handing_over,
        Step(installed.programs, is_gate=True),
        handing_over,  # an API server that had not heard yet may have asked the webhook once more
        Step(marks.find),
        Step(made.flavors),
        Step(made.classes),
        Step(made.statuses),
        Step(installed.rest),
        Step(installed.definitions if wish.definitions else installed.kept_definitions),
        Step(OwnNamespaces(api, installed).find),
    )
