"""What the controller knows of the cluster, as admission asks for it."""

from cluster.view import ClusterView
from placement.admission import World
from placement.asking.class_requests import Known


def known_of(view: ClusterView) -> Known:
    """Return what is known of those who may ask for a class; it costs nothing to say."""
    return Known(view.catalog, view.profiles, view.serving, view.roster)


def world_of(view: ClusterView) -> World:
    """Return what admission would know.

    Quotas and limits are left out: they count what a pod that stands uses itself, and whoever has it made anew asks the
    webhook, which knows them.
    """
    known = (view.catalog, view.profiles, view.serving, view.roster, view.inventory)
    return World(*known, queueing=view.queueing, supply=view.supply)
