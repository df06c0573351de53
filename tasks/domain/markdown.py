"""Text for the Prefect UI, which draws Markdown with HTML in it: what others wrote stays words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MARKS = frozenset("|<>&[]*_`\\#!~")


def plain(text: str) -> str:
    """`text` on one line, meaning nothing to Markdown: no table, link, emphasis, picture or HTML begins in it."""
    return "".join(f"&#{ord(mark)};" if mark in MARKS else mark for mark in " ".join(text.split()))


def code(text: str) -> str:
    """`text` as code, such as an address to copy; empty for none."""
    return f"<code>{plain(text)}</code>" if text else ""


def bold(text: str) -> str:
    """`text` in bold face."""
    return f"**{plain(text)}**"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table; cells are Markdown already."""
    return [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}", *(f"| {' | '.join(row)} |" for row in rows)]
