"""The garbage collector, told what to leave alone: a cluster is known for as long as the program runs."""

import asyncio
import gc

from cluster.view import ClusterView

# The collector looks at new objects whenever there are so many more of them; reading a cluster makes millions.
YOUNG = 10_000
LATER_SECONDS = 10.0


async def settle(view: ClusterView) -> None:
    """Have the collector pass over all that is there once the view is synced, which otherwise takes it too long.

    Once more a little later: by then what is made of the cluster is there too. What is dropped of it is freed all the
    same, because hardly any of it refers to itself.
    """
    gc.set_threshold(YOUNG)
    await view.until_synced()
    gc.freeze()
    await asyncio.sleep(LATER_SECONDS)
    gc.freeze()
    await asyncio.Event().wait()
