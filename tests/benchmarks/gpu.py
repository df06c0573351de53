"""What the `qwen` engine costs on a card: the guide's naive way, stock tuned and ours, against the physical limit.

    python -m tests.benchmarks.gpu [--scale tiny] [--out gpu.json] [--seconds 420]

Weights are random and made on the device in the real shapes: they cost what real ones cost, and the pictures are noise,
so nothing is said of quality. All sides run in one process on the same weights, one after the other. The limit is
measured too: the rates of a large matrix product and of a copy. Memory is the peak of what torch allocates, in GB.
What no longer fits into the seconds is left out and named; the file is written anew after each part. On a CPU
(`--scale tiny`) all of it is gone through but for compiling, and its times mean nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import diffusers
import numpy as np
import torch
import transformers
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as stock_module
from PIL import Image
from torch.utils.benchmark import Timer

from tasks.domain.errors import SettingsError, UnknownEngine
from tasks.engines.qwen import attention, blocks, flat, prompts, quantisation
from tasks.engines.qwen.adapters import Adapters
from tasks.engines.qwen.blocks import JOINED
from tasks.engines.qwen.catalogue import Family
from tasks.engines.qwen.diffusion import Conditions, Sampling, decode, denoise
from tasks.engines.qwen.lora import Change
from tasks.engines.qwen.modulation import Tables
from tasks.engines.qwen.prefixes import Prefixes
from tasks.engines.qwen.quantisation import Layers, Quantise
from tasks.engines.qwen.remembered import remembering
from tests.benchmarks.random_weights import SCALES, Scale, pipeline

WORDS = "make the cat red"
SIDES = {"40 steps guided": Sampling(4.0, 40, 0), "8 steps": Sampling(1.0, 8, 0), "4 steps": Sampling(1.0, 4, 0)}
RANK = 64
"""Of a draft's change, as Lightning's."""
SHOWN = 384
"""Side of the picture the language model is shown."""
GOALS = (
    """on an H100: stock / ours >= 1.6, ours / floor <= 1.25, 40 steps guided < 24 s, 4 steps < 1.6 s, small < 46 GB"""
)
Row = dict[str, Any]


class Bench:
    """One pipeline, timed again and again while it is changed."""

    def __init__(self, scale: Scale, device: torch.device) -> None:
        self.scale, self.device = scale, device
        self.pipeline = pipeline(scale, device)
        grains = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
        self.source = Image.fromarray(grains).resize((scale.side, scale.side), Image.Resampling.BICUBIC)
        self.tables: Tables | None = None
        self.forget: Callable[[], None] = lambda: None
        self.embed: Callable[[Any], torch.Tensor] = partial(prompts.embed, self.pipeline)

    def words(self, text: str) -> torch.Tensor:
        """The embedding of an instruction about the source."""
        shown = self.source.resize((min(SHOWN, self.scale.side),) * 2, Image.Resampling.LANCZOS)
        whole = prompts.template(self.pipeline, Family.PLUS, 1).replace("{}", text)
        return self.embed(prompts.tokenize(self.pipeline, whole, [shown]))

    def stock(self, sampling: Sampling, **more: Any) -> Any:
        """An edit by the pipeline of diffusers as it comes: pixels, or what `more` asks for."""
        side = self.scale.side
        given = more or {"prompt": WORDS, "negative_prompt": " "}
        # a megapixel is written into the pipeline
        with mock.patch.multiple(stock_module, VAE_IMAGE_SIZE=side * side, CONDITION_IMAGE_SIZE=min(SHOWN, side) ** 2):
            return self.pipeline(
                image=[self.source],
                true_cfg_scale=sampling.guidance,
                num_inference_steps=sampling.steps,
                generator=torch.Generator().manual_seed(sampling.seed),
                width=side,
                height=side,
                **given,
            ).images

    def latents(self, sampling: Sampling, embeddings: list[torch.Tensor] | None = None) -> torch.Tensor:
        """What our loop makes of the source."""
        positive, *negative = embeddings or [self.words(text) for text in (WORDS, " ")[: 1 + (sampling.guidance > 1)]]
        given = Conditions(positive, negative[0] if negative else None, [self.source], [self.source.size])
        return denoise(self.pipeline, given, sampling, lambda *_: None, self.tables)

    def ours(self, sampling: Sampling) -> Image.Image:
        """An edit by our loop, from the picture to the picture."""
        return decode(self.pipeline, self.latents(sampling), self.source.size)

    def cost(self, work: Callable[[], object]) -> Row:
        """Seconds of `work`, and the peak of memory meanwhile."""
        cuda = self.device.type == "cuda"
        if cuda:
            torch.cuda.reset_peak_memory_stats()
            torch.cuda.synchronize()
        begun = time.perf_counter()
        work()
        if cuda:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - begun
        return {"s": round(seconds, 4), "peak GB": round(torch.cuda.max_memory_allocated() / 1e9, 2) if cuda else None}

    def flop(self) -> float:
        """Of one forward pass with one reference: products of matrices, and attention."""
        model, words = self.scale.transformer, self.words(WORDS).shape[1]
        width = model["num_attention_heads"] * model["attention_head_dim"]
        length = 2 * (self.scale.side // 16) ** 2 + words
        return float(model["num_layers"] * (24 * width * width * length + 4 * length * length * width))


def limits(device: torch.device) -> Row:
    """What the device can do at best: bf16 products in TFLOP/s, copies in GB/s (read and written)."""
    side = 8192 if device.type == "cuda" else 256
    one, other = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    measured = {}
    for name, statement, amount in (
        ("TFLOP/s", "one @ other", 2 * side**3 / 1e12),
        ("GB/s", "one.copy_(other)", 4 * side**2 / 1e9),
    ):
        seconds = Timer(statement, globals={"one": one, "other": other}).blocked_autorange(min_run_time=0.5).median
        measured[name] = float(f"{amount / seconds:.4g}")
    return measured


def edits(bench: Bench, edit: Callable[[Sampling], object]) -> Row:
    """Cost of each kind of edit, and of one guided step: what 40 take beyond 4, by the steps between."""
    edit(Sampling(4.0, 1, 0))  # the first one allocates and compiles
    costs: Row = {name: bench.cost(partial(edit, sampling)) for name, sampling in SIDES.items()}
    short, long = Sampling(4.0, 4, 0), SIDES["40 steps guided"]
    beyond = costs["40 steps guided"]["s"] - bench.cost(partial(edit, short))["s"]
    costs["ms per guided step"] = round(beyond / (long.steps - short.steps) * 1000, 2)
    return costs


def changed(bench: Bench) -> Row:
    """Take every shorter way; say how far the latents of four guided steps are from what stock made of the same."""
    for block in bench.pipeline.transformer.transformer_blocks:
        block._compiled_call_impl = None
    torch._dynamo.reset()
    embeddings = [bench.words(text) for text in (WORDS, " ")]
    sampling = Sampling(4.0, 4, 0)
    given = {"prompt_embeds": embeddings[0], "negative_prompt_embeds": embeddings[1], "output_type": "latent"}
    expected = bench.stock(sampling, **given).float()
    made = bench.pipeline
    blocks.shorten(made.transformer)
    flat.flatten(made.vae)
    bench.tables = Tables(made.transformer, Adapters(made.transformer, {}))  # its layers stay where they were made
    encode = made._encode_vae_image

    def forget() -> None:
        bench.embed = Prefixes(made).embed
        made._encode_vae_image = remembering(encode)

    bench.forget = forget
    forget()
    found = bench.latents(sampling, embeddings).float()
    again = bench.latents(sampling, embeddings).float()
    return {
        "relative difference": float((found - expected).norm() / expected.norm()),
        "again the same": bool(torch.equal(found, again)),
        "finite": bool(found.isfinite().all()),
    }


def compiled(bench: Bench) -> Row:
    """Compile the blocks as the engine does, where there is a card."""
    if bench.device.type != "cuda":
        return {"left out": "no card"}
    bench.pipeline.transformer.compile_repeated_blocks(fullgraph=True, dynamic=True)
    return bench.cost(lambda: bench.latents(Sampling(4.0, 1, 0)))


def small(bench: Bench) -> Row:
    """Four steps with the modulation's layers in the machine's memory, as EDIT_FLOWS_QWEN_MEMORY=tables has them."""
    assert bench.tables is not None
    bench.tables.move_layers(bench.device, resident=False)
    if bench.device.type == "cuda":
        torch.cuda.empty_cache()
    return bench.cost(partial(bench.ours, SIDES["4 steps"]))


def draft(bench: Bench) -> Row:
    """Four steps of one process that drafts: with no change switched on, and with one in every layer of the blocks."""
    changes = {}
    for name, layer in bench.pipeline.transformer.named_modules():
        if isinstance(layer, torch.nn.Linear) and name.startswith("transformer_blocks"):
            rank = RANK * len(JOINED.get(name.rpartition(".")[2], [name]))
            down, up = (torch.full(shape, 1e-3) for shape in ((rank, layer.in_features), (layer.out_features, rank)))
            changes[name] = Change(down, up, 1.0)
    adapters = Adapters(bench.pipeline.transformer, {"on": changes})

    def edit(adapter: str) -> None:
        with adapters.use(adapter):
            bench.ours(SIDES["4 steps"])

    found: Row = {}
    for told, adapter in (("off", ""), ("on", "on")):
        edit(adapter)  # compiled by then
        found[told] = bench.cost(partial(edit, adapter))
    return found


def eight_bits(bench: Bench) -> Row:
    """Four guided steps with 8-bit products in more and more layers; how far the latents are from those without."""
    try:
        quantisation.ensure_runs(Quantise.FP8_DYNAMIC, bench.device)
    except (SettingsError, UnknownEngine) as why:
        return {"left out": str(why)}
    embeddings, sampling = [bench.words(text) for text in (WORDS, " ")], Sampling(4.0, 4, 0)
    found: Row = {"none": bench.cost(lambda: bench.latents(sampling, embeddings))}
    expected = bench.latents(sampling, embeddings).float()
    for layers in Layers:
        quantisation.after_fusing(Quantise.FP8_DYNAMIC, bench.pipeline.transformer, {layers})
        made = bench.latents(sampling, embeddings).float()  # compiled by then
        found[f"and {layers}"] = bench.cost(lambda: bench.latents(sampling, embeddings)) | {
            "relative difference": float((made - expected).norm() / expected.norm())
        }
    return found


def cold(bench: Bench, sampling: Sampling) -> Image.Image:
    """An edit of a picture that was not seen before."""
    bench.forget()
    return bench.ours(sampling)


def summary(found: dict[str, Row], flop: float) -> Row:
    """What the sides come to: how many times naive and stock, how near to the floor. None where a side was left out."""
    step = {side: found.get(side, {}).get("ms per guided step") for side in ("naive", "stock tuned", "ours cold")}
    floor = 2 * flop / (found["limits"]["TFLOP/s"] * 1e12) * 1000
    ours = step["ours cold"]
    return {
        "TFLOP of a forward pass": round(flop / 1e12, 6),
        "floor, ms per guided step": round(floor, 4),
        "ours / floor": ours and round(ours / floor, 3),
        "naive / ours": ours and step["naive"] and round(step["naive"] / ours, 3),
        "stock tuned / ours": ours and step["stock tuned"] and round(step["stock tuned"] / ours, 3),
        "goals": GOALS,
    }


def measure(scale: Scale, device: torch.device, seconds: float, out: Path | None) -> dict[str, Row]:
    """Every part in its order, by name, printed as it ends; written to `out` after each."""
    begun = time.perf_counter()
    card = torch.cuda.get_device_name() if device.type == "cuda" else platform.processor() or "cpu"
    versions = {module.__name__: module.__version__ for module in (torch, diffusers, transformers)}
    found: dict[str, Row] = {"made": {"on": card, "at": datetime.now(UTC).isoformat(timespec="seconds"), **versions}}
    found["limits"] = limits(device)
    bench = Bench(scale, device)
    flop = bench.flop()
    parts: dict[str, Callable[[], Row]] = {
        "naive": lambda: edits(bench, bench.stock),
        "kernel": lambda: {"attention": attention.use_fastest(bench.pipeline.transformer, device, scale.side**2)},
        "stock tuned": lambda: {"compiling": compiled(bench), **edits(bench, bench.stock)},
        "latents": lambda: changed(bench),
        "kernel again": lambda: {"attention": attention.use_fastest(bench.pipeline.transformer, device, scale.side**2)},
        "ours cold": lambda: {"compiling": compiled(bench), **edits(bench, partial(cold, bench))},
        "ours, the same picture": lambda: {name: bench.cost(partial(bench.ours, SIDES[name])) for name in SIDES},
        "small": lambda: small(bench),
        "draft": lambda: draft(bench),
        "8-bit products": lambda: eight_bits(bench),
    }
    for name, work in parts.items():
        late = time.perf_counter() - begun > seconds
        # later parts stand on what these two change
        found[name] = {"left out": "no time"} if late and name not in {"latents", "kernel again"} else work()
        found["summary"] = summary(found, flop) | {"seconds": round(time.perf_counter() - begun, 1)}
        print(name, json.dumps(found[name]), flush=True)
        if out:
            out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print("summary", json.dumps(found["summary"], indent=1))
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", choices=SCALES, default="full")
    parser.add_argument("--out", type=Path, help="file for all figures, JSON")
    parser.add_argument("--seconds", type=float, default=420, help="after which no further part is begun")
    asked = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if asked.scale == "full" and device.type == "cpu":
        parser.error("the full scale needs a CUDA device; --scale tiny goes through it all without")
    measure(SCALES[asked.scale], device, asked.seconds, asked.out)


if __name__ == "__main__":
    main()
