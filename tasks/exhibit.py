"""What a deployment's run shows in the Prefect UI: a page with a picture in it, and the same small on its card.

Pictures travel inside the text as data URIs: so they are seen wherever they lie - a local folder, a bucket nobody else
may read - and nothing has to be served.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image
from prefect import runtime
from prefect.artifacts import create_markdown_artifact

from tasks.imaging.preview import LITTLE, SMALL, data_uri


def exhibit(
    key: str, card: str, told: Callable[[str], str], draw: Callable[[], Image.Image | None] = lambda: None
) -> None:
    """An artifact of this run by that key; nothing outside a deployment's run, and then nothing is drawn.

    `told` is given the address of the picture that `draw` gives, empty for none; it and `card` are Markdown.
    """
    if runtime.deployment.id is None:
        return
    picture = draw()
    page, small = (data_uri(picture), data_uri(picture, SMALL, LITTLE)) if picture else ("", "")
    shown = f"![{key}]({small})\n\n" if small else ""
    create_markdown_artifact(told(page), key=key, description=f"{shown}{card}")
