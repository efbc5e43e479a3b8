"""A network as the bytes of an ONNX model, through torch.export."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import torch
from torch import nn

OPSET = 20
_LOGGERS = ("torch.onnx", "torch.export", "torch._export", "torch.fx", "onnxscript", "onnx_ir")


class Normalised(nn.Module):
    """A network behind its normalisation: images `n x c x h x w`, white at 1, to logits `n x classes`.

    ``(images - mean) / std`` is a part of the exported file, hence whoever runs it needs no numbers of ours.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, net: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.net = net
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.net((images - self.mean) / self.std)  # type: ignore[no-any-return]


def exported(model: nn.Module, images: torch.Tensor, classes: Sequence[str], architecture: str) -> bytes:
    """The checked model: input ``images``, output ``logits``, the size of the batch left open.

    Args:
        model: in evaluation mode, on the CPU.
        images: at least one, `n x c x h x w`.
        classes: their names, stored as a JSON list.
        architecture: the key, stored as it is.

    Raises:
        Exception: whatever torch.export, the exporter or the checker raises.
    """
    import onnx

    # Two images: torch.export takes a batch of one for a constant.
    example = images[[0, -1]]
    with _quiet():
        program = torch.onnx.export(
            model,
            (example,),
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=["images"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("n")},),
        )
        if program is None:
            raise RuntimeError("torch.onnx.export returned nothing")
        proto: onnx.ModelProto = program.model_proto
    if proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value:
        raise RuntimeError("its forward fixes the number of images: take it from x.shape[0], not len(x)")
    _strip(proto.graph)
    for function in proto.functions:
        _strip(function)
    meta = {"version": _version(), "architecture": architecture, "classes": json.dumps(list(classes))}
    onnx.helper.set_model_props(proto, {f"gapless.{key}": value for key, value in meta.items()})
    onnx.checker.check_model(proto, full_check=True)
    content: bytes = proto.SerializeToString(deterministic=True)
    return content


def _strip(part: Any) -> None:
    """Takes out what the exporter notes for debugging: source paths and lines of this machine."""
    fields = ("input", "output", "value_info", "initializer")
    values = [value for field in fields for value in getattr(part, field, ()) if not isinstance(value, str)]
    for noted in (part, *part.node, *values):
        noted.ClearField("metadata_props")
        noted.ClearField("doc_string")
    for node in part.node:
        for attribute in node.attribute:
            for graph in [attribute.g] if attribute.HasField("g") else [*attribute.graphs]:
                _strip(graph)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gapless")
    except PackageNotFoundError:
        return "unknown"


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says beside its result.

    That is log lines below errors, the graph that torch.export prints to standard error when it fails, and a
    deprecation inside torch 2.9.
    """
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    sink = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(sink), redirect_stderr(sink):
        warnings.filterwarnings("ignore", r".*isinstance\(treespec, LeafSpec\)", FutureWarning)
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
