"""Low-rank changes of the weights that are switched on for an edit, so that one process drafts and refines.

They are not fused into the weights: those are bf16, and what is added to them and taken off again does not leave them
as they were. So a layer adds its change to each result, which costs 4 % of the products of a step at rank 64
(calculated), and some passes over the results, fewer where blocks are compiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import functional

from tasks.engines.qwen.blocks import JOINED
from tasks.engines.qwen.lora import Change


class Adapted(torch.nn.Linear):
    """A linear layer that adds the change which is on, with the operations of PEFT in their order."""

    chosen: str
    """Name of the change that is on; empty: none."""
    scales: dict[str, float]
    """By name of a change of this layer."""

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """`linear(states)`, and on top of it `up(down(states)) * scale` where the change that is on has a part here."""
        plain = super().forward(states)
        if self.chosen not in self.scales:
            return plain
        down, up = self.get_buffer(f"down_{self.chosen}"), self.get_buffer(f"up_{self.chosen}")
        return plain + functional.linear(functional.linear(states, down), up) * self.scales[self.chosen]


class Adapters:
    """The changes a transformer can be run with, by name; none is on but in a block of `use`.

    Made after layers were joined, and before the weights are made smaller or laid out: the changes are buffers of the
    layers and go wherever these go.
    """

    def __init__(self, transformer: Any, changes: Mapping[str, Mapping[str, Change]]) -> None:
        self.names = tuple(changes)
        self.chosen = ""
        """Name of the one that is on; empty: none."""
        self._layers: dict[str, Adapted] = {}
        for name, by_layer in changes.items():
            for place, change in _joined(transformer, by_layer).items():
                self._layers[place] = _adapted(transformer.get_submodule(place))
                _give(self._layers[place], name, change)

    @property
    def bytes(self) -> int:
        """Of all changes together, in the number format of the weights."""
        return sum(buffer.nbytes for layer in self._layers.values() for buffer in layer.buffers())

    @contextmanager
    def use(self, name: str) -> Iterator[None]:
        """A block in which the transformer is run with the change of that name; with none where it is empty."""
        self._choose(name)
        try:
            yield
        finally:
            self._choose("")

    def _choose(self, name: str) -> None:
        self.chosen = name
        for layer in self._layers.values():
            layer.chosen = name


def _adapted(layer: Any) -> Adapted:
    """The layer itself, which takes changes from now on."""
    if not isinstance(layer, Adapted):
        layer.__class__ = Adapted  # its weights stay where they are, under their names
        layer.chosen, layer.scales = "", {}
    adapted: Adapted = layer
    return adapted


def _give(layer: Adapted, name: str, change: Change) -> None:
    weight = layer.weight
    for part, tensor in (("down", change.down), ("up", change.up)):
        # a copy: where a tensor lies within a file decides how products with it are rounded
        layer.register_buffer(f"{part}_{name}", tensor.to(weight.device, weight.dtype, copy=True), persistent=False)
    layer.scales[name] = change.scale


def _joined(transformer: Any, changes: Mapping[str, Change]) -> dict[str, Change]:
    """The changes by the layers that are there: where `blocks.py` made one of three, their changes are one as well."""
    there = dict(changes)
    for place, layer in transformer.named_modules():
        attention, _, name = place.rpartition(".")
        parts = [there.pop(f"{attention}.{part}", None) for part in JOINED.get(name, ())]
        if any(parts):
            there[place] = _one_of(parts, layer.out_features // len(parts))
    return there


def _one_of(parts: Sequence[Change | None], outputs: int) -> Change:
    """One change, of so many outputs a part: downs one below the other, ups along the diagonal, scales in them."""
    downs = [part.down.float() for part in parts if part]
    ups = [part.up.float() * part.scale if part else torch.zeros(outputs, 0) for part in parts]
    return Change(torch.cat(downs), torch.block_diag(*ups), 1.0)
