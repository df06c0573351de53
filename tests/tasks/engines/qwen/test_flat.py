"""The VAE in two dimensions gives what the one in three gives for a single frame."""

from __future__ import annotations

import pytest
import torch
from diffusers import AutoencoderKLQwenImage

from tasks.engines.qwen.flat import FlatConvolution, flatten


@pytest.fixture(scope="module")
def frames():
    torch.manual_seed(0)
    return torch.rand(1, 3, 1, 128, 96) * 2 - 1, torch.randn(1, 16, 1, 16, 12)


def pair(dtype, seed=0):
    """The VAE, and the same one made flat."""
    made = []
    for _ in range(2):
        torch.manual_seed(seed)
        vae = AutoencoderKLQwenImage(base_dim=8, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=2)
        made.append(vae.to(dtype).eval())
    flatten(made[1])
    return made


@torch.no_grad()
@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02)])
def test_pictures_are_encoded_and_decoded_as_by_the_stock_one(frames, dtype, error):
    solid, flat = pair(dtype)
    pixels, latents = (frame.to(dtype) for frame in frames)
    for expected, found in [
        (solid.encode(pixels).latent_dist.mode(), flat.encode(pixels).latent_dist.mode()),
        (solid.decode(latents).sample, flat.decode(latents).sample),
    ]:
        assert found.shape == expected.shape
        assert (found - expected).float().norm() <= error * expected.float().norm()


@torch.no_grad()
def test_in_tiles_it_is_the_same_as_well(frames):
    solid, flat = pair(torch.float32)
    for vae in (solid, flat):
        vae.enable_tiling(tile_sample_min_height=64, tile_sample_min_width=64)
    torch.testing.assert_close(flat.decode(frames[1]).sample, solid.decode(frames[1]).sample, rtol=0, atol=1e-5)
    torch.testing.assert_close(
        flat.encode(frames[0]).latent_dist.mode(), solid.encode(frames[0]).latent_dist.mode(), rtol=0, atol=1e-5
    )


@torch.no_grad()
def test_a_third_of_the_weights_is_left_and_nothing_is_kept_between_frames(frames):
    solid, flat = pair(torch.float32)
    assert sum(isinstance(layer, FlatConvolution) for layer in flat.modules()) > 20
    assert sum(w.numel() for w in flat.parameters()) < 0.5 * sum(w.numel() for w in solid.parameters())
    first = flat.decode(frames[1]).sample
    flat.decode(-frames[1])
    assert torch.equal(flat.decode(frames[1]).sample, first)
