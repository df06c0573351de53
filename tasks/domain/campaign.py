"""The values of a campaign: a picture in variations, each in the sizes of its platforms, each held to the brand."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pydantic import Field, computed_field, field_validator

from tasks.domain.brand import Brand, Position
from tasks.domain.ending import Ending
from tasks.domain.identity import identity_of, seen
from tasks.domain.marking import EditClass
from tasks.domain.models import (
    MAX_PROMPT,
    MAX_SEED,
    Box,
    EditType,
    EngineIdentity,
    Frozen,
    ImageRef,
    Marking,
    OutputFormat,
    TextLine,
)
from tasks.domain.platforms import Platform
from tasks.domain.receipt import Applied, Signature
from tasks.domain.results import Outcome
from tasks.domain.template import name_fault

VERSION = 1
"""Of how sizes are derived and checked: a change makes pieces of an earlier version be made anew."""

ORIGINAL = "original"
"""Name of the variation that is the picture itself."""


class Variation(Frozen):
    """One look of the picture: an edit, made once for all sizes."""

    prompt: str = Field(default="", max_length=MAX_PROMPT, description="What to change; empty: the picture as it is.")
    name: str = Field(default="", max_length=40, description="For people and file names; empty: its number.")
    edit_type: EditType | None = Field(default=None, description="Kind of edit; empty: inferred.")
    seed: int | None = Field(default=None, ge=0, lt=MAX_SEED, description="Fixes the random numbers of its edit.")

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if name and (fault := name_fault(name)):
            raise ValueError(f"{name!r} cannot be part of a file name: it {fault}")
        return name


class Brief(Frozen):
    """A campaign that has been let in: pictures decoded, brand read, output writable."""

    identity: str
    stem: str = Field(description="What all its files begin with.")
    original: str = Field(description="The picture as it was given: path or URL.")
    source: ImageRef
    brand: Brand
    logos: tuple[ImageRef, ...] = Field(description="The logo and its light variant, as far as there are any.")
    platforms: tuple[Platform, ...]
    variations: tuple[Variation, ...] = Field(min_length=1)
    prompts: tuple[str, ...] = Field(description="What an engine is told for each variation.")
    engine: str
    output: str
    output_format: OutputFormat
    desk: str
    marking: Marking = Marking()


class Look(Frozen):
    """One variation as a picture: what all its sizes are derived from."""

    variation: str
    image: ImageRef
    edit: str = Field(default="", description="Metadata of the edit that made it; empty for the picture itself.")
    edit_class: EditClass = Field(default=EditClass.UNEDITED, description="What went into it.")
    engine: EngineIdentity | None = Field(default=None, description="Who made it; empty for the picture itself.")
    file: str = Field(default="", description="Its file on the desk, as it was read; empty in metadata.")


class Kept(Frozen):
    """What must not be cut: lettering, with its contrast, and faces."""

    lines: tuple[TextLine, ...] = ()
    contrasts: tuple[float, ...] = Field(default=(), description="WCAG contrast of each line; 0: not to be told.")
    faces: tuple[Box, ...] = ()


class Layout(StrEnum):
    """How a picture of one shape fills another, in the order of preference; none of them distorts."""

    CROP = "crop"
    """A window of the picture."""
    EXTEND = "extend"
    """The whole picture, its calm borders continued."""
    LETTERBOX = "letterbox"
    """The whole picture on the brand's ground."""
    BAND = "band"
    """The picture above a band in the brand's ground that holds the logo."""


class Framing(Frozen):
    """One way of filling a size."""

    layout: Layout
    window: tuple[float, float, float, float] = Field(description="Left, top, right, bottom in the look.")
    placed: Box = Field(description="Where that window lies in the result.")
    scale: float = Field(gt=0, description="Pixels of the result per pixel of the look; above 1: enlarged.")
    kept: float = Field(ge=0, le=1, description="Share of the look's visual weight inside the window.")
    reason: str = Field(description="Why this way, for a person.")

    def moved(self, box: Box) -> Box:
        """Where a rectangle of the look lies in the result."""
        left, top = self.window[:2]
        x, y = self.placed.left - left * self.scale, self.placed.top - top * self.scale
        return Box(*(round(v) for v in (box.left * self.scale + x, box.top * self.scale + y,
                                        box.right * self.scale + x, box.bottom * self.scale + y)))  # fmt: skip


class Placement(Frozen):
    """Where the logo stands, which variant, and why there."""

    position: Position
    variant: int = Field(description="0: the logo, 1: its light variant.")
    box: Box
    clear: Box = Field(description="The logo with the space around it that must stay free.")
    legible: float = Field(ge=0, le=1, description="Share of its pixels with a contrast of 3:1 to the ground.")
    reason: str


class BrandCheckName(StrEnum):
    """What a derived picture is held to."""

    SIZE = "size"
    RESOLUTION = "resolution"
    PALETTE = "palette"
    LOGO_PRESENT = "logo present"
    LOGO_FREE = "logo free"
    LOGO_SAFE = "logo in safe zone"
    LOGO_LEGIBLE = "logo legible"
    LOGO_CALM = "logo on calm ground"
    WORDS_KEPT = "words kept"
    WORDS_SHOWN = "words shown"
    WORDS_LEGIBLE = "words legible"
    WORDS_ALLOWED = "words allowed"


class BrandCheck(Frozen):
    """One measurement against one limit; passed when the score reaches it."""

    name: BrandCheckName
    score: float
    threshold: float
    passed: bool
    detail: str


class Draft(Frozen):
    """A derived picture that has not been judged."""

    image: ImageRef
    framing: Framing
    logo: Placement | None


class Trial(Frozen):
    """A derived picture and what was found."""

    draft: Draft
    checks: tuple[BrandCheck, ...]

    @property
    def passed(self) -> bool:
        """True when every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def failed(self) -> tuple[BrandCheck, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if not check.passed)


class Piece(Frozen):
    """One variation in one size, word for word the metadata file beside the picture."""

    version: int = VERSION
    identity: str = Field(description="The same look, brand and platform always give the same identity.")
    outcome: Outcome
    variation: str
    platform: Platform
    output: ImageRef
    metadata_uri: str
    look: Look
    framing: Framing
    logo: Placement | None
    checks: tuple[BrandCheck, ...]
    tried: tuple[str, ...] = Field(description="Layouts that were tried before, each with what was wrong.")
    notes: tuple[str, ...] = ()
    marks: Applied | None = Field(default=None, description="How the output's file says what it is.")
    signature: Signature | None = Field(default=None, description="As of every receipt.")
    reused: bool = False

    def again(self) -> Piece:
        """The same as an answer to a later request. What is not word for word the file is not signed."""
        return self.model_copy(update={"reused": True, "signature": None})


class Failed(Frozen):
    """A variation that came to nothing; the others do not suffer."""

    variation: str
    outcome: Ending
    reason: str


class CampaignResult(Frozen):
    """What became of a campaign, word for word its record."""

    version: int = VERSION
    identity: str
    brand: str
    picture: str
    pieces: tuple[Piece, ...]
    failed: tuple[Failed, ...]
    sheet_uri: str
    record_uri: str

    @computed_field  # type: ignore[prop-decorator]  # mypy does not support decorators above @property
    @property
    def counts(self) -> dict[str, int]:
        """How many pieces ended how; `failed` counts variations."""
        outcomes = [str(piece.outcome) for piece in self.pieces] + [str(failure.outcome) for failure in self.failed]
        return {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)}


def numbered(variations: Sequence[Variation]) -> tuple[Variation, ...]:
    """The variations, each with a name; without any, the picture itself. Raises `ValueError` for a name given twice."""
    if not variations:
        return (Variation(name=ORIGINAL),)
    named = tuple(
        variation.model_copy(update={"name": variation.name or (str(number) if variation.prompt else ORIGINAL)})
        for number, variation in enumerate(variations, start=1)
    )
    names = [variation.name for variation in named]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two variations are called {twice[0]!r}: give each its own name")
    return named


def piece_identity(brief: Brief, look: Look, platform: Platform) -> str:
    """The identity of one variation in one size: the pixels it is made of and all it is held to."""
    return identity_of(
        version=VERSION,
        look=look.image.sha256,
        brand=brief.brand.model_dump(mode="json"),
        logos=[logo.sha256 for logo in brief.logos],
        platform=platform.model_dump(mode="json", exclude={"title", "source", "date"}),
        format=brief.output_format,
        **seen(brief.marking),
    )
