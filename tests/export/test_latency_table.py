"""Latency tables: sums, files, fits, and a space that is measured."""

import csv
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import gapless.spaces
from gapless.core.errors import BadValue, UnknownName
from gapless.data import ImageShape
from gapless.export import option_latency
from gapless.export.latency_table import Error, LatencyTable, read
from gapless.export.option_latency import fitted, held_out, measured
from gapless.parts.regularize.cost import ExpectedCost
from gapless.parts.regularize.timetable import missing, unused
from gapless.spaces.contract import Shape

IMAGE = ImageShape(1, 8, 8, 10)


def drawn(space):
    """A table of random times."""
    rng = np.random.default_rng(0)
    options = {
        (path, option): float(rng.random())
        for group in space.choices.groups()
        for path, may in zip(group.rows, group.pickable, strict=True)
        for option, there in zip(group.options, may, strict=True)
        if there
    }
    return LatencyTable({"space": space.name}, 0.5, options, Error(3, 0.1, 0.05, None))


@pytest.mark.parametrize("name", ["nb201", "chain", "darts"])
def test_sums_are_over_what_is_picked(name):
    space = gapless.spaces.get(name)
    table = drawn(space)
    arch = space.choices.sample(np.random.default_rng(1))
    total = 0.5
    for group in space.choices.groups():
        for row, path in enumerate(group.rows):
            for column, option in enumerate(group.options):
                if space.choices.active(arch)[group.name][row, column]:
                    total += table.options[path, option]
    assert table.predicted(arch) == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("name", ["nb201", "darts"])
def test_the_regularizer_takes_its_pairs(name):
    space = gapless.spaces.get(name)
    table = ExpectedCost(table=drawn(space).pairs()).table
    assert not list(missing(table, space.choices))
    assert not unused(table, space.choices)


def test_files(tmp_path):
    table = drawn(gapless.spaces.get("darts"))
    table.write(tmp_path / "t.csv")
    assert read(tmp_path / "t.csv") == table
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {f"{row['choice']}={row['option']}": float(row["ms"]) for row in rows} == table.pairs()
    assert list(rows[0]) == ["choice", "option", "ms"]


@pytest.mark.parametrize(
    "content",
    [None, "{", "[]", '{"format": "gapless.latency", "version": 2}', '{"format": "x", "version": 1}'],
)
def test_files_that_are_no_tables(tmp_path, content):
    if content is not None:
        (tmp_path / "t.json").write_text(content)
    with pytest.raises(BadValue, match="expected a latency table in"):
        read(tmp_path / "t.csv")


def test_places_that_cannot_be_written(tmp_path):
    for file in (tmp_path / "t.txt", tmp_path / "none" / "t.csv"):
        with pytest.raises(BadValue, match=r"ending in \.csv"):
            drawn(gapless.spaces.get("nb201")).write(file)


@settings(derandomize=True, deadline=None)
@given(
    st.floats(0, 10), st.floats(0.1, 10), st.lists(st.integers(0, 100), min_size=2, max_size=9, unique=True)
)
def test_a_line_is_found(base, factor, sums):
    found = fitted(sums, [base + factor * s for s in sums])
    assert found == (pytest.approx(base, abs=1e-6), pytest.approx(factor, abs=1e-6))


def test_sums_that_explain_nothing_are_left_as_they_are():
    assert fitted([1.0, 2.0, 3.0], [5.0, 4.0, 3.0]) == (2.0, 1.0)
    assert fitted([5.0, 6.0], [2.0, 1.0]) == (0.0, 1.0)


def test_error():
    error = held_out([1.0, 2.0, 4.0], [2.0, 4.0, 8.0])
    assert (error.archs, error.mean_ms, error.relative) == (3, pytest.approx(7 / 3), 0.5)
    assert error.spearman == pytest.approx(1)
    assert held_out([1.0, 1.0], [1.0, 2.0]).spearman is None


@pytest.mark.parametrize(("name", "depth"), [("nb201", 2), ("chain", 0)])
def test_a_space_is_measured(name, depth):
    space, told = gapless.spaces.get(name), []
    table = measured(space, Shape(4, depth), IMAGE, "torch", archs=2, seconds=1e-3, tell=told.append)
    groups = space.choices.groups()
    assert len(table.options) == sum(int(group.pickable.sum()) for group in groups)
    assert table.base >= 0
    assert min(table.options.values()) >= 0
    assert max(table.options.values()) > 0
    assert table.error.archs == 2
    assert table.error.mean_ms >= 0
    assert table.conditions["runtime"] == "torch"
    assert len(told) == 2
    if name == "nb201":
        assert [ms for (_, option), ms in table.options.items() if option == "none"] == [0.0] * 6
        assert table.options[("0-1",), "skip_connect"] == 0, "nothing else enters node 1"


def test_outputs_are_added_where_several_choices_enter_a_node():
    for name, added in (("nb201", [False, *[True] * 5]), ("chain", [False] * 8)):
        (group,) = gapless.spaces.get(name).choices.groups()
        assert [option_latency._added(group, row) for row in range(len(group.rows))] == added
    x = torch.randn(1, 2, 4, 4)
    assert torch.equal(option_latency.Added(nn.ReLU())(x), 2 * x.clamp(min=0))


def test_both_runtimes_see_which_is_slower():
    modules = {
        "small": (nn.Conv2d(1, 1, 1), (1, 1, 8, 8)),
        "large": (nn.Sequential(*(nn.Conv2d(64, 64, 3, padding=1) for _ in range(4))), (1, 64, 32, 32)),
    }
    for runtime in option_latency.RUNTIMES:
        times = option_latency._timed(modules, runtime, 0.02)
        assert 0 < times["small"] < times["large"]


def test_modules_that_compute_the_same_are_measured_once():
    def named(*layers, shape=(1, 2, 4, 4)):
        return option_latency._named(nn.Sequential(*layers), shape)

    assert named(nn.Conv2d(2, 2, 3)) == named(nn.Conv2d(2, 2, 3))
    assert named(nn.Conv2d(2, 2, 3)) != named(nn.Conv2d(2, 2, 3, padding=1))
    assert named(nn.Conv2d(2, 2, 3)) != named(nn.Conv2d(2, 2, 3), shape=(1, 2, 8, 8))


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"runtime": "onnx"}, UnknownName),
        ({"archs": 1}, BadValue),
        ({"archs": 10**6}, BadValue),
        ({"seconds": 0.0}, BadValue),
        ({"seconds": math.nan}, BadValue),
    ],
)
def test_refused(given, error):
    with pytest.raises(error):
        measured(gapless.spaces.get("nb201"), Shape(4, 1), IMAGE, **given)


def test_refuses_what_has_no_super_network():
    space = next(s for s in map(gapless.spaces.get, gapless.spaces.names()) if not getattr(s, "shared", True))
    with pytest.raises(BadValue, match="a space with a super-network"):
        measured(space, space.presets["quick"].deploy, IMAGE)


def test_threads_are_noted():
    table = measured(gapless.spaces.get("nb201"), Shape(4, 1), IMAGE, "torch", archs=2, seconds=1e-4)
    assert table.conditions["threads"] == torch.get_num_threads()
