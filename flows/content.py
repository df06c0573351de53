"""create-content: a picture in several looks, each in the sizes of its platforms, each held to the brand.

picture, brand file ─► A brief ─► for each variation:
                                  B dispatch_edit ─► C look ─► D study ─► for each platform:
                                  (edited once)      (reused: E earlier)
                                      F possible ─► G derive ─► H adhere ─► passed? ─yes─► I deliver ─┐
                                                       ▲                      │no                     │
                                                       └── another layout ◄───┘ (none left: review)   │
                                  K conclude: sheet and record, written last ◄────────────────────────┘
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import Annotated, NamedTuple

from prefect import flow, get_run_logger
from pydantic import Field

from flows.dispatch import dispatch_edit
from flows.progress import progress
from flows.together import together
from tasks.adhere import adhere
from tasks.brief import brief
from tasks.conclude import conclude
from tasks.deliver import deliver, earlier
from tasks.derive import derive, possible
from tasks.domain.campaign import Brief, CampaignResult, Failed, Kept, Layout, Look, Piece, Trial, Variation
from tasks.domain.ending import Ending
from tasks.domain.errors import EditFlowError
from tasks.domain.layouts import next_layout
from tasks.domain.models import EditRequest, OutputFormat
from tasks.domain.platforms import Platform, PlatformName
from tasks.domain.results import EditResult, Outcome
from tasks.domain.review import standing
from tasks.look import look
from tasks.storage import files
from tasks.storage.desk import open_desk
from tasks.study import study

LOOKS = "looks"
"""Folder below the output in which the edits lie that all sizes are derived from."""


class Done(NamedTuple):
    """What became of one variation."""

    variation: str
    pieces: tuple[Piece, ...] = ()
    failed: Failed | None = None


@flow(name="create-content", validate_parameters=True)
def create_content(
    picture: str,
    brand: str,
    platforms: tuple[PlatformName, ...] = (),
    variations: tuple[Variation, ...] = (),
    output: str | None = None,
    engine: str | None = None,
    output_format: OutputFormat = OutputFormat.PNG,
    at_once: Annotated[int, Field(ge=1, le=16)] = 2,
) -> CampaignResult:
    """A campaign. Each variation is edited once; a failing one is reported and does not sink the rest.

    Args:
        picture: Local path or s3:// URL of the picture.
        brand: The same of the brand file (YAML); its logo lies beside it.
        platforms: Names of platforms; empty: the guide's five.
        variations: What to make of the picture; empty: the picture itself, in all sizes.
        output: Folder or s3:// prefix for the results; empty: the usual place (setting EDIT_FLOWS_OUTPUT).
        engine: Name of the engine; empty: the usual one (setting EDIT_FLOWS_ENGINE).
        output_format: File format of the sizes.
        at_once: Variations worked on at the same time.

    """
    with open_desk() as folder:
        campaign = brief(picture, brand, platforms, variations, output, engine, output_format, folder)  # A
        done: dict[str, Done] = {}
        work, total = partial(_vary, campaign), len(campaign.variations)
        with (
            progress(total, "create-content") as advance,
            closing(together(campaign.variations, work, at_once)) as ended,
        ):
            for one in ended:
                done[one.variation] = one
                advance(one.variation)
        ordered = [done[variation.name] for variation in campaign.variations]
        pieces = [piece for one in ordered for piece in one.pieces]
        return conclude(campaign, pieces, [one.failed for one in ordered if one.failed])  # K


def _vary(campaign: Brief, variation: Variation) -> Done:
    """All sizes of one variation. This is the outermost edge: what goes wrong with one must not sink the rest."""
    try:
        edited = _edit(campaign, variation)  # B
        if edited is not None and edited.outcome is not Outcome.ACCEPTED:
            reason = f"the edit is {edited.outcome} ({standing(edited)}): see {edited.metadata_uri}"
            return _failed(variation, Ending(edited.outcome), reason)
        seen = look(campaign, variation, edited)  # C
        found = {platform.name: earlier(campaign, seen, platform) for platform in campaign.platforms}  # E
        kept = study(seen) if None in found.values() else Kept()  # D
        pieces = tuple(found[place.name] or _size(campaign, seen, kept, place) for place in campaign.platforms)
        return Done(variation.name, pieces)
    except EditFlowError as fault:
        return _failed(variation, Ending.FAILED, str(fault))
    except Exception as fault:  # noqa: BLE001  the edge
        get_run_logger().warning("variation %r failed", variation.name, exc_info=True)
        return _failed(variation, Ending.FAILED, f"{type(fault).__name__}: {fault}")


def _edit(campaign: Brief, variation: Variation) -> EditResult | None:
    """The variation's edit, made once for all sizes; None for the picture itself."""
    if not variation.prompt:
        return None
    number = campaign.variations.index(variation)
    request = EditRequest(
        image=campaign.original,
        prompt=campaign.prompts[number],
        edit_type=variation.edit_type,
        seed=variation.seed,
        draft=True,
        metadata={"brand": campaign.brand.name, "variation": variation.name},
    )
    return dispatch_edit(request, files.join(campaign.output, LOOKS), campaign.engine)


def _size(campaign: Brief, seen: Look, kept: Kept, platform: Platform) -> Piece:
    """One size: layouts are tried until one is what the brand asks for, or none is left."""
    layouts = possible(campaign, seen, kept, platform)  # F
    trials: list[Trial] = []
    layout: Layout | None = layouts[0]
    while layout:
        draft = derive(campaign, seen, kept, platform, layout)  # G
        trials.append(adhere(campaign, kept, platform, draft))  # H
        layout = None if trials[-1].passed else next_layout(trials, layouts)
    return deliver(campaign, seen, platform, trials)  # I


def _failed(variation: Variation, outcome: Ending, reason: str) -> Done:
    return Done(
        variation.name, failed=Failed(variation=variation.name, outcome=outcome, reason=" ".join(reason.split()))
    )
