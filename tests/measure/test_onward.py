"""Which options have no parameters, of a whole search space and after it was narrowed."""

import pytest
from tests.engine import toys
from tests.engine.toys import DARTS

from gapless.measure.onward import free, halves


def test_options_of_a_narrowed_space_are_those_of_the_whole_one():
    run = toys.run(DARTS)
    arch = run.choices.at(5)
    whole = free(run, arch)
    active = run.choices.active(arch)
    rows = [row for by_row in whole["options"].values() for row in by_row.values()]
    assert rows
    assert all("none" not in sides["free"] + sides["other"] for sides in rows)
    assert any(sides["free"] for sides in rows)
    assert any(sides["other"] for sides in rows)
    assert whole["survivors"] == sum(int(table.sum()) for table in active.values())
    run.shrink(run.choices.only(arch))
    assert free(run, arch)["options"] == whole["options"]


def test_options_with_modules_of_parameters_are_not_free():
    run = toys.run(DARTS)
    found = free(run, run.choices.at(0))["options"]
    for group in run.choices.groups():
        prices = run.costs("params")[group.name]
        for sides in found.get(group.name, {}).values():
            columns = [group.options.index(option) for option in sides["other"]]
            assert (prices[:, columns].sum(axis=0) > 0).all()


def test_options_are_halved_by_macs():
    run = toys.run(DARTS)
    found = free(run, run.choices.at(0))["options"]
    for group in run.choices.groups():
        prices = run.costs("macs")[group.name]
        for i, sides in enumerate(found.get(group.name, {}).values()):
            light, heavy = ([prices[i, group.options.index(o)] for o in sides[k]] for k in ("light", "heavy"))
            assert max(light) < min(heavy)
            assert set(sides["light"] + sides["heavy"]) == set(sides["free"] + sides["other"])


@pytest.mark.parametrize(
    ("macs", "light", "heavy"),
    [
        ((1, 2, 3, 4), "ab", "cd"), ((3, 1, 2), "bc", "a"), ((1, 1, 1, 5), "abc", "d"),
        ((1, 5, 5, 5), "a", "bcd"), ((2, 2), "", ""), ((2,), "", ""), ((), "", ""),
    ],
)  # fmt: skip
def test_halves_by_macs(macs: tuple[float, ...], light: str, heavy: str) -> None:
    found = halves(dict(zip("abcd", macs, strict=False)))
    assert ("".join(found["light"]), "".join(found["heavy"])) == (light, heavy)
