"""What the language model made of pictures, kept for further instructions about them.

In the templates pictures stand before the instruction, and each token sees only those before it: keys and values of
the pictures are the same for the prompt, the negative one, retries and variants. Only the words after them are new,
a dozen tokens instead of 1,400.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache

from tasks.engines.qwen.remembered import Remembered, digest

KEPT = 4
"""Sets of pictures remembered: 57 kB a token, so 82 MB each for Qwen-Image-Edit and 15 MB for its followers."""


Layers = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values, by layer."""


class Prefixes:
    """Embeds as `prompts.embed` does."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        self._kept: Remembered[tuple[Layers, torch.Tensor]] = Remembered(KEPT)

    @torch.no_grad()
    def embed(self, inputs: Any) -> torch.Tensor:
        """Embeddings of one instruction, (1, tokens, width), without the template's opening words."""
        encoder, device = self._pipeline.text_encoder, self._pipeline._execution_device
        ids, pixels, grids = (inputs[name] for name in ("input_ids", "pixel_values", "image_grid_thw"))
        kinds = inputs["mm_token_type_ids"]
        seen = int(kinds[0].nonzero()[-1]) + 2  # the end of a picture has a token of its own
        positions, _ = encoder.model.get_rope_index(ids, kinds, grids)

        def run(some: slice, cache: DynamicCache, **more: Any) -> torch.Tensor:
            output = encoder(  # the cache by its place: releases of transformers differ in what they call it
                *(ids[:, some].to(device), None, positions[..., some].to(device), cache),
                use_cache=True,
                output_hidden_states=True,
                logits_to_keep=1,  # no logits are wanted; these are the fewest
                **more,
            )
            last: torch.Tensor = output.hidden_states[-1]
            return last

        def look() -> tuple[Layers, torch.Tensor]:
            cache = DynamicCache()
            shown = run(slice(seen), cache, pixel_values=pixels.to(device), image_grid_thw=grids.to(device))
            return [(layer.keys, layer.values) for layer in cache.layers], shown

        layers, shown = self._kept.get(digest(ids[:, :seen], pixels, grids), look)
        words = run(slice(seen, None), DynamicCache(layers))
        whole = torch.cat([shown, words], dim=1)
        return whole[:, self._pipeline.prompt_template_encode_start_idx :].to(encoder.dtype)
