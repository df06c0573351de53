"""The latest results of work that is dear, by what they were made from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import torch

T = TypeVar("T")


class Remembered(Generic[T]):
    """At most `most` results; those not asked for longest go first. For one thread at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Hashable, T] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under `key`, else what `make` gives, kept from now on."""
        found = self._kept.pop(key) if key in self._kept else make()
        self._kept[key] = found
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        return found


def digest(*tensors: torch.Tensor) -> str:
    """What tells tensors apart: a hash over their shapes and content."""
    told = hashlib.sha256()
    for tensor in tensors:
        told.update(f"{tuple(tensor.shape)} {tensor.dtype} ".encode())
        told.update(tensor.cpu().contiguous().view(torch.uint8).numpy().data)
    return told.hexdigest()


def remembering(encode: Callable[..., torch.Tensor], most: int = 16) -> Callable[..., torch.Tensor]:
    """`_encode_vae_image` of a pipeline with a memory of `most` pictures, half a megabyte each at one megapixel.

    Latents are the likeliest, not drawn: the generator, which the result does not depend on, is not looked at.
    """
    kept: Remembered[torch.Tensor] = Remembered(most)
    return lambda image, generator: kept.get(digest(image), lambda: encode(image=image, generator=generator))
