"""Low-rank changes of linear layers: read from a file, and fused into the weights for good.

A layer W becomes W + (alpha / rank) * up @ down (Hu et al. 2021, https://arxiv.org/abs/2106.09685). Fused, the sum is
made in fp32 and rounded once; what can be switched on and off is in `adapters.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

from tasks.domain.errors import SettingsError

PREFIXES = ("model.diffusion_model.", "diffusion_model.", "transformer.")
"""What other tools put before the name of a layer of the transformer."""
PARTS = {"lora_A": "down", "lora_down": "down", "lora_B": "up", "lora_up": "up"}
KEY = re.compile(rf"(?P<layer>.+?)\.(?:(?P<part>{'|'.join(PARTS)})(?:\.default)?\.weight|(?P<alpha>alpha))$")


class Change(NamedTuple):
    """What is added to the weights of one layer: `scale * up @ down`."""

    down: torch.Tensor
    """(rank, inputs)."""
    up: torch.Tensor
    """(outputs, rank)."""
    scale: float


def read(transformer: torch.nn.Module, tensors: Mapping[str, torch.Tensor], *, source: str) -> dict[str, Change]:
    """The changes by name of the layer of `transformer`. Names as PEFT, kohya and ComfyUI write them; none is skipped.

    Raises `SettingsError`, naming `source`, for a key that belongs to no LoRA, a layer the transformer does not have
    or a shape that does not fit.
    """
    layers = dict(transformer.named_modules())
    found = _by_layer(tensors, source)
    if not found:
        raise SettingsError(f"{source} holds no LoRA at all; give another file")
    for name, parts in found.items():
        _ensure_fits(layers.get(name), name, parts, source)
    return {name: _change(**parts) for name, parts in found.items()}


@torch.no_grad()
def fuse(transformer: torch.nn.Module, changes: Mapping[str, Change]) -> None:
    """Change the weights of `transformer` for good."""
    layers: dict[str, Any] = dict(transformer.named_modules())
    for name, (down, up, scale) in changes.items():
        weight = layers[name].weight
        product = up.to(weight.device, torch.float32) @ down.to(weight.device, torch.float32)
        weight.copy_(weight.float() + scale * product)


def _change(*, down: torch.Tensor, up: torch.Tensor, alpha: torch.Tensor | None = None) -> Change:
    return Change(down, up, 1.0 if alpha is None else float(alpha) / down.shape[0])


def _by_layer(tensors: Mapping[str, torch.Tensor], source: str) -> dict[str, dict[str, torch.Tensor]]:
    """The parts of each layer's change: down, up and perhaps alpha."""
    changes: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        bare = next((key.removeprefix(prefix) for prefix in PREFIXES if key.startswith(prefix)), key)
        found = KEY.match(bare)
        if found is None:
            raise SettingsError(f"{source}: {key!r} belongs to no LoRA of a transformer; give another file")
        part = "alpha" if found["alpha"] else PARTS[found["part"]]
        changes.setdefault(found["layer"], {})[part] = tensor
    return changes


def _ensure_fits(layer: torch.nn.Module | None, name: str, parts: Mapping[str, torch.Tensor], source: str) -> None:
    """Return when the change can be added to the layer; raises `SettingsError` otherwise."""
    if not isinstance(layer, torch.nn.Linear):
        raise SettingsError(f"{source}: the model has no linear layer {name!r}; the LoRA belongs to another model")
    if not {"down", "up"} <= parts.keys():
        raise SettingsError(f"{source}: {name!r} has only {', '.join(sorted(parts))}; the file is incomplete")
    have = (parts["up"].shape[0], parts["up"].shape[1], parts["down"].shape[0], parts["down"].shape[1])
    rank = parts["down"].shape[0]
    if have != (layer.out_features, rank, rank, layer.in_features):
        raise SettingsError(
            f"{source}: {name!r} is {tuple(parts['up'].shape)} x {tuple(parts['down'].shape)}, which does not fit "
            f"{layer.out_features} x {layer.in_features}; the LoRA belongs to another model"
        )
