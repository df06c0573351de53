"""A labelled edit: what was given, what was asked, what came out, and whether a careful person would accept it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks.domain.models import EditType


@dataclass(frozen=True)
class Pair:
    """One edit with its label; `case` names what is right or wrong about it, `asked` what kind of request it was."""

    source: Image.Image
    result: Image.Image
    prompt: str
    edit_type: EditType
    good: bool
    case: str
    asked: str
    mask: NDArray[np.bool_] | None = None
