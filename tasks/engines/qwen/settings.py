"""What differs between the hosts that run this engine."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tasks.engines.qwen.catalogue import DEFAULT
from tasks.engines.qwen.fast import Fast, parse
from tasks.engines.qwen.memory import Memory
from tasks.engines.qwen.quantisation import Layers, Quantise


class QwenSettings(BaseSettings):
    """Read from the environment: EDIT_FLOWS_QWEN_MODEL, EDIT_FLOWS_QWEN_WEIGHTS and so on."""

    model_config = SettingsConfigDict(env_prefix="EDIT_FLOWS_QWEN_", env_ignore_empty=True, frozen=True)

    model: str = Field(default=DEFAULT, description="Name or repository of a model in the catalogue.")
    weights: str = Field(default="", description="Local folder or other repository of that model's weights.")
    lora: str = Field(default="", description="Local file or folder of the model's LoRA; empty: the catalogue's.")
    device: str = Field(default="", description="cuda, cuda:1, cpu; empty: cuda where there is one.")
    memory: Memory = Field(default=Memory.AUTO, description="Where the weights are while an edit runs.")
    quantise: Quantise = Field(default=Quantise.NONE, description="Smaller weights, another result.")
    quantise_layers: Annotated[frozenset[Layers], NoDecode, BeforeValidator(partial(parse, known=Layers))] = Field(
        default=frozenset({Layers.ATTENTION}),
        validate_default=False,
        min_length=1,
        description=f"What fp8-dynamic takes: {', '.join(Layers)}, with commas, or all.",
    )
    fast: Annotated[frozenset[Fast], NoDecode, BeforeValidator(parse)] = Field(
        default=frozenset(),
        description=f"Shorter ways to the same result but for rounding: {', '.join(Fast)}, with commas, or all.",
    )
    skip: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="Relative change of the first block's output up to which a step takes the other blocks' from the "
        "step before (first-block cache): another result; 0: never.",
    )
    compiled: bool = Field(default=False, description="Compile the blocks: slower to start, faster to run.")
    area: int = Field(
        default=1024 * 1024, ge=64 * 64, le=2048 * 2048, description="Pixels a picture is worked at; trained: 1024²."
    )
    vision: Literal["auto", "on", "off"] = Field(
        default="auto", description="Whether the text encoder also classifies, rewrites and judges; auto: if it can."
    )

    @field_validator("quantise_layers")
    @classmethod
    def _of_fp8_dynamic(cls, named: frozenset[Layers], info: ValidationInfo) -> frozenset[Layers]:
        if info.data.get("quantise") is not Quantise.FP8_DYNAMIC:
            raise ValueError("the other kinds choose their layers themselves; EDIT_FLOWS_QWEN_QUANTISE=fp8-dynamic?")
        return named
