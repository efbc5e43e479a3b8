"""Geometry and colours of the figures."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.report.draw import crossing as strengths
from gapless.report.draw import ink
from gapless.report.draw.candidates import front
from gapless.report.draw.chainlayers import Layer, layers, layout
from gapless.report.draw.wiring import ordered
from gapless.report.words import subscripts

from . import example


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=20))
def test_the_front_holds_exactly_what_nothing_beats(scored: list[tuple[float, float]]) -> None:
    def beaten(a: tuple[float, float]) -> bool:
        return any(b[0] <= a[0] and b[1] >= a[1] and b != a for b in scored)

    assert front(scored) == sorted({pair for pair in scored if not beaten(pair)})


def test_an_operation_has_one_colour_and_no_two_share_one() -> None:
    for options in (example.DARTS_OPS, example.CHAIN_OPS, example.NB201_OPS):
        colours = ink.assign([*options, *options])
        assert list(colours) == list(options)
        assert len(set(colours.values())) == len(options)
    assert ink.assign(["skip_connect", "identity"]) == {"skip_connect": ink.SKIP, "identity": ink.SKIP}


def test_every_placeholder_becomes_a_variable() -> None:
    drawn = "".join(f"fill: {colour};" for colour in ink.VARIABLES)
    assert not re.search("#[0-9a-f]{6}", ink.recolour(drawn))


def test_a_chain_is_told_from_a_cell() -> None:
    panels = {
        name: getattr(example, name)()[0]["drawing"]["panels"][0] for name in ("darts", "chain", "nb201")
    }
    found = {name: layers(panel) for name, panel in panels.items()}
    assert found["darts"] is None
    assert found["nb201"] is None
    assert [box.end for box in found["chain"] or []] == [True, *[False] * 20, True]


def test_operations_of_a_chain_may_stand_on_its_edges_or_on_its_nodes() -> None:
    nodes = [{"id": "in", "label": "stem", "kind": "input"}, {"id": "a", "label": "2C /2", "kind": "node"}]
    nodes.append({"id": "out", "label": "head", "kind": "output"})
    edges = [{"from": "a", "to": "out", "label": ""}, {"from": "in", "to": "a", "label": "k5e3"}]
    expected = [Layer("stem", end=True), Layer("k5e3", "2C /2"), Layer("head", end=True)]
    assert layers({"nodes": nodes, "edges": edges}) == expected
    plain = [{**edge, "label": ""} for edge in edges]
    assert layers({"nodes": nodes, "edges": plain}) == [expected[0], Layer("2C /2"), expected[2]]


def test_two_pieces_and_circles_are_no_chain() -> None:
    nodes = [{"id": name} for name in "abcd"]
    for ties in (
        ["ab", "cd"],
        ["ab", "bc", "cb"],
        ["ab", "bc", "ca"],
        ["ab", "ac", "cd"],
        ["ab", "bb", "cd"],
    ):
        assert layers({"nodes": nodes, "edges": [{"from": a, "to": b} for a, b in ties]}) is None


@settings(derandomize=True, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=30), st.sampled_from([360.0, 880.0]))
def test_boxes_of_a_chain_stay_on_the_sheet(labels: list[str], width: float) -> None:
    columns, wide, height = layout([Layer(label) for label in labels], width)
    assert 1 <= columns <= len(labels)
    assert 24 + columns * wide + 16 * (columns - 1) <= width + 1e-9
    assert wide > 60
    assert height >= 48


def test_nodes_follow_their_edges_and_a_circle_is_drawn_as_given() -> None:
    nodes = [{"id": "out"}, {"id": "a"}, {"id": "b"}]
    edges = [{"from": "a", "to": "b"}, {"from": "b", "to": "out"}]
    assert [node["id"] for node in ordered({"nodes": nodes, "edges": edges})] == ["a", "b", "out"]
    circle = [*edges, {"from": "out", "to": "a"}]
    assert [node["id"] for node in ordered({"nodes": nodes, "edges": circle})] == ["out", "a", "b"]


def test_subscripts() -> None:
    assert [subscripts(s) for s in ("c_{k-2}", "c_k", "h_{x}", "sep_3", "a_z")] == [
        "cₖ₋₂",
        "cₖ",
        "h_{x}",
        "sep_3",
        "a_z",
    ]


@settings(derandomize=True, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_small_differences_of_strength_look_small(values: list[float]) -> None:
    low, high = strengths._range(values)
    assert low < min(values) <= max(values) < high
    assert high - low >= 0.02 - 1e-12


def test_where_a_method_judges_heights_are_standings() -> None:
    from gapless.report.draw import candidates, ranking, sheet

    rows = [{"key": f"k{i}", "macs": 1e6 + i, "accuracy": 0.9 - i / 10, "standing": i / 4} for i in range(4)]
    points = [{"key": f"k{i}", "macs": 1.0, "params": 2.0, "alone": i / 4, "judged": i / 4} for i in range(4)]
    with sheet.style():
        drawn, ranked = candidates.draw(rows, "k3"), ranking.draw(points, "truth.csv")
    assert drawn is not None
    assert ranked is not None
    assert drawn.table[0][0] == "k3"
    assert drawn.table[0][1].startswith("75.0")
    assert drawn.columns[1] == "mean rank"
    assert "geometric mean of its ranks by the scores that vote" in drawn.caption
    assert "up, what it reaches in truth.csv" in ranked.caption
    assert ranked.columns[1] == "in truth.csv"
