"""A campaign's end: all its pictures on one sheet, and its record, written last."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from prefect import task

from tasks.domain.campaign import Brief, CampaignResult, Failed, Piece
from tasks.domain.markdown import bold, code, plain, table
from tasks.domain.models import OutputFormat
from tasks.domain.results import Outcome
from tasks.exhibit import exhibit
from tasks.imaging import codec
from tasks.imaging.campaign_sheet import Tile, campaign_sheet
from tasks.retrying import retry_transient
from tasks.storage import desk, files


@task(name="conclude", task_run_name="conclude", **retry_transient)
def conclude(brief: Brief, pieces: Sequence[Piece], failed: Sequence[Failed]) -> CampaignResult:
    """What became of the campaign. The same end leaves the same sheet and record, however often it is reached."""
    rows = [
        (
            variation.prompt or "the picture as it is",
            [_tile(piece) for piece in pieces if piece.variation == variation.name],
            next((failure.reason for failure in failed if failure.variation == variation.name), ""),
        )
        for variation in brief.variations
    ]
    sheet = campaign_sheet(brief.brand, desk.pick_up(brief.source), rows)
    data = codec.encode(sheet, OutputFormat.JPEG)
    stem = files.join(brief.output, f"{brief.stem}-campaign-{brief.identity[:12]}")
    sheet_uri = f"{stem}-{hashlib.sha256(data).hexdigest()[:8]}.jpg"
    files.write_once(sheet_uri, data)
    lasting = [piece.model_copy(update={"reused": False, "signature": None}) for piece in pieces]
    result = CampaignResult(
        identity=brief.identity,
        brand=brief.brand.name,
        picture=brief.original,
        pieces=tuple(lasting),
        failed=tuple(failed),
        sheet_uri=sheet_uri,
        record_uri="",
    )
    digest = hashlib.sha256(result.model_dump_json().encode()).hexdigest()[:8]
    result = result.model_copy(update={"record_uri": f"{stem}-{digest}.json"})
    files.write_once(result.record_uri, result.model_dump_json(indent=2).encode())
    counted = ", ".join(f"{count} {outcome}" for outcome, count in result.counts.items())
    exhibit("campaign", f"{bold(counted)} {plain(brief.brand.name)}", lambda page: told(result, page), lambda: sheet)
    return result.model_copy(update={"pieces": tuple(pieces)})


def told(result: CampaignResult, picture: str) -> str:
    """The campaign for a person, as Markdown; `picture` is the address of its sheet."""
    lines = [
        f"## {plain(result.brand)}: {', '.join(f'{count} {outcome}' for outcome, count in result.counts.items())}",
        f"![all sizes]({picture})",
        "",
        *table(["variation", "size", "ended", "layout", "why", "picture"], map(_row, result.pieces)),
        "",
        *(f"- {bold(f'{one.variation}: {one.outcome}')} {plain(one.reason)}" for one in result.failed),
        "",
        f"Record: {code(result.record_uri)}",
    ]
    return "\n".join(lines)


def _row(piece: Piece) -> list[str]:
    size = f"{piece.platform.title}, {piece.platform.width} x {piece.platform.height}"
    passed = piece.outcome is Outcome.ACCEPTED
    wrong = "; ".join(f"{check.name}: {check.detail}" for check in piece.checks if not check.passed)
    ended = piece.outcome if passed else bold(piece.outcome)
    return [plain(piece.variation), plain(size), ended, piece.framing.layout, plain(wrong), code(piece.output.uri)]


def _tile(piece: Piece) -> Tile:
    wrong = "; ".join(check.name for check in piece.checks if not check.passed)
    size = f"{piece.platform.width} x {piece.platform.height}"
    picture = codec.decode(files.read(piece.output.uri), name=piece.output.uri)
    return Tile(picture, piece.platform.title, f"{size}  {piece.framing.layout}", wrong)
