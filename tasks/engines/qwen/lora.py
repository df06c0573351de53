"""A LoRA fused into the weights: added in fp32 and rounded once, without an adapter left behind.

A linear layer W becomes W + (alpha / rank) * up @ down (Hu et al. 2021, https://arxiv.org/abs/2106.09685).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch

from tasks.domain.errors import SettingsError

PREFIXES = ("model.diffusion_model.", "diffusion_model.", "transformer.")
"""What other tools put before the name of a layer of the transformer."""
PARTS = {"lora_A": "down", "lora_down": "down", "lora_B": "up", "lora_up": "up"}
KEY = re.compile(rf"(?P<layer>.+?)\.(?:(?P<part>{'|'.join(PARTS)})(?:\.default)?\.weight|(?P<alpha>alpha))$")


@torch.no_grad()
def fuse(transformer: torch.nn.Module, tensors: Mapping[str, torch.Tensor], *, source: str) -> int:
    """How many layers of `transformer` were changed. Names as PEFT, kohya and ComfyUI write them; nothing is skipped.

    Raises `SettingsError`, naming `source`, for a key that belongs to no LoRA, a layer the transformer does not have
    or a shape that does not fit; the transformer is unchanged then.
    """
    layers = dict(transformer.named_modules())
    changes = _by_layer(tensors, source)
    if not changes:
        raise SettingsError(f"{source} holds no LoRA at all; give another file")
    for name, parts in changes.items():
        _ensure_fits(layers.get(name), name, parts, source)
    for name, parts in changes.items():
        weight = layers[name].weight
        down, up = (parts[part].to(weight.device, torch.float32) for part in ("down", "up"))
        scale = float(parts["alpha"]) / down.shape[0] if "alpha" in parts else 1.0
        weight.copy_(weight.float() + scale * (up @ down))
    return len(changes)


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
