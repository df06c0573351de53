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
    VAE = "vae"
    """The VAE's convolutions in two dimensions, as one picture needs them (`flat.py`)."""
    PROMPTS = "prompts"
    """What the language model made of a picture kept for the next instructions about it (`prefixes.py`)."""
    LATENTS = "latents"
    """Latents of pictures kept for the next edits of them."""

    @property
    def exact(self) -> bool:
        """Whether the result is the same bit for bit wherever it runs."""
        return self in {Fast.TABLES, Fast.LATENTS}


def parse(named: object, *, known: type[StrEnum] = Fast) -> object:
    """What `named` lists of the `known`, with commas between; `all` is every one. What is no text is given back."""
    if not isinstance(named, str):
        return named
    words = {word.strip() for word in named.split(",")} - {""}
    return frozenset(known) if words == {"all"} else words
