"""What differs between servers of the same API: names of fields, what they take, what they tell.

Read in their sources and documentation in November 2026; none of them but ours was run for this table.

* edit-flows: `tasks/engines/server/`, tested together (tests/tasks/engines/test_conformance.py).
* vllm-omni: vllm-project/vllm-omni docs/serving/image_edit_api.md @00a3619 and vllm_omni/entrypoints/openai/
  api_server.py `edit_images` @005fd8e: `size` sets the output, `model` must be the served one ("Model mismatch"
  otherwise), streams only models that write text first. Its `mask_image` is for inpainting models and no declared form
  field; whether a Qwen-Image-Edit pipeline would heed it is not confirmed, so no mask is sent. The most pictures it
  takes depends on the model; three are what Qwen-Image-Edit-2509 and -2511 were trained on.
* sglang: sgl-project/sglang python/sglang/multimodal_gen/runtime/entrypoints/openai/image_api.py `edits` @0230ddc:
  takes `mask` and never looks at it, does not compare `model`, does not stream. Not confirmed: seeds beyond 32 bits.
* lightx2v: ModelTC/LightX2V lightx2v/server/api/openai_images.py `create_openai_image_edit` @0d6b494: steps and
  guidance are the server's own, `n` is 1, answers by URL unless asked for b64_json, ignores `model`, cancels when the
  client goes away; a mask only with a single picture, and which colour of it may change is not confirmed (what is sent
  means the same read by colour or by transparency). lightx2v/utils/utils.py `seed_all` @101084c feeds seeds to numpy,
  which takes 32 bits.
* openai: its API reference, images/edits (through learn.microsoft.com's REST reference and docs.rs/dynamo-protocols,
  November 2026): up to 16 pictures, mask by transparency for the first, no seed, steps or guidance, always base64 with
  GPT image models, which refuse `response_format`. The three sizes are those of gpt-image-1; later models take others
  as well. Not confirmed against the live service.

The autoencoder of Qwen-Image-Edit takes three channels, and servers hand pictures on as they come: transparency is only
sent to ours. All five take one picture as `image` and several as `image[]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from pydantic import Field

from tasks.domain.models import Frozen
from tasks.domain.traits import Traits


class Sizes(Enum):
    """How a server is told the size of its answer."""

    OWN = auto()
    """Not at all: it is the size of what is shown."""
    SHOWN = auto()
    """The size of what is shown, said explicitly."""
    LISTED = auto()
    """One of a few; what is shown is padded to the nearest aspect, and the padding cut off again."""


class Quirks(Frozen):
    """How one kind of server is spoken to."""

    plan_fields: Mapping[str, str] = Field(
        default_factory=dict, description="Field of a plan -> name of the form field that carries it."
    )
    fixed: Mapping[str, str] = Field(default_factory=dict, description="Form fields that are always sent.")
    largest_seed: int = 2**63 - 1
    sizes: Sizes = Sizes.SHOWN
    listed: tuple[tuple[int, int], ...] = Field(default=(), description="Width and height, with `Sizes.LISTED`.")
    alpha: bool = Field(
        default=False, description="True when it takes transparency; else it is kept here and put back afterwards."
    )
    masks: str = Field(default="", description="Why no mask is sent; empty: one is.")
    streams: bool = Field(default=False, description="True when it sends our progress events.")
    tells: bool = Field(default=False, description="True when GET /health says which engine it runs, and its traits.")
    passing: frozenset[int] = Field(
        default=frozenset({408, 429, 502, 503, 504}), description="Statuses after which the same request may succeed."
    )
    traits: Traits = Field(default=Traits(), description="What is known of its engine where it does not tell itself.")


_QWEN = Traits(works_at=1024 * 1024, multiple=32, references=2)
"""Qwen-Image-Edit-2509 and later behind a foreign server: near one megapixel, sides of whole latent patches."""

SERVERS: Mapping[str, Quirks] = {
    "edit-flows": Quirks(
        plan_fields={
            "steps": "steps",
            "cfg_scale": "cfg",
            "adapter": "adapter",
            "seed": "seed",
            "negative_prompt": "negative_prompt",
            "priority": "priority",
        },
        sizes=Sizes.OWN,
        alpha=True,
        streams=True,
        tells=True,
    ),
    "vllm-omni": Quirks(
        plan_fields={
            "steps": "num_inference_steps",
            "cfg_scale": "true_cfg_scale",
            "seed": "seed",
            "negative_prompt": "negative_prompt",
        },
        fixed={"response_format": "b64_json"},
        masks="vLLM-Omni takes none for this model",
        largest_seed=2**32 - 1,
        traits=_QWEN,
    ),
    "sglang": Quirks(
        plan_fields={
            "steps": "num_inference_steps",
            "cfg_scale": "true_cfg_scale",
            "seed": "seed",
            "negative_prompt": "negative_prompt",
        },
        fixed={"response_format": "b64_json"},
        masks="SGLang takes masks without looking at them",
        largest_seed=2**32 - 1,
        traits=_QWEN,
    ),
    "lightx2v": Quirks(
        plan_fields={"seed": "seed", "negative_prompt": "negative_prompt"},
        fixed={"response_format": "b64_json"},
        largest_seed=2**32 - 1,
        traits=_QWEN.model_copy(update={"tunable": False}),
    ),
    "openai": Quirks(
        sizes=Sizes.LISTED,
        listed=((1024, 1024), (1536, 1024), (1024, 1536)),
        passing=frozenset({408, 409, 429, 500, 502, 503, 504}),  # what its own client repeats
        traits=Traits(works_at=1536 * 1024, references=15, tunable=False),
    ),
}
"""By EDIT_FLOWS_ENDPOINT_SERVER."""
