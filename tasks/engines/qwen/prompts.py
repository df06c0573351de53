"""Instructions with their pictures as embeddings, at the three-dimensional positions Qwen2.5-VL was trained with.

The pipelines of diffusers leave these positions out under transformers 5 (see `versions.py`), so prompts are encoded
here, from the pipelines' own templates, and handed over as embeddings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image

from tasks.domain.errors import ParameterError
from tasks.engines.qwen.catalogue import Family

PICTURE = "<|vision_start|><|image_pad|><|vision_end|>"
POSITIONS = 4096
"""Rows of the transformer's table of rotary positions: text comes after the largest picture in it."""


def template(pipeline: Any, family: Family, pictures: int) -> str:
    """The pipeline's own template with its pictures in it and a place, {}, for the instruction."""
    numbered = "".join(f"Picture {number}: {PICTURE}" for number in range(1, pictures + 1))
    return str(pipeline.prompt_template_encode).replace("{}", (numbered if family is Family.PLUS else "") + "{}")


def ensure_plain(prompt: str, special: Sequence[str], *, what: str) -> None:
    """Return for ordinary words; raises `ParameterError` when they hold a control word of the model."""
    for word in special:
        if word in prompt:
            raise ParameterError(f"the {what} holds {word!r}, a control word of the model; leave it out")


def tokenize(pipeline: Any, text: str, pictures: Sequence[Image.Image]) -> Any:
    """What the language model is given, on the CPU: token ids, patches of the pictures, which tokens are pictures."""
    inputs = pipeline.processor(text=[text], images=list(pictures) or None, return_tensors="pt")
    inputs["mm_token_type_ids"] = (inputs["input_ids"] == pipeline.processor.image_token_id).int()
    return inputs


def ensure_fits(pipeline: Any, inputs: Any, shapes: Sequence[tuple[int, int, int]]) -> None:
    """Return when text and pictures fit into the table of positions; raises `ParameterError` with how much is over.

    Positions of text begin after half the longest side of the pictures in `shapes` (frames, rows, columns of tokens).
    """
    tokens = inputs["input_ids"].shape[1] - pipeline.prompt_template_encode_start_idx
    pictures = int(inputs["mm_token_type_ids"].sum())
    room = POSITIONS - max(max(rows, columns) // 2 for _, rows, columns in shapes)
    if tokens > room:
        raise ParameterError(
            f"the instruction takes {tokens - pictures} tokens, beside the pictures' {pictures} the model has room for "
            f"{room - pictures}: shorten it" + (", or leave pictures out" if len(shapes) > 1 else "")
        )


@torch.no_grad()
def embed(pipeline: Any, inputs: Any) -> torch.Tensor:
    """Embeddings of one instruction, (1, tokens, width), without the template's opening words."""
    encoder = pipeline.text_encoder
    output = encoder(
        **inputs.to(pipeline._execution_device),
        output_hidden_states=True,
        use_cache=False,
        logits_to_keep=1,  # no logits are wanted; these are the fewest
    )
    return output.hidden_states[-1][:, pipeline.prompt_template_encode_start_idx :].to(encoder.dtype)
