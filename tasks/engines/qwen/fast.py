"""Shorter ways through the model to the same result but for rounding. Stock diffusers is the reference for each.

None is taken unless it is asked for: what they save has not been measured on a card by this project yet.
"""

from __future__ import annotations

from enum import StrEnum


class Fast(StrEnum):
    """One way each; any may be taken without the others."""

    BLOCKS = "blocks"
    """One product for queries, keys and values, real rotations made once a shape, of the last block what is read."""
    TABLES = "tables"
    """Modulation made once a schedule (`modulation.py`), also where its layers are on the card."""
    ATTENTION = "attention"
    """The attention kernel that is measured to be the fastest on this card."""


def parse(named: object) -> object:
    """The ways that `named` lists, with commas between; `all` is every one. What is no text is given back."""
    if not isinstance(named, str):
        return named
    words = {word.strip() for word in named.split(",")} - {""}
    return frozenset(Fast) if words == {"all"} else words
