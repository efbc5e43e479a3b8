"""What lies between the search's shape and the deployment's: only what differs, sizes that add up."""

from __future__ import annotations

from typing import Any

import pytest

from gapless.job.alone import ALL, Errand
from gapless.job.between import deployment, parts
from gapless.job.plan import Plan, plan
from gapless.job.request import Request


def planned(space: str = "darts", method: str = "darts", **sets: Any) -> Plan:
    words = (("data.limit", "60"), *((key.replace("__", "."), str(value)) for key, value in sets.items()))
    return plan(Request(space, "digits", method, sets=words))


def record(accuracy: float) -> dict[str, Any]:
    return {"audit": {"accuracy": accuracy}}


def test_recipe_then_depth_then_width() -> None:
    of = planned(search__depth=2, deploy__depth=4)
    arch = of.space.choices.at(3)
    found = parts(of, arch)
    assert [part.errand.role for part in found] == ["between-recipe", "between-depth", "deploy"]
    assert [part.changed for part in found] == [("recipe", "images"), ("depth",), ("width", "BatchNorm")]
    shapes = [part.errand.recipe(of)[0] for part in found]
    assert shapes[0] == of.search_shape
    assert (shapes[1].depth, shapes[1].channels) == (4, of.search_shape.channels)
    assert shapes[2] == of.preset.deploy
    assert all(part.errand.recipe(of)[1:] == (of.preset.training, ALL) for part in found)
    assert all(part.errand.data(of) is of.data for part in found)


def test_only_what_differs_is_trained() -> None:
    of = planned("chain", "spos", search__channels=8, deploy__channels=8, search__affine=True)
    (part,) = parts(of, of.space.choices.at(0))
    assert (part.errand.role, part.changed) == ("deploy", ("recipe", "images"))
    of = planned("chain", "spos")
    changed = {part.errand.role: part.changed for part in parts(of, of.space.choices.at(0))}
    assert "between-depth" not in changed, "a chain has no depth"


def test_sizes_add_up_and_nothing_is_said_before_all_is_there() -> None:
    of = planned(search__depth=2, deploy__depth=4)
    arch = of.space.choices.at(3)
    names = [Errand("search", arch, 0).name, *(part.errand.name for part in parts(of, arch))]
    measured = dict(zip(names, map(record, (0.1, 0.7, 0.3, 0.9)), strict=True))
    found = deployment(of, arch, measured)
    assert found is not None
    assert [part["size"] for part in found["parts"]] == pytest.approx([0.6, -0.4, 0.6])
    assert sum(part["size"] for part in found["parts"]) == pytest.approx(0.8, abs=1e-9)
    assert found["images"]["search"] == of.data.size("train")
    for name in names:
        assert deployment(of, arch, {n: r for n, r in measured.items() if n != name}) is None
