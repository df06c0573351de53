"""What a derived picture is held to, and whether it is what the brand asks for."""

from __future__ import annotations

from prefect import get_run_logger, task

from tasks.domain.campaign import Brief, Draft, Kept, Trial
from tasks.domain.platforms import Platform
from tasks.engines.text_reader import read_text
from tasks.imaging.branding.checks import check_brand
from tasks.storage import desk


@task(name="adhere", task_run_name="adhere {platform.name} {draft.framing.layout}")
def adhere(brief: Brief, kept: Kept, platform: Platform, draft: Draft) -> Trial:
    """The derived picture with every check that applies to it."""
    logos = [desk.pick_up(ref) for ref in brief.logos]
    picture = desk.pick_up(draft.image)
    checks = check_brand(picture, kept, draft.framing, draft.logo, logos, brief.brand, platform, read_text)
    trial = Trial(draft=draft, checks=checks)
    for check in trial.failed:
        get_run_logger().info("%s: %s (%s)", platform.name, check.name, check.detail)
    return trial
