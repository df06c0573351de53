"""The command content: a picture in the looks and sizes of a campaign."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from flows.embedded import embedded, silence_tracebacks
from tasks.domain.campaign import CampaignResult, Variation
from tasks.domain.ending import Ending
from tasks.domain.models import OutputFormat
from tasks.domain.results import Outcome


def content(
    picture: str,
    *,
    brand: str,
    platform: Annotated[list[str] | None, Parameter(negative="")] = None,
    variation: Annotated[list[str] | None, Parameter(negative="")] = None,
    engine: str | None = None,
    output: str | None = None,
    output_format: OutputFormat = OutputFormat.PNG,
    at_once: int = 2,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Make a picture in several looks and sizes, each held to a brand.

    Exit codes: 0 all accepted, 2 something rejected, 1 a variation failed.

    Args:
        picture: Local path or URL (s3://bucket/key) of the picture.
        brand: The brand file (YAML).
        platform: Name of a size; may be given again; default: the guide's five.
        variation: What to make of the picture; may be given again; default: the picture as it is.
        engine: Engine to use; default from EDIT_FLOWS_ENGINE.
        output: Folder or s3:// prefix for the results; default from EDIT_FLOWS_OUTPUT, else ./outputs.
        output_format: File format of the sizes.
        at_once: Variations worked on at the same time.
        json_: Print one JSON document instead of text.
    """
    asked = tuple(Variation(prompt=prompt) for prompt in variation or ())
    with embedded():
        from flows.content import create_content  # noqa: PLC0415  imports Prefect, which other commands do without

        silence_tracebacks()
        result = create_content(picture, brand, tuple(platform or ()), asked, output, engine, output_format, at_once)
    print(result.model_dump_json() if json_ else described(result))
    if any(failure.outcome is Ending.FAILED for failure in result.failed):
        return 1
    return 2 if result.failed or any(piece.outcome is Outcome.REJECTED for piece in result.pieces) else 0


def described(result: CampaignResult) -> str:
    """A campaign for a person to read."""
    lines = []
    for piece in result.pieces:
        wrong = "; ".join(f"{check.name}: {check.detail}" for check in piece.checks if not check.passed)
        size = f"{piece.platform.width}x{piece.platform.height}"
        lines.append(
            f"{piece.outcome:<9} {piece.variation:<10} {piece.platform.name:<18} {size:<10} {piece.framing.layout:<10} "
            f"{wrong or piece.output.uri}"
        )
        lines += [f"{'':<10}{note}" for note in piece.notes]
    lines += [f"{failure.outcome:<9} {failure.variation:<10} {failure.reason}" for failure in result.failed]
    return "\n".join([*lines, f"  sheet   {result.sheet_uri}", f"  record  {result.record_uri}"])
