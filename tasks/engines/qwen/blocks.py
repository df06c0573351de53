"""The transformer's blocks with less to do: the weights are the same, and so is the result but for rounding."""

from __future__ import annotations

from itertools import chain
from typing import Any

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.transformers.transformer_qwenimage import QwenImageTransformerBlock

from tasks.engines.qwen.positions import Positions, RealPositions

JOINED = {"to_qkv": ("to_q", "to_k", "to_v"), "to_added_qkv": ("add_q_proj", "add_k_proj", "add_v_proj")}
"""Layers of an attention, and which ones they were made of, in the order of their outputs."""


@torch.no_grad()
def shorten(transformer: Any, *, trimmed: bool = True) -> None:
    """Change the blocks of `transformer` for good; a LoRA must have been fused before, the old layers are gone.

    `trimmed`: the last block gives the tokens of the new picture only.
    """
    transformer.pos_embed = RealPositions(transformer.pos_embed)
    for block in transformer.transformer_blocks:
        block.attn.fuse_projections()
        for name in chain.from_iterable(JOINED.values()):
            setattr(block.attn, name, None)
        block.attn.set_processor(FusedAttention())
    if trimmed:
        last = transformer.transformer_blocks[-1]
        last.__class__ = LastBlock  # its parts stay where they are, under their names
        last.attn.set_processor(FusedAttention(new_only=True))
    transformer.requires_grad_(requires_grad=False)


class FusedAttention:
    """What the attention of text and pictures is computed with; `new_only`: for the tokens of the new picture alone."""

    _attention_backend = None
    _parallel_config = None

    def __init__(self, *, new_only: bool = False) -> None:
        self._new_only = new_only

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        image_rotary_emb: Positions,
        attention_mask: torch.Tensor | None = None,
        encoder_hidden_states_mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What pictures and text take from each other, (1, tokens, width) each."""
        del attention_mask, encoder_hidden_states_mask  # nothing is padded here
        pictures, words, new = image_rotary_emb
        query, key, value = attn.to_qkv(hidden_states).unflatten(-1, (3, attn.heads, -1)).unbind(2)
        asked, known, said = attn.to_added_qkv(encoder_hidden_states).unflatten(-1, (3, attn.heads, -1)).unbind(2)
        text = 0
        if self._new_only:
            query = pictures.first(new).turn(attn.norm_q(query[:, :new]))
        else:
            text = asked.shape[1]
            query = torch.cat([words.turn(attn.norm_added_q(asked)), pictures.turn(attn.norm_q(query))], dim=1)
        key = torch.cat([words.turn(attn.norm_added_k(known)), pictures.turn(attn.norm_k(key))], dim=1)
        value = torch.cat([said, value], dim=1)
        attended = dispatch_attention_fn(query, key, value, backend=self._attention_backend).flatten(2)
        seen = attn.to_out[0](attended[:, text:])
        return seen, attn.to_add_out(attended[:, :text]) if text else encoder_hidden_states


class LastBlock(QwenImageTransformerBlock):
    """The last block: text and references give keys and values, and nobody reads what would become of them."""

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        encoder_hidden_states_mask: torch.Tensor | None,
        temb: torch.Tensor,
        image_rotary_emb: Positions,
        joint_attention_kwargs: dict[str, Any] | None = None,
        modulate_index: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The text as it was, and the new picture's tokens."""
        del encoder_hidden_states_mask, joint_attention_kwargs
        new = image_rotary_emb.new
        first, second = self.img_mod(temb).chunk(2, dim=-1)
        words, _ = self.txt_mod(temb[:1]).chunk(2, dim=-1)
        pictures, gate = self._modulate(self.img_norm1(hidden_states), first, modulate_index)
        text, _ = self._modulate(self.txt_norm1(encoder_hidden_states), words)
        attended, _ = self.attn(pictures, encoder_hidden_states=text, image_rotary_emb=image_rotary_emb)
        states = hidden_states[:, :new] + gate[:, :new] * attended
        index = None if modulate_index is None else modulate_index[:, :new]
        modulated, gate = self._modulate(self.img_norm2(states), second, index)
        return encoder_hidden_states, states + gate * self.img_mlp(modulated)
