"""The text encoder of the pipeline as what it is: a whole Qwen2.5-VL, at no further cost in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from transformers import StoppingCriteria, StoppingCriteriaList

from tasks.domain.errors import EngineError, ParameterError
from tasks.engines.qwen import prompts
from tasks.engines.qwen.faults import device_faults
from tasks.engines.qwen.geometry import brought_to, ensure_not_slender
from tasks.engines.vision import VisionModel

CHAT = (
    "<|im_start|>system\nYou are a helpful assistant, and exact.<|im_end|>\n"
    "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
)
"""ChatML, as Qwen2.5-VL was trained with."""
CANARY = {"red": (220, 20, 20), "blue": (20, 20, 220), "green": (20, 160, 20)}
"""What the model has to tell apart before it is trusted with anything."""
MOST_SHOWN = 1024 * 1024
"""Pixels of a picture in a question at most; a larger one is made smaller: attention grows with their square."""
SURE = 0.6
"""Probability of the right colour, with three to choose from, below which it is not trusted."""


class QwenVision:
    """The language model of a pipeline. One question at a time; the pipeline's lock is shared."""

    def __init__(self, pipeline: Any, lock: threading.RLock) -> None:
        self._pipeline, self._lock = pipeline, lock

    def probabilities(self, pictures: Sequence[Image.Image], question: str, labels: Sequence[str]) -> dict[str, float]:
        """How likely each label is the next token, among them; one forward pass.

        Raises `ParameterError` when the labels are not distinct single tokens of this model.
        """
        tokenizer = self._pipeline.processor.tokenizer
        ids = [tokenizer.encode(label, add_special_tokens=False) for label in labels]
        if any(len(tokens) != 1 for tokens in ids) or len({tokens[0] for tokens in ids}) < len(ids):
            raise ParameterError(f"{', '.join(labels)} are not distinct single tokens of the model; ask with letters")
        with self._lock, device_faults(self._pipeline, "a question"), torch.no_grad():
            logits = self._pipeline.text_encoder(
                **self._inputs(pictures, question), logits_to_keep=1, use_cache=False
            ).logits
        shares = torch.softmax(logits[0, -1].float()[[tokens[0] for tokens in ids]], dim=0)
        return dict(zip(labels, shares.tolist(), strict=True))

    def answer(self, pictures: Sequence[Image.Image], question: str, *, max_tokens: int, seconds: float) -> str:
        """The likeliest answer, token by token. Raises `EngineError` when it takes longer than `seconds`."""
        with self._lock, device_faults(self._pipeline, "a question"), torch.inference_mode():
            clock = _Clock(seconds)
            inputs = self._inputs(pictures, question)
            tokens = self._pipeline.text_encoder.generate(
                **inputs,
                max_new_tokens=max_tokens,
                do_sample=False,
                repetition_penalty=1.0,  # a checkpoint's own generation settings may have another
                stopping_criteria=StoppingCriteriaList([clock]),
                pad_token_id=self._pipeline.processor.tokenizer.pad_token_id,
            )
        if clock.stopped:
            raise EngineError(f"the language model was not done after {seconds:g} s; allow it more time or fewer words")
        said: str = self._pipeline.processor.tokenizer.decode(
            tokens[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )
        return said.strip()

    def _inputs(self, pictures: Sequence[Image.Image], question: str) -> Any:
        prompts.ensure_plain(question, self._pipeline.processor.tokenizer.all_special_tokens, what="question")
        ensure_not_slender(pictures)
        pictures = [_reduced(picture) for picture in pictures]
        shown = prompts.PICTURE
        if len(pictures) > 1:
            shown = "".join(f"Picture {number}: {prompts.PICTURE}" for number in range(1, len(pictures) + 1))
        text = CHAT.replace("{}", (shown if pictures else "") + question)
        inputs = prompts.tokenize(self._pipeline, text, pictures)
        return inputs.to(self._pipeline._execution_device)


def _reduced(picture: Image.Image) -> Image.Image:
    if picture.width * picture.height <= MOST_SHOWN:
        return picture
    return picture.resize(brought_to(picture.size, MOST_SHOWN), Image.Resampling.LANCZOS)


class _Clock(StoppingCriteria):
    """Stops an answer that takes too long."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self.stopped = False

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
        del scores
        self.stopped = time.monotonic() > self._end
        return torch.full((input_ids.shape[0],), self.stopped, device=input_ids.device, dtype=torch.bool)


def sees(model: VisionModel) -> bool:
    """Whether the model tells plain colours apart, whatever letter stands for them: the canary of a sound load."""
    names, letters = list(CANARY), "ABC"
    for turn in range(len(names)):
        order = names[turn:] + names[:turn]
        question = "Which colour is the picture? " + " ".join(
            f"{letter}: {name}." for letter, name in zip(letters, order, strict=True)
        )
        for name, colour in CANARY.items():
            found = model.probabilities([Image.new("RGB", (112, 112), colour)], f"{question} Letter only.", letters)
            if found[letters[order.index(name)]] < SURE:
                return False
    return True
