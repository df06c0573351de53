"""The modulation of every block in tables: 13.6 GB fewer on the card, the same result bit for bit.

A third of the transformer's parameters turn the time of a step into scales, shifts and gates, and depend on nothing
else but the low-rank change that is on. They stay in the machine's memory; what they give for the steps of a schedule
is 4.4 MB a step.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import torch
from torch.func import functional_call
from torch.nn import functional

from tasks.engines.qwen.adapters import Adapters

Key = tuple[str, float]
"""Name of the change that is on, and time."""
MOST = 256
"""Times kept, about 1.1 GB for the 60 blocks of the real transformer; those not used for longest go first."""


class Tables:
    """What the modulation layers of a transformer give, by change and time. They are taken out of it for good."""

    def __init__(self, transformer: Any, adapters: Adapters) -> None:
        self._transformer = transformer
        self._adapters = adapters
        self._layers = [(block.img_mod[1], block.txt_mod[1]) for block in transformer.transformer_blocks]
        self._rows: dict[Key, list[tuple[torch.Tensor, torch.Tensor]]] = {}
        for block in transformer.transformer_blocks:
            block.img_mod, block.txt_mod = _Row(), _Row()
        transformer.register_forward_pre_hook(self._note_time, with_kwargs=True)

    def prepare(self, timesteps: torch.Tensor, dtype: torch.dtype, device: torch.device) -> None:
        """Make the rows for these times (0..1000) that are not there yet, with the change that is on.

        All are made in one pass over the layers.
        """
        times = {self._key(time): time for time in (time.expand(1).to(dtype) / 1000 for time in timesteps)}
        missing = {key: self._embedding(time, dtype, device) for key, time in times.items() if key not in self._rows}
        made: dict[Key, list[tuple[torch.Tensor, torch.Tensor]]] = {key: [] for key in missing}
        for layers in self._layers if missing else ():
            weights = [_tensors(layer, device) for layer in layers]
            for key, embedding in missing.items():
                # with zero_cond_t the picture's modulation is also made for time 0, the text's is not
                given = (functional.silu(embedding), functional.silu(embedding[:1]))
                row = [functional_call(*called) for called in zip(layers, weights, given, strict=True)]
                made[key].append((row[0], row[1]))
        self._rows |= made
        for key in times:  # the latest used go to the end
            self._rows[key] = self._rows.pop(key)
        while len(self._rows) > max(MOST, len(times)):
            del self._rows[next(iter(self._rows))]

    def move_layers(self, device: torch.device, *, resident: bool) -> None:
        """Keep the layers on `device`, where a new schedule takes milliseconds instead of a copy of 13.6 GB.

        If not `resident`, in the machine's memory; for a card in pages that it copies by itself, several times as fast.
        """
        for layer in chain.from_iterable(self._layers):
            layer.to(device if resident else "cpu")
            for tensor in chain(layer.parameters(), layer.buffers()):
                if device.type == "cuda" and not resident:
                    tensor.data = tensor.data.pin_memory()

    def _key(self, time: torch.Tensor) -> Key:
        return self._adapters.chosen, float(time)

    def _embedding(self, time: torch.Tensor, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        both = torch.cat([time, time * 0]) if self._transformer.zero_cond_t else time
        embed = self._transformer.time_text_embed.to(device)
        embedding: torch.Tensor = embed(both.to(device), torch.empty(0, device=device, dtype=dtype))
        return embedding

    def _note_time(self, _transformer: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        del arguments
        rows = self._rows[self._key(named["timestep"][0])]
        for block, (picture, text) in zip(self._transformer.transformer_blocks, rows, strict=True):
            block.img_mod.row, block.txt_mod.row = picture, text


def _tensors(layer: torch.nn.Module, device: torch.device) -> dict[str, torch.Tensor]:
    """All that a layer holds, on `device`."""
    held = chain(layer.named_parameters(), layer.named_buffers())
    return {name: tensor.to(device, non_blocking=True) for name, tensor in held}


class _Row(torch.nn.Module):
    """Stands where a modulation layer was; compiled blocks take it for an input, so that no step compiles them anew."""

    row: torch.Tensor
    """Of the step that is being computed: (times, 6 x width)."""

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        del embedding
        return self.row
