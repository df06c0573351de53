"""Tiny checkpoints of the real Qwen-Image-Edit classes, random weights, built in a fraction of a second.

The folder is laid out like the published ones (model_index.json and six component folders), so that every pipeline
class loads it with `from_pretrained`. Widths are tiny; depths of the latent, compression, positions and schedule are
the real ones.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLQwenImage, FlowMatchEulerDiscreteScheduler, QwenImageTransformer2DModel
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer, Qwen2VLImageProcessorPil
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

SPECIAL = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>"),
    *("<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>"),
    *("<|image_pad|>", "<|video_pad|>"),
)
SYSTEM_PROMPT = (
    "Describe the key features of the input image (color, shape, size, texture, objects, background), then explain how "
    "the user's text instruction should alter or modify the image. Generate a new image that meets the user's "
    "requirements while maintaining consistency with the original input where appropriate."
)
"""Of the edit pipelines. Every word becomes one token: 64 with the lines around it, as the pipelines assume."""
CORPUS = [
    SYSTEM_PROMPT,
    "system\n",
    "user\n",
    "assistant\n",
    "Picture 1: Picture 2: Picture 3:",
    "make the cat red",
    " ",
]

WIDTH = 32


def build(folder: Path, *, plus: bool = False, zero_cond_t: bool = False, layers: int = 2, seed: int = 0) -> Path:
    """`folder` with a checkpoint in it: of QwenImageEdit, or with `plus` of QwenImageEditPlus (`zero_cond_t`: 2511)."""
    torch.manual_seed(seed)
    words = tokenizer()
    for name in ("tokenizer", "processor"):
        words.save_pretrained(folder / name)
    _save_image_processor(folder / "processor")
    text_encoder(words).save_pretrained(folder / "text_encoder")
    vae = AutoencoderKLQwenImage(base_dim=8, z_dim=16, dim_mult=[1, 2, 2, 2], num_res_blocks=1)
    vae.save_pretrained(folder / "vae")
    QwenImageTransformer2DModel(
        num_layers=layers,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=WIDTH,
        axes_dims_rope=(4, 6, 6),
        zero_cond_t=zero_cond_t,
    ).save_pretrained(folder / "transformer")
    FlowMatchEulerDiscreteScheduler(  # scheduler_config.json of Qwen/Qwen-Image-Edit
        base_image_seq_len=256,
        max_image_seq_len=8192,
        base_shift=0.5,
        max_shift=0.9,
        shift_terminal=0.02,
        use_dynamic_shifting=True,
        time_shift_type="exponential",
    ).save_pretrained(folder / "scheduler")
    index = {
        "_class_name": "QwenImageEditPlusPipeline" if plus else "QwenImageEditPipeline",
        "_diffusers_version": "0.42.1",
        "processor": ["transformers", "Qwen2VLProcessor"],
        "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
        "text_encoder": ["transformers", "Qwen2_5_VLForConditionalGeneration"],
        "tokenizer": ["transformers", "Qwen2Tokenizer"],
        "transformer": ["diffusers", "QwenImageTransformer2DModel"],
        "vae": ["diffusers", "AutoencoderKLQwenImage"],
    }
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def text_encoder(words: Qwen2Tokenizer) -> Qwen2_5_VLForConditionalGeneration:
    """A tiny Qwen2.5-VL whose weights depend on nothing but their names: any version of any library gives the same."""
    token = dict(zip(SPECIAL, words.convert_tokens_to_ids(list(SPECIAL)), strict=True))
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": -(-len(words) // 64) * 64,
            "hidden_size": WIDTH,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": 32768,
            "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e6},
            "bos_token_id": token["<|endoftext|>"],
            "eos_token_id": token["<|im_end|>"],
            "pad_token_id": token["<|endoftext|>"],
        },
        vision_config={
            "depth": 2,
            "hidden_size": WIDTH,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": WIDTH,
            "fullatt_block_indexes": [1],
            "window_size": 112,
        },
        image_token_id=token["<|image_pad|>"],
        video_token_id=token["<|video_pad|>"],
        vision_start_token_id=token["<|vision_start|>"],
        vision_end_token_id=token["<|vision_end|>"],
        tie_word_embeddings=False,
    )
    model = Qwen2_5_VLForConditionalGeneration(config).eval()
    random = np.random.RandomState(0)
    for _, weight in sorted(model.named_parameters()):
        if weight.ndim > 1:
            weight.data = torch.from_numpy(random.standard_normal(tuple(weight.shape)).astype(np.float32) * 0.2)
    return model


def tokenizer() -> Qwen2Tokenizer:
    """A byte-level BPE in which every word of the corpus is one token, with Qwen's special tokens."""
    pairs = Tokenizer(models.BPE())
    pairs.normalizer = normalizers.NFC()
    pairs.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    pairs.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=2000, min_frequency=1, show_progress=False, initial_alphabet=alphabet)
    pairs.train_from_iterator(CORPUS * 8, trainer)
    learned = json.loads(pairs.to_str())["model"]
    return Qwen2Tokenizer(
        vocab=learned["vocab"],
        merges=[tuple(merge) for merge in learned["merges"]],
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=[name for name in SPECIAL if name not in {"<|im_end|>", "<|endoftext|>"}],
        model_max_length=131072,
    )


def _save_image_processor(folder: Path) -> None:
    """As in the published folders: named so that any backend may load it."""
    Qwen2VLImageProcessorPil(
        patch_size=14,
        merge_size=2,
        temporal_patch_size=2,
        size={"shortest_edge": 56 * 56, "longest_edge": 28 * 28 * 16384},
    ).save_pretrained(folder)
    path = folder / "preprocessor_config.json"
    config = json.loads(path.read_text())
    config |= {"image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2VLProcessor"}
    path.write_text(json.dumps(config))
