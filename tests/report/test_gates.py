"""Gate values over time."""

from __future__ import annotations

from typing import Any

from gapless import spaces
from gapless.report.gates import nodes, rows, skips


def _table(values: dict[str, list[float]], row: str = "0-2", group: str = "normal") -> list[dict[str, Any]]:
    return [
        {"epoch": float(epoch), "group": group, "row": row, "option": option, "value": value}
        for option, series in values.items()
        for epoch, value in enumerate(series)
    ]


def test_rows_keep_their_order_and_read_as_arrows() -> None:
    found = rows([row for name in ("0-3", "2<-0", "layer 4") for row in _table({"a": [1.0]}, row=name)])
    assert [row.label for row in found] == ["0 → 3", "0 → 2", "layer 4"]


def test_rows_name_nodes_as_the_drawing_does() -> None:
    darts = spaces.get("darts")
    called = nodes(darts.drawing(darts.choices.at(0)))
    assert called == {"0": "cₖ₋₂", "1": "cₖ₋₁", "2": "2", "3": "3", "4": "4", "5": "5", "out": "cₖ"}
    found = rows([row for name in ("2<-0", "5<-4", "layer 4") for row in _table({"a": [1.0]}, name)], called)
    assert [row.label for row in found] == ["cₖ₋₂ → 2", "4 → 5", "layer 4"]
    assert [row.name for row in found] == ["2<-0", "5<-4", "layer 4"]


def test_a_node_that_two_panels_call_differently_keeps_its_id() -> None:
    panels = [{"nodes": [{"id": "0", "label": "a"}, {"id": "1", "label": "b"}, {"id": 2}]}]
    panels.append({"nodes": [{"id": "0", "label": "c"}, {"id": "1", "label": "b"}]})
    assert nodes([*panels, {}]) == {"1": "b"}


def test_a_whole_number_read_from_csv_is_a_name_without_a_point() -> None:
    assert rows([{"epoch": 0.0, "group": "layers", "row": 7.0, "option": "a", "value": 1.0}])[0].name == "7"


def test_the_leader_is_the_largest_gate() -> None:
    (row,) = rows(_table({"none": [0.1, 0.6], "conv": [0.9, 0.4]}))
    assert (row.leader(0), row.leader()) == (("conv", 0.9), ("none", 0.6))


def test_skips_are_counted_without_none_and_without_ties() -> None:
    first = _table({"none": [0.2, 0.9, 0.1], "skip_connect": [0.4, 0.06, 0.3], "conv": [0.4, 0.04, 0.6]})
    second = _table({"identity": [0.1, 0.8, 0.8], "conv": [0.9, 0.2, 0.2]}, row="1-2")
    assert skips(rows([*first, *second])) == {"normal": ((0.0, 1.0, 2.0), (0, 2, 1), 2)}


def test_a_group_without_a_skip_is_not_counted() -> None:
    assert skips(rows(_table({"a": [1.0], "b": [0.0]}))) == {}


def test_blanks_and_text_are_left_out() -> None:
    assert rows([{"epoch": None, "value": 1.0}, {"epoch": 0.0, "value": "x"}, {}]) == []
