"""A pretended CUDA device: tensors that compute on the host, say that they are on another device, and refuse
what a real one would: to be mixed with tensors of the host, or to be read by NumPy.

What autograd makes in C++ (zeros for an index or a pool) is on the host, so backwards of backwards through
pools and cells cannot be tried here.
"""

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

CUDA = torch.device("cuda")
MOVES = ("aten::copy_", "aten::_to_copy", "aten::set_")


class There(torch.Tensor):
    """A tensor on the pretended device."""

    @staticmethod
    def __new__(cls, here):
        return torch.Tensor._make_wrapper_subclass(
            cls, here.shape, strides=here.stride(), storage_offset=here.storage_offset(), dtype=here.dtype
        )

    def __init__(self, here):
        self.here = here

    @property
    def device(self):
        return CUDA

    def tolist(self):
        return self.here.tolist()

    def numpy(self, *args, **kwargs):
        raise TypeError("a tensor on a device cannot be read by NumPy")

    __array__ = numpy

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        name, kwargs = function._schema.name, dict(kwargs or {})
        given = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        host = [t for t in given if not isinstance(t, There)]
        alike = name.startswith(("aten::index", "aten::_unsafe_index"))  # indices may be on the host
        if name not in MOVES and not alike and any(t.dim() or "foreach" in name for t in host):
            raise RuntimeError(f"{name}: tensors of host and device, {[tuple(t.shape) for t in host]}")
        if alike and name != "aten::index_put" and not isinstance(args[0], There):
            raise RuntimeError(f"{name}: a tensor of the host with indices on the device")
        if any(isinstance(each, torch.Generator) for each in tree_leaves((args, kwargs))):
            raise RuntimeError(f"{name}: a generator of the host")
        if "device" in kwargs:
            kwargs["device"] = torch.device("cpu")
        out = function(*tree_map(_here, args), **tree_map(_here, kwargs))
        if name.endswith("_") and isinstance(out, torch.Tensor):
            return args[0]
        return tree_map(lambda t: There(t) if isinstance(t, torch.Tensor) else t, out)


def _here(value):
    return value.here if isinstance(value, There) else value


class _Upload(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return There(x.detach().clone())

    @staticmethod
    def backward(ctx, gradient):
        return _here(gradient)


class _Download(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.here.detach().clone()

    @staticmethod
    def backward(ctx, gradient):
        return There(gradient)


class Elsewhere(TorchFunctionMode):
    """Within, ``cuda`` is the pretended device."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs, name = dict(kwargs or {}), getattr(function, "__name__", "")
        if name in ("to", "cpu") and isinstance(args[0], torch.Tensor):
            return _moved(*args, **(kwargs if name == "to" else {"device": "cpu"}))
        if name == "one_hot" and isinstance(args[0], There):
            return There(function(args[0].here, *args[1:], **kwargs))
        if str(kwargs.get("device")).startswith("cuda") and name != "_parse_to":
            kwargs["device"] = "cpu"
            if not any(isinstance(each, There) for each in tree_leaves((args, kwargs))):
                return There(function(*args, **kwargs))
        return function(*args, **kwargs)


def _moved(x, *args, device=None, dtype=None, **kwargs):
    for each in args:
        if isinstance(each, torch.Tensor):
            device, dtype = each.device, each.dtype
        elif isinstance(each, (str, torch.device)):
            device = each
        elif isinstance(each, torch.dtype):
            dtype = each
    if device is not None and str(device).startswith("cuda") != isinstance(x, There):
        x = (_Download if isinstance(x, There) else _Upload).apply(x)
    return x if dtype is None else torch.Tensor.to(x, dtype=dtype)
