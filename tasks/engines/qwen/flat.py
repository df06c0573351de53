"""The VAE for single pictures, with two axes for three.

A causal 3-D convolution of the first frame multiplies its earlier taps with zeros: it is the 2-D convolution with the
last slice of its weights, a third of the arithmetic. Without earlier frames nothing has to be kept for later ones.
Channels lie next to each other (channels last), as the fast kernels of cards want them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_qwenimage import QwenImageCausalConv3d
from diffusers.models.autoencoders.vae import DecoderOutput
from torch.nn import functional


class FlatConvolution(QwenImageCausalConv3d):
    """What a causal 3-D convolution becomes: (1, channels, 1, rows, columns) in and out, as before."""

    def forward(self, frame: torch.Tensor, _earlier: torch.Tensor | None = None) -> torch.Tensor:
        """The frame convolved; there are no earlier ones."""
        padding = (self._padding[2], self._padding[0])
        return functional.conv2d(frame[:, :, 0], self.weight, self.bias, self.stride[1:], padding).unsqueeze(2)


def flatten(vae: Any) -> None:
    """Change `vae` for good: it takes one frame from now on. In tiles it works as before, only flat."""
    for layer in vae.modules():
        if isinstance(layer, QwenImageCausalConv3d):
            layer.weight = torch.nn.Parameter(layer.weight.detach()[:, :, -1].contiguous(), requires_grad=False)
            layer.__class__ = FlatConvolution  # it stays where it is, and is still counted as one by the VAE
    vae.to(memory_format=torch.channels_last)
    vae._encode, vae._decode = partial(_encode, vae, vae._encode), partial(_decode, vae, vae._decode)


def _encode(vae: Any, in_tiles: Any, pixels: torch.Tensor) -> torch.Tensor:
    """The moments of the latents of one frame."""
    encoded: torch.Tensor = in_tiles(pixels) if vae.use_tiling else vae.quant_conv(vae.encoder(pixels))
    return encoded


def _decode(vae: Any, in_tiles: Any, latents: torch.Tensor, *, return_dict: bool = True) -> Any:
    """The one frame behind the latents, -1 to 1."""
    if vae.use_tiling:
        return in_tiles(latents, return_dict=return_dict)
    pixels = vae.decoder(vae.post_quant_conv(latents)).clamp(-1.0, 1.0)
    return DecoderOutput(sample=pixels) if return_dict else (pixels,)
