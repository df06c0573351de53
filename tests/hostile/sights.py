"""Pictures, masks and instructions."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from tasks.domain.classification import classify
from tasks.domain.errors import ImageError, MaskError
from tasks.domain.instruction import parse, places, target_colours, unread
from tasks.imaging import codec
from tests.hostile.pictures import MODES, SIZE, foreign, mutated
from tests.hostile.surface import Case, Surface, drawn
from tests.hostile.words import text

PHRASES = (
    "Change the text '",
    "' to '",
    "을 ",
    "로 바꿔줘",
    "把“",
    "”改成“",
    "remove ",
    " and ",
    "in the red box",
    ", ",
    "\n",
)


def decode(case: Case, folder: Path) -> None:
    """A picture: what comes out has the promised modes and no metadata."""
    picture = codec.decode(case, name="hostile.png")
    assert picture.mode in {"RGB", "RGBA"}
    assert not picture.info
    assert not picture.getexif()


def refuse(case: Case, folder: Path) -> None:
    """What is no picture, whatever it is called."""
    codec.decode(case, name="drawing.png")
    raise AssertionError("it was taken for a picture")


def mask(case: Case, folder: Path) -> None:
    """A mask for a picture of the size of the seeds."""
    stencil = codec.decode_mask(case, name="mask.png", size=SIZE)
    assert stencil.size == SIZE
    assert set(stencil.getdata()) <= {0, 255}


def instruct(case: Case, folder: Path) -> None:
    """An instruction, read in every way it is read."""
    prompt = case.decode("utf-8", "surrogatepass")
    for read in (classify, parse, unread, places, target_colours):
        read(prompt)


_PROMPTS = st.lists(st.sampled_from(PHRASES) | text, max_size=200).map("".join).map(lambda prompt: prompt[:2000])

SURFACES = {
    **{f"picture {kind}": Surface(mutated(kind), decode, (ImageError,)) for kind in MODES},
    "no picture": Surface(foreign, refuse, (ImageError,)),
    "mask": Surface(mutated("PNG"), mask, (MaskError,)),
    "instruction": Surface(drawn(_PROMPTS.map(lambda prompt: prompt.encode("utf-8", "surrogatepass"))), instruct, ()),
}
