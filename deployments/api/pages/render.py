"""A page as an answer: the template in the reader's language, and headers that let nothing foreign in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deployments.api.pages.words import language_of, words

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data:; style-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On everything below /review: no script runs, nothing is fetched from elsewhere, no other site may frame it."""


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def language(request: Request) -> str:
    """The language a page is to be in."""
    return language_of(request.headers.get("accept-language", ""))


def page(request: Request, template: str, who: str, status: int = 200, **content: object) -> HTMLResponse:
    """The template with this content, every text in it escaped."""
    spoken = language(request)
    text = _templates().get_template(template).render(w=words(spoken), language=spoken, who=who, **content)
    return HTMLResponse(text, status, HEADERS | {"Content-Language": spoken, "Vary": "Accept-Language"})


def style() -> Response:
    """The style sheet of all pages."""
    headers = HEADERS | {"Cache-Control": "max-age=300"}
    return Response((HERE / "page.css").read_bytes(), media_type="text/css", headers=headers)
