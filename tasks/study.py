"""What of a look must not be cut: its lettering and its faces."""

from __future__ import annotations

from prefect import task

from tasks.domain.campaign import Kept, Look
from tasks.engines.text_reader import read_text
from tasks.imaging.branding.words import text_contrast
from tasks.imaging.framing.weight import find_faces
from tasks.storage import desk


@task(name="study", task_run_name="study {look.variation}")
def study(look: Look) -> Kept:
    """Lines of text and faces of a look, in its pixels; once for all sizes."""
    picture = desk.pick_up(look.image)
    lines = read_text(picture)
    return Kept(lines=lines, contrasts=tuple(text_contrast(picture, line) for line in lines), faces=find_faces(picture))
