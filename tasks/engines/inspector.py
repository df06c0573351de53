"""Two pictures and an instruction, checked without any flow: what `python -m flows check` runs."""

from __future__ import annotations

from PIL import Image

from tasks.domain.acceptance import weigh
from tasks.domain.classification import classify
from tasks.domain.contracts import draw_contract
from tasks.domain.models import CheckName, EditType, Verdict
from tasks.engines.text_reader import read_text
from tasks.imaging.area import Mask
from tasks.imaging.checks.inspection import inspect
from tasks.imaging.region import pointed_at


def check_pair(
    source: Image.Image, result: Image.Image, prompt: str, edit_type: EditType | None, mask: Mask | None
) -> Verdict:
    """The verdict on a result of any origin.

    The kind of edit is inferred from the words unless given, and so is the region unless there is a mask (H x W, true
    where pixels may change). A result of another size than its source is compared after scaling, and fails for that.
    """
    kind = edit_type or classify(prompt).edit_type
    contract = draw_contract(prompt, kind, masked=mask is not None)
    allowed = mask if mask is not None or kind is EditType.SEMANTIC else pointed_at(source.convert("RGB"), prompt)
    verdict = inspect(source, _sized(result, source.size), contract, allowed, read_text, exact=mask is not None)
    if result.size == source.size:
        return verdict
    detail = f"the result is {result.width} x {result.height}, the source {source.width} x {source.height}"
    wrong_size = weigh(CheckName.FRAMING, {"zoom": float("nan")}, detail, {})
    others = tuple(check for check in verdict.checks if check.name is not CheckName.FRAMING)
    return Verdict(checks=(wrong_size, *others))


def _sized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)
