"""The answers of transformers 4.56.2 to the questions of `ask.py`; runs in an environment with that, torch and numpy.

    python tests/reference/answer.py FOLDER       # writes FOLDER/embeddings.npz, which belongs beside this file

That version computes three-dimensional positions from the token ids alone, as the model was trained and published.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration


def answer(folder: Path) -> None:
    """Write the embeddings."""
    config = json.loads((folder / "config.json").read_text())
    text, vision = config["text_config"], config["vision_config"]
    rope = text["rope_parameters"]
    names = (
        *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"),
        *("num_key_value_heads", "rms_norm_eps", "max_position_embeddings"),
    )
    seen = ("depth", "hidden_size", "intermediate_size", "num_heads", "out_hidden_size", "fullatt_block_indexes")
    tokens = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    model = Qwen2_5_VLForConditionalGeneration(
        Qwen2_5_VLConfig(
            text_config={name: text[name] for name in names}
            | {
                "rope_theta": rope["rope_theta"],
                "rope_scaling": {"type": "mrope", "mrope_section": rope["mrope_section"]},
            },
            vision_config={name: vision[name] for name in (*seen, "window_size")},
            tie_word_embeddings=False,
            **{name: config[name] for name in tokens},
        )
    ).eval()
    asked = torch.load(folder / "questions.pt", weights_only=True)
    model.load_state_dict(asked["weights"], strict=True)
    answers = {}
    for name, question in asked["questions"].items():
        with torch.no_grad():
            output = model(**question, output_hidden_states=True)
        answers[name] = output.hidden_states[-1].numpy()
    np.savez_compressed(folder / "embeddings.npz", **answers)


if __name__ == "__main__":
    answer(Path(sys.argv[1]))
