"""The commands that look at two pictures of any origin: check and preserve; no Prefect, no engine, no GPU."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter
from PIL import Image
from pydantic import ConfigDict, ValidationError

from tasks.domain.errors import EditFlowError, OutputError, RequestError
from tasks.domain.models import Check, EditType, Frozen, OutputFormat
from tasks.domain.results import EditResult
from tasks.imaging import codec
from tasks.imaging.area import Mask
from tasks.storage import files, naming, records

Json = Annotated[bool, Parameter(name="--json", negative="")]
Kind = Literal["auto"] | EditType


class Question(Frozen):
    """One pair to check, as a line of a batch file holds it; `id` comes back in the answer, other fields do not."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: str
    result: str
    prompt: str | None = None
    edit_type: EditType | None = None
    mask: str | None = None
    id: str | int | None = None


def check(
    source: str | None = None,
    result: str | None = None,
    *,
    prompt: str | None = None,
    edit_type: Kind = "auto",
    mask: str | None = None,
    batch: Path | None = None,
    sheet: str | None = None,
    json_: Json = False,
) -> int:
    """Check an edited picture against its source: what was asked for is there, everything else is as it was.

    Args:
        source: Picture before the edit: a local path or s3://bucket/key.
        result: Picture after the edit, from any tool.
        prompt: The instruction; without one, what was recorded beside the result, else only what holds of any edit.
        edit_type: Kind of edit; auto infers it from the instruction.
        mask: Picture of the same size, white where pixels might change; empty: the mask recorded beside the result.
        batch: File of JSON lines {"source", "result", "prompt", "edit_type", "mask"}; one answer each, in order.
        sheet: Picture to write: before, after and where they differ, what failed marked.
        json_: Print one JSON document per pair instead of text.
    """
    kind = None if edit_type == "auto" else edit_type
    if batch is not None:
        if source or result:
            raise RequestError("give either SOURCE and RESULT or --batch FILE")
        return _check_batch(batch, as_json=json_)
    if source is None or result is None:
        raise RequestError("give SOURCE and RESULT, or --batch FILE")
    answer = _answer(Question(source=source, result=result, prompt=prompt, edit_type=kind, mask=mask), sheet)
    print(json.dumps(answer, ensure_ascii=False) if json_ else _told(answer))
    return 0 if answer["passed"] else 2


def preserve(source: str, edited: str, *, output: str, mask: str | None = None, json_: Json = False) -> int:
    """Put everything a local edit did not touch back as it was in the source, bit for bit, at the source's own size.

    A global edit (a style, another light) is passed through untouched, only scaled to the source's size; the reason
    is said. Beside OUTPUT goes OUTPUT-mask.png: white where pixels come from the edit.

    Args:
        source: Picture before the edit: a local path or s3://bucket/key.
        edited: Picture after the edit, of any size.
        output: File to write, .png or .webp (lossless); never overwritten with anything else.
        mask: Picture of the source's size, white where pixels may change; empty: found by comparing.
        json_: Print one JSON document instead of text.
    """
    from tasks.imaging.preservation import preserve as put_back  # noqa: PLC0415  the check does without it

    before, after = (codec.decode(files.read(uri), name=uri) for uri in (source, edited))
    stencil = _mask(mask, before.size) if mask is not None else None
    kept = put_back(before, after, stencil)
    answer: dict[str, Any] = kept.report.model_dump() | {"mask": None, "output": output}
    _write(output, kept.image)
    if kept.mask is not None:
        answer["mask"] = naming.mask_uri(output)
        _write(answer["mask"], Image.fromarray(np.where(kept.mask, 255, 0).astype(np.uint8)))
    if json_:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        done = "preserved" if kept.report.applied else "passed through"
        print(f"{done}: {kept.report.reason}")
        print(f"  moved     {kept.report.shift_px:.2f} pixels, zoomed {kept.report.zoom:.4f}")
        print(f"  changed   {kept.report.changed_fraction:.2%}, equal to the source {kept.report.exact_fraction:.2%}")
        print(f"  picture   {output}\n  mask      {answer['mask'] or 'none'}")
    return 0


def _check_batch(batch: Path, *, as_json: bool) -> int:
    """Exit code of a batch: 0 all passed, 2 some did not, 1 some could not be read; every line gets its answer."""
    code = 0
    for number, line in enumerate(_lines(batch), start=1):
        try:
            answer = _answer(Question.model_validate_json(line), None)
        except (EditFlowError, ValidationError) as error:
            message = f"{batch}, line {number}: {' '.join(str(error).split())}"
            answer = {"passed": False, "failures": [], "scores": {}, "error": type(error).__name__, "message": message}
        print(json.dumps(answer, ensure_ascii=False) if as_json else _told(answer), flush=True)
        code = 1 if "error" in answer else code or (0 if answer["passed"] else 2)
    return code


def _lines(batch: Path) -> Iterator[str]:
    try:
        with batch.open(encoding="utf-8-sig") as lines:
            yield from lines
    except (OSError, UnicodeDecodeError) as unreadable:
        raise RequestError(f"cannot read {str(batch)!r}: {unreadable}") from unreadable


def _answer(question: Question, sheet: str | None) -> dict[str, Any]:
    """What a check found, ready for JSON. Raises `RequestError` for pictures or masks that cannot be read or differ."""
    from tasks.engines.inspector import check_pair  # noqa: PLC0415  loads the readers of text

    begun = time.perf_counter()
    before, after = (codec.decode(files.read(uri), name=uri) for uri in (question.source, question.result))
    recorded = records.result_beside(question.result)
    prompt, kind, stencil = _asked(question, recorded, before.size)
    verdict = check_pair(before, after, prompt, kind, stencil)
    if sheet:
        from tasks.imaging.sheet import evidence_sheet  # noqa: PLC0415  only when asked for

        _write(sheet, evidence_sheet(before, after, verdict))
    answer = {} if question.id is None else {"id": question.id}
    return answer | {
        "passed": verdict.passed,
        "failures": list(verdict.failures),
        "scores": {check.name: round(check.score, 4) for check in verdict.checks},
        "checks": [_plain(check) for check in verdict.checks],
        "identical_outside_mask": _identical(before, after, question, stencil),
        "score": round(verdict.score, 4),
        "seconds": round(time.perf_counter() - begun, 3),
    }


def _asked(
    question: Question, recorded: EditResult | None, size: tuple[int, int]
) -> tuple[str, EditType | None, Mask | None]:
    """Instruction, kind and mask: as the question has them, else as they were recorded when the result was made."""
    stencil = _mask(question.mask, size) if question.mask else None
    if recorded is None or question.prompt is not None or question.edit_type is not None:
        return question.prompt or "", question.edit_type, stencil
    request = recorded.request
    if stencil is None and request.mask and files.exists(request.mask):
        stencil = _mask(request.mask, size)
    return request.prompt, recorded.classification.edit_type, stencil


def _identical(before: Image.Image, after: Image.Image, question: Question, stencil: Mask | None) -> float | None:
    """Share of pixels outside the mask that equal the source's in every bit; None without a mask or at another size."""
    beside = naming.mask_uri(question.result)
    if files.exists(beside):
        stencil = _mask(beside, before.size)
    if stencil is None or before.size != after.size or stencil.all():
        return None
    pixels, others = (np.asarray(picture.convert("RGBA")) for picture in (before, after))
    return float((pixels == others).all(axis=-1)[~stencil].mean())


def _mask(uri: str, size: tuple[int, int]) -> Mask:
    return np.asarray(codec.decode_mask(files.read(uri), name=uri, size=size)) > 0


def _plain(found: Check) -> dict[str, Any]:
    return found.model_dump(mode="json", exclude_none=True) | {
        "score": round(found.score, 4),
        "measures": {name: round(value, 4) for name, value in found.measures.items()},
    }


def _write(uri: str, picture: Image.Image) -> None:
    suffix = PurePosixPath(uri).suffix.lower().lstrip(".").replace("jpg", "jpeg")
    if suffix not in set(OutputFormat):
        raise OutputError(f"cannot write {uri!r}: end its name in .{', .'.join(OutputFormat)}")
    data = codec.encode(picture, OutputFormat(suffix))
    if not files.write_once(uri, data) and files.read(uri) != data:
        raise OutputError(f"{uri!r} is there already and holds something else: choose another name or remove it")


def _told(answer: dict[str, Any]) -> str:
    """An answer for a person to read."""
    if "error" in answer:
        return f"error: {answer['message']}"
    failures = ", ".join(answer["failures"]) or ("" if answer["passed"] else "no check applied")
    lines = [f"{'passed' if answer['passed'] else 'NOT passed: ' + failures}  ({answer['seconds']:.1f} s)"]
    for found in answer["checks"]:
        mark = "ok " if found["passed"] else "BAD"
        lines.append(
            f"  {mark} {found['name']:<12} {found['score']:6.3f} (needs {found['threshold']:.3f})  {found['detail']}"
        )
    if answer["identical_outside_mask"] is not None:
        lines.append(
            f"  outside the mask {answer['identical_outside_mask']:.4%} of the pixels equal the source's in every bit"
        )
    return "\n".join(lines)
