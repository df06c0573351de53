"""What a vision-language model's judgement is worth: a second opinion on what every other check let pass.

It is asked only when all of them have passed, and it never decides alone: a verdict with nothing but its score is not
passed. Published judges agree with people on two pairs out of three at best, so it may refuse, not wave through.
"""

from __future__ import annotations

from PIL import Image

from tasks.domain.acceptance import weigh
from tasks.domain.models import CheckName, Verdict
from tasks.engines.assistant.judging import judge
from tasks.engines.vision import VisionModel


def second_opinion(
    verdict: Verdict, vision: VisionModel | None, source: Image.Image, candidate: Image.Image, prompt: str
) -> Verdict:
    """`verdict`, with the model's judgement added when it has passed so far and there is a model.

    Raises `EngineError` when the model was asked and failed.
    """
    if vision is None or not verdict.passed:
        return verdict
    found = judge(vision, source, candidate, prompt)
    measured = {"instruction followed": found.followed, "rest consistent": found.consistent}
    return Verdict(checks=(*verdict.checks, weigh(CheckName.JUDGED, measured, "", {})))
