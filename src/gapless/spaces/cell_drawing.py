"""The drawing of a cell whose nodes read two earlier cells and each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any


def panel(
    title: str, entering: Mapping[int, Iterable[tuple[str, str]]], leaving: Collection[int] | None = None
) -> dict[str, Any]:
    """A panel as in `SearchSpace.drawing`; ``entering`` gives each node's (source, operation) pairs.

    Sources 0 and 1 are the two earlier cells, nodes count from 2, as in the text of an architecture. All
    nodes leave the cell where it is not said which do.
    """
    labels = ["c_{k-2}", "c_{k-1}"]
    nodes = [{"id": str(i), "label": label, "kind": "input"} for i, label in enumerate(labels)]
    edges = []
    for node, pairs in entering.items():
        nodes.append({"id": str(node), "label": str(node), "kind": "node"})
        edges += [{"from": source, "to": str(node), "label": operation} for source, operation in pairs]
        if leaving is None or node in leaving:
            edges.append({"from": str(node), "to": "out", "label": ""})
    nodes.append({"id": "out", "label": "c_k", "kind": "output"})
    return {"title": title, "nodes": nodes, "edges": edges}
