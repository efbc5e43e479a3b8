"""Which of our names is which of the oracles'."""

import re

SPREAD = {
    "sep": {"1": "1/depth", "2": "1/width", "5": "2/depth", "6": "2/width"},
    "dil": {"1": "depth", "2": "width"},
}
HALVES = {"conv_1": "even", "conv_2": "odd"}
ENDS = {
    "stem.0.weight": "stem", "stem.1.weight": "stem/scale", "stem.1.bias": "stem/shift",
    "head.0.weight": "head", "head.1.weight": "head/scale", "head.1.bias": "head/shift",
    "classifier.weight": "out", "classifier.bias": "out/shift",
}  # fmt: skip


def cell_name(name):
    """``cells.0.edges.0-2.sep_conv_3x3.5.weight`` to ``cell0/0->2/sep_conv_3x3/2/depth``."""
    if name in ENDS:
        return ENDS[name]
    if found := re.fullmatch(r"cells\.(\d+)\.preprocess([01])\.1\.weight", name):
        return f"cell{found[1]}/in{found[2]}"
    if found := re.fullmatch(r"cells\.(\d+)\.preprocess0\.(conv_[12])\.weight", name):
        return f"cell{found[1]}/in0/{HALVES[found[2]]}"
    found = re.fullmatch(r"cells\.(\d+)\.edges\.(\d+)-(\d+)\.(\w+)\.(\w+)\.weight", name)
    cell, source, target, operation, layer = found.groups()
    place = HALVES[layer] if operation == "skip_connect" else SPREAD[operation[:3]][layer]
    return f"cell{cell}/{source}->{target}/{operation}/{place}"


def chain_name(name):
    """``layers.0.k3e2.body.0.weight`` to ``layer0/k3e2/expand``."""
    if name in ENDS:
        return ENDS[name]
    number, option, layer = re.fullmatch(r"layers\.(\d+)\.(\w+)\.(?:body\.)?(\d)\.weight", name).groups()
    if option == "identity":
        return f"layer{number}/identity/point"
    places = ("depth", "project") if option.endswith("e1") else ("expand", "depth", "project")
    return f"layer{number}/{option}/{places[int(layer) // 3]}"


def weights(run, named):
    """Copies of a run's weights under the oracle's names."""
    return {named(name): value.detach().clone() for name, value in run.net.named_parameters()}
