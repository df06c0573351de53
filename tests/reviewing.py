"""Results in review, as edit-image leaves them: real pictures, made without an engine."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image, ImageDraw

from tasks.domain.models import (
    Attempt,
    Box,
    Candidate,
    Check,
    CheckName,
    Classification,
    Contract,
    EditPlan,
    EditRequest,
    EditType,
    EngineIdentity,
    FailureClass,
    ImageRef,
    Job,
    OutputFormat,
    Verdict,
)
from tasks.domain.results import EditResult, Outcome
from tasks.imaging import codec
from tasks.imaging.sheet import before_after, evidence_sheet
from tasks.storage import files, naming

ENGINE = EngineIdentity(name="classical", model="stand-in", revision="1", stand_in=True)
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
OUTCOMES = (Outcome.PENDING, Outcome.REJECTED)


def put_in_review(
    output: str,
    source: Path,
    outcome: Outcome = Outcome.PENDING,
    prompt: str = "Make the sky red",
    before: Image.Image | None = None,
    after: Image.Image | None = None,
) -> str:
    """Where the metadata of a result in the review folder of `output` lies, all its files beside it."""
    before = before or drawn("white")
    after = after or drawn("red")
    source.parent.mkdir(parents=True, exist_ok=True)
    before.save(source)
    request = EditRequest(image=str(source), prompt=prompt, approval=True, metadata={"campaign": "여름"})
    original = _ref(before, str(source), source.read_bytes())
    job = Job(
        request=request,
        identity=hashlib.sha256(f"{prompt}{source}".encode()).hexdigest(),
        original=original,
        source=original,
        mask=None,
        engine=ENGINE,
        output=output,
        desk="",
        started=NOW,
    )
    passed = outcome is Outcome.PENDING
    pictures = [after] if passed else [before.copy(), after]  # one that nobody shows beside the best
    attempts = tuple(_attempt(job, outcome, picture, passed=passed) for picture in pictures)
    if not passed:
        for attempt in attempts:
            files.write_once(naming.verdict_uri(attempt.candidate.image.uri), attempt.model_dump_json().encode())
    best = attempts[-1]
    sheet = before_after(before, after, "before", prompt) if passed else evidence_sheet(before, after, best.verdict)
    sheet_uri = naming.sheet_uri(best.candidate.image.uri)
    files.write_once(sheet_uri, codec.encode(sheet, OutputFormat.JPEG))
    result = EditResult(
        identity=job.identity,
        outcome=outcome,
        request=request,
        original=original,
        output=best.candidate.image,
        sheet_uri=sheet_uri,
        mask_uri=best.candidate.mask.uri if best.candidate.mask else "",
        metadata_uri=naming.metadata_uri(job, outcome),
        classification=Classification(edit_type=EditType.APPEARANCE, confidence=0.9, reason="colour"),
        engine=ENGINE,
        attempts=attempts,
        started=NOW,
        finished=NOW,
        software={},
    )
    files.write_once(result.metadata_uri, result.model_dump_json(indent=2).encode())
    return result.metadata_uri


def drawn(colour: str) -> Image.Image:
    """A small picture with a house under a sky of that colour."""
    picture = Image.new("RGB", (120, 90), colour)
    ImageDraw.Draw(picture).rectangle((40, 40, 80, 90), fill="sienna")
    return picture


def _attempt(job: Job, outcome: Outcome, picture: Image.Image, *, passed: bool) -> Attempt:
    data = codec.encode(picture, OutputFormat.PNG)
    uri = naming.picture_uri(job, outcome, hashlib.sha256(data).hexdigest())
    files.write_once(uri, data)
    stencil = codec.encode(Image.new("L", picture.size, 255), OutputFormat.PNG)
    files.write_once(naming.mask_uri(uri), stencil)
    checks = (
        Check(name=CheckName.CHANGED, score=2.0, threshold=1.0, passed=True, detail="the sky changed"),
        Check(
            name=CheckName.PRESERVED,
            score=2.0 if passed else 0.4,
            threshold=1.0,
            passed=passed,
            failure=None if passed else FailureClass.STRUCTURE_LOST,
            detail="" if passed else "largest patch 21 (limit 8)",
            region=None if passed else Box(picture.width // 3, picture.height // 2, picture.width, picture.height),
        ),
    )
    plan = EditPlan(
        contract=Contract(edit_type=EditType.APPEARANCE, checks=(CheckName.CHANGED, CheckName.PRESERVED)),
        prompt=job.request.prompt,
        negative_prompt=" ",
        cfg_scale=4,
        steps=50,
        seed=1,
    )
    candidate = Candidate(
        image=_ref(picture, uri, data),
        engine=ENGINE,
        engine_seconds=0.1,
        mask=_ref(picture, naming.mask_uri(uri), stencil),
    )
    return Attempt(plan=plan, candidate=candidate, verdict=Verdict(checks=checks))


def _ref(picture: Image.Image, uri: str, data: bytes) -> ImageRef:
    return ImageRef(
        uri=uri,
        sha256=codec.pixel_sha256(picture),
        file_sha256=hashlib.sha256(data).hexdigest(),
        width=picture.width,
        height=picture.height,
    )
