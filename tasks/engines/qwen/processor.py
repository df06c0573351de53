"""What turns words and pictures into the model's input, the same with and without torchvision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import Qwen2Tokenizer, Qwen2VLImageProcessorPil, Qwen2VLProcessor


class PictureProcessor(Qwen2VLProcessor):
    """Qwen2VLProcessor without its video half, which needs torchvision.

    Which parts a processor has, transformers reads from the signature of its constructor.
    """

    def __init__(
        self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None, **_: Any
    ) -> None:
        self.image_token, self.video_token = "<|image_pad|>", "<|video_pad|>"
        self.image_token_id = tokenizer.convert_tokens_to_ids(self.image_token)
        self.video_token_id = tokenizer.convert_tokens_to_ids(self.video_token)
        super(Qwen2VLProcessor, self).__init__(image_processor, tokenizer, chat_template=chat_template)


def load_processor(folder: Path) -> PictureProcessor:
    """The processor of a checkpoint. Pictures are resized by Pillow, so that every machine shows the model the same."""
    return PictureProcessor(
        Qwen2VLImageProcessorPil.from_pretrained(folder / "processor"),
        Qwen2Tokenizer.from_pretrained(folder / "processor"),
    )
