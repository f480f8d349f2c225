"""The story: what happens to pods of a mixed cluster, chapter by chapter."""

from demo import admission_chapters as admission
from demo import choice_chapters as choice
from demo import discovery_chapters as discovery
from demo import scheduling_chapters as scheduling
from demo.stage import Stage


def tell(stage: Stage) -> None:
    """Tell every chapter."""
    for chapter in (
        discovery.discovered,
        admission.untouched,
        admission.warned,
        admission.explicit_class,
        admission.profile_chooses,
        admission.other_vendors,
        admission.fits_nowhere,
        choice.scaled_out,
        choice.previewed,
        scheduling.explanation,
        scheduling.fragmentation,
        scheduling.no_room,
        scheduling.away,
    ):
        chapter(stage)
