"""Stored weights: the same bits back, what they belong to, and one line where that cannot be."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gapless.core.errors import BadValue, Refused
from gapless.export.weights import load_meta, load_state, save_network
from gapless.nets.seeded import seeded


class Odd(nn.Module):
    """Tied, strided, scalar, half-precision and whole-number tensors."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 3)
        self.b = self.a
        self.bn = nn.BatchNorm2d(2)
        self.strided = nn.Parameter(torch.arange(6.0).view(2, 3).t())
        self.brief = nn.Parameter(torch.tensor([0.1, -0.0, math.inf], dtype=torch.bfloat16))
        self.register_buffer("nan", torch.tensor(math.nan))


def test_round_trip_is_exact(tmp_path):
    path = tmp_path / "net.safetensors"
    with seeded(0):
        net, other = Odd(), Odd()
    save_network(path, net, {})
    found = load_state(path)
    assert set(found) == set(net.state_dict())
    for name, tensor in net.state_dict().items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(
            found[name].reshape(-1).view(torch.uint8), tensor.contiguous().reshape(-1).view(torch.uint8)
        )
    other.load_state_dict(found)
    assert torch.equal(other.a.weight, net.a.weight)
    found["a.weight"].add_(1)  # owned by the caller, not by the file
    assert torch.equal(load_state(path)["a.weight"], net.a.weight)


def test_same_network_same_bytes_and_one_file(tmp_path):
    path = tmp_path / "net.safetensors"
    with seeded(0):
        net = Odd()
    contents = []
    for _ in range(2):
        save_network(str(path), net, {"arch": "ab", "role": "deploy"})
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]
    assert [p.name for p in tmp_path.iterdir()] == ["net.safetensors"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(meta=st.dictionaries(st.text(), JSON, max_size=4))
def test_meta_comes_back(tmp_path_factory, meta):
    path = tmp_path_factory.mktemp("meta") / "net.safetensors"
    save_network(path, nn.Linear(1, 1), meta)
    assert load_meta(path) == meta


def refused(kind, call):
    with pytest.raises(kind) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_bad_meta_leaves_the_old_file(tmp_path):
    path = tmp_path / "net.safetensors"
    save_network(path, nn.Linear(1, 1), {"old": 1})
    refused(BadValue, lambda: save_network(path, nn.Linear(1, 1), {"device": object()}))
    assert load_meta(path) == {"old": 1}
    assert len(list(tmp_path.iterdir())) == 1


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    places = [tmp_path / "folder", tmp_path / "file" / "net", tmp_path / "missing" / "net"]
    places += [Path("/proc/net.safetensors")] if sys.platform == "linux" else []
    if os.name == "posix" and os.geteuid() != 0:
        (tmp_path / "folder").chmod(0o555)
        places.append(tmp_path / "folder" / "net")
    for place in places:
        line = refused(Refused, lambda place=place: save_network(place, nn.Linear(1, 1), {}))
        assert str(place) in line
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("load", [load_state, load_meta])
def test_files_that_cannot_be_read(tmp_path, load):
    whole = tmp_path / "whole"
    save_network(whole, nn.Linear(4, 4), {"a": 1})
    (tmp_path / "short").write_bytes(whole.read_bytes()[:-5])
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("not weights at all")
    (tmp_path / "folder").mkdir()
    for name in ("short", "empty", "text", "folder", "missing"):
        assert name in refused(Refused, lambda name=name: load(tmp_path / name))


def test_foreign_weights_have_no_meta(tmp_path):
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "foreign")
    assert set(load_state(tmp_path / "foreign")) == {"a"}
    refused(Refused, lambda: load_meta(tmp_path / "foreign"))
