"""The super-network of a finished search, read from its run folder."""

from __future__ import annotations

from gapless.core.errors import Incompatible
from gapless.data import Data
from gapless.engine.folder import RunFolder
from gapless.evaluate.contract import Supernet
from gapless.job.interrupt import Stopper
from gapless.job.job import reopened
from gapless.job.show import Quiet
from gapless.job.work import Work
from gapless.spaces.contract import SearchSpace


def opened(
    run: str, root: str | None = None, space: SearchSpace | None = None, data: Data | None = None
) -> Supernet:
    """The weights as the search left them.

    Args:
        root: where data sets lie; None for where the run found them.
        space: where the search was given a Python object: that object.
        data: likewise.

    Raises:
        BadRunFolder: no run there, or its search has not ended.
        Incompatible: the search ended with fewer options than the space has.
    """
    asked = RunFolder.open(run).read_object("run.json", request=dict)["request"]
    plan, folder = reopened(
        run,
        space if asked.get("space") == "object" else None,
        data if asked.get("data") == "object" else None,
        root=root,
    )
    work = Work(plan, folder, Quiet(), Stopper())
    work.finished()
    found = work.run()
    if found.choices != plan.space.choices:
        raise Incompatible(
            expected="a super-network with all options of its space",
            got=f"that of method '{plan.recipe.name}' in '{run}', which dropped some on its way",
            do="search with spos or fairnas, which keep all",
        )
    streams = plan.streams.child("recalibrate")
    return Supernet(plan.space, found.net, found.net_shape, found.data, streams)
