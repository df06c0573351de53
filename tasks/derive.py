"""A look in one size: framed without distortion, the logo at its place."""

from __future__ import annotations

from prefect import task

from tasks.domain.campaign import Brief, Draft, Kept, Layout, Look
from tasks.domain.platforms import Platform
from tasks.imaging.branding import logo
from tasks.imaging.framing.canvas import fill
from tasks.imaging.framing.choice import framings, musts_of
from tasks.imaging.palette import to_rgb
from tasks.storage import desk


@task(name="possible", task_run_name="possible {look.variation} {platform.name}")
def possible(brief: Brief, look: Look, kept: Kept, platform: Platform) -> tuple[Layout, ...]:
    """The layouts that are possible for a look in one size, the one to try first being the first."""
    found = framings(desk.pick_up(look.image), kept, platform)
    return tuple(layout for layout in found if layout is not Layout.BAND or brief.logos)


@task(name="derive", task_run_name="derive {look.variation} {platform.name} {layout}")
def derive(brief: Brief, look: Look, kept: Kept, platform: Platform, layout: Layout) -> Draft:
    """The look in exactly the platform's size."""
    picture = desk.pick_up(look.image)
    framing = framings(picture, kept, platform)[layout]
    canvas = fill(picture, framing, platform.size, to_rgb(brief.brand.ground))
    placement = None
    if brief.brand.logo is not None:
        logos = [desk.pick_up(ref) for ref in brief.logos]
        taken = [framing.moved(box) for box in musts_of(picture.size, kept)]
        placement = logo.place(canvas, logos, brief.brand.logo, platform, framing, taken)
        canvas = logo.put(canvas, logos, placement)
    name = f"draft-{look.image.sha256[:12]}-{platform.name}-{layout}"
    return Draft(image=desk.lay(brief.desk, name, canvas), framing=framing, logo=placement)
