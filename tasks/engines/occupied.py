"""What a visible label must not cover."""

from __future__ import annotations

from PIL import Image

from tasks.domain.models import Box
from tasks.engines.text_reader import read_text
from tasks.imaging.label import avoided


def occupied(image: Image.Image) -> tuple[Box, ...]:
    """Where the picture shows lettering and faces."""
    return avoided(image, read_text(image))
