"""The seam for a vision-language judge: an engine that brings such a model along can score a candidate.

It is asked only when every other check has passed, and it never decides alone: a verdict with nothing but its score is
not passed. Published judges agree with people on two pairs out of three at best, so it may refuse, not wave through.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

from PIL import Image

from tasks.domain.acceptance import weigh
from tasks.domain.models import CheckName, Verdict


class Judgement(NamedTuple):
    """Scores 0 (not at all) to 9 (perfectly), and the judge's own words."""

    followed: float
    consistent: float
    reason: str = ""


@runtime_checkable
class Judge(Protocol):
    """An engine that can look at a result."""

    def judge(self, source: Image.Image, candidate: Image.Image, prompt: str) -> Judgement:
        """How well `candidate` follows `prompt`, and how consistent the rest is with `source` (same size, RGB)."""
        ...


def second_opinion(
    verdict: Verdict, engine: object, source: Image.Image, candidate: Image.Image, prompt: str
) -> Verdict:
    """`verdict`, with the engine's own judgement added when it has passed so far and the engine has one."""
    if not verdict.passed or not isinstance(engine, Judge):
        return verdict
    found = engine.judge(source.convert("RGB"), candidate.convert("RGB"), prompt)
    measured = {"instruction followed": found.followed, "rest consistent": found.consistent}
    return Verdict(checks=(*verdict.checks, weigh(CheckName.JUDGED, measured, found.reason, {})))
