"""Compiled blocks give what the others give, and are compiled once: for every size, length of words and guidance."""

from __future__ import annotations

import shutil

import pytest
import torch
from torch._dynamo.utils import counters

from tasks.engines.qwen.diffusion import Sampling
from tests.tasks.engines.qwen.pictures import picture
from tests.tasks.engines.qwen.test_fast import latents, load

CASES = [
    ((128, 128), 4.0, (29, 23)),
    ((160, 96), 4.0, (5, 40)),
    ((96, 192), 1.0, (61, 3)),
    ((224, 64), 7.5, (2, 2)),
]
"""Size of the picture, guidance, tokens of the instruction and of its opposite. The first case compiles."""


@pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="compiling for a CPU needs C++")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch by torch
@pytest.mark.filterwarnings("ignore:Torchinductor does not support code generation for complex operators")
@pytest.mark.parametrize("ways", ["", "blocks,tables"])
def test_blocks_are_compiled_by_the_first_edit_and_never_again(checkpoint, ways):
    torch._dynamo.reset()
    counters.clear()
    plain, compiled = (load(checkpoint, "edit", torch.float32, fast=ways, compiled=on) for on in (False, True))

    def ensure_equal(size, guidance, lengths):
        random = torch.Generator().manual_seed(0)
        words = [torch.randn(1, length, 32, generator=random) for length in lengths]
        expected, found = (
            latents(made, [picture(1, size)], words, Sampling(guidance, 1, 5)) for made in (plain, compiled)
        )
        assert (found - expected).norm() <= 1e-5 * expected.norm()

    ensure_equal(*CASES[0])
    graphs = counters["stats"]["unique_graphs"]
    assert graphs in {1, 2}  # stock's first block is given views, the others are not
    with torch.compiler.set_stance("fail_on_recompile"):
        for case in CASES[1:]:
            ensure_equal(*case)
    assert counters["stats"]["unique_graphs"] == graphs
    assert not counters["graph_break"]
    assert "compiled" in compiled.identity.revision.split(", ")
    torch._dynamo.reset()
