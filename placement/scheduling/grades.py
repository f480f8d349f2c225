"""Grades: how good each candidate is, from 0 to 10, where kube-scheduler weighs it against wishes of its own."""

from collections.abc import Mapping

import numpy as np

from placement.scheduling.arrays import Flags, Ints
from placement.scheduling.candidates import Inquiry
from placement.scheduling.decisions import Score
from placement.scheduling.pools import Pool
from placement.scheduling.ranking import Place, Ranking
from placement.scheduling.verdicts import Verdicts

BEST = 10
SECOND_BEST = 9

_NOTHING: Mapping[str, float] = {}
_NONE = np.zeros(1)


def grades(of: Inquiry, found: Verdicts) -> Mapping[str, int]:
    """Return the grade of each candidate: 10 for the best and its true ties alone, at most 9 for others.

    Others fall linearly with what they cost; where something is in doubt about them that is not about the best, or they
    are of a class that the pod likes less, they get nothing.
    """
    best = of.best(found)
    if best is None:
        return {}
    graded = {each.node: BEST * (each.score == best.score) for each in of.unknown(found)}
    rankings = [(each.pool, *ranked) for each in found.asked for ranked in of.rankings(each)]
    lead = next((place.parts for name, place in map(_winner, rankings) if name == best.node), _NOTHING)
    worst = max((float(each.parts["cost"].max()) for *_, each in rankings), default=0.0)
    for pool, doubt, ranking in rankings:
        is_doubted = (doubt.sick, doubt.contended) != (best.score.sick, best.score.contended)
        values = np.zeros(len(ranking.rows), np.int64) if is_doubted else _grades(ranking, lead, worst)
        graded.update(zip(map(pool.fleet.names.__getitem__, ranking.rows.tolist()), values.tolist(), strict=True))
    return graded


def _winner(of: tuple[Pool, Score, Ranking]) -> tuple[str, Place]:
    pool, _, ranking = of
    place = next(ranking.leading())
    return pool.fleet.names[place.row], place


def _grades(ranking: Ranking, lead: Mapping[str, float], worst: float) -> Ints:
    cost = ranking.parts["cost"]
    span = worst - lead["cost"]
    share = (worst - cost) / span if span > 0 else np.ones(len(cost))
    others = np.minimum((SECOND_BEST * share).astype(np.int64), SECOND_BEST)
    graded: Ints = np.where(_alike(ranking, lead, ("later_class",)), others, 0)
    graded[_alike(ranking, lead, Score._fields)] = BEST
    return graded


def _alike(ranking: Ranking, lead: Mapping[str, float], names: tuple[str, ...]) -> Flags:
    """Tell which candidates equal the best of all pools in these parts; one that is not there is 0."""
    alike = np.ones(len(ranking.rows), np.bool_)
    for name in set(names) & (ranking.parts.keys() | lead.keys()):
        alike &= ranking.parts.get(name, _NONE) == lead.get(name, 0.0)
    return alike
