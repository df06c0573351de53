"""Rotary positions as real numbers, made once for each shape.

The stock module gives complex ones anew for every forward pass, and a product of complex numbers cannot be compiled
into what is around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import torch

Shape = tuple[int, int, int]
KEPT = 32
"""Shapes remembered; at one megapixel with one reference each holds 8 MB."""


class Rotation(NamedTuple):
    """By which angle each pair of channels is turned: (tokens, 1, pairs), fp32."""

    cosine: torch.Tensor
    sine: torch.Tensor

    def turn(self, vectors: torch.Tensor) -> torch.Tensor:
        """`vectors`, (1, tokens, heads, channels), turned: the complex product written out."""
        real, imaginary = vectors.float().unflatten(-1, (-1, 2)).unbind(-1)
        turned = (real * self.cosine - imaginary * self.sine, real * self.sine + imaginary * self.cosine)
        return torch.stack(turned, dim=-1).flatten(-2).type_as(vectors)

    def first(self, tokens: int) -> Rotation:
        """That of the first `tokens`."""
        return Rotation(self.cosine[:tokens], self.sine[:tokens])


class Positions(NamedTuple):
    """Where the tokens of one forward pass are."""

    pictures: Rotation
    text: Rotation
    new: int
    """How many of the pictures' tokens, from the first, are those of the picture that is made."""


class RealPositions(torch.nn.Module):
    """Stands where the transformer's own positions were and is called as they are."""

    def __init__(self, stock: Any) -> None:
        super().__init__()
        self._stock = stock
        self._of = lru_cache(KEPT)(self._positions)

    def forward(self, shapes: Sequence[Sequence[Shape]], max_txt_seq_len: int, device: torch.device) -> Positions:
        """The positions of pictures of these shapes and of so many tokens of text."""
        return self._of(tuple(shapes[0]), max_txt_seq_len, device)

    def _positions(self, shapes: tuple[Shape, ...], text: int, device: torch.device) -> Positions:
        both = self._stock([list(shapes)], max_txt_seq_len=text, device=device)
        pictures, words = (Rotation(turn.real[:, None].contiguous(), turn.imag[:, None].contiguous()) for turn in both)
        return Positions(pictures, words, prod(shapes[0]))
