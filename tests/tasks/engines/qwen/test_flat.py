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


def both_ways(vae, frames):
    """What it makes of a picture, and of latents."""
    pixels, latents = (frame.to(vae.dtype) for frame in frames)
    return vae.encode(pixels).latent_dist.mode(), vae.decode(latents).sample


def distance(found, expected):
    assert found.shape == expected.shape
    return (found - expected).float().norm() / expected.float().norm()


@torch.no_grad()
def test_pictures_are_encoded_and_decoded_as_by_the_stock_one(frames):
    expected, found = (both_ways(vae, frames) for vae in pair(torch.float32))
    assert all(distance(*results) <= 1e-5 for results in zip(found, expected, strict=True))


@torch.no_grad()
def test_in_sixteen_bits_it_is_as_near_to_what_is_exact_as_the_stock_one(frames):
    exact = both_ways(pair(torch.float32)[0], frames)
    stock, flat = (both_ways(vae, frames) for vae in pair(torch.bfloat16))
    for expected, theirs, ours in zip(exact, stock, flat, strict=True):
        assert 0 < distance(ours, expected) <= 1.1 * distance(theirs, expected)


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
def test_channels_lie_next_to_each_other_after_every_convolution_and_pictures_stay_the_same(frames):
    flat, planes = (pair(torch.float32)[1] for _ in range(2))
    planes.to(memory_format=torch.contiguous_format)
    beside = []

    def note(_layer, _given, made):
        beside.append(made[:, :, 0].is_contiguous(memory_format=torch.channels_last))

    for layer in [layer for layer in flat.modules() if isinstance(layer, FlatConvolution)]:
        assert layer.weight.is_contiguous(memory_format=torch.channels_last)
        layer.register_forward_hook(note)
    expected, found = (both_ways(vae, frames) for vae in (planes, flat))
    assert all(distance(*results) <= 1e-5 for results in zip(found, expected, strict=True))
    assert len(beside) > 40
    assert all(beside)


@torch.no_grad()
def test_a_third_of_the_weights_is_left_and_nothing_is_kept_between_frames(frames):
    solid, flat = pair(torch.float32)
    assert sum(isinstance(layer, FlatConvolution) for layer in flat.modules()) > 20
    assert sum(w.numel() for w in flat.parameters()) < 0.5 * sum(w.numel() for w in solid.parameters())
    first = flat.decode(frames[1]).sample
    flat.decode(-frames[1])
    assert torch.equal(flat.decode(frames[1]).sample, first)
